"""Emergency accesses to be reviewed by a person before a deadline, the reason and the findings sealed."""

from __future__ import annotations

import pytest

from carnet.clock import HOUR
from carnet.errors import IntegrityFailure
from carnet.exchange.emergency_reviews import (
    Verdict,
    add_finding,
    awaiting_review,
    find_review,
    findings_of,
    request_review,
    waiting_and_overdue,
)

START = 1_793_620_800_000_000
REASON = "INCONSCIENT: Patient trouvé inconscient"
DUE = START + 72 * HOUR


def asked(connection, key, name="one", patient=1, **about):
    usual = {"requester": "899970000024", "mode": "bris_de_glace", "reason": REASON, "now": START, "within_hours": 72}
    request_review(connection, patient, name, key=key, **{**usual, **about})
    return find_review(connection, name)


def found(connection, key, name="one", verdict=Verdict.JUSTIFIED, sentence="Arrêt cardiaque confirmé", **about):
    review = find_review(connection, name)
    about = {"reviewer": "operator:one", "now": START + HOUR, **about}
    add_finding(connection, review, verdict, sentence, key=key, **about)
    return find_review(connection, name)


def test_the_most_urgent_comes_first(connection, key):
    asked(connection, key, "late")
    asked(connection, key, "soon", patient=2, within_hours=1)
    assert [one.review_id for one in awaiting_review(connection)] == ["soon", "late"]


def test_it_is_overdue_once_its_deadline_has_passed_and_not_when_it_was_reviewed(connection, key):
    review = asked(connection, key)
    assert (review.overdue(DUE), review.overdue(DUE + 1)) == (False, True)
    assert waiting_and_overdue(connection, DUE) == (1, 0)
    assert waiting_and_overdue(connection, DUE + 1) == (1, 1)
    assert not found(connection, key).overdue(DUE + 1)
    assert waiting_and_overdue(connection, DUE + 1) == (0, 0)


@pytest.mark.parametrize("verdict", [Verdict.JUSTIFIED, Verdict.UNJUSTIFIED])
def test_a_final_verdict_takes_it_out_of_the_queue(connection, key, verdict):
    asked(connection, key)
    review = found(connection, key, verdict=verdict)
    assert review.reviewed_at == START + HOUR
    assert awaiting_review(connection) == []


def test_an_unclear_one_waits_for_somebody_else_and_every_finding_stays(connection, key):
    asked(connection, key)
    assert found(connection, key, verdict=Verdict.UNCLEAR, sentence="Dossier des urgences demandé").reviewed_at is None
    assert [one.findings for one in awaiting_review(connection)] == [1]
    review = found(connection, key, verdict=Verdict.UNJUSTIFIED, sentence="Aucun passage", reviewer="operator:two")
    assert [(one.verdict, one.reviewer, one.sentence) for one in findings_of(connection, review, key=key)] == [
        (Verdict.UNCLEAR, "operator:one", "Dossier des urgences demandé"),
        (Verdict.UNJUSTIFIED, "operator:two", "Aucun passage"),
    ]


def test_the_reason_is_sealed_for_this_review_alone(connection, key):
    first, second = asked(connection, key), asked(connection, key, "two")
    assert b"inconscient" not in first.sealed_reason
    assert first.reason(key) == REASON
    with pytest.raises(IntegrityFailure):
        key.open(second.sealed_reason, f"emergency|{first.review_id}")


def test_what_was_found_is_sealed(connection, key):
    asked(connection, key)
    found(connection, key)
    ((sealed,),) = connection._raw.execute("SELECT sealed_sentence FROM review_finding").fetchall()
    assert b"cardiaque" not in sealed


def test_a_review_that_is_not_there_is_not_found(connection):
    assert find_review(connection, "none") is None
