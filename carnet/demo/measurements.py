"""Measurements of the demonstration: two years of weight and blood pressure of one patient, and the growth of a child, noted by her mother.

The numbers are made up: waves around a middle, and for the child a line among the reference curves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from carnet.clock import DAY, HOUR, system_clock
from carnet.consent.acting_links import Representation
from carnet.demo.people import MIRABELLE, NESSI, PAT_TROIS
from carnet.measures.childhood import birth_day, first_moment
from carnet.measures.growth import MONTH, curve
from carnet.measures.measure_kinds import BLOOD_PRESSURE, HBA1C, HEAD, HEIGHT, INTERSTITIAL, WEIGHT, MeasureKind
from carnet.metadata import PatientIdentifier
from carnet.record.delegations import Delegations
from carnet.record.gate import Gate
from carnet.record.measurement_changes import AT_ONCE, Declared
from carnet.record.own_measurements import OwnMeasurements

PARIS = "Europe/Paris"
AGES = (0, 1, 2, 4, 6, 9, 12, 18, 24, 30, 36, 48, 60, 72, 84, 96, 108, 120, 132, 144, 156, 168, 180)
"""Months at which the child was measured."""
WEEKS = 104


def measure(gate: Gate, operator: str) -> int:
    """Notes everything, and returns how many readings."""
    now = system_clock() // DAY * DAY - DAY + 6 * HOUR
    mine = OwnMeasurements(gate, operator)
    noted = _note(mine, PAT_TROIS.identifier, tuple(_adult(now)))
    mine.set_target(PAT_TROIS.identifier, BLOOD_PRESSURE, (("", "135"), ("", "85")), "mm[Hg]")
    mine.set_target(PAT_TROIS.identifier, WEIGHT, (("66", "72"),), "kg")
    Delegations(gate, operator).declare(MIRABELLE.identifier, NESSI.identifier, Representation.FIRST_REPRESENTATIVE)
    mother = OwnMeasurements(gate, operator, NESSI.identifier)
    return noted + _note(mother, MIRABELLE.identifier, tuple(_child(now)))


def _note(desk: OwnMeasurements, patient: PatientIdentifier, readings: Sequence[Declared]) -> int:
    return sum(desk.add(patient, readings[first : first + AT_ONCE]) for first in range(0, len(readings), AT_ONCE))


def _one(kind: MeasureKind, at: int, *values: float, **about: str | int) -> Declared:
    places = 2 if kind is INTERSTITIAL else min(kind.places, 1)
    texts = tuple(f"{value:.{places}f}" for value in values)
    return Declared(kind, texts, kind.units[0].ucum, at, PARIS, confirmed=True, **about)  # type: ignore[arg-type]


def _adult(now: int) -> Iterator[Declared]:
    yield _one(HEIGHT, now - WEEKS * 7 * DAY, 168.0, context="standing")
    for week in range(WEEKS):
        at = now - (WEEKS - week) * 7 * DAY + 2 * HOUR
        slow, quick = math.sin(week / 17), math.sin(week * 2.3)
        yield _one(BLOOD_PRESSURE, at, 138 - week / 12 + 5 * slow + 4 * quick, 87 - week / 20 + 3 * quick, context="left-arm")  # fmt: skip
        if week % 2 == 0:
            yield _one(WEIGHT, at + HOUR, 75.5 - week / 22 + 0.8 * slow + 0.3 * quick)
    for quarter, value in enumerate((6.4, 6.2, 6.3, 6.1)):
        yield _one(HBA1C, now - (4 - quarter) * 91 * DAY, value)
    yield _one(INTERSTITIAL, now - 3 * DAY, 1.28, days=14, coverage=92)


def _child(now: int) -> Iterator[Declared]:
    born = birth_day(MIRABELLE.traits.birth_date)
    assert born is not None
    for months in AGES:
        at = first_moment(born) + round(months * MONTH) * DAY + 10 * HOUR
        if at < now - DAY:
            yield from _measured_at(months, at)


def _measured_at(months: int, at: int) -> Iterator[Declared]:
    """Height, weight and, while she was small, the head, a little off the middle of the reference."""
    off = 0.4 + 0.3 * math.sin(months / 25)
    height = _reference(HEIGHT, months, off)
    yield _one(HEIGHT, at, height, context="lying" if months < 24 else "standing")
    if months <= 120:
        yield _one(WEIGHT, at, _reference(WEIGHT, months, off))
    else:
        index = curve("who", "imc", "F")
        row = index.row(months) if index is not None else None
        assert row is not None
        yield _one(WEIGHT, at, row.at(off) * (height / 100) ** 2)
    if months <= 36:
        yield _one(HEAD, at, _reference(HEAD, months, off))


def _reference(kind: MeasureKind, months: int, off: float) -> float:
    found = curve("who", kind.slug, "F")
    row = found.row(max(months * 1.0, found.first)) if found is not None else None
    assert row is not None
    return row.at(off)
