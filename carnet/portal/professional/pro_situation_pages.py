"""The choice of the practice situation (TD0.9, Parametrages): forced at the first sign-in of somebody who has several, changed at any time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from carnet.errors import Refused
from carnet.portal.professional.pro_door import AFTER, SITUATION, ProDoor, pro_space_of
from carnet.portal.shell import answered_by_space
from carnet.record.pro_presence import ProPresent, ProSessions, practices


def situation_routes(door: ProDoor) -> Sequence[BaseRoute]:
    """The page and its form."""
    return [
        Route(SITUATION, answered_by_space(partial(_show, door)), methods=["GET"]),
        Route(SITUATION, answered_by_space(partial(_take, door)), methods=["POST"]),
    ]


def _page(door: ProDoor, request: Request, who: ProPresent, told: str = "", status: int = 200) -> Response:
    found = practices(door.gate, who)
    if not any(one.entitled for one in found):
        told, status = "none", 403
    space = pro_space_of(request)
    record, current = who.session.session_id, who.session.situation
    return space.page(
        request, "pro_situation.html", status=status, record=record, found=found, current=current, told=told
    )


async def _show(door: ProDoor, request: Request) -> Response:
    return _page(door, request, door.needed(request))


async def _take(door: ProDoor, request: Request) -> Response:
    who = door.needed(request)
    fields = await pro_space_of(request).form(request, who.session.session_id)
    try:
        taken = ProSessions(door.gate, door.visitor(request), who).choose(fields.get("situation", ""))
    except Refused:
        return _page(door, request, who, "refused", 403)
    if not taken:
        return _page(door, request, who, "choose", 422)
    response = RedirectResponse(door.after(request, same=False), status_code=303)
    return door.forget(request, response, AFTER)
