"""What a document states part by part, as a synthesis does: of summaries, letters and whatever else has such sections, in its author's words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from carnet.cda.contents import clinical_document
from carnet.cda.header import read_header
from carnet.cda.header_model import LEVEL_3
from carnet.cda.medication import LineKind, MedicineLine, medicine_lines
from carnet.cda.participants import HL7, child_at, code_of, text_of
from carnet.cda.result_values import Anchors, anchors_of, label_of, plain_text, referred_text, value_of
from carnet.cda.stated_absences import ABSENT_OR_UNKNOWN
from carnet.cda.synthesis_model import NO_CODE, Part, Stated, SynthesisLine, Told
from carnet.cda.synthesis_templates import ALLERGY_NATURE, FAMILY_MEMBER, PART_OF, PROBLEM_NATURE
from carnet.metadata import Code

_COMMENT = "48767-8"
_BY_TEXT = frozenset({Part.ALERTS, Part.WORK, Part.FUNCTION})
_MEDICINES = {Part.TREATMENTS: LineKind.STATED, Part.VACCINATIONS: LineKind.INJECTED}


def stated_in(content: bytes) -> tuple[Stated, ...]:
    """What a document says of each part that it has a section for, in its order; () for level 1. Raises InvalidDocument for what is no CDA."""
    if read_header(content).body.element != LEVEL_3:
        return ()
    document = clinical_document(content)
    anchors = anchors_of(document)
    medicines = medicine_lines(content)
    found: dict[Part, Stated] = {}
    for section in document.iter(f"{HL7}section"):
        part = PART_OF.get(code_of(child_at(section, "code")).code)
        if part is not None:
            found[part] = _joined(found.get(part), _stated(part, section, anchors, medicines))
    return tuple(found.values())


def _joined(before: Stated | None, now: Stated) -> Stated:
    """Two sections of one part: lines win over what says that there are none."""
    if before is None or before.told is not Told.LINES:
        return now if before is None or now.told is not Told.NOT_STATED else before
    return Stated(now.part, Told.LINES, before.lines + now.lines)


def _stated(part: Part, section: Any, anchors: Anchors, medicines: tuple[MedicineLine, ...]) -> Stated:
    said = _absence(section)
    if said is not None:
        return Stated(part, said)
    if part in _MEDICINES:
        code = code_of(child_at(section, "code"))
        lines = tuple(medicine_line(one) for one in medicines if _belongs(one, part, code))
    else:
        read = _READERS.get(part)
        lines = tuple(read(section, anchors)) if read is not None else ()
    lines = tuple(
        one for one in lines if one.label
    )  # an entry that names nothing is a form left empty: no allergy, no problem
    if not lines and (part in _BY_TEXT or child_at(section, "entry") is None):
        lines = tuple(_texts(section))
    return Stated(part, Told.LINES if lines else Told.NOT_STATED, lines)


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
    code = line.product if line.product.code else NO_CODE
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


def _observations(section: Any) -> Iterator[Any]:
    """The statements of a section: those inside concerns, or the entries themselves."""
    for entry in section.iterchildren(f"{HL7}entry"):
        for one in entry.iterchildren(f"{HL7}act", f"{HL7}observation"):
            if one.tag == f"{HL7}observation":
                yield one
                continue
            for relation in one.iterchildren(f"{HL7}entryRelationship"):
                yield from relation.iterchildren(f"{HL7}observation")


def _problems(section: Any, anchors: Anchors) -> Iterator[SynthesisLine]:
    for one in _observations(section):
        if one.get("negationInd") != "true":
            yield _statement(one, child_at(one, "value"), anchors)


def _allergies(section: Any, anchors: Anchors) -> Iterator[SynthesisLine]:
    for one in _observations(section):
        if one.get("negationInd") == "true":
            continue
        agent = child_at(one, "participant", "participantRole", "playingEntity")
        coded = child_at(agent, "code") if agent is not None else None
        line = _statement(one, coded if coded is not None else child_at(one, "value"), anchors)
        yield line if line.label or agent is None else SynthesisLine(text_of(child_at(agent, "name")))


def _statement(one: Any, coded: Any, anchors: Anchors) -> SynthesisLine:
    start, end = _period(one)
    return SynthesisLine(
        label=label_of(coded, anchors) or referred_text(child_at(one, "text"), anchors),
        code=_plain(coded),
        nature=_unless(code_of(child_at(one, "code")), (PROBLEM_NATURE, ALLERGY_NATURE)),
        start=start,
        end=end,
        note=_note(one, anchors),
    )


def _procedures(section: Any, anchors: Anchors) -> Iterator[SynthesisLine]:
    for one in _direct(section, "procedure"):
        yield _named(one, child_at(one, "code"), anchors)


def _devices(section: Any, anchors: Anchors) -> Iterator[SynthesisLine]:
    for one in _direct(section, "supply"):
        yield _named(one, child_at(one, "participant", "participantRole", "playingDevice", "code"), anchors)


def _named(one: Any, coded: Any, anchors: Anchors) -> SynthesisLine:
    start, end = _period(one)
    label = label_of(coded, anchors) or referred_text(child_at(one, "text"), anchors)
    return SynthesisLine(label, _plain(coded), start=start, end=end, note=_note(one, anchors))


def _values(section: Any, anchors: Anchors) -> Iterator[SynthesisLine]:
    """Observations whose code says what they are about and whose value what it is: measurements, habits."""
    for entry in section.iterchildren(f"{HL7}entry"):
        for one in entry.iter(f"{HL7}observation"):
            value = child_at(one, "value")
            if value is None or child_at(one, "code") is None:
                continue
            told = value_of(value, anchors)
            yield SynthesisLine(
                label=label_of(child_at(one, "code"), anchors),
                code=_plain(child_at(one, "code")),
                start=_period(one)[0],
                value=told.digits or told.text,
                unit=told.unit,
                answer=Code(told.code.code, told.code.system) if told.code.code else NO_CODE,
                note=_note(one, anchors),
            )


def _family(section: Any, anchors: Anchors) -> Iterator[SynthesisLine]:
    for organizer in _direct(section, "organizer"):
        relative = _unless(code_of(child_at(organizer, "subject", "relatedSubject", "code")), (FAMILY_MEMBER,))
        for component in organizer.iterchildren(f"{HL7}component"):
            for one in component.iterchildren(f"{HL7}observation"):
                line = _statement(one, child_at(one, "value"), anchors)
                yield SynthesisLine(
                    line.label, line.code, line.nature, relative, start=line.start, end=line.end, note=line.note
                )


_READERS: Mapping[Part, Callable[[Any, Anchors], Iterator[SynthesisLine]]] = MappingProxyType(
    {
        Part.PROBLEMS: _problems,
        Part.HISTORY: _problems,
        Part.ALLERGIES: _allergies,
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


def _plain(coded: Any) -> Code:
    """A code without its label, which is the line's."""
    found = code_of(coded)
    return Code(found.code, found.system) if found.code else NO_CODE


