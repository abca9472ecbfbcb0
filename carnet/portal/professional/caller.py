"""Which professional is signed in, as pages see it. Signing in and sessions are given at build time: there is no other way to be somebody here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from starlette.requests import Request
from starlette.routing import BaseRoute

from carnet.requester import Requester


@dataclass(frozen=True, slots=True)
class Caller:
    """A professional who is signed in, in one practice situation.

    `requester` is what every act of theirs is decided on: of the portal, of no patient, in the normal mode. `form_key` is a secret of the
    session that signs forms and is never sent as it is. `shown_at` is when they last showed who they are (microseconds UTC).
    """

    session_id: str
    requester: Requester
    form_key: bytes = field(repr=False)
    shown_at: int
    structure_name: str = ""
    """Where they practise in this session, in words, '' when the directory has no name for it."""
    chooses: bool = False
    """Whether they have another practice situation to change to."""


class Callers(Protocol):
    """What says which professional is signed in, and serves the pages by which one signs in and out."""

    def caller(self, request: Request) -> Caller | None:
        """Whose living session this request carries, in a chosen situation; None for nobody's. Called once a request."""
        ...

    def routes(self) -> Sequence[BaseRoute]:
        """The pages of signing in, `/pro/connexion` among them; none of them needs a caller."""
        ...


class NoCallers:
    """Nobody can sign in: what a portal has where no way to sign in is set."""

    def caller(self, request: Request) -> Caller | None:
        """Nobody."""
        del request
        return None

    def routes(self) -> Sequence[BaseRoute]:
        """None: the shell says at `/pro/connexion` that nobody can sign in."""
        return ()
