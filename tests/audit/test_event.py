import json

import pytest
import rfc8785

from carnet.audit.event import AuditEvent, Link, decode_entry, encode_entry
from carnet.errors import IntegrityFailure

EVENT = AuditEvent(
    "iti43",
    "refused",
    5,
    mode="normal",
    requester_role="G15_10",
    rules=("blocked", "care-team"),
    matrix_version="2025-01",
)


def test_an_entry_is_in_canonical_form_whatever_the_order_of_its_commitments():
    entry = encode_entry(EVENT, {"requester": "b", "patient": "a"}, "c", Link(3, "d", 7))
    assert rfc8785.dumps(json.loads(entry)) == entry
    assert entry == encode_entry(EVENT, {"patient": "a", "requester": "b"}, "c", Link(3, "d", 7))


@pytest.mark.parametrize("link", [None, Link(3, None, 1), Link(3, "d", 7)])
def test_an_entry_is_read_back(link):
    entry = decode_entry(encode_entry(EVENT, {"patient": "a"}, "c", link))
    assert (entry.action, entry.outcome, entry.at, entry.mode, entry.role) == (
        "iti43",
        "refused",
        5,
        "normal",
        "G15_10",
    )
    assert (entry.rules, entry.matrix, entry.committed, entry.openings, entry.link) == (
        ("blocked", "care-team"), "2025-01", {"patient": "a"}, "c", link
    )  # fmt: skip


def changed(**members):
    return rfc8785.dumps(json.loads(encode_entry(EVENT, {}, "c", None)) | members)


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"[]",
        b"\xff",
        changed(v=2),
        changed(at="5"),
        changed(more=1),
        changed(link={"patient_key": 1}),
        changed(committed=None),
    ],
)
def test_what_is_no_entry_of_a_known_form_is_refused(entry):
    with pytest.raises(IntegrityFailure):
        decode_entry(entry)
