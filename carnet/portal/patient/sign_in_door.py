"""Who a browser is: the cookies of the sign-in, the session behind them, and what the pages of signing in share."""

from __future__ import annotations

import contextlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from carnet.errors import Unavailable
from carnet.identity.browser_secrets import form_key, is_token, new_token
from carnet.identity.oidc_client import IdentityProvider
from carnet.identity.passkeys import Party
from carnet.identity.sessions import Purpose
from carnet.portal.person import Person
from carnet.portal.space import SignInNeeded, Space, safe_path
from carnet.portal.visit import OPERATOR, RECORD_COOKIE, handle_of
from carnet.record.gate import Gate
from carnet.record.own_card import opaque
from carnet.record.own_circle import whose_records
from carnet.record.patient_room import PatientDesk
from carnet.record.sign_in_desk import SignedIn, Visitor
from carnet.record.space_sessions import Present, SpaceSessions, ended_by_somebody, present
from carnet.record.step_up import Assurance

SESSION, VISIT, DEVICE, METHOD, AFTER, KEPT = "seance", "visite", "appareil", "methode", "suite", "gardee"
"""Cookies: the session; a sign-in that was begun; the device, known again; how it was signed in last; where to go then; who keeps a card here."""
WIPED = '"cache", "storage"'
"""Clear-Site-Data: everything that the browser keeps of this origin but cookies goes, with what makes its pages work offline."""
VISIT_SECONDS = 600
YEAR = 365 * 24 * 3600
_BROWSERS: Mapping[str, str] = MappingProxyType(
    {
        "Edg/": "Edge",
        "OPR/": "Opera",
        "Firefox/": "Firefox",
        "FxiOS/": "Firefox",
        "CriOS/": "Chrome",
        "Chrome/": "Chrome",
    }
    | {"Safari/": "Safari"}
)
_SYSTEMS: Mapping[str, str] = MappingProxyType(
    {
        "Android": "Android",
        "iPhone": "iPhone",
        "iPad": "iPad",
        "Windows": "Windows",
        "Mac OS X": "Mac",
        "Linux": "Linux",
    }
)
_FOUND_IN = re.compile(r"[\x20-\x7e]*")


