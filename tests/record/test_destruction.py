"""Destruction: nothing of the record can be read any more, a backup that brings it back is made to forget it again."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3

import pytest

from carnet.audit.trail import read_trail
from carnet.clock import DAY
from carnet.consent.delays import years_after
from carnet.consent.lifecycle import Event, State, life
from carnet.database import tables
from carnet.demo.people import MEDECIN_TRAITANT, PAT_TROIS, identity_feed
from carnet.errors import IntegrityFailure, RecordClosed, Refused, UnknownPatient
from carnet.identity.patients import find
from carnet.record import destruction
from carnet.record.custody import Custody
from carnet.record.destruction import bury, release_ins, replay_tombstones
from carnet.record.due import run_due
from carnet.record.intake import import_patients

PATIENT = PAT_TROIS.identifier
KEPT = {
    # tables with rows of a patient that survive a destruction, and why
    "patient": "the pseudonym, without which the tombstone says nothing; traits are sealed under the lost key",
    "patient_identifier": "the blind index, so that nobody is enrolled again unasked; the number is sealed under the lost key",
    "registered_identifier": "no identifier of a document is used twice",
    "stored_document": "where the bytes are, so that their place is given back; its key is blanked",
    "health_record": "that it is destroyed",
    "record_transition": "the history, without any content",
    "enrolment": "that the person was informed",
    "destruction_order": "who ordered and confirmed",
    "tombstone": "the tombstone",
    "audit_event": "the proof of the trace; what it says is sealed under the lost key",
    "notice": "what had to be told, without content",
    "emergency_review": "that an emergency was to be reviewed; one that waited has lapsed; its reason is sealed under the lost key",
    "emergency_access": "when an emergency was begun, which its review speaks of",
    "review_finding": "what a reviewer found of an emergency; its sentence is sealed under the lost key",
}


@pytest.fixture
def custody(room):
    return Custody(room.gate, "operator:un")


@pytest.fixture
def second(room):
    return Custody(room.gate, "operator:deux")


def patient(room):
    return find(room.connection, room.platform.keyring, PATIENT)


def closed(room, custody):
    """A record with a document, closed."""
    (entry,) = room.put(room.document())
    custody.close_record(PATIENT, "FERMETURE_DEMANDE_PATIENT")
    return entry


def destroyed(room, custody, second):
    entry = closed(room, custody)
    custody.order_destruction(PATIENT)
    second.confirm_destruction(PATIENT)
    room.now += 31 * DAY
    assert run_due(room.gate).counts == {"destroy": 1, "key-erased": 1}
    return entry


def readable(room):
    """Whether anything of the patient can be opened: the key is there and the record can be opened again."""
    try:
        room.platform.keyring.patient_key(patient(room).pseudonym)
        Custody(room.gate, "operator:un").open_record(PATIENT)
    except (UnknownPatient, RecordClosed):
        return False
    return bool(room.do(room.caller(), room.finding()).references)


def copy_of(home, to):
    """A consistent copy of database and keys, as a backup makes it."""
    to.mkdir()
    for name in ("carnet.db", "keys/keys.db"):
        with (
            contextlib.closing(sqlite3.connect(home / name)) as source,
            contextlib.closing(sqlite3.connect(to / name.rpartition("/")[2])) as target,
        ):
            source.backup(target)


def put_back(backup, home, *names):
    for name in names:
        path = home / name
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        shutil.copy(backup / path.name, path)


def test_a_destroyed_record_leaves_nothing_that_can_be_read(room, custody, second):
    destroyed(room, custody, second)
    key = patient(room).patient_key
    assert life(room.connection, key).state is State.DESTROYED
    for table in tables.metadata.tables.values():
        if "patient_key" in table.columns:
            (count,) = room.rows(f"SELECT count(*) FROM {table.name} WHERE patient_key = ?", key)[0]
            assert count == 0 or table.name in KEPT, table.name
    assert room.rows("SELECT DISTINCT wrapped_key FROM stored_document WHERE patient_key = ?", key) == [(b"",)]
    assert not readable(room)
    with pytest.raises(UnknownPatient):
        room.do(room.caller(), room.finding())


def test_every_table_of_a_patient_is_erased_or_kept_for_a_reason():
    erased = {
        table.name
        for table in (
            *destruction_tables(),
            tables.document_entry,
            tables.document_extract,
            tables.trait_index,
            tables.record_visit,
        )
    }
    of_patients = {one.name for one in tables.metadata.tables.values() if "patient_key" in one.columns}
    assert of_patients - erased == set(KEPT)


def destruction_tables():
    from carnet.consent import erasure_of_choices
    from carnet.measures import reading_store
    from carnet.registry import erasure

    return (*erasure.ERASED, *erasure_of_choices.ERASED, *reading_store.ERASED)


def test_a_destruction_is_told_in_the_trace_by_its_pseudonym_alone(room, custody, second):
    ticket = room.last_ticket()
    destroyed(room, custody, second)
    lines = read_trail(room.connection, None, room.platform.keyring.actor_key())
    (line,) = [one for one in lines if one["action"] == "life/tombstone"]
    assert line["objects"] == (patient(room).pseudonym,)
    assert (line["requester_id"], line["detail"], line["patient"]) == ("system", "destroy", "")
    actions = room.rows("SELECT cast(entry AS text) FROM audit_event WHERE ticket > ? AND patient_key NOT NULL", ticket)
    assert any('"life/destroy"' in entry for (entry,) in actions)


def test_two_persons_are_needed(room, custody, second):
    closed(room, custody)
    with pytest.raises(Refused):
        second.confirm_destruction(PATIENT)
    assert custody.order_destruction(PATIENT)
    assert not custody.order_destruction(PATIENT)
    with pytest.raises(Refused, match="does not confirm"):
        custody.confirm_destruction(PATIENT)
    room.now += 40 * DAY
    assert run_due(room.gate).counts == {}
    assert second.confirm_destruction(PATIENT)
    assert not second.confirm_destruction(PATIENT)
    assert run_due(room.gate).counts["destroy"] == 1


def test_the_database_itself_refuses_one_person_twice(room, custody):
    closed(room, custody)
    custody.order_destruction(PATIENT)
    with pytest.raises(sqlite3.IntegrityError, match="two_persons"):
        room.gate.administer(
            lambda connection: connection._raw.execute("UPDATE destruction_order SET confirmed_by = ordered_by")
        )


def test_an_open_record_is_closed_before_it_is_destroyed(room, custody):
    with pytest.raises(RecordClosed, match="close it first"):
        custody.order_destruction(PATIENT)


def test_an_order_can_be_taken_back_and_given_again(room, custody, second):
    closed(room, custody)
    custody.order_destruction(PATIENT)
    assert second.cancel_destruction(PATIENT)
    assert not second.cancel_destruction(PATIENT)
    room.now += 90 * DAY
    assert run_due(room.gate).counts == {}
    assert custody.order_destruction(PATIENT)
    assert room.rows("SELECT number, outcome FROM destruction_order ORDER BY number") == [(1, "cancelled"), (2, None)]


def test_reopening_brings_the_archive_back_and_cancels_a_pending_destruction(room, custody, second):
    entry = closed(room, custody)
    custody.order_destruction(PATIENT)
    second.confirm_destruction(PATIENT)
    room.now += 10 * DAY
    assert custody.open_record(PATIENT)
    assert room.do(room.caller(), room.finding()).references == (entry.entry_uuid,)
    room.now += 200 * DAY
    assert run_due(room.gate).counts == {"sign-in-forgotten": 2}  # the counts of the hour in which was searched
    assert room.do(room.caller(MEDECIN_TRAITANT), room.finding()).references == (entry.entry_uuid,)


def test_the_limit_of_three_months_is_warned_of_before_and_kept_at_the_latest(open_room):
    room = open_room(destruction_wait_days=80)
    custody, second = Custody(room.gate, "operator:un"), Custody(room.gate, "operator:deux")
    closed(room, custody)
    asked = room.now - 20 * DAY
    custody.order_destruction(PATIENT, asked)
    room.now = asked + 70 * DAY
    assert run_due(room.gate).urgent == []
    room.now = asked + 79 * DAY
    done = run_due(room.gate)
    assert (done.counts, len(done.urgent)) == ({"destruction-warned": 1}, 1)
    done = run_due(room.gate)
    assert (done.counts, len(done.urgent)) == ({}, 1)
    second.confirm_destruction(PATIENT)
    room.now = asked + 80 * DAY
    assert run_due(room.gate).counts["destroy"] == 1


def test_ten_years_after_the_closing_the_archive_is_destroyed(room, custody):
    closed(room, custody)
    room.now = years_after(room.now, 10) - 1
    assert run_due(room.gate).counts == {}
    room.now += 1
    assert run_due(room.gate).counts == {"archive-ends": 1, "key-erased": 1}
    assert not readable(room)


def test_the_holder_of_a_destroyed_record_gets_a_new_one_on_their_wish_alone(room, custody, second):
    feed = identity_feed().splitlines(keepends=True)
    with pytest.raises(RecordClosed, match="not destroyed"):
        release_ins(room.gate, PATIENT, operator="operator:un")
    destroyed(room, custody, second)
    old = patient(room)
    assert len(import_patients(room.gate, feed).bad) == 1
    release_ins(room.gate, PATIENT, operator="operator:un")
    with pytest.raises(UnknownPatient):
        release_ins(room.gate, PATIENT, operator="operator:un")
    assert not import_patients(room.gate, feed).bad
    assert patient(room) != old
    assert custody.open_record(PATIENT)
    custody.declare_medecin_traitant(PATIENT, MEDECIN_TRAITANT.identifier)
    assert room.do(room.caller(), room.finding()).references == ()
    assert replay_tombstones(room.gate) == 0
    assert life(room.connection, patient(room).patient_key).state is State.OPEN


# --- what a backup brings back --------------------------------------------------------------------------------------

RESTORED = {
    "the keys alone": ("keys/keys.db",),
    "the database alone": ("carnet.db",),
    "both": ("keys/keys.db", "carnet.db"),
}


@pytest.fixture
def restored(open_room, tmp_path):
    """Destroys a record, then puts a backup of before the destruction in its place; the file of tombstones is not in the backup."""

    def restore(*names):
        room = open_room()
        custody, second = Custody(room.gate, "operator:un"), Custody(room.gate, "operator:deux")
        closed(room, custody)
        copy_of(room.home, tmp_path / "backup")
        custody.order_destruction(PATIENT)
        second.confirm_destruction(PATIENT)
        room.now += 31 * DAY
        run_due(room.gate)
        room.platform.close()
        room.platform.keyring.close()
        put_back(tmp_path / "backup", room.home, *names)
        return open_room()

    return restore


@pytest.mark.parametrize("names", RESTORED.values(), ids=RESTORED)
def test_whoever_a_backup_brings_back_is_destroyed_again(restored, names):
    room = restored(*names)
    assert replay_tombstones(room.gate) == 1
    assert life(room.connection, patient(room).patient_key).state is State.DESTROYED
    assert not readable(room)
    assert replay_tombstones(room.gate) == 0
    assert run_due(room.gate).counts == {}


def test_control_without_the_replay_a_restored_patient_opens(restored):
    room = restored(*RESTORED["both"])
    assert readable(room)


def test_a_copy_of_the_tombstones_kept_elsewhere_serves_as_well(restored, tmp_path):
    room = restored(*RESTORED["both"])
    (room.home / "tombstones").rename(tmp_path / "elsewhere")
    assert replay_tombstones(room.gate) == 0
    assert replay_tombstones(room.gate, tmp_path / "elsewhere") == 1
    assert not readable(room)
    assert (room.home / "tombstones").exists()


def test_a_tombstone_that_we_did_not_sign_destroys_nobody(room, custody, tmp_path):
    forged = tmp_path / "forged"
    forged.write_text(f"{patient(room).pseudonym} 1 destroy {'A' * 86}==\n", encoding="utf-8")
    with pytest.raises(IntegrityFailure, match="Line 1"):
        replay_tombstones(room.gate, forged)
    assert life(room.connection, patient(room).patient_key).state is State.OPEN


def test_a_crash_between_the_database_and_the_keys_is_made_good(room, custody, monkeypatch):
    closed(room, custody)
    monkeypatch.setattr(type(room.platform.keyring), "destroy_patient_key", _crash)
    room.gate.administer(
        lambda connection: destruction.destroy(
            room.platform, connection, patient(room), Event.DESTROY, by=destruction.SYSTEM, now=room.now
        )
    )
    with pytest.raises(OSError, match="power"):
        bury(room.gate)
    monkeypatch.undo()
    assert room.platform.keyring.patient_key(patient(room).pseudonym)
    assert run_due(room.gate).counts == {"key-erased": 1}
    assert not readable(room)


def _crash(*_args):
    raise OSError("power cut")
