"""BMI and GMI: the published formulas, from readings that are near enough or cover enough, and never from others."""

from __future__ import annotations

import pytest

from carnet.clock import DAY
from carnet.measures.computed import body_mass_indexes, glucose_management_indicators
from carnet.measures.kept_reading import KeptReading, Reading

ZONE = "Europe/Paris"
NOW = 20_000 * DAY


def reading(kind, at, value, unit="", **about):
    return KeptReading(f"{kind}-{at}", 1, kind, at, Reading((value,), unit, ZONE, **about), at)


def bmi(weight_at, height_at, *, born_at=None, weight="70.0", height="175"):
    return body_mass_indexes(
        [reading("poids", weight_at, weight)], [reading("taille", height_at, height)], born_at=born_at
    )


def test_the_index_is_kilograms_over_square_metres_and_names_its_readings():
    (found,) = bmi(NOW, NOW - DAY)
    assert found.value == "22.9"
    assert [one.kind for one in found.sources] == ["poids", "taille"]


@pytest.mark.parametrize(
    ("age", "apart", "computed"),
    [(40, 4 * 365, True), (40, 6 * 365, False), (10, 60, True), (10, 70, False), (1, 14, True), (1, 15, False)],
)
def test_a_height_is_taken_from_near_enough_in_time_alone(age, apart, computed):
    assert bool(bmi(NOW, NOW - apart * DAY, born_at=NOW - age * 365 * DAY)) is computed


def test_the_nearest_height_counts():
    heights = [reading("taille", NOW - 300 * DAY, "170"), reading("taille", NOW + 10 * DAY, "175")]
    (found,) = body_mass_indexes([reading("poids", NOW, "70")], heights, born_at=None)
    assert found.value == "22.9"


@pytest.mark.parametrize(("value", "unit", "gmi"), [("100", "mg/dL", "5.7"), ("150", "mg/dL", "6.9"), ("200", "mg/dL", "8.1"), ("350", "mg/dL", "11.7"), ("1.50", "g/L", "6.9"), ("8.326", "mmol/L", "6.9")])  # fmt: skip
def test_the_indicator_is_that_of_the_table_of_bergenstal(value, unit, gmi):
    """Diabetes Care 2018;41:2275, table 1: 100 mg/dL 5.7 %, 150 6.9 %, 200 8.1 %, 350 11.7 %."""
    (found,) = glucose_management_indicators([reading("glucose-interstitiel", NOW, value, unit, days=14, coverage=70)])
    assert found.value == gmi


@pytest.mark.parametrize(("days", "coverage"), [(0, -1), (13, 100), (14, 69), (14, -1), (90, 0)])
def test_too_few_days_or_data_give_no_indicator(days, coverage):
    one = reading("glucose-interstitiel", NOW, "150", "mg/dL", days=days, coverage=coverage)
    assert glucose_management_indicators([one]) == ()
