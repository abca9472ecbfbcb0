"""Groups of frames put into the object store before they are acknowledged: lost with no machine, and not changed by a late put."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from s3_double import KEY_ID, SECRET

from carnet.errors import OutOfResources
from carnet.repository import unsealed_objects
from carnet.repository.far_frames import FarFrames
from carnet.repository.frame_cache import FrameCache
from carnet.repository.object_store import Absent
from carnet.repository.s3_objects import Credentials, S3Objects
from carnet.repository.sealed_objects import SealedObjects
from carnet.repository.segments import SegmentStore, prepare
from carnet.repository.store_address import read_address
from carnet.repository.unsealed_objects import UnsealedObjects

DICE = random.Random(5)


@pytest.fixture(autouse=True)
def no_quiet_time(monkeypatch):
    monkeypatch.setattr(unsealed_objects, "QUIET", 0.0)
    monkeypatch.setattr(unsealed_objects, "QUIET_TIMES", 0)


@pytest.fixture
def objects(s3, request):
    timeout = 2.0 if "hang" in request.node.name else 20.0
    return S3Objects(read_address(s3.url), Credentials(KEY_ID, SECRET), timeout=timeout, authorities=b"")


class Machine:
    """A machine with a directory of its own and the store that all share."""

    def __init__(self, folder: Path, objects, segment_bytes=6_000):
        unsealed = UnsealedObjects(objects)
        far = FarFrames(SealedObjects(objects), unsealed, FrameCache(folder / "cache", 0), connections=2)
        self.store = SegmentStore(folder / "documents", "w0", segment_bytes, far=far, through=unsealed)
        self.documents = {}

    def submit(self, count=3):
        """One group as the gate makes it; what is acknowledged is in `documents`."""
        mark = self.store.mark()
        new = {}
        try:
            for _ in range(count):
                name, content, key = (
                    f"1.2.{DICE.random()}",
                    DICE.randbytes(DICE.randrange(1, 1_500)),
                    DICE.randbytes(32),
                )
                ready = prepare(content)
                new[name] = (self.store.append(ready, key, name), key, ready, content)
            self.store.sync()
        except OutOfResources:
            self.store.rollback_to(mark)
            raise
        self.documents |= new


def read_by(machine, documents):
    for name, (place, key, ready, content) in documents.items():
        assert machine.store.read(place, key, name, size=ready.size, sha256=ready.sha256) == content


@pytest.fixture
def two(tmp_path, objects):
    return Machine(tmp_path / "a", objects), Machine(tmp_path / "b", objects)


def test_another_machine_reads_what_was_just_acknowledged(two, s3):
    one, other = two
    for count in (1, 5, 2, 7, 1):
        one.submit(count)
        read_by(other, one.documents)
    assert len(one.store.segments()) > 1, "the groups must cross files"
    assert len(s3.objects) >= 5
    assert other.store.segments() == []


@pytest.mark.parametrize("fault", ["503", "hang", "late"])
def test_what_the_store_did_not_take_is_not_acknowledged_and_what_comes_late_changes_nothing(two, s3, fault):
    one, other = two
    one.submit()
    s3.faults = lambda method, key: fault if method == "PUT" else None
    for _ in range(2):
        with pytest.raises(OutOfResources):
            one.submit()
    assert len(one.documents) == 3
    s3.faults = lambda method, key: None
    one.submit()
    one.submit()
    s3.settle()
    read_by(other, one.documents)
    read_by(one, one.documents)


def test_what_comes_twice_changes_nothing(two, s3):
    one, other = two
    s3.faults = lambda method, key: "duplicate" if method == "PUT" else None
    for _ in range(3):
        one.submit()
    s3.settle()
    read_by(other, one.documents)


def test_a_lost_put_that_was_said_to_be_done_is_found_by_whoever_reads(two, s3):
    """No client can know; the frame is missing and never another one, and this machine's own file still has it."""
    one, other = two
    s3.faults = lambda method, key: "lost" if method == "PUT" else None
    one.submit()
    read_by(one, one.documents)
    with pytest.raises(Exception, match="missing"):
        read_by(other, one.documents)


def test_after_a_failed_put_no_document_is_taken_for_a_moment(two, s3, monkeypatch):
    monkeypatch.setattr(unsealed_objects, "QUIET", 60.0)
    one, _ = two
    s3.faults = lambda method, key: "503" if method == "PUT" else None
    with pytest.raises(OutOfResources):
        one.submit()
    asked = s3.count("PUT")
    with pytest.raises(OutOfResources):
        one.submit()
    assert s3.count("PUT") == asked


class ReusesBytes(SegmentStore):
    """Negative control: cuts what the store refused, and writes other frames there."""

    def sync(self):
        before = [(segment, segment.durable) for segment in self._written]
        try:
            super().sync()
        except OutOfResources:
            for segment, durable in before:
                segment.durable = durable
            raise


def test_control_bytes_that_are_used_again_after_a_refused_put_are_caught(tmp_path, objects, s3):
    one, other = Machine(tmp_path / "a", objects), Machine(tmp_path / "b", objects)
    one.store.__class__ = ReusesBytes
    one.submit()
    s3.faults = lambda method, key: "late" if method == "PUT" else None
    with pytest.raises(OutOfResources):
        one.submit(1)
    s3.faults = lambda method, key: None
    one.submit(1)
    s3.settle()
    with pytest.raises(Exception, match="document"):
        read_by(other, one.documents)


def test_the_objects_of_a_segment_are_swept_and_no_others(two, s3, objects):
    one, other = two
    one.submit()
    other.submit()
    unsealed = UnsealedObjects(objects)
    assert unsealed.sweep(one.store.segments()[0]) == 1
    assert unsealed.sweep(one.store.segments()[0]) == 0
    read_by(one, other.documents)
    with pytest.raises(Absent):
        unsealed.read(one.store.segments()[0], 16, 10)
