"""Problems, history and allergies of a synthesis, as the CI-SIS models them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from carnet.cda.synthesis_markup import coded, element, moment, original, period, referring, templates
from carnet.cda.synthesis_model import Part, SynthesisLine
from carnet.cda.synthesis_narrative import anchor_of
from carnet.cda.synthesis_statements import coded_value, comment, labelled, statement_id
from carnet.cda.synthesis_templates import ABSENCES, ALLERGY_NATURE, CCD, FR, PCC, PROBLEM_NATURE

_PROBLEM = (f"{CCD}.28", f"{PCC}.4.5")


def concerns(part: Part, document: str, lines: Sequence[SynthesisLine]) -> list[Any]:
    """Problems, history or allergies, each a concern with one statement."""
    return [_concern(part, document, number, line) for number, line in enumerate(lines, start=1)]


def _concern(part: Part, document: str, number: int, line: SynthesisLine) -> Any:
    """A concern is active until it is over: completed asks for an end, which may be unknown."""
    over = part is Part.HISTORY
    high = moment("high", line.end) if over else None
    own = (f"{PCC}.4.5.3", f"{FR}.3.40") if part is Part.ALLERGIES else (f"{PCC}.4.5.2", f"{FR}.3.39")
    return element(
        "act",
        *templates(f"{CCD}.27", f"{PCC}.4.5.1", *own),
        statement_id(document, part, number, "concern"),
        element("code", nullFlavor="NA"),
        element("statusCode", code="completed" if over else "active"),
        element("effectiveTime", moment("low", line.start), high, kind="IVL_TS"),
        element("entryRelationship", _statement(part, document, number, line), typeCode="SUBJ", inversionInd="false"),
        classCode="ACT",
        moodCode="EVN",
    )


def _statement(part: Part, document: str, number: int, line: SynthesisLine) -> Any:
    allergy = part is Part.ALLERGIES
    own = (f"{CCD}.18", *_PROBLEM, f"{PCC}.4.6", f"{FR}.3.41") if allergy else (*_PROBLEM, f"{FR}.3.37")
    stands_for_absence = line.code in ABSENCES[part]
    usual = ALLERGY_NATURE if allergy else PROBLEM_NATURE
    by_agent = allergy and not stands_for_absence
    anchor = anchor_of(part, number)
    return element(
        "observation",
        *templates(*own),
        statement_id(document, part, number),
        coded("code", line.nature if line.nature.code else usual),
        referring(anchor),
        element("statusCode", code="completed"),
        period(line.start, line.end),
        element("value", original(anchor), kind="CD") if by_agent else coded_value(line, anchor),
        _agent(line, anchor) if by_agent else None,
        comment(part, number, line),
        classCode="OBS",
        negationInd="false",
        moodCode="EVN",
    )


def _agent(line: SynthesisLine, anchor: str) -> Any:
    entity = element(
        "playingEntity",
        coded("code", labelled(line), original(anchor)),
        element("name", text=line.label),
        classCode="MMAT",
    )
    return element("participant", element("participantRole", entity, classCode="MANU"), typeCode="CSM")
