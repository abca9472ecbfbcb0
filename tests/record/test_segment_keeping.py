"""Segments on their way to the object store, the power cut and the store failing at every step of it."""

from __future__ import annotations

import logging
import random
from dataclasses import replace

import pytest

from carnet.config import load
from carnet.errors import CarnetError, IntegrityFailure, OutOfResources
from carnet.platform import build
from carnet.record import segment_keeping
from carnet.record.gate import Gate
from carnet.record.segment_keeping import SegmentKeeper, Step
from carnet.record.segment_scrubbing import SegmentScrubber
from carnet.repository.document_store import open_places
from carnet.repository.file_system import OperatingSystem
from carnet.repository.object_store import Absent
from carnet.repository.sealed_objects import SealedObjects
from carnet.repository.segment_states import find_state
from carnet.repository.segments import prepare
from carnet.soap.ebrim_render import EbrimRenderer
from tests.damage import altered


class Killed(BaseException):
    """The process ended here."""


class Fate:
    """Counts the calls that change or read something outside, and ends the process at one of them: before it, or after it was done."""

    def __init__(self):
        self.at, self.count, self.kinds = None, 0, []

    def around(self, kind, work):
        self.count += 1
        self.kinds.append(kind)
        if self.at == (self.count, "before"):
            raise Killed(kind)
        result = work()
        if self.at == (self.count, "after"):
            raise Killed(kind)
        return result

    def set(self, at=None):
        self.at, self.count, self.kinds = at, 0, []


class Shelf:
    """ObjectStore in memory. `spoil` may change what a put keeps (None: nothing), although it is answered as done."""

    def __init__(self, fate):
        self.objects, self.fate, self.away = {}, fate, False
        self.spoil = lambda content: content

    def _do(self, kind, work):
        if self.away:
            raise OutOfResources("away")
        return self.fate.around(kind, work)

    def _keep(self, name, content):
        kept = self.spoil(content)
        if kept is not None:
            self.objects[name] = kept

    def put(self, name, content):
        self._do("put", lambda: self._keep(name, content))

    def put_pieces(self, name, pieces):
        content = b"".join(pieces)
        self._do("put", lambda: self._keep(name, content))

    def read(self, name, offset, length):
        part = self._do("get", lambda: self.objects.get(name, b"")[offset : offset + length])
        if len(part) != length:
            raise Absent(name)
        return part

    def size(self, name):
        found = self._do("head", lambda: self.objects.get(name))
        if found is None:
            raise Absent(name)
        return len(found)

    def first_from(self, folder, name):
        below = sorted(key.removeprefix(folder + "/") for key in self.objects if key.startswith(folder + "/"))
        return self._do(
            "list", lambda: next(((n, len(self.objects[f"{folder}/{n}"])) for n in below if n >= name), None)
        )

    def names(self, folder):
        return iter(self._do("list", lambda: [key for key in self.objects if key.startswith(folder + "/")]))

    def remove(self, names):
        self._do("delete", lambda: [self.objects.pop(name, None) for name in names])


class FatefulFiles(OperatingSystem):
    def __init__(self, fate):
        self.fate = fate

    def read(self, handle, length, offset):
        return self.fate.around("read", lambda: super(FatefulFiles, self).read(handle, length, offset))

    def sync(self, handle):
        return self.fate.around("sync", lambda: super(FatefulFiles, self).sync(handle))

    def unlink(self, path):
        return self.fate.around("unlink", lambda: super(FatefulFiles, self).unlink(path))


