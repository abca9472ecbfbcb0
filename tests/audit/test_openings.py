import base64
import hashlib
import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from carnet.audit.openings import CONTEXT, commit, reveal
from carnet.crypto.envelope import PatientKey
from carnet.errors import IntegrityFailure

KEY = PatientKey("person", 1, b"k" * 32)
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
VALUES = st.dictionaries(
    st.sampled_from(["patient", "requester", "objects", "purpose"]), st.lists(TEXT | st.booleans(), max_size=4)
)


def sealed(openings):
    return KEY.seal(openings, CONTEXT)


@given(VALUES)
def test_values_are_revealed_as_they_were_and_anyone_can_check_a_commitment(values):
    committed, openings = commit(values)
    assert reveal(committed, sealed(openings), KEY) == values
    assert rfc8785.dumps(json.loads(openings)) == openings
    for name, opening in json.loads(openings).items():
        salt, value = opening
        assert value == values[name]
        assert len(base64.b64decode(salt)) == 18
        assert base64.b64encode(hashlib.sha256(rfc8785.dumps([salt, value])).digest()).decode() == committed[name]


def test_no_salt_is_used_twice():
    salts = {salt for _ in range(200) for salt, _value in json.loads(commit({"a": [], "b": [], "c": []})[1]).values()}
    assert len(salts) == 600


def test_a_value_changed_added_left_out_or_exchanged_is_not_believed():
    committed, openings = commit({"a": ["1"], "b": ["2"]})
    plain = json.loads(openings)
    lies = [
        plain | {"a": [plain["a"][0], ["9"]]}, plain | {"a": [plain["b"][0], ["1"]]}, plain | {"c": ["", []]}, {"a": plain["a"]},
        {"a": plain["b"], "b": plain["a"]}, {},
    ]  # fmt: skip
    assert reveal(committed, sealed(json.dumps(plain).encode()), KEY) == {"a": ["1"], "b": ["2"]}
    for lie in lies:
        with pytest.raises(IntegrityFailure):
            reveal(committed, sealed(json.dumps(lie).encode()), KEY)


@pytest.mark.parametrize("openings", [b"", b"[]", b'{"a":1}', b'{"a":[1,2]}', b'{"a":["s"]}', b"\xff"])
def test_what_is_no_opening_is_refused(openings):
    with pytest.raises(IntegrityFailure):
        reveal({}, sealed(openings), KEY)


def test_openings_sealed_for_another_purpose_do_not_open():
    committed, openings = commit({"a": ["1"]})
    with pytest.raises(IntegrityFailure):
        reveal(committed, KEY.seal(openings, "traits"), KEY)
