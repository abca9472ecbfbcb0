"""Problems, history and allergies out of a document's lists, each as its author stated it; and what is stated not to be.

A list that names nothing by its entries still has its author's words: « aucune allergie identifiée pendant le séjour » is a statement
that no code repeats, and an entry without an agent is none. What is said of somebody else, or was entered in error, is no statement here.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, NamedTuple

from carnet.cda.contents import clinical_document
from carnet.cda.header import read_header
from carnet.cda.participants import HL7, child_at, code_of, text_of
from carnet.cda.result_values import Anchors, anchors_of, label_of, plain_text, referred_text, translations_of, value_of
from carnet.cda.section_entries import comments_of, period_of, sections_of, statements_in, text_rows
from carnet.cda.stated_absences import Absence, absence_among
from carnet.metadata import Code

_STANDING, _CERTAINTY, _SEVERITY, _CRITICALITY = "33999-4", "66455-7", "SEV", "82606-5"
"""What an observation inside a statement tells of it (LOINC, HL7 ActCode): FR-Statut-du-probleme, FR-Certitude, FR-Severite, FR-Criticite."""
_REACTION = "MFST"
REFUTED, IN_ERROR = "refuted", "entered-in-error"
"""Of HL7 condition-ver-status: it turned out not to be so; it was never meant."""
_MEASURED = frozenset({"PQ", "REAL", "INT", "IVL_PQ", "IVL_INT", "IVL_REAL", "RTO", "TS", "IVL_TS"})
"""Types of values that tell how much or when: what stands beside a problem, and is none."""
_NO_CODE = Code("")


class ProblemKind(Enum):
    """Which list a statement stands in."""

    ACTIVE = "active"
    PAST = "past"
    ALLERGY = "allergy"


_SECTIONS = {"11450-4": ProblemKind.ACTIVE, "11348-0": ProblemKind.PAST, "48765-2": ProblemKind.ALLERGY}


class Term(NamedTuple):
    """What is said of a statement: a code of one value set, and its label."""

    code: str = ""
    display: str = ""


_NO_TERM = Term()


class Problem(NamedTuple):
    """One statement. `label` is the problem, of an allergy the agent; `nature` what sort of statement it is.

    `denied` marks one that says it is not so (negationInd, an answer « no », refuted). Times as received; `status` is that of the concern as an
    act, `standing` and `certainty` what the author says of it (HL7 condition-clinical, condition-ver-status), empty where nothing is said.
    A named tuple, for a record has thousands.
    """

    kind: ProblemKind
    label: str
    code: Code
    nature: Code = _NO_CODE
    text: str = ""
    start: str = ""
    end: str = ""
    status: str = ""
    denied: bool = False
    standing: Term = _NO_TERM
    certainty: Term = _NO_TERM
    severity: str = ""
    criticality: str = ""
    reactions: tuple[str, ...] = ()
    note: str = ""


class StatedAbsence(NamedTuple):
    """Which list is stated to be empty, or not known of."""

    kind: ProblemKind
    said: Absence


class Worded(NamedTuple):
    """A list that its author wrote as text alone: white space normalised, cut at `LONGEST` characters; its `rows` where it has no entries at all."""

    kind: ProblemKind
    text: str
    rows: tuple[str, ...] = ()


LONGEST = 400


class Statements(NamedTuple):
    """What one document states of problems, history and allergies: by entries, as absence of any, in words alone. `lists` are those that it has."""

    problems: tuple[Problem, ...] = ()
    absences: tuple[StatedAbsence, ...] = ()
    worded: tuple[Worded, ...] = ()
    lists: tuple[ProblemKind, ...] = ()


def problems_of(content: bytes) -> tuple[Problem, ...]:
    """The statements of a document's lists, in its order. Raises InvalidDocument for what is no CDA."""
    return statements_of(content).problems


def statements_of(content: bytes) -> Statements:
    """All that a document states in its lists, in its order. Raises InvalidDocument for what is no CDA."""
    read_header(content)
    document = clinical_document(content)
    return statements_among(document, anchors_of(document))


