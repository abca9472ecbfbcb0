"""Results in words: the decimal sign alone is changed, and nothing is said beyond the stated range."""

from __future__ import annotations

import pytest

from carnet.cda.result_model import Bound, ReferenceRange, Result, Value
from carnet.metadata import Code
from carnet.portal.patient.result_words import reading_of, reference, shown_result, shown_value


def result(value, *ranges, **about):
    return Result(Code("1-8", "2.16.840.1.113883.6.1"), "Examen", (value,), ranges=ranges, **about)


def interval(low, high, unit="g/L", **about):
    return ReferenceRange(Value("IVL_PQ", low=Bound(low, unit), high=Bound(high, unit)), **about)


@pytest.mark.parametrize(
    ("value", "french", "english"),
    [
        (Value("PQ", "10.020", "g/L"), "10,020", "10.020"),
        (Value("PQ", "-0.50"), "-0,50", "-0.50"),
        (Value("REAL", "1.5e3"), "1,5e3", "1.5e3"),
        (Value("IVL_PQ", high=Bound("0.128", "g", inclusive=False)), "< 0,128", "< 0.128"),
        (Value("IVL_PQ", low=Bound("1.0", "g"), high=Bound("2.00", "g")), "1,0 – 2,00", "1.0 – 2.00"),  # noqa: RUF001
        (Value("ST", text="env. 1.0 mg"), "env. 1.0 mg", "env. 1.0 mg"),
        (Value("CD", text="sérotype 1.2"), "sérotype 1.2", "sérotype 1.2"),
    ],
)
def test_only_the_decimal_sign_of_a_number_is_changed(value, french, english):
    assert shown_value(value, "fr").text == french
    assert shown_value(value, "en").text == english


@pytest.mark.parametrize(
    ("digits", "said", "outside"),
    [
        ("3.4", "en dessous de l'intervalle de référence", True),
        ("3.5", "dans l'intervalle de référence", False),
        ("5.1", "dans l'intervalle de référence", False),
        ("5.2", "au-dessus de l'intervalle de référence", True),
    ],
)
def test_where_a_value_stands_is_said_beside_the_stated_range(digits, said, outside):
    shown = shown_result(result(Value("PQ", digits, "g/L"), interval("3.5", "5.1")), "fr", final=True)
    assert (shown.standing, shown.outside) == (said, outside)
    assert shown.rule is not None
    assert "3,5" in shown.rule


@pytest.mark.parametrize(
    "one",
    [
        result(Value("PQ", "3.4", "g/L")),
        result(Value("PQ", "3.4", "g/L"), interval("3.5", "5.1", "mg/L")),
        result(Value("PQ", "3.4", "g/L"), interval("3.5", "5.1"), interval("1", "2")),
        result(Value("ST", text="trace"), interval("3.5", "5.1")),
        result(Value("IVL_PQ", high=Bound("4", "g/L", inclusive=False)), interval("3.5", "5.1")),
        result(Value("PQ", "3.4", "g/L"), ReferenceRange(Value("ST", text="selon l'âge"), text="selon l'âge")),
    ],
)
def test_where_nothing_can_be_said_nothing_is(one):
    shown = shown_result(one, "fr", final=True)
    assert (shown.standing, shown.outside, shown.rule) == ("", False, None)


def test_a_reference_says_for_whom_it_is():
    assert reference(interval("3.5", "5.1", criterion="femme"), "fr") == "3,5 – 5,1 g/L (femme)"  # noqa: RUF001
    assert reference(ReferenceRange(Value("ST"), text="selon l'âge"), "fr") == "selon l'âge"


def test_markup_in_a_result_is_text_in_its_drawing():
    one = result(Value("PQ", "3.4", "<b>g</b>"), interval("3.5", "5.1", "<b>g</b>"))
    assert reading_of(one, "fr") is not None
    assert "<b>" not in shown_result(one, "fr", final=True).rule
