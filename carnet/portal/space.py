"""The shell of the patient's space: who is signed in there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from starlette.requests import Request

from carnet.portal.person import Person, Sessions
from carnet.portal.shell import Endpoint, Shell, SignInNeeded, file_of, page_path, safe_path

__all__ = ["Endpoint", "SignInNeeded", "Space", "file_of", "page_path", "safe_path"]

SIGN_OUT = "/deconnexion"


@dataclass(slots=True)
class Space(Shell):
    """Everything that pages of the patient's space share in one worker."""

    sessions: Sessions
    look: Callable[[Request], None] = lambda _request: None
    """What `look_around` calls: see `visit.look_around`."""

    HOME: ClassVar[str] = "/"
    SIGN_IN: ClassVar[str] = "/connexion"
    FORM_COOKIE: ClassVar[str] = "formulaire"
    MISHAP: ClassVar[str] = "mishap.html"
    FRAME: ClassVar[str] = "base.html"

    @property
    def sign_out(self) -> str:
        """Where one signs out, '' where the sessions have no such page."""
        paths = {getattr(one, "path", "") for one in self.sessions.routes()}
        return SIGN_OUT if SIGN_OUT in paths else ""

    def somebody(self, request: Request) -> Person | None:
        """See Shell."""
        return self.person_or_nobody(request)

    def look_around(self, request: Request) -> None:
        """See Shell."""
        self.look(request)

    def values(self, request: Request | None) -> Mapping[str, Any]:
        """Whose record is open, where that was found out: see `visit.open_visit`."""
        around: Mapping[str, Any] = getattr(request.state, "around", {}) if request is not None else {}
        return around

    def current_person(self, request: Request) -> Person:
        """Who is signed in. Raises SignInNeeded, which `endpoint` answers with the way to `/connexion` and back."""
        person = self.person_or_nobody(request)
        if person is None:
            raise SignInNeeded
        return person

    def person_or_nobody(self, request: Request) -> Person | None:
        """Who is signed in, asked once a request."""
        if not hasattr(request.state, "person"):
            request.state.person = self.sessions.person(request)
        found: Person | None = request.state.person
        return found
