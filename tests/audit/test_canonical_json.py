import json

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from carnet.audit.canonical_json import encode

SAFE = (1 << 53) - 1
TEXT = st.text(st.characters(codec="utf-8"))
NAMES = st.text(st.characters(codec="ascii"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-SAFE, SAFE) | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=30,
)


@given(VALUES)
@example("".join(map(chr, range(256))) + "\u2028\u2029\ufeff\U0001f600")
@example({"b": 1, "a": 2, "B": 3, "\r": 4, "1": 5, "": 6, "aa": 7})
def test_the_form_is_that_of_an_independent_implementation(value):
    assert encode(value) == rfc8785.dumps(value)
    assert json.loads(encode(value)) == value


@given(st.dictionaries(NAMES, st.integers(0, 9), max_size=8))
def test_the_order_of_insertion_does_not_matter(value):
    assert encode(dict(reversed(value.items()))) == encode(value)


def test_a_tuple_is_a_list():
    assert encode({"rules": ("a", "b")}) == b'{"rules":["a","b"]}'


def test_half_of_a_surrogate_pair_is_refused():
    with pytest.raises(ValueError):
        encode("\ud800")
