"""The synthesis of a record: what stands, the draft line by line, the document before it is signed, the signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import HTMLResponse, Response

from carnet.cda.synthesis_model import Part, Told
from carnet.cda.synthesis_narrative import date_words
from carnet.cda.synthesis_templates import ABSENCES, HABITS, MEASUREMENTS, RELATIVES, SYSTEM_NAMES
from carnet.errors import MalformedMessage, UnknownDocument
from carnet.portal.professional.pro_visit import ProVisit
from carnet.portal.professional.synthesis_form import FIELDS, LONGEST, WrongLine, line_of, typed_of
from carnet.portal.visit import see_other
from carnet.record.extract_filling import fill
from carnet.record.synthesis_acts import (
    ChangedLine,
    TooManyLines,
    adding,
    changing,
    correcting,
    drafting,
    giving_up,
    keeping,
    moving,
    saying,
    standing,
)
from carnet.record.synthesis_draft import Drafted
from carnet.record.synthesis_lines import DraftLine

PATIENCE = 3.0
"""Seconds after which no further document is begun while a draft waits for what was not read yet."""
DRAFT = "/synthese/brouillon"
ELSEWHERE = "/synthese?fait=ailleurs"
"""Where a form leads whose draft or line is not there any more: another page signed, dropped or changed it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line as the page shows it: its dates and code in words, and what its form has in its fields."""

    draft: DraftLine
    dates: str
    code: str
    typed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Wrong:
    """A form that was not taken: of which line or part, what is wrong in which field, and what was typed."""

    where: str
    name: str
    why: str
    typed: Mapping[str, str]


async def show(visit: ProVisit) -> Response:
    """What stands, and the way to the next for who may write it."""
    return visit.page("pro_synthesis.html", standing=await visit.perform(standing()))


async def draft(visit: ProVisit) -> Response:
    """The draft, made of what this doctor may read where there is none yet."""
    requester = visit.requester
    found = await visit.perform(drafting(requester, final=False))
    if found.missing.unique_ids:
        await fill(visit.space.gate, found.missing, seconds=PATIENCE)
        found = await visit.perform(drafting(requester, final=True))
    return _draft_page(visit, found)


async def change_line(visit: ProVisit) -> Response:
    """Keeps, leaves out, moves or corrects one line."""
    fields, line_id = await visit.form(), str(visit.request.path_params["line"])
    action = fields.get("action", "")
    if action == "corriger":
        return await _correct(visit, fields, line_id)
    works = {
        "garder": keeping(line_id, kept=True),
        "retirer": keeping(line_id, kept=False),
        "deplacer": moving(line_id, Part.HISTORY if fields.get("vers") == Part.HISTORY else Part.PROBLEMS),
    }
    if action not in works:
        raise MalformedMessage("This form names no act.")
    try:
        await visit.perform(changing(visit.requester, fields.get("brouillon", ""), works[action]))
    except UnknownDocument:
        return see_other(visit.path(ELSEWHERE))
    return see_other(visit.path(f"{DRAFT}?fait={action}#ligne-{line_id}"))


async def change_part(visit: ProVisit) -> Response:
    """Adds a line to a part, or says of it that there is nothing as far as is known, or nothing at all."""
    fields = await visit.form()
    part, action, name = _part(visit), fields.get("action", ""), fields.get("brouillon", "")
    if action == "dire" and fields.get("dit") in {one.value for one in (Told.NONE_KNOWN, Told.NOT_STATED)}:
        work = saying(part, Told(fields["dit"]))
    elif action == "ajouter":
        try:
            work = adding(part, line_of(part, fields))
        except WrongLine as wrong:
            return await _again(visit, Wrong(part.value, wrong.name, wrong.why, wrong.typed))
    else:
        raise MalformedMessage("This form names no act.")
    try:
        await visit.perform(changing(visit.requester, name, work))
    except TooManyLines:
        return await _again(visit, Wrong(part.value, "libelle", "many", {}))
    except UnknownDocument:
        return see_other(visit.path(ELSEWHERE))
    return see_other(visit.path(f"{DRAFT}?fait={action}#partie-{part.value}"))


async def give_up(visit: ProVisit) -> Response:
    """Drops the draft: the next is made anew from the record."""
    await visit.form()
    await visit.perform(giving_up(visit.requester))
    return see_other(visit.path("/synthese?fait=abandonner"))


# --- pages -----------------------------------------------------------------------------------------------------------


async def _correct(visit: ProVisit, fields: Mapping[str, str], line_id: str) -> Response:
    found = await visit.perform(drafting(visit.requester, final=True))
    known = next((one for one in found.draft.lines if one.line_id == line_id), None)
    if known is None or found.draft.name != fields.get("brouillon", ""):
        return see_other(visit.path(ELSEWHERE))
    first = FIELDS[known.part][0]
    try:
        line = line_of(known.part, fields, known.line)
        work = correcting(line_id, line, fields.get("vue", ""))
        await visit.perform(changing(visit.requester, found.draft.name, work))
    except WrongLine as wrong:
        return _draft_page(visit, found, Wrong(line_id, wrong.name, wrong.why, wrong.typed))
    except ChangedLine:
        return await _again(visit, Wrong(line_id, first, "changed", typed_of(known.part, line)))
    return see_other(visit.path(f"{DRAFT}?fait=corriger#ligne-{line_id}"))


async def _again(visit: ProVisit, wrong: Wrong) -> Response:
    return _draft_page(visit, await visit.perform(drafting(visit.requester, final=True)), wrong)


def _draft_page(visit: ProVisit, drafted: Drafted, wrong: Wrong | None = None) -> HTMLResponse:
    found = drafted.draft
    return visit.page(
        "pro_synthesis_draft.html",
        status=200 if wrong is None else 422,
        draft=found,
        newer=drafted.newer,
        parts=tuple((part, _rows(found.kept_in(part)), _rows(found.left_out_of(part))) for part in Part),
        fields=FIELDS,
        absences=frozenset(ABSENCES),
        longest=LONGEST,
        measurements=MEASUREMENTS,
        habits=HABITS,
        relatives=RELATIVES,
        day_words=date_words,
        wrong=wrong,
    )


def _rows(lines: list[DraftLine]) -> tuple[Row, ...]:
    return tuple(_row(one) for one in lines)


def _row(one: DraftLine) -> Row:
    line = one.line
    dates = " - ".join(filter(None, (date_words(line.start), date_words(line.end))))
    system = SYSTEM_NAMES.get(line.code.system, line.code.system)
    coded = f"{system} {line.code.code}" if line.code.code and one.part not in _ABOUT else ""
    return Row(one, dates, coded, typed_of(one.part, line))


_ABOUT = frozenset({Part.MEASUREMENTS, Part.HABITS})
"""Parts whose code says what a line is about, as its words do."""


def _part(visit: ProVisit) -> Part:
    try:
        return Part(str(visit.request.path_params["part"]))
    except ValueError as error:
        raise UnknownDocument("No such part of a synthesis.") from error
