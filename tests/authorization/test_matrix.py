"""The matrix of professions and document types: the data shipped, the strictness of reading, the date in force."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from carnet.authorization.matrix import Matrices, load
from carnet.clock import DAY, from_iso
from carnet.errors import ConfigurationError

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "carnet" / "authorization" / "data" / "matrix-draft-2026-11-22.json"
DRAFT = ROOT.parent / "shared" / "terminology" / "authorization_matrix_draft.json"
SAME_ROW = {"69": "60"}


@pytest.fixture(scope="module")
def shipped():
    return load(SHIPPED.read_bytes())


@pytest.fixture(scope="module")
def draft():
    if not DRAFT.exists():
        pytest.skip("the shared draft is not beside this repository")
    return {row["role"]: row["types"] for row in json.loads(DRAFT.read_text(encoding="utf-8"))["professions"]}


def test_every_cell_of_the_shipped_matrix_is_that_of_the_draft(shipped, draft):
    expected = {
        (role, type_code): (word == "Y", basis)
        for role, types in {**draft, **{also: draft[role] for also, role in SAME_ROW.items()}}.items()
        for type_code, (word, basis) in types.items()
    }
    found = {
        (role, type_code): (shipped.allows(role, type_code), shipped.basis[role, type_code])
        for role, type_code in shipped.basis
    }
    assert found == expected
    assert len(found) == 23 * 102


def test_the_shipped_matrix_says_that_it_is_a_draft_and_what_replaces_it(shipped):
    assert shipped.status == "draft"
    assert shipped.version in SHIPPED.name
    assert "26 October 2023" in shipped.notice


@pytest.mark.parametrize(
    ("role", "type_code", "allowed"),
    [
        ("10", "11502-2", True),
        ("10", "ATTEST-RESID", False),
        ("60", "68599-0", False),
        ("80", "15508-5", False),
        ("40", "EXPPAT_3", False),
        ("GENR08", "57833-6", False),
    ],
)
def test_what_public_sources_state_holds(shipped, role, type_code, allowed):
    assert shipped.allows(role, type_code) is allowed


@pytest.mark.parametrize(("role", "type_code"), [("31", "11502-2"), ("", "11502-2"), ("10", ""), ("10", "00000-0")])
def test_an_unknown_role_or_type_is_refused(shipped, role, type_code):
    assert not shipped.allows(role, type_code)


def test_the_matrix_in_force_is_the_last_one_begun(matrices):
    change = from_iso("2026-01-01T00:00:00Z")
    assert matrices.in_force(change - 1).version == "first"
    assert matrices.in_force(change).version == "second"
    assert matrices.in_force(change + 1000 * DAY).version == "second"


def test_before_the_first_matrix_none_is_in_force(matrices):
    assert matrices.in_force(from_iso("2023-12-31T23:59:59Z")) is None


def test_two_matrices_of_one_day_or_none_at_all_are_refused(make_matrix):
    one, other = (load(make_matrix(version, "2024-01-01", **{"10": ["PLAN"]})) for version in ("a", "b"))
    with pytest.raises(ConfigurationError, match="same day"):
        Matrices([one, other])
    with pytest.raises(ConfigurationError, match="nobody could read"):
        Matrices(())


def _changed(content, **changes):
    return json.dumps({**json.loads(content), **changes}).encode()


def _changed_role(content, **changes):
    file = json.loads(content)
    file["roles"][0].update(changes)
    return json.dumps(file).encode()


@pytest.fixture
def small(make_matrix):
    return make_matrix("small", "2024-01-01", **{"10": ["PLAN"], "60": ["REPORT"]})


def test_a_small_matrix_is_read(small):
    assert load(small).allows("10", "PLAN")
    assert not load(small).allows("10", "REPORT")


@pytest.mark.parametrize(
    "changes",
    [
        {"surprise": 1},
        {"name": "something-else"},
        {"status": "final"},
        {"right": "write"},
        {"version": " "},
        {"version": 3},
        {"effective_from": "soon"},
        {"types": []},
        {"types": ["PLAN", "PLAN", "REPORT"]},
        {"types": ["PLAN", "REPORT", ""]},
        {"types": ["REPORT"]},
        {"roles": []},
    ],
)
def test_a_matrix_that_says_something_unknown_or_twice_is_refused(small, changes):
    with pytest.raises(ConfigurationError):
        load(_changed(small, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"surprise": 1},
        {"code": "60"},
        {"code": ""},
        {"also": ["60"]},
        {"also": ["10"]},
        {"default": "perhaps"},
        {"cell_basis": "?"},
        {"default_basis": "X"},
        {"except_sourced": ["PLAN", "PLAN"]},
        {"except_sourced": ["NOVEL"]},
        {"except_inferred": ["PLAN"]},
        {"except_inferred": ["NOVEL"]},
        {"other_basis": ["PLAN"]},
        {"other_basis": ["NOVEL"]},
    ],
)
def test_a_row_that_says_something_unknown_or_twice_is_refused(small, changes):
    with pytest.raises(ConfigurationError):
        load(_changed_role(small, **changes))


@pytest.mark.parametrize("missing", ["version", "effective_from", "types", "roles", "notice", "source", "status"])
def test_a_matrix_without_one_of_its_parts_is_refused(small, missing):
    file = json.loads(small)
    del file[missing]
    with pytest.raises(ConfigurationError):
        load(json.dumps(file).encode())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_bytes_that_are_no_matrix_are_refused(content):
    with pytest.raises(ConfigurationError):
        load(content)


def test_a_row_that_allows_by_default_refuses_its_exceptions(small):
    matrix = load(_changed_role(small, default="allow", except_sourced=["PLAN"], other_basis=["LETTER"]))
    assert {type_code for type_code in matrix.types if matrix.allows("10", type_code)} == {"REPORT", "LETTER"}
    assert matrix.basis["10", "LETTER"] == matrix.basis["10", "PLAN"] == "S"
    assert matrix.basis["10", "REPORT"] == "I"


def test_while_a_version_holds_that_cannot_be_read_none_is_in_force_not_even_an_older_one(make_matrix):
    first, third = (
        load(make_matrix(name, day, **{"10": ["PLAN"]})) for name, day in (("a", "2024-01-01"), ("c", "2026-01-01"))
    )
    broken = from_iso("2025-01-01T00:00:00Z")
    matrices = Matrices([first, third], unreadable=[broken])
    assert matrices.in_force(broken - 1) is first
    assert matrices.in_force(broken) is None
    assert matrices.in_force(third.effective_at - 1) is None
    assert matrices.in_force(third.effective_at) is third


def test_whether_all_that_holds_and_comes_can_be_read_is_told(make_matrix):
    first, third = (
        load(make_matrix(name, day, **{"10": ["PLAN"]})) for name, day in (("a", "2024-01-01"), ("c", "2026-01-01"))
    )
    broken = from_iso("2025-01-01T00:00:00Z")
    matrices = Matrices([first, third], unreadable=[broken])
    assert not matrices.holds_from(first.effective_at - 1)
    assert not matrices.holds_from(first.effective_at)
    assert not matrices.holds_from(third.effective_at - 1)
    assert matrices.holds_from(third.effective_at)
    assert Matrices([first, third]).holds_from(first.effective_at)
    assert not Matrices((), unreadable=[0]).holds_from(1)
