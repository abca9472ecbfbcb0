"""What the end of a life or of a record leaves elsewhere is settled with it: letters, links of those who act for others, reviews."""

from __future__ import annotations

import contextlib

import pytest

from carnet.audit.trail import read_trail
from carnet.clock import DAY
from carnet.consent.acting_links import Representation
from carnet.consent.delays import years_after
from carnet.consent.lifecycle import Event
from carnet.consent.representatives import MAXIMUM_CARED_FOR, link_between
from carnet.demo.people import (
    GIROUETTE,
    LANTERNE,
    NESSI,
    OTHER_GP,
    PAT_TROIS,
)
from carnet.errors import RecordClosed, Refused, UnknownDocument, UnknownPatient
from carnet.exchange.emergency_reviews import Verdict
from carnet.identity.ins import NIR_TEST
from carnet.identity.ins import key_of as ins_key
from carnet.identity.patients import find
from carnet.metadata import PatientIdentifier
from carnet.record import endings
from carnet.record.custody import Custody
from carnet.record.delegations import Delegations
from carnet.record.destruction import release_ins
from carnet.record.due import run_due
from carnet.record.emergency_control import EmergencyControl
from carnet.record.enrolment import enrol_file
from carnet.record.intake import import_patients
from carnet.record.notice_office import NoticeOffice

OPERATOR = "operator:un"
REASON = "RISQUE_VITAL: arrêt cardiaque en salle d'attente"
IDENTITY = "ins;oid;nom_naissance;prenoms;sexe;date_naissance;lieu_naissance;date_deces\n"


@pytest.fixture
def custody(room):
    return Custody(room.gate, OPERATOR)


def key_of(room, person):
    return find(room.connection, room.platform.keyring, person.identifier).patient_key


def dies(room, person):
    one, traits = person.identifier, person.traits
    line = f"{one.value};{one.authority};{traits.birth_name};{traits.birth_given_names};{traits.sex};19790328;99350;2026-11-22\n"
    assert not import_patients(room.gate, [IDENTITY, line]).bad


def destroy(room, person):
    custody, second = Custody(room.gate, OPERATOR), Custody(room.gate, "operator:deux")
    custody.close_record(person.identifier, "FERMETURE_DEMANDE_PATIENT")
    custody.order_destruction(person.identifier)
    second.confirm_destruction(person.identifier)
    room.now += 31 * DAY
    assert run_due(room.gate).counts["destroy"] == 1


# --- letters -----------------------------------------------------------------------------------------------------------


def letter(room, person, kind="record-suspended", state="post"):
    room.connection._raw.execute(
        "INSERT INTO notice (patient_key, notice_id, kind, recipient, due_at, state) VALUES (?, ?, ?, 'patient', ?, ?)",
        (key_of(room, person), f"{kind} {state}", kind, room.now, state),
    )


def letters(room):
    return [(one.patient, one.kind) for one in NoticeOffice(room.gate, OPERATOR).letters()]


ENDS = {
    "death by the feed": lambda room, _: dies(room, PAT_TROIS),
    "death by hand": lambda _, custody: custody.died(PAT_TROIS.identifier),
    "closing": lambda _, custody: custody.close_record(PAT_TROIS.identifier, "FERMETURE_DEMANDE_PATIENT"),
    "destruction": lambda room, _: destroy(room, PAT_TROIS),
}


@pytest.mark.parametrize("end", sorted(ENDS))
@pytest.mark.parametrize("state", ["post", "due"])
def test_no_letter_waits_for_whoever_is_not_there_or_has_answered(room, custody, end, state):
    letter(room, PAT_TROIS, state=state)
    letter(room, NESSI)
    ENDS[end](room, custody)
    assert letters(room) == [(NESSI.identifier, "record-suspended")]
    found = room.rows(
        "SELECT state FROM notice WHERE patient_key = ? AND kind = 'record-suspended'", key_of(room, PAT_TROIS)
    )
    assert found == [("in_space",)]


def test_a_letter_of_a_suspension_that_has_ended_is_not_posted_and_another_is(room, custody):
    custody.suspend(PAT_TROIS.identifier, "FRAUDE")
    room.connection._raw.execute("UPDATE notice SET state = 'post'")
    assert letters(room) == [(PAT_TROIS.identifier, "record-suspended")]
    custody.resume(PAT_TROIS.identifier)
    assert letters(room) == []


def test_an_objection_calls_the_information_off_and_nothing_else(room, custody):
    custody.gate.administer(
        lambda c: c._raw.execute(
            "UPDATE health_record SET state = 'informed' WHERE patient_key = ?", (key_of(room, PAT_TROIS),)
        )
    )
    letter(room, PAT_TROIS, "enrolment-information")
    letter(room, PAT_TROIS, "record-suspended")
    custody.oppose(PAT_TROIS.identifier, "Pat Trois, née le 28 mars 1979")
    assert letters(room) == [(PAT_TROIS.identifier, "record-suspended")]


