"""Problems, history and allergies out of a document's lists, each as its author stated it; and what is stated not to be.

A list that names nothing by its entries still has its author's words: « aucune allergie identifiée pendant le séjour » is a statement
that no code repeats, and an entry without an agent is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from carnet.cda.contents import clinical_document
from carnet.cda.header import read_header
from carnet.cda.participants import HL7, Identifier, child_at, code_of, identifiers_of
from carnet.cda.result_values import Anchors, anchors_of, label_of, plain_text, referred_text, translations_of
from carnet.cda.stated_absences import Absence, absence_among
from carnet.metadata import Code


class ProblemKind(Enum):
    """Which list a statement stands in."""

    ACTIVE = "active"
    PAST = "past"
    ALLERGY = "allergy"


_SECTIONS = {"11450-4": ProblemKind.ACTIVE, "11348-0": ProblemKind.PAST, "48765-2": ProblemKind.ALLERGY}


@dataclass(frozen=True, slots=True)
class Problem:
    """One statement. `label` is the problem, of an allergy the agent; `nature` what sort of statement it is.

    `denied` marks one that says it is not so (negationInd), such as no known allergy. Times as received; `status` that of the concern.
    """

    kind: ProblemKind
    label: str
    code: Code
    nature: str = ""
    text: str = ""
    start: str = ""
    end: str = ""
    status: str = ""
    denied: bool = False
    ids: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class Worded:
    """A list that its author wrote as text alone: white space normalised, cut at `LONGEST` characters."""

    kind: ProblemKind
    text: str


LONGEST = 400


@dataclass(frozen=True, slots=True)
class Statements:
    """What one document states of problems, history and allergies: by entries, as absence of any, in words alone."""

    problems: tuple[Problem, ...] = ()
    absences: tuple[Absence, ...] = ()
    worded: tuple[Worded, ...] = ()


def problems_of(content: bytes) -> tuple[Problem, ...]:
    """The statements of a document's lists, in its order. Raises InvalidDocument for what is no CDA."""
    return statements_of(content).problems


def statements_of(content: bytes) -> Statements:
    """All that a document states in its lists, in its order. Raises InvalidDocument for what is no CDA."""
    read_header(content)
    document = clinical_document(content)
    anchors = anchors_of(document)
    problems: list[Problem] = []
    absences: dict[Absence, None] = {}
    worded: list[Worded] = []
    for section in document.iter(f"{HL7}section"):
        kind = _SECTIONS.get(code_of(child_at(section, "code")).code)
        if kind is None:
            continue
        named, none = _entries(kind, section, anchors)
        problems += named
        absences |= dict.fromkeys(none)
        text = plain_text(child_at(section, "text"))
        if text and not named and not none:
            worded.append(Worded(kind, text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"))
    return Statements(tuple(problems), tuple(absences), tuple(worded))


def _entries(kind: ProblemKind, section: Any, anchors: Anchors) -> tuple[list[Problem], list[Absence]]:
    """What the entries of one list name, and what they state there is not. One that names nothing says nothing."""
    named, none = [], []
    for concern, observation in _observations(section):
        absence = None if observation.get("negationInd") == "true" else absence_among(_codes(observation))
        if absence is not None:
            none.append(absence)
            continue
        one = _problem(kind, concern, observation, anchors)
        if one.label:
            named.append(one)
    return named, none


def _codes(observation: Any) -> Iterator[Code]:
    """Every code by which an observation may say what it is about."""
    agent = child_at(observation, "participant", "participantRole", "playingEntity", "code")
    for element in (child_at(observation, "value"), child_at(observation, "code"), agent):
        if element is not None:
            yield code_of(element)
            yield from translations_of(element)


def _observations(section: Any) -> Iterator[tuple[Any, Any]]:
    """Each observation with the concern (act) that holds it, itself where there is none."""
    for entry in section.iterchildren(f"{HL7}entry"):
        for element in entry.iterchildren(f"{HL7}act", f"{HL7}observation"):
            if element.tag == f"{HL7}observation":
                yield element, element
                continue
            for relation in element.iterchildren(f"{HL7}entryRelationship"):
                for observation in relation.iterchildren(f"{HL7}observation"):
                    yield element, observation


def _problem(kind: ProblemKind, concern: Any, observation: Any, anchors: Anchors) -> Problem:
    value = child_at(observation, "value")
    agent = child_at(observation, "participant", "participantRole", "playingEntity", "code")
    coded = agent if kind is ProblemKind.ALLERGY and agent is not None else value
    text = referred_text(child_at(observation, "text"), anchors)
    period = child_at(observation, "effectiveTime")
    return Problem(
        kind=kind,
        label=label_of(coded, anchors) or text,
        code=code_of(coded),
        nature=label_of(child_at(observation, "code"), anchors),
        text=text,
        start=_stamp(period, "low") or ("" if period is None else period.get("value", "")),
        end=_stamp(period, "high"),
        status=code_of(child_at(concern, "statusCode")).code,
        denied=observation.get("negationInd") == "true",
        ids=identifiers_of(observation),
    )


def _stamp(period: Any, end: str) -> str:
    found = child_at(period, end)
    return "" if found is None else str(found.get("value", ""))
