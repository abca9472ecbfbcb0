"""What a bar code reader types is read as the INS that it is of, or refused; nothing is guessed."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.errors import InvalidMetadata
from carnet.identity.ins import NIA, NIR, NIR_DEMONSTRATION, NIR_TEST, key_of
from carnet.identity.ins_scanning import ScannedIdentity, possible_identifiers, read_ins

NUMBER = "279035121518989"
HEAD = f"IS01{'0' * 22}"


def matrix(number=NUMBER, oid=NIR, rest="S3DOMINIQUE MARIE-LOUISE\x1dS4PAT-TROIS\x1dS5FS628-03-1979S751215"):
    return f"{HEAD}S1{number}S2{oid.ljust(20)}{rest}"


@pytest.mark.parametrize(
    "typed", [NUMBER, "2 79 03 51 215 189 89", " 2.79.03.51.215.189.89 ", "2\u00a079\u202f03 51 215 189-89"]
)
def test_a_number_is_read_however_its_groups_are_parted(typed):
    assert read_ins(typed) == ScannedIdentity(NUMBER)


def test_a_department_of_corsica_is_read_in_either_case():
    body = "155112A999001"
    assert read_ins(f"{body}{key_of(body)}".lower()).value == f"{body}{key_of(body)}"


@pytest.mark.parametrize("separator", ["\x1d", "", " "])
@pytest.mark.parametrize("oid", [NIR, NIA, NIR_TEST, NIR_DEMONSTRATION])
def test_the_datamatrix_is_read_with_its_separators_or_without(oid, separator):
    found = read_ins(matrix(oid=oid).replace("\x1d", separator))
    assert found == ScannedIdentity(NUMBER, oid, "F", "19790328")


def test_a_name_that_looks_like_a_field_changes_nothing():
    rest = "S3S5MS601-01-2000 ZOE\x1dS4PAT-TROIS\x1dS5FS628-03-1979S751215"
    assert read_ins(matrix(rest=rest)).value == NUMBER


def test_a_datamatrix_without_traits_is_an_identifier_alone():
    assert read_ins(matrix(rest="")) == ScannedIdentity(NUMBER, NIR)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "2",
        NUMBER[:-1],
        f"{NUMBER}1",
        f"{NUMBER[:-1]}8",
        matrix(number=f"{NUMBER[:-1]}8"),
        matrix(oid="1.2.3"),
        matrix().replace("S1", "S9"),
        "IS01",
        "\x00" * 900,
    ],
)
def test_what_is_no_ins_is_refused(typed):
    with pytest.raises(InvalidMetadata):
        read_ins(typed)


@given(st.text(max_size=200))
def test_nothing_that_is_typed_breaks_the_reading(typed):
    with contextlib.suppress(InvalidMetadata):
        assert len(read_ins(typed).value) == 15


def test_a_number_alone_may_be_of_any_authority_that_is_admitted():
    alone = ScannedIdentity(NUMBER)
    assert [one.authority for one in possible_identifiers(alone, test_identities=True)] == [
        NIR,
        NIA,
        NIR_TEST,
        NIR_DEMONSTRATION,
    ]
    assert [one.authority for one in possible_identifiers(alone, test_identities=False)] == [NIR, NIA]
    with pytest.raises(InvalidMetadata):
        possible_identifiers(ScannedIdentity(NUMBER, NIR_TEST), test_identities=False)
