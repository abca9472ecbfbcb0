"""A curve of values over time as SVG, made on the server: it prints, needs no script, and is read out by its title and description.

Points are told apart by form, not by colour alone; a value beyond what can be measured is an open mark with an arrow. The table of the
same values belongs beside it. Time runs to scale; only points that may be compared should be handed in.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 440, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 16, 26, 40
_WORDS = {
    "fr": (
        "{name} de {first} à {last}, en {unit}",
        "{name} de {first} à {last}",
        "{count} valeurs. Dernière : {value}, le {day}.",
    ),
    "en": (
        "{name} from {first} to {last}, in {unit}",
        "{name} from {first} to {last}",
        "{count} values. Last: {value}, on {day}.",
    ),
}


@dataclass(frozen=True, slots=True)
class Dot:
    """A point: when, where it stands, and how it is written.

    `comparator` opens it; `own` marks a reading of the patient's own, `repeated` one that only a later report tells.
    """

    day: dt.date
    number: Decimal
    shown: str
    comparator: str = ""
    own: bool = False
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """The range to draw behind the points; an end that is None is open."""

    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """From days and values to places on the drawing."""

    first: dt.date
    days: int
    least: float
    most: float

    def x(self, day: dt.date) -> float:
        """Across, in the drawing's units."""
        inner = _WIDTH - _LEFT - _RIGHT
        return _LEFT + (inner / 2 if self.days == 0 else inner * (day - self.first).days / self.days)

    def y(self, value: float) -> float:
        """Down, in the drawing's units."""
        inner = _HEIGHT - _TOP - _BOTTOM
        return _TOP + inner * (self.most - min(max(value, self.least), self.most)) / (self.most - self.least)


def curve_svg(name: str, unit: str, dots: Sequence[Dot], band: Band | None = None, *, language: str = "fr") -> str:
    """The curve of at least one dot, in any order. Raises ValueError for none."""
    if not dots:
        raise ValueError("a curve needs a point")
    ordered = sorted(dots, key=_when)
    frame = _frame(ordered, band)
    title, description = _told(name, unit, ordered, language)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" class="curve">',
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>",
        _drawn_band(band, frame),
        *_scale(frame, language),
        *_dates(ordered, frame, language),
        _line(ordered, frame),
        *(_mark(dot, frame) for dot in ordered),
        f'<text x="{_LEFT}" y="14" font-size="14" fill="currentColor">{escape(unit)}</text></svg>',
    ]
    return "".join(parts)


def _when(dot: Dot) -> dt.date:
    return dot.day


def _told(name: str, unit: str, dots: Sequence[Dot], language: str) -> tuple[str, str]:
    with_unit, without, counted = _WORDS[language]
    first, last = written_day(dots[0].day, language), written_day(dots[-1].day, language)
    title = (with_unit if unit else without).format(name=name, unit=unit, first=first, last=last)
    return title, counted.format(count=len(dots), value=f"{dots[-1].shown} {unit}".strip(), day=last)


def written_day(day: dt.date, language: str) -> str:
    """A day as short as it is clear: 04/01/2024 in French, 2024-01-04 in English."""
    return f"{day.day:02}/{day.month:02}/{day.year:04}" if language == "fr" else day.isoformat()


def _frame(dots: Sequence[Dot], band: Band | None) -> Frame:
    """The values and the band's ends with some room; a band that is far away does not flatten the points."""
    numbers = [float(dot.number) for dot in dots]
    least, most = min(numbers), max(numbers)
    reach = max(most - least, abs(most) * 0.1, 1e-9) * 2
    ends = [float(end) for end in (band.low, band.high) if end is not None] if band else []
    near = [end for end in ends if least - reach <= end <= most + reach]
    least, most = min([least, *near]), max([most, *near])
    room = max((most - least) * 0.12, abs(most) * 0.02, 1e-9)
    bottom = 0.0 if 0 <= least < room else least - room
    return Frame(dots[0].day, (dots[-1].day - dots[0].day).days, bottom, most + room)


