"""Results of several reports side by side: what may be compared in series, and what may not, with the reason.

A series holds one LOINC code in one unit (and one isolate): LOINC already tells specimens and ways of measuring apart. A result that
a later report repeats is counted once, with both as its sources. A replaced report counts no more.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from carnet.cda.comparability import Reason, loinc_of, measure_of, moment_of
from carnet.cda.participants import Identifier, Organization
from carnet.cda.result_model import Report, Result, Value
from carnet.cda.timestamps import same_moment, to_dtm

_MINUTE = len("202401041319")


@dataclass(frozen=True, slots=True)
class Source:
    """A document that tells a result; `repeated` when it tells it as an earlier one."""

    document: Identifier
    title: str
    written: str
    repeated: bool


@dataclass(frozen=True, slots=True)
class Point:
    """A result on an axis: `number` is where it stands, `value` what is shown, `moment` a UTC DTM. The first source is the original."""

    result: Result
    value: Value
    number: Decimal
    moment: str
    sources: tuple[Source, ...]

    @property
    def only_repeated(self) -> bool:
        """Whether the report that it comes from is not among those compared: a later one repeats it."""
        return all(source.repeated for source in self.sources)


@dataclass(frozen=True, slots=True)
class Apart:
    """A result that is not compared, and why."""

    result: Result
    reason: Reason
    source: Source


@dataclass(frozen=True, slots=True)
class Series:
    """Comparable points, the oldest first. `apart_because` tells why it is not drawn with the first series of its test."""

    unit: str
    isolate: str
    points: tuple[Point, ...]
    apart_because: Reason | None = None
    several_methods: bool = False


@dataclass(frozen=True, slots=True)
class Analyte:
    """All that is known of one test (one LOINC code): series, the longest first, and what is not compared.

    `related` are codes of other tests with the same name, which differ in specimen or way of measuring.
    """

    code: str
    label: str
    series: tuple[Series, ...]
    apart: tuple[Apart, ...]
    related: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every test of the reports, in the order of their first appearance; results without a LOINC code in `uncoded`."""

    analytes: tuple[Analyte, ...]
    uncoded: tuple[Apart, ...]
    superseded: tuple[Identifier, ...]


def over_time(reports: Iterable[Report]) -> Comparison:
    """The comparison of the results of some reports about one person; their order does not matter."""
    known = sorted(reports, key=_age)
    dropped = superseded(known)
    kept = [report for report in known if report.id not in dropped]
    told = [(result, _source(report, result)) for report in kept for result in report.results]
    by_code: dict[str, list[tuple[Result, Source]]] = {}
    for result, source in told:
        by_code.setdefault(loinc_of(result), []).append((result, source))
    uncoded = tuple(Apart(result, Reason.NO_CODE, source) for result, source in by_code.pop("", ()))
    analytes = [_analyte(code, found) for code, found in by_code.items()]
    return Comparison(_related(analytes), uncoded, tuple(report.id for report in known if report.id in dropped))


def _age(report: Report) -> tuple[str, str, str]:
    return report.written, report.id.root, report.id.extension


def _source(report: Report, result: Result) -> Source:
    return Source(report.id, report.title, report.written, result.earlier)


def superseded(reports: Sequence[Report]) -> set[Identifier]:
    """The reports that another of them replaces by name, or by a higher version of the same set; their results are not looked at."""
    highest: dict[Identifier, int] = {}
    for report in reports:
        highest[report.set_id] = max(report.version, highest.get(report.set_id, 0))
    named = {one for report in reports for one in report.replaces if one != report.id}
    older = {report.id for report in reports if report.set_id.root and report.version < highest[report.set_id]}
    return {report.id for report in reports if report.id in named} | older


