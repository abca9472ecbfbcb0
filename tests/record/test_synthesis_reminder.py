"""Once a year the declared médecin traitant is told that the synthesis is due: by the clock, of open records alone, once."""

import pytest
from synthesis_work import doctor, draft, put_summary, sign, told

from carnet.cda.synthesis_model import Model, Part
from carnet.clock import DAY
from carnet.demo.people import COMMUNITY_NURSE, MEDECIN_TRAITANT, OTHER_GP, PAT_TROIS
from carnet.exchange.notice_topics import sentences
from carnet.identity.patients import find
from carnet.record.administration import Administration
from carnet.record.due import run_due
from carnet.record.notice_office import NoticeOffice
from carnet.record.pro_summary import summary
from carnet.record.synthesis_acts import standing
from carnet.record.synthesis_reminder import KIND

PATIENT = PAT_TROIS.identifier
OPERATOR = "operator:tests"


def owed(room, who=MEDECIN_TRAITANT):
    found = NoticeOffice(room.gate, OPERATOR).of_medecin_traitant(who.identifier)
    return [one.notice for one in found if one.notice.kind == KIND]


def reminded(room):
    """What a run of what is due owes to the doctor of the patient of these tests: others of the demonstration have doctors too."""
    key = find(room.connection, room.platform.keyring, PATIENT).patient_key
    count = "SELECT count(*) FROM notice WHERE kind = ? AND patient_key = ?"
    before = room.rows(count, KIND, key)[0][0]
    assert run_due(room.gate).failed == []
    return room.rows(count, KIND, key)[0][0] - before


def overdue(room):
    return room.do(doctor(room), standing()).overdue


@pytest.fixture
def room(open_room):
    return open_room(synthesis_reminder_days=365)


@pytest.fixture
def signed(room):
    put_summary(room, [told(Part.PROBLEMS, "Asthme")], by=OTHER_GP, at=room.now - DAY)
    draft(room)
    sign(room)
    return room


def test_a_vsm_counts_as_much(room):
    draft(room)
    sign(room, model=Model.VSM)
    room.now += 364 * DAY
    assert (reminded(room), overdue(room)) == (0, False)
    room.now += 2 * DAY
    assert (reminded(room), overdue(room)) == (1, True)


def test_a_year_after_the_last_synthesis_its_doctor_is_told_once(signed):
    room, began = signed, signed.now
    room.now = began + 364 * DAY
    assert (reminded(room), overdue(room)) == (0, False)
    room.now = began + 366 * DAY
    assert (reminded(room), overdue(room)) == (1, True)
    notice = owed(room)[0]
    assert (notice.recipient, notice.state) == ("medecin_traitant", "due")
    room.now += DAY
    assert reminded(room) == 0
    room.now += 366 * DAY
    assert reminded(room) == 1


def test_the_summary_says_so_to_the_medecin_traitant_and_to_nobody_else(open_room):
    room = open_room(synthesis_reminder_days=30)  # while the others of the team still are
    put_summary(room, [told(Part.PROBLEMS, "Asthme")], by=MEDECIN_TRAITANT)
    room.now += 29 * DAY
    assert not room.do(doctor(room), summary()).overdue
    room.now += 2 * DAY
    assert room.do(doctor(room), summary()).overdue
    assert not room.do(room.caller(COMMUNITY_NURSE), summary()).overdue
    put_summary(room, [told(Part.PROBLEMS, "Asthme")], by=MEDECIN_TRAITANT)
    assert not room.do(doctor(room), summary()).overdue


def test_a_new_synthesis_begins_another_year(signed):
    room = signed
    room.now += 366 * DAY
    put_summary(room, [told(Part.PROBLEMS, "Asthme")])
    assert overdue(room) is False
    room.now += 300 * DAY
    assert reminded(room) == 0


def test_a_synthesis_by_care_software_counts_as_one_of_the_portal(room):
    room.now += 200 * DAY
    put_summary(room, [told(Part.PROBLEMS, "Asthme")])
    room.now += 300 * DAY
    assert (reminded(room), overdue(room)) == (0, False)


def test_a_synthesis_by_another_doctor_does_not_stand_for_that_of_the_medecin_traitant(room):
    room.now += 300 * DAY
    put_summary(room, [told(Part.PROBLEMS, "Asthme")], by=OTHER_GP)
    room.now += 100 * DAY
    assert (reminded(room), overdue(room)) == (1, True)


def test_a_new_medecin_traitant_has_a_year(signed):
    room = signed
    room.now += 360 * DAY
    Administration(room.gate, OPERATOR).declare_medecin_traitant(PATIENT, OTHER_GP.identifier)
    room.now += 10 * DAY
    assert reminded(room) == 0
    room.now += 360 * DAY
    assert reminded(room) == 1
    assert len(owed(room, OTHER_GP)) == 1


def test_nobody_is_reminded_of_a_record_that_is_not_open(signed):
    room = signed
    Administration(room.gate, OPERATOR).close_record(PATIENT, "demandé")
    room.now += 366 * DAY
    assert reminded(room) == 0


def test_nobody_is_reminded_where_the_operator_says_so(open_room):
    room = open_room(synthesis_reminder_days=0)
    room.now += 800 * DAY
    assert (reminded(room), overdue(room)) == (0, False)


def test_the_reminder_is_traced_and_says_nothing_of_health(signed):
    room = signed
    room.now += 366 * DAY
    ticket = room.last_ticket()
    run_due(room.gate)
    lines = [one for one in room.lines_since(ticket) if one["action"] == KIND]
    assert {(one["requester_role"], one["outcome"]) for one in lines} == {("system", "done")}
    assert PATIENT.value in {one["patient"].split("^")[0] for one in lines}
    french, english = sentences(KIND)
    assert "synthèse" in french
    assert "synthesis" in english
