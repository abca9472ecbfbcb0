"""Signing in and out: `/connexion` and what is behind it. The last way used comes first; every failure says the same."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from carnet.errors import CarnetError, Refused, SignInFailed, TooManyTries, Unavailable
from carnet.identity.oidc_client import IdentityProvider
from carnet.identity.sessions import Purpose
from carnet.portal.patient.sign_in_door import AFTER, KEPT, METHOD, SESSION, WIPED, SignInDoor, space_of
from carnet.portal.provider_pages import logout_url, our_keys, providers_word, sent_by_another_site, turned_back
from carnet.portal.shell import answered_by_space
from carnet.portal.space import safe_path
from carnet.portal.visit import look_around
from carnet.record.code_sending import can_send, send_one_time_code
from carnet.record.sign_in import ONE_TIME_CODE, PASSKEY, PROVIDER, SignIn
from carnet.record.space_sessions import SpaceSessions, end_at_providers_word

_STATUS = {"failed": 403, "minor": 403, "often": 429, "away": 503, "cancelled": 200, "": 200}


def sign_in_routes(door: SignInDoor) -> Sequence[BaseRoute]:
    """The pages of signing in and out."""
    get, post = ["GET"], ["POST"]
    routes = [
        Route("/connexion", answered_by_space(partial(_choose, door)), methods=get),
        Route("/connexion/cle/debut", answered_by_space(partial(_passkey_begins, door)), methods=post),
        Route("/connexion/cle", answered_by_space(partial(_passkey_answers, door)), methods=post),
        Route("/deconnexion", answered_by_space(partial(_sign_out_page, door)), methods=get),
        Route("/deconnexion", answered_by_space(partial(_sign_out, door)), methods=post),
    ]
    if codes_are_sent(door):
        routes += [
            Route("/connexion/code", answered_by_space(partial(_code_page, door)), methods=get),
            Route("/connexion/code", answered_by_space(partial(_ask_code, door)), methods=post),
            Route("/connexion/code/verifier", answered_by_space(partial(_code_given, door)), methods=post),
        ]
    if door.provider is not None:
        provider = door.provider
        routes += [
            Route("/connexion/fournisseur", answered_by_space(partial(_to_provider, door, provider)), methods=get),
            Route("/connexion/retour", answered_by_space(partial(_from_provider, door, provider)), methods=get),
            Route("/connexion/fin", answered_by_space(partial(_providers_word, door, provider)), methods=post),
            Route("/connexion/jwks.json", partial(our_keys, provider), methods=get),
        ]
    return routes


def codes_are_sent(door: SignInDoor) -> bool:
    """Whether a code by e-mail lets people in here."""
    settings = door.gate.platform.settings
    return settings.one_time_codes and can_send(settings)


def told_of(error: CarnetError) -> str:
    """What the page says of a failure: never which part of it failed."""
    if isinstance(error, TooManyTries):
        return "often"
    if isinstance(error, Refused):
        return "minor" if "minor" in error.rules else "failed"
    return "away" if isinstance(error, Unavailable) else "failed"


def sign_in_page(door: SignInDoor, request: Request, told: str = "", *, again: bool = False) -> Response:
    """The page of the ways in, with what went wrong before. `again`: of two factors alone, for somebody who is in a session."""
    space = space_of(request)
    ways = [
        PASSKEY,
        *([PROVIDER] if door.provider else []),
        *([ONE_TIME_CODE] if codes_are_sent(door) and not again else []),
    ]
    last = door.cookie(request, METHOD)
    ways.sort(key=lambda way: way != last)
    now = door.gate.platform.clock()
    return space.page(request, "sign_in.html", status=_STATUS[told], ways=ways, told=told, now=now, again=again)


async def _choose(door: SignInDoor, request: Request) -> Response:
    who = door.present(request)
    inside = who is not None and who.session.purpose is Purpose.SPACE
    again = inside and request.query_params.get("encore") == "oui"
    if who is not None and not again:
        return RedirectResponse("/" if inside else "/activation/choix", status_code=303)
    response = sign_in_page(door, request, again=again)
    door.wipe_what_was_kept(request, response)
    after = safe_path(request.query_params.get("suite", "/"))
    if after != "/":
        space_of(request).set_cookie(response, AFTER, after)
    return response


# --- the identity provider ------------------------------------------------------------------------------------------


async def _to_provider(door: SignInDoor, provider: IdentityProvider, request: Request) -> Response:
    if sent_by_another_site(request):
        return sign_in_page(door, request)
    visit = door.begin_visit(request)
    try:
        begun = SignIn(door.gate, door.visitor(request, browser=visit)).begin_provider()
        url = await provider.authorization_url(begun)
    except (SignInFailed, Unavailable) as error:
        return sign_in_page(door, request, told_of(error))
    return door.keep_visit(request, RedirectResponse(url, status_code=303), visit)


async def _from_provider(door: SignInDoor, provider: IdentityProvider, request: Request) -> Response:
    visitor = door.arriving(request)
    desk, said = SignIn(door.gate, visitor), request.query_params
    try:
        begun = desk.take_provider(said.get("state", ""))
        if told := turned_back(request):
            return sign_in_page(door, request, told)
        try:
            arrival = await provider.arrive(begun, said["code"], said.get("iss"))
        except SignInFailed as error:
            desk.failed(PROVIDER, error)
            raise
        return door.let_in(request, desk.by_provider(arrival), visitor)
    except (SignInFailed, Refused, Unavailable) as error:
        return sign_in_page(door, request, told_of(error))


async def _providers_word(door: SignInDoor, provider: IdentityProvider, request: Request) -> Response:
    fields, visitor = await space_of(request).plain_form(request), door.visitor(request)
    end = partial(end_at_providers_word, door.gate, visitor, provider.issuer.identifier)
    failed = partial(SignIn(door.gate, visitor).failed, "provider-logout")
    return await providers_word(provider, fields.get("logout_token", ""), end, failed)


# --- a passkey ------------------------------------------------------------------------------------------------------


async def _passkey_begins(door: SignInDoor, request: Request) -> Response:
    await space_of(request).form(request)
    visit = door.begin_visit(request)
    try:
        options = SignIn(door.gate, door.visitor(request, browser=visit)).begin_passkey(door.party)
    except SignInFailed as error:
        return JSONResponse({"told": told_of(error)}, status_code=_STATUS[told_of(error)])
    return door.keep_visit(request, Response(options, media_type="application/json"), visit)


async def _passkey_answers(door: SignInDoor, request: Request) -> Response:
    fields = await space_of(request).form(request)
    visitor = door.arriving(request)
    try:
        signed_in = SignIn(door.gate, visitor).by_passkey(door.party, fields.get("reponse", ""))
    except (SignInFailed, Refused) as error:
        return sign_in_page(door, request, told_of(error))
    return door.let_in(request, signed_in, visitor)


# --- a code by e-mail -----------------------------------------------------------------------------------------------


async def _code_page(_door: SignInDoor, request: Request) -> Response:
    return space_of(request).page(request, "sign_in_code.html", step="ask", told="")


async def _ask_code(door: SignInDoor, request: Request) -> Response:
    space, settings = space_of(request), door.gate.platform.settings
    fields = await space.form(request)
    visit = door.begin_visit(request)
    try:
        desk = SignIn(door.gate, door.visitor(request, browser=visit))
        sending = desk.ask_code(fields.get("numero", ""), fields.get("adresse", ""))
    except TooManyTries:
        return space.page(request, "sign_in_code.html", status=429, step="ask", told="often")
    response = space.page(request, "sign_in_code.html", step="give", told="")
    if sending is not None:
        response.background = BackgroundTask(send_one_time_code, settings, sending, now=door.gate.platform.clock())
    return door.keep_visit(request, response, visit)


async def _code_given(door: SignInDoor, request: Request) -> Response:
    space = space_of(request)
    fields = await space.form(request)
    visitor = door.arriving(request)
    try:
        signed_in = SignIn(door.gate, visitor).by_code(fields.get("code", "")[:40])
    except (SignInFailed, Refused) as error:
        told = told_of(error)
        return space.page(request, "sign_in_code.html", status=_STATUS[told], step="give", told=told)
    return door.let_in(request, signed_in, visitor)


# --- the end --------------------------------------------------------------------------------------------------------


async def _sign_out_page(door: SignInDoor, request: Request) -> Response:
    door.needed(request, Purpose.SPACE)
    look_around(space_of(request), request)
    return space_of(request).page(request, "sign_out.html")


async def _sign_out(door: SignInDoor, request: Request) -> Response:
    """Signs out here or everywhere; who came from the provider is led on to sign out there too (RP-Initiated Logout)."""
    space, who = space_of(request), door.present(request)
    fields = await space.form(request, who.session.session_id if activating(door, request) and who else "")
    url = ""
    if who is not None:
        desk = SpaceSessions(door.gate, door.visitor(request), who)
        if fields.get("partout"):
            desk.sign_out_everywhere()
        id_token = desk.sign_out()
        url = await logout_url(door.provider, id_token, door.party.identifier)
    request.state.person = request.state.present = None
    request.state.around = {}
    response = space.page(request, "signed_out.html", elsewhere=url)
    if url:
        response.headers["refresh"] = f"0;url={url}"
    response.headers["clear-site-data"] = WIPED
    return door.forget(request, response, SESSION, KEPT)


def activating(door: SignInDoor, request: Request) -> bool:
    """Whether the session of a request is for activation, whose forms are bound to it by the name of the session."""
    who = door.present(request)
    return who is not None and who.session.purpose is Purpose.ACTIVATION
