"""A provider's logout token, verified already: it counts once, and names a session or all of a subject."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from carnet.clock import MINUTE
from carnet.database.connection import Connection
from carnet.errors import AssertionInvalid, SignInFailed
from carnet.identity.replay import remember
from carnet.requester import AssertionUse

REMEMBERED = 10 * MINUTE
"""Microseconds: longer than a logout token is young enough."""


def use_logout_token(
    connection: Connection, kind: str, issuer: str, claims: Mapping[str, Any], *, now: int
) -> tuple[str, str]:
    """The `sid` and the `sub` that it names, '' for none. `kind` parts what is remembered for one door from another's.

    Raises SignInFailed for a token that came before.
    """
    name = hashlib.sha256(f"{kind}|{issuer}\x00{claims['jti']}".encode()).digest()
    try:
        remember(connection, AssertionUse(name, now + REMEMBERED), "")
    except AssertionInvalid as error:
        raise SignInFailed("this logout token came before") from error
    return str(claims.get("sid", "")), str(claims.get("sub", ""))
