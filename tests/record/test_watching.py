"""`carnet watch`: who reads in how many records, counted from the trace after the fact, each line once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carnet.clock import HOUR
from carnet.demo.people import HOSPITAL_DOCTOR, LABORATORY, MEDECIN_TRAITANT, OTHER_GP, PATIENTS, REGULATOR
from carnet.errors import UnknownPatient
from carnet.exchange.alarms import sounding
from carnet.identity.patient_search import Criteria
from carnet.identity.patients import find as find_patient
from carnet.metadata import PatientIdentifier
from carnet.record.candidates import find_candidates
from carnet.record.care_team import ListMode, list_parties
from carnet.record.watching import ACTION, watch
from carnet.requester import AccessMode

OPERATOR = "operator:watch"
NOBODY = PatientIdentifier("184059999900155", "1.2.250.1.213.1.4.10")


def watched(room):
    return watch(room.gate, operator=OPERATOR)


def kinds(room):
    return [(one.kind, one.subject) for one in sounding(room.connection)]


def harvest(room, who=HOSPITAL_DOCTOR):
    for patient in PATIENTS:
        room.do(room.caller(who, patient=patient), room.finding(patient=patient))


def test_many_records_in_a_short_time_ring_in_the_normal_mode(open_room):
    room = open_room(harvest_alarm_hour=len(PATIENTS) - 1)
    watched(room)
    harvest(room)
    assert kinds(room) == []
    assert watched(room).alarms == 1
    assert kinds(room) == [("harvest-hour", HOSPITAL_DOCTOR.identifier)]


def test_at_the_threshold_nothing_rings_and_refused_calls_are_no_reading(open_room):
    room = open_room(harvest_alarm_hour=len(PATIENTS))
    harvest(room)
    for patient in PATIENTS:
        with pytest.raises(Exception, match="rules of this record"):
            room.do(room.caller(OTHER_GP, patient=patient), room.finding(patient=patient))
    watched(room)
    assert kinds(room) == []
    assert room.rows("SELECT DISTINCT requester FROM watched_access") == [(HOSPITAL_DOCTOR.identifier,)]


def test_feeding_many_records_is_no_harvest(open_room):
    room = open_room(harvest_alarm_hour=1)
    watched(room)
    for _ in range(3):
        room.put(room.document(), requester=room.laboratory())
    assert watched(room).alarms == 0
    assert room.rows("SELECT count(*) FROM watched_access WHERE requester LIKE ?", f"{LABORATORY.identifier}%") == [
        (0,)
    ]


def test_calls_about_people_whom_nobody_knows_ring(open_room):
    room = open_room(enumeration_alarm_hour=4)
    stranger = replace(room.caller(HOSPITAL_DOCTOR), patient=NOBODY)
    for number in range(5):
        with pytest.raises(UnknownPatient):
            room.do(stranger, room.finding())
        assert watched(room).alarms == (number == 4)
    assert kinds(room) == [("enumeration-hour", HOSPITAL_DOCTOR.identifier)]


def test_people_found_by_their_traits_are_read(open_room):
    room = open_room(harvest_alarm_hour=2, enumeration_alarm_hour=1)
    regulator = room.caller(REGULATOR, None, mode=AccessMode.CENTRE_15)
    for number, patient in enumerate(PATIENTS[:3]):
        (found,) = room.do(
            regulator, find_candidates(Criteria(name=patient.traits.birth_name, birth_date=patient.traits.birth_date))
        )
        assert found.identifier == patient.identifier
        assert watched(room).alarms == (number == 2)
    assert kinds(room) == [("harvest-hour", REGULATOR.identifier)]
    assert room.rows("SELECT count(*) FROM watched_access") == [(3,)]


def test_searches_by_traits_that_find_nobody_ring(open_room):
    room = open_room(enumeration_alarm_hour=4)
    regulator = room.caller(REGULATOR, None, mode=AccessMode.CENTRE_15)
    for number in range(5):
        criteria = Criteria(name="PERSONNE", birth_date=f"1979032{number}")
        assert room.do(regulator, find_candidates(criteria)) == ()
        assert watched(room).alarms == (number == 4)
    assert kinds(room) == [("enumeration-hour", REGULATOR.identifier)]
    assert room.rows("SELECT count(*) FROM watched_access") == [(0,)]


def test_who_is_authorised_or_blocked_is_something_of_a_record(room):
    for patient in PATIENTS[:3]:
        room.do(room.caller(MEDECIN_TRAITANT, patient=patient), list_parties(ListMode.ALL))
    watched(room)
    assert room.rows("SELECT sum(visits) FROM access_figure") == [(3,)]


def test_every_line_is_counted_once_whatever_the_runs(room):
    first = watched(room)
    assert first.lines == room.last_ticket() - 1  # its own line came after
    harvest(room)
    assert watched(room).lines == len(PATIENTS) + 1
    again = watched(room)
    assert (again.lines, again.alarms) == (1, 0)
    assert watched(room).lines == 0
    assert room.rows("SELECT sum(visits) FROM access_figure") == [(len(PATIENTS),)]


def test_two_runs_at_once_count_each_line_once(room, monkeypatch):
    harvest(room)
    administer = type(room.gate).administer
    raced = []

    def race(gate, work):
        if not raced:
            raced.append(True)
            watched(room)
        return administer(gate, work)

    monkeypatch.setattr(type(room.gate), "administer", race)
    watched(room)
    assert raced
    assert room.rows("SELECT sum(visits) FROM access_figure") == [(len(PATIENTS),)]


def test_reading_the_trace_leaves_its_line(room):
    harvest(room)
    ticket = room.last_ticket()
    watched(room)
    (line,) = room.lines_since(ticket)
    assert (line["action"], line["requester_id"]) == (ACTION, OPERATOR)


@pytest.mark.sqlite_only
def test_a_line_whose_key_was_destroyed_or_that_was_altered_is_passed_over_and_told(room):
    watched(room)
    harvest(room)
    known = find_patient(room.connection, room.platform.keyring, PATIENTS[0].identifier)
    room.platform.keyring.destroy_patient_key(known.pseudonym)
    last = room.last_ticket()
    room.connection._raw.execute("UPDATE audit_event SET entry = x'7b7d' WHERE ticket = ?", (last,))
    done = watched(room)
    assert (done.lines, done.unreadable) == (len(PATIENTS) + 1, 2)
    assert room.rows("SELECT sum(visits) FROM access_figure") == [(len(PATIENTS) - 2,)]


def test_what_is_old_is_forgotten(room):
    harvest(room)
    watched(room)
    room.now += 49 * HOUR
    watched(room)
    assert room.rows("SELECT count(*) FROM watched_access") == [(0,)]
