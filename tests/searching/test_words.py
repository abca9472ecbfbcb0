"""Words as they are compared: what patients type meets what documents say."""

from __future__ import annotations

import pytest

from carnet.searching.words import keys_of, words_of


def spelled(text):
    return [word.text for word in words_of(text)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("diabète", "diabete"),
        ("DIABÈTE", "diabète"),
        ("diabétique", "diabétiques"),
        ("opérée", "operees"),
        ("prescription", "prescriptions"),
        ("cœur", "coeur"),
        ("allergies", "allergie"),
        ("6,5", "6.5"),
        ("µg", "μg"),
        ("HbA1c", "hba1c"),
        ("e\u0301chographie", "échographie"),
    ],
)
def test_two_ways_of_writing_a_word_meet(one, other):
    assert keys_of(one) & keys_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("foie", "fois"), ("rein", "reinette"), ("45", "45.0"), ("mg", "µg"), ("6,5", "65"), ("B12", "B1")],
)
def test_what_is_not_the_same_does_not_meet(one, other):
    assert not keys_of(one) & keys_of(other)


def test_elisions_are_taken_off_and_numbers_kept_from_their_units():
    assert spelled("l'hôpital d\u2019Annecy, aujourd'hui qu'il") == ["hôpital", "Annecy", "aujourd", "hui", "il"]
    assert spelled("500mg, HbA1c 6,5 % le 12/03/2024") == ["500", "mg", "HbA1c", "6,5", "le", "12", "03", "2024"]


def test_a_word_stands_where_it_says():
    text = "Avis de l'ophtalmologue : œil droit"
    for word in words_of(text):
        assert text[word.start : word.end] == word.text


def test_a_word_that_says_nothing_has_no_key():
    assert keys_of("de") == keys_of("à") == frozenset()
    assert keys_of("os")