def test_what_the_medecin_traitant_must_be_told_is_told_after_a_death_too(room, custody):
    room.do(room.glass_breaker(OTHER_GP, reason=REASON), room.finding())
    custody.died(PAT_TROIS.identifier)
    assert room.rows("SELECT recipient, state FROM notice ORDER BY recipient") == [
        ("medecin_traitant", "due"),
        ("patient", "in_space"),
    ]


def test_control_a_death_that_leaves_letters_is_noticed(room, custody, monkeypatch):
    monkeypatch.setattr(endings, "call_off", lambda *_given, **_named: None)
    with pytest.raises(AssertionError):
        test_no_letter_waits_for_whoever_is_not_there_or_has_answered(room, custody, "death by hand", "post")


# --- links -------------------------------------------------------------------------------------------------------------


def carer_of(room, *people):
    """NESSI's side aside: LANTERNE is asked as a carer by each of these people and accepts."""
    room.connection._raw.execute("UPDATE health_record SET state = 'activated'")
    for person in people:
        assert Delegations(room.gate, OPERATOR).invite(person.identifier, LANTERNE.identifier, Representation.CARER)
        assert Delegations(room.gate, OPERATOR, LANTERNE.identifier).answer(person.identifier, accepted=True)


def acts(room, person):
    link = link_between(room.connection, key_of(room, person), key_of(room, LANTERNE), now=room.now)
    return link is not None and link.in_force(room.now, majority=0)


@pytest.mark.parametrize("end", [dies, destroy])
def test_whoever_is_gone_acts_for_nobody_and_those_they_acted_for_are_told(open_room, end):
    room = open_room(carers=True)
    carer_of(room, PAT_TROIS)
    ticket = room.last_ticket()
    end(room, LANTERNE)
    assert not acts(room, PAT_TROIS)
    (line,) = told(room, ticket)
    assert (line["detail"], line["requester_id"], line["objects"]) == ("carer", "system", ())


def told(room, ticket):
    """The lines about links in the chain of PAT_TROIS."""
    pseudonym = find(room.connection, room.platform.keyring, PAT_TROIS.identifier).pseudonym
    lines = read_trail(room.connection, key_of(room, PAT_TROIS), room.platform.keyring.patient_key(pseudonym))
    return [line for line in lines if line["ticket"] > ticket and line["action"].startswith("life/representation")]


@pytest.mark.parametrize("end", [dies, destroy])
def test_a_carer_of_somebody_who_is_gone_has_the_place_again(open_room, monkeypatch, end):
    monkeypatch.setattr("carnet.consent.representatives.MAXIMUM_CARED_FOR", 2)
    room = open_room(carers=True)
    carer_of(room, PAT_TROIS, NESSI)
    with pytest.raises(Refused):
        carer_of(room, GIROUETTE)
    end(room, PAT_TROIS)
    carer_of(room, GIROUETTE)
    assert MAXIMUM_CARED_FOR == 5


def test_a_death_that_did_not_happen_gives_its_links_back(open_room):
    room = open_room(carers=True)
    carer_of(room, PAT_TROIS)
    custody = Custody(room.gate, OPERATOR)
    custody.died(LANTERNE.identifier)
    room.now += DAY
    ticket = room.last_ticket()
    assert custody.withdraw_death(LANTERNE.identifier)
    assert acts(room, PAT_TROIS)
    assert [line["action"] for line in told(room, ticket)] == ["life/representation-again"]


def test_control_a_carer_who_stays_after_death_is_noticed(open_room, monkeypatch):
    monkeypatch.setattr(endings, "end_all", lambda *_given, **_named: ())
    with pytest.raises((AssertionError, ValueError)):
        test_whoever_is_gone_acts_for_nobody_and_those_they_acted_for_are_told(open_room, dies)


# --- reviews -----------------------------------------------------------------------------------------------------------


def reviewed(room):
    room.do(room.glass_breaker(OTHER_GP, reason=REASON), room.finding())
    control = EmergencyControl(room.gate, "operator:officer")
    return control, control.waiting()[0].review_id


def in_nobodys_chain(room, ticket):
    """Lines after a ticket that are of no patient."""
    assert room.rows("SELECT count(*) FROM audit_event WHERE ticket > ? AND patient_key IS NOT NULL", ticket) == [(0,)]
    return [(line["action"], line["outcome"], line["detail"]) for line in room.lines_since(ticket)]


