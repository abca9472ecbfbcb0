"""What a group asks first, on PostgreSQL: in few messages for all, and of a record that several are about by each in its place."""

from __future__ import annotations

from collections import Counter

import pytest
from gate_calls import finding, outcomes, submitting, then

from carnet.audit.verification import verify
from carnet.consent.care_links import authorise, block
from carnet.database.postgres_session import Session
from carnet.database.postgres_wire import Wire
from carnet.demo.people import HOSPITAL_DOCTOR, NESSI, PAT_TROIS
from carnet.errors import AssertionInvalid, Refused
from carnet.record import foreseen, scope

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def messages(monkeypatch):
    """How many messages there were: those of statements, and commands."""
    found = Counter()

    def counted(of, name):
        inner = getattr(of, name)

        def noted(self, *arguments):
            found[name] += 1
            return inner(self, *arguments)

        monkeypatch.setattr(of, name, noted)

    counted(Session, "send")
    counted(Wire, "command")
    return found


def calls(room, kinds, **changes):
    """One call of each kind a patient."""
    return [
        kind(room, patient, assertion=room.assertion(), **changes)
        for kind, patient in zip(kinds, (PAT_TROIS, NESSI), strict=False)
    ]


def searches(room, patient, **changes):
    return room.caller(patient=patient, **changes), room.finding(patient=patient)


def retrieves(room, patient, **changes):
    (entry,) = room.put(room.document(patient=patient), requester=room.caller(patient=patient))
    return room.caller(patient=patient, **changes), room.retrieving(entry.unique_id)


def submits(room, patient, **changes):
    requester = room.caller(patient=patient, **changes)
    return requester, room.submitting(room.submission(room.document(patient=patient)), requester)


@pytest.mark.parametrize(("kind", "each"), [(searches, 1), (retrieves, 1), (submits, 2)])
def test_a_group_needs_four_messages_and_each_act_few_of_its_own(room, messages, kind, each):
    asked = calls(room, (kind, kind))
    room.together(*calls(room, (kind, kind)))
    messages.clear()
    found = room.together(*asked)
    assert not [one for one in found if isinstance(one, Exception)]
    assert messages == {"command": 1, "send": 3 + 2 * each}, "to begin; who calls, where they stand, acts, to end"


def test_acts_on_one_record_need_one_message_more(room, messages):
    room.together(searches(room, PAT_TROIS))
    messages.clear()
    asked = [searches(room, PAT_TROIS, assertion=room.assertion()) for _ in range(3)]
    room.together(*asked)
    assert messages == {"command": 1, "send": 2 + 3 * 2}


def an_act_that_blocks_then_a_search(room):
    """What the second of two acts of one group gets, whose caller the first one blocks."""

    def allow(inside):
        authorise(
            inside.connection,
            inside.patient_key,
            HOSPITAL_DOCTOR.identifier,
            source="patient",
            now=room.now,
            until=None,
        )

    def forbid(inside):
        block(inside.connection, inside.patient_key, HOSPITAL_DOCTOR.identifier, source="patient", now=room.now)

    requester, act = finding(room)
    room.do(requester, then(act, allow))
    other = finding(room, HOSPITAL_DOCTOR)
    room.do(*other)
    return room.together((requester, then(act, forbid)), other)[1]


def test_what_an_act_changes_holds_for_the_next_of_its_group(room):
    assert isinstance(an_act_that_blocks_then_a_search(room), Refused)


def test_control_a_standing_foreseen_for_a_record_of_several_acts_lets_the_blocked_in(room, monkeypatch):
    monkeypatch.setattr(foreseen, "Counter", lambda keys: dict.fromkeys(keys, 1))
    assert not isinstance(an_act_that_blocks_then_a_search(room), Exception)


def test_an_assertion_used_twice_in_a_group_is_refused_once(room):
    assertion = room.assertion()
    first, second = room.together(
        searches(room, PAT_TROIS, assertion=assertion), searches(room, PAT_TROIS, assertion=assertion)
    )
    assert not isinstance(first, Exception)
    assert isinstance(second, AssertionInvalid)


def test_a_room_that_is_opened_twice_leaves_the_chain_whole(room):
    """The last line is foreseen each time that a room is opened, and told once: the second act of the group reads it again."""

    def again(inside):
        scope.open_scope(inside.platform, inside.requester, inside.action)

    requester, act = finding(room)
    ticket = room.last_ticket()
    found = room.together((requester, then(act, again)), finding(room), submitting(room))
    assert not [one for one in found if isinstance(one, Exception)]
    assert outcomes(room.lines_since(ticket)) == [("iti18", "done"), ("iti18", "done"), ("iti41", "done")]
    room.gate.seal()
    platform = room.platform
    findings = room.gate.read(
        lambda connection: (
            verify(connection, platform.keyring.checkpoint_public_key(), platform.settings.audit_origin).findings
        )
    )
    assert findings == ()
