"""What is computed from readings and declared by nobody: the body mass index, and the glucose management indicator. Pure.

Each says from which readings it comes. Nothing is computed where the readings do not allow it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from types import MappingProxyType

from carnet.clock import DAY
from carnet.measures.childhood import YEAR
from carnet.measures.kept_reading import KeptReading

GMI_DAYS, GMI_COVERAGE = 14, 70
"""Days of a mean and percentage of them with data, at least: Battelino and others, Diabetes Care 2019;42:1593."""
_INTERCEPT, _SLOPE = Decimal("3.31"), Decimal("0.02392")
MILLIGRAMS: Mapping[str, Decimal] = MappingProxyType(
    # mg/dL in one of the unit; the molar mass of glucose is 180.156 g/mol
    {"mg/dL": Decimal(1), "g/L": Decimal(100), "mmol/L": Decimal("18.0156")}
)
PAIRED: tuple[tuple[float, float], ...] = ((2.0, 14), (20.0, 62), (200.0, 5 * YEAR))
"""Up to which age (years) how many days may lie between a weight and a height. INFERRED: children grow, adults' heights hold for years."""


@dataclass(frozen=True, slots=True)
class Computed:
    """One computed value with its digits, the moment it is of (microseconds UTC), and the readings that it comes from."""

    value: str
    at: int
    zone: str
    sources: tuple[KeptReading, ...]


def body_mass_indexes(
    weights: Sequence[KeptReading], heights: Sequence[KeptReading], *, born_at: int | None
) -> tuple[Computed, ...]:
    """Weight (kg) over the square of height (m), one decimal: for each weight that has a height near enough in time, the oldest first.

    `born_at` in microseconds UTC; None: taken for an adult.
    """
    found = []
    for weight in weights:
        height = _nearest(weight, heights, born_at)
        if height is not None:
            metres = Decimal(height.said.values[0]) / 100
            value = Decimal(weight.said.values[0]) / (metres * metres)
            found.append(Computed(_tenth(value), weight.measured_at, weight.said.zone, (weight, height)))
    return tuple(found)


def _nearest(weight: KeptReading, heights: Sequence[KeptReading], born_at: int | None) -> KeptReading | None:
    age = 100.0 if born_at is None else (weight.measured_at - born_at) / (DAY * YEAR)
    apart = next(days for years, days in PAIRED if age < years) * DAY
    near = [one for one in heights if abs(one.measured_at - weight.measured_at) <= apart]
    return min(near, key=lambda one: abs(one.measured_at - weight.measured_at), default=None)


def glucose_management_indicators(interstitial: Sequence[KeptReading]) -> tuple[Computed, ...]:
    """GMI (%) = 3.31 + 0.02392 times the mean glucose (mg/dL): Bergenstal and others, Diabetes Care 2018;41:2275. One decimal.

    Of means of the interstitial glucose over enough days with enough data alone (GMI_DAYS, GMI_COVERAGE).
    """
    return tuple(
        Computed(_gmi(one), one.measured_at, one.said.zone, (one,)) for one in interstitial if is_enough_for_gmi(one)
    )


def is_enough_for_gmi(one: KeptReading) -> bool:
    """Whether a reading is a mean over days enough, with data enough."""
    return one.said.days >= GMI_DAYS and one.said.coverage >= GMI_COVERAGE


def _gmi(one: KeptReading) -> str:
    return _tenth(_INTERCEPT + _SLOPE * Decimal(one.said.values[0]) * MILLIGRAMS[one.said.unit])


def _tenth(value: Decimal) -> str:
    return str(value.quantize(Decimal("0.1"), ROUND_HALF_EVEN))