def statements_among(document: Any, anchors: Anchors) -> Statements:
    """The same of a ClinicalDocument."""
    problems: list[Problem] = []
    absences: dict[StatedAbsence, None] = {}
    worded: list[Worded] = []
    lists: dict[ProblemKind, None] = {}
    for code, section in sections_of(document):
        kind = _SECTIONS.get(code)
        if kind is None:
            continue
        lists[kind] = None
        named, none = _entries(kind, section, anchors)
        problems += named
        absences |= dict.fromkeys(none)
        text = plain_text(child_at(section, "text"))
        if text and not named and not none:
            rows = tuple(text_rows(section)) if child_at(section, "entry") is None else ()
            worded.append(Worded(kind, text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…", rows))
    return Statements(tuple(problems), tuple(absences), tuple(worded), tuple(lists))


def _entries(kind: ProblemKind, section: Any, anchors: Anchors) -> tuple[list[Problem], list[StatedAbsence]]:
    """What the entries of one list name, and what they state there is not. One that names nothing says nothing."""
    named, none = [], []
    for observation, concern in statements_in(section):
        negated = _is_negated(concern) or _is_negated(observation)
        absence = None if negated else absence_among(_codes(observation))
        if absence is not None:
            none.append(StatedAbsence(kind, absence))
            continue
        one = _problem(kind, concern, observation, anchors, negated=negated)
        if one is not None and one.label and one.certainty.code != IN_ERROR:
            named.append(one)
    return named, none


def _is_negated(element: Any) -> bool:
    return bool(element.get("negationInd") == "true")


def _codes(observation: Any) -> Iterator[Code]:
    """Every code by which an observation may say what it is about."""
    for element in (
        child_at(observation, "value"),
        child_at(observation, "code"),
        child_at(_agent(observation), "code"),
    ):
        if element is not None:
            yield code_of(element)
            yield from translations_of(element)


def _agent(observation: Any) -> Any:
    return child_at(observation, "participant", "participantRole", "playingEntity")


def _problem(kind: ProblemKind, concern: Any, observation: Any, anchors: Anchors, *, negated: bool) -> Problem | None:
    """The statement, None for a measured value; an answer yes or no is about what its own code asks."""
    value = child_at(observation, "value")
    told = None if value is None else value_of(value, anchors)
    if told is not None and told.kind in _MEASURED:
        return None
    nature = child_at(observation, "code")
    text = referred_text(child_at(observation, "text"), anchors)
    coded = value
    if told is not None and told.kind == "BL":
        coded, nature, text, negated = nature, None, "", negated != (told.text == "false")
    label = label_of(coded, anchors)
    if kind is ProblemKind.ALLERGY and (agent := _agent(observation)) is not None:
        coded = child_at(agent, "code") if child_at(agent, "code") is not None else value
        name = text_of(child_at(agent, "name"))
        label = label_of(coded, anchors) or name
        text = name if name and name.casefold() != label.casefold() else text
    said = _said_inside(observation, anchors)
    start, end = period_of(observation)
    return Problem(
        kind=kind,
        label=label or text,
        code=code_of(coded),
        nature=_labelled(nature, anchors),
        text=text,
        start=start,
        end=end,
        status=code_of(child_at(concern, "statusCode")).code,
        denied=negated or said.get(_CERTAINTY, _NO_TERM).code == REFUTED,
        standing=said.get(_STANDING, _NO_TERM),
        certainty=said.get(_CERTAINTY, _NO_TERM),
        severity=said.get(_SEVERITY, _NO_TERM).display,
        criticality=said.get(_CRITICALITY, _NO_TERM).display,
        reactions=tuple(_reactions(observation, anchors)),
        note=" ; ".join(comments_of(observation, anchors)),
    )


def _labelled(element: Any, anchors: Anchors) -> Code:
    """A code with what a reader sees of it; the label of a value set is kept apart from no code at all."""
    if element is None:
        return _NO_CODE
    found = code_of(element)
    return Code(found.code, found.system, label_of(element, anchors))


def _inside(observation: Any) -> Iterator[tuple[str, Any]]:
    """The observations that stand in relation to a statement and are not denied, after the type of the relation."""
    for relation in observation.iterchildren(f"{HL7}entryRelationship"):
        for one in relation.iterchildren(f"{HL7}observation"):
            if not _is_negated(one):
                yield relation.get("typeCode", ""), one


def _said_inside(observation: Any, anchors: Anchors) -> dict[str, Term]:
    """What is said of a statement, by what it is about: the first of each."""
    found: dict[str, Term] = {}
    for _relation, one in _inside(observation):
        value = _labelled(child_at(one, "value"), anchors)
        found.setdefault(code_of(child_at(one, "code")).code, Term(value.code, value.display))
    return found


def _reactions(observation: Any, anchors: Anchors) -> Iterator[str]:
    """How an allergy showed itself, each with its severity where that is told."""
    for relation, one in _inside(observation):
        if relation != _REACTION:
            continue
        label = label_of(child_at(one, "value"), anchors) or referred_text(child_at(one, "text"), anchors)
        if label:
            severity = _said_inside(one, anchors).get(_SEVERITY, _NO_TERM).display
            yield f"{label} ({severity})" if severity else label