def _analyte(code: str, found: Sequence[tuple[Result, Source]]) -> Analyte:
    points: dict[tuple[str, str], list[Point]] = {}
    places: dict[tuple[str, str, Decimal], list[int]] = {}
    apart = []
    for result, source in sorted(found, key=_original_first):
        measure = measure_of(result)
        if isinstance(measure, Reason):
            apart.append(Apart(result, measure, source))
            continue
        value, number = measure
        point = Point(result, value, number, moment_of(result), (source,))
        unit, isolate = value.shown_unit, _isolate(result)
        group = points.setdefault((unit, isolate), [])
        equal = places.setdefault((unit, isolate, number), [])
        if not _merged(point, group, equal):
            contradicted = source.repeated and any(_contradicts(point, other) for other in group)
            if contradicted:
                apart.append(Apart(result, Reason.OTHER_VALUE, source))
            else:
                equal.append(len(group))
                group.append(point)
    latest = max(found, key=lambda one: (not one[0].earlier, one[1].written))[0]
    return Analyte(code, latest.label, _series(points), tuple(apart))


def _original_first(told: tuple[Result, Source]) -> bool:
    return told[0].earlier


def _isolate(result: Result) -> str:
    return result.specimen.isolate.code or result.specimen.isolate.display


def _merged(point: Point, group: list[Point], equal: Sequence[int]) -> bool:
    """Whether the point is one of the group told again; the source is then added to it. `equal` are the places of points of the same number."""
    for place in equal:
        if _same(point, group[place]):
            group[place] = replace(group[place], sources=group[place].sources + point.sources)
            return True
    return False


def _same(new: Point, known: Point) -> bool:
    if new.value.comparator != known.value.comparator:
        return False
    repeated = new.result.earlier or known.result.earlier
    if not _same_laboratory(new.result.laboratory, known.result.laboratory, unknown_fits=repeated):
        return False
    precision = 8 if repeated else _MINUTE
    return _same_time(new.result, known.result, precision) and (
        repeated or new.sources[0].document != known.sources[0].document
    )


def _contradicts(repeated: Point, known: Point) -> bool:
    laboratories = repeated.result.laboratory, known.result.laboratory
    return (
        not known.result.earlier
        and _same_laboratory(*laboratories, unknown_fits=True)
        and _same_time(repeated.result, known.result, _MINUTE)
    )


def _same_time(first: Result, second: Result, precision: int) -> bool:
    """Whether a time of one is a time of the other, to at least `precision` digits: reports repeat either the taking or the measuring."""
    return any(
        min(len(one), len(other)) >= precision and same_moment(one, other)
        for one in _times(first)
        for other in _times(second)
    )


def _times(result: Result) -> set[str]:
    return {_dtm(result.specimen.collected), _dtm(result.observed)} - {""}


@lru_cache(maxsize=4096)
def _dtm(stamp: str) -> str:
    """The UTC DTM of a time stamp, '' for what is none."""
    try:
        return to_dtm(stamp)
    except ValueError:
        return ""


def _same_laboratory(first: Organization, second: Organization, *, unknown_fits: bool) -> bool:
    if first.ids and second.ids:
        return not set(first.ids).isdisjoint(second.ids)
    if first.name and second.name:
        return first.name.casefold() == second.name.casefold()
    return unknown_fits


def _series(points: dict[tuple[str, str], list[Point]]) -> tuple[Series, ...]:
    """The longest first; among equals, the one with the latest point."""
    groups = [(key, tuple(sorted(group, key=_moment))) for key, group in points.items() if group]
    groups.sort(key=lambda one: (len(one[1]), one[1][-1].moment), reverse=True)
    series = []
    for (unit, isolate), group in groups:
        first_unit, first_isolate = groups[0][0]
        because = (
            Reason.OTHER_UNIT if unit != first_unit else Reason.OTHER_ISOLATE if isolate != first_isolate else None
        )
        methods = {point.result.method.code or point.result.method.display for point in group} - {""}
        series.append(Series(unit, isolate, group, because, len(methods) > 1))
    return tuple(series)


def _moment(point: Point) -> str:
    return point.moment


def _related(analytes: Sequence[Analyte]) -> tuple[Analyte, ...]:
    by_name: dict[str, list[str]] = {}
    for one in analytes:
        by_name.setdefault(plain_name(one.label), []).append(one.code)
    return tuple(
        replace(one, related=tuple(code for code in by_name[plain_name(one.label)] if code != one.code))
        for one in analytes
    )


def plain_name(label: str) -> str:
    """What is measured, without the property and specimen that LOINC's French names put after it, accents and case."""
    plain = unicodedata.normalize("NFKD", label.partition("[")[0]).encode("ascii", "ignore").decode()
    return " ".join(plain.casefold().split()) or label
