"""Two workers on one home: what one has opened in memory goes when another process closes or destroys the record."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from dataclasses import replace

import pytest

from carnet.clock import DAY
from carnet.demo.people import NESSI, PAT_TROIS
from carnet.errors import CarnetError, RecordClosed, UnknownPatient
from carnet.platform import build
from carnet.record import forgetting
from carnet.record.administration import known_patient
from carnet.record.custody import Custody
from carnet.record.due import run_due
from carnet.record.forgetting import forget_the_ended
from carnet.record.gate import Gate
from carnet.server import application
from carnet.soap.ebrim_render import EbrimRenderer

PATIENT = PAT_TROIS.identifier


@pytest.fixture
def other(room):
    """A second worker, with a gate, keys and a memory of its own."""
    settings = replace(room.platform.settings)
    platform = build(settings, EbrimRenderer(), clock=lambda: room.now, worker="w1")
    yield Gate(platform)
    platform.close()


def remembered(room, other):
    """The second worker has opened documents of two people."""
    for person in (PAT_TROIS, NESSI):
        room.put(room.document(patient=person), requester=room.caller(patient=person))
        other.perform_now(room.caller(patient=person), room.finding(patient=person))
    assert len(other.platform.renditions.pseudonyms()) == 2
    assert other.platform.renditions.held_bytes > 0


def closes(room):
    Custody(room.gate, "operator:un").close_record(PATIENT, "FERMETURE_DEMANDE_PATIENT")


def suspends(room):
    Custody(room.gate, "operator:un").suspend(PATIENT, "FRAUDE")


def dies(room):
    Custody(room.gate, "operator:un").died(PATIENT)


def destroys(room):
    closes(room)
    Custody(room.gate, "operator:un").order_destruction(PATIENT)
    Custody(room.gate, "operator:deux").confirm_destruction(PATIENT)
    room.now += 31 * DAY
    assert run_due(room.gate).counts["key-erased"] == 1


@pytest.mark.parametrize("ends", [closes, suspends, dies, destroys])
def test_what_a_worker_keeps_of_a_record_goes_when_another_process_ends_it(room, other, ends):
    remembered(room, other)
    assert forget_the_ended(other) == 0
    ends(room)
    assert forget_the_ended(other) == 1
    left = other.platform.renditions.pseudonyms()
    assert left == {room.rows("SELECT pseudonym FROM patient WHERE pseudonym = ?", *left)[0][0]}
    with pytest.raises(CarnetError):
        other.perform_now(room.caller(), room.finding())
    assert other.perform_now(room.caller(patient=NESSI), room.finding(patient=NESSI)).objects


def key_of(room, person):
    """The pseudonym of somebody's key."""
    return room.gate.read(lambda connection: known_patient(room.platform, connection, person.identifier)).pseudonym


@pytest.mark.parametrize("ends", [closes, suspends, dies, destroys])
def test_the_key_that_a_worker_keeps_goes_too(room, other, ends):
    remembered(room, other)
    gone, stays = key_of(room, PAT_TROIS), key_of(room, NESSI)
    ends(room)
    other.platform.renditions.forget_everybody()
    assert {gone, stays} <= other.platform.keyring.held()
    assert forget_the_ended(other) == 1
    assert gone not in other.platform.keyring.held()
    assert stays in other.platform.keyring.held()


def test_a_destroyed_key_opens_nothing_in_another_worker_once_it_forgot(room, other):
    remembered(room, other)
    name = key_of(room, PAT_TROIS)
    destroys(room)
    assert other.platform.keyring.patient_key(name).secret, "it is held until the worker looks"
    forget_the_ended(other)
    with pytest.raises(UnknownPatient):
        other.platform.keyring.patient_key(name)


def test_a_key_that_was_read_again_before_its_destruction_goes_in_the_next_turn(room, other):
    remembered(room, other)
    name = key_of(room, PAT_TROIS)
    closes(room)
    forget_the_ended(other)
    other.platform.keyring.patient_key(name)
    forget_the_ended(other)
    assert name not in other.platform.keyring.held()


def test_control_a_worker_that_forgets_renditions_alone_is_noticed(room, other, monkeypatch):
    monkeypatch.setattr(type(other.platform.keyring), "forget", lambda _self, _pseudonym: None)
    with pytest.raises(pytest.fail.Exception):
        test_a_destroyed_key_opens_nothing_in_another_worker_once_it_forgot(room, other)


def test_between_the_closing_and_the_forgetting_nothing_is_shown(room, other):
    remembered(room, other)
    closes(room)
    with pytest.raises(RecordClosed):
        other.perform_now(room.caller(), room.finding())


def test_a_record_that_was_opened_again_is_read_again(room, other):
    remembered(room, other)
    closes(room)
    forget_the_ended(other)
    Custody(room.gate, "operator:un").open_record(PATIENT)
    assert other.perform_now(room.caller(), room.finding()).objects


def test_control_a_worker_that_does_not_look_is_noticed(room, other, monkeypatch):
    monkeypatch.setattr(forgetting, "readable", lambda _connection, pseudonyms: set(pseudonyms))
    with pytest.raises(AssertionError):
        test_what_a_worker_keeps_of_a_record_goes_when_another_process_ends_it(room, other, closes)


def test_the_process_that_erases_a_key_forgets_at_once(room):
    room.put(room.document())
    room.do(room.caller(), room.finding())
    assert room.platform.renditions.pseudonyms()
    destroys(room)
    assert not room.platform.renditions.pseudonyms()


def test_a_running_worker_forgets_by_itself(room, other, monkeypatch):
    monkeypatch.setattr(application, "BETWEEN_FORGETTING", 0.001)
    remembered(room, other)
    closes(room)

    async def for_a_while():
        task = asyncio.create_task(application.keep_forgetting(other))
        while len(other.platform.renditions.pseudonyms()) > 1:  # noqa: ASYNC110 - nothing tells when it has gone
            await asyncio.sleep(0.001)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(for_a_while(), 120))


def test_a_platform_that_closes_gives_back_its_keys_too(room):
    platform = build(room.platform.settings, EbrimRenderer(), clock=lambda: room.now, worker="w1")
    platform.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        platform.keyring._store._raw.execute("SELECT 1")
    assert platform.renditions.pseudonyms() == set()
    with pytest.raises(sqlite3.ProgrammingError):
        platform.connection._raw.execute("SELECT 1")
