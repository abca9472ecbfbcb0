"""What a document states part by part, as a synthesis does: of summaries, letters and whatever else has such sections, in its author's words.

Problems, history and allergies are read by `problems`, once for a synthesis and for every page that lists them; what a synthesis does not say
of them (denials, other people) is left out here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from carnet.cda.contents import clinical_document
from carnet.cda.header import read_header
from carnet.cda.header_model import LEVEL_3
from carnet.cda.medication import LineKind, MedicineLine, medicine_lines
from carnet.cda.participants import HL7, child_at, code_of
from carnet.cda.problems import Problem, ProblemKind, Statements, statements_among
from carnet.cda.result_values import Anchors, anchors_of, label_of, referred_text, value_of
from carnet.cda.section_entries import (
    comments_of,
    is_in_error,
    names_another,
    of_another,
    period_of,
    sections_of,
    text_rows,
)
from carnet.cda.stated_absences import ABSENT_OR_UNKNOWN
from carnet.cda.synthesis_layouts import RESULTS, VSM
from carnet.cda.synthesis_model import NO_CODE, Part, Stated, SynthesisLine, Told
from carnet.cda.synthesis_narrative import NOT_STATED
from carnet.cda.synthesis_templates import ALLERGY_NATURE, FAMILY_MEMBER, PART_OF, PROBLEM_NATURE, PRODUCT_SYSTEMS
from carnet.metadata import Code

_BY_TEXT = frozenset({Part.ALERTS, Part.WORK, Part.FUNCTION})
_PARTS_OF_A_VSM = {**PART_OF, RESULTS: Part.ALERTS}
"""A VSM has its points to watch in a section that is of results everywhere else."""
_MEDICINES = {Part.TREATMENTS: LineKind.STATED, Part.VACCINATIONS: LineKind.INJECTED}
_LISTS = {
    ProblemKind.ALLERGY: Part.ALLERGIES,
    ProblemKind.ACTIVE: Part.PROBLEMS,
    ProblemKind.PAST: Part.HISTORY,
}
_USUAL_STANDING = frozenset({"", "active"})
_USUAL_CERTAINTY = frozenset({"", "confirmed"})


class Said(NamedTuple):
    """What one document states: its lists of problems, history and allergies, and its other parts."""

    lists: Statements
    parts: tuple[Stated, ...]


def stated_in(content: bytes) -> tuple[Stated, ...]:
    """What a document says of each part that it has a section for; () for level 1. Raises InvalidDocument for what is no CDA."""
    said = said_in(content)
    return (*lists_as_parts(said.lists), *said.parts)


def said_in(content: bytes) -> Said:
    """The same, with the lists as their authors stated them. Raises InvalidDocument for what is no CDA."""
    header = read_header(content)
    if header.body.element != LEVEL_3:
        return Said(Statements(), ())
    document = clinical_document(content)
    anchors = anchors_of(document)
    medicines = medicine_lines(content)
    parts = _PARTS_OF_A_VSM if VSM in header.template_ids else PART_OF
    found: dict[Part, Stated] = {}
    for code, section in sections_of(document):
        part = parts.get(code)
        if part is not None and part not in _LISTS.values():
            found[part] = _joined(found.get(part), _stated(part, section, anchors, medicines))
    return Said(statements_among(document, anchors), tuple(found.values()))


# --- problems, history, allergies --------------------------------------------------------------------------------------


def lists_as_parts(lists: Statements) -> Iterator[Stated]:
    """What a synthesis takes of each list that a document has."""
    for kind in lists.lists:
        lines = tuple(_line(one) for one in lists.problems if one.kind is kind and not one.denied)
        rows = tuple(SynthesisLine(row) for one in lists.worded if one.kind is kind for row in one.rows)
        none = any(one.kind is kind and one.said.known and not one.said.of for one in lists.absences)
        told = Told.LINES if lines or rows else Told.NONE_KNOWN if none else Told.NOT_STATED
        yield Stated(_LISTS[kind], told, lines or rows)


def _line(one: Problem) -> SynthesisLine:
    """A statement as a line; that it is over, or not sure, goes into the note."""
    usual = one.standing.code in _USUAL_STANDING, one.certainty.code in _USUAL_CERTAINTY
    told = (code.display for code, plain in zip((one.standing, one.certainty), usual, strict=True) if not plain)
    return SynthesisLine(
        label=one.label,
        code=_plain(one.code),
        nature=_unless(one.nature, (PROBLEM_NATURE, ALLERGY_NATURE)),
        start=one.start,
        end=one.end,
        note=" ; ".join(filter(None, (*told, one.note))),
    )


# --- the other parts ---------------------------------------------------------------------------------------------------


def _joined(before: Stated | None, now: Stated) -> Stated:
    """Two sections of one part: lines win over what says that there are none."""
    if before is None or before.told is not Told.LINES:
        return now if before is None or now.told is not Told.NOT_STATED else before
    return Stated(now.part, Told.LINES, before.lines + now.lines)


def _stated(part: Part, section: Any, anchors: Anchors, medicines: tuple[MedicineLine, ...]) -> Stated:
    if part in _MEDICINES:
        code = code_of(child_at(section, "code"))
        lines = tuple(medicine_line(one) for one in medicines if _belongs(one, part, code))
    else:
        read = _READERS.get(part)
        lines = tuple(read(section, anchors)) if read is not None else ()
    lines = tuple(one for one in lines if _names_something(one))
    absence = None if lines else _absence(section)
    if absence is None and not lines and (part in _BY_TEXT or child_at(section, "entry") is None):
        lines = tuple(map(SynthesisLine, text_rows(section)))
        says_nothing = child_at(section, "text", "table") is None and [one.label for one in lines] == [NOT_STATED]
        lines = () if says_nothing else lines
    return Stated(part, Told.LINES if lines else absence or Told.NOT_STATED, lines)


def _names_something(line: SynthesisLine) -> bool:
    """Whether it is neither a form left empty nor a code of absence."""
    return bool(line.label) and line.code.system != ABSENT_OR_UNKNOWN


def _absence(section: Any) -> Told | None:
    """What a section's entries state of absence, where one does."""
    for entry in section.iterchildren(f"{HL7}entry"):
        for one in entry.iter(f"{HL7}code", f"{HL7}value"):
            if one.get("codeSystem") == ABSENT_OR_UNKNOWN:
                return Told.NONE_KNOWN if one.get("code", "").startswith("no-known-") else Told.NOT_STATED
    return None


