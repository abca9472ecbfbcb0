"""A kind of measurement as its page shows it: rows, plots, and where a child stands beside reference curves."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from markupsafe import Markup

from carnet.clock import DAY, to_datetime
from carnet.measures.childhood import Child
from carnet.measures.growth import (
    CENTILES,
    CUT_OFFS,
    DEVIATIONS,
    MONTH,
    Curve,
    Standing,
    curve,
    deviations_of_centile,
    deviations_of_cut_off,
)
from carnet.measures.kept_reading import KeptReading, Target
from carnet.measures.measure_kinds import BMI, HEIGHT, MeasureKind
from carnet.portal.patient.measure_form import number
from carnet.record.own_measurements import Series
from carnet.viewing.measure_plot import DRAWN_AT_MOST, Aim, Line, Plot, Point, day_ticks, plot_svg, spark_svg

WINDOWS = ((24.0, (0, 6, 12, 18, 24)), (60.0, (0, 12, 24, 36, 48, 60)), (228.0, (0, 48, 96, 144, 192)))
"""Up to which age (months) a growth plot goes, and the ages that it names."""
MARKS = ("centiles", "ecarts", "iotf")
UPRIGHT_FROM = 731
"""Days of age from which the WHO's table is of height standing, before that of length lying."""


@dataclass(frozen=True, slots=True)
class Row:
    """One reading or computed value as a row: `reading_id` is '' for a computed one, whose `sources` it names."""

    reading_id: str
    value: str
    unit: str
    at: int
    zone: str
    context: str = ""
    note: str = ""
    name: str = ""
    days: int = 0
    coverage: int = -1
    drawn: bool = True
    against: str = ""
    standing: Standing | None = None
    position: bool = False
    sources: tuple[KeptReading, ...] = ()


@dataclass(frozen=True, slots=True)
class Growth:
    """A child's values beside a reference. `why` says why there is nothing: sex, age, none; `draw` gives the plot."""

    why: str
    marks: str = "centiles"
    offered: tuple[str, ...] = ()
    draw: Callable[[str, str, str, str], Markup] | None = None


def rows_of(series: Series, language: str) -> list[Row]:
    """The rows of a kind, newest first. `drawn`: in the unit of the newest, which is that of the plot."""
    if series.kind.computed:
        found = [Row("", number(one.value, language), series.kind.units[0].shown, one.at, one.zone, sources=one.sources, standing=_standing(series, one.at, one.value)) for one in series.computed]  # fmt: skip
        return found[::-1]
    unit = series.readings[-1].said.unit if series.readings else ""
    return [_row(series, one, unit, language) for one in reversed(series.readings)]


def _row(series: Series, one: KeptReading, drawn: str, language: str) -> Row:
    said = one.said
    wrong = _wrong_position(series, one)
    return Row(
        one.reading_id,
        shown_value(one, language),
        shown_unit(series.kind, said.unit),
        one.measured_at,
        said.zone,
        said.context,
        said.note,
        said.name,
        said.days,
        said.coverage,
        drawn=said.unit == drawn,
        against=against(series.target, one),
        standing=None if wrong else _standing(series, one.measured_at, said.values[0]),
        position=wrong,
    )


def shown_value(one: KeptReading, language: str) -> str:
    """The numbers of a reading with the digits that were typed: `72,50`, `128/81`."""
    return "/".join(number(text, language) for text in one.said.values)


def shown_unit(kind: MeasureKind, ucum: str) -> str:
    """A unit as people write it."""
    found = kind.unit(ucum)
    return found.shown if found is not None else ucum


def against(target: Target | None, one: KeptReading) -> str:
    """Where a reading stands beside the person's own target: below, within, above, '' for no target in its unit.

    Of two numbers each is looked at; `above` of one goes before `below` of the other.
    """
    if target is None or target.unit != one.said.unit:
        return ""
    found = set()
    for (low, high), text in zip(target.ends, one.said.values, strict=False):
        if low and Decimal(text) < Decimal(low):
            found.add("below")
        if high and Decimal(text) > Decimal(high):
            found.add("above")
    return "above" if "above" in found else "below" if found else "within"


# --- plots over time ----------------------------------------------------------------------------------------------


def tracks_of(series: Series) -> tuple[tuple[Point, ...], ...]:
    """One track a part, in days since 1970, of the readings in the unit of the newest."""
    if series.kind.computed:
        return (tuple(Point(one.at / DAY, float(one.value), one.value) for one in series.computed),)
    drawn = series.readings[-1].said.unit if series.readings else ""
    same = [one for one in series.readings if one.said.unit == drawn]
    return tuple(
        tuple(Point(one.measured_at / DAY, float(one.said.values[part]), _pointed(one)) for one in same)
        for part in range(len(series.kind.parts))
    )


def _pointed(one: KeptReading) -> str:
    day = to_datetime(one.measured_at).astimezone(ZoneInfo(one.said.zone)).date()
    return f"{day.isoformat()} {'/'.join(one.said.values)}"


def is_thinned(series: Series) -> bool:
    """Whether the plot shows fewer points than there are."""
    return any(len(track) > DRAWN_AT_MOST for track in tracks_of(series))


def small(series: Series) -> Markup:
    """The small drawing of the overview, '' for fewer than two readings."""
    return Markup(spark_svg(tracks_of(series)))  # noqa: S704 - our own SVG, its texts escaped


