"""What an operator does from the command line: each act changes what it says, and is traced, the refused ones too."""

from __future__ import annotations

import pytest

from carnet.clock import DAY
from carnet.consent.choices import Choice
from carnet.demo.people import BOUSSOLE, COMMUNITY_NURSE, HOSPITAL_DOCTOR, MEDECIN_TRAITANT, OTHER_GP, PAT_TROIS
from carnet.errors import InvalidMetadata, RecordClosed, Refused, UnknownPatient
from carnet.metadata import PatientIdentifier
from carnet.record.administration import Administration, trail, verify_trace

PATIENT = PAT_TROIS.identifier
NOBODY = PatientIdentifier("279035121518989", "1.2.250.1.213.1.4.11")


@pytest.fixture
def office(room):
    return Administration(room.gate, "operator:essai")


def may_read(room, who, patient=PAT_TROIS):
    try:
        room.do(room.caller(who, patient), room.finding(patient=patient))
    except Refused:
        return False
    return True


ACTS = {
    "open-record": lambda office: office.open_record(PATIENT),
    "close-record": lambda office: office.close_record(PATIENT, "FERMETURE_DEMANDE_PATIENT"),
    "authorise": lambda office: office.authorise(PATIENT, OTHER_GP.identifier, None),
    "end-authorisation": lambda office: office.end_authorisation(PATIENT, HOSPITAL_DOCTOR.identifier),
    "block": lambda office: office.block(PATIENT, HOSPITAL_DOCTOR.identifier),
    "unblock": lambda office: office.unblock(PATIENT, HOSPITAL_DOCTOR.identifier),
    "declare-medecin-traitant": lambda office: office.declare_medecin_traitant(PATIENT, OTHER_GP.identifier),
    "choose-opposes_bris_de_glace": lambda office: office.choose(PATIENT, Choice.OPPOSES_BRIS_DE_GLACE, value=True),
}


@pytest.mark.parametrize("name", ACTS)
def test_every_act_of_an_operator_is_one_line_of_the_trace_that_says_whether_it_changed_anything(room, office, name):
    ticket = room.last_ticket()
    changed = ACTS[name](office)
    again = ACTS[name](office)
    lines = room.lines_since(ticket)
    assert [(line["action"], line["outcome"]) for line in lines] == [(f"administration/{name}", "done")] * 2
    assert {(line["requester_id"], line["requester_role"], line["patient"]) for line in lines} == {
        ("operator:essai", "operator", PATIENT.cx())
    }
    assert [line["detail"] != "nothing changed" for line in lines] == [changed, again]
    assert not again


def test_an_act_that_consent_refuses_is_traced_as_refused(room, office):
    office.block(PATIENT, OTHER_GP.identifier)
    ticket = room.last_ticket()
    with pytest.raises(Refused):
        office.authorise(PATIENT, OTHER_GP.identifier, None)
    (line,) = room.lines_since(ticket)
    assert (line["action"], line["outcome"], line["rules"]) == (
        "administration/authorise",
        "refused",
        ("blocked-by-patient",),
    )
    assert line["objects"] == (OTHER_GP.identifier,)


@pytest.mark.parametrize(("party", "until"), [("", None), ("two words", None), (OTHER_GP.identifier, 1)])
def test_an_authorisation_that_makes_no_sense_is_told_in_a_sentence(room, office, party, until):
    before = room.kept()
    with pytest.raises(InvalidMetadata, match="cannot be written"):
        office.authorise(PATIENT, party, until)
    assert room.kept() == before


def test_a_record_that_is_destroyed_is_not_opened_again(room, office):
    room.gate.administer(lambda connection: connection._raw.execute("UPDATE health_record SET state = 'destroyed'"))
    with pytest.raises(RecordClosed):
        office.open_record(PATIENT)


def test_nobody_s_record_is_not_opened(room, office):
    before = room.kept()
    for act in (
        lambda: office.open_record(NOBODY),
        lambda: office.block(NOBODY, OTHER_GP.identifier),
        lambda: trail(room.gate, NOBODY, operator="operator:essai"),
    ):
        with pytest.raises(UnknownPatient):
            act()
    assert room.kept() == before


def test_an_operator_s_word_decides_who_reads(room, office):
    assert not may_read(room, OTHER_GP)
    office.authorise(PATIENT, OTHER_GP.identifier, room.now + DAY)
    assert may_read(room, OTHER_GP)
    room.now += 2 * DAY
    assert not may_read(room, OTHER_GP)
    office.authorise(PATIENT, OTHER_GP.organization.identifier, None)
    assert may_read(room, OTHER_GP)
    assert may_read(room, COMMUNITY_NURSE)
    office.block(PATIENT, OTHER_GP.identifier)
    assert not may_read(room, OTHER_GP)
    office.unblock(PATIENT, OTHER_GP.identifier)
    office.end_authorisation(PATIENT, OTHER_GP.organization.identifier)
    assert not may_read(room, OTHER_GP)


