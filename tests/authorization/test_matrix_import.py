"""A proposed matrix is read whole or not at all, and everything that is wrong with it is said, by line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from carnet.authorization.matrix import load
from carnet.authorization.matrix_form import canonical
from carnet.authorization.matrix_import import known_roles, known_types, read_proposed
from carnet.authorization.roles import MATRIX_ROLES
from carnet.clock import from_iso
from carnet.errors import InvalidRuleData, MalformedMessage, Several

SHIPPED = Path(__file__).parents[2] / "carnet" / "authorization" / "data" / "matrix-draft-2026-11-22.json"
NOW = from_iso("2026-11-22T12:00:00Z")
HEAD = {
    "version": "annexe-2027",
    "status": "official",
    "source": "Annexe",
    "legal_basis": "Arrêté",
    "effective_from": "2027-01-01T00:00:00+01:00",
    "roles": "2",
    "types": "2",
}
LINES = ["10;11488-4;Y;S;ligne 1", "10;11490-0;N;S;ligne 2", "60;11488-4;N;I;", "60;11490-0;Y;I;"]


def csv(lines=LINES, columns="role;type;right;basis;clause", **head):
    about = [f"# {key};{value}" for key, value in {**HEAD, **head}.items() if value is not None]
    return "\n".join([*about, columns, *lines]).encode()


def faults(content, now=NOW):
    with pytest.raises(Several) as refusal:
        read_proposed(content, now)
    assert all(isinstance(error, InvalidRuleData) for error in refusal.value.errors)
    return [error.message for error in refusal.value.errors]


def test_a_csv_file_is_read_with_its_clauses():
    matrix = read_proposed(csv(), NOW)
    assert (matrix.version, matrix.status, matrix.source, matrix.legal_basis) == (
        "annexe-2027",
        "official",
        "Annexe",
        "Arrêté",
    )
    assert matrix.effective_at == from_iso("2026-12-31T23:00:00Z")
    assert {(role, one) for role in matrix.readable for one in matrix.types if matrix.allows(role, one)} == {
        ("10", "11488-4"),
        ("60", "11490-0"),
    }
    assert matrix.basis["60", "11488-4"] == "I"
    assert matrix.clauses == {("10", "11488-4"): "ligne 1", ("10", "11490-0"): "ligne 2"}


@pytest.mark.parametrize("change", [lambda text: b"\xef\xbb\xbf" + text, lambda text: text.replace(b"\n", b"\r\n")])
def test_what_a_spreadsheet_writes_is_read_the_same(change):
    assert canonical(read_proposed(change(csv()), NOW)) == canonical(read_proposed(csv(), NOW))


def test_one_matrix_has_one_form_in_whatever_order_it_came():
    assert canonical(read_proposed(csv(LINES[::-1]), NOW)) == canonical(read_proposed(csv(), NOW))


def test_the_json_form_of_the_packaged_matrix_can_be_proposed_with_a_date_and_a_legal_basis():
    file = json.loads(SHIPPED.read_bytes()) | {"effective_from": "2027-01-01", "legal_basis": "Arrêté"}
    matrix = read_proposed(json.dumps(file).encode(), NOW)
    shipped = load(SHIPPED.read_bytes())
    assert (matrix.readable, matrix.basis) == (shipped.readable, shipped.basis)
    assert matrix.effective_at == from_iso("2027-01-01T00:00:00Z")


def test_the_packaged_matrix_itself_is_refused_for_its_date_and_its_missing_legal_basis():
    assert faults(SHIPPED.read_bytes()) == [
        "The file does not say its legal_basis.",
        "The effective date is not in the future: what was decided until now stays as it was decided.",
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("10;11488-4;N;S;", "Line 13: role 10 and type 11488-4 stand on line 9 already."),
        ("10;11488-4;Y;S;ligne 1", "Line 13: role 10 and type 11488-4 stand on line 9 already."),
        ("77;11488-4;N;S;", "Line 13: no role '77' is known."),
        ("10;00000-0;N;S;", "Line 13: no document type '00000-0' is known."),
        ("10;11502-2;O;S;", "Line 13: the right is Y or N, not 'O'."),
        ("10;11502-2;y;S;", "Line 13: the right is Y or N, not 'y'."),
        ("10;11502-2;;S;", "Line 13: the right is Y or N, not ''."),
        ("10;11502-2;Y;X;", "Line 13: the basis is S (sourced) or I (inferred), not 'X'."),
        ("10;11502-2;Y", "Line 13: it has 3 columns, not 5."),
        ("10;11502-2;Y;S;a;b", "Line 13: it has 6 columns, not 5."),
        ('10;11502-2;Y;S;"a', "Line 13: a quotation mark is not closed."),
        (f"10;11502-2;Y;S;{'x' * 501}", "Line 13: the clause has more than 500 characters."),
        ("# version;other", "Line 13: version is said twice."),
        ("# surprise;other", "Line 13: 'surprise' is nothing that the head of the file says."),
    ],
)
def test_a_bad_line_is_said_with_its_number(line, said):
    assert said in faults(csv([*LINES, line]))


def test_every_bad_line_is_said_and_not_the_first_alone():
    found = faults(csv([*LINES, "77;11488-4;N;S;", "", "10;11502-2;?;S;"]))
    assert [one for one in found if one.startswith(("Line 13", "Line 15"))] == [
        "Line 13: no role '77' is known.",
        "Line 15: the right is Y or N, not '?'.",
    ]


@pytest.mark.parametrize("key", HEAD)
def test_a_head_that_lacks_something_is_said(key):
    assert f"The head of the file does not say its {key}." in faults(csv(**{key: None}))
    assert any(f"{key} has no value" in one for one in faults(csv(**{key: " "})))


@pytest.mark.parametrize("cut", range(len(LINES)))
def test_a_file_cut_short_is_noticed(cut):
    assert faults(csv(LINES[:cut]))


def test_a_cell_that_is_missing_is_named():
    assert "Role 60 has no line for 11490-0." in faults(csv(LINES[:3]))
    assert "The head of the file says 2 roles; its lines have 1." in faults(csv(LINES[:2]))
    assert "The file has no line of the matrix." in faults(csv([], roles="0", types="0"))


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ({"effective_from": "2026-11-22T12:00:00Z"}, "not in the future"),
        ({"effective_from": "2026-11-22"}, "not in the future"),
        ({"effective_from": "2027-01-01T00:00:00"}, "neither a day"),
        ({"effective_from": "1er janvier"}, "neither a day"),
        ({"effective_from": "2027-13-01"}, "neither a day"),
        ({"effective_from": "9999-12-31T23:59:59-23:59"}, "neither a day"),
        ({"status": "final"}, "draft or official"),
        ({"version": "with blanks"}, "name of letters"),
        ({"version": "x" * 65}, "name of letters"),
        ({"version": "../up"}, "name of letters"),
        ({"roles": "3"}, "says 3 roles"),
        ({"types": "many"}, "says many types"),
    ],
)
def test_a_head_that_says_something_impossible_is_refused(head, said):
    assert any(said in one for one in faults(csv(**head)))


def test_a_moment_a_microsecond_ahead_is_in_the_future():
    content = csv(effective_from="2026-11-22T12:00:00.000001Z")
    assert read_proposed(content, NOW).effective_at == NOW + 1
    assert faults(content, NOW + 1)


def test_a_header_of_other_columns_is_refused():
    assert any("The header is not" in one for one in faults(csv(columns="type;role;right;basis;clause")))


@pytest.mark.parametrize("content", [b"\xff\xfe", b"role\xe9"])
def test_bytes_that_are_no_text_are_refused(content):
    with pytest.raises(MalformedMessage):
        read_proposed(content, NOW)


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"\n\n", b"<xml/>"])
def test_a_file_that_is_nothing_of_the_kind_is_refused_in_sentences(content):
    assert faults(content)


@pytest.mark.parametrize("number", range(60))
def test_a_mutated_file_is_refused_or_says_another_thing_in_another_form(number):
    """Whatever byte changes, the form that people approve changes with it, or the file is refused."""
    content = bytearray(csv())
    place = (number * 7919) % len(content)
    content[place] ^= 0x01
    try:
        found = canonical(read_proposed(bytes(content), NOW))
    except (Several, MalformedMessage):
        return
    assert found != canonical(read_proposed(csv(), NOW))


def test_every_role_that_a_caller_can_have_is_known_to_the_terminology():
    assert known_roles().keys() == MATRIX_ROLES
    assert all(known_roles().values())
    assert len(known_types()) > 100
