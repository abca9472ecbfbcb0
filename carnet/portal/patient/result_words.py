"""Results as pages show them: the digits received, the reference that the laboratory states, and where the value stands beside it.

Of a number only the decimal sign is changed, and that in French alone. Nothing is rounded, converted or judged.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from carnet.cda.comparability import moment_of, usual_range
from carnet.cda.result_model import ReferenceRange, Result, Value, number_of
from carnet.viewing.graduated_rule import STANDINGS, Reading, Standing, rule_svg, standing_of

FLAGS = {
    # HL7 ObservationInterpretation: what laboratories write beside a value
    "fr": {
        "N": "normal", "L": "bas", "LL": "très bas", "H": "haut", "HH": "très haut", "A": "anormal", "AA": "très anormal",
        "POS": "positif", "NEG": "négatif", "S": "sensible", "I": "intermédiaire", "R": "résistant", "D": "en baisse", "U": "en hausse",
    },
    "en": {
        "N": "normal", "L": "low", "LL": "very low", "H": "high", "HH": "very high", "A": "abnormal", "AA": "very abnormal",
        "POS": "positive", "NEG": "negative", "S": "susceptible", "I": "intermediate", "R": "resistant", "D": "decreasing", "U": "increasing",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownValue:
    """A value in its characters, its unit apart; `numeric`: it is a number or an interval, not words."""

    text: str
    unit: str
    numeric: bool


@dataclass(frozen=True, slots=True)
class ShownResult:
    """One result in words. `moment` is a UTC DTM, '' where unknown; `standing` a sentence, '' without a range that fits the value."""

    label: str
    values: tuple[ShownValue, ...]
    moment: str
    taken: str
    references: tuple[str, ...]
    standing: str
    outside: bool
    rule: Markup | None
    flags: tuple[str, ...]
    laboratory: str
    author: str
    material: str
    isolate: str
    method: str
    comments: tuple[str, ...]
    chapter: str
    final: bool
    earlier: bool


def decimal(digits: str, language: str) -> str:
    """Received digits with the decimal sign of the language."""
    return digits.replace(".", ",") if language == "fr" else digits


def shown_value(value: Value, language: str) -> ShownValue:
    """A value: of numbers and intervals the decimal sign is the language's, texts stay as they are."""
    numeric = bool(value.digits or value.low.digits or value.high.digits)
    text = decimal(value.shown, language) if numeric else value.shown
    return ShownValue(text, value.shown_unit, numeric)


def shown_result(result: Result, language: str, *, final: bool, drawn: bool = True) -> ShownResult:
    """One result; `drawn`: with its graduated rule, where it has one."""
    reading = reading_of(result, language)
    standing = standing_of(reading) if reading is not None else Standing.UNKNOWN
    placed = reading if standing is not Standing.UNKNOWN else None
    return ShownResult(
        label=result.label,
        values=tuple(shown_value(one, language) for one in result.values),
        moment=moment_of(result),
        taken=result.taken,
        references=tuple(reference(one, language) for one in result.ranges),
        standing=STANDINGS[language][standing] if placed is not None else "",
        outside=standing in (Standing.BELOW, Standing.ABOVE),
        rule=Markup(rule_svg(placed, language=language)) if placed is not None and drawn else None,  # noqa: S704 - made and escaped by us
        flags=tuple(
            FLAGS[language].get(one.code, one.display or one.code) for one in result.interpretations if one.code
        ),
        laboratory=result.laboratory.name,
        author=result.author,
        material=result.specimen.material.display,
        isolate=result.specimen.isolate.display or result.specimen.isolate.code,
        method=result.method.display,
        comments=result.comments,
        chapter=" / ".join(result.group[1:]),
        final=final,
        earlier=result.earlier,
    )


def reference(one: ReferenceRange, language: str) -> str:
    """A reference as its laboratory states it, with the unit and for whom."""
    value = shown_value(one.value, language)
    ends = f"{value.text} {value.unit}".strip()
    said = ends or one.text
    return f"{said} ({one.criterion})" if one.criterion else said


def reading_of(result: Result, language: str) -> Reading | None:
    """A result as it is set on the graduated rule; None for what is no number, or has no range that fits it."""
    usual = usual_range(result)
    if usual is None:
        return None
    value = result.values[0]
    number = value.number
    if number is None:
        return None
    shown = shown_value(value, language)
    low, high = usual.value.low, usual.value.high
    return Reading(
        shown=shown.text,
        unit=shown.unit,
        number=number,
        low=number_of(low.digits),
        high=number_of(high.digits),
        comparator=value.comparator,
        low_shown=decimal(low.digits, language),
        high_shown=decimal(high.digits, language),
    )
