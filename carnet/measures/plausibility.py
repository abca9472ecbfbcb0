"""What was typed as a value: the number with its digits, and whether it can be believed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from carnet.measures.measure_kinds import BLOOD_PRESSURE, Bounds, MeasureKind, Mistake, Unit

_NUMBER = re.compile(r"[0-9]{1,7}(?:[.,][0-9]{1,6})?", re.ASCII)
_BLANKS = str.maketrans("", "", " \u00a0\u202f\u2009\t")


class Fault(StrEnum):
    """What is wrong with a value. UNUSUAL and JUMP are possible: they stand once the person has said so."""

    MISSING = "missing"
    NO_NUMBER = "no-number"
    WHOLE = "whole"
    PLACES = "places"
    IMPOSSIBLE = "impossible"
    REVERSED = "reversed"
    UNUSUAL = "unusual"
    JUMP = "jump"
    UNKNOWN = "unknown"
    FUTURE = "future"
    BEFORE_BIRTH = "before-birth"
    NO_MOMENT = "no-moment"
    TWICE = "twice"
    LONG = "long"
    FULL = "full"


CONFIRMABLE = frozenset({Fault.UNUSUAL, Fault.JUMP})


@dataclass(frozen=True, slots=True)
class Doubt:
    """A fault, the field it is of (`value-0`, `value-1`, `moment`, …), the bounds it is about, and what was probably typed instead."""

    fault: Fault
    field: str
    low: Decimal | None = None
    high: Decimal | None = None
    mistake: Mistake | None = None


def typed_number(text: str) -> str | None:
    """The digits as typed, with a point for a decimal comma and without blanks; None for what is no number that can be measured."""
    bare = text.translate(_BLANKS)
    return bare.replace(",", ".") if _NUMBER.fullmatch(bare) else None


def judged(
    kind: MeasureKind, unit: Unit, typed: tuple[str, ...], *, child: bool, last: tuple[Decimal, ...] | None = None
) -> tuple[Doubt, ...]:
    """What is doubtful in the parts of a value as they were typed; empty for nothing. `last`: the reading before, when it is recent."""
    doubts = [doubt for part, text in enumerate(typed) if (doubt := _read(part, text)) is not None]
    if doubts:
        return tuple(doubts)
    texts = tuple(typed_number(text) or "0" for text in typed)
    numbers = tuple(map(Decimal, texts))
    found = [doubt for part, number in enumerate(numbers) if (doubt := _bounded(unit.bounds[part], part, number, child=child)) is not None]  # fmt: skip
    if any(one.fault is Fault.IMPOSSIBLE for one in found):
        return tuple(found)
    if fine := [doubt for part, text in enumerate(texts) if (doubt := _too_fine(kind, part, text)) is not None]:
        return tuple(fine)
    if kind is BLOOD_PRESSURE and numbers[0] <= numbers[1]:
        return (Doubt(Fault.REVERSED, "value-1"),)
    if not found and last is not None and kind.jump is not None and _jumps(numbers[0], last[0], kind.jump):
        return (Doubt(Fault.JUMP, "value-0", low=last[0]),)
    return tuple(found)


def _read(part: int, text: str) -> Doubt | None:
    if not text.strip():
        return Doubt(Fault.MISSING, f"value-{part}")
    return Doubt(Fault.NO_NUMBER, f"value-{part}") if typed_number(text) is None else None


def _too_fine(kind: MeasureKind, part: int, text: str) -> Doubt | None:
    if len(text.partition(".")[2]) <= kind.places:
        return None
    return Doubt(Fault.PLACES if kind.places else Fault.WHOLE, f"value-{part}", high=Decimal(kind.places))


def _bounded(bounds: Bounds, part: int, number: Decimal, *, child: bool) -> Doubt | None:
    least, most = bounds.possible
    low, high = bounds.child if child and bounds.child is not None else bounds.usual
    if least <= number <= most and low <= number <= high:
        return None
    mistake = next((name for name, (first, last) in bounds.mistakes if first <= number <= last), None)
    if not least <= number <= most:
        return Doubt(Fault.IMPOSSIBLE, f"value-{part}", least, most, mistake)
    return Doubt(Fault.UNUSUAL, f"value-{part}", low, high, mistake)


def _jumps(number: Decimal, last: Decimal, jump: Decimal) -> bool:
    return abs(number - last) > last * jump
