"""A document on another machine alone is not called missing, and one that is lost is."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from carnet.clock import DAY
from carnet.errors import IntegrityFailure, NotHereYet, OutOfResources
from carnet.record.retrieval import fetch, read
from carnet.record.segment_whereabouts import LONGEST
from carnet.repository.document_store import open_places
from carnet.repository.segment_states import distrust, mark, note_closed
from tests.memory_store import Objects


@pytest.fixture
def elsewhere(room):
    """A second machine over the same database: its own empty disk and the store; and what it is asked to read."""
    (entry,) = room.put(room.document())
    (located,) = room.do(room.caller(), room.retrieving(entry.unique_id))
    folder = room.home / "second"
    folder.mkdir()
    settings = replace(room.platform.settings, home=folder, documents_cache_bytes=0)
    places = open_places(settings, "w0", room.platform.clock, store=Objects())
    made = replace(room.platform, segments=places.segments, segment_files=places.files)
    yield room, made, located
    places.segments.close()


def noted(room, located, *moments):
    def work(connection):
        note_closed(connection, located.stored.place.segment, 1, b"", now=room.now)
        for moment in moments:
            mark(connection, located.stored.place.segment, moment, now=room.now)

    room.gate.administer(work)


def test_what_another_machine_still_writes_is_not_here_yet(elsewhere, caplog):
    _room, machine, located = elsewhere
    with pytest.raises(NotHereYet):
        read(machine, located)
    with pytest.raises(NotHereYet):
        asyncio.run(fetch(machine, located))
    assert issubclass(NotHereYet, OutOfResources), "callers come again"
    assert {record.levelname for record in caplog.records} == {"WARNING"}


def test_what_waits_for_its_upload_is_not_here_yet(elsewhere):
    room, machine, located = elsewhere
    noted(room, located)
    with pytest.raises(NotHereYet):
        read(machine, located)
    noted(room, located, "uploaded_at")
    with pytest.raises(NotHereYet):
        read(machine, located)


@pytest.mark.parametrize("moments", [("verified_at",), ("damaged_at",), ("retired_at",)])
def test_what_should_be_in_the_store_and_is_not_is_missing(elsewhere, caplog, moments):
    room, machine, located = elsewhere
    noted(room, located, *moments)
    with pytest.raises(IntegrityFailure):
        read(machine, located)
    assert "ERROR" in {record.levelname for record in caplog.records}


def test_what_is_to_be_put_again_is_not_here_yet(elsewhere):
    room, machine, located = elsewhere
    noted(room, located, "uploaded_at", "verified_at")
    room.gate.administer(lambda connection: distrust(connection, located.stored.place.segment))
    with pytest.raises(NotHereYet):
        read(machine, located)


def test_after_a_week_it_is_an_alarm(elsewhere):
    room, machine, located = elsewhere
    room.now += LONGEST + DAY
    with pytest.raises(IntegrityFailure):
        read(machine, located)


def test_without_a_store_there_is_nowhere_else(room):
    (entry,) = room.put(room.document())
    (located,) = room.do(room.caller(), room.retrieving(entry.unique_id))
    for file in (room.home / "documents").glob("*.seg"):
        file.unlink()
    room.platform.segments.let_go()
    with pytest.raises(IntegrityFailure):
        read(room.platform, located)
