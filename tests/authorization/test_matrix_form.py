"""The form that is kept and approved says every cell, and nothing but its own bytes is taken for it."""

from __future__ import annotations

import hashlib
import json

import pytest

from carnet.authorization.matrix import load
from carnet.authorization.matrix_form import canonical, digest, read
from carnet.errors import CarnetError, IntegrityFailure


@pytest.fixture
def small(make_matrix):
    return load(make_matrix("small", "2024-01-01", **{"10": ["PLAN"], "60": ["REPORT"]}))


def test_a_matrix_is_read_back_as_it_was(small):
    assert read(canonical(small)) == small
    assert digest(canonical(small)) == hashlib.sha256(canonical(small)).hexdigest()


def test_the_form_says_every_cell(small):
    told = json.loads(canonical(small))
    assert told["cells"]["10"] == {"LETTER": ["N", "I", ""], "PLAN": ["Y", "S", ""], "REPORT": ["N", "I", ""]}
    assert told["effective_from"] == "2024-01-01T00:00:00.000000Z"


def test_every_byte_that_changes_makes_it_another_matrix_or_none(small):
    content = canonical(small)
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 0x01
        try:
            assert read(bytes(changed)) != small
        except CarnetError:
            continue


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + b" ",
        lambda text: text.replace(b",", b", ", 1),
        lambda text: text[:-1],
        lambda text: b"",
        lambda text: b"[]",
        lambda text: text.replace(b'"PLAN":["Y","S",""],', b"", 1),
        lambda text: text.replace(b'"types":["LETTER",', b'"types":[', 1),
        lambda text: text.replace(b'["LETTER","PLAN"', b'["PLAN","LETTER"', 1),
        lambda text: text.replace(b'"Y"', b'"y"', 1),
        lambda text: text.replace(b'"form":1', b'"form":2', 1),
        lambda text: text.replace(b'"S"', b'"X"', 1),
    ],
)
def test_what_is_not_the_canonical_form_is_no_matrix(small, change):
    content = canonical(small)
    assert change(content) != content
    with pytest.raises(IntegrityFailure):
        read(change(content))
