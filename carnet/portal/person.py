"""Who is signed in, as pages see it. Signing in and sessions are given at build time: there is no other way to be somebody here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.routing import BaseRoute

from carnet.metadata import PatientIdentifier
from carnet.record.step_up import Assurance


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in person: their own INS, a secret of their session that signs forms and is never sent as it is, and how they signed in."""

    identifier: PatientIdentifier
    form_key: bytes
    assurance: Assurance


class Sessions(Protocol):
    """What says who is signed in, and serves the pages by which one signs in and out."""

    def person(self, request: Request) -> Person | None:
        """Whose living session this request carries, None for nobody's. Called once a request."""
        ...

    def routes(self) -> Sequence[BaseRoute]:
        """The pages of signing in, `/connexion` among them; none of them needs a person."""
        ...


class NoSessions:
    """Nobody can sign in: what a space has before a way to sign in is built into it."""

    def person(self, request: Request) -> Person | None:
        """Nobody."""
        del request
        return None

    def routes(self) -> Sequence[BaseRoute]:
        """None: the shell says at `/connexion` that nobody can sign in yet."""
        return ()
