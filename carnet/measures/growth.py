"""How a child's measurement stands beside reference curves: standard deviations and centiles by the LMS method (Cole and Green 1992). Pure.

z = ((y / M) ** L - 1) / (L * S), and ln(y / M) / S where L is 0. Between two ages of a table L, M and S are taken on the straight line.
The references are read from the compact tables of `data/`; each table's header says its source and version.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from statistics import NormalDist
from types import MappingProxyType

MONTH = 30.4375
"""Days of a month, as the WHO counts them."""
CENTILES = (1, 3, 15, 50, 85, 97, 99)
DEVIATIONS = (-3, -2, -1, 0, 1, 2, 3)
CUT_OFFS = ("16", "17", "18.5", "23", "25", "27", "30", "35")
"""Body mass indexes at the age of 18 years whose centiles the IOTF's curves follow (Cole and Lobstein 2012)."""
EXTREME = 3.0
"""Beyond so many deviations the WHO gives no centile of the fitted distribution, and nor do we a number."""
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Lms:
    """One row of a table: age in months, and L, M, S."""

    months: float
    power: float
    median: float
    variation: float

    def at(self, deviations: float) -> float:
        """The value that stands so many standard deviations from the median."""
        if abs(self.power) < 1e-9:
            return self.median * math.exp(self.variation * deviations)
        inside = 1 + self.power * self.variation * deviations
        return math.nan if inside <= 0 else self.median * float(inside ** (1 / self.power))

    def deviations(self, value: float) -> float:
        """How many standard deviations a value stands from the median."""
        if abs(self.power) < 1e-9:
            return math.log(value / self.median) / self.variation
        return float((value / self.median) ** self.power - 1) / (self.power * self.variation)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a value stands: deviations rounded by nobody, and the centile, None beyond the extremes."""

    deviations: float

    @property
    def centile(self) -> int | None:
        """The centile as a whole number of 1 to 99; None outside of them or beyond three deviations."""
        share = 100 * _NORMAL.cdf(self.deviations)
        return round(share) if 1 <= share <= 99 and abs(self.deviations) <= EXTREME else None


@dataclass(frozen=True, slots=True)
class Curve:
    """A table for one measure and sex: rows by age."""

    rows: tuple[Lms, ...]

    @property
    def first(self) -> float:
        """The youngest age in months."""
        return self.rows[0].months

    @property
    def last(self) -> float:
        """The oldest age in months."""
        return self.rows[-1].months

    def row(self, months: float) -> Lms | None:
        """L, M and S at an age, None outside of the table."""
        if not self.first <= months <= self.last:
            return None
        place = bisect_right(self.rows, months, key=lambda one: one.months)
        if place == len(self.rows):
            return self.rows[-1]
        before, after = self.rows[place - 1], self.rows[place]
        part = (months - before.months) / (after.months - before.months)
        return Lms(
            months,
            before.power + part * (after.power - before.power),
            before.median + part * (after.median - before.median),
            before.variation + part * (after.variation - before.variation),
        )

    def standing(self, months: float, value: float) -> Standing | None:
        """Where a value stands at an age, None outside of the table."""
        row = self.row(months)
        return None if row is None or value <= 0 else Standing(row.deviations(value))

    def line(self, deviations: float) -> tuple[tuple[float, float], ...]:
        """The reference line (months, value) of so many standard deviations."""
        return tuple((one.months, one.at(deviations)) for one in self.rows)


TABLES: Mapping[str, str] = MappingProxyType({"who": "who-growth.tsv", "iotf": "iotf-bmi.tsv"})


def curve(reference: str, measure: str, sex: str) -> Curve | None:
    """The curve of a reference (`who`, `iotf`) for a kind's slug and a sex (M, F); None where the reference has none."""
    return _loaded(reference).get((measure, sex))


def deviations_of_centile(centile: float) -> float:
    """The standard deviations at which a centile stands."""
    return _NORMAL.inv_cdf(centile / 100)


def deviations_of_cut_off(sex: str, index: str) -> float:
    """The standard deviations of an IOTF curve: those of its index at 18 years."""
    found = curve("iotf", "imc", sex)
    assert found is not None
    return found.rows[-1].deviations(float(index))


def source(reference: str) -> str:
    """Where the figures of a reference come from, as its table says."""
    return _lines(reference)[0].removeprefix("# ")


@cache
def _loaded(reference: str) -> Mapping[tuple[str, str], Curve]:
    rows: dict[tuple[str, str], list[Lms]] = {}
    for line in _lines(reference):
        if not line.startswith("#"):
            measure, sex, months, power, median, variation = line.split("\t")
            rows.setdefault((measure, sex), []).append(Lms(float(months), float(power), float(median), float(variation)))  # fmt: skip
    return {key: Curve(tuple(found)) for key, found in rows.items()}


@cache
def _lines(reference: str) -> tuple[str, ...]:
    text = (files("carnet.measures") / "data" / TABLES[reference]).read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line)