@dataclass(slots=True)
class SignInDoor:
    """What says who is signed in. `address_of` tells the network address of a request's scope, a declared proxy's word included."""

    gate: Gate
    party: Party
    provider: IdentityProvider | None
    address_of: Callable[[Any], str]
    pages: list[Callable[[SignInDoor], Sequence[BaseRoute]]] = field(default_factory=list)
    _routes: list[BaseRoute] | None = None

    def person(self, request: Request) -> Person | None:
        """See Sessions: somebody whose session is for the space; one that is for activation opens nothing else."""
        who = self.present(request)
        if who is None or who.session.purpose is not Purpose.SPACE:
            return None
        assurance = Assurance(who.session.level, who.session.began_at)
        return Person(who.identifier, form_key(self.cookie(request, SESSION)), assurance)

    def routes(self) -> Sequence[BaseRoute]:
        """See Sessions. The same ones each time."""
        if self._routes is None:
            self._routes = [route for make in self.pages for route in make(self)]
        return self._routes

    def present(self, request: Request) -> Present | None:
        """Whose living session a request carries, for the space or for activation; asked once a request."""
        if not hasattr(request.state, "present"):
            request.state.present = present(self.gate, self.cookie(request, SESSION))
        found: Present | None = request.state.present
        return found

    def needed(self, request: Request, purpose: Purpose) -> Present:
        """The same for one purpose. Raises SignInNeeded."""
        who = self.present(request)
        if who is None or who.session.purpose is not purpose:
            raise SignInNeeded
        return who

    def visitor(self, request: Request, *, browser: str = "") -> Visitor:
        """What is known of who asks. `browser` is a new visit's token, by default that of the visit that was begun."""
        device, visit = self.cookie(request, DEVICE), browser or self.cookie(request, VISIT)
        agent = described(request.headers.get("user-agent", ""))
        known = device if is_token(device) else ""
        return Visitor(self.address_of(request.scope), agent, visit if is_token(visit) else new_token(), known)

    def arriving(self, request: Request) -> Visitor:
        """A visitor whose device has a token from now on: see `let_in`."""
        visitor = self.visitor(request)
        return visitor if visitor.device else Visitor(visitor.address, visitor.agent, visitor.browser, new_token())

    def begin_visit(self, request: Request) -> str:
        """A new visit's token, for the cookie that `keep_visit` sets."""
        del request
        return new_token()

    def keep_visit(self, request: Request, response: Response, visit: str) -> Response:
        """Gives the browser the token of the sign-in that it begins."""
        space_of(request).set_cookie(response, VISIT, visit, seconds=VISIT_SECONDS)
        return response

    def let_in(self, request: Request, signed_in: SignedIn, visitor: Visitor) -> Response:
        """Gives the browser its session under a new cookie, and leads where the person wanted to go."""
        space = space_of(request)
        activating = signed_in.session.purpose is Purpose.ACTIVATION
        after = "/activation/choix" if activating else safe_path(self.cookie(request, AFTER) or "/")
        response = RedirectResponse(after, status_code=303)
        space.set_cookie(response, SESSION, signed_in.token)
        space.set_cookie(response, DEVICE, visitor.device, seconds=YEAR)
        if not activating:
            space.set_cookie(response, METHOD, signed_in.session.method, seconds=YEAR)
        self._wipe_what_others_kept(request, response, signed_in)
        self.forget(request, response, VISIT, AFTER)
        self._keep_record(request, response, signed_in)
        self._end_former(request, signed_in, visitor)
        return response

    def wipe_what_was_kept(self, request: Request, response: Response) -> None:
        """An emergency card kept here goes when its keeper ended this session from elsewhere: the device may be lost. One that ran out leaves it."""
        token = self.cookie(request, SESSION)
        if self.cookie(request, KEPT) and token and ended_by_somebody(self.gate, token):
            response.headers["clear-site-data"] = WIPED
            self.forget(request, response, SESSION, KEPT)

    def _wipe_what_others_kept(self, request: Request, response: Response, signed_in: SignedIn) -> None:
        """An emergency card that somebody else keeps on this device goes when another person signs in."""
        kept = self.cookie(request, KEPT)
        if not kept:
            return
        who = present(self.gate, signed_in.token)
        if who is None or kept != opaque(self.gate, "keeper", who.identifier.cx()):
            response.headers["clear-site-data"] = WIPED
            self.forget(request, response, KEPT)

    def _end_former(self, request: Request, signed_in: SignedIn, visitor: Visitor) -> None:
        """Ends the session that the browser had before: nobody holds its cookie any more, who should."""
        former = present(self.gate, self.cookie(request, SESSION))
        if former is not None and former.session.session_id != signed_in.session.session_id:
            with contextlib.suppress(Unavailable):  # it ends by itself, later
                SpaceSessions(self.gate, visitor, former).sign_out()

    def _keep_record(self, request: Request, response: Response, signed_in: SignedIn) -> None:
        """Somebody who signed in again stays in the record that was open: it has another name in each session."""
        former, wanted = self.person(request), self.cookie(request, RECORD_COOKIE)
        who = self.present(request)
        if not wanted or former is None or who is None or who.session.patient_key != signed_in.session.patient_key:
            return
        now = Person(former.identifier, form_key(signed_in.token), former.assurance)
        for one in whose_records(PatientDesk(self.gate, OPERATOR), former.identifier):
            if hmac.compare_digest(handle_of(former, one), wanted):
                space_of(request).set_cookie(response, RECORD_COOKIE, handle_of(now, one))

    def forget(self, request: Request, response: Response, *names: str) -> Response:
        """Takes cookies back."""
        return space_of(request).forget_cookies(response, *names)

    def cookie(self, request: Request, name: str) -> str:
        """The value of one of our cookies, '' for none."""
        return space_of(request).cookie_of(request, name)


def space_of(request: Request) -> Space:
    """The space that answers a request."""
    found: Space = request.app.state.space
    return found


def described(agent: str) -> str:
    """What a device calls itself, in a few words: « Firefox, Android »; '' when nothing of it is known."""
    plain = _FOUND_IN.match(agent)
    text = plain[0] if plain else ""
    browser = next((name for mark, name in _BROWSERS.items() if mark in text), "")
    system = next((name for mark, name in _SYSTEMS.items() if mark in text), "")
    return ", ".join(part for part in (browser, system) if part)
