"""Allergies, problems and history on the summary: affirmed, denied, stated as absent, or written as text alone. Nothing is reconciled."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from carnet.cda.problems import Problem, ProblemKind, Statements, Worded
from carnet.cda.results_over_time import plain_name
from carnet.cda.stated_absences import Absence
from carnet.record.document_extracts import Extracts
from carnet.record.own_documents import Visible
from carnet.record.pro_lines import Line, lines_of, shown_documents
from carnet.record.structured_extracts import lists_in

OVER = frozenset({"inactive", "remission", "resolved"})
"""Of HL7 condition-clinical: what the author says to be no more."""
MOST = 60
"""Lines of one list; a page says how many more there are."""


@dataclass(frozen=True, slots=True)
class Stated:
    """One list. `count` is of the affirmed lines, of which `affirmed` are the first; `absences` are statements that there is nothing, or nothing known.

    `worded` are lists that documents hold as text alone. All four empty: no document says anything, which is not the same as none.
    """

    affirmed: tuple[Line[Problem], ...] = ()
    count: int = 0
    denied: tuple[Line[Problem], ...] = ()
    absences: tuple[Line[Absence], ...] = ()
    worded: tuple[Line[Worded], ...] = ()

    @property
    def silent(self) -> bool:
        """Whether no document says anything."""
        return not (self.affirmed or self.denied or self.absences or self.worded)

    @property
    def contradicted(self) -> tuple[Line[Problem], ...]:
        """The denials of what another document affirms."""
        named = {_what(one.said) for one in self.affirmed}
        return tuple(one for one in self.denied if _what(one.said) in named)

    @property
    def contradictory(self) -> bool:
        """Whether one document affirms what another denies, or something where another states that there is nothing known."""
        none = any(one.said.known and not one.said.of for one in self.absences)
        return bool(self.contradicted) or (bool(self.affirmed) and none)

    def documents(self) -> list[Visible]:
        """The documents that stand beside its lines."""
        named = shown_documents((*self.affirmed, *self.denied))
        return [*named, *shown_documents(self.absences), *shown_documents(self.worded)]


@dataclass(frozen=True, slots=True)
class StatedLists:
    """The three lists of a summary."""

    allergies: Stated
    active: Stated
    past: Stated


def stated_lists(extracts: Extracts, synthesis: str) -> StatedLists:
    """The lists out of the extracts of every document (`ExtractKind.STATED`), those of the synthesis (uniqueId) first."""
    said = [(one.document, lists_in(one.content)) for one in extracts.found if one.content]
    return StatedLists(
        allergies=_list(said, ProblemKind.ALLERGY, synthesis),
        active=_list(said, ProblemKind.ACTIVE, synthesis),
        past=_list(said, ProblemKind.PAST, synthesis),
    )


def _list(said: Sequence[tuple[Visible, Statements]], kind: ProblemKind, synthesis: str) -> Stated:
    every = _together(lines_of(_problems(said, kind), _alike, synthesis=synthesis), over=_ended(kind))
    affirmed = tuple(one for one in every if not one.said.denied)
    absences = ((document, one.said) for document, found in said for one in found.absences if one.kind is kind)
    worded = ((document, one) for document, found in said for one in found.worded if one.kind is kind)
    return Stated(
        affirmed=affirmed[:MOST],
        count=len(affirmed),
        denied=tuple(one for one in every if one.said.denied)[:MOST],
        absences=lines_of(absences, lambda one: one, synthesis=synthesis)[:MOST],
        worded=lines_of(worded, lambda one: one.text, synthesis=synthesis)[:MOST],
    )


def _problems(said: Sequence[tuple[Visible, Statements]], kind: ProblemKind) -> Iterator[tuple[Visible, Problem]]:
    return ((document, one) for document, found in said for one in found.problems if one.kind is kind)


def _ended(kind: ProblemKind) -> frozenset[str]:
    """What stands last in a list because it is no more; of a history all is."""
    return frozenset() if kind is ProblemKind.PAST else OVER


def _together(lines: Sequence[Line[Problem]], *, over: frozenset[str]) -> list[Line[Problem]]:
    """Those of one name one after the other, in the order in which the names come; names of which all is `over` come last."""
    places: dict[str, int] = {}
    going: set[str] = set()
    for one in lines:
        name = plain_name(one.said.label)
        places.setdefault(name, len(places))
        if one.said.standing.code not in over:
            going.add(name)
    names = [(plain_name(one.said.label), one) for one in lines]
    return [one for _, one in sorted(names, key=lambda pair: (pair[0] not in going, places[pair[0]]))]


def _alike(one: Problem) -> Hashable:
    """All that a reader sees of a statement: two that differ in anything are two lines."""
    words = (one.label, one.nature.display, one.text, one.note, one.severity, one.criticality, *one.reactions)
    said = (one.start[:8], one.end[:8], one.denied, one.standing.code, one.certainty.code)
    return (one.code.code, one.code.system, tuple(word.casefold() for word in words), said)


def _what(one: Problem) -> Hashable:
    """What a statement is about: its code, or its words where it has none."""
    if one.code.code:
        return (one.code.code, one.code.system)
    return (one.nature.display.casefold(), one.label.casefold())
