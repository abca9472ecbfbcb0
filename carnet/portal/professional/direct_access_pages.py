"""The contextual addresses of TD0.9 (protocols §1.5): `/AccesDirect/<Page>[/<INS>]`, where care software sends a professional's browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from carnet.errors import RecordClosed, UnknownDocument, UnknownPatient
from carnet.identity.browser_secrets import is_token, new_token
from carnet.portal.professional.caller import Caller
from carnet.portal.professional.pro_door import SITUATION, VISIT_SECONDS, ProDoor, pro_space_of
from carnet.portal.professional.pro_space import ProSpace
from carnet.portal.professional.pro_visit import ENTRY, ROOT, aside
from carnet.portal.shell import answered_by_space
from carnet.record.direct_access import (
    Wish,
    dashboard_access,
    identifier_written,
    keep_wish,
    take_wish,
    web_access,
)
from carnet.record.record_opening import Opened, open_record

DIRECT = "acces-direct"
"""The cookie of the browser that arrived, and the path where it goes on without the INS."""
DASHBOARD = "TableauDeBord"
OF_NO_RECORD: Mapping[str, str] = MappingProxyType({DASHBOARD: "/pro", "Parametrages": SITUATION})
OF_A_RECORD: Mapping[str, str] = MappingProxyType(
    {  # page of PDT-INF-527: path under the record. INFERRED: which of our pages is which of theirs
        "DossierPatient": "",
        "GestionDMPPatient": "/equipe",
        "Documents": "/documents",
        "ParcoursDeSoins": "/chronologie",
        "HistoriqueAcces": "/acces",
        "VolontesEtDroits": "/documents?type=EXPPAT_1",
        "CarnetVaccination": "#vaccins",
    }
)


def direct_routes(door: ProDoor) -> Sequence[BaseRoute]:
    """The addresses, and the one behind them."""
    get = ["GET"]
    return [
        Route("/AccesDirect/{page}", answered_by_space(_of_no_record), methods=get),
        Route("/AccesDirect/{page}/{number}", answered_by_space(partial(_arrive, door)), methods=get),
        Route(f"/pro/{DIRECT}/{{ticket}}", answered_by_space(partial(_go_on, door)), methods=get),
    ]


async def _of_no_record(request: Request) -> Response:
    space, page = pro_space_of(request), request.path_params["page"]
    caller = space.current_caller(request)
    if page in OF_A_RECORD:
        return _refused(space, request)
    if page not in OF_NO_RECORD:
        raise UnknownDocument("There is no such page.")
    await space.gate.perform(caller.requester, dashboard_access(page))
    return RedirectResponse(OF_NO_RECORD[page], status_code=303)


async def _arrive(door: ProDoor, request: Request) -> Response:
    """Takes the INS out of the address before anything else: whoever is not signed in signs in at an address that does not have it."""
    space, page = pro_space_of(request), request.path_params["page"]
    if page != DASHBOARD and page not in OF_A_RECORD:
        raise UnknownDocument("There is no such page.")
    known = door.cookie(request, DIRECT)
    browser = known if is_token(known) else new_token()
    visitor, wish = door.visitor(request, browser=browser), Wish(page, request.path_params["number"])
    ticket = keep_wish(door.gate, visitor, wish, known=door.caller(request) is not None)
    response = RedirectResponse(f"/pro/{DIRECT}/{ticket}", status_code=303, headers={"referrer-policy": "no-referrer"})
    space.set_cookie(response, DIRECT, browser, seconds=VISIT_SECONDS)
    return response


async def _go_on(door: ProDoor, request: Request) -> Response:
    space = pro_space_of(request)
    caller = space.current_caller(request)
    visitor = door.visitor(request, browser=door.cookie(request, DIRECT))
    wish = take_wish(door.gate, visitor, request.path_params["ticket"])
    if wish is None:
        raise UnknownDocument("This address was used, or is another browser's.")
    found = await _opened(space, caller, wish)
    if wish.page == DASHBOARD:
        return RedirectResponse("/pro", status_code=303)
    if not found.handle:
        return _refused(space, request)
    wanted = OF_A_RECORD[wish.page]
    rest = wanted if found.may_read else aside(ENTRY, wanted)
    return RedirectResponse(f"{ROOT}/{found.handle}{rest}", status_code=303)


async def _opened(space: ProSpace, caller: Caller, wish: Wish) -> Opened:
    """The record, opened in the session; without a handle where it is absent, closed or keeps them out, which look alike."""
    patient = identifier_written(space.gate, wish.number)
    if patient is None:
        return Opened()
    requester = replace(caller.requester, patient=patient)
    try:
        found = await space.gate.perform(requester, open_record(patient, requester, caller.session_id))
        if found.handle:
            await space.gate.perform(requester, web_access(wish.page))
    except (UnknownPatient, RecordClosed):
        return Opened()
    return found


def _refused(space: ProSpace, request: Request) -> Response:
    return space.page(request, "pro_direct_refused.html", status=404)
