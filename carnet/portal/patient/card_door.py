"""The door of who finds somebody: `/urgence/lecture/…`, for anybody who has the code of an emergency card. It shows the card and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from carnet.errors import CarnetError, Refused, TooManyTries, UnknownDocument, UnknownPatient
from carnet.portal.languages import language_of
from carnet.portal.patient.sign_in_door import SignInDoor, space_of
from carnet.portal.shell import answered_by_space
from carnet.record.card_reading import Card, CardReading

APART = MappingProxyType(
    {"x-robots-tag": "noindex, nofollow, noarchive", "referrer-policy": "no-referrer", "vary": "accept-language"}
)
_TOLD: tuple[tuple[type[CarnetError], str, int], ...] = (
    (TooManyTries, "often", 429),
    (Refused, "nothing", 404),
    (UnknownDocument, "nothing", 404),
    (UnknownPatient, "nothing", 404),
)
_LATER = ("busy", 503)


def card_routes(door: SignInDoor) -> Sequence[BaseRoute]:
    """The page; no session is read and none is needed."""
    return [Route("/urgence/lecture/{token}", answered_by_space(partial(_read, door)), methods=["GET"])]


async def _read(door: SignInDoor, request: Request) -> Response:
    """Whoever fetches a page ahead of its reader (a preview, a browser that guesses) is given nothing, and no reading is noted."""
    ahead = {request.headers.get("sec-purpose", "")[:8], request.headers.get("purpose", "")}
    if request.method == "HEAD" or "prefetch" in ahead:
        return Response(status_code=503, headers=dict(APART))
    try:
        card = CardReading(door.gate, door.address_of(request.scope)).read(request.path_params["token"])
    except CarnetError as error:
        told, status = next(((told, status) for kind, told, status in _TOLD if isinstance(error, kind)), _LATER)
        return _page(request, None, told, status)
    return _page(request, card, "", 200)


def _page(request: Request, card: Card | None, told: str, status: int) -> Response:
    """The same sentence for a code that is none, one that expired and one that was stopped."""
    templates, values = space_of(request).templates, {"card": card, "told": told}
    return HTMLResponse(templates.render(language_of(request), "card_read.html", values), status, dict(APART))
