"""Segments on their way to the object store, the power cut and the store failing at every step of it."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from segment_machine import Killed, Machine

from carnet.errors import IntegrityFailure
from carnet.record import segment_keeping
from carnet.record.segment_keeping import Step
from carnet.repository.sealed_objects import SealedObjects
from carnet.repository.segments import prepare
from tests.damage import altered


@pytest.fixture
def machine(home):
    made = Machine(home)
    yield made
    made.close()


def test_a_closed_segment_goes_all_the_way(machine):
    documents = machine.write()
    assert machine.keeper.all_steps() == 6
    state = machine.state(documents)
    assert None not in (state.uploaded_at, state.verified_at, state.swept_at, state.dropped_at)
    assert state.damaged_at is None
    assert not machine.is_here(documents)
    assert machine.lost(documents) == []
    assert machine.keeper.all_steps() == 0


def test_a_segment_that_is_still_written_is_left_alone(machine):
    store = machine.gate.platform.segments
    store.append(prepare(b"a document"), bytes(32), "1.2")
    store.sync()
    assert machine.keeper.all_steps() == 0
    store.close()
    assert machine.keeper.all_steps() == 6


def test_a_file_without_a_document_is_left_alone(machine):
    store = machine.gate.platform.segments
    mark = store.mark()
    store.append(prepare(b"a document"), bytes(32), "1.2")
    store.rollback_to(mark)
    store.close()
    assert machine.keeper.all_steps() == 0


def test_segments_stay_here_within_the_bound_and_the_oldest_go_first(home):
    machine = Machine(home, documents_local_bytes=12_000)
    written = [machine.write() for _ in range(5)]
    machine.keeper.all_steps()
    here = [machine.is_here(documents) for documents in written]
    assert sum(here) == 2
    assert here == [machine.state(documents).dropped_at is None for documents in written]
    assert not any(machine.lost(documents) for documents in written)
    machine.close()


# --- ended at every step -------------------------------------------------------------------------------------------


def outside_calls(machine):
    machine.write()
    machine.fate.set()
    machine.keeper.all_steps()
    return list(machine.fate.kinds)


def killed_everywhere(machine, *, store_spoils=lambda content: content):
    """Ends the process around each call; returns how many documents were lost at any moment, and how many ends there were."""
    calls = outside_calls(machine)
    assert {"sync", "read", "put", "get", "head", "list", "unlink", "note"} <= set(calls)
    lost = ends = 0
    for number in range(1, len(calls) + 1):
        for when in ("before", "after"):
            documents = machine.write()
            machine.shelf.spoil = store_spoils
            machine.fate.set((number, when))
            try:
                machine.keeper.all_steps()
            except Killed:
                ends += 1
            machine.fate.set()
            machine.shelf.spoil = lambda content: content
            lost += len(machine.lost(documents))
            machine.restart()
            machine.keeper.all_steps()
            lost += len(machine.lost(documents))
            if not lost:
                state = machine.state(documents)
                assert state.verified_at is not None
                assert not machine.is_here(documents)
                assert machine.shelf.objects[f"segments/{state.name}"].startswith(b"CARNETSG")
    return lost, ends, 2 * len(calls)


def test_wherever_the_process_ends_nothing_is_lost_and_the_next_one_finishes(machine):
    lost, ends, points = killed_everywhere(machine)
    assert (lost, ends) == (0, points)


@pytest.mark.parametrize(
    "spoils",
    [lambda content: None, lambda content: content[: len(content) // 2], altered],
    ids=["lost", "cut", "altered"],
)
def test_a_put_that_was_answered_and_not_done_costs_nothing_but_another(machine, spoils, caplog):
    documents = machine.write()
    machine.shelf.spoil = spoils
    for _ in range(2):
        machine.keeper.all_steps()
        assert machine.is_here(documents)
        assert machine.keeper.failing == {machine.state(documents).name}
    machine.shelf.spoil = lambda content: content
    machine.keeper.all_steps()
    assert machine.lost(documents) == []
    assert machine.state(documents).verified_at is not None
    alarms = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert len(alarms) == 2
    assert "put again" in alarms[0].getMessage()


def test_control_a_build_that_drops_before_it_has_confirmed_is_caught(machine, monkeypatch):
    """Negative control: the local copy goes right after an upload that the store answered."""
    monkeypatch.setattr(
        segment_keeping, "_step_of", lambda state: Step.UPLOAD if state.uploaded_at is None else Step.DROP
    )
    monkeypatch.setattr("carnet.repository.segment_files.SegmentFiles.stands", lambda *_: True)
    documents = machine.write()
    machine.shelf.spoil = lambda content: None
    machine.keeper.all_steps()
    assert len(machine.lost(documents)) == 3


@pytest.mark.parametrize("spoil", [altered, lambda content: None])
def test_control_a_build_that_trusts_a_200_is_caught(machine, monkeypatch, spoil):
    """Negative control: the bytes are not compared."""
    monkeypatch.setattr(SealedObjects, "holds", lambda *_: True)
    monkeypatch.setattr(SealedObjects, "is_there", lambda *_: True)
    documents = machine.write()
    machine.shelf.spoil = spoil
    machine.keeper.all_steps()
    assert machine.lost(documents)


def test_an_object_that_vanished_after_it_was_confirmed_is_put_again_before_the_file_is_dropped(home):
    machine = Machine(home, documents_local_bytes=1 << 30)
    documents = machine.write()
    machine.keeper.all_steps()
    assert machine.is_here(documents)
    machine.shelf.objects.clear()
    machine.settings = replace(machine.settings, documents_local_bytes=0)
    machine.restart()
    machine.keeper.all_steps()
    assert machine.is_here(documents)
    machine.keeper.all_steps()
    assert not machine.is_here(documents)
    assert machine.lost(documents) == []
    machine.close()


def test_an_object_that_rotted_after_it_was_confirmed_is_put_again_before_the_file_is_dropped(home):
    """Its size is right, and it was compared once: between that and the drop there may be months."""
    machine = Machine(home, documents_local_bytes=1 << 30)
    documents = machine.write()
    machine.keeper.all_steps()
    name = f"segments/{machine.state(documents).name}"
    whole = machine.shelf.objects[name]
    machine.shelf.objects[name] = altered(whole)
    machine.settings = replace(machine.settings, documents_local_bytes=0)
    machine.restart()
    machine.keeper.all_steps()
    assert machine.is_here(documents)
    machine.keeper.all_steps()
    assert machine.shelf.objects[name] == whole
    assert not machine.is_here(documents)
    assert machine.lost(documents) == []
    machine.close()


def test_control_a_build_that_asks_for_the_size_alone_is_caught(home, monkeypatch):
    monkeypatch.setattr(
        "carnet.repository.segment_files.SegmentFiles.drop",
        lambda files, name, digested: (
            files.is_there(name, digested.size) and not (files.directory / name).unlink(missing_ok=True)
        ),
    )
    with pytest.raises(AssertionError):
        test_an_object_that_rotted_after_it_was_confirmed_is_put_again_before_the_file_is_dropped(home)


def test_while_the_store_is_away_everything_stays_and_goes_on_when_it_is_back(machine, caplog):
    documents = [machine.write() for _ in range(3)]
    machine.shelf.away = True
    machine.keeper.all_steps()
    assert all(machine.is_here(one) for one in documents)
    assert len(machine.keeper.failing) == 3
    machine.shelf.away = False
    machine.keeper.all_steps()
    assert not any(machine.is_here(one) for one in documents)
    assert not any(machine.lost(one) for one in documents)


def test_a_file_that_rotted_before_its_upload_is_not_uploaded_and_raises_an_alarm(machine, caplog):
    documents = machine.write()
    machine.shelf.away = True
    machine.keeper.all_steps()
    machine.shelf.away = False
    file = machine.settings.home / "documents" / machine.state(documents).name
    file.write_bytes(altered(file.read_bytes()))
    machine.restart()
    machine.keeper.all_steps()
    assert machine.shelf.objects == {}
    assert machine.state(documents).damaged_at is not None
    assert any(record.levelno == logging.CRITICAL for record in caplog.records)


def test_a_keeper_says_what_it_cannot_do(machine):
    documents = machine.write()
    task = machine.keeper.next_step()
    machine.keeper.note(machine.keeper.carry_out(task))
    with pytest.raises(IntegrityFailure):
        machine.keeper.carry_out(segment_keeping.Task(Step.UPLOAD, machine.state(documents).name))
