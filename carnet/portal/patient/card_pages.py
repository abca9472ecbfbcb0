"""The emergency card of the person: what stands on it, who else may read in an emergency, codes, paper, and the copy that a device keeps."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from carnet.errors import InvalidMetadata
from carnet.portal.patient.qr_picture import qr_svg
from carnet.portal.patient.sign_in_door import KEPT, YEAR
from carnet.portal.visit import Visit, see_other
from carnet.record.own_card import EMERGENCY_CHOICES, OwnCard, opaque
from carnet.record.own_circle import OwnCircle

READING = "/urgence/lecture/"


async def show(visit: Visit) -> Response:
    """The card and everything about it."""
    return _card(visit)


def _card(visit: Visit, *, status: int = 200, wrong: str = "") -> Response:
    desk = visit.desk(OwnCard).desk(visit.patient)
    settings = visit.space.gate.platform.settings
    return visit.page(
        "card.html",
        status=status,
        desk=desk,
        wrong=wrong,
        coded=bool(settings.space_origin),
        minutes=settings.card_code_minutes,
        days=settings.card_print_days,
        owner=_owner(visit),
        version=_version(visit, _sheet(visit, desk.card)) if desk.card.ready else "",
    )


async def choose(visit: Visit) -> Response:
    """Writes what stands on the card: what is not ticked does not."""
    fields = await visit.form()
    shown = frozenset(name.removeprefix("montre-") for name, value in fields.items() if value == "oui")
    visit.desk(OwnCard).choose(visit.patient, shown)
    return see_other("/urgence?fait=carte")


async def access(visit: Visit) -> Response:
    """Writes the three choices on what professionals may read in an emergency."""
    fields = await visit.form()
    desk = visit.desk(OwnCircle)
    standing = desk.circle(visit.patient).choices
    for one in EMERGENCY_CHOICES:
        if standing[one.value] != (fields.get(one.value) == "oui"):
            desk.choose_by_name(visit.patient, one.value, value=not standing[one.value])
    return see_other("/urgence?fait=acces")


async def code(visit: Visit) -> Response:
    """Makes a code and shows it, this once, with the card that it opens."""
    fields = await visit.form()
    origin = visit.space.gate.platform.settings.space_origin
    if not origin:
        return _card(visit, status=422, wrong="kind")
    try:
        made = visit.desk(OwnCard).make_code(visit.patient, fields.get("sorte", ""))
    except InvalidMetadata as error:
        return _card(visit, status=422, wrong=error.subject)
    address = f"{origin}{READING}{made.token}"
    return visit.page("card_code.html", made=made, card=made.card, picture=qr_svg(address))


async def end_code(visit: Visit) -> Response:
    """Ends a code at once."""
    fields = await visit.form()
    visit.desk(OwnCard).end_code(visit.patient, fields.get("code", ""))
    return see_other("/urgence?fait=arrete")


async def sheet(visit: Visit) -> Response:
    """The card alone, for paper."""
    try:
        card = visit.desk(OwnCard).card(visit.patient)
    except InvalidMetadata as error:
        return _card(visit, status=422, wrong=error.subject)
    return visit.page("card_sheet.html", card=card)


async def keep(visit: Visit) -> Response:
    """The card for the script that keeps it on this device; a cookie remembers whose it is, so that it goes when somebody else signs in."""
    await visit.form()
    try:
        card = visit.desk(OwnCard).keep(visit.patient)
    except InvalidMetadata as error:
        return JSONResponse({"told": error.subject}, status_code=422)
    text = _sheet(visit, card)
    kept = {"keeper": visit.keeper, "owner": _owner(visit), "version": _version(visit, text), "sheet": text}
    response = JSONResponse({**kept, "language": visit.language})
    visit.space.set_cookie(response, KEPT, visit.keeper, seconds=YEAR)
    return response


def _sheet(visit: Visit, card: object) -> str:
    """The card as a piece of a page."""
    return visit.space.templates.render(visit.language, "card_kept.html", {"card": card})


def _owner(visit: Visit) -> str:
    return opaque(visit.space.gate, "owner", visit.patient.cx())


def _version(visit: Visit, text: str) -> str:
    return opaque(visit.space.gate, "version", text)
