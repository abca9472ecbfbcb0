import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.document_query import CodeFilter
from carnet.errors import QueryParameterInvalid
from carnet.metadata import AssociationType, AvailabilityStatus, ObjectType, PatientIdentifier
from carnet.soap.messages import quoted
from carnet.soap.query_table import Form
from carnet.soap.query_values import MAXIMUM_LENGTH, MAXIMUM_VALUES, read_values

APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["'a'"], ("a",)),
        (["('a')"], ("a",)),
        (["('a','b')"], ("a", "b")),
        ([" ( 'a' , 'b' ) "], ("a", "b")),
        (["'a','b'"], ("a", "b")),
        (["('a')", "('b','c')"], ("a", "b", "c")),
        (["('it''s')"], ("it's",)),
        (["''''"], ("'",)),
        (["('')"], ("",)),
        (["'a,b)'"], ("a,b)",)),
        (["('(a)')"], ("(a)",)),
    ],
)
def test_strings_and_lists_are_read(values, expected):
    assert read_values("$p", Form.TEXTS, values) == expected


@pytest.mark.parametrize(
    "value", ["a", "('a'", "'a')", "'a", "a'", "('a' 'b')", "('a',)", "()", "('a',b)", "(a)", "'a'b", '"a"', "('a'')"]
)
def test_what_is_not_quoted_is_refused_by_name(value):
    with pytest.raises(QueryParameterInvalid) as refusal:
        read_values("$p", Form.TEXTS, [value])
    assert refusal.value.subject == "$p"


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_what_was_quoted_is_read_again(strings):
    assert read_values("$p", Form.TEXTS, [quoted(*strings)]) == tuple(strings)


@given(st.text("'(),^ ab", max_size=40))
def test_any_value_is_read_or_refused(value):
    try:
        read_values("$p", Form.CODES, [value])
    except QueryParameterInvalid:
        return


def test_an_endless_quote_is_refused_in_no_time():
    with pytest.raises(QueryParameterInvalid):
        read_values("$p", Form.TEXTS, ["'" + "''" * 500_000 + "x"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("'10^^1.2.250.1'", CodeFilter("10", "1.2.250.1")),
        ("'10'", CodeFilter("10")),
        ("'10^Compte rendu^1.2.250.1'", CodeFilter("10", "1.2.250.1")),
        ("'10^^'", CodeFilter("10")),
    ],
)
def test_codes_with_or_without_their_scheme(value, expected):
    assert read_values("$p", Form.CODES, [value]) == (expected,)


@pytest.mark.parametrize("value", ["'^^1.2'", "''", "'10^1.2'", "'10^^1.2^3'"])
def test_what_is_no_code(value):
    with pytest.raises(QueryParameterInvalid):
        read_values("$p", Form.CODES, [value])


@pytest.mark.parametrize("value", ["20260105", "'20260105'", "(20260105)", "('20260105')", " 20260105 "])
def test_a_time_is_a_number_quoted_or_not(value):
    assert read_values("$p", Form.FROM, [value]) == ("20260105",)


@pytest.mark.parametrize("value", ["", "2026-01-05", "20260230", "'20260105", "tomorrow"])
def test_what_is_no_time(value):
    if value == "'20260105":
        assert read_values("$p", Form.TO, [value]) == ("20260105",)
        return
    with pytest.raises(QueryParameterInvalid):
        read_values("$p", Form.TO, [value])


def test_statuses_include_the_french_ones():
    values = [
        quoted(APPROVED, "urn:asip:ci-sis:2010:StatusType:Archived"),
        quoted("urn:asip:ci-sis:2010:StatusType:Deleted"),
    ]
    expected = (AvailabilityStatus.APPROVED, AvailabilityStatus.ARCHIVED, AvailabilityStatus.DELETED)
    assert read_values("$p", Form.STATUSES, values) == expected


@pytest.mark.parametrize("value", [APPROVED, "'Approved'", f"'{APPROVED} '"])
def test_a_status_is_quoted_and_whole(value):
    with pytest.raises(QueryParameterInvalid):
        read_values("$p", Form.STATUSES, [value])


def test_patients_types_and_associations_become_what_they_are():
    patient = PatientIdentifier("299019912345680", "1.2.250.1.213.1.4.10")
    assert read_values("$p", Form.PATIENTS, [f"'{patient.cx()}^^20250101'"]) == (patient,)
    assert read_values("$p", Form.OBJECT_TYPES, [quoted(ObjectType.ON_DEMAND)]) == (ObjectType.ON_DEMAND,)
    alias = "urn:ihe:iti:2010:AssociationType:RPLC"
    assert read_values("$p", Form.ASSOCIATION_TYPES, [quoted(alias)]) == (AssociationType.RPLC,)


@pytest.mark.parametrize("form", [Form.PATIENTS, Form.OBJECT_TYPES, Form.ASSOCIATION_TYPES])
def test_an_unknown_patient_form_type_or_association_is_refused(form):
    with pytest.raises(QueryParameterInvalid):
        read_values("$p", form, ["'urn:else'"])


def test_values_are_bounded():
    read_values(
        "$p",
        Form.TEXTS,
        [
            quoted(*["a"] * MAXIMUM_VALUES),
        ],
    )
    read_values("$p", Form.TEXTS, [quoted("a" * MAXIMUM_LENGTH)])
    for values in ([quoted(*["a"] * MAXIMUM_VALUES), "'a'"], [quoted("a" * (MAXIMUM_LENGTH + 1))]):
        with pytest.raises(QueryParameterInvalid, match="too many values"):
            read_values("$p", Form.TEXTS, values)
