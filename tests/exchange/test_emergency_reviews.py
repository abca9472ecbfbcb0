"""Emergency accesses to be reviewed by a person before a deadline, the reason sealed."""

from __future__ import annotations

import pytest

from carnet.clock import HOUR, MINUTE
from carnet.errors import IntegrityFailure
from carnet.exchange.emergency_reviews import awaiting_review, request_review

START = 1_793_620_800_000_000  # the start of an hour
REASON = "Patient inconscient"


def asked(connection, key, patient=1, **about):
    usual = {"requester": "899970000024", "mode": "bris_de_glace", "reason": REASON, "now": START, "within_hours": 72}
    return request_review(connection, patient, key=key, **{**usual, **about})


def test_one_review_an_hour_for_one_caller_and_patient(connection, key):
    names = {asked(connection, key, now=START + number * MINUTE) for number in range(60)}
    assert len(names) == 1
    assert awaiting_review(connection) == [(names.pop(), "899970000024", "bris_de_glace", START + 72 * HOUR)]
    asked(connection, key, now=START + HOUR)
    assert len(awaiting_review(connection)) == 2


@pytest.mark.parametrize("other", [{"patient": 2}, {"requester": "899970000032"}, {"mode": "centre_15"}])
def test_another_patient_caller_or_mode_is_reviewed_apart(connection, key, other):
    asked(connection, key)
    asked(connection, key, **other)
    assert len(awaiting_review(connection)) == 2


def test_the_most_urgent_comes_first(connection, key):
    late = asked(connection, key, within_hours=72)
    soon = asked(connection, key, patient=2, within_hours=1)
    assert [name for name, *_ in awaiting_review(connection)] == [soon, late]


def test_what_was_reviewed_does_not_wait(connection, key):
    asked(connection, key)
    connection._raw.execute("UPDATE emergency_review SET reviewed_at = 1")
    assert awaiting_review(connection) == []


def test_the_reason_is_sealed_for_this_review_alone(connection, key):
    first, second = asked(connection, key), asked(connection, key, now=START + HOUR)
    rows = dict(connection._raw.execute("SELECT review_id, sealed_reason FROM emergency_review"))
    assert REASON.encode() not in rows[first]
    assert key.open(rows[first], f"emergency|{first}") == REASON.encode()
    with pytest.raises(IntegrityFailure):
        key.open(rows[first], f"emergency|{second}")


def test_the_first_reason_of_the_hour_is_kept(connection, key):
    name = asked(connection, key)
    asked(connection, key, reason="autre chose", now=START + MINUTE)
    ((sealed,),) = connection._raw.execute("SELECT sealed_reason FROM emergency_review").fetchall()
    assert key.open(sealed, f"emergency|{name}") == REASON.encode()
