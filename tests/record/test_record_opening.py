"""Opening a record in a session: who it is found by, what it stands for, how it ends, and that it lets nobody in by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carnet.clock import DAY, MINUTE
from carnet.consent.choices import Choice
from carnet.consent.erasure_of_choices import erase_choices
from carnet.demo.people import (
    BOUSSOLE,
    HOSPITAL_DOCTOR,
    MEDECIN_TRAITANT,
    MIRABELLE,
    NESSI,
    OTHER_GP,
    PAT_TROIS,
    REGULATOR,
    SAMU,
)
from carnet.errors import AssertionInvalid, ReasonRequired, Refused, TooManyTries, UnknownDocument, UnknownPatient
from carnet.identity import record_openings
from carnet.identity.ins_scanning import ScannedIdentity
from carnet.record import open_records
from carnet.record import recent_records as recent_list
from carnet.record.administration import Administration
from carnet.record.care_team import ListMode, join_care_team, leave_care, list_parties
from carnet.record.due import run_due
from carnet.record.emergency_control import EmergencyControl
from carnet.record.open_records import opening_of, recalled_patient
from carnet.record.patient_acts import PatientActs
from carnet.record.recent_records import MOST, recent_records
from carnet.record.record_opening import (
    empty_recent,
    enter_in_emergency,
    leave_record,
    make_secret,
    open_record,
    state_identity,
)
from carnet.requester import AccessMode

SESSION, OTHER_SESSION = "session-1", "session-2"
REASON = "INCONSCIENT: patient inconscient aux urgences"
OPERATOR = "operator:tests"


def asked(room, who=OTHER_GP, patient=PAT_TROIS, *, session=SESSION, scanned=None, **changes):
    requester = room.caller(who, patient, **changes)
    return room.do(requester, open_record(patient.identifier, requester, session, scanned))


def found(room, handle, who=OTHER_GP, *, session=SESSION):
    return opening_of(room.gate, room.caller(who, None), session, handle)


def side(room):
    return PatientActs(room.gate, OPERATOR)


def urgent(room, who=OTHER_GP, patient=PAT_TROIS, reason=REASON, mode=AccessMode.BRIS_DE_GLACE, **changes):
    return room.caller(who, patient, mode=mode, reason=reason, **changes)


def test_a_record_that_is_asked_for_is_open_in_this_session_alone(room):
    since = room.last_ticket()
    opened = asked(room)
    assert not opened.may_read
    one = found(room, opened.handle)
    assert (one.patient, one.traits, one.mode) == (PAT_TROIS.identifier, PAT_TROIS.traits, AccessMode.NORMAL)
    assert not one.may_read
    assert one.offers >= {"consent", "care-team", "bris_de_glace"}
    assert found(room, opened.handle, session=OTHER_SESSION) is None
    assert found(room, "0" * 32) is None
    assert [line["action"] for line in room.lines_since(since)] == ["td0.2"]


def test_nothing_of_an_opening_says_who_was_opened_by_whom(room):
    asked(room)
    ((opener, sealed),) = room.rows("SELECT opener, sealed_details FROM record_opening")
    for text in (OTHER_GP.identifier, PAT_TROIS.identifier.value):
        assert text.encode() not in bytes(opener) + bytes(sealed)


def test_no_record_a_closed_one_and_one_that_blocks_look_alike(room):
    side(room).block(PAT_TROIS.identifier, OTHER_GP.identifier)
    Administration(room.gate, OPERATOR).close_record(NESSI.identifier, reason="test")
    assert asked(room) == asked(room, patient=NESSI)
    assert not asked(room).handle
    with pytest.raises(UnknownPatient):
        asked(room, patient=replace(PAT_TROIS, identifier=replace(PAT_TROIS.identifier, value="277076322082911")))
    assert room.rows("SELECT count(*) FROM record_opening") == [(0,)]


def test_a_block_a_closing_leaving_and_time_end_an_opening(room):
    blocked, closed, left, late = (asked(room), asked(room, patient=NESSI), asked(room), asked(room))
    assert room.do(room.caller(OTHER_GP), leave_record(left.handle, SESSION))
    assert not room.do(room.caller(OTHER_GP), leave_record(left.handle, SESSION))
    assert found(room, left.handle) is None
    assert found(room, late.handle) is not None
    side(room).block(PAT_TROIS.identifier, OTHER_GP.identifier)
    assert found(room, blocked.handle) is None
    side(room).unblock(PAT_TROIS.identifier, OTHER_GP.identifier)
    assert found(room, blocked.handle) is not None
    Administration(room.gate, OPERATOR).close_record(NESSI.identifier, reason="test")
    assert found(room, closed.handle) is None
    room.now += room.platform.settings.record_opening_minutes * MINUTE
    assert found(room, late.handle) is None


def test_an_opening_that_does_not_ask_who_is_kept_out_is_caught(room, monkeypatch):
    """Negative control: without that question a block would not end an opening, which the test above sees."""
    handle = asked(room).handle
    side(room).block(PAT_TROIS.identifier, OTHER_GP.identifier)
    monkeypatch.setattr(open_records, "kept_out", lambda *_: False)
    assert found(room, handle) is not None


def test_an_opening_lets_nobody_in(room):
    handle = asked(room).handle
    with pytest.raises(Refused):
        room.do(room.caller(OTHER_GP), room.finding())
    assert not found(room, handle).may_read


def test_a_place_in_the_care_team_lets_in_until_it_ends_and_is_left(room):
    handle, doctor = asked(room).handle, room.caller(OTHER_GP)
    until = room.do(doctor, join_care_team())
    assert (
        room.platform.settings.care_team_days * DAY
        < until - room.now
        < (2 + room.platform.settings.care_team_days) * DAY
    )
    assert "care-team" in found(room, handle).grounds
    listed = [one for one in room.do(doctor, list_parties(ListMode.ALL)) if one.identifier == OTHER_GP.identifier]
    assert [one.until for one in listed] == [until]
    assert room.do(doctor, leave_care())
    assert not found(room, handle).may_read
    assert not room.do(doctor, leave_care())


def test_who_is_blocked_joins_no_team(room):
    side(room).block(PAT_TROIS.identifier, OTHER_GP.identifier)
    with pytest.raises(Refused):
        room.do(room.caller(OTHER_GP), join_care_team())


def test_the_glass_is_broken_with_a_reason_told_reviewed_and_over_when_its_time_is(room):
    handle, since = asked(room).handle, room.last_ticket()
    with pytest.raises(ReasonRequired):
        room.do(urgent(room, reason=""), enter_in_emergency(handle, SESSION))
    assert found(room, handle).mode is AccessMode.NORMAL
    room.do(urgent(room), enter_in_emergency(handle, SESSION))
    one = found(room, handle)
    assert (one.mode, one.reason, one.grounds) == (
        AccessMode.BRIS_DE_GLACE,
        REASON,
        ("functional-right", "bris-de-glace"),
    )
    assert one.ends_at == room.now + room.platform.settings.emergency_window_minutes * MINUTE
    told = room.rows("SELECT recipient FROM notice WHERE kind = 'emergency-access-bris_de_glace' ORDER BY recipient")
    assert [row[0] for row in told] == ["medecin_traitant", "patient"]
    assert len(EmergencyControl(room.gate, OPERATOR).waiting()) == 1
    refused, done = [line for line in room.lines_since(since) if line["action"] == "td0.9"]
    assert (refused["outcome"], done["outcome"], done["action"], done["reason"]) == ("refused", "done", "td0.9", REASON)
    room.now = one.ends_at
    assert found(room, handle) is None


def test_a_second_opening_rides_on_the_access_and_ends_with_it(room):
    first, second = asked(room).handle, asked(room).handle
    room.do(urgent(room), enter_in_emergency(first, SESSION))
    end = found(room, first).ends_at
    room.now += MINUTE
    room.do(urgent(room), enter_in_emergency(second, SESSION))
    assert found(room, second).ends_at == end
    assert room.rows("SELECT count(*) FROM emergency_access") == [(1,)]


def test_who_opposed_who_is_blocked_and_who_is_no_centre_has_no_way_in(room):
    side(room).choose(BOUSSOLE.identifier, Choice.OPPOSES_BRIS_DE_GLACE, value=True)
    opposed = asked(room, patient=BOUSSOLE).handle
    assert "bris_de_glace" not in found(room, opposed).offers
    with pytest.raises(Refused):
        room.do(urgent(room, patient=BOUSSOLE), enter_in_emergency(opposed, SESSION))
    mine = asked(room).handle
    assert "centre_15" not in found(room, mine).offers
    with pytest.raises(Refused):
        room.do(urgent(room, mode=AccessMode.CENTRE_15), enter_in_emergency(mine, SESSION))
    side(room).block(PAT_TROIS.identifier, OTHER_GP.identifier)
    with pytest.raises(Refused):
        room.do(urgent(room), enter_in_emergency(mine, SESSION))
    assert room.rows("SELECT count(*) FROM emergency_access") == [(0,)]


def test_a_regulation_centre_enters_in_its_own_mode(open_room):
    room = open_room(regulation_centres=(SAMU.identifier,))
    handle = asked(room, REGULATOR).handle
    assert "centre_15" in found(room, handle, REGULATOR).offers
    room.do(urgent(room, REGULATOR, reason="", mode=AccessMode.CENTRE_15), enter_in_emergency(handle, SESSION))
    assert found(room, handle, REGULATOR).grounds == ("functional-right", "centre-15")


def test_nobody_enters_by_the_opening_of_another_session_or_record(room):
    handle = asked(room).handle
    with pytest.raises(UnknownDocument):
        room.do(urgent(room), enter_in_emergency(handle, OTHER_SESSION))
    with pytest.raises(UnknownDocument):
        room.do(urgent(room, patient=NESSI), enter_in_emergency(handle, SESSION))
    assert room.rows("SELECT count(*) FROM emergency_access") == [(0,)]


def test_a_minors_record_alone_is_opened_in_secret(room):
    child, adult = asked(room, patient=MIRABELLE).handle, asked(room).handle
    assert found(room, child).minor
    room.do(room.caller(OTHER_GP, MIRABELLE, secret_connection=True), make_secret(child, SESSION))
    assert found(room, child).secret
    with pytest.raises(Refused):
        room.do(room.caller(OTHER_GP, secret_connection=True), make_secret(adult, SESSION))
    with pytest.raises(Refused):
        room.do(room.caller(OTHER_GP, MIRABELLE), make_secret(child, SESSION))


def test_checking_the_identity_is_stated_once_for_an_opening(room):
    handle, since = asked(room).handle, room.last_ticket()
    assert not found(room, handle).identity_checked
    room.do(room.caller(OTHER_GP), state_identity(handle, SESSION))
    assert found(room, handle).identity_checked
    assert [line["action"] for line in room.lines_since(since)] == ["pro/identity-checked"]
    assert not found(room, asked(room).handle).identity_checked


@pytest.mark.parametrize(
    ("sex", "born", "same"),
    [("F", "19790328", True), ("M", "19790328", False), ("F", "19790329", False), ("", "", True)],
)
def test_a_scan_that_disagrees_with_the_person_opens_nothing(room, sex, born, same):
    scanned = ScannedIdentity(PAT_TROIS.identifier.value, PAT_TROIS.identifier.authority, sex, born)
    opened = asked(room, scanned=scanned)
    assert (bool(opened.handle), opened.differs) == (same, not same)


def test_asking_too_often_is_refused_whether_somebody_was_found_or_not(open_room):
    room = open_room(record_opening_tries=2)
    asked(room)
    nobody = replace(PAT_TROIS, identifier=replace(PAT_TROIS.identifier, value="277076322082911"))
    with pytest.raises(UnknownPatient):
        asked(room, patient=nobody)
    with pytest.raises(TooManyTries):
        asked(room)
    assert asked(room, HOSPITAL_DOCTOR).handle  # each has their own count


def test_recent_records_are_ones_own_and_may_be_emptied(room):
    handles = [asked(room, patient=patient).handle for patient in (PAT_TROIS, NESSI, PAT_TROIS)]
    doctor = room.caller(OTHER_GP, None)
    recent = room.do(doctor, recent_records())
    assert [one.traits for one in recent] == [PAT_TROIS.traits, NESSI.traits]
    assert recent[0].handle == handles[2]
    assert recalled_patient(room.gate, doctor, handles[1]) == NESSI.identifier
    other = room.caller(HOSPITAL_DOCTOR, None)
    assert room.do(other, recent_records()) == ()
    assert recalled_patient(room.gate, other, handles[1]) is None
    side(room).block(NESSI.identifier, OTHER_GP.identifier)
    assert [one.traits for one in room.do(doctor, recent_records())] == [PAT_TROIS.traits]
    room.do(doctor, empty_recent())
    assert room.do(doctor, recent_records()) == ()
    assert recalled_patient(room.gate, doctor, handles[2]) is None
    assert found(room, handles[2]) is not None
    assert MOST == 10


def test_those_who_keep_one_out_since_make_room_for_older_ones(room, monkeypatch):
    monkeypatch.setattr(recent_list, "MOST", 1)
    asked(room, patient=NESSI)
    asked(room)
    doctor = room.caller(OTHER_GP, None)
    assert [one.traits for one in room.do(doctor, recent_records())] == [PAT_TROIS.traits]
    side(room).block(PAT_TROIS.identifier, OTHER_GP.identifier)
    assert [one.traits for one in room.do(doctor, recent_records())] == [NESSI.traits]


def test_an_opening_is_forgotten_by_the_keeper_a_year_after_it_was_asked_for(room):
    asked(room)
    run_due(room.gate, room.now + 365 * DAY)
    assert room.rows("SELECT count(*) FROM record_opening") == [(1,)]
    assert run_due(room.gate, room.now + record_openings.KEPT + DAY).counts["journal-forgotten"] == 1
    assert room.rows("SELECT count(*) FROM record_opening") == [(0,)]


def test_who_left_the_directory_is_shown_no_banner(room):
    handle = asked(room).handle
    there = replace(room.caller(OTHER_GP, None), portal=True)
    assert opening_of(room.gate, there, SESSION, handle) is not None
    gone = replace(there, organization_id="1999999999")
    with pytest.raises(AssertionInvalid):
        opening_of(room.gate, gone, SESSION, handle)


def test_what_is_erased_of_a_person_has_their_openings_with_it(room):
    asked(room)
    asked(room, patient=NESSI)
    ((key,),) = room.rows("SELECT DISTINCT patient_key FROM care_link WHERE party = ?", MEDECIN_TRAITANT.identifier)[:1]
    room.gate.administer(lambda connection: erase_choices(connection, key))
    assert [row for row in room.rows("SELECT patient_key FROM record_opening") if row[0] == key] == []
    assert room.rows("SELECT count(*) FROM record_opening") == [(1,)]
