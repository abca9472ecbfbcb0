"""The graduated rule: one value between the bounds that its laboratory calls usual, as a model and as SVG.

It says where the value stands beside the stated range and nothing more: no judgement, no colour that speaks alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from xml.sax.saxutils import escape


class Standing(Enum):
    """Where a value stands beside the stated range."""

    BELOW = "below"
    WITHIN = "within"
    ABOVE = "above"
    UNKNOWN = "unknown"


STANDINGS: Mapping[str, Mapping[Standing, str]] = MappingProxyType(
    {
        "fr": {
            Standing.BELOW: "en dessous de l'intervalle de référence",
            Standing.WITHIN: "dans l'intervalle de référence",
            Standing.ABOVE: "au-dessus de l'intervalle de référence",
            Standing.UNKNOWN: "sans intervalle de référence comparable",
        },
        "en": {
            Standing.BELOW: "below the reference range",
            Standing.WITHIN: "within the reference range",
            Standing.ABOVE: "above the reference range",
            Standing.UNKNOWN: "without a comparable reference range",
        },
    }
)

_WIDTH, _HEIGHT, _MARGIN = 320, 52, 12
_LINE = 16


@dataclass(frozen=True, slots=True)
class Reading:
    """A value to set on a rule: as shown (`8.50`, `< 0.128`) with its unit, as a number, and the ends of the range, None where open.

    `comparator` is `<`, `≤`, `>`, `≥` or '': the value is then known to lie on that side of `number` only.
    """

    shown: str
    unit: str
    number: Decimal
    low: Decimal | None = None
    high: Decimal | None = None
    comparator: str = ""
    low_shown: str = ""
    high_shown: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule from 0 to 1: the band of the range and the place of the value, and where it stands. None without a range."""

    standing: Standing
    place: float
    band_start: float | None
    band_end: float | None


def standing_of(reading: Reading) -> Standing:
    """Where a reading stands; UNKNOWN without a range, with one that is turned round, or when the comparator leaves it open."""
    low, high = reading.low, reading.high
    if (low is None and high is None) or (low is not None and high is not None and low > high):
        return Standing.UNKNOWN
    number, sign = reading.number, reading.comparator
    if sign in ("<", "≤"):
        return _when_less(number, low, high, strict=sign == "<")
    if sign in (">", "≥"):
        return _when_more(number, low, high, strict=sign == ">")
    if low is not None and number < low:
        return Standing.BELOW
    return Standing.ABOVE if high is not None and number > high else Standing.WITHIN


def _when_less(most: Decimal, low: Decimal | None, high: Decimal | None, *, strict: bool) -> Standing:
    """All that is known is that the value is less than `most` (or equal to it, unless `strict`)."""
    if low is not None:
        return Standing.BELOW if most < low or (strict and most == low) else Standing.UNKNOWN
    return Standing.WITHIN if high is not None and most <= high else Standing.UNKNOWN


def _when_more(least: Decimal, low: Decimal | None, high: Decimal | None, *, strict: bool) -> Standing:
    if high is not None:
        return Standing.ABOVE if least > high or (strict and least == high) else Standing.UNKNOWN
    return Standing.WITHIN if low is not None and least >= low else Standing.UNKNOWN


def rule_of(reading: Reading) -> Rule:
    """The rule of a reading. The band takes the middle half; a value far outside stands at the rule's end."""
    standing = standing_of(reading)
    low, high = reading.low, reading.high
    if standing is Standing.UNKNOWN and (low is None or high is None or low > high):
        return Rule(standing, 0.5, None, None)
    start, end = 0.25 if low is not None else 0.0, 0.75 if high is not None else 1.0
    return Rule(standing, _place(reading, standing, start, end), start, end)


def _place(reading: Reading, standing: Standing, start: float, end: float) -> float:
    low, high = reading.low, reading.high
    if low is not None and high is not None and high > low:
        part = float((reading.number - low) / (high - low))
        return min(1.0, max(0.0, start + part * (end - start)))
    near = {Standing.BELOW: start / 2, Standing.ABOVE: (1 + end) / 2}
    return near.get(standing, (start + end) / 2)


def sentence_of(reading: Reading, language: str) -> str:
    """The reading in words: value, unit, where it stands, and the range as received."""
    value = f"{reading.shown} {reading.unit}".strip()
    ends = " – ".join(end for end in (reading.low_shown, reading.high_shown) if end)  # noqa: RUF001 - the dash of an interval
    open_sides = {(True, False): "≥ ", (False, True): "≤ "}
    sign = open_sides.get((bool(reading.low_shown), bool(reading.high_shown)), "")
    usual = f" ({sign}{ends})" if ends else ""
    return f"{value}, {STANDINGS[language][standing_of(reading)]}{usual}"


def rule_svg(reading: Reading, *, language: str = "fr") -> str:
    """The rule as an SVG element: a line with graduations, the band of the range, and a marker whose form tells where it stands.

    A circle stands within, a triangle points to where the value lies outside, a diamond where nothing can be said. Colours are those of
    the page (`currentColor`); the classes `band` and `marker` are for its stylesheet.
    """
    rule = rule_of(reading)
    told = escape(sentence_of(reading, language))
    inner = _WIDTH - 2 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" role="img" class="rule">',
        f"<title>{told}</title>",
    ]
    if rule.band_start is not None and rule.band_end is not None:
        left, width = _MARGIN + rule.band_start * inner, (rule.band_end - rule.band_start) * inner
        parts.append(
            f'<rect class="band" x="{left:.1f}" y="{_LINE - 7}" width="{width:.1f}" height="14" fill="currentColor" fill-opacity="0.15" stroke="currentColor"/>'
        )
        parts += _ends(reading, left, left + width)
    parts.append(
        f'<path d="M{_MARGIN} {_LINE}H{_WIDTH - _MARGIN}{_graduations(inner)}" stroke="currentColor" fill="none"/>'
    )
    parts.append(_marker(rule.standing, _MARGIN + rule.place * inner))
    return "".join([*parts, "</svg>"])


def _ends(reading: Reading, left: float, right: float) -> list[str]:
    """The ends of the range as received, under the band."""
    return [
        f'<text x="{x:.1f}" y="{_HEIGHT - 6}" font-size="14" text-anchor="middle" fill="currentColor">{escape(end)}</text>'
        for x, end in ((left, reading.low_shown), (right, reading.high_shown))
        if end
    ]


def _graduations(inner: int) -> str:
    return "".join(f"M{_MARGIN + inner * step / 20:.1f} {_LINE}v{5 if step % 5 else 9}" for step in range(21))


def _marker(standing: Standing, x: float) -> str:
    y = _LINE
    forms = {
        Standing.WITHIN: f'<circle class="marker" cx="{x:.1f}" cy="{y}" r="7" fill="currentColor"/>',
        Standing.BELOW: f'<path class="marker" d="M{x + 7:.1f} {y - 9}v18L{x - 8:.1f} {y}z" fill="currentColor"/>',
        Standing.ABOVE: f'<path class="marker" d="M{x - 7:.1f} {y - 9}v18L{x + 8:.1f} {y}z" fill="currentColor"/>',
        Standing.UNKNOWN: f'<path class="marker" d="M{x:.1f} {y - 9}l8 9l-8 9l-8 -9z" fill="none" stroke="currentColor" stroke-width="2"/>',
    }
    return forms[standing]
