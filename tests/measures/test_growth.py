"""Growth curves against what the WHO and the IOTF publish: simplified field tables, worked examples, and the meaning of the cut-offs."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from carnet.measures.growth import (
    CUT_OFFS,
    MONTH,
    Lms,
    Standing,
    curve,
    deviations_of_centile,
    deviations_of_cut_off,
    source,
)

FIELD_TABLES = {
    # kind, sex, months: -3 SD … +3 SD, as the WHO prints them (one decimal)
    ("poids", "M", 0): (2.1, 2.5, 2.9, 3.3, 3.9, 4.4, 5.0),
    ("poids", "M", 12): (6.9, 7.7, 8.6, 9.6, 10.8, 12.0, 13.3),
    ("poids", "M", 24): (8.6, 9.7, 10.8, 12.2, 13.6, 15.3, 17.1),
    ("poids", "M", 60): (12.4, 14.1, 16.0, 18.3, 21.0, 24.2, 27.9),
    ("poids", "F", 0): (2.0, 2.4, 2.8, 3.2, 3.7, 4.2, 4.8),
    ("poids", "F", 12): (6.3, 7.0, 7.9, 8.9, 10.1, 11.5, 13.1),
    ("poids", "F", 24): (8.1, 9.0, 10.2, 11.5, 13.0, 14.8, 17.0),
    ("taille", "M", 0): (44.2, 46.1, 48.0, 49.9, 51.8, 53.7, 55.6),
    ("taille", "M", 12): (68.6, 71.0, 73.4, 75.7, 78.1, 80.5, 82.9),
    ("taille", "M", 60): (96.1, 100.7, 105.3, 110.0, 114.6, 119.2, 123.9),
    ("taille", "F", 12): (66.3, 68.9, 71.4, 74.0, 76.6, 79.2, 81.7),
    ("taille", "F", 60): (95.2, 99.9, 104.7, 109.4, 114.2, 118.9, 123.7),
    ("perimetre-cranien", "M", 12): (42.2, 43.5, 44.8, 46.1, 47.4, 48.6, 49.9),
    ("perimetre-cranien", "F", 12): (40.8, 42.2, 43.5, 44.9, 46.3, 47.6, 49.0),
    ("imc", "M", 120): (12.8, 13.7, 14.9, 16.4, 18.5, 21.4, 26.1),
    ("imc", "F", 120): (12.4, 13.5, 14.8, 16.6, 19.0, 22.6, 28.4),
}
WORKED = (
    # of the WHO's own package: kind, sex, days of age, value, deviations
    ("taille", "M", 1001, 120.0, 7.31),
    ("taille", "F", 1000, 80.0, -3.50),
    ("taille", "M", 1010, 100.0, 1.62),
    ("taille", "M", 1000, 100.0, 1.70),
    ("poids", "M", 1001, 18.0, 2.20),
    ("poids", "F", 1000, 15.0, 0.95),
    ("poids", "M", 1010, 10.0, -2.76),
    ("poids", "M", 1000, 15.0, 0.69),
    ("imc", "M", 1000, 15.0, -0.58),
)


def row(kind, sex, months):
    return curve("who", kind, sex).row(months)


@pytest.mark.parametrize(("where", "published"), FIELD_TABLES.items(), ids=lambda one: str(one)[:40])
def test_the_deviations_are_those_that_the_who_prints(where, published):
    kind, sex, months = where
    ours = [row(kind, sex, months).at(deviations) for deviations in range(-3, 4)]
    assert [round(value, 1) for value in ours] == pytest.approx(published, abs=0.051)


@pytest.mark.parametrize(("kind", "sex", "days", "value", "deviations"), WORKED)
def test_the_worked_examples_of_the_who_come_out(kind, sex, days, value, deviations):
    assert curve("who", kind, sex).standing(days / MONTH, value).deviations == pytest.approx(deviations, abs=0.0051)


def test_centiles_are_those_that_the_who_prints():
    at_a_year = row("poids", "M", 12)
    ours = [round(at_a_year.at(deviations_of_centile(centile)), 1) for centile in (3, 15, 50, 85, 97)]
    assert ours == pytest.approx([7.8, 8.6, 9.6, 10.8, 11.8], abs=0.051)


def test_at_nineteen_years_the_curves_meet_the_adults_as_they_were_made_to():
    """De Onis and others, Bull World Health Organ 2007;85:660: +1 SD is 25.4 (boys) and 25.0 (girls), +2 SD is 29.7 for both."""
    assert [round(row("imc", sex, 228).at(1), 1) for sex in "MF"] == [25.4, 25.0]
    assert [round(row("imc", sex, 228).at(2), 1) for sex in "MF"] == [29.7, 29.7]
    assert [round(row("taille", sex, 228).median, 1) for sex in "MF"] == [176.5, 163.2]


@pytest.mark.parametrize("sex", ["M", "F"])
@pytest.mark.parametrize("index", CUT_OFFS)
def test_every_iotf_curve_ends_at_its_index(sex, index):
    table = curve("iotf", "imc", sex)
    months, value = table.line(deviations_of_cut_off(sex, index))[-1]
    assert (months, value) == (216, pytest.approx(float(index)))


def test_the_iotf_curves_are_near_those_of_two_thousand():
    """Cole and others, BMJ 2000;320:1240: at ten years 19.84 and 24.00 (boys), 19.86 and 24.11 (girls); the table of 2012 differs a little."""
    for sex, published in (("M", (19.84, 24.00)), ("F", (19.86, 24.11))):
        ten = curve("iotf", "imc", sex).row(120)
        assert [ten.at(deviations_of_cut_off(sex, index)) for index in ("25", "30")] == pytest.approx(
            published, abs=0.15
        )


@pytest.mark.parametrize("reference", ["who", "iotf"])
def test_each_table_says_where_its_figures_come_from(reference):
    assert "20" in source(reference)
    assert len(source(reference)) > 20


def test_value_and_deviations_are_each_other_s_inverse_for_every_row():
    for sex in "MF":
        for kind in ("poids", "taille", "imc", "perimetre-cranien"):
            for one in curve("who", kind, sex).rows:
                for deviations in (-3, -1.5, 0, 2):
                    assert one.deviations(one.at(deviations)) == pytest.approx(deviations, abs=1e-9)


def test_ages_grow_and_medians_have_no_leap():
    for sex in "MF":
        for kind in ("poids", "taille", "imc", "perimetre-cranien"):
            rows = curve("who", kind, sex).rows
            assert all(before.months < after.months for before, after in pairwise(rows))
            assert all(abs(before.median - after.median) / before.median < 0.16 for before, after in pairwise(rows))


def test_a_power_of_nought_is_the_logarithm():
    even, nearly = Lms(1, 0.0, 10, 0.1), Lms(1, 1e-8, 10, 0.1)
    assert even.at(2) == pytest.approx(10 * math.exp(0.2))
    assert even.deviations(12) == pytest.approx(nearly.deviations(12), abs=1e-6)


def test_outside_of_its_ages_a_table_says_nothing():
    assert curve("who", "perimetre-cranien", "F").standing(100, 50.0) is None
    assert curve("iotf", "imc", "F").standing(12, 17.0) is None
    assert curve("who", "poids", "M").standing(150, 40.0) is None
    assert curve("who", "poids", "I") is None


@pytest.mark.parametrize(("deviations", "centile"), [(0, 50), (1.0, 84), (-2.0, 2), (2.4, None), (-3.5, None)])
def test_a_centile_is_told_from_one_to_ninety_nine_alone(deviations, centile):
    assert Standing(deviations).centile == centile
