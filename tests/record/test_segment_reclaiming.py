"""Giving back the room of destroyed documents, and of those alone."""

from __future__ import annotations

import pytest

from carnet.errors import IntegrityFailure
from carnet.record.gate import Gate
from carnet.record.segment_keeping import SegmentKeeper
from carnet.record.segment_reclaiming import SegmentReclaimer
from carnet.repository.documents import erase, find
from carnet.repository.segment_states import find_state
from tests.damage import altered

DAY = 24 * 3600 * 1_000_000


@pytest.fixture
def closed(room):
    """Three documents in one segment that is closed."""
    sent = [room.document(number=number) for number in (1, 2, 3)]
    room.put(*sent)
    (name,) = room.platform.segments.segments()
    room.platform.segments.close()
    SegmentKeeper(room.gate).note_closed_ones()
    room.sent, room.segment = sent, name
    return room


def erased(room, *numbers):
    patient = room.rows("SELECT DISTINCT patient_key FROM stored_document")[0][0]
    for number in numbers:
        unique_id = room.sent[number].entry.unique_id
        room.gate.administer(lambda connection, one=unique_id: erase(connection, patient, one, room.now))


def files(room):
    return [file for file in (room.home / "documents").glob("*.seg") if file.stat().st_size > 16]


def given(room, number):
    (answer,) = room.do(room.caller(), room.retrieving(room.sent[number].entry.unique_id))
    return room.give(answer) == room.sent[number].content


def test_a_segment_goes_when_its_last_document_is_destroyed_and_has_been_for_long_enough(closed):
    reclaimer = SegmentReclaimer(closed.gate, 35)
    erased(closed, 0, 1)
    closed.now += 40 * DAY
    assert reclaimer.remove() == 0
    assert given(closed, 2)
    erased(closed, 2)
    assert reclaimer.remove() == 1
    assert files(closed) == []
    assert reclaimer.remove() == 0


def test_a_segment_that_was_just_closed_is_left_alone(closed):
    erased(closed, 0, 1, 2)
    assert SegmentReclaimer(closed.gate, 35).remove() == 0
    assert len(files(closed)) == 1


def test_living_documents_are_copied_out_and_the_old_bytes_go_later(closed):
    erased(closed, 0, 2)
    closed.now += 2 * DAY
    reclaimer = SegmentReclaimer(closed.gate, 35)
    assert reclaimer.empty(50) == 1
    assert given(closed, 1)
    patient = closed.rows("SELECT DISTINCT patient_key FROM stored_document")[0][0]
    name = closed.sent[1].entry.unique_id
    place = closed.gate.read(lambda connection: find(connection, patient, [name])[name].place)
    assert place.segment != closed.segment
    assert reclaimer.empty(50) == 0
    closed.now += 34 * DAY
    assert reclaimer.remove() == 0
    assert len(files(closed)) == 2
    closed.now += 2 * DAY
    assert reclaimer.remove() == 1
    assert [file.name for file in files(closed)] == [place.segment]
    assert given(closed, 1)


def test_a_segment_with_enough_to_read_stays_as_it_is(closed):
    erased(closed, 0)
    closed.now += 2 * DAY
    assert SegmentReclaimer(closed.gate, 35).empty(50) == 0
    assert given(closed, 1)


def test_nothing_is_copied_out_of_a_damaged_segment(closed):
    erased(closed, 0, 1)
    closed.now += 2 * DAY
    (file,) = files(closed)
    file.write_bytes(altered(file.read_bytes()))
    with pytest.raises(IntegrityFailure):
        SegmentReclaimer(closed.gate, 35).empty(50)
    assert closed.gate.read(lambda connection: find_state(connection, closed.segment)).emptied_at is None


def test_a_crash_between_the_copy_and_the_change_of_places_loses_nothing(closed):
    class Ends(Gate):
        def administer(self, work):
            raise KeyboardInterrupt

    erased(closed, 0, 1)
    closed.now += 2 * DAY
    gate = Ends(closed.platform)
    with pytest.raises(KeyboardInterrupt):
        SegmentReclaimer(gate, 35).empty(50)
    assert given(closed, 2)
    assert SegmentReclaimer(closed.gate, 35).empty(50) == 1
    assert given(closed, 2)


def test_what_comes_back_by_a_late_upload_is_removed_again(closed):
    erased(closed, 0, 1, 2)
    closed.now += 40 * DAY
    (file,) = files(closed)
    content = file.read_bytes()
    reclaimer = SegmentReclaimer(closed.gate, 35)
    reclaimer.remove()
    file.write_bytes(content)
    assert reclaimer.remove() == 0
    assert files(closed) == []


def test_control_a_build_that_forgets_the_living_is_caught(closed, monkeypatch):
    """Negative control: the query that finds emptied segments says every closed one is."""
    monkeypatch.setattr(
        "carnet.record.segment_reclaiming.emptied",
        lambda connection, before, most: [find_state(connection, closed.segment)],
    )
    SegmentReclaimer(closed.gate, 35).remove()
    closed.platform.segments._readers.clear()
    with pytest.raises(IntegrityFailure):
        given(closed, 0)
