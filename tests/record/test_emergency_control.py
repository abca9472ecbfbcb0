"""The review of emergency accesses: by somebody else, with a sentence, before a deadline, and everything traced."""

from __future__ import annotations

import pytest

from carnet.audit.sentences import Viewer
from carnet.clock import DAY, HOUR
from carnet.demo.people import HOSPITAL_DOCTOR, LANTERNE, MEDECIN_TRAITANT, NESSI, OTHER_GP, PAT_TROIS, REGULATOR
from carnet.errors import InvalidMetadata, Refused, UnknownDocument
from carnet.exchange.alarms import sounding
from carnet.exchange.emergency_reviews import Verdict
from carnet.record.emergency_control import EmergencyControl, obligations
from carnet.record.trail_view import told_trail
from carnet.record.watching import watch
from carnet.requester import AccessMode

REASON = "RISQUE_VITAL: arrêt cardiaque en salle d'attente"
WHY = "Passage aux urgences confirmé"
OFFICER = "operator:officer"


def look(room, who=OTHER_GP, patient=PAT_TROIS, **about):
    room.do(room.glass_breaker(who, reason=REASON, patient=patient, **about), room.finding(patient=patient))


@pytest.fixture
def control(room):
    return EmergencyControl(room.gate, OFFICER)


def queued(control):
    return control.waiting()[-1].review_id


def lines(room, ticket):
    return [
        (line["action"], line["outcome"], line["requester_id"], line["detail"]) for line in room.lines_since(ticket)
    ]


def test_the_queue_tells_who_and_when_and_that_it_was_read_is_traced(room, control):
    look(room)
    ticket = room.last_ticket()
    (review,) = control.waiting()
    assert (review.requester, review.organization) == (OTHER_GP.identifier, OTHER_GP.organization.identifier)
    assert lines(room, ticket) == [("administration/emergency-list", "done", OFFICER, "")]


def test_the_reason_is_opened_for_the_reviewer_and_the_patient_s_trace_says_so(room, control):
    look(room)
    name, ticket = queued(control), room.last_ticket()
    assert control.show(name).reason == REASON
    (line,) = room.lines_since(ticket)
    assert (line["action"], line["objects"]) == ("administration/emergency-show", (name,))
    assert line["patient"].startswith(PAT_TROIS.identifier.value)


def test_a_review_ends_it_and_is_in_the_patient_s_trace(room, control):
    look(room)
    name, ticket = queued(control), room.last_ticket()
    control.review(name, Verdict.JUSTIFIED, WHY)
    assert lines(room, ticket) == [("administration/emergency-review", "done", OFFICER, "justified")]
    assert control.waiting() == []
    assert [(one.verdict, one.sentence) for one in control.show(name).findings] == [(Verdict.JUSTIFIED, WHY)]


def test_an_unjustified_access_is_told_to_the_patient(room, control):
    look(room)
    control.review(queued(control), Verdict.UNJUSTIFIED, WHY)
    told = room.rows("SELECT recipient FROM notice WHERE kind = 'emergency-access-unjustified'")
    assert told == [("patient",)]


@pytest.mark.parametrize("secret", [False, True])
def test_what_is_found_about_a_secret_access_is_as_secret_as_the_access(room, control, secret):
    look(room, secret_connection=secret)
    name, ticket = queued(control), room.last_ticket()
    control.show(name)
    control.review(name, Verdict.UNJUSTIFIED, WHY)
    assert room.rows("SELECT DISTINCT kind, secret FROM notice WHERE recipient = 'patient' ORDER BY kind") == [
        ("emergency-access-bris_de_glace", secret),
        ("emergency-access-unjustified", secret),
    ]
    assert [line["secret"] for line in room.lines_since(ticket)] == [secret, secret]
    told = told_trail(room.gate, PAT_TROIS.identifier, operator=OFFICER, viewer=Viewer.REPRESENTATIVE)
    shown = {line["action"] for line, _ in told}
    assert ({"administration/emergency-show", "administration/emergency-review"} <= shown) is not secret


def test_where_it_is_not_known_whether_an_access_was_secret_what_is_told_is_kept_secret(room, control):
    look(room)
    with room.connection._raw as raw:
        raw.execute("DELETE FROM emergency_access")
    control.review(queued(control), Verdict.UNJUSTIFIED, WHY)
    told = room.rows("SELECT secret FROM notice WHERE kind = 'emergency-access-unjustified'")
    assert told == [(1,)]


def test_nobody_reviews_their_own_access(open_room):
    room = open_room(operator_identities=(f"doc={OTHER_GP.identifier}", "other=899970099999"))
    look(room)
    own, other = (EmergencyControl(room.gate, f"operator:{login}") for login in ("doc", "other"))
    name, ticket = queued(other), room.last_ticket()
    with pytest.raises(Refused, match="their own"):
        own.review(name, Verdict.JUSTIFIED, WHY)
    (line,) = room.lines_since(ticket)
    assert (line["outcome"], line["rules"], line["requester_id"]) == ("refused", ("own-access",), "operator:doc")
    other.review(name, Verdict.JUSTIFIED, WHY)


