"""Times at different precisions, and SQL patterns."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.document_query import TimeRange
from carnet.errors import QueryParameterInvalid
from carnet.registry.matching import bounds, like


def lies_within(value: str, start: str = "", stop: str = "") -> bool:
    first, last = bounds(TimeRange(start, stop))
    return first <= value < last


@pytest.mark.parametrize(
    ("value", "start", "stop", "inside"),
    [
        ("20250615101500", "20250615101500", "", True),
        ("20250615101459", "20250615101500", "", False),
        ("20250615101500", "", "20250615101500", False),
        ("20250615101459", "", "20250615101500", True),
        ("20250615101500", "20250615", "20250616", True),
        ("20250615", "20250615000000", "", True),
        ("20250615", "20250615000001", "", False),
        ("20250615", "", "20250615000001", True),
        ("202506", "20250601", "", True),
        ("202506", "20250602", "", False),
        ("2025", "20250101000000", "20250101000001", True),
        ("2025", "", "20250101", False),
        ("2025", "2025", "2026", True),
        ("2026", "2025", "2026", False),
        ("20241231235959", "2025", "", False),
        ("", "2025", "", False),
        ("", "", "2025", False),
    ],
)
def test_a_time_is_compared_as_the_first_moment_it_covers(value, start, stop, inside):
    assert lies_within(value, start, stop) is inside


parts = [st.integers(1998, 2003), *(st.integers(*limits) for limits in ((1, 3), (1, 3), (0, 2), (0, 2), (0, 2)))]
times = st.tuples(st.integers(1, 6), *parts).map(
    lambda one: (f"{one[1]:04}" + "".join(f"{n:02}" for n in one[2:]))[: 2 + 2 * one[0]]
)


def padded(dtm: str) -> str:
    return dtm + "00000101000000"[len(dtm) :]


@given(times, times)
def test_cutting_the_bound_says_what_padding_both_sides_says(value, bound):
    assert lies_within(value, start=bound) is (padded(value) >= padded(bound))
    assert lies_within(value, stop=bound) is (padded(value) < padded(bound))


@pytest.mark.parametrize("bad", ["25", "20251", "2025-06", "demain", "202506151015001", "٢٠٢٥"])
def test_a_bound_that_is_no_time_is_refused(bad):
    with pytest.raises(QueryParameterInvalid):
        bounds(TimeRange(start=bad))


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("%GEORGES%", "899700735741^Georges^Paul", True),
        ("899700735741%", "899700735741^GEORGES", True),
        ("899700735741%", "0899700735741^GEORGES", False),
        ("%^PAUL", "8^GEORGES^PAUL", True),
        ("%^PAUL", "8^GEORGES^PAUL^DR", False),
        ("8_^X", "81^X", True),
        ("8_^X", "8^X", False),
        ("a.c", "abc", False),
        ("%", "", True),
        ("", "", True),
        ("", "a", False),
        ("%ab%ab%", "ab", False),
        ("ab%ab", "ab", False),
        ("ab%ab", "abab", True),
    ],
)
def test_a_pattern_matches_as_sql_like_does_whatever_the_case(pattern, text, matches):
    assert like(pattern)(text) is matches


@given(st.text("ab%_.", max_size=8), st.text("ab.", max_size=8))
def test_the_pattern_matcher_agrees_with_a_regular_expression(pattern, text):
    pieces = {"%": ".*", "_": "."}
    expression = "".join(pieces.get(character, re.escape(character)) for character in pattern)
    assert like(pattern)(text) is (re.fullmatch(expression, text, re.DOTALL) is not None)


def test_a_pattern_made_to_stall_answers():
    assert not like("%a" * 200 + "%b")("a" * 5_000), "a backtracking matcher would not end"
