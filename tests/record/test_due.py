"""What happens because time has passed: once, for any date, one failure harming no other, each in the trace as the system's doing."""

from __future__ import annotations

import pytest

from carnet.audit.sentences import Viewer
from carnet.clock import DAY
from carnet.consent.delays import end_of_day, months_after
from carnet.consent.lifecycle import State, history, life
from carnet.demo.people import BOUSSOLE, LANTERNE, MIRABELLE, PAT_TROIS
from carnet.errors import LocalPolicy, RecordClosed
from carnet.identity.patients import find
from carnet.metadata import INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX, MASQUE_PS, AvailabilityStatus
from carnet.record import due
from carnet.record.custody import Custody
from carnet.record.due import run_due
from carnet.record.trail_view import told_trail
from carnet.registry import announcements

HIDDEN = (INVISIBLE_PATIENT,)


@pytest.fixture
def room(open_room):
    """Notices go out by other means: the delays run from the act itself."""
    return open_room(delays_wait_for_notice=False)


@pytest.fixture
def custody(room):
    return Custody(room.gate, "operator:essai")


def key(room, person=PAT_TROIS):
    return find(room.connection, room.platform.keyring, person.identifier).patient_key


def state(room, person=PAT_TROIS):
    return life(room.connection, key(room, person)).state


def masks(room, entry):
    return room.rows("SELECT version, masks FROM document_entry WHERE unique_id = ? ORDER BY version", entry.unique_id)


def test_a_suspension_closes_after_six_weeks_and_its_holder_is_told_at_both_ends(room, custody):
    custody.suspend(PAT_TROIS.identifier, "FRAUDE")
    with pytest.raises(RecordClosed):
        room.do(room.caller(), room.finding())
    end = end_of_day(room.now, 42)
    room.now = end - 1
    assert run_due(room.gate).counts == {}
    room.now = end
    ticket = room.last_ticket()
    assert run_due(room.gate).counts == {"suspension-ends": 1}
    assert state(room) is State.CLOSED
    (line,) = room.lines_since(ticket)
    assert (line["action"], line["requester_id"], line["requester_role"]) == (
        "life/suspension-ends",
        "system",
        "system",
    )
    assert room.rows("SELECT kind FROM notice WHERE patient_key = ? ORDER BY due_at", key(room)) == [
        ("record-suspended",),
        ("record-closed",),
    ]


def test_a_suspended_record_closes_only_six_weeks_after_its_holder_was_told(open_room):
    room = open_room()
    Custody(room.gate, "operator:essai").suspend(PAT_TROIS.identifier, "FRAUDE")
    room.now += 100 * DAY
    assert run_due(room.gate).counts == {"notice-awaited": 1}
    room.gate.administer(lambda connection: connection._raw.execute("UPDATE notice SET delivered_at = ?", (room.now,)))
    room.now = end_of_day(room.now, 42) - 1
    assert run_due(room.gate).counts == {"notice-awaited": 1}
    room.now += 1
    assert run_due(room.gate).counts == {"suspension-ends": 1}


def test_a_suspension_that_was_resumed_closes_nothing(room, custody):
    custody.suspend(PAT_TROIS.identifier, "PANNE")
    custody.resume(PAT_TROIS.identifier)
    room.now += 100 * DAY
    assert run_due(room.gate).counts == {}
    assert room.do(room.caller(), room.finding()).references == ()


def test_running_again_for_any_date_changes_nothing(room, custody):
    room.put(room.document(masks=HIDDEN))
    custody.suspend(BOUSSOLE.identifier, "FRAUDE")
    custody.close_record(LANTERNE.identifier, "FERMETURE_DEMANDE_PATIENT")
    room.now += 60 * DAY
    assert sum(run_due(room.gate).counts.values()) == 2
    before, ticket = room.kept(), room.last_ticket()
    for moment in (None, room.now, room.now - 50 * DAY, 0):
        assert run_due(room.gate, moment).counts == {}
    assert (room.kept(), room.last_ticket()) == (before, ticket)


def test_a_date_gone_by_does_what_was_due_then_alone(room, custody):
    custody.suspend(BOUSSOLE.identifier, "FRAUDE")
    room.now += 10 * DAY
    custody.suspend(LANTERNE.identifier, "FRAUDE")
    room.now += 50 * DAY
    assert run_due(room.gate, room.now - 10 * DAY).counts == {"suspension-ends": 1}
    assert (state(room, BOUSSOLE), state(room, LANTERNE)) == (State.CLOSED, State.SUSPENDED)
    assert history(room.connection, key(room, BOUSSOLE))[-1].at == room.now