def _unless(code: Code, usual: tuple[Code, ...]) -> Code:
    """The code, or none where it is one that says nothing more than the section does."""
    return (
        NO_CODE if not code.code or any((one.code, one.system) == (code.code, code.system) for one in usual) else code
    )


def _period(one: Any) -> tuple[str, str]:
    time = child_at(one, "effectiveTime")
    low, high = child_at(time, "low"), child_at(time, "high")
    start = _stamp(low) or _stamp(time)
    return start, _stamp(high)


def _stamp(element: Any) -> str:
    return "" if element is None else str(element.get("value", ""))


def _note(one: Any, anchors: Anchors) -> str:
    """The comments that a statement carries itself."""
    told = []
    for relation in one.iterchildren(f"{HL7}entryRelationship"):
        act = child_at(relation, "act")
        if act is not None and code_of(child_at(act, "code")).code == _COMMENT:
            told.append(referred_text(child_at(act, "text"), anchors))
    return " ; ".join(one for one in told if one)


# --- by the narrative ------------------------------------------------------------------------------------------------


def _texts(section: Any) -> Iterator[SynthesisLine]:
    """The rows of a section's tables, else its items or paragraphs, else its text: what a section without entries says."""
    text = child_at(section, "text")
    if text is None:
        return
    for names in (("tbody", "tr"), ("item",), ("paragraph",)):
        rows = text.findall(".//" + "/".join(HL7 + name for name in names))
        if rows:
            break
    else:
        rows = [text]
    for row in rows:
        told = plain_text(row)
        if told:
            yield SynthesisLine(told)
