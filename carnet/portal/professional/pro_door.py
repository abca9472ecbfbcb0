"""Which professional a browser is: the cookies of the sign-in, the session behind them, and what the pages of signing in share."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from carnet.errors import Unavailable
from carnet.identity.browser_secrets import form_key, is_token, new_token
from carnet.identity.oidc_client import IdentityProvider
from carnet.portal.professional.caller import Caller
from carnet.portal.professional.pro_mounting import is_professional
from carnet.portal.professional.pro_space import ProSpace
from carnet.portal.professional.pro_visit import ROOT
from carnet.portal.shell import SignInNeeded, safe_path
from carnet.record.gate import Gate
from carnet.record.practising import requester_in
from carnet.record.pro_desk import ProSignedIn
from carnet.record.pro_presence import ProPresent, ProSessions, pro_present
from carnet.record.sign_in_desk import Visitor

SESSION, VISIT, METHOD, AFTER = "seance-pro", "visite-pro", "methode-pro", "suite-pro"
"""Cookies: the session; a sign-in that was begun; how it was signed in last; where to go then."""
VISIT_SECONDS = 600
YEAR = 365 * 24 * 3600
SITUATION = "/pro/situation"


@dataclass(slots=True)
class ProDoor:
    """What says which professional is signed in. `address_of` and `certificate_of` tell of a request's scope, a declared proxy's word included."""

    gate: Gate
    provider: IdentityProvider | None
    address_of: Callable[[Any], str]
    certificate_of: Callable[[Any], bytes | None]
    pages: Sequence[Callable[[ProDoor], Sequence[BaseRoute]]] = ()
    _routes: list[BaseRoute] | None = field(default=None, init=False)

    def caller(self, request: Request) -> Caller | None:
        """See Callers: somebody in a session, once they have chosen a practice situation."""
        who = self.present(request)
        situation = who.situation if who is not None else None
        if who is None or situation is None:
            return None
        requester = requester_in(
            situation,
            who.session.professional,
            who.details.name,
            certificate=who.session.certificate,
            address=self.address_of(request.scope),
        )
        return Caller(
            who.session.session_id,
            requester,
            hmac.digest(form_key(self.cookie(request, SESSION)), situation.key.encode(), hashlib.sha256),
            who.session.shown_at,
            situation.structure_name,
            chooses=len(who.details.situations) > 1,
        )

    def routes(self) -> Sequence[BaseRoute]:
        """See Callers. The same ones each time."""
        if self._routes is None:
            self._routes = [route for make in self.pages for route in make(self)]
        return self._routes

    def present(self, request: Request) -> ProPresent | None:
        """Whose living session a request carries, in a situation or before; asked once a request."""
        if not hasattr(request.state, "pro_present"):
            token = self.cookie(request, SESSION)
            certificate = self.certificate_of(request.scope) if is_token(token) else None
            request.state.pro_present = pro_present(self.gate, token, certificate)
        found: ProPresent | None = request.state.pro_present
        return found

    def needed(self, request: Request) -> ProPresent:
        """The same. Raises SignInNeeded for nobody."""
        who = self.present(request)
        if who is None:
            raise SignInNeeded
        return who

    def visitor(self, request: Request, *, browser: str = "") -> Visitor:
        """What is known of who asks. `browser` is a new visit's token, by default that of the visit that was begun."""
        visit = browser or self.cookie(request, VISIT)
        return Visitor(address=self.address_of(request.scope), browser=visit if is_token(visit) else new_token())

    def let_in(self, request: Request, signed_in: ProSignedIn) -> Response:
        """Gives the browser its session under a new cookie, and leads to the choice of a situation, or where the professional wanted to go."""
        chosen, former = signed_in.session.situation, self.present(request)
        same = former is not None and former.session.session_id == signed_in.session.session_id
        response = RedirectResponse(self.after(request, same=same) if chosen else SITUATION, status_code=303)
        space = pro_space_of(request)
        space.set_cookie(response, SESSION, signed_in.token)
        space.set_cookie(response, METHOD, signed_in.session.method, seconds=YEAR)
        self.forget(request, response, VISIT, *([AFTER] if chosen else []))
        self._end_former(request, signed_in)
        return response

    def after(self, request: Request, *, same: bool) -> str:
        """Where the professional wanted to go, a path of these pages; a record is not open any more unless the session is the `same` as before."""
        wanted = safe_path(self.cookie(request, AFTER), "/pro")
        gone = wanted.startswith(f"{ROOT}/") and not same
        return wanted if is_professional(wanted) and not gone else "/pro"

    def _end_former(self, request: Request, signed_in: ProSignedIn) -> None:
        """Ends the session that the browser had before: nobody holds its cookie any more, who should."""
        former = self.present(request)
        if former is not None and former.session.session_id != signed_in.session.session_id:
            with contextlib.suppress(Unavailable):  # it ends by itself, later
                ProSessions(self.gate, self.visitor(request), former).sign_out()

    def forget(self, request: Request, response: Response, *names: str) -> Response:
        """Takes cookies back."""
        return pro_space_of(request).forget_cookies(response, *names)

    def cookie(self, request: Request, name: str) -> str:
        """The value of one of our cookies, '' for none."""
        return pro_space_of(request).cookie_of(request, name)


def pro_space_of(request: Request) -> ProSpace:
    """The space that answers a request."""
    found: ProSpace = request.app.state.space
    return found
