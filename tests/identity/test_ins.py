import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from carnet.errors import InvalidMetadata
from carnet.identity.ins import (
    AUTHORITIES,
    LEGACY_INS_C,
    NIA,
    NIR,
    NIR_DEMONSTRATION,
    NIR_TEST,
    check,
    key_of,
    numbers_in,
    parse_cx,
)
from carnet.metadata import PatientIdentifier

PUBLIC = (
    "207058575627097",
    "279035121518989",
    "277076322082910",
    "153078987658513",
    "157069329642881",
    "124018852493334",
)
"""The values of public samples, which carry the OIDs of tests."""

MONTHS = [*range(1, 13), 20, *range(30, 43), *range(50, 100)]


def number(digits):
    return st.integers(0, 10**digits - 1).map(lambda n: f"{n:0{digits}d}")


departments = number(2) | st.sampled_from(["2A", "2B"])
bodies = st.tuples(
    st.sampled_from("123478"),
    number(2),
    st.sampled_from(MONTHS).map(lambda m: f"{m:02d}"),
    departments,
    number(3),
    number(3),
).map("".join)


@pytest.mark.parametrize("value", PUBLIC)
def test_the_public_sample_identities_are_right(value):
    assert check(value, NIR_TEST, test_identities=True) == PatientIdentifier(value, NIR_TEST)


@given(bodies)
def test_a_number_with_its_own_key_is_right(body):
    value = body + key_of(body)
    assert len(value) == 15
    assert check(value, NIR, test_identities=False) == PatientIdentifier(value, NIR)


@given(bodies, st.integers(0, 99))
def test_no_other_key_is_right(body, other):
    key = f"{other:02d}"
    assume(key != key_of(body))
    with pytest.raises(InvalidMetadata, match="control key"):
        check(body + key, NIR, test_identities=False)


@given(bodies, st.integers(7, 12), st.integers(1, 9))
def test_one_mistyped_digit_is_noticed(body, position, shift):
    wrong = body[:position] + str((int(body[position]) + shift) % 10) + body[position + 1 :]
    with pytest.raises(InvalidMetadata):
        check(wrong + key_of(body), NIR, test_identities=False)


def test_corsica_counts_as_19_and_18():
    assert key_of("18507" + "2A" + "004012") == key_of("18507" + "19" + "004012")
    assert key_of("18507" + "2B" + "033012") == key_of("18507" + "18" + "033012")
    assert key_of("18507" + "2A" + "004012") != key_of("18507" + "2B" + "004012")


@pytest.mark.parametrize(
    "body",
    [
        "9790351215189",  # no such first digit
        "5790351215189",
        "2791351215189",  # months that mean nothing
        "2790051215189",
        "2792151215189",
        "2794951215189",
        "279032C215189",  # no such department
        "279032a215189",
        "27903 1215189",
    ],
)
def test_a_number_of_another_structure_is_refused(body):
    try:
        key = key_of(body)
    except ValueError:
        key = "89"
    with pytest.raises(InvalidMetadata, match="form"):
        check(body + key, NIR, test_identities=False)


@pytest.mark.parametrize("value", ["", "2790351215189", "279035121518989 ", "2790351215189891", "٢79035121518989"])
def test_a_value_that_is_not_fifteen_characters_of_ascii_is_refused(value):
    with pytest.raises(InvalidMetadata, match="form"):
        check(value, NIR, test_identities=False)


@pytest.mark.parametrize("authority", sorted(AUTHORITIES))
def test_each_of_the_four_authorities_is_known(authority):
    assert check(PUBLIC[1], authority, test_identities=True).authority == authority


@pytest.mark.parametrize("authority", [NIR_TEST, NIR_DEMONSTRATION])
def test_a_test_identity_is_refused_where_tests_are_not_admitted(authority):
    with pytest.raises(InvalidMetadata, match="test identity"):
        check(PUBLIC[1], authority, test_identities=False)


@pytest.mark.parametrize("authority", [NIR, NIA])
def test_a_real_authority_needs_no_permission(authority):
    assert check(PUBLIC[1], authority, test_identities=False).authority == authority


def test_the_computed_identifier_of_old_is_refused_in_its_own_words():
    with pytest.raises(InvalidMetadata, match="INS-C"):
        check("6457989011234567810012", LEGACY_INS_C, test_identities=True)


@pytest.mark.parametrize("authority", ["", "1.2.250.1.213.1.4", "1.2.250.1.213.1.4.80", "1.2.250.1.213.1.4.12"])
def test_another_authority_is_refused(authority):
    with pytest.raises(InvalidMetadata, match="authority"):
        check(PUBLIC[1], authority, test_identities=True)


@pytest.mark.parametrize("value", ["279035121518988", "999"])
def test_a_refusal_does_not_repeat_the_number(value):
    with pytest.raises(InvalidMetadata) as refusal:
        check(value, NIR, test_identities=True)
    assert value not in refusal.value.message
    assert value not in refusal.value.subject


@pytest.mark.parametrize(
    "text",
    [
        "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH",
        "279035121518989^^^&1.2.250.1.213.1.4.10&ISO",
        "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH^^20190101",
        "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH^^20190101103000",
        "279035121518989^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^NH",
    ],
)
def test_a_cx_is_read_and_its_effective_date_left_out(text):
    assert parse_cx(text) == PatientIdentifier("279035121518989", NIR_TEST)
    assert parse_cx(text).cx() == "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "279035121518989",
        "279035121518989^^^1.2.250.1.213.1.4.10",
        "279035121518989^^^&1.2.250.1.213.1.4.10&DNS^NH",
        "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^PI",
        "279035121518989^9^^&1.2.250.1.213.1.4.10&ISO^NH",
        "279035121518989^^NPI^&1.2.250.1.213.1.4.10&ISO^NH",
        "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH^here",
        "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH^^yesterday",
        "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH^^20190101^x",
        "279035121518989^^^&1.2.250.1.213.1.4.10&ISO&x^NH",
        "^^^&1.2.250.1.213.1.4.10&ISO^NH",
        "279035121518989^^^&&ISO^NH",
    ],
)
def test_a_cx_of_another_form_is_refused(text):
    with pytest.raises(InvalidMetadata):
        parse_cx(text)


@given(st.text(alphabet="0123456789^&AISONH.", max_size=60))
def test_no_text_makes_the_reader_fail_otherwise(text):
    try:
        found = parse_cx(text)
    except InvalidMetadata:
        return
    assert found.value
    assert found.authority


@pytest.mark.parametrize("written", ["{}", "Patient/{}", "urn:oid:1.2.250.1.213.1.4.8|{}", "INS {}^^^NH", "ins-{}"])
def test_a_number_is_found_in_whatever_stands_around_it(written):
    number = PUBLIC[0]
    assert numbers_in(written.format(number)) == {number}
    assert numbers_in(" ".join(number)) == {number}


@pytest.mark.parametrize(
    "text", ["", "42", "abcdefghijklmno", "207058575627098", "1207058575627097", "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"]
)
def test_what_has_not_the_form_and_the_key_is_no_number(text):
    assert numbers_in(text) == frozenset()
