"""One examination over time as its page shows it: a curve for each series that has more than one day, a rule for a single value, and every point in a table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from operator import itemgetter
from zoneinfo import ZoneInfo

from markupsafe import Markup

from carnet.cda.comparability import REASONS, is_final, usual_range
from carnet.cda.participants import Identifier
from carnet.cda.result_model import Bound, number_of
from carnet.cda.results_over_time import Apart, Point, Series, Source
from carnet.cda.timestamps import day_in_paris
from carnet.clock import to_datetime
from carnet.portal.patient.result_words import ShownResult, decimal, shown_result
from carnet.record.own_measurements import OwnReading as Noted
from carnet.record.own_results import ResultHistory
from carnet.record.told_documents import Origin
from carnet.viewing.curve import Band, Dot, curve_svg


@dataclass(frozen=True, slots=True)
class OwnReading:
    """A reading of the patient's own for an examination's page: the day (Paris), a number's digits (with a point) and unit as they were typed."""

    day: dt.date
    digits: str
    unit: str


@dataclass(frozen=True, slots=True)
class ShownSource:
    """A document that tells a value; `repeated`: it tells it as an earlier one."""

    origin: Origin
    repeated: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: a result of a laboratory, or a reading of the patient's own (`own`); the newest first."""

    order: str
    result: ShownResult | None
    own: OwnReading | None
    own_shown: str
    sources: tuple[ShownSource, ...]
    only_repeated: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class ShownSeries:
    """One series. `curve` with several days, `single` with one. `rows` are the newest of `count` lines. `why` tells why it does not stand with the first; `ranges_differ` why no band is drawn."""

    unit: str
    isolate: str
    curve: Markup | None
    single: ShownResult | None
    rows: tuple[Row, ...]
    count: int
    why: str
    several_methods: bool
    ranges_differ: bool
    has_own: bool
    has_repeated: bool
    has_bound: bool


def drawn_reading(noted: Noted) -> OwnReading:
    """A reading of the patient's side on the day that it was where they took it."""
    day = to_datetime(noted.at).astimezone(ZoneInfo(noted.zone)).date()
    return OwnReading(day, noted.value.replace(",", "."), noted.unit)


def shown_series(
    history: ResultHistory, own: Sequence[OwnReading], language: str, *, most: int | None = None
) -> tuple[ShownSeries, ...]:
    """The series of a history, each with at most so many lines. The patient's own readings join the first series of their unit, and no other."""
    found = history.analyte.series if history.analyte else ()
    joined: dict[str, Sequence[OwnReading]] = {}
    for reading in own:
        joined.setdefault(reading.unit, [one for one in own if one.unit == reading.unit])
    return tuple(_series(history, one, joined.pop(one.unit, ()), language, most) for one in found)


def lonely_readings(history: ResultHistory, own: Sequence[OwnReading], language: str) -> tuple[Row, ...]:
    """The patient's own readings in a unit that no series has."""
    units = {one.unit for one in history.analyte.series} if history.analyte else set()
    return tuple(_own_row(one, language) for one in own if one.unit not in units)


def shown_apart(history: ResultHistory, language: str) -> tuple[Row, ...]:
    """What is not compared, each with its reason, the newest first."""
    rows = [_apart(one, history.origins, language) for one in history.apart]
    return tuple(sorted(rows, key=_order, reverse=True))


def _series(
    history: ResultHistory, series: Series, own: Sequence[OwnReading], language: str, most: int | None
) -> ShownSeries:
    lines = [(one.moment, partial(_point, one, history.origins, language)) for one in series.points]
    lines += [(_own_order(one), partial(_own_row, one, language)) for one in own]
    lines.sort(key=itemgetter(0), reverse=True)
    dots = [_dot(one, language) for one in series.points] + [_own_dot(one, language) for one in own]
    bands = {_band(one) for one in series.points} - {None}
    several = len({dot.day for dot in dots}) > 1 or len(dots) > 1
    band = next(iter(bands)) if len(bands) == 1 else None
    drawn = curve_svg(history.label, series.unit, dots, band, language=language) if several else ""
    return ShownSeries(
        unit=series.unit,
        isolate=series.points[0].result.specimen.isolate.display or series.isolate,
        curve=Markup(drawn) if drawn else None,  # noqa: S704 - made and escaped by us
        single=None if several else shown_result(series.points[0].result, language, final=True),
        rows=tuple(made() for _, made in lines[:most]),
        count=len(lines),
        why=REASONS[language][series.apart_because] if series.apart_because else "",
        several_methods=series.several_methods,
        ranges_differ=several and len(bands) > 1,
        has_own=bool(own),
        has_repeated=any(one.only_repeated for one in series.points),
        has_bound=any(one.value.comparator for one in series.points),
    )


def _order(row: Row) -> str:
    return row.order


def _point(point: Point, origins: dict[Identifier, Origin], language: str) -> Row:
    shown = shown_result(point.result, language, final=True, drawn=False)
    return Row(point.moment, shown, None, "", _sources(point.sources, origins), point.only_repeated)


def _apart(apart: Apart, origins: dict[Identifier, Origin], language: str) -> Row:
    shown = shown_result(apart.result, language, final=is_final(apart.result), drawn=False)
    sources = _sources((apart.source,), origins)
    return Row(
        shown.moment or apart.source.written,
        shown,
        None,
        "",
        sources,
        apart.source.repeated,
        REASONS[language][apart.reason],
    )


def _own_order(reading: OwnReading) -> str:
    return f"{reading.day:%Y%m%d}"


def _own_row(reading: OwnReading, language: str) -> Row:
    return Row(_own_order(reading), None, reading, decimal(reading.digits, language), (), only_repeated=False)


def _sources(sources: Sequence[Source], origins: dict[Identifier, Origin]) -> tuple[ShownSource, ...]:
    """Each document once; as an original where it tells the result both ways."""
    known: dict[Identifier, bool] = {}
    for one in sources:
        known[one.document] = known.get(one.document, True) and one.repeated
    return tuple(ShownSource(origins[document], repeated) for document, repeated in known.items())


def _dot(point: Point, language: str) -> Dot:
    comparator = point.value.comparator
    return Dot(
        day_in_paris(point.moment),
        point.number,
        decimal(point.value.shown, language),
        comparator,
        repeated=point.only_repeated,
    )


def _own_dot(reading: OwnReading, language: str) -> Dot:
    return Dot(reading.day, Decimal(reading.digits), decimal(reading.digits, language), own=True)


def _band(point: Point) -> Band | None:
    usual = usual_range(point.result)
    if usual is None:
        return None
    return Band(_end(usual.value.low), _end(usual.value.high))


def _end(bound: Bound) -> Decimal | None:
    return number_of(bound.digits)