def test_the_medecin_traitant_changes_with_the_declaration(room, office):
    assert may_read(room, MEDECIN_TRAITANT)
    office.declare_medecin_traitant(PATIENT, OTHER_GP.identifier)
    assert may_read(room, OTHER_GP)
    assert not may_read(room, MEDECIN_TRAITANT)


def test_a_patient_s_opposition_closes_the_emergency_way_and_another_one_opens_what_is_masked(room, office):
    (entry,) = room.put(room.document(masks=("MASQUE_PS",)))
    breaker = room.glass_breaker(OTHER_GP)
    assert room.do(breaker, room.finding()).references == ()
    office.choose(PATIENT, Choice.MASKED_IN_EMERGENCY, value=True)
    assert room.do(breaker, room.finding()).references == (entry.entry_uuid,)
    office.choose(PATIENT, Choice.OPPOSES_BRIS_DE_GLACE, value=True)
    with pytest.raises(Refused):
        room.do(breaker, room.finding())
    office.choose(PATIENT, Choice.OPPOSES_BRIS_DE_GLACE, value=False)
    assert room.do(breaker, room.finding()).references == (entry.entry_uuid,)


def test_a_closed_record_keeps_its_content_and_gives_it_again_when_it_is_opened(room, office):
    (entry,) = room.put(room.document())
    assert office.close_record(PATIENT, "FERMETURE_DEMANDE_PATIENT")
    assert not may_read(room, MEDECIN_TRAITANT)
    assert office.open_record(PATIENT)
    assert room.do(room.caller(), room.finding()).references == (entry.entry_uuid,)


def test_a_patient_s_trace_is_read_oldest_first_and_the_reading_comes_last(room, office):
    room.put(room.document())
    office.block(PATIENT, OTHER_GP.identifier)
    lines = trail(room.gate, PATIENT, operator="operator:essai")
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert [line["action"] for line in lines][-3:] == [
        "iti41",
        "administration/block",
        "administration/read-trail",
    ]
    assert {line["patient"] for line in lines} == {PATIENT.cx()}
    other = trail(room.gate, BOUSSOLE.identifier, operator="operator:essai")
    assert "iti41" not in {line["action"] for line in other}


def test_the_whole_trace_is_proved_from_its_stored_bytes(room, office):
    room.put(room.document())
    room.gate.seal()
    report = verify_trace(room.gate)
    assert report.intact
    assert (report.unsealed, report.sealed) == (0, room.last_ticket())


def test_a_trace_that_was_altered_is_found_and_the_first_bad_line_named(room, office):
    room.put(room.document())
    room.gate.seal()
    room.gate.administer(
        lambda connection: connection._raw.execute(
            "UPDATE audit_event SET entry = replace(entry, 'done', 'dome') WHERE leaf_index = 3"
        )
    )
    report = verify_trace(room.gate)
    assert not report.intact
    assert report.findings[0].index == 3


def test_a_trace_cut_back_to_an_older_state_is_found_by_a_checkpoint_kept_elsewhere(room, office):
    room.put(room.document())
    room.gate.seal()
    ((kept,),) = room.rows("SELECT note FROM audit_checkpoint ORDER BY size DESC LIMIT 1")
    (size,) = room.rows("SELECT size FROM audit_checkpoint ORDER BY size DESC LIMIT 1 OFFSET 1")[0]
    assert verify_trace(room.gate, (kept,)).intact

    def cut_back(connection):
        connection._raw.execute("DELETE FROM audit_event WHERE leaf_index >= ?", (size,))
        connection._raw.execute("DELETE FROM audit_place WHERE leaf_index >= ?", (size,))
        connection._raw.execute("DELETE FROM audit_checkpoint WHERE size > ?", (size,))

    room.gate.administer(cut_back)
    assert verify_trace(room.gate).intact
    assert not verify_trace(room.gate, (kept,)).intact


def test_proving_the_trace_writes_nothing_and_waits_for_nobody(room, office):
    ticket = room.last_ticket()
    room.connection.commands.clear()
    verify_trace(room.gate)
    assert room.last_ticket() == ticket
    assert "BEGIN IMMEDIATE" not in room.connection.commands
    assert not room.connection.in_transaction
