"""Who comes through the gate, and what an emergency that came through owes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from gate_calls import failing, outcomes, submitting

from carnet.clock import HOUR, SECOND
from carnet.demo.people import BOUSSOLE, HOSPITAL_DOCTOR, NESSI, OTHER_GP, PAT_TROIS, REGULATOR
from carnet.errors import (
    AssertionInvalid,
    Refused,
    Unavailable,
    UnknownPatient,
)
from carnet.exchange.emergency_reviews import awaiting_review
from carnet.exchange.notices import undelivered
from carnet.identity.patients import find as find_patient
from carnet.metadata import PatientIdentifier
from carnet.record.administration import Administration
from carnet.record.gate import Attempt
from carnet.requester import AccessMode

# --- who may come in -----------------------------------------------------------------------------------------------


def test_an_assertion_is_used_once_even_when_its_first_use_was_refused(room):
    ticket = room.last_ticket()
    requester = room.caller(OTHER_GP, assertion=room.assertion())
    with pytest.raises(Refused):
        room.do(requester, room.finding())
    with pytest.raises(AssertionInvalid):
        room.do(requester, room.finding())
    assert [(line["outcome"], line["detail"]) for line in room.lines_since(ticket)] == [
        ("refused", "Refused"),
        ("refused", "AssertionInvalid"),
    ]


def test_an_assertion_is_used_once_even_when_its_first_use_failed(room):
    requester, act = submitting(room)
    requester = replace(requester, assertion=room.assertion())
    with pytest.raises(RuntimeError):
        room.do(requester, failing(act, RuntimeError("a bug")))
    with pytest.raises(AssertionInvalid):
        room.do(requester, act)
    assert room.rows("SELECT count(*) FROM document_entry") == [(0,)]


def test_an_assertion_twice_in_one_batch_opens_once(room):
    requester = room.caller(assertion=room.assertion())
    first, second = room.together((requester, room.finding()), (requester, room.finding()))
    assert first.references == ()
    assert isinstance(second, AssertionInvalid)


def test_an_assertion_of_an_act_that_could_not_be_made_durable_may_be_sent_again(room):
    requester = room.caller(assertion=room.assertion())
    room.connection.fail("COMMIT")
    with pytest.raises(Unavailable):
        room.do(requester, room.finding())
    assert room.do(requester, room.finding()).references == ()


def test_a_replayed_assertion_is_refused_after_a_restart_and_forgotten_after_its_life(open_room):
    room = open_room()
    requester = room.caller(assertion=room.assertion())
    room.do(requester, room.finding())
    room = open_room()
    with pytest.raises(AssertionInvalid):
        room.do(requester, room.finding())
    room.gate.seal()
    assert room.rows("SELECT count(*) FROM replay") == [(1,)]
    room.now += 2 * HOUR
    room.gate.seal()
    assert room.rows("SELECT count(*) FROM replay") == [(0,)]


def test_a_professional_whom_the_directory_does_not_know_is_refused(room):
    ticket = room.last_ticket()
    requester = replace(room.caller(assertion=room.assertion()), identifier="899970000990")
    with pytest.raises(AssertionInvalid):
        room.do(requester, room.finding())
    assert outcomes(room.lines_since(ticket)) == [("iti18", "refused")]


@pytest.mark.sqlite_only
def test_an_unknown_person_and_a_person_without_record_look_alike(room):
    """Nobody's identifier is told from somebody's; the attempt is traced, for the one who has a chain in hers."""
    room.gate.administer(
        lambda connection: connection._raw.execute(
            "DELETE FROM care_link WHERE patient_key = (SELECT max(patient_key) FROM patient)"
        )
    )
    room.gate.administer(
        lambda connection: connection._raw.execute(
            "DELETE FROM health_record WHERE patient_key = (SELECT max(patient_key) FROM patient)"
        )
    )
    nobody = PatientIdentifier("279035121518989", "1.2.250.1.213.1.4.11")
    last = room.stage.patients[-1]
    told = []
    ticket = room.last_ticket()
    for identifier in (nobody, last):
        with pytest.raises(UnknownPatient) as refusal:
            room.do(replace(room.caller(), patient=identifier), room.finding())
        told.append(str(refusal.value))
    assert told[0] == told[1]
    lines = room.lines_since(ticket)
    assert outcomes(lines) == [("iti18", "refused")] * 2
    assert [line["seq"] is None for line in lines] == [True, False]
    assert [line["patient"] for line in lines] == [nobody.cx(), last.cx()]


def test_a_person_whose_key_is_destroyed_is_unknown_and_the_attempt_is_traced_to_nobody(room):
    found = find_patient(room.connection, room.platform.keyring, NESSI.identifier)
    room.platform.keyring.destroy_patient_key(found.pseudonym)
    ticket = room.last_ticket()
    with pytest.raises(UnknownPatient):
        room.do(room.caller(patient=NESSI), room.finding(patient=NESSI))
    (line,) = room.lines_since(ticket)
    assert (line["outcome"], line["seq"]) == ("refused", None)


def test_a_call_that_names_no_patient_is_refused(room):
    with pytest.raises(UnknownPatient):
        room.do(room.caller(patient=None), room.finding())


def test_a_caller_who_could_not_be_identified_is_traced_with_address_and_certificate(room):
    ticket = room.last_ticket()
    room.gate.note(Attempt("iti18", "192.0.2.9", "cd" * 32, "AssertionInvalid; signature"))
    (line,) = room.lines_since(ticket)
    assert (line["action"], line["outcome"], line["rules"]) == ("iti18", "refused", ("authentication",))
    assert (line["address"], line["certificate"], line["seq"]) == ("192.0.2.9", "cd" * 32, None)
    room.connection.fail("COMMIT")
    with pytest.raises(Unavailable):
        room.gate.note(Attempt("iti18", "192.0.2.9", "cd" * 32, "AssertionInvalid; signature"))
    assert len(room.lines_since(ticket)) == 1


# --- emergencies ---------------------------------------------------------------------------------------------------


def test_breaking_the_glass_tells_the_patient_and_the_medecin_traitant_and_asks_for_one_review_of_one_access(room):
    (entry,) = room.put(room.document())
    room.now += HOUR - room.now % HOUR  # the start of an hour
    doctor = room.glass_breaker(OTHER_GP)
    began = room.now
    for _ in range(3):
        room.do(doctor, room.finding())
        room.do(doctor, room.retrieving(entry.unique_id))
    key = find_patient(room.connection, room.platform.keyring, PAT_TROIS.identifier).patient_key
    told = undelivered(room.connection, key)
    assert sorted((kind, recipient) for _, kind, recipient, _ in told) == [
        ("emergency-access-bris_de_glace", "medecin_traitant"),
        ("emergency-access-bris_de_glace", "patient"),
    ]
    (review,) = awaiting_review(room.connection)
    assert (review.requester, review.mode, review.due_at) == (
        OTHER_GP.identifier,
        "bris_de_glace",
        began + SECOND + 72 * HOUR,
    )
    room.now += HOUR
    room.do(doctor, room.finding())
    assert len(awaiting_review(room.connection)) == 2
    assert len(undelivered(room.connection, key)) == 4
    room.do(room.glass_breaker(HOSPITAL_DOCTOR), room.finding())
    assert len(awaiting_review(room.connection)) == 3


def test_the_reason_of_an_emergency_is_in_the_trace_and_sealed_in_the_review(room):
    ticket = room.last_ticket()
    room.do(room.glass_breaker(OTHER_GP, reason="Chute dans la rue"), room.finding())
    (line,) = room.lines_since(ticket)
    assert (line["mode"], line["reason"]) == ("bris_de_glace", "Chute dans la rue")
    assert "bris-de-glace" in line["rules"]
    ((sealed,),) = room.rows("SELECT sealed_reason FROM emergency_review")
    assert b"Chute" not in sealed


def test_the_centre_15_is_told_but_not_reviewed_and_only_a_declared_centre_may_say_so(room):
    said = {"mode": AccessMode.CENTRE_15, "reason": "Appel au 15"}
    room.do(room.caller(REGULATOR, **said), room.finding())
    assert len(room.rows("SELECT * FROM notice")) == 2
    assert awaiting_review(room.connection) == []
    with pytest.raises(Refused):
        room.do(room.caller(HOSPITAL_DOCTOR, **said), room.finding())


def test_an_emergency_that_is_refused_owes_nothing_but_its_line(room):
    administration = Administration(room.gate, "operator:test")
    administration.block(BOUSSOLE.identifier, OTHER_GP.identifier)
    ticket = room.last_ticket()
    with pytest.raises(Refused):
        room.do(room.glass_breaker(OTHER_GP, patient=BOUSSOLE), room.finding(patient=BOUSSOLE))
    assert room.rows("SELECT count(*) FROM notice") == [(0,)]
    assert awaiting_review(room.connection) == []
    assert outcomes(room.lines_since(ticket)) == [("iti18", "refused")]


def test_an_emergency_act_that_fails_takes_its_notices_back(room):
    with pytest.raises(RuntimeError):
        room.do(room.glass_breaker(OTHER_GP), failing(room.finding(), RuntimeError("a bug")))
    assert room.rows("SELECT count(*) FROM notice") == [(0,)]
