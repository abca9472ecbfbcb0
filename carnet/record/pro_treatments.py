"""Treatments and vaccinations on the summary: prescribed, dispensed and stated stand apart, and nobody's list is taken for what is taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from carnet.cda.medication import LineKind, MedicineLine
from carnet.cda.stated_absences import About, Absence
from carnet.clock import to_dtm
from carnet.record.own_documents import Visible
from carnet.record.own_medicines import PLAN, TREATMENTS, ReadMedication
from carnet.record.pro_lines import Line, lines_of, shown_documents

MOST = 40
"""Lines of one group; a page says how many more there are."""
OVER = frozenset({"aborted", "cancelled", "suspended"})


@dataclass(frozen=True, slots=True)
class TreatmentGroup:
    """One way in which documents speak of medicines (prescribed, dispensed, stated). `going`: no end is told, or it is to come; `over`: the rest.

    The counts are of all lines, of which the first stand here.
    """

    name: str
    going: tuple[Line[MedicineLine], ...]
    going_count: int
    over: tuple[Line[MedicineLine], ...]
    over_count: int


@dataclass(frozen=True, slots=True)
class Treatments:
    """The groups, always the three; `absences` are statements that there is no treatment, or that nothing is known."""

    groups: tuple[TreatmentGroup, ...]
    absences: tuple[Line[Absence], ...]

    def documents(self) -> list[Visible]:
        """The documents that stand beside its lines."""
        lines = [*(some for one in self.groups for some in (one.going, one.over))]
        return [document for some in lines for document in shown_documents(some)] + shown_documents(self.absences)


@dataclass(frozen=True, slots=True)
class Vaccinations:
    """`done` and `refused` from the latest on, `due` from the earliest on; the count is of those done, of which the first stand here."""

    done: tuple[Line[MedicineLine], ...]
    done_count: int
    refused: tuple[Line[MedicineLine], ...]
    due: tuple[Line[MedicineLine], ...]
    absences: tuple[Line[Absence], ...]

    def documents(self) -> list[Visible]:
        """The documents that stand beside its lines."""
        lines = (self.done, self.refused, self.due)
        return [document for some in lines for document in shown_documents(some)] + shown_documents(self.absences)


GROUPS: dict[str, Callable[[MedicineLine], bool]] = {
    "prescribed": lambda line: line.kind is LineKind.PRESCRIBED,
    "dispensed": lambda line: line.kind is LineKind.DISPENSED,
    "stated": lambda line: line.kind is LineKind.STATED and line.section.code in {TREATMENTS, PLAN},
}


def treatments(read: Sequence[ReadMedication], synthesis: str, *, now: int) -> Treatments:
    """The groups out of what every document (the newest first) says; what was given during a stay is not a treatment of now."""
    today = to_dtm(now)[:8]
    groups = tuple(_group(name, read, of, synthesis, today) for name, of in GROUPS.items())
    return Treatments(groups, absences_of(read, "medicines", synthesis))


def vaccinations(read: Sequence[ReadMedication], synthesis: str) -> Vaccinations:
    """Done, refused, due, stated as absent."""
    injected = _dated(_told(read, lambda line: line.kind is LineKind.INJECTED), synthesis)
    done = tuple(one for one in injected if not one.said.refused)
    due = lines_of(_told(read, lambda line: line.kind is LineKind.DUE), _same_dose, synthesis=synthesis)
    return Vaccinations(
        done=done[:MOST],
        done_count=len(done),
        refused=tuple(one for one in injected if one.said.refused)[:MOST],
        due=tuple(sorted(due, key=lambda one: one.said.start or "9"))[:MOST],
        absences=absences_of(read, "vaccinations", synthesis),
    )


def absences_of(read: Sequence[ReadMedication], about: About, synthesis: str) -> tuple[Line[Absence], ...]:
    """Who states that there is none, or that nothing is known."""
    told = ((one.document, absence) for one in read for absence in one.said.absences if absence.about == about)
    return lines_of(told, lambda one: one, synthesis=synthesis)[:MOST]


def _told(read: Sequence[ReadMedication], of: Callable[[MedicineLine], bool]) -> Iterator[tuple[Visible, MedicineLine]]:
    return ((one.document, line) for one in read for line in one.said.lines if of(line))


def _group(
    name: str, read: Sequence[ReadMedication], of: Callable[[MedicineLine], bool], synthesis: str, today: str
) -> TreatmentGroup:
    every = lines_of(_told(read, of), _same_product, synthesis=synthesis)
    going = tuple(one for one in every if not is_over(one.said, today))
    over = tuple(one for one in every if is_over(one.said, today))
    return TreatmentGroup(name, going[:MOST], len(going), over[:MOST], len(over))


def is_over(line: MedicineLine, today: str) -> bool:
    """Whether the document says that a treatment is ended, or gives an end before today (YYYYMMDD)."""
    end = line.end[:8]
    return line.status in OVER or line.refused or bool(end and end < today[: len(end)])


def _same_product(line: MedicineLine) -> Hashable:
    """The same product in the same words, with the same dates: a changed dose or a new course is another line."""
    words = (line.name.casefold(), *(one.casefold() for one in (*line.texts, *line.instructions)))
    return (line.product.code, words, line.start[:8], line.end[:8], line.status, line.refused)


def _same_dose(line: MedicineLine) -> Hashable:
    return (line.start[:8], line.product.code, line.name.casefold(), line.lot, line.rank, line.refused)


def _dated(told: Iterable[tuple[Visible, MedicineLine]], synthesis: str) -> list[Line[MedicineLine]]:
    """From the latest on, without a date last. What one document tells twice in the same words are two doses."""
    told = list(told)
    times: Counter[Hashable] = Counter()
    doses: dict[int, Hashable] = {}
    for document, line in told:
        dose = _same_dose(line)
        times[document.found.unique_id, dose] += 1
        doses[id(line)] = (dose, times[document.found.unique_id, dose])
    lines = lines_of(told, lambda line: doses[id(line)], synthesis=synthesis)
    return sorted(lines, key=lambda one: one.said.start, reverse=True)