def test_a_date_to_come_is_for_trials_alone(room, custody, open_room):
    custody.suspend(PAT_TROIS.identifier, "FRAUDE")
    assert run_due(room.gate, room.now + 50 * DAY).counts == {"suspension-ends": 1}
    settings = type(room.platform.settings)
    assert settings().environment == "development"
    object.__setattr__(room.platform.settings, "environment", "production")
    with pytest.raises(LocalPolicy, match="cut short"):
        run_due(room.gate, room.now + DAY)


def test_a_failure_in_one_record_harms_no_other(room, custody):
    for person in (BOUSSOLE, LANTERNE, MIRABELLE):
        custody.suspend(person.identifier, "FRAUDE")
    broken = key(room, LANTERNE)
    room.gate.administer(
        lambda connection: connection._raw.execute(
            "UPDATE patient_identifier SET sealed_value = x'00' WHERE patient_key = ?", (broken,)
        )
    )
    room.now += 50 * DAY
    done = run_due(room.gate)
    assert done.counts == {"suspension-ends": 2}
    assert [patient_key for patient_key, _ in done.failed] == [broken]
    assert state(room, LANTERNE) is State.SUSPENDED
    assert [row.event for row in history(room.connection, broken)] == ["open", "suspend"]


def test_an_unforeseen_error_in_one_record_harms_no_other(room, custody, monkeypatch):
    for person in (BOUSSOLE, MIRABELLE):
        custody.suspend(person.identifier, "FRAUDE")
    first = key(room, BOUSSOLE)
    kept = due.happen
    monkeypatch.setattr(
        due, "happen", lambda connection, person, *rest, **more: _fail(kept, first, connection, person, *rest, **more)
    )
    room.now += 50 * DAY
    done = run_due(room.gate)
    assert done.counts == {"suspension-ends": 1}
    assert done.failed == [(first, "ZeroDivisionError")]


def _fail(kept, first, connection, person, *rest, **more):
    row = kept(connection, person, *rest, **more)
    if person.patient.patient_key == first:
        raise ZeroDivisionError
    return row


# --- the announcement rule ------------------------------------------------------------------------------------------


def test_a_hidden_document_is_told_of_after_two_weeks_and_visible_after_a_month(room):
    (entry,) = room.put(room.document(masks=HIDDEN))
    deposited = room.now
    room.now = deposited + 14 * DAY - 1
    assert run_due(room.gate).counts == {}
    room.now = deposited + 14 * DAY
    assert run_due(room.gate).counts == {"announcement-told": 1}
    assert run_due(room.gate).counts == {}
    assert room.rows("SELECT kind, recipient FROM notice WHERE patient_key = ?", key(room)) == [
        ("record-updated", "patient")
    ]
    room.now = months_after(deposited, 1) - 1
    assert run_due(room.gate).counts == {}
    assert masks(room, entry) == [(1, INVISIBLE_PATIENT)]
    room.now += 1
    ticket = room.last_ticket()
    assert run_due(room.gate).counts == {"document-shown": 1}
    assert run_due(room.gate).counts == {}
    assert masks(room, entry) == [(1, ""), (2, "")]
    (line,) = room.lines_since(ticket)
    assert (line["action"], line["requester_id"], line["objects"]) == (
        "life/document-shown",
        "system",
        (entry.unique_id,),
    )
    (version,) = room.rows("SELECT entry_uuid FROM document_entry WHERE unique_id = ? AND version = 2", entry.unique_id)
    assert room.do(room.caller(), room.finding()).references == version


@pytest.mark.parametrize("young", [False, True])
def test_a_hidden_document_kept_from_the_representatives_is_told_of_in_secret(room, young):
    masks = (*HIDDEN, INVISIBLE_REPRESENTANTS_LEGAUX) if young else HIDDEN
    room.put(room.document(masks=masks))
    room.now += 14 * DAY
    assert run_due(room.gate).counts == {"announcement-told": 1}
    assert room.rows("SELECT kind, secret FROM notice") == [("record-updated", young)]

    def told(viewer):
        lines = told_trail(room.gate, PAT_TROIS.identifier, operator="operator:essai", viewer=viewer)
        return "life/announcement-overdue" in {line["action"] for line, _ in lines}

    assert (told(Viewer.HOLDER), told(Viewer.REPRESENTATIVE)) == (True, not young)