def test_who_is_known_to_a_structure_by_the_operator_s_login_is_the_operator(room):
    where = OTHER_GP.organization.identifier
    look(room, identifier=f"{where}/Officer")
    control = EmergencyControl(room.gate, OFFICER)
    with pytest.raises(Refused, match="their own"):
        control.review(queued(control), Verdict.JUSTIFIED, WHY)


@pytest.mark.parametrize("sentence", ["", "ok", "vu vu", "justifiéjustifié"])
def test_a_verdict_without_a_sentence_is_not_taken(room, control, sentence):
    look(room)
    name, ticket = queued(control), room.last_ticket()
    with pytest.raises(InvalidMetadata):
        control.review(name, Verdict.JUSTIFIED, sentence)
    assert lines(room, ticket) == [("administration/emergency-review", "failed", OFFICER, "InvalidMetadata")]
    assert len(control.waiting()) == 1


def test_a_final_verdict_is_not_given_twice_and_an_unclear_one_is_followed_by_another(room, control):
    look(room)
    name = queued(control)
    control.review(name, Verdict.UNCLEAR, "Le service est interrogé")
    EmergencyControl(room.gate, "operator:second").review(name, Verdict.JUSTIFIED, WHY)
    with pytest.raises(Refused, match="already"):
        control.review(name, Verdict.UNJUSTIFIED, WHY)
    assert [one.verdict for one in control.show(name).findings] == [Verdict.UNCLEAR, Verdict.JUSTIFIED]


def test_what_is_not_there_is_told(control):
    for attempt in (
        lambda: control.show("none"),
        lambda: control.review("none", Verdict.JUSTIFIED, WHY),
        lambda: control.settle("none", "Une note entière"),
    ):
        with pytest.raises(UnknownDocument):
            attempt()


def test_settling_an_alarm_is_traced_with_its_note_and_not_for_oneself(open_room):
    room = open_room(emergency_alarm_requester_hour=1, operator_identities=(f"doc={OTHER_GP.identifier}",))
    look(room)
    look(room, patient=NESSI)
    (alarm,) = sounding(room.connection)
    with pytest.raises(Refused, match="about themselves"):
        EmergencyControl(room.gate, "operator:doc").settle(alarm.alarm_id, "Tout va bien")
    control = EmergencyControl(room.gate, OFFICER)
    with pytest.raises(InvalidMetadata):
        control.settle(alarm.alarm_id, "ok")
    ticket = room.last_ticket()
    control.settle(alarm.alarm_id, "Accident de car, vu avec le chef de service")
    (line,) = room.lines_since(ticket)
    assert (line["action"], line["reason"]) == (
        "administration/alarm-settle",
        "Accident de car, vu avec le chef de service",
    )
    assert control.alarms() == []


def test_the_figures_of_each_structure(room, control):
    begin = room.now - room.now % DAY
    (entry,) = room.put(room.document())
    for patient in (PAT_TROIS, NESSI, LANTERNE):
        look(room, patient=patient)
        control.review(queued(control), Verdict.UNJUSTIFIED if patient is NESSI else Verdict.JUSTIFIED, WHY)
    look(room, who=HOSPITAL_DOCTOR)
    room.do(room.caller(REGULATOR, mode=AccessMode.CENTRE_15), room.finding())
    for _ in range(3):
        room.do(room.caller(HOSPITAL_DOCTOR), room.retrieving(entry.unique_id))
    room.do(room.caller(MEDECIN_TRAITANT), room.finding())
    watch(room.gate, operator=OFFICER)
    found = {one.figures.organization: one for one in control.figures(begin, begin + 2 * DAY)}

    def numbers(organization):
        one = found[organization.identifier].figures
        return (one.bris_de_glace, one.centre_15, one.reviewed, one.unjustified, one.overdue, one.visits)

    assert numbers(OTHER_GP.organization) == (3, 0, 3, 1, 0, 0)
    assert numbers(HOSPITAL_DOCTOR.organization)[:5] == (1, 0, 0, 0, 0)
    assert found[HOSPITAL_DOCTOR.organization.identifier].figures.per_thousand == pytest.approx(
        1_000 / numbers(HOSPITAL_DOCTOR.organization)[5]
    )
    assert numbers(REGULATOR.organization)[:2] == (0, 1)
    assert numbers(MEDECIN_TRAITANT.organization)[5] >= 1
    assert found[OTHER_GP.organization.identifier].name == OTHER_GP.organization.name
    assert found[OTHER_GP.organization.identifier].figures.per_thousand is None
    assert control.figures(begin - 2 * DAY, begin) == []
    room.now += 73 * HOUR
    late = {one.figures.organization: one.figures.overdue for one in control.figures(begin, begin + 2 * DAY)}
    assert late[HOSPITAL_DOCTOR.organization.identifier] == 1


def test_what_is_owed_is_told_in_numbers(room, control):
    look(room)
    assert obligations(room.gate) == {
        "reviews": 1,
        "reviews_overdue": 0,
        "alarms": 0,
        "notices_due": 2,
        "notices_claimed": 0,
        "notices_sending": 0,
        "notices_uncertain": 0,
        "notices_failed": 0,
        "notices_post": 0,
    }
    room.now += 73 * HOUR
    assert obligations(room.gate)["reviews_overdue"] == 1
