import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.crypto.envelope import OVERHEAD, PatientKey
from carnet.errors import IntegrityFailure

KEY = PatientKey("person", 1, b"k" * 32)


@given(st.binary(max_size=2_000), st.text(max_size=60))
def test_what_was_sealed_opens_in_its_own_place(plain, context):
    sealed = KEY.seal(plain, context)
    assert KEY.open(sealed, context) == plain
    assert len(sealed) == len(plain) + OVERHEAD


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_value_moved_to_another_place_does_not_open(context, other):
    if context != other:
        with pytest.raises(IntegrityFailure):
            KEY.open(KEY.seal(b"traits", context), other)


@pytest.mark.parametrize(
    "other",
    [PatientKey("person", 1, b"o" * 32), PatientKey("someone", 1, b"k" * 32), PatientKey("person", 2, b"k" * 32)],
)
def test_a_value_does_not_open_under_another_secret_person_or_version(other):
    with pytest.raises(IntegrityFailure):
        other.open(KEY.seal(b"traits", "traits"), "traits")


def test_a_place_and_a_person_cannot_be_taken_for_each_other():
    """Context `a` of person `b|c` would read as context `a|b` of person `c`: no pseudonym has a bar."""
    with pytest.raises(ValueError):
        PatientKey("b|c", 1, b"k" * 32)


def test_every_bit_of_a_sealed_value_counts():
    sealed = KEY.seal(b"fictitious traits", "traits")
    for position in range(len(sealed)):
        for bit in range(8):
            changed = sealed[:position] + bytes([sealed[position] ^ 1 << bit]) + sealed[position + 1 :]
            with pytest.raises(IntegrityFailure):
                KEY.open(changed, "traits")


def test_a_sealed_value_cut_short_or_made_longer_does_not_open():
    sealed = KEY.seal(b"fictitious traits", "traits")
    for length in range(len(sealed)):
        with pytest.raises(IntegrityFailure):
            KEY.open(sealed[:length], "traits")
    with pytest.raises(IntegrityFailure):
        KEY.open(sealed + b"\x00", "traits")


def test_no_two_seals_of_one_value_are_alike():
    assert len({KEY.seal(b"same", "place") for _ in range(1_000)}) == 1_000


def test_a_document_key_opens_for_its_own_document_only():
    key, wrapped = KEY.new_document_key("1.2.250.1.999.1")
    assert len(key) == 32
    assert KEY.open_document_key(wrapped, "1.2.250.1.999.1") == key
    with pytest.raises(IntegrityFailure):
        KEY.open_document_key(wrapped, "1.2.250.1.999.2")
    with pytest.raises(IntegrityFailure):
        PatientKey("someone", 1, b"k" * 32).open_document_key(wrapped, "1.2.250.1.999.1")


def test_each_document_has_a_key_of_its_own():
    assert len({KEY.new_document_key("same")[0] for _ in range(1_000)}) == 1_000


def test_a_secret_is_never_shown():
    key = PatientKey("person", 1, b"very secret, thirty-two bytes ok")
    assert "secret, thirty" not in repr(key)
    assert repr(key) == "PatientKey(pseudonym='person', version=1)"


@pytest.mark.parametrize(("pseudonym", "secret"), [("person", b"short"), ("person", b"k" * 33), ("", b"k" * 32)])
def test_what_is_not_a_key_is_refused(pseudonym, secret):
    with pytest.raises(ValueError):
        PatientKey(pseudonym, 1, secret)


def opens_elsewhere(key):
    try:
        return key.open(key.seal(b"traits", "entry|1"), "entry|2") == b"traits"
    except IntegrityFailure:
        return False


def test_a_key_that_forgets_the_place_would_be_caught():
    """Negative control of the tests above."""

    class Forgetful(PatientKey):
        def seal(self, plain, context):
            return PatientKey.seal(self, plain, "")

        def open(self, sealed, context):
            return PatientKey.open(self, sealed, "")

    assert opens_elsewhere(Forgetful("person", 1, b"k" * 32))
    assert not opens_elsewhere(KEY)
