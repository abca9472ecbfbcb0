"""The entries of a synthesis: each line as the CI-SIS models it, coded where its source was coded, and naming its place in the narrative."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from carnet.cda.synthesis_concerns import concerns
from carnet.cda.synthesis_markup import coded, element, moment, original, period, referring, templates
from carnet.cda.synthesis_medicines import treatments, vaccinations
from carnet.cda.synthesis_model import LOINC, NO_CODE, Part, Stated, SynthesisLine, Told
from carnet.cda.synthesis_narrative import anchor_of
from carnet.cda.synthesis_statements import coded_value, comment, labelled, statement_id
from carnet.cda.synthesis_templates import ABSENCES, CCD, FAMILY_MEMBER, FR, PCC, PROBLEM_NATURE
from carnet.metadata import Code


def entries_of(stated: Stated, document: str) -> list[Any]:
    """The `entry` elements of a part; `document` is the document's OID, under which every statement has its own identifier."""
    write = _WRITERS.get(stated.part)
    if write is None:
        return []
    return [element("entry", one) for one in write(stated.part, document, _lines(stated))]


def _lines(stated: Stated) -> Sequence[SynthesisLine]:
    """The lines; where there are none, what states an absence as a line of its own."""
    if stated.told is Told.LINES:
        return stated.lines
    none, unknown = ABSENCES.get(stated.part, (NO_CODE, NO_CODE))
    said = none if stated.told is Told.NONE_KNOWN else unknown
    return (SynthesisLine(said.display, said),) if said.code else ()


# --- acts, devices ---------------------------------------------------------------------------------------------------


def _procedures(part: Part, document: str, lines: Sequence[SynthesisLine]) -> list[Any]:
    return [
        element(
            "procedure",
            *templates(f"{PCC}.4.19", f"{CCD}.29", f"{FR}.3.62"),
            statement_id(document, part, number),
            coded("code", labelled(line), original(anchor_of(part, number))),
            referring(anchor_of(part, number)),
            element("statusCode", code="completed"),
            _when(line),
            comment(part, number, line),
            classCode="PROC",
            moodCode="EVN",
        )
        for number, line in enumerate(lines, start=1)
    ]


def _when(line: SynthesisLine) -> Any:
    """The moment, or the time from it to an end that is known."""
    return period(line.start, line.end, kind="") if line.end else moment("effectiveTime", line.start)


def _devices(part: Part, document: str, lines: Sequence[SynthesisLine]) -> list[Any]:
    return [_device(part, document, number, line) for number, line in enumerate(lines, start=1)]


def _device(part: Part, document: str, number: int, line: SynthesisLine) -> Any:
    anchor = anchor_of(part, number)
    playing = element(
        "playingDevice",
        coded("code", labelled(line), original(anchor)),
        classCode="DEV",
        determinerCode="INSTANCE",
    )
    role = element("participantRole", element("id", nullFlavor="UNK"), playing, classCode="MANU")
    return element(
        "supply",
        *templates(f"{CCD}.34", f"{FR}.3.20"),
        statement_id(document, part, number),
        referring(anchor),
        period(line.start, line.end),
        element("participant", role, typeCode="DEV"),
        comment(part, number, line),
        classCode="SPLY",
        moodCode="EVN",
    )


# --- measurements, habits, family ------------------------------------------------------------------------------------


def _measurements(part: Part, document: str, lines: Sequence[SynthesisLine]) -> list[Any]:
    if not lines:
        return []
    return [
        element(
            "organizer",
            *templates(f"{CCD}.32", f"{CCD}.35", f"{PCC}.4.13.1", f"{FR}.3.49"),
            statement_id(document, part, 0, "all"),
            coded("code", Code("85353-1", LOINC, "Signes vitaux")),
            element("statusCode", code="completed"),
            element("effectiveTime", nullFlavor="NA"),
            *[
                element("component", _measurement(part, document, number, line), typeCode="COMP")
                for number, line in enumerate(lines, start=1)
            ],
            classCode="CLUSTER",
            moodCode="EVN",
        )
    ]


