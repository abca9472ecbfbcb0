"""The documents of the open record: a dense table, filters in the address and kept for the next time, one of them read beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from carnet.errors import IntegrityFailure
from carnet.portal.languages import language_of
from carnet.portal.patient.reading_pages import View, view_of
from carnet.portal.professional.pro_days import short_day
from carnet.portal.professional.pro_visit import ProVisit
from carnet.record.kept_choices import keep_choices, kept_choices
from carnet.record.own_documents import SpaceDocument
from carnet.record.retrieval import Located, fetch
from carnet.record.seen_document import reading
from carnet.record.seen_shelf import PAGE, Sieve, Table, Wish, listing
from carnet.viewing.side_room import ROOM

MAXIMUM_OFFSET = 1_000_000
_SIEVE = {
    # field of the form, and of the address: what it lets through
    "specialite": "own_specialty",
    "recents": "recent",
    "archives": "archived",
    "obsoletes": "obsolete",
    "masques": "masked",
    "invisibles": "invisible",
}
_CHOICES = {"famille": "family", "type": "type_code", "auteur": "author", "structure": "structure"}


@dataclass(frozen=True, slots=True)
class Preview:
    """The document that is read beside the table, and those before and after it in the page of the table ('' for none).

    `view` is None where its bytes are damaged.
    """

    about: SpaceDocument
    view: View | None
    before: str
    after: str


async def table(visit: ProVisit) -> Response:
    """The documents that the address asks for, fifty a page. Filters that the address does not say are those of the last time."""
    request = visit.request
    wish = _wish(request, _sieve(visit))
    found = await visit.perform(listing(wish))
    wanted = request.query_params.get("apercu", "")
    preview = await _preview(visit, wanted, found) if wanted else None
    return visit.page(
        "pro_documents.html",
        table=found,
        wish=wish,
        preview=preview,
        chosen=wanted,
        address=partial(_address, visit.path("/documents"), wish),
        page_size=PAGE,
        short=partial(short_day, language=visit.language),
    )


def _sieve(visit: ProVisit) -> Sieve:
    asked = visit.request.query_params
    gate, requester = visit.space.gate, visit.caller.requester
    if "filtres" not in asked:
        return kept_choices(gate, requester)
    sieve = Sieve(**{name: asked.get(field, "") == "1" for field, name in _SIEVE.items()})
    keep_choices(gate, requester, sieve)
    return sieve


def _wish(request: Request, sieve: Sieve) -> Wish:
    asked = request.query_params
    start = number(asked.get("depuis", "0"))
    chosen = {name: asked.get(field, "") for field, name in _CHOICES.items()}
    return Wish(sieve, **chosen, offset=start - start % PAGE)


def number(text: str) -> int:
    """A number of the address, bounded; 0 for what is none."""
    return min(int(text), MAXIMUM_OFFSET) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _address(path: str, wish: Wish, *, preview: str = "", **changes: str | int | bool) -> str:
    """The address of the same table with something changed; by itself it begins at the newest, with nothing read beside."""
    sieve = {name: value for name, value in changes.items() if name in _SIEVE.values()}
    wished = replace(wish, sieve=replace(wish.sieve, **sieve), offset=changes.get("offset", 0))  # type: ignore[arg-type]
    chosen = {name: value for name, value in changes.items() if name in _CHOICES.values()}
    wished = replace(wished, **chosen)  # type: ignore[arg-type]
    fields = {"filtres": "1", **{field: "1" for field, name in _SIEVE.items() if getattr(wished.sieve, name)}}
    fields |= {field: value for field, name in _CHOICES.items() if (value := getattr(wished, name))}
    fields |= {"depuis": str(wished.offset)} if wished.offset else {}
    fields |= {"apercu": preview} if preview else {}
    return f"{path}?{urlencode(fields)}"


async def _preview(visit: ProVisit, unique_id: str, found: Table) -> Preview:
    located, about = await visit.perform(reading(unique_id))
    names = [row.document.unique_id for row in found.rows]
    place = names.index(unique_id) if unique_id in names else -1
    before = names[place - 1] if place > 0 else ""
    after = names[place + 1] if 0 <= place < len(names) - 1 else ""
    return Preview(about, await _view(visit, located), before, after)


async def _view(visit: ProVisit, located: Located) -> View | None:
    try:
        content = await fetch(visit.space.gate.platform, located)
    except IntegrityFailure:
        return None
    return await ROOM.look(partial(view_of, content, 1, language_of(visit.request)))


def document_path(visit: ProVisit, unique_id: str, rest: str = "") -> str:
    """The address of a document of the open record."""
    return visit.path(f"/documents/{quote(unique_id, safe='')}{rest}")
