"""What a version changes is said by role, opening and closing apart, and agrees with asking every cell of both."""

from __future__ import annotations

import random

import pytest

from carnet.authorization.matrix import load
from carnet.authorization.matrix_comparison import compare

TYPES = ["REPORT", "LETTER", "PLAN"]


@pytest.fixture
def make(make_matrix):
    return lambda version, **rows: load(make_matrix(version, "2024-01-01", **rows))


def test_what_opens_and_what_closes_is_said_apart(make):
    found = compare(make("a", **{"10": ["PLAN"], "60": ["PLAN"]}), make("b", **{"10": ["REPORT"], "60": ["PLAN"]}))
    (role,) = found.roles
    assert (role.role, role.opens, role.closes, role.new, role.gone) == ("10", ("REPORT",), ("PLAN",), False, False)
    assert (found.before, found.after, found.opened, found.closed) == ("a", "b", 1, 1)


def test_a_row_that_comes_and_one_that_goes_are_said(make):
    found = compare(make("a", **{"10": ["PLAN"]}), make("b", **{"60": []}))
    assert [(one.role, one.closes, one.new, one.gone) for one in found.roles] == [
        ("10", ("PLAN",), False, True),
        ("60", (), True, False),
    ]


def test_a_matrix_against_itself_changes_nothing(make):
    matrix = make("a", **{"10": TYPES})
    found = compare(matrix, matrix)
    assert (found.roles, found.opened, found.closed, found.named, found.dropped, found.basis) == ((), 0, 0, (), (), 0)


@pytest.mark.parametrize("seed", range(50))
def test_the_comparison_is_that_of_every_cell(make, seed):
    chance = random.Random(seed)

    def rows():
        return {role: chance.sample(TYPES, chance.randrange(4)) for role in ("10", "21", "60") if chance.random() < 0.8}

    before, after = make("a", **(rows() or {"10": []})), make("b", **(rows() or {"10": []}))
    found = compare(before, after)
    cells = [(role, one) for role in ("10", "21", "60") for one in TYPES]
    opens = {cell for cell in cells if after.allows(*cell) and not before.allows(*cell)}
    closes = {cell for cell in cells if before.allows(*cell) and not after.allows(*cell)}
    assert {(one.role, type_code) for one in found.roles for type_code in one.opens} == opens
    assert {(one.role, type_code) for one in found.roles for type_code in one.closes} == closes
    assert (found.opened, found.closed) == (len(opens), len(closes))
