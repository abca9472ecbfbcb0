"""The second half of adding a document: what it is, a last look, and adding it, once however often the form is sent."""

from __future__ import annotations

import asyncio
import datetime as dt
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from carnet.clock import to_datetime
from carnet.errors import UnknownDocument
from carnet.portal.dates_in_words import PARIS
from carnet.portal.patient.adding_pages import here
from carnet.portal.visit import Visit, see_other
from carnet.record.kind_suggestion import OFFERED, type_code
from carnet.record.own_additions import OwnAdditions, make
from carnet.record.own_circle import OwnCircle
from carnet.record.own_drafts import About, Full, OwnDrafts, Preparation

FIRST_YEAR = 1900
LONGEST_TITLE = 128


def today(visit: Visit) -> str:
    """The day in Paris, yyyy-mm-dd."""
    return to_datetime(visit.space.gate.platform.clock()).astimezone(PARIS).date().isoformat()


async def description(visit: Visit) -> Response:
    """What the document is: filled in with what its text seems to be."""
    preparation = _ready(visit)
    if preparation is None:
        return see_other(here(visit.request.path_params["draft"]))
    return _describing(visit, preparation, preparation.about)


def _ready(visit: Visit) -> Preparation | None:
    """The document, None while its pages are not put together."""
    preparation = visit.desk(OwnDrafts).show(visit.patient, visit.request.path_params["draft"])
    return preparation if preparation.whole_id else None


def _describing(visit: Visit, preparation: Preparation, about: About, *, wrong: tuple[str, ...] = ()) -> Response:
    return visit.page(
        "adding_description.html",
        status=422 if wrong else 200,
        preparation=preparation,
        about=about,
        offered=OFFERED,
        here=here(preparation.draft_id),
        today=today(visit),
        wrong=wrong,
    )


async def describe(visit: Visit) -> Response:
    """Writes what the person says; what is wrong is told beside its field, and what was typed stays."""
    fields = await visit.form()
    preparation = _ready(visit)
    if preparation is None:
        return see_other(here(visit.request.path_params["draft"]))
    typed = fields.get("date", "")[:10]
    about = msgspec.structs.replace(
        preparation.about,
        title=fields.get("titre", "")[: 2 * LONGEST_TITLE],
        type=fields.get("type", ""),
        dated=typed.replace("-", ""),
        masked=fields.get("masque") == "oui",
    )
    wrong = _faults(about, typed, today(visit))
    if wrong:
        return _describing(visit, preparation, about, wrong=wrong)
    visit.desk(OwnDrafts).describe(visit.patient, preparation.draft_id, msgspec.structs.replace(about, described=True))
    return see_other(here(preparation.draft_id, "verification"))


def _faults(about: About, typed: str, last: str) -> tuple[str, ...]:
    found = []
    if len(about.title) > LONGEST_TITLE:
        found.append("title")
    if about.type not in OFFERED:
        found.append("type")
    try:
        well_formed = dt.date.fromisoformat(typed).isoformat() == typed and int(typed[:4]) >= FIRST_YEAR
    except ValueError:
        well_formed = False
    if not well_formed:
        found.append("date")
    elif typed > last:
        found.append("later")
    return tuple(found)


async def confirmation(visit: Visit) -> Response:
    """A last look before the document is added."""
    return _confirming(visit)


def _confirming(visit: Visit, *, wrong: str = "") -> Response:
    draft_id = visit.request.path_params["draft"]
    preparation = _ready(visit)
    if preparation is None:
        return see_other(here(draft_id))
    if not preparation.about.described:
        return see_other(here(draft_id, "description"))
    choices = visit.desk(OwnCircle).circle(visit.patient).choices
    return visit.page(
        "adding_confirmation.html",
        status=422 if wrong else 200,
        preparation=preparation,
        about=preparation.about,
        label=type_code(preparation.about.type).display,
        by_default=bool(choices["masks_everything"]),
        here=here(draft_id),
        wrong=wrong,
    )


async def add(visit: Visit) -> Response:
    """Adds the document, and leads to it; a second time leads to the same."""
    await visit.form()
    draft_id = visit.request.path_params["draft"]
    desk = visit.desk(OwnAdditions)
    try:
        basis = desk.basis(visit.patient, draft_id)
    except UnknownDocument:
        known = desk.added(visit.patient, draft_id)
        if not known:
            raise
        return _to_document(known)
    made = await asyncio.to_thread(make, visit.space.gate.platform, basis)
    try:
        return _to_document(desk.add(visit.patient, made))
    except Full as full:
        return _confirming(visit, wrong=full.limit)


def _to_document(unique_id: str) -> Response:
    return see_other(f"/documents/{quote(unique_id, safe='')}?fait=ajoute")