def drawing(series: Series, language: str) -> Callable[..., Markup] | None:
    """What draws the plot, given its words by the page: title, description and the names of the target's parts; None for fewer than two values."""
    tracks = tracks_of(series)
    points = [one for track in tracks for one in track]
    if len(points) < 2 * len(tracks):
        return None
    first, last = (to_datetime(int(edge(one.x for one in points) * DAY)).date() for edge in (min, max))
    unit = shown_unit(series.kind, _unit(series))

    def draw(title: str, description: str, *names: str) -> Markup:
        plot = Plot(
            title,
            description,
            unit,
            tracks,
            day_ticks(first, last, language),
            aims=_aims(series, names, language),
            decimal=_mark(language),
        )
        return Markup(plot_svg(plot))  # noqa: S704 - our own SVG, its texts escaped

    return draw


def _unit(series: Series) -> str:
    return series.readings[-1].said.unit if series.readings else series.kind.units[0].ucum


def _aims(series: Series, names: tuple[str, ...], language: str) -> tuple[Aim, ...]:
    if series.target is None or series.target.unit != _unit(series):
        return ()
    return tuple(
        Aim(_aimed(name, low, high, language), float(low) if low else None, float(high) if high else None)
        for name, (low, high) in zip(names, series.target.ends, strict=False)
        if low or high
    )


def _aimed(name: str, low: str, high: str, language: str) -> str:
    """The name of a target, with its end where it has one alone: a line does not say on which side."""
    if low and high:
        return name
    return f"{name} {'≥' if low else '≤'} {number(low or high, language)}"


def _mark(language: str) -> str:
    return "," if language == "fr" else "."


# --- growth -------------------------------------------------------------------------------------------------------


def growth_of(series: Series, marks: str, language: str) -> Growth | None:
    """The reference curves for this child and kind, None where there are none for the kind or the person is grown."""
    child = series.child
    if child is None or not any(curve("who", series.kind.slug, sex) for sex in "MF"):
        return None
    if child.sex not in {"M", "F"}:
        return Growth("sex")
    offered = MARKS if series.kind is BMI else MARKS[:2]
    chosen = marks if marks in offered else MARKS[0]
    reference = "iotf" if chosen == "iotf" else "who"
    table = curve(reference, series.kind.slug, child.sex)
    assert table is not None
    points = _points_by_age(series, child)
    within = [one for one in points if table.first <= one.x <= table.last]
    if not within:
        return Growth("age" if points else "none", chosen, offered)
    return Growth("", chosen, offered, _growth_drawing(series, child, table, within, (chosen, language)))


def _growth_drawing(
    series: Series, child: Child, table: Curve, points: list[Point], chosen: tuple[str, str]
) -> Callable[[str, str, str, str], Markup]:
    marks, language = chosen
    oldest = max(one.x for one in points)
    end, ages = next(one for one in WINDOWS if oldest <= one[0])
    first = table.first if table.first > 1 else 0.0

    def draw(title: str, description: str, months: str, years: str) -> Markup:
        ticks = tuple((float(age), f"{age} {months}" if end <= 24 else f"{age // 12} {years}") for age in ages if first <= age <= table.last)  # fmt: skip
        plot = Plot(
            title,
            description,
            shown_unit(series.kind, _unit(series)),
            (tuple(points),),
            ticks,
            lines=_lines(table, child.sex, marks, language),
            across=(first, min(end, table.last)),
            decimal=_mark(language),
        )
        return Markup(plot_svg(plot))  # noqa: S704 - our own SVG, its texts escaped

    return draw


def _lines(table: Curve, sex: str, marks: str, language: str) -> tuple[Line, ...]:
    """The reference lines, the middle one first, so that it keeps its name where names crowd."""
    if marks == "iotf":
        return tuple(Line(number(index, language), table.line(deviations_of_cut_off(sex, index)), strong=index in {"25", "30"}) for index in CUT_OFFS)  # fmt: skip
    if marks == "ecarts":
        named = [(f"{value:+d}" if value else "0", float(value)) for value in DEVIATIONS]
    else:
        named = [(f"C{centile}", deviations_of_centile(centile)) for centile in CENTILES]
    named.sort(key=lambda one: abs(one[1]) > 1e-9)
    return tuple(Line(name, table.line(value), strong=abs(value) < 1e-9) for name, value in named)


def _points_by_age(series: Series, child: Child) -> list[Point]:
    if series.kind.computed:
        pairs = [(one.at, one.value) for one in series.computed]
    else:
        pairs = [(one.measured_at, one.said.values[0]) for one in series.readings if not _wrong_position(series, one)]
    return [Point(_months(child, at), float(value), value) for at, value in pairs]


def _months(child: Child, at: int) -> float:
    return max(0.0, math.floor((at - child.born_at) / DAY) / MONTH)


def _standing(series: Series, at: int, value: str) -> Standing | None:
    """Where a child's value stands by the WHO's curves, None for no child, no curve or no sex that it is for."""
    child = series.child
    table = curve("who", series.kind.slug, child.sex) if child is not None else None
    return table.standing(_months(child, at), float(value)) if table is not None and child is not None else None


def _wrong_position(series: Series, one: KeptReading) -> bool:
    """Whether a height was taken standing before two years, or lying after: it then has no place on the curve."""
    if series.kind is not HEIGHT or series.child is None or not one.said.context:
        return False
    upright = (one.measured_at - series.child.born_at) / DAY >= UPRIGHT_FROM
    return (one.said.context == "standing") != upright
