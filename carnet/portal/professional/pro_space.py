"""The shell of the professional's pages: who is signed in there, and whose record is open in an emergency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from starlette.requests import Request

from carnet.clock import MINUTE
from carnet.errors import OverBudget, TooManyTries, Unauthenticated, UnknownDocument
from carnet.portal.mishaps import Mishap, mishap_of
from carnet.portal.professional.caller import Caller, Callers
from carnet.portal.shell import Shell, SignInNeeded
from carnet.record.step_up import StepUpNeeded

SIGN_OUT = "/pro/deconnexion"
KEYS_COOKIE = "raccourcis"
OFTEN = Mishap("often", 429)
NOT_IN_DIRECTORY = Mishap("not-in-directory", 403)
"""The directory no longer knows the person, their role or their structure as the session says them."""
NOT_OPEN_HERE = Mishap("not-open-here", 404)


class NotOpenHere(UnknownDocument):
    """No living opening of this session is behind the handle of the address, whatever the reason."""


@dataclass(slots=True)
class ProSpace(Shell):
    """Everything that the professional's pages share in one worker."""

    callers: Callers

    HOME: ClassVar[str] = "/pro"
    SIGN_IN: ClassVar[str] = "/pro/connexion"
    FORM_COOKIE: ClassVar[str] = "formulaire-pro"
    MISHAP: ClassVar[str] = "pro_mishap.html"
    FRAME: ClassVar[str] = "pro_base.html"

    @property
    def sign_out(self) -> str:
        """Where one signs out, '' where the sessions have no such page."""
        paths = {getattr(one, "path", "") for one in self.callers.routes()}
        return SIGN_OUT if SIGN_OUT in paths else ""

    def somebody(self, request: Request) -> Caller | None:
        """See Shell."""
        return self.caller_or_nobody(request)

    def told(self, error: Exception) -> Mishap:
        """See Shell: whom the directory does not confirm is told so, and who asks too often to come back."""
        if isinstance(error, TooManyTries | OverBudget):
            return OFTEN
        if isinstance(error, NotOpenHere):
            return NOT_OPEN_HERE
        return NOT_IN_DIRECTORY if isinstance(error, Unauthenticated) else mishap_of(error)

    def values(self, request: Request | None) -> Mapping[str, Any]:
        """See Shell: `caller`, who is signed in, and `keys`, whether single keys do something (WCAG 2.1.4: they can be turned off)."""
        if request is None:
            return {"caller": None, "keys": False}
        keys = request.cookies.get(self.cookie(KEYS_COOKIE), "") != "non"
        return {"caller": self.caller_or_nobody(request), "keys": keys}

    def current_caller(self, request: Request) -> Caller:
        """Who is signed in. Raises SignInNeeded, which `endpoint` answers with the way to `/pro/connexion` and back."""
        caller = self.caller_or_nobody(request)
        if caller is None:
            raise SignInNeeded
        return caller

    def caller_or_nobody(self, request: Request) -> Caller | None:
        """Who is signed in, asked once a request."""
        if not hasattr(request.state, "person"):
            request.state.person = self.callers.caller(request)
        found: Caller | None = request.state.person
        return found

    def require_shown(self, caller: Caller) -> None:
        """Raises StepUpNeeded unless the professional showed who they are less than `pro_step_up_minutes` ago; the page then leads to it and back."""
        platform = self.gate.platform
        if platform.clock() - caller.shown_at >= platform.settings.pro_step_up_minutes * MINUTE:
            raise StepUpNeeded("This is asked of somebody who has just shown who they are.", rules=("step-up",))

    def in_emergency(self, request: Request, handle: str) -> None:
        """Says that the record behind `handle` is open in an emergency mode: its pages wait behind no ordinary one from now on."""
        request.state.emergency = handle
