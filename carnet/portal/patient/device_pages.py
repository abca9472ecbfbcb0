"""Devices and passkeys of the person who is signed in: `/securite`. What is here can be ended here."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from carnet.errors import Refused, SignInFailed
from carnet.identity.sessions import Purpose
from carnet.portal.patient.sign_in_door import SignInDoor, space_of
from carnet.portal.shell import answered_by_space
from carnet.portal.visit import look_around
from carnet.record.passkey_keeping import PasskeyKeeping
from carnet.record.space_sessions import SpaceSessions

_STATUS = {"": 200, "failed": 403, "level": 403, "passkeys-at-most": 403}


def device_routes(door: SignInDoor) -> Sequence[BaseRoute]:
    """The page, and what its buttons do."""
    post = ["POST"]
    return [
        Route("/securite", answered_by_space(partial(_page, door)), methods=["GET"]),
        Route("/securite/session", answered_by_space(partial(_end_session, door)), methods=post),
        Route("/securite/cle/debut", answered_by_space(partial(_adding_begins, door)), methods=post),
        Route("/securite/cle", answered_by_space(partial(_add, door)), methods=post),
        Route("/securite/cle/retirer", answered_by_space(partial(_remove, door)), methods=post),
    ]


def _sessions(door: SignInDoor, request: Request) -> SpaceSessions:
    return SpaceSessions(door.gate, door.visitor(request), door.needed(request, Purpose.SPACE))


def _keeping(door: SignInDoor, request: Request) -> PasskeyKeeping:
    who = door.needed(request, Purpose.SPACE)
    return PasskeyKeeping(door.gate, door.visitor(request), who, door.party)


def _shown(door: SignInDoor, request: Request, told: str = "") -> Response:
    devices, keys = _sessions(door, request).devices(), _keeping(door, request).listed()
    status = _STATUS[told]
    look_around(space_of(request), request)
    return space_of(request).page(request, "devices.html", status=status, devices=devices, keys=keys, told=told)


def _told(error: Refused | SignInFailed) -> str:
    """What the page says: which rule refused, where a rule of its own sentence did."""
    rules = error.rules if isinstance(error, Refused) else ()
    return next((rule for rule in rules if rule in _STATUS), "failed")


async def _page(door: SignInDoor, request: Request) -> Response:
    return _shown(door, request)


async def _end_session(door: SignInDoor, request: Request) -> Response:
    desk = _sessions(door, request)
    fields = await space_of(request).form(request)
    desk.end(fields.get("session", ""))
    return RedirectResponse("/securite", status_code=303)


async def _adding_begins(door: SignInDoor, request: Request) -> Response:
    keeping = _keeping(door, request)
    await space_of(request).form(request)
    try:
        return Response(keeping.begin_adding(), media_type="application/json")
    except Refused as error:
        return JSONResponse({"told": _told(error)}, status_code=403)


async def _add(door: SignInDoor, request: Request) -> Response:
    keeping = _keeping(door, request)
    fields = await space_of(request).form(request)
    try:
        keeping.add(fields.get("reponse", ""), fields.get("nom", "") or door.visitor(request).agent)
    except (SignInFailed, Refused) as error:
        return _shown(door, request, _told(error))
    return RedirectResponse("/securite", status_code=303)


async def _remove(door: SignInDoor, request: Request) -> Response:
    keeping = _keeping(door, request)
    fields = await space_of(request).form(request)
    try:
        keeping.remove(fields.get("cle", ""))
    except Refused as error:
        return _shown(door, request, _told(error))
    return RedirectResponse("/securite", status_code=303)