def test_a_review_of_somebody_destroyed_ends_without_a_verdict_and_says_why(room):
    control, name = reviewed(room)
    destroy(room, PAT_TROIS)
    ticket = room.last_ticket()
    assert control.waiting() == []
    assert [(one.figures.reviewed, one.figures.overdue) for one in control.figures(0, room.now + DAY)] == [(0, 0)]
    with pytest.raises(RecordClosed, match=r"destroyed.*without a verdict"):
        control.show(name)
    with pytest.raises(RecordClosed, match="without a verdict"):
        control.review(name, Verdict.JUSTIFIED, "Passage aux urgences confirmé")
    assert in_nobodys_chain(room, ticket)[-2:] == [
        ("administration/emergency-show", "refused", "RecordClosed"),
        ("administration/emergency-review", "refused", "RecordClosed"),
    ]
    assert room.rows("SELECT lapsed, count(*) FROM emergency_review") == [("destruction", 1)]


def test_a_review_whose_key_is_gone_though_nothing_says_so_ends_when_it_is_asked_for(room):
    control, name = reviewed(room)
    room.platform.keyring.destroy_patient_key(
        find(room.connection, room.platform.keyring, PAT_TROIS.identifier).pseudonym
    )
    with pytest.raises(RecordClosed):
        control.show(name)
    assert control.waiting() == []


def test_a_review_that_nobody_knows_is_asked_for_in_the_trace(room):
    control, _ = reviewed(room)
    ticket = room.last_ticket()
    for asked in (
        lambda: control.show("none"),
        lambda: control.review("none", Verdict.UNCLEAR, "Aucune idée pour le moment"),
    ):
        with pytest.raises(UnknownDocument):
            asked()
    assert [outcome for _, outcome, _ in in_nobodys_chain(room, ticket)] == ["failed", "failed"]


def test_a_verdict_that_was_given_stays_after_the_destruction(room):
    control, name = reviewed(room)
    control.review(name, Verdict.JUSTIFIED, "Passage aux urgences confirmé")
    destroy(room, PAT_TROIS)
    assert room.rows("SELECT lapsed FROM emergency_review") == [("",)]
    assert [one.figures.reviewed for one in control.figures(0, room.now + DAY)] == [1]


def test_every_event_that_ends_something_has_what_it_settles():
    assert set(endings._ENDS) <= set(endings.MOOT)
    assert {Event.DEATH, Event.DESTROY, Event.ARCHIVE_ENDS, Event.REPLAY_TOMBSTONE} == set(endings._ENDS)


# --- a death that came before the record ----------------------------------------------------------------------------------

BODY = "2790399350042"
STRANGER = PatientIdentifier(BODY + ins_key(BODY), NIR_TEST)
CELLS = f"{STRANGER.value};{NIR_TEST};ESSAI;PERSONNE;F;1979-03-28;99350"
AFFILIATION = "ins;oid;nom_naissance;prenoms;sexe;date_naissance;lieu_naissance;territoire;canal;dmp_avant_2022\n"


def opened_in_some_way(room):
    """Every way by which a record comes to be, tried on somebody whose death was told first; returns the state after each."""
    found = []
    for attempt in (
        lambda: enrol_file(room.gate, [AFFILIATION, f"{CELLS};80;courriel;non\n"], "a" * 64, operator=OPERATOR),
        lambda: enrol_file(room.gate, [AFFILIATION, f"{CELLS};80;courriel;oui\n"], "b" * 64, operator=OPERATOR),
        lambda: run_due(room.gate, room.now + 400 * DAY),
        lambda: Custody(room.gate, OPERATOR).open_record(STRANGER),
        lambda: Custody(room.gate, OPERATOR).activate(STRANGER),
        lambda: import_patients(room.gate, [IDENTITY, f"{CELLS};\n"]),
    ):
        with contextlib.suppress(RecordClosed):
            attempt()
        key = find(room.connection, room.platform.keyring, STRANGER).patient_key
        found += room.rows("SELECT state, closing_reason FROM health_record WHERE patient_key = ?", key)
    return found, room.rows("SELECT count(*) FROM notice WHERE patient_key = ?", key)[0][0]


def test_a_death_told_before_there_was_a_record_holds_whatever_would_open_one(room):
    assert not import_patients(room.gate, [IDENTITY, f"{CELLS};2026-11-20\n"]).bad
    states, told = opened_in_some_way(room)
    assert states == [("closed", "FERMETURE_DECES")] * 6
    assert told == 0


def test_control_somebody_alive_is_opened_by_the_same_ways(room):
    assert not import_patients(room.gate, [IDENTITY, f"{CELLS};\n"]).bad
    states, told = opened_in_some_way(room)
    assert {"informed", "open", "activated"} & {state for state, _ in states}
    assert told > 0


def test_the_ins_of_the_dead_is_not_released_after_ten_years(room):
    dies(room, PAT_TROIS)
    room.now = years_after(room.now, 10) + DAY
    assert run_due(room.gate).counts["archive-ends"] == 1
    with pytest.raises(RecordClosed, match="died"):
        release_ins(room.gate, PAT_TROIS.identifier, operator=OPERATOR)
    with pytest.raises(UnknownPatient):
        Custody(room.gate, OPERATOR).open_record(PAT_TROIS.identifier)