class Machine:
    """One machine over a home, with a store in memory."""

    def __init__(self, home, **settings):
        self.fate = Fate()
        self.shelf = Shelf(self.fate)
        self.dice = random.Random(3)
        chosen = {"segment_bytes": 20_000, "documents_local_bytes": 0, "documents_cache_bytes": 0, **settings}
        self.platform = build(load(home, {}), EbrimRenderer())
        self.platform.segments.close()
        self.settings = replace(self.platform.settings, **chosen)
        self.opened = []
        self.restart()

    def restart(self):
        """As a process that begins: nothing in memory is left."""
        places = open_places(self.settings, "w0", self.platform.clock, store=self.shelf)
        self.opened.append(places.segments)
        files = replace(places.files, files=FatefulFiles(self.fate))
        platform = replace(self.platform, settings=self.settings, segments=places.segments, segment_files=files)
        self.gate = Gate(platform)
        self.keeper = Kept(self.gate, self.fate)

    def write(self, count=3):
        """Documents in a segment that is then closed, as by the end of the process that wrote it."""
        store = open_places(self.settings, "w1", self.platform.clock, store=self.shelf).segments
        documents = {}
        for _ in range(count):
            name, content, key = f"1.2.{self.dice.random()}", self.dice.randbytes(1_500), self.dice.randbytes(32)
            ready = prepare(content)
            documents[name] = (store.append(ready, key, name), key, ready, content)
        store.sync()
        store.close()
        return documents

    def lost(self, documents):
        """What cannot be read by a process that starts now."""
        fate, self.fate.at = self.fate.at, None
        store = open_places(self.settings, "w2", self.platform.clock, store=self.shelf).segments
        missing = []
        for name, (place, key, ready, content) in documents.items():
            try:
                assert store.read(place, key, name, size=ready.size, sha256=ready.sha256) == content
            except CarnetError:
                missing.append(name)
        store.close()
        self.fate.at = fate
        return missing

    def state(self, documents):
        (segment,) = {place.segment for place, *_ in documents.values()}
        return self.gate.read(lambda connection: find_state(connection, segment))

    def is_here(self, documents):
        return {place.segment for place, *_ in documents.values()} <= set(self.gate.platform.segment_files.names())

    def close(self):
        for store in self.opened:
            store.close()
        self.platform.close()


class Kept(SegmentKeeper):
    """A keeper that may be ended around each note."""

    __slots__ = ("fate",)

    def __init__(self, gate, fate):
        super().__init__(gate)
        self.fate = fate

    def note(self, done):
        self.fate.around("note", lambda: super(Kept, self).note(done))


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


# --- scrubbing -----------------------------------------------------------------------------------------------------


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


def flip(content):
    return content[:-1] + bytes([content[-1] ^ 1])


def test_whole_copies_are_found_whole(both):
    (one,) = scrubbed(both)
    assert (one.here, one.far) == (True, True)
    assert both.state(both.documents).scrubbed_at is not None


def test_a_damaged_file_is_given_up_for_the_stores_copy(both, caplog):
    both.file.write_bytes(flip(both.file.read_bytes()))
    (one,) = scrubbed(both)
    assert (one.here, one.far) == (False, True)
    assert not both.file.exists()
    assert both.lost(both.documents) == []
    assert any(record.levelno == logging.CRITICAL for record in caplog.records)


@pytest.mark.parametrize("damage", [flip, lambda content: content[:-1], lambda content: None])
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
    both.shelf.objects[both.object] = flip(whole)
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
    file.write_bytes(flip(file.read_bytes()))
    (one,) = scrubbed(machine)
    assert (one.here, one.far) == (False, None)
    assert machine.state(documents).damaged_at is not None
    machine.close()


# --- bits that turn ------------------------------------------------------------------------------------------------


def test_a_bit_that_turned_here_is_served_from_the_store_and_never_as_it_is(both, caplog):
    """T3: each flip of the file is met by a reader, who gets the right bytes from the store."""
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


def test_a_keeper_says_what_it_cannot_do(machine):
    documents = machine.write()
    task = machine.keeper.next_step()
    machine.keeper.note(machine.keeper.carry_out(task))
    with pytest.raises(IntegrityFailure):
        machine.keeper.carry_out(segment_keeping.Task(Step.UPLOAD, machine.state(documents).name))