@pytest.mark.parametrize("act", ["died", "suspend", "close"])
def test_nobody_is_told_of_a_hidden_document_in_a_record_that_is_not_in_use(room, custody, act):
    (entry,) = room.put(room.document(masks=HIDDEN))
    patient = PAT_TROIS.identifier
    if act == "died":
        custody.died(patient)
    elif act == "suspend":
        custody.suspend(patient, "FRAUDE")
    else:
        custody.close_record(patient, "FERMETURE_DEMANDE_PATIENT")
    for days in (14, 18):
        room.now += days * DAY
        assert run_due(room.gate).counts == {}
    assert masks(room, entry) == [(1, INVISIBLE_PATIENT)]
    if act == "suspend":
        custody.resume(patient)
        assert run_due(room.gate).counts == {"document-shown": 1}


def test_what_was_announced_meanwhile_is_neither_told_nor_shown(room):
    (entry,) = room.put(room.document(masks=HIDDEN))
    room.do(room.caller(), room.mask(entry, ()))
    room.now += 60 * DAY
    assert run_due(room.gate).counts == {}


def test_another_mask_stays_when_the_delay_ends(open_room):
    room = open_room(masked_and_invisible_together=True)
    (entry,) = room.put(room.document(masks=(INVISIBLE_PATIENT, MASQUE_PS)))
    room.now += 40 * DAY
    assert run_due(room.gate).counts == {"document-shown": 1}
    assert masks(room, entry)[-1] == (2, MASQUE_PS)


def test_a_replaced_document_is_shown_too_and_a_deleted_one_is_not(room):
    (first,) = room.put(room.document(masks=HIDDEN))
    (deleted,) = room.put(room.document(masks=HIDDEN))
    room.put(room.document(), replaces={"Document01": first.entry_uuid})
    room.do(room.caller(), room.status(deleted, AvailabilityStatus.DELETED))
    room.now += 40 * DAY
    assert run_due(room.gate).counts == {"document-shown": 1}
    statuses = room.rows(
        "SELECT version, status FROM document_entry WHERE unique_id = ? ORDER BY version", first.unique_id
    )
    assert statuses == [(1, AvailabilityStatus.DEPRECATED), (2, AvailabilityStatus.DEPRECATED)]
    assert masks(room, deleted) == [(1, INVISIBLE_PATIENT)]


def test_the_signature_of_a_set_has_the_mask_and_is_nothing_to_announce(room):
    room.do(room.caller(), room.submitting(room.submission(room.document(), signed=True), room.caller()))
    assert (INVISIBLE_PATIENT + " " + MASQUE_PS, 1) in room.rows("SELECT masks, is_signature FROM document_entry")
    room.now += 14 * DAY
    assert run_due(room.gate).counts == {}
    room.now += 40 * DAY
    assert run_due(room.gate).counts == {}
    assert room.rows("SELECT kind FROM notice") == []


def test_a_new_version_of_what_is_hidden_begins_no_new_delay(room):
    """Told of once, and shown with the first, however often it is replaced."""
    (first,) = room.put(room.document(masks=HIDDEN))
    deposited = room.now
    room.now += 13 * DAY
    (second,) = room.put(room.document(masks=HIDDEN), replaces={"Document01": first.entry_uuid})
    room.now = deposited + 14 * DAY
    assert run_due(room.gate).counts == {"announcement-told": 1}
    room.now = deposited + 27 * DAY
    (third,) = room.put(room.document(masks=HIDDEN), replaces={"Document01": second.entry_uuid})
    assert run_due(room.gate).counts == {}
    room.now = months_after(deposited, 1)
    assert run_due(room.gate).counts == {"document-shown": 1}
    assert [masks(room, one)[-1][1] for one in (first, second, third)] == ["", "", ""]
    room.now += 60 * DAY
    assert run_due(room.gate).counts == {}
    assert len(room.rows("SELECT kind FROM notice")) == 1


def test_what_replaces_a_document_that_the_patient_sees_has_a_delay_of_its_own(room):
    (seen,) = room.put(room.document())
    room.now += 40 * DAY
    (corrected,) = room.put(room.document(masks=HIDDEN), replaces={"Document01": seen.entry_uuid})
    room.now += 13 * DAY
    assert run_due(room.gate).counts == {}
    room.now += 40 * DAY
    assert run_due(room.gate).counts == {"document-shown": 1}
    assert masks(room, corrected)[-1][1] == ""


def test_hidden_documents_are_found_by_their_index(room):
    values = {"before": 0, **announcements._FIND.defaults}
    steps = room.connection._raw.execute(f"EXPLAIN QUERY PLAN {announcements._FIND.sqlite}", values).fetchall()
    assert any("ix_document_entry_patient_key_logical_id_registered_at" in step[-1] for step in steps), steps
