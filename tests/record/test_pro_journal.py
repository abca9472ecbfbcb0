"""A professional's own journal: one day, all records, portal and software, bounded, and honest about what it does not have yet."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import delete

from carnet.audit import own_lines
from carnet.clock import DAY, HOUR, MINUTE, to_datetime
from carnet.consent.erasure_of_choices import erase_choices
from carnet.consent.majority import PARIS
from carnet.database.statements import prepare
from carnet.database.tables import own_lines as own_lines_table
from carnet.demo.people import HOSPITAL_DOCTOR, LABORATORY, MEDECIN_TRAITANT, NESSI, OTHER_GP, PAT_TROIS
from carnet.errors import Refused
from carnet.record import pro_journal
from carnet.record.due import run_due
from carnet.record.own_trail import OwnTrail
from carnet.record.patient_acts import PatientActs
from carnet.record.pro_journal import journal_of_day
from carnet.record.record_opening import open_record
from carnet.record.watching import watch

OPERATOR = "operator:tests"


@pytest.fixture(autouse=True)
def at_noon(room):
    """No day ends while a test runs."""
    room.now += DAY - room.now % DAY + 12 * HOUR


def opened(room, who=OTHER_GP, patient=PAT_TROIS):
    requester = room.caller(who, patient)
    return room.do(requester, open_record(patient.identifier, requester, "session"))


def by_software(room, who=MEDECIN_TRAITANT, patient=PAT_TROIS):
    room.do(room.caller(who, patient), room.finding(patient=patient))


def journal(room, who=MEDECIN_TRAITANT, *, days_ago=0, **about):
    today = to_datetime(room.now).astimezone(PARIS).date()
    return room.do(room.caller(who, None), journal_of_day(today - dt.timedelta(days=days_ago), "fr", **about))


def followed(room):
    watch(room.gate, operator=OPERATOR)


def sentences(found):
    return [[line.sentence for line in one.lines] for one in found.records]


def read_by_the_patient(room, who, patient=PAT_TROIS):
    """Of the lines that the patient reads, the newest first, those of one professional."""
    lines = OwnTrail(room.gate, OPERATOR).told(patient.identifier, "fr", limit=10_000).lines
    return [line.sentence for line in lines if f", {who.name} (" in line.sentence]


def test_what_software_did_is_there_in_the_sentences_that_the_patient_reads(room):
    by_software(room)
    by_software(room, HOSPITAL_DOCTOR)
    followed(room)
    assert sentences(journal(room)) == [read_by_the_patient(room, MEDECIN_TRAITANT)]
    assert journal(room).records[0].traits == PAT_TROIS.traits
    assert journal(room, OTHER_GP).records == ()
    assert journal(room, days_ago=1).records == ()


def test_a_refusal_is_there_and_what_a_structure_does_by_itself_is_nobodys(room):
    with pytest.raises(Refused):
        by_software(room, OTHER_GP)
    room.put(room.document(), requester=room.laboratory())
    followed(room)
    ((line,),) = sentences(journal(room, OTHER_GP))
    assert "refus" in line
    automate = f"own lines|{LABORATORY.identifier}/automate".encode()
    assert room.rows("SELECT 1 FROM own_lines WHERE actor = ?", room.platform.keyring.blind_index(automate)) == []
    assert room.rows("SELECT count(*) FROM own_lines") == [(1,)]


def test_what_was_opened_in_the_portal_is_there_before_anybody_followed_the_trace(room):
    opened(room)
    found = journal(room, OTHER_GP)
    assert sentences(found) == [read_by_the_patient(room, OTHER_GP)]
    followed(room)
    assert sentences(journal(room, OTHER_GP)) == sentences(found)  # and not twice
    opened(room)
    assert sentences(journal(room, OTHER_GP)) == [read_by_the_patient(room, OTHER_GP)]


def test_it_says_from_when_on_software_is_missing_and_not_where_that_is_usual(room):
    followed(room)
    by_software(room)
    began = room.now
    room.now += MINUTE
    assert (journal(room).late_since, journal(room).records) == (0, ())
    room.now += 5 * MINUTE
    assert 0 < journal(room).late_since <= began
    followed(room)
    assert journal(room).late_since == 0
    assert journal(room).records


def test_yesterday_stays_and_what_came_since_is_not_in_it(room):
    by_software(room)
    followed(room)
    before = sentences(journal(room))
    room.now += DAY
    by_software(room)
    followed(room)
    assert sentences(journal(room, days_ago=1)) == before
    assert sentences(journal(room)) != before


def test_a_record_that_is_not_open_any_more_keeps_its_lines_and_loses_its_name(room):
    opened(room)
    PatientActs(room.gate, OPERATOR).block(PAT_TROIS.identifier, OTHER_GP.identifier)
    (one,) = journal(room, OTHER_GP).records
    assert one.traits is None
    assert one.lines


def test_a_day_is_shown_in_parts(room, monkeypatch):
    monkeypatch.setattr(pro_journal, "MOST_RECORDS", 1)
    monkeypatch.setattr(pro_journal, "MOST_LINES", 2)
    for _ in range(3):
        by_software(room)
    by_software(room, patient=NESSI)
    followed(room)
    first, second = journal(room), journal(room, offset=1)
    assert [one.traits for one in (*first.records, *second.records)] == [NESSI.traits, PAT_TROIS.traits]
    assert (first.more, second.more) == (True, False)
    assert (len(second.records[0].lines), second.records[0].more) == (2, True)


def test_nothing_of_a_row_names_the_professional_and_all_go_with_the_patient_or_a_year(room):
    by_software(room)
    by_software(room, patient=NESSI)
    followed(room)
    rows = room.rows("SELECT actor, patient_key FROM own_lines")
    assert len(rows) == 2
    assert all(MEDECIN_TRAITANT.identifier.encode() not in bytes(actor) for actor, _key in rows)
    room.gate.administer(lambda connection: erase_choices(connection, rows[0][1]))
    assert room.rows("SELECT patient_key FROM own_lines") == [(rows[1][1],)]
    run_due(room.gate, room.now + 365 * DAY)
    assert room.rows("SELECT count(*) FROM own_lines") == [(1,)]
    done = run_due(room.gate, room.now + own_lines.KEPT + DAY)
    assert room.rows("SELECT count(*) FROM own_lines") == [(0,)]
    assert done.counts["journal-forgotten"] == 1


def test_a_day_before_there_were_notes_has_what_the_portal_opened(room):
    opened(room)
    followed(room)
    before = sentences(journal(room, OTHER_GP))
    room.gate.administer(lambda connection: connection.sweep(prepare(delete(own_lines_table)), {}))
    room.now += DAY
    opened(room)
    followed(room)
    assert sentences(journal(room, OTHER_GP, days_ago=1)) == before


def test_a_journal_that_counts_only_what_the_portal_opened_is_caught(room, monkeypatch):
    """Negative control: without the places that were noted, what software did is not in the journal, which the first test sees."""
    by_software(room)
    followed(room)
    monkeypatch.setattr(pro_journal, "places_of_day", lambda *_given, **_more: [])
    assert journal(room).records == ()
