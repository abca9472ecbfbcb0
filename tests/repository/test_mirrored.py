"""Every change made in two directories: what one machine acknowledged is read from the other directory when its own is gone."""

from __future__ import annotations

import errno
import random
import shutil

import pytest

from carnet.clock import system_clock
from carnet.errors import OutOfResources
from carnet.repository.file_system import OperatingSystem
from carnet.repository.frame_reading import Source
from carnet.repository.mirrored import Mirrored
from carnet.repository.readers import Readers
from carnet.repository.segments import SegmentStore, prepare

DICE = random.Random(9)


class Failing(OperatingSystem):
    """A disk of which one kind of call fails in the second directory."""

    def __init__(self, replica, kind="", code=errno.EIO):
        self.replica, self.kind, self.code, self.second = replica, kind, code, set()

    def _check(self, kind, second):
        if kind == self.kind and second:
            raise OSError(self.code, "the second disk")

    def create(self, path):
        self._check("create", path.parent == self.replica)
        handle = super().create(path)
        if path.parent == self.replica:
            self.second.add(handle)
        return handle

    def write(self, handle, parts, offset):
        self._check("write", handle in self.second)
        super().write(handle, parts, offset)

    def sync(self, handle):
        self._check("sync", handle in self.second)
        super().sync(handle)

    def sync_directory(self, directory):
        self._check("sync_directory", directory == self.replica)
        super().sync_directory(directory)


class Machine:
    def __init__(self, tmp_path, files=None):
        self.directory, self.replica = tmp_path / "documents", tmp_path / "replica"
        self.replica.mkdir()
        self.plain = files(self.replica) if files else OperatingSystem()
        mirrored = Mirrored(self.plain, self.directory, self.replica)
        beside = [Source("replica", Readers(OperatingSystem(), self.replica).read)]
        now = system_clock()  # no pause is ever over
        self.store = SegmentStore(self.directory, "w0", 6_000, file_system=mirrored, beside=beside, clock=lambda: now)
        self.documents = {}

    def submit(self, count=3, refused=0):
        start, new = self.store.mark(), {}
        try:
            for number in range(count + refused):
                if number == count:
                    act = self.store.mark()
                name, content, key = f"1.2.{DICE.random()}", DICE.randbytes(1_000), DICE.randbytes(32)
                ready = prepare(content)
                new[name] = (self.store.append(ready, key, name), key, ready, content)
            if refused:
                self.store.rollback_to(act)
                new = dict(list(new.items())[:count])
            self.store.sync()
        except OutOfResources:
            self.store.rollback_to(start)
            raise
        self.documents |= new

    def read_all(self):
        for name, (place, key, ready, content) in self.documents.items():
            assert self.store.read(place, key, name, size=ready.size, sha256=ready.sha256) == content


def test_both_directories_hold_the_same_and_either_is_enough(tmp_path):
    machine = Machine(tmp_path)
    for _ in range(4):
        machine.submit(refused=1)
    names = machine.store.segments()
    assert len(names) > 1
    for name in names:
        assert (machine.directory / name).read_bytes() == (machine.replica / name).read_bytes()
    machine.store.close()
    machine.read_all()
    shutil.rmtree(machine.directory)
    machine.store._readers.clear()
    machine.read_all()


@pytest.mark.parametrize("kind", ["create", "write", "sync", "sync_directory"])
def test_what_the_second_directory_did_not_take_is_not_acknowledged(tmp_path, kind):
    machine = Machine(tmp_path, Failing)
    machine.plain.kind = kind
    with pytest.raises(OutOfResources):
        machine.submit()
    assert machine.documents == {}
    machine.plain.kind = ""
    if kind.startswith("sync"):  # the file is given up, and none is begun before a pause is over
        with pytest.raises(OutOfResources):
            machine.submit()
    else:
        machine.submit()
        machine.read_all()
        for name in machine.store.segments():
            assert (machine.directory / name).read_bytes() == (machine.replica / name).read_bytes()


def test_a_full_second_disk_takes_documents_again_when_it_has_room(tmp_path):
    machine = Machine(tmp_path, Failing)
    machine.submit()
    machine.plain.kind, machine.plain.code = "write", errno.ENOSPC
    with pytest.raises(OutOfResources):
        machine.submit()
    machine.plain.kind = ""
    machine.submit()
    machine.read_all()
    for name in machine.store.segments():
        assert (machine.directory / name).read_bytes() == (machine.replica / name).read_bytes()


def test_a_second_directory_that_is_not_there_is_not_made(tmp_path):
    machine = Machine(tmp_path)
    machine.replica.rmdir()
    with pytest.raises(OutOfResources):
        machine.submit()
    assert not machine.replica.exists()


def test_control_a_mirror_that_does_not_write_the_second_is_caught(tmp_path, monkeypatch):
    """Negative control of the first test."""
    monkeypatch.setattr(Mirrored, "write", lambda mirror, *about: mirror._files.write(*about))
    machine = Machine(tmp_path)
    machine.submit()
    (name,) = machine.store.segments()
    assert (machine.directory / name).read_bytes() != (machine.replica / name).read_bytes()
