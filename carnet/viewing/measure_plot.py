"""A plot of measurements as SVG, made on the server: one track or two, bands of targets, reference lines; it prints and needs no script.

Tracks are told apart by form and dash, not by colour. Of many points each column of the drawing keeps its least and its greatest (`thinned`):
nothing that stands out is lost, and the caller says that it was done. The table of the values belongs beside it.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from carnet.viewing.curve import written_day

_WIDTH, _HEIGHT = 440, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 28, 40
_LABELS = 38
"""Room at the right for the names of reference lines."""
COLUMNS = 360
"""Columns that are told apart across a plot."""
DRAWN_AT_MOST = 500
"""Points of a track from which it is thinned."""
MARKED_AT_MOST = 60
"""Points of a track from which marks would hide one another: the line alone is drawn then."""
_SPARK_WIDTH, _SPARK_HEIGHT = 132, 40
_SPACE = 13
_FORMS = ("disc", "square")


@dataclass(frozen=True, slots=True)
class Point:
    """Where a value stands: across (days, or months of age), up, and how it is written for who points at it."""

    x: float
    y: float
    shown: str


@dataclass(frozen=True, slots=True)
class Aim:
    """A band behind the tracks with its name; an end that is None is open."""

    name: str
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """A reference line with the name that stands at its end; `strong` for the middle one."""

    name: str
    points: tuple[tuple[float, float], ...]
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    """What is drawn: at least one track with a point.

    `across` is the span of the plot, that of the points where it is None; `decimal` is the decimal mark.
    """

    title: str
    description: str
    unit: str
    tracks: tuple[tuple[Point, ...], ...]
    ticks: tuple[tuple[float, str], ...]
    aims: tuple[Aim, ...] = ()
    lines: tuple[Line, ...] = ()
    across: tuple[float, float] | None = None
    decimal: str = "."


@dataclass(frozen=True, slots=True)
class _Frame:
    first: float
    last: float
    least: float
    most: float
    right: int

    def x(self, value: float) -> float:
        inner = _WIDTH - _LEFT - self.right
        return _LEFT + (inner / 2 if self.last <= self.first else inner * (value - self.first) / (self.last - self.first))  # fmt: skip

    def y(self, value: float) -> float:
        inner = _HEIGHT - _TOP - _BOTTOM
        return _TOP + inner * (self.most - min(max(value, self.least), self.most)) / (self.most - self.least)


def thinned(points: Sequence[Point], *, columns: int = COLUMNS) -> tuple[Point, ...]:
    """The points in order of x, of each column of the drawing the first, the least, the greatest and the last alone."""
    ordered = sorted(points, key=lambda one: one.x)
    if not ordered:
        return ()
    first, wide = ordered[0].x, (ordered[-1].x - ordered[0].x) or 1.0
    grouped: dict[int, list[Point]] = {}
    for one in ordered:
        grouped.setdefault(min(columns - 1, int((one.x - first) / wide * columns)), []).append(one)
    kept = []
    for group in grouped.values():
        least, most = min(group, key=lambda one: one.y), max(group, key=lambda one: one.y)
        ends = {id(one) for one in (group[0], least, most, group[-1])}
        kept += [one for one in group if id(one) in ends]
    return tuple(kept)


def day_ticks(first: dt.date, last: dt.date, language: str) -> tuple[tuple[float, str], ...]:
    """The first and the last day and the years between where there is room, in days since 1970."""
    start, end = _days(first), _days(last)
    if start == end:
        return ((start, written_day(first, language)),)
    found = [(start, written_day(first, language)), (end, written_day(last, language))]
    taken = [start, end]
    for year in range(first.year + 1, last.year + 1):
        place = _days(dt.date(year, 1, 1))
        if all(abs(place - other) > (end - start) * 0.3 for other in taken):
            taken.append(place)
            found.append((place, str(year)))
    return tuple(sorted(found))


def _days(day: dt.date) -> float:
    return float((day - dt.date(1970, 1, 1)).days)


def plot_svg(plot: Plot) -> str:
    """The plot. Raises ValueError where no track has a point."""
    tracks = [
        thinned(track) if len(track) > DRAWN_AT_MOST else tuple(sorted(track, key=lambda one: one.x))
        for track in plot.tracks
    ]
    if not any(tracks):
        raise ValueError("a plot needs a point")
    frame = _frame(plot, [point for track in tracks for point in track])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" class="plot">',
        f"<title>{escape(plot.title)}</title><desc>{escape(plot.description)}</desc>",
        *(_band(aim, frame) for aim in plot.aims),
        *_scale(frame, plot.decimal),
        *_ticks(plot.ticks, frame),
        *_references(plot.lines, frame),
        *(_track(track, frame, number) for number, track in enumerate(tracks)),
        *(_band_name(aim, frame) for aim in plot.aims),
        f'<text x="4" y="16" font-size="14" fill="currentColor">{escape(plot.unit)}</text></svg>',
    ]
    return "".join(parts)


def _frame(plot: Plot, points: Sequence[Point]) -> _Frame:
    """The points, the reference lines over their span, and the ends of aims that are not far away, with some room."""
    first, last = plot.across or (min(one.x for one in points), max(one.x for one in points))
    seen = [one.y for one in points]
    seen += [y for line in plot.lines for x, y in line.points if first <= x <= last and not math.isnan(y)]
    least, most = min(seen), max(seen)
    reach = max(most - least, abs(most) * 0.1, 1e-9) * 2
    ends = [end for aim in plot.aims for end in (aim.low, aim.high) if end is not None]
    near = [end for end in ends if least - reach <= end <= most + reach]
    least, most = min([least, *near]), max([most, *near])
    room = max((most - least) * 0.08, abs(most) * 0.01, 0.05)
    bottom = 0.0 if 0 <= least < room else least - room
    return _Frame(first, last, bottom, most + room, _LABELS if plot.lines else _RIGHT)


def _band(aim: Aim, frame: _Frame) -> str:
    """A band between two ends; a line where one is open, whose name says which."""
    ends = [end for end in (aim.low, aim.high) if end is not None]
    seen = [end for end in ends if frame.least <= end <= frame.most]
    if not seen:
        return ""
    top, across = frame.y(max(ends)), _WIDTH - _LEFT - frame.right
    look = 'stroke="currentColor" stroke-opacity="0.7" stroke-dasharray="4 3"'
    if len(ends) == 2:
        height = frame.y(min(ends)) - top
        drawn = f'<rect class="aim" x="{_LEFT}" y="{top:.1f}" width="{across}" height="{height:.1f}" fill="currentColor" fill-opacity="0.1" {look}/>'
    else:
        drawn = f'<path class="aim" d="M{_LEFT} {top:.1f}h{across}" fill="none" stroke-width="1.5" {look}/>'
    return drawn


def _band_name(aim: Aim, frame: _Frame) -> str:
    """The name of a band or line, over all else, with a rim of paper so that it is read through a track."""
    seen = [end for end in (aim.low, aim.high) if end is not None and frame.least <= end <= frame.most]
    if not seen:
        return ""
    top = frame.y(max(seen))
    place = top + 15 if top + 20 < _HEIGHT - _BOTTOM else top - 5
    rim = 'stroke="#fff" stroke-width="4" stroke-linejoin="round" paint-order="stroke"'
    return f'<text class="aim-name" x="{_LEFT + 6}" y="{place:.1f}" font-size="13" fill="currentColor" {rim}>{escape(aim.name)}</text>'


def _scale(frame: _Frame, decimal: str) -> list[str]:
    """Round numbers at the left, each with a hairline."""
    rough = (frame.most - frame.least) / 7
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    parts = []
    number = math.ceil(frame.least / step - 1e-9)
    while number * step <= frame.most:
        y = frame.y(number * step)
        parts.append(
            f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - frame.right}" stroke="currentColor" stroke-opacity="0.15"/>'
            f'<text x="{_LEFT - 8}" y="{y + 5:.1f}" font-size="14" text-anchor="end" fill="currentColor">{f"{number * step:.{places}f}".replace(".", decimal)}</text>'
        )
        number += 1
    return parts


def _ticks(ticks: Sequence[tuple[float, str]], frame: _Frame) -> list[str]:
    bottom = _HEIGHT - _BOTTOM
    parts = [f'<path d="M{_LEFT} {bottom}H{_WIDTH - frame.right}" stroke="currentColor"/>']
    for place, label in ticks:
        x = frame.x(place)
        anchor = "start" if x < _LEFT + 20 else "end" if x > _WIDTH - frame.right - 20 else "middle"
        anchor = "middle" if len(label) < 5 else anchor
        parts.append(
            f'<path d="M{x:.1f} {bottom}v6" stroke="currentColor"/>'
            f'<text x="{x:.1f}" y="{bottom + 22}" font-size="14" text-anchor="{anchor}" fill="currentColor">{escape(label)}</text>'
        )
    return parts


def _references(lines: Sequence[Line], frame: _Frame) -> list[str]:
    """Reference lines over the span of the plot, each named at its end where there is room."""
    parts: list[str] = []
    labelled: list[float] = []
    for line in lines:
        seen = [(x, y) for x, y in line.points if frame.first <= x <= frame.last and not math.isnan(y)]
        if not seen:
            continue
        path = "L".join(f"{frame.x(x):.1f} {frame.y(y):.1f}" for x, y in seen)
        look = 'stroke-width="1.6"' if line.strong else 'stroke-width="1" stroke-dasharray="5 3"'
        parts.append(f'<path class="reference" d="M{path}" fill="none" stroke="currentColor" {look}/>')
        y = frame.y(seen[-1][1])
        if all(abs(y - other) >= _SPACE for other in labelled):
            labelled.append(y)
            x = frame.x(seen[-1][0]) + 4
            parts.append(f'<text class="reference-name" x="{x:.1f}" y="{y + 4:.1f}" font-size="12" fill="currentColor">{escape(line.name)}</text>')  # fmt: skip
    return parts


def _track(points: Sequence[Point], frame: _Frame, number: int) -> str:
    if not points:
        return ""
    path = "L".join(f"{frame.x(one.x):.1f} {frame.y(one.y):.1f}" for one in points)
    dash = ' stroke-dasharray="7 4"' if number else ""
    line = f'<path class="track" d="M{path}" fill="none" stroke="currentColor" stroke-width="2"{dash}/>'
    return line + ("".join(_mark(one, frame, number) for one in points) if len(points) <= MARKED_AT_MOST else "")


def _mark(one: Point, frame: _Frame, number: int) -> str:
    x, y, title = frame.x(one.x), frame.y(one.y), f"<title>{escape(one.shown)}</title>"
    if _FORMS[number % 2] == "square":
        return f'<rect class="spot" x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="#fff" stroke="currentColor" stroke-width="2">{title}</rect>'
    return f'<circle class="spot" cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="currentColor">{title}</circle>'


def spark_svg(tracks: Sequence[Sequence[Point]]) -> str:
    """A small drawing beside a sentence that says the same: hidden from readers, the newest point marked; '' for fewer than two points."""
    known = [thinned(track, columns=_SPARK_WIDTH) for track in tracks if track]
    points = [one for track in known for one in track]
    if len(points) < 2 * max(1, len(known)):
        return ""
    first, last = min(one.x for one in points), max(one.x for one in points)
    least, most = min(one.y for one in points), max(one.y for one in points)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SPARK_WIDTH} {_SPARK_HEIGHT}" aria-hidden="true" class="spark">'
    ]
    for number, track in enumerate(known):
        places = [
            (
                6 + (_SPARK_WIDTH - 12) * (one.x - first) / ((last - first) or 1),
                6 + (_SPARK_HEIGHT - 12) * ((most - one.y) / ((most - least) or 1) if most > least else 0.5),
            )
            for one in track
        ]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        dash = ' stroke-dasharray="5 3"' if number else ""
        parts.append(f'<path d="M{path}" fill="none" stroke="currentColor" stroke-width="1.5"{dash}/>')
        x, y = places[-1]
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="currentColor"/>')
    return "".join([*parts, "</svg>"])
