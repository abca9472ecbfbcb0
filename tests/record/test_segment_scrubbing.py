"""Segments compared with their copies, from time to time and whenever one is read: what turned is never served, and is put right."""

from __future__ import annotations

import logging

import pytest
from segment_machine import Machine

from carnet.errors import OutOfResources
from carnet.record.segment_scrubbing import SegmentScrubber
from tests.damage import altered


def scrubbed(machine):
    scrubber, found, now = SegmentScrubber(machine.gate), [], machine.platform.clock()
    while (state := scrubber.next_one(now)) is not None:
        compared = scrubber.compare(state)
        scrubber.note(compared)
        found.append(compared)
    return found


@pytest.fixture
def both(home):
    """A segment that is here and in the store."""
    machine = Machine(home, documents_local_bytes=1 << 30)
    documents = machine.write()
    machine.keeper.all_steps()
    machine.file = machine.settings.home / "documents" / machine.state(documents).name
    machine.object = f"segments/{machine.file.name}"
    machine.documents = documents
    yield machine
    machine.close()


def test_whole_copies_are_found_whole(both):
    (one,) = scrubbed(both)
    assert (one.here, one.far) == (True, True)
    assert both.state(both.documents).scrubbed_at is not None


def test_a_damaged_file_is_given_up_for_the_stores_copy(both, caplog):
    both.file.write_bytes(altered(both.file.read_bytes()))
    (one,) = scrubbed(both)
    assert (one.here, one.far) == (False, True)
    assert not both.file.exists()
    assert both.lost(both.documents) == []
    assert any(record.levelno == logging.CRITICAL for record in caplog.records)


@pytest.mark.parametrize("damage", [altered, lambda content: content[:-1], lambda content: None])
def test_a_damaged_object_is_put_again(both, damage):
    damaged = damage(both.shelf.objects.pop(both.object))
    if damaged is not None:
        both.shelf.objects[both.object] = damaged
    (one,) = scrubbed(both)
    assert (one.here, one.far) == (True, False)
    both.keeper.all_steps()
    assert both.shelf.objects[both.object] == both.file.read_bytes()
    assert both.state(both.documents).damaged_at is None


def test_when_no_copy_is_whole_it_is_said_until_one_is(both):
    whole = both.shelf.objects[both.object]
    both.shelf.objects[both.object] = altered(whole)
    both.file.unlink()
    (one,) = scrubbed(both)
    assert not one.whole
    assert both.state(both.documents).damaged_at is not None
    both.shelf.objects[both.object] = whole
    scrubbed(both)
    state = both.state(both.documents)
    assert state.damaged_at is None
    assert state.verified_at is not None
    assert both.lost(both.documents) == []


def test_while_the_store_is_away_nothing_is_called_damaged(both):
    both.shelf.away = True
    scrubber = SegmentScrubber(both.gate)
    with pytest.raises(OutOfResources):
        scrubber.compare(scrubber.next_one(both.platform.clock()))
    assert both.state(both.documents).damaged_at is None


def test_without_a_store_files_are_compared_too(home):
    machine = Machine(home)
    machine.shelf = None
    machine.restart()
    documents = machine.write()
    machine.keeper.note_closed_ones()
    (one,) = scrubbed(machine)
    assert (one.here, one.far) == (True, None)
    file = machine.settings.home / "documents" / one.name
    file.write_bytes(altered(file.read_bytes()))
    (one,) = scrubbed(machine)
    assert (one.here, one.far) == (False, None)
    assert machine.state(documents).damaged_at is not None
    machine.close()


# --- bits that turn ------------------------------------------------------------------------------------------------


def test_a_bit_that_turned_here_is_served_from_the_store_and_never_as_it_is(both, caplog):
    """T3: each altered of the file is met by a reader, who gets the right bytes from the store."""
    whole = both.file.read_bytes()
    for number in range(200):
        position = both.dice.randrange(16, len(whole))
        both.file.write_bytes(whole[:position] + bytes([whole[position] ^ (1 << number % 8)]) + whole[position + 1 :])
        assert both.lost(both.documents) == []
    alarms = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert len(alarms) >= 200


def test_a_bit_that_turned_in_the_store_is_never_served(both):
    whole = both.shelf.objects[both.object]
    both.file.unlink()
    wrong = 0
    for number in range(200):
        position = both.dice.randrange(16, len(whole))
        both.shelf.objects[both.object] = (
            whole[:position] + bytes([whole[position] ^ (1 << number % 8)]) + whole[position + 1 :]
        )
        wrong += len(both.lost(both.documents))
    assert wrong >= 200
