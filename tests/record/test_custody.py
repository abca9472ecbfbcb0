"""What an operator does for the holder: objecting with a proof, activating, suspending, death; and deaths told by the identity feed."""

from __future__ import annotations

import pytest

from carnet.clock import DAY
from carnet.consent.lifecycle import Event, State, history, life, move
from carnet.demo.people import BOUSSOLE, PAT_TROIS
from carnet.errors import IntegrityFailure, InvalidMetadata, RecordClosed, UnknownPatient
from carnet.identity.ins import NIR_TEST, key_of
from carnet.identity.patients import find
from carnet.metadata import PatientIdentifier
from carnet.record.custody import Custody
from carnet.record.intake import import_patients

HEADER = "ins;oid;nom_naissance;prenoms;sexe;date_naissance;lieu_naissance;date_deces\n"
BODY = "2840599901001"
NEW = PatientIdentifier(BODY + key_of(BODY), NIR_TEST)


def line(died="", identifier=NEW):
    return f"{identifier.value};{NIR_TEST};ESSAI;MARIE;F;1984-05-17;99350;{died}\n"


@pytest.fixture
def custody(room):
    return Custody(room.gate, "operator:essai")


@pytest.fixture
def informed(room):
    import_patients(room.gate, [HEADER, line()])
    room.gate.administer(lambda connection: move(connection, key(room, NEW), Event.INFORM, now=room.now))
    return NEW


def key(room, identifier=PAT_TROIS.identifier):
    return find(room.connection, room.platform.keyring, identifier).patient_key


def state(room, identifier=PAT_TROIS.identifier):
    return life(room.connection, key(room, identifier)).state


def test_who_objects_gets_a_proof_that_can_be_verified(room, custody, informed):
    ticket = room.last_ticket()
    assert custody.oppose(informed, "  Marie ESSAI, née le 17 mai 1984 ")
    assert not custody.oppose(informed, "Marie ESSAI")
    assert state(room, informed) is State.OPPOSED
    proof = custody.proof(informed)
    assert "Identité déclarée / identity as given : Marie ESSAI, née le 17 mai 1984\n" in proof
    assert "R. 1111-28" in proof
    assert custody.verify_proof(proof).startswith("OPP-")
    assert custody.verify_proof(proof) in proof
    assert [one["action"] for one in room.lines_since(ticket)] == [
        "administration/oppose",
        "administration/oppose",
        "administration/opposition-proof",
    ]


def test_every_byte_of_a_proof_that_is_changed_is_detected(custody, informed):
    custody.oppose(informed, "Marie ESSAI")
    proof = custody.proof(informed)
    for place in range(len(proof)):
        changed = proof[:place] + ("x" if proof[place] != "x" else "y") + proof[place + 1 :]
        with pytest.raises(IntegrityFailure):
            custody.verify_proof(changed)
    for text in ("", proof[:-1][:-1], proof + "x", proof * 2):
        with pytest.raises(IntegrityFailure):
            custody.verify_proof(text)


def test_the_proof_is_sealed_where_it_is_kept(room, custody, informed):
    custody.oppose(informed, "Marie ESSAI")
    ((sealed,),) = room.rows("SELECT sealed_statement FROM opposition_proof")
    assert b"ESSAI" not in sealed


@pytest.mark.parametrize("identity", ["", "   ", "two\nlines", "x" * 201])
def test_an_identity_that_is_no_line_changes_nothing(room, custody, informed, identity):
    before = room.kept()
    with pytest.raises(InvalidMetadata):
        custody.oppose(informed, identity)
    assert room.kept() == before


def test_who_objected_may_change_their_mind_at_any_time(room, custody, informed):
    custody.oppose(informed, "Marie ESSAI")
    room.now += 400 * DAY
    assert custody.open_record(informed)
    assert state(room, informed) is State.OPEN
    with pytest.raises(RecordClosed, match="close it"):
        room.gate.administer(lambda connection: move(connection, key(room, informed), Event.OPPOSE, now=room.now))


def test_nobody_who_did_not_object_has_a_proof(custody):
    with pytest.raises(UnknownPatient):
        custody.proof(PAT_TROIS.identifier)


def test_the_holder_of_a_former_record_keeps_it_apart_by_objecting(room, custody):
    room.gate.administer(lambda connection: move(connection, key(room), Event.ANNOUNCE_FORMER, now=room.now))
    assert custody.oppose(PAT_TROIS.identifier, "Dominique PAT-TROIS")
    assert state(room) is State.OPEN
    assert "PAT-TROIS" in custody.proof(PAT_TROIS.identifier)
    with pytest.raises(RecordClosed, match="close it instead"):
        custody.oppose(BOUSSOLE.identifier, "Tarek BOUSSOLE")


def test_every_act_leaves_its_row_with_who_did_it(room, custody):
    patient = PAT_TROIS.identifier
    custody.activate(patient)
    custody.suspend(patient, "FRAUDE")
    custody.resume(patient)
    custody.close_record(patient, "FERMETURE_DEMANDE_PATIENT")
    custody.open_record(patient)
    custody.died(patient)
    custody.withdraw_death(patient)
    rows = history(room.connection, key(room))[1:]
    assert [row.event for row in rows] == [
        "activate",
        "suspend",
        "resume",
        "close",
        "open",
        "death",
        "withdraw-death",
    ]
    assert {row.actor for row in rows} == {"operator:essai"}
    assert state(room) is State.OPEN


def test_a_death_told_by_the_identity_feed_closes_the_record(room):
    ticket = room.last_ticket()
    feed = [HEADER, line("2026-11-01", PAT_TROIS.identifier), line("le 1er", NEW), line("2026-11-02")]
    report = import_patients(room.gate, feed)
    assert [bad.number for bad in report.bad] == [3]
    assert state(room) is State.CLOSED
    assert room.rows("SELECT closing_reason FROM health_record WHERE patient_key = ?", key(room)) == [
        ("FERMETURE_DECES",)
    ]
    assert state(room, NEW) is State.CLOSED
    assert [(one["action"], one["requester_id"]) for one in room.lines_since(ticket)] == [
        ("life/death", "identity-feed")
    ] * 2
    import_patients(room.gate, feed)
    assert len(history(room.connection, key(room))) == 2
    with pytest.raises(RecordClosed):
        room.do(room.caller(), room.finding())
