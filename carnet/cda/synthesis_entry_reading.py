"""What the entries of a section state, line by line, in their author's words: problems, allergies, acts, devices, measurements, habits, family."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from carnet.cda.participants import HL7, child_at, code_of, text_of
from carnet.cda.result_values import Anchors, label_of, referred_text, value_of
from carnet.cda.stated_absences import ABSENT_OR_UNKNOWN
from carnet.cda.synthesis_model import NO_CODE, Part, SynthesisLine
from carnet.cda.synthesis_templates import ALLERGY_NATURE, FAMILY_MEMBER, PROBLEM_NATURE
from carnet.metadata import Code

_COMMENT = "48767-8"


def _observations(section: Any) -> Iterator[Any]:
    """The statements of a section: those inside concerns, or the entries themselves."""
    for entry in section.iterchildren(f"{HL7}entry"):
        for one in entry.iterchildren(f"{HL7}act", f"{HL7}observation"):
            inside = (one,)
            if one.tag != f"{HL7}observation":
                relations = one.iterchildren(f"{HL7}entryRelationship")
                inside = tuple(found for relation in relations for found in relation.iterchildren(f"{HL7}observation"))
            yield from filter(_holds, inside)


def absences_stated(element: Any) -> set[str]:
    """The codes of absence in an element. One that is about a sort of agent alone says nothing of the others."""
    return {
        one.get("code", "")
        for one in element.iter(f"{HL7}code", f"{HL7}value")
        if one.get("codeSystem") == ABSENT_OR_UNKNOWN
    }


def _holds(one: Any) -> bool:
    """Whether a statement says that something is so: neither that it is not, nor that it is asked for or meant to be, nor that nothing is known."""
    is_event = one.get("moodCode", "EVN") == "EVN"
    return is_event and one.get("negationInd") != "true" and not absences_stated(one)


def _problems(section: Any, anchors: Anchors) -> Iterator[SynthesisLine]:
    for one in _observations(section):
        yield _statement(one, child_at(one, "value"), anchors)


def _allergies(section: Any, anchors: Anchors) -> Iterator[SynthesisLine]:
    for one in _observations(section):
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
            if value is None or child_at(one, "code") is None or not _holds(one):
                continue
            told = value_of(value, anchors)
            yield SynthesisLine(
                label=label_of(child_at(one, "code"), anchors),
                code=_plain(child_at(one, "code")),
                start=_period(one)[0],
                value=told.shown,
                unit=told.shown_unit,
                answer=Code(told.code.code, told.code.system) if told.code.code else NO_CODE,
                note=_note(one, anchors),
            )


def _family(section: Any, anchors: Anchors) -> Iterator[SynthesisLine]:
    for organizer in _direct(section, "organizer"):
        relative = _unless(code_of(child_at(organizer, "subject", "relatedSubject", "code")), (FAMILY_MEMBER,))
        for component in organizer.iterchildren(f"{HL7}component"):
            for one in filter(_holds, component.iterchildren(f"{HL7}observation")):
                line = _statement(one, child_at(one, "value"), anchors)
                yield SynthesisLine(
                    line.label, line.code, line.nature, relative, start=line.start, end=line.end, note=line.note
                )


READERS: Mapping[Part, Callable[[Any, Anchors], Iterator[SynthesisLine]]] = MappingProxyType(
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
        yield from filter(_holds, entry.iterchildren(HL7 + name))


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
