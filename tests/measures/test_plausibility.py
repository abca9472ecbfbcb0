"""What was typed: the digits are kept, slips are named, and what is unusual is asked about instead of refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from carnet.measures.measure_kinds import (
    BLOOD_GLUCOSE,
    BLOOD_PRESSURE,
    HBA1C,
    HEIGHT,
    KINDS,
    PAIN,
    STEPS,
    TEMPERATURE,
    WEIGHT,
    Mistake,
    coded,
)
from carnet.measures.plausibility import CONFIRMABLE, Fault, judged, typed_number


def first(kind, *typed, unit="", child=False, last=None):
    found = judged(kind, kind.unit(unit) if unit else kind.units[0], typed, child=child, last=last)
    return (found[0].fault, found[0].field, found[0].mistake) if found else None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("72,50", "72.50"), ("72.5", "72.5"), (" 72 ", "72"), ("12\u202f345", "12345"), ("0,0", "0.0"),
     ("", None), ("72,5,1", None), ("-3", None), ("1e3", None), ("\uff17\uff12", None), ("abc", None), ("72.", None), (".5", None)],
)  # fmt: skip
def test_digits_are_kept_and_a_comma_is_a_point(typed, kept):
    assert typed_number(typed) == kept


@pytest.mark.parametrize(
    ("kind", "typed", "told"),
    [
        (WEIGHT, ("72,5",), None),
        (WEIGHT, ("",), (Fault.MISSING, "value-0", None)),
        (WEIGHT, ("lourd",), (Fault.NO_NUMBER, "value-0", None)),
        (WEIGHT, ("3450",), (Fault.IMPOSSIBLE, "value-0", Mistake.GRAMS)),
        (WEIGHT, ("700",), (Fault.IMPOSSIBLE, "value-0", Mistake.GRAMS)),
        (WEIGHT, ("0,1",), (Fault.IMPOSSIBLE, "value-0", None)),
        (WEIGHT, ("300",), (Fault.UNUSUAL, "value-0", None)),
        (WEIGHT, ("72,5001",), (Fault.PLACES, "value-0", None)),
        (HEIGHT, ("1,72",), (Fault.IMPOSSIBLE, "value-0", Mistake.METRES)),
        (TEMPERATURE, ("98,6",), (Fault.IMPOSSIBLE, "value-0", Mistake.FAHRENHEIT)),
        (PAIN, ("11",), (Fault.IMPOSSIBLE, "value-0", None)),
        (PAIN, ("3,5",), (Fault.WHOLE, "value-0", None)),
        (STEPS, ("0",), None),
        (BLOOD_PRESSURE, ("128", "81"), None),
        (BLOOD_PRESSURE, ("12", "8"), (Fault.IMPOSSIBLE, "value-0", Mistake.CMHG)),
        (BLOOD_PRESSURE, ("81", "128"), (Fault.REVERSED, "value-1", None)),
        (BLOOD_PRESSURE, ("128", ""), (Fault.MISSING, "value-1", None)),
    ],
)  # fmt: skip
def test_a_slip_is_told_with_the_field_and_what_it_probably_was(kind, typed, told):
    assert first(kind, *typed) == told


@pytest.mark.parametrize(
    ("kind", "unit", "typed", "mistake"),
    [
        (BLOOD_GLUCOSE, "g/L", "95", Mistake.MILLIGRAMS),
        (BLOOD_GLUCOSE, "mg/dL", "0,95", Mistake.GRAMS_PER_LITRE),
        (BLOOD_GLUCOSE, "mg/dL", "5,3", Mistake.MILLIMOLES),
        (BLOOD_GLUCOSE, "mmol/L", "95", Mistake.MILLIGRAMS),
        (BLOOD_GLUCOSE, "mmol/L", "0,95", Mistake.GRAMS_PER_LITRE),
        (HBA1C, "%", "53", Mistake.IFCC),
        (HBA1C, "mmol/mol", "7", Mistake.PERCENT),
    ],
)  # fmt: skip
def test_a_value_of_another_unit_names_that_unit(kind, unit, typed, mistake):
    assert first(kind, typed, unit=unit)[2] is mistake


def test_what_is_usual_for_a_child_is_asked_of_an_adult():
    assert first(WEIGHT, "3,4", child=True) is None
    assert first(WEIGHT, "3,4")[0] in CONFIRMABLE


def test_a_leap_from_the_last_value_is_asked_about():
    assert first(WEIGHT, "72", last=(Decimal(100),))[0] is Fault.JUMP
    assert first(WEIGHT, "80", last=(Decimal(100),)) is None
    assert Fault.JUMP in CONFIRMABLE


def test_bounds_of_every_kind_nest_and_stand_for_each_part():
    for kind in KINDS.values():
        for unit in kind.units:
            assert len(unit.bounds) == len(kind.parts)
            for bounds in unit.bounds:
                for low, high in filter(None, (bounds.usual, bounds.child)):
                    assert bounds.possible[0] <= low < high <= bounds.possible[1], kind.slug


def test_codes_are_loinc_and_no_two_kinds_share_one_in_a_unit():
    seen = [(unit.loinc, unit.ucum) for kind in KINDS.values() for unit in kind.units]
    assert len(seen) == len(set(seen))
    for loinc, _ucum in seen:
        digits, check = loinc.split("-")
        doubled = [int(one) * (2 if place % 2 == 0 else 1) for place, one in enumerate(reversed(digits))]
        assert (10 - sum(sum(divmod(one, 10)) for one in doubled) % 10) % 10 == int(check), loinc


def test_a_code_finds_its_kind_and_part_in_its_own_unit_alone():
    assert coded("29463-7", "kg") == (WEIGHT, 0)
    assert coded("8462-4", "mm[Hg]") == (BLOOD_PRESSURE, 1)
    assert coded("85354-9", "mm[Hg]") is None
    assert coded("29463-7", "g") is None
    assert coded("39156-5", "kg/m2") is None
    assert coded("97507-8", "mg/dL") is None