def _belongs(line: MedicineLine, part: Part, section: Code) -> bool:
    return line.kind is _MEDICINES[part] and line.section.code == section.code and not line.refused


def medicine_line(line: MedicineLine) -> SynthesisLine:
    """A medicine or vaccination as a line of a synthesis; its dosages and instructions are the note."""
    told = [one for one in (*line.texts, *line.instructions) if one != line.name]
    code = next((one for one in (line.product, *line.classes) if one.code and one.system in PRODUCT_SYSTEMS), NO_CODE)
    return SynthesisLine(
        label=line.name,
        code=Code(code.code, code.system),
        start=line.start,
        end=line.end,
        lot=line.lot,
        rank=line.rank,
        note=" ; ".join(dict.fromkeys(told)),
    )


# --- by entries ------------------------------------------------------------------------------------------------------


def _statement(one: Any, coded: Any, anchors: Anchors) -> SynthesisLine:
    start, end = period_of(one)
    return SynthesisLine(
        label=label_of(coded, anchors) or referred_text(child_at(one, "text"), anchors),
        code=_coded(coded),
        nature=_unless(code_of(child_at(one, "code")), (PROBLEM_NATURE, ALLERGY_NATURE)),
        start=start,
        end=end,
        note=" ; ".join(comments_of(one, anchors)),
    )


def _procedures(section: Any, anchors: Anchors) -> Iterator[SynthesisLine]:
    for one in _own(section, "procedure"):
        yield _named(one, child_at(one, "code"), anchors)


def _devices(section: Any, anchors: Anchors) -> Iterator[SynthesisLine]:
    for one in _own(section, "supply"):
        yield _named(one, child_at(one, "participant", "participantRole", "playingDevice", "code"), anchors)


def _named(one: Any, coded: Any, anchors: Anchors) -> SynthesisLine:
    start, end = period_of(one)
    label = label_of(coded, anchors) or referred_text(child_at(one, "text"), anchors)
    return SynthesisLine(label, _coded(coded), start=start, end=end, note=" ; ".join(comments_of(one, anchors)))


def _values(section: Any, anchors: Anchors) -> Iterator[SynthesisLine]:
    """Observations whose code says what they are about and whose value what it is: measurements, habits."""
    for entry in section.iterchildren(f"{HL7}entry"):
        for one in entry.iter(f"{HL7}observation"):
            value = child_at(one, "value")
            if value is None or child_at(one, "code") is None or not _holds(one) or of_another(one):
                continue
            told = value_of(value, anchors)
            yield SynthesisLine(
                label=label_of(child_at(one, "code"), anchors),
                code=_coded(child_at(one, "code")),
                start=period_of(one)[0],
                value=told.shown,
                unit=told.shown_unit,
                answer=Code(told.code.code, told.code.system) if told.code.code else NO_CODE,
                note=" ; ".join(comments_of(one, anchors)),
            )


def _family(section: Any, anchors: Anchors) -> Iterator[SynthesisLine]:
    for organizer in _direct(section, "organizer"):  # the one part that is about others
        relative = _unless(code_of(child_at(organizer, "subject", "relatedSubject", "code")), (FAMILY_MEMBER,))
        for component in organizer.iterchildren(f"{HL7}component"):
            for one in filter(_holds, component.iterchildren(f"{HL7}observation")):
                line = _statement(one, child_at(one, "value"), anchors)
                yield SynthesisLine(
                    line.label, line.code, line.nature, relative, start=line.start, end=line.end, note=line.note
                )


_READERS: Mapping[Part, Callable[[Any, Anchors], Iterator[SynthesisLine]]] = MappingProxyType(
    {
        Part.PROCEDURES: _procedures,
        Part.DEVICES: _devices,
        Part.MEASUREMENTS: _values,
        Part.HABITS: _values,
        Part.FAMILY: _family,
    }
)


def _direct(section: Any, name: str) -> Iterator[Any]:
    for entry in section.iterchildren(f"{HL7}entry"):
        yield from entry.iterchildren(HL7 + name)


def _own(section: Any, name: str) -> Iterator[Any]:
    """The entries that are about the patient, and say that something is so."""
    return (one for one in _direct(section, name) if not names_another(one) and _holds(one))


def _holds(one: Any) -> bool:
    """Whether a statement says that something is so: neither that it is not, nor that it is asked for or meant to be, nor in error."""
    is_event = one.get("moodCode", "EVN") == "EVN"
    return is_event and one.get("negationInd") != "true" and not is_in_error(one)


def _coded(element: Any) -> Code:
    return _plain(code_of(element))


def _plain(code: Code) -> Code:
    """A code without its label, which is the line's."""
    return Code(code.code, code.system) if code.code else NO_CODE


def _unless(code: Code, usual: tuple[Code, ...]) -> Code:
    """The code, or none where it is one that says nothing more than the section does."""
    return (
        NO_CODE if not code.code or any((one.code, one.system) == (code.code, code.system) for one in usual) else code
    )
