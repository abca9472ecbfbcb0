"""What is done with closed segments, where two processes meet, and where a stand-in says otherwise than the whole."""

from __future__ import annotations

import fcntl
import os
import random

import pytest

from carnet.errors import IntegrityFailure, OutOfResources
from carnet.repository.file_system import OperatingSystem
from carnet.repository.sealed_objects import SealedObjects
from carnet.repository.segment_files import SegmentFiles
from carnet.repository.segments import SegmentStore, prepare
from carnet.repository.unsealed_objects import UnsealedObjects
from tests.damage import altered
from tests.memory_store import Objects


class Begins(OperatingSystem):
    """A file system in which another process does its next thing at each call that a keeper makes."""

    def __init__(self, others):
        self.others = others

    def open(self, path):
        self._step()
        return super().open(path)

    def is_held(self, path):
        self._step()
        return super().is_held(path)

    def read(self, handle, length, offset):
        self._step()
        return super().read(handle, length, offset)

    def _step(self):
        next(self.others, None)


def beginning(tmp_path, calls_before):
    """A keeper that looks whether a file is closed while another process begins to write it, after some calls of the keeper's."""
    name = "w0-1-00000001.seg"
    (tmp_path / name).touch()
    writer = OperatingSystem()
    held = []

    def other():
        for _ in range(calls_before):
            yield
        # what `create` does after it made the file, and the first writes
        handle = os.open(tmp_path / name, os.O_RDWR)
        fcntl.flock(handle, fcntl.LOCK_EX)
        held.append(handle)
        writer.write(handle, [b"CARNETSG" + bytes(8) + b"the first frame"], 0)
        while True:
            yield

    others = other()
    next(others)
    files = SegmentFiles(Begins(others), tmp_path)
    found = files.is_closed(name)
    for handle in held:
        writer.close(handle)
    return found


@pytest.mark.parametrize("calls_before", range(1, 6))
def test_a_file_that_is_just_begun_is_never_taken_for_a_closed_one(tmp_path, calls_before):
    assert not beginning(tmp_path, calls_before)


def test_control_a_keeper_that_looks_in_the_other_order_is_caught(tmp_path, monkeypatch):
    taken = []
    for calls_before in range(1, 6):
        folder = tmp_path / str(calls_before)
        folder.mkdir()
        monkeypatch.setattr(
            SegmentFiles,
            "is_closed",
            lambda files, name: (
                not files.files.is_held(files.directory / name) and files._reaches(files.directory / name, 16)
            ),
        )
        taken.append(beginning(folder, calls_before))
    assert any(taken)


@pytest.fixture
def store():
    return Objects()


@pytest.fixture
def replica(tmp_path):
    made = tmp_path / "replica"
    made.mkdir()
    return made


@pytest.fixture
def files(tmp_path, store, replica):
    return SegmentFiles(
        OperatingSystem(),
        tmp_path / "documents",
        replica=replica,
        sealed=SealedObjects(store),
        unsealed=UnsealedObjects(store),
    )


@pytest.fixture
def confirmed(files, store, replica):
    """A segment of three groups that was written through and to a replica, closed, uploaded and confirmed: its name and digest."""
    through = UnsealedObjects(store)
    writer = SegmentStore(files.directory, "w0", through=through)
    for number in range(3):
        writer.append(prepare(random.Random(number).randbytes(500)), bytes(32), f"1.2.{number}")
        writer.sync()
    writer.close()
    (name,) = files.names()
    (replica / name).write_bytes((files.directory / name).read_bytes())
    digested = files.digest(name)
    files.upload(name, digested.sha256)
    assert files.stands(name, digested)
    assert len(list(store.names(f"unsealed/{name}"))) == 3
    return name, digested


def test_stand_ins_that_say_the_same_are_removed(files, store, replica, confirmed):
    name, digested = confirmed
    files.sweep(name, digested)
    assert list(store) == [f"segments/{name}"]
    assert list(replica.iterdir()) == []


@pytest.mark.parametrize("number", range(3))
def test_a_group_that_says_otherwise_than_the_whole_is_kept(files, store, confirmed, number):
    """The file rotted between its last document and its closing: the digest, and the confirmed object, are those of the damage."""
    name, digested = confirmed
    one = sorted(store.names(f"unsealed/{name}"))[number]
    store[one] = altered(store[one])
    with pytest.raises(IntegrityFailure):
        files.sweep(name, digested)
    assert len(list(store.names(f"unsealed/{name}"))) == 3


def test_a_group_beyond_the_end_of_the_whole_is_kept(files, store, confirmed):
    name, digested = confirmed
    one = min(store.names(f"unsealed/{name}"))
    store[one] += b"more"
    with pytest.raises(IntegrityFailure):
        files.sweep(name, digested)


@pytest.mark.parametrize("damage", [altered, lambda content: content[:-1], lambda content: content + b"more"])
def test_a_replica_that_says_otherwise_than_the_whole_is_kept(files, replica, confirmed, damage):
    name, digested = confirmed
    (replica / name).write_bytes(damage((replica / name).read_bytes()))
    with pytest.raises(IntegrityFailure):
        files.sweep(name, digested)
    assert (replica / name).exists()


def test_control_a_sweep_that_compares_nothing_loses_the_last_whole_copy(files, store, confirmed, monkeypatch):
    monkeypatch.setattr(UnsealedObjects, "compare", lambda *_: None)
    name, digested = confirmed
    one = min(store.names(f"unsealed/{name}"))
    store[one] = altered(store[one])
    files.sweep(name, digested)
    assert not list(store.names(f"unsealed/{name}"))


def test_a_stop_ends_the_comparison(files, confirmed):
    name, digested = confirmed
    files.stop()
    with pytest.raises(OutOfResources):
        files.sweep(name, digested)


def test_a_file_is_dropped_when_the_store_gives_it_back_whole(files, confirmed):
    name, digested = confirmed
    assert files.drop(name, digested)
    assert files.names() == []
    assert files.drop(name, digested), "done again, it does no harm"


def test_a_file_is_not_dropped_when_the_stores_copy_has_rotted_since(files, store, confirmed):
    name, digested = confirmed
    store[f"segments/{name}"] = altered(store[f"segments/{name}"])
    assert files.is_there(name, digested.size)
    assert not files.drop(name, digested)
    assert files.names() == [name]


def test_a_file_that_holds_more_than_was_uploaded_is_not_dropped(files, confirmed):
    name, digested = confirmed
    with (files.directory / name).open("ab") as file:
        file.write(b"one more frame")
    with pytest.raises(IntegrityFailure):
        files.drop(name, digested)
    assert files.names() == [name]


def test_a_file_with_a_header_alone_is_not_closed(files):
    (files.directory).mkdir()
    (files.directory / "w0-1-00000001.seg").write_bytes(b"CARNETSG" + bytes(8))
    assert not files.is_closed("w0-1-00000001.seg")
    assert not files.is_closed("w0-1-00000002.seg")
    assert files.digest("w0-1-00000002.seg") is None
