"""Creating the space or objecting to it, with equal weight: `/activation`. It takes the letter's code, or any other sign-in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from carnet.errors import InvalidMetadata, RecordClosed, Refused, SignInFailed, TooManyTries
from carnet.identity.provisional_codes import CodeExpired
from carnet.identity.sessions import Purpose
from carnet.portal.patient.sign_in_door import SignInDoor, space_of
from carnet.portal.patient.sign_in_pages import told_of
from carnet.portal.shell import answered_by_space
from carnet.record.activation import Activation, ProvisionalCodes
from carnet.record.code_sending import can_send, send_provisional_code
from carnet.record.space_sessions import Present

_DATE = re.compile(r"(?P<day>[0-9]{1,2})[/. -](?P<month>[0-9]{1,2})[/. -](?P<year>[0-9]{4})", re.ASCII)
_STATUS = {"": 200, "failed": 403, "minor": 403, "expired": 403, "often": 429, "date": 400, "terms": 400, "away": 503}


def activation_routes(door: SignInDoor) -> Sequence[BaseRoute]:
    """The pages of yes and no."""
    get, post = ["GET"], ["POST"]
    return [
        Route("/activation", answered_by_space(partial(_enter, door)), methods=get),
        Route("/activation", answered_by_space(partial(_code_given, door)), methods=post),
        Route("/activation/code", answered_by_space(partial(_another, door)), methods=get),
        Route("/activation/code", answered_by_space(partial(_ask_another, door)), methods=post),
        Route("/activation/choix", answered_by_space(partial(_choice, door)), methods=get),
        Route("/activation/creer", answered_by_space(partial(_create, door)), methods=post),
        Route("/activation/refuser", answered_by_space(partial(_refuse, door)), methods=post),
        Route("/activation/preuve", answered_by_space(partial(_proof, door)), methods=get),
    ]


def birth_digits(text: str) -> str:
    """Yyyymmdd of a date as people write it (jj/mm/aaaa), '' for anything else; 00 stands for what is not known."""
    found = _DATE.fullmatch(text.strip())
    return f"{found['year']}{found['month']:0>2}{found['day']:0>2}" if found else ""


def _enter_page(request: Request, told: str = "") -> Response:
    return space_of(request).page(request, "activation.html", status=_STATUS[told], told=told)


async def _enter(door: SignInDoor, request: Request) -> Response:
    if door.present(request) is not None:
        return RedirectResponse("/connexion", status_code=303)
    return _enter_page(request)


async def _code_given(door: SignInDoor, request: Request) -> Response:
    fields = await space_of(request).form(request)
    born = birth_digits(fields.get("naissance", ""))
    if not born:
        return _enter_page(request, "date")
    visitor = door.arriving(request)
    try:
        desk = ProvisionalCodes(door.gate, visitor)
        signed_in = desk.by_code(fields.get("numero", "")[:40], born, fields.get("code", "")[:40])
    except CodeExpired:
        return _enter_page(request, "expired")
    except (SignInFailed, Refused) as error:
        return _enter_page(request, told_of(error))
    return door.let_in(request, signed_in, visitor)


async def _another(_door: SignInDoor, request: Request) -> Response:
    return space_of(request).page(request, "activation_code.html", told="", asked=False)


async def _ask_another(door: SignInDoor, request: Request) -> Response:
    space, settings = space_of(request), door.gate.platform.settings
    fields = await space.form(request)
    born = birth_digits(fields.get("naissance", ""))
    if not born:
        return space.page(request, "activation_code.html", status=400, told="date", asked=False)
    try:
        desk = ProvisionalCodes(door.gate, door.visitor(request))
        sent = desk.ask_another(fields.get("numero", "")[:40], born, by_email=can_send(settings))
    except TooManyTries:
        return space.page(request, "activation_code.html", status=429, told="often", asked=False)
    response = space.page(request, "activation_code.html", told="", asked=True)
    if sent is not None:
        response.background = BackgroundTask(send_provisional_code, settings, sent, now=door.gate.platform.clock())
    return response


def _desk(door: SignInDoor, request: Request) -> tuple[Activation, Present]:
    who = door.needed(request, Purpose.ACTIVATION)
    return Activation(door.gate, door.arriving(request), who), who


def _choice_page(door: SignInDoor, request: Request, told: str = "") -> Response:
    desk, who = _desk(door, request)
    offer = desk.offer()
    no = offer.no.value if offer.no is not None else ""
    return space_of(request).page(
        request,
        "activation_choice.html",
        status=_STATUS[told],
        record=who.session.session_id,
        state=offer.state.value,
        yes=offer.yes,
        no=no,
        proof=offer.proof,
        name=offer.name,
        told=told,
    )


async def _choice(door: SignInDoor, request: Request) -> Response:
    return _choice_page(door, request)


async def _create(door: SignInDoor, request: Request) -> Response:
    desk, who = _desk(door, request)
    fields = await space_of(request).form(request, who.session.session_id)
    try:
        signed_in = desk.create(terms=fields.get("conditions") == "oui")
    except InvalidMetadata:
        return _choice_page(door, request, "terms")
    return door.let_in(request, signed_in, desk.visitor)


async def _refuse(door: SignInDoor, request: Request) -> Response:
    desk, who = _desk(door, request)
    await space_of(request).form(request, who.session.session_id)
    try:
        desk.refuse()
    except RecordClosed:
        return RedirectResponse("/activation/choix", status_code=303)
    return RedirectResponse("/activation/choix", status_code=303)


async def _proof(door: SignInDoor, request: Request) -> Response:
    desk, _who = _desk(door, request)
    headers = {"content-disposition": 'attachment; filename="preuve-d-opposition.txt"'}
    return Response(desk.proof(), media_type="text/plain; charset=utf-8", headers=headers)
