"""The library of WebAuthn, which is loaded with the first passkey: it is a tenth of a worker's start, and a start may be after a crash."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def webauthn() -> Any:
    """The package `webauthn`, its `helpers` with it."""
    import webauthn as library  # noqa: PLC0415 - loaded when it is needed

    return library


@cache
def refusals() -> tuple[type[Exception], ...]:
    """All that the library raises at what a browser may send."""
    failure: type[Exception] = webauthn().helpers.exceptions.WebAuthnException
    return (failure, ValueError, TypeError, KeyError, IndexError, AttributeError)
