"""Signing in and out of professionals: `/pro/connexion` and what is behind it, by Pro Santé Connect or by a card."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from carnet.clock import SECOND
from carnet.errors import CarnetError, CertificateInvalid, SignInFailed, TooManyTries, Unauthenticated, Unavailable
from carnet.identity.browser_secrets import new_token
from carnet.identity.oidc_client import IdentityProvider
from carnet.identity.pro_sessions import CARD, PROVIDER
from carnet.portal.form_protection import check_origin
from carnet.portal.professional.pro_door import (
    AFTER,
    METHOD,
    SESSION,
    SITUATION,
    VISIT,
    VISIT_SECONDS,
    ProDoor,
    pro_space_of,
)
from carnet.portal.professional.pro_mounting import is_professional
from carnet.portal.provider_pages import logout_url, our_keys, providers_word, sent_by_another_site, turned_back
from carnet.portal.shell import answered_by_space, safe_path
from carnet.record.pro_presence import ProPresent, ProSessions, end_pro_at_providers_word
from carnet.record.pro_sign_in import BY_PROVIDER, NotInDirectory, ProSignIn

_STATUS = {
    "failed": 403,
    "directory": 403,
    "no-card": 403,
    "card": 403,
    "often": 429,
    "away": 503,
    "cancelled": 200,
    "": 200,
}
WIPED = '"cache"'
"""Clear-Site-Data: pages of the record go; what a patient keeps on the same device for the day without a network stays."""


def pro_sign_in_routes(door: ProDoor) -> Sequence[BaseRoute]:
    """The pages of signing in and out."""
    get, post = ["GET"], ["POST"]
    routes = [
        Route("/pro/connexion", answered_by_space(partial(_choose, door)), methods=get),
        Route("/pro/deconnexion", answered_by_space(partial(_sign_out_page, door)), methods=get),
        Route("/pro/deconnexion", answered_by_space(partial(_sign_out, door)), methods=post),
    ]
    if door.gate.platform.settings.pro_cards:
        routes.append(Route("/pro/connexion/carte", answered_by_space(partial(_by_card, door)), methods=post))
    if door.provider is not None:
        provider = door.provider
        routes += [
            Route("/pro/connexion/psc", answered_by_space(partial(_to_provider, door, provider)), methods=get),
            Route("/pro/connexion/retour", answered_by_space(partial(_from_provider, door, provider)), methods=get),
            Route("/pro/connexion/fin", answered_by_space(partial(_providers_word, door, provider)), methods=post),
            Route("/pro/connexion/jwks.json", partial(our_keys, provider), methods=get),
        ]
    return routes


def _told_of(error: CarnetError) -> str:
    """What the page says of a failure."""
    if isinstance(error, TooManyTries):
        return "often"
    if isinstance(error, NotInDirectory):
        return "directory"
    if isinstance(error, CertificateInvalid):
        return "card"
    return "away" if isinstance(error, Unavailable) else "failed"


def _page(door: ProDoor, request: Request, told: str = "", *, again: ProPresent | None = None) -> Response:
    """The page of the ways in, the last used first, with what went wrong before. `again`: of somebody in a session, the way it began by."""
    ways = [*([PROVIDER] if door.provider else []), *([CARD] if door.gate.platform.settings.pro_cards else [])]
    if again is not None:
        ways = [way for way in ways if way == again.session.method]
    last = door.cookie(request, METHOD)
    ways.sort(key=lambda way: way != last)
    space = pro_space_of(request)
    return space.page(request, "pro_sign_in.html", status=_STATUS[told], ways=ways, told=told, again=again is not None)


async def _choose(door: ProDoor, request: Request) -> Response:
    who = door.present(request)
    again = who if who is not None and request.query_params.get("encore") == "oui" else None
    after = safe_path(request.query_params.get("suite", ""), "/pro")
    response: Response
    if who is not None and again is None:
        response = RedirectResponse("/pro" if who.situation is not None else SITUATION, status_code=303)
    else:
        response = _page(door, request, again=again)
    if after != "/pro" and is_professional(after):
        pro_space_of(request).set_cookie(response, AFTER, after)
    return response


# --- Pro Santé Connect ----------------------------------------------------------------------------------------------


async def _to_provider(door: ProDoor, provider: IdentityProvider, request: Request) -> Response:
    if sent_by_another_site(request):
        return _page(door, request)
    visit, again = new_token(), door.present(request) is not None
    try:
        begun = ProSignIn(door.gate, door.visitor(request, browser=visit)).begin_provider(again=again)
        url = await provider.authorization_url(begun, again=again)
    except (SignInFailed, Unavailable) as error:
        return _page(door, request, _told_of(error))
    response = RedirectResponse(url, status_code=303)
    pro_space_of(request).set_cookie(response, VISIT, visit, seconds=VISIT_SECONDS)
    return response


async def _from_provider(door: ProDoor, provider: IdentityProvider, request: Request) -> Response:
    desk, said = ProSignIn(door.gate, door.visitor(request)), request.query_params
    again = door.present(request)
    try:
        kept = desk.take_provider(said.get("state", ""))
        former = again.session if again is not None and kept.again else None
        if told := turned_back(request):
            return _page(door, request, told, again=again)
        within = (door.gate.platform.clock() - kept.since) // SECOND + 1 if kept.again else 0
        try:
            arrival = await provider.arrive(kept.begun, said["code"], said.get("iss"), within=within)
        except SignInFailed as error:
            desk.failed(BY_PROVIDER, error)
            raise
        return door.let_in(request, desk.by_provider(arrival, former))
    except (Unauthenticated, Unavailable) as error:
        return _page(door, request, _told_of(error), again=again)


async def _providers_word(door: ProDoor, provider: IdentityProvider, request: Request) -> Response:
    fields, visitor = await pro_space_of(request).plain_form(request), door.visitor(request)
    end = partial(end_pro_at_providers_word, door.gate, visitor, provider.issuer.identifier)
    failed = partial(ProSignIn(door.gate, visitor).failed, "pro-provider-logout")
    return await providers_word(provider, fields.get("logout_token", ""), end, failed)


# --- a card ---------------------------------------------------------------------------------------------------------


async def _by_card(door: ProDoor, request: Request) -> Response:
    await pro_space_of(request).form(request)
    who, certificate = door.present(request), door.certificate_of(request.scope)
    if certificate is None:
        return _page(door, request, "no-card", again=who)
    again = who if who is not None and who.session.method == CARD else None
    try:
        desk = ProSignIn(door.gate, door.visitor(request))
        return door.let_in(request, desk.by_card(certificate, again.session if again is not None else None))
    except Unauthenticated as error:
        return _page(door, request, _told_of(error), again=again)


# --- the end --------------------------------------------------------------------------------------------------------


async def _sign_out_page(door: ProDoor, request: Request) -> Response:
    door.needed(request)
    return pro_space_of(request).page(request, "pro_sign_out.html")


async def _sign_out(door: ProDoor, request: Request) -> Response:
    """Signs out here or everywhere; who came from the provider is led on to sign out there too (RP-Initiated Logout).

    Of a session that has ended meanwhile nothing is left to end: its form needs no token, only to come from here.
    """
    space, who = pro_space_of(request), door.present(request)
    url = ""
    if who is None:
        check_origin(request)
    else:
        fields = await space.form(request)
        desk = ProSessions(door.gate, door.visitor(request), who)
        if fields.get("partout"):
            desk.sign_out_everywhere()
        url = await logout_url(door.provider, desk.sign_out(), new_token())
    request.state.person = request.state.pro_present = None
    response = space.page(request, "pro_signed_out.html", elsewhere=url)
    if url:
        response.headers["refresh"] = f"0;url={url}"
    response.headers["clear-site-data"] = WIPED
    return door.forget(request, response, SESSION, AFTER)