def _drawn_band(band: Band | None, frame: Frame) -> str:
    if band is None or (band.low is None and band.high is None):
        return ""
    top = frame.y(float(band.high)) if band.high is not None else _TOP
    bottom = frame.y(float(band.low)) if band.low is not None else _HEIGHT - _BOTTOM
    if bottom <= top:
        return ""
    width = _WIDTH - _LEFT - _RIGHT
    return (
        f'<rect class="band" x="{_LEFT}" y="{top:.1f}" width="{width}" height="{bottom - top:.1f}" '
        'fill="currentColor" fill-opacity="0.1" stroke="currentColor" stroke-opacity="0.4" stroke-dasharray="4 3"/>'
    )


def _scale(frame: Frame, language: str) -> list[str]:
    """Round numbers at the left, each with a hairline."""
    step = _round_step((frame.most - frame.least) / 4)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    first = math.ceil(frame.least / step - 1e-9)
    parts = []
    for number in range(first, first + 12):
        value = number * step
        if value > frame.most:
            break
        y = frame.y(value)
        written = f"{value:.{places}f}".replace(".", "," if language == "fr" else ".")
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="currentColor" stroke-opacity="0.15"/>')
        parts.append(
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" font-size="14" text-anchor="end" fill="currentColor">{written}</text>'
        )
    return parts


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)


def _dates(dots: Sequence[Dot], frame: Frame, language: str) -> list[str]:
    """The first and the last day, and the years between where there is room for them."""
    y = _HEIGHT - _BOTTOM + 20
    places = [(frame.x(dots[0].day), written_day(dots[0].day, language), "start" if frame.days else "middle")]
    if frame.days:
        places.append((frame.x(dots[-1].day), written_day(dots[-1].day, language), "end"))
    for year in range(dots[0].day.year + 1, dots[-1].day.year + 1):
        x = frame.x(dt.date(year, 1, 1))
        if all(abs(x - other) > 110 for other, _, _ in places):
            places.append((x, str(year), "middle"))
    axis = f'<path d="M{_LEFT} {_HEIGHT - _BOTTOM}H{_WIDTH - _RIGHT}" stroke="currentColor"/>'
    return [axis] + [
        f'<path d="M{x:.1f} {_HEIGHT - _BOTTOM}v6" stroke="currentColor"/>'
        f'<text x="{x:.1f}" y="{y}" font-size="14" text-anchor="{anchor}" fill="currentColor">{text}</text>'
        for x, text, anchor in places
    ]


def _line(dots: Sequence[Dot], frame: Frame) -> str:
    """A line through what was measured; where a value is only known to lie beyond a bound, it is broken."""
    runs, pen = [], False
    for dot in dots:
        if dot.comparator:
            pen = False
            continue
        runs.append(f"{'L' if pen else 'M'}{frame.x(dot.day):.1f} {frame.y(float(dot.number)):.1f}")
        pen = True
    return (
        f'<path class="line" d="{"".join(runs)}" fill="none" stroke="currentColor" stroke-width="2"/>' if runs else ""
    )


def _mark(dot: Dot, frame: Frame) -> str:
    """A disc for a laboratory's value, a square for the patient's own, a ring for one that is only repeated, an arrow for a bound."""
    x, y = frame.x(dot.day), frame.y(float(dot.number))
    title = f"<title>{escape(f'{dot.day.isoformat()} {dot.shown}')}</title>"
    look = 'fill="none" stroke="currentColor" stroke-width="2"'
    if dot.comparator:
        down = 1 if dot.comparator in ("<", "≤") else -1
        return f'<path class="bound" d="M{x - 6:.1f} {y:.1f}h12M{x:.1f} {y:.1f}v{14 * down}m-4 {-5 * down}l4 {5 * down}l4 {-5 * down}" {look}>{title}</path>'
    if dot.own:
        return f'<rect class="own" x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10" fill="currentColor">{title}</rect>'
    if dot.repeated:
        return f'<circle class="repeated" cx="{x:.1f}" cy="{y:.1f}" r="5" {look}>{title}</circle>'
    return f'<circle class="point" cx="{x:.1f}" cy="{y:.1f}" r="5" fill="currentColor">{title}</circle>'
