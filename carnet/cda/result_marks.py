"""What tells results apart without reading them whole: the examination, the microbe, the unit, when, and whether it is a number.

A record holds tens of thousands of results, of which a page shows a hundred: marks are read of all, results of those alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from carnet.cda.comparability import is_final, loinc_of, measure_of, moment_of
from carnet.cda.result_model import Report, Result
from carnet.cda.results_over_time import plain_name

_UNCODED = "sans-code-"


class Mark(NamedTuple):
    """One result: `key` names the examination in addresses, `moment` is a UTC DTM or '', `measured` says that it stands on an axis.

    `told`: final, with something to show. `name` is what reports call the examination.
    """

    key: str
    name: str
    isolate: str
    unit: str
    moment: str
    earlier: bool
    told: bool
    measured: bool


class Place(NamedTuple):
    """A result by the numbers of its report and of its place in it."""

    report: int
    result: int


class Newest(NamedTuple):
    """The newest results of one examination (and microbe): all that one report tells of the same moment.

    `dates`: on how many days there is a number in the unit that has most of them.
    """

    key: str
    places: tuple[Place, ...]
    dates: int


def key_of(result: Result) -> str:
    """The LOINC code of a result; where the laboratory gave none, a name made of what it calls the examination."""
    return loinc_of(result) or _UNCODED + hashlib.sha256(plain_name(result.label).encode()).hexdigest()[:16]


def mark_of(result: Result) -> Mark:
    """The mark of a result."""
    isolate = result.specimen.isolate
    return Mark(
        key=key_of(result),
        name=result.label,
        isolate=isolate.code or isolate.display,
        unit=result.values[0].shown_unit if result.values else "",
        moment=moment_of(result),
        earlier=result.earlier,
        told=is_final(result) and any(one.shown for one in result.values),
        measured=isinstance(measure_of(result), tuple),
    )


def newest_of(reports: Sequence[tuple[Report, Sequence[Mark]]]) -> list[Newest]:
    """The newest of each examination, in the order in which the newest reports tell them. `reports` need no results of their own."""
    best: dict[tuple[str, str], tuple[tuple[bool, bool, str, str], list[Place]]] = {}
    days: dict[tuple[str, str], dict[str, set[str]]] = {}
    for number in sorted(range(len(reports)), key=lambda one: reports[one][0].written, reverse=True):
        report, marks = reports[number]
        written = report.written
        for place, (key, _, isolate, unit, moment, earlier, told, measured) in enumerate(marks):
            subject = (key, isolate)
            rank = (told, not earlier, moment, written)
            known = best.get(subject)
            if known is None or rank > known[0]:
                best[subject] = (rank, [Place(number, place)])
                days.setdefault(subject, {})
            elif rank == known[0] and known[1][0].report == number:
                known[1].append(Place(number, place))
            if measured:
                of_unit = days[subject].get(unit)
                if of_unit is None:
                    days[subject][unit] = {moment[:8]}
                else:
                    of_unit.add(moment[:8])
    return [
        Newest(key, tuple(places), max(map(len, days[key, isolate].values()), default=0))
        for (key, isolate), (_rank, places) in best.items()
    ]


def same_name(key: str, marks: Iterable[Mark]) -> dict[str, str]:
    """Other examinations that are called the same as this one: name by key."""
    found = {mark.key: mark.name for mark in marks}
    own = plain_name(found[key])
    return {other: name for other, name in found.items() if other != key and plain_name(name) == own}
