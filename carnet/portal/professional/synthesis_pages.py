"""The synthesis of a record: what stands, the draft line by line, the document before it is signed, the signature."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from starlette.responses import HTMLResponse, Response

from carnet.cda.contents import contents_of
from carnet.cda.header import read_header
from carnet.cda.rendering import PAGE_POLICY, page_of
from carnet.cda.synthesis_model import Part, Told
from carnet.cda.synthesis_narrative import date_words
from carnet.cda.synthesis_templates import ABSENCES, HABITS, MEASUREMENTS, RELATIVES, SYSTEM_NAMES
from carnet.clock import to_dtm
from carnet.errors import DuplicateIdentifier, MalformedMessage, UnknownDocument
from carnet.portal.professional.pro_visit import ProVisit
from carnet.portal.professional.synthesis_form import FIELDS, LONGEST, WrongLine, line_of, typed_of
from carnet.portal.visit import see_other
from carnet.record.deposit_drafts import deposited, to_replace
from carnet.record.deposit_kinds import usual_activity
from carnet.record.extract_filling import fill
from carnet.record.retrieval import fetch
from carnet.record.step_up import StepUpNeeded
from carnet.record.synthesis_acts import (
    StandingSynthesis,
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
from carnet.record.synthesis_lines import DraftLine, SynthesisDraft
from carnet.record.synthesis_signing import (
    ChangedSince,
    Former,
    SigningBasis,
    basis,
    digest,
    require_fresh,
    signing,
    written,
)
from carnet.viewing.showing import Drawing
from carnet.viewing.side_room import ROOM

PATIENCE = 3.0
"""Seconds after which no further document is begun while a draft waits for what was not read yet."""
DRAFT = "/synthese/brouillon"


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
    return _draft_page(visit, found.draft)


async def change_line(visit: ProVisit) -> Response:
    """Keeps, leaves out, moves or corrects one line."""
    fields, line_id = await visit.form(), str(visit.request.path_params["line"])
    action = fields.get("action", "")
    if action == "corriger":
        return await _correct(visit, fields, line_id)
    works = {
        "garder": keeping(line_id, kept=True),
        "retirer": keeping(line_id, kept=False),
        "deplacer": moving(line_id),
    }
    if action not in works:
        raise MalformedMessage("This form names no act.")
    await visit.perform(changing(visit.requester, fields.get("brouillon", ""), works[action]))
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
    return see_other(visit.path(f"{DRAFT}?fait={action}#partie-{part.value}"))


async def give_up(visit: ProVisit) -> Response:
    """Drops the draft: the next is made anew from the record."""
    await visit.form()
    await visit.perform(giving_up(visit.requester))
    return see_other(visit.path("/synthese?fait=abandonner"))


async def review(visit: ProVisit) -> Response:
    """The document as it will be signed, in our own view, and the form of the signature."""
    return await _review_page(visit)


async def review_frame(visit: ProVisit) -> Response:
    """The document alone, for the frame of that page."""
    _content, made, former = await _written(visit)
    content = written(visit.requester, made, former, signed=to_dtm(visit.space.gate.platform.clock()))
    text = await ROOM.look(partial(_framed, content, visit.language))
    return HTMLResponse(text, headers={"content-security-policy": PAGE_POLICY, "x-frame-options": "SAMEORIGIN"})


async def sign(visit: ProVisit) -> Response:
    """Signs and deposits what was shown, of a doctor who has just shown who they are. Sent twice, it is done once."""
    fields = await visit.form()
    try:
        require_fresh(visit.space.gate.platform, visit.caller.shown_at)
    except StepUpNeeded:
        return await _review_page(visit, status=403, wrong="step-up")
    try:
        _content, made, former = await _written(visit)
    except UnknownDocument:
        return await _done_already(visit, fields)
    if made.draft.name != fields.get("brouillon", ""):
        return await _review_page(visit, status=409, wrong="changed")
    platform, shown = visit.space.gate.platform, fields.get("montre", "")
    try:
        act = await asyncio.to_thread(signing, platform, visit.requester, made, former, shown=shown)
        await visit.perform(act)
    except ChangedSince:
        return await _review_page(visit, status=409, wrong="changed")
    except (DuplicateIdentifier, UnknownDocument):
        return await _done_already(visit, fields)
    return see_other(visit.path("/synthese?fait=signer"))


# --- pages -----------------------------------------------------------------------------------------------------------


async def _correct(visit: ProVisit, fields: Mapping[str, str], line_id: str) -> Response:
    found = (await visit.perform(drafting(visit.requester, final=True))).draft
    known = next((one for one in found.lines if one.line_id == line_id), None)
    if known is None or found.name != fields.get("brouillon", ""):
        raise UnknownDocument("No such line in this synthesis.")
    try:
        line = line_of(known.part, fields, known.line)
    except WrongLine as wrong:
        return _draft_page(visit, found, Wrong(line_id, wrong.name, wrong.why, wrong.typed))
    await visit.perform(changing(visit.requester, found.name, correcting(line_id, line)))
    return see_other(visit.path(f"{DRAFT}?fait=corriger#ligne-{line_id}"))


async def _again(visit: ProVisit, wrong: Wrong) -> Response:
    found = await visit.perform(drafting(visit.requester, final=True))
    return _draft_page(visit, found.draft, wrong)


def _draft_page(visit: ProVisit, found: SynthesisDraft, wrong: Wrong | None = None) -> HTMLResponse:
    return visit.page(
        "pro_synthesis_draft.html",
        status=200 if wrong is None else 422,
        draft=found,
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


async def _review_page(visit: ProVisit, *, status: int = 200, wrong: str = "") -> HTMLResponse:
    content, made, former = await _written(visit)
    stands: StandingSynthesis = await visit.perform(standing())
    return visit.page(
        "pro_synthesis_review.html",
        status=status,
        draft=made.draft,
        shown=digest(content),
        replaces=former is not None,
        sealed=stands.sealed,
        wrong=wrong,
    )


async def _written(visit: ProVisit) -> tuple[bytes, SigningBasis, Former | None]:
    """The document but for the moment of its signature, with all that it is made of."""
    requester = visit.requester
    made = await visit.perform(basis(requester))
    former = None
    if made.replaces:
        found = await visit.perform(to_replace(requester, made.replaces))
        content = await fetch(visit.space.gate.platform, found.located)
        former = Former(read_header(content), found.entry_uuid)
    return written(requester, made, former), made, former


async def _done_already(visit: ProVisit, fields: Mapping[str, str]) -> Response:
    """Where a form is sent a second time: its document is there, or there is nothing to sign. Raises UnknownDocument."""
    requester = visit.requester
    if await visit.perform(deposited(requester, fields.get("brouillon", ""), usual_activity(requester), "")) is None:
        raise UnknownDocument("No synthesis is being written.")
    return see_other(visit.path("/synthese?fait=signer"))


def _framed(content: bytes, language: str) -> str:
    return page_of(contents_of(content, Drawing(), language=language), language=language)


def _part(visit: ProVisit) -> Part:
    try:
        return Part(str(visit.request.path_params["part"]))
    except ValueError as error:
        raise UnknownDocument("No such part of a synthesis.") from error
