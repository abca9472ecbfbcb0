"""Breaking the glass: a reason opens it, for one requester and one record, for a time; too often rings, and may close the mode."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carnet.audit.sentences import Viewer
from carnet.clock import DAY, HOUR, MINUTE, SECOND
from carnet.consent.choices import Choice
from carnet.demo.people import (
    BOUSSOLE,
    GIROUETTE,
    HOSPITAL_DOCTOR,
    LANTERNE,
    MEDECIN_TRAITANT,
    MIRABELLE,
    NESSI,
    OTHER_GP,
    PAT_TROIS,
    REGULATOR,
)
from carnet.errors import ReasonRequired, Refused
from carnet.exchange import emergency_windows
from carnet.exchange.alarms import CUT_OFF, sounding
from carnet.exchange.emergency_reviews import Verdict, awaiting_review
from carnet.record import emergency_control
from carnet.record.administration import Administration
from carnet.record.emergency_control import EmergencyControl
from carnet.record.notice_office import NoticeOffice
from carnet.record.scope import Scope
from carnet.record.trail_view import told_trail
from carnet.requester import AccessMode

OPERATOR = "operator:test"
REASON = "INCONSCIENT: trouvé au sol, ne répond pas"
PEOPLE = (PAT_TROIS, NESSI, LANTERNE, MIRABELLE, BOUSSOLE, GIROUETTE)


def look(room, who=OTHER_GP, patient=PAT_TROIS, reason=REASON, **about):
    return room.do(room.glass_breaker(who, reason=reason, patient=patient, **about), room.finding(patient=patient))


def accesses(room):
    return room.rows("SELECT count(*) FROM emergency_access")[0][0]


def refused_without_a_reason(room, **about):
    with pytest.raises(ReasonRequired):
        look(room, reason="", **about)
    return True


# --- the reason ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["", "urgence", "INCONSCIENT:", "aaaaaaaaaaaa aaaaaa"])
def test_without_a_reason_that_says_something_the_glass_holds_and_the_attempt_is_traced(room, reason):
    before, ticket = room.kept(), room.last_ticket()
    with pytest.raises(ReasonRequired, match=r"CODE: sentence.*INCONSCIENT"):
        look(room, reason=reason)
    assert room.kept() == before
    (line,) = room.lines_since(ticket)
    assert (line["outcome"], line["rules"], line["detail"]) == ("refused", ("emergency-reason",), "ReasonRequired")
    assert line["reason"] == reason


def test_a_document_is_not_read_without_a_reason_either(room):
    (entry,) = room.put(room.document())
    with pytest.raises(ReasonRequired):
        room.do(room.glass_breaker(OTHER_GP, reason=""), room.retrieving(entry.unique_id))
    assert room.do(room.glass_breaker(OTHER_GP, reason=REASON), room.retrieving(entry.unique_id))


def test_a_code_can_be_demanded(open_room):
    room = open_room(emergency_reason_code_required=True)
    with pytest.raises(ReasonRequired, match="coded reason"):
        look(room, reason="Trouvé au sol, ne répond pas")
    look(room)
    assert accesses(room) == 1


def test_the_review_has_the_code_even_when_the_caller_wrote_a_sentence_alone(room):
    look(room, reason="Trouvé au sol, ne répond pas")
    (review,) = awaiting_review(room.connection)
    opened = EmergencyControl(room.gate, OPERATOR).show(review.review_id)
    assert opened.reason == "AUTRE: Trouvé au sol, ne répond pas"


def test_who_may_not_break_the_glass_is_not_told_of_the_reason_first(room):
    administration = Administration(room.gate, OPERATOR)
    administration.choose(PAT_TROIS.identifier, Choice.OPPOSES_BRIS_DE_GLACE, value=True)
    with pytest.raises(Refused) as error:
        look(room, reason="")
    assert not isinstance(error.value, ReasonRequired)


def test_the_regulation_centre_states_no_reason_and_is_counted(room):
    caller = room.caller(REGULATOR, mode=AccessMode.CENTRE_15, reason="")
    room.do(caller, room.finding())
    room.do(caller, room.finding())
    assert room.rows("SELECT mode, requester FROM emergency_access") == [("centre_15", REGULATOR.identifier)]
    assert room.rows("SELECT count(*) FROM notice") == [(2,)]
    assert awaiting_review(room.connection) == []


def test_feeding_in_the_mode_begins_no_access(room):
    entry = room.put(room.document(), by=OTHER_GP, requester=room.glass_breaker(OTHER_GP, reason=""))
    assert entry
    assert accesses(room) == 0


# --- its time ------------------------------------------------------------------------------------------------------


def test_calls_ride_on_the_first_one_until_its_end_which_they_do_not_move(room):
    look(room)
    began = room.now
    for minutes in (1, 10, 20, 29):
        room.now = began + minutes * MINUTE
        look(room, reason="")
    room.now = began + 30 * MINUTE - 2 * SECOND
    look(room, reason="")
    assert refused_without_a_reason(room)
    assert accesses(room) == 1
    look(room)
    assert accesses(room) == 2
    assert len(awaiting_review(room.connection)) == 2
    assert room.rows("SELECT count(*) FROM notice") == [(4,)]


def test_one_access_opens_one_record_to_one_requester_in_one_mode(room):
    look(room)
    assert refused_without_a_reason(room, patient=NESSI)
    assert refused_without_a_reason(room, who=HOSPITAL_DOCTOR)


def test_how_long_it_lasts_is_a_setting(open_room):
    room = open_room(emergency_window_minutes=5)
    look(room)
    room.now += 5 * MINUTE - 2 * SECOND
    look(room, reason="")
    assert refused_without_a_reason(room)


@pytest.mark.parametrize("change", ["block", "oppose", "close"])
def test_what_the_patient_changes_meanwhile_ends_it_at_once(room, change):
    look(room)
    office = Administration(room.gate, OPERATOR)
    patient = PAT_TROIS.identifier
    match change:
        case "block":
            office.block(patient, OTHER_GP.identifier)
        case "oppose":
            office.choose(patient, Choice.OPPOSES_BRIS_DE_GLACE, value=True)
        case _:
            office.close_record(patient, "FERMETURE_DEMANDE_PATIENT")
    with pytest.raises(Refused):
        look(room)


def test_acts_of_one_batch_begin_one_access(room):
    caller = room.glass_breaker(OTHER_GP, reason=REASON)
    results = room.together(*[(caller, room.finding()) for _ in range(5)])
    assert not [one for one in results if isinstance(one, Exception)]
    assert accesses(room) == 1


def test_an_act_that_fails_begins_nothing(room):
    caller = room.glass_breaker(OTHER_GP, reason=REASON)
    room.connection.fail("INSERT INTO emergency_review", RuntimeError("a bug"))
    with pytest.raises(RuntimeError):
        room.do(caller, room.finding())
    assert accesses(room) == 0
    assert refused_without_a_reason(room)


def shown_to_representatives(room):
    """Everything that somebody who acts for the patient can learn: the trail in sentences, with its numbers, and the notices."""
    trail = told_trail(room.gate, PAT_TROIS.identifier, operator=OPERATOR, viewer=Viewer.REPRESENTATIVE)
    notices = NoticeOffice(room.gate, OPERATOR).of_patient(PAT_TROIS.identifier, Viewer.REPRESENTATIVE)
    mine = [(line["seq"], line["action"], told) for line, told in trail if line["requester_id"] != OPERATOR]
    judged = [line["action"] for line, _ in trail if "emergency" in line["action"]]
    return mine, judged, [(one.notice.kind, one.notice.due_at) for one in notices]


def in_secret(room, **about):
    look(room, secret_connection=True, **about)


def secret_act_is_kept(room):
    """An emergency begun openly and gone on with in secret: whatever is done and found of the secret part, representatives see no change."""
    look(room)
    before = shown_to_representatives(room)
    in_secret(room)
    in_secret(room, reason="")
    control = EmergencyControl(room.gate, OPERATOR)
    (secret,) = [one for one in awaiting_review(room.connection) if one.secret]
    control.show(secret.review_id)
    control.review(secret.review_id, Verdict.UNJUSTIFIED, "Aucune urgence ne se trouve")
    assert shown_to_representatives(room) == before


def test_what_is_done_in_secret_within_an_open_emergency_reaches_no_representative(room):
    secret_act_is_kept(room)
    holder = NoticeOffice(room.gate, OPERATOR).of_patient(PAT_TROIS.identifier)
    assert [(one.notice.kind.rpartition("-")[2], one.notice.secret) for one in holder] == [
        ("bris_de_glace", 0),
        ("bris_de_glace", 1),
        ("unjustified", 1),
    ]


def test_a_call_in_secret_does_not_ride_on_an_open_access_nor_the_other_way_round(room):
    look(room)
    assert refused_without_a_reason(room, secret_connection=True)
    in_secret(room)
    in_secret(room, reason="")
    look(room, reason="")
    assert room.rows("SELECT secret FROM emergency_access ORDER BY began_at") == [(0,), (1,)]


def test_what_is_done_openly_after_a_secret_beginning_is_told_to_representatives(room):
    in_secret(room)
    before, judged, notices = shown_to_representatives(room)
    assert ("iti18" in {action for _, action, _ in before}, judged, notices) == (False, [], [])
    assert refused_without_a_reason(room)
    look(room)
    after, judged, notices = shown_to_representatives(room)
    assert [action for _, action, _ in after[len(before) :]] == ["iti18", "iti18"]
    assert (judged, [kind for kind, _ in notices]) == ([], ["emergency-access-bris_de_glace"])


def test_control_a_secret_call_that_rides_on_an_open_access_is_noticed(room, monkeypatch):
    real = emergency_windows.stands
    riding = lambda *given, secret, **named: real(*given, secret=False, **named) or real(*given, secret=True, **named)  # noqa: E731
    monkeypatch.setattr("carnet.record.emergency.stands", riding)
    with pytest.raises((AssertionError, ValueError)):
        secret_act_is_kept(room)


def test_control_a_review_that_forgets_the_secret_is_noticed(room, monkeypatch):
    real = emergency_control.find_review
    openly = lambda *given: replace(real(*given), secret=0)  # noqa: E731
    monkeypatch.setattr("carnet.record.emergency_control.find_review", openly)
    with pytest.raises(AssertionError):
        secret_act_is_kept(room)


def test_the_cut_off_ends_no_access_that_has_begun_openly_or_in_secret(open_room):
    room = open_room(emergency_cut_off_day=1)
    look(room)
    in_secret(room)
    with pytest.raises(Refused):
        look(room, patient=NESSI)


def test_a_secret_connection_s_notice_is_marked(room):
    look(room, secret_connection=True)
    assert room.rows("SELECT DISTINCT secret FROM notice") == [(1,)]


def test_riding_on_an_access_costs_one_statement_and_no_write(room):
    look(room)
    statements = []
    execute = room.connection.execute
    room.connection.execute = lambda statement, parameters=None: (
        statements.append(statement.sqlite),
        execute(statement, parameters),
    )[1]
    look(room)
    about = [text for text in statements if "emergency" in text or "notice" in text or "alarm" in text]
    assert len(about) == 1
    assert about[0].startswith("SELECT")


def test_control_a_build_whose_accesses_never_end_is_noticed(room, monkeypatch):
    look(room)
    monkeypatch.setattr("carnet.record.emergency.stands", lambda *_args, **_about: True)
    room.now += 2 * HOUR
    look(room, reason="")  # what test_calls_ride_on_the_first_one… refuses
    with pytest.raises(pytest.fail.Exception):
        refused_without_a_reason(room)


def test_control_a_build_that_does_not_enter_emergencies_is_noticed(room, monkeypatch):
    monkeypatch.setattr(Scope, "_enter_emergency", lambda _self: None)
    with pytest.raises(pytest.fail.Exception):
        refused_without_a_reason(room)


# --- too often -----------------------------------------------------------------------------------------------------


def kinds(room):
    return sorted((one.kind, one.subject, one.counted) for one in sounding(room.connection))


def test_a_requester_who_breaks_the_glass_more_often_than_the_threshold_rings(open_room):
    room = open_room(emergency_alarm_requester_hour=2, emergency_alarm_requester_day=3)
    for patient in PEOPLE[:2]:
        look(room, patient=patient)
    assert kinds(room) == []
    look(room, patient=PEOPLE[2])
    assert kinds(room) == [("emergency-requester-hour", OTHER_GP.identifier, 3)]
    room.now += 2 * HOUR
    look(room, patient=PEOPLE[3])
    assert kinds(room)[0] == ("emergency-requester-day", OTHER_GP.identifier, 4)


def test_a_structure_s_callers_are_counted_together(open_room):
    room = open_room(emergency_alarm_structure_hour=1, emergency_alarm_structure_day=1)
    where = HOSPITAL_DOCTOR.organization.identifier
    look(room, who=HOSPITAL_DOCTOR)
    look(room, who=OTHER_GP, patient=NESSI, organization_id=where)
    assert kinds(room) == [("emergency-structure-day", where, 2), ("emergency-structure-hour", where, 2)]


def test_riding_calls_do_not_count_as_more_accesses(open_room):
    room = open_room(emergency_alarm_requester_hour=1)
    for _ in range(10):
        look(room)
    assert kinds(room) == []


def test_the_mode_is_never_closed_by_itself_unless_the_operator_chose_so(room):
    for patient in PEOPLE:
        for _ in range(4):
            look(room, patient=patient)
            room.now += 31 * MINUTE
    assert not [one for one in sounding(room.connection) if one.kind == CUT_OFF]


def test_past_the_cut_off_the_mode_is_closed_to_the_requester_until_an_operator_settles_it(open_room):
    room = open_room(emergency_cut_off_day=3)
    for patient in PEOPLE[:3]:
        look(room, patient=patient)
    assert kinds(room) == [(CUT_OFF, OTHER_GP.identifier, 3)]
    ticket = room.last_ticket()
    with pytest.raises(Refused, match="closed to this requester"):
        look(room, patient=PEOPLE[3])
    (line,) = room.lines_since(ticket)
    assert (line["outcome"], line["rules"]) == ("refused", (CUT_OFF,))
    look(room, patient=PEOPLE[2], reason="")  # what has begun goes on
    look(room, who=HOSPITAL_DOCTOR, patient=PEOPLE[3])  # others are let in
    room.now += 2 * DAY  # time alone does not open it again
    with pytest.raises(Refused, match="closed to this requester"):
        look(room, patient=PEOPLE[3])
    (alarm,) = sounding(room.connection)
    EmergencyControl(room.gate, OPERATOR).settle(alarm.alarm_id, "Garde de nuit, accident de car")
    for patient in PEOPLE[3:5]:
        look(room, patient=patient)
    assert kinds(room) == []
    look(room, patient=PEOPLE[5])
    assert kinds(room) == [(CUT_OFF, OTHER_GP.identifier, 3)]


def test_an_operator_who_switches_the_cut_off_off_opens_the_mode_at_once(open_room):
    room = open_room(emergency_cut_off_day=1)
    look(room, patient=PEOPLE[0])
    with pytest.raises(Refused):
        look(room, patient=PEOPLE[1])
    room = open_room()
    look(room, patient=PEOPLE[1])


def test_after_settling_only_what_came_since_is_counted_again(open_room):
    room = open_room(emergency_cut_off_day=2)
    look(room, patient=PEOPLE[0])
    look(room, patient=PEOPLE[1])
    (alarm,) = sounding(room.connection)
    EmergencyControl(room.gate, OPERATOR).settle(alarm.alarm_id, "Vu avec le service")
    look(room, patient=PEOPLE[2])
    assert kinds(room) == []


def test_the_medecin_traitant_who_breaks_the_glass_is_asked_like_anybody(room):
    assert refused_without_a_reason(room, who=MEDECIN_TRAITANT)