def _measurement(part: Part, document: str, number: int, line: SynthesisLine) -> Any:
    return element(
        "observation",
        *templates(f"{CCD}.31", f"{PCC}.4.13", f"{PCC}.4.13.2", f"{FR}.3.50"),
        statement_id(document, part, number),
        coded("code", labelled(line)),
        referring(anchor_of(part, number)),
        element("statusCode", code="completed"),
        moment("effectiveTime", line.start),
        element("value", value=line.value, unit=line.unit, kind="PQ"),
        comment(part, number, line),
        classCode="OBS",
        moodCode="EVN",
    )


def _habits(part: Part, document: str, lines: Sequence[SynthesisLine]) -> list[Any]:
    return [_habit(part, document, number, line) for number, line in enumerate(lines, start=1)]


def _habit(part: Part, document: str, number: int, line: SynthesisLine) -> Any:
    return element(
        "observation",
        *templates(f"{CCD}.33", f"{PCC}.4.13", f"{PCC}.4.13.4", f"{FR}.3.52"),
        statement_id(document, part, number),
        coded("code", labelled(line)),
        referring(anchor_of(part, number, "value" if line.value else "")),
        element("statusCode", code="completed"),
        moment("effectiveTime", line.start, missing="NA"),
        _habit_value(line),
        comment(part, number, line),
        classCode="OBS",
        moodCode="EVN",
    )


def _habit_value(line: SynthesisLine) -> Any:
    if line.answer.code:
        return coded("value", Code(line.answer.code, line.answer.system, line.value), kind="CD")
    if line.unit:
        return element("value", value=line.value, unit=line.unit, kind="PQ")
    return element("value", text=line.value, kind="ST")


def _family(part: Part, document: str, lines: Sequence[SynthesisLine]) -> list[Any]:
    return [_ancestor(part, document, number, line) for number, line in enumerate(lines, start=1)]


def _ancestor(part: Part, document: str, number: int, line: SynthesisLine) -> Any:
    relative = line.relative if line.relative.code else FAMILY_MEMBER
    anchor = anchor_of(part, number)
    observation = element(
        "observation",
        *templates(f"{CCD}.22", f"{PCC}.4.13", f"{PCC}.4.13.3", f"{FR}.3.51"),
        statement_id(document, part, number),
        coded("code", line.nature if line.nature.code else PROBLEM_NATURE),
        referring(anchor),
        element("statusCode", code="completed"),
        _when(line),
        coded_value(line, anchor),
        comment(part, number, line),
        classCode="OBS",
        moodCode="EVN",
    )
    subject = element(
        "subject",
        *templates(f"{PCC}.4.15.2", f"{FR}.3.60"),
        element("relatedSubject", coded("code", relative), classCode="PRS"),
        typeCode="SBJ",
    )
    return element(
        "organizer",
        *templates(f"{CCD}.23", f"{PCC}.4.15", f"{FR}.3.59"),
        element("statusCode", code="completed"),
        subject,
        element("component", observation, typeCode="COMP"),
        classCode="CLUSTER",
        moodCode="EVN",
    )


_WRITERS: Mapping[Part, Callable[[Part, str, Sequence[SynthesisLine]], list[Any]]] = MappingProxyType(
    {
        Part.PROBLEMS: concerns,
        Part.HISTORY: concerns,
        Part.ALLERGIES: concerns,
        Part.TREATMENTS: treatments,
        Part.VACCINATIONS: vaccinations,
        Part.PROCEDURES: _procedures,
        Part.DEVICES: _devices,
        Part.MEASUREMENTS: _measurements,
        Part.HABITS: _habits,
        Part.FAMILY: _family,
    }
)
"""The parts that have entries; the text of the others is all there is."""
