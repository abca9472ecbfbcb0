"""Power cuts and failing calls at every point of several submissions, on a simulated disk (tests/repository/conftest.py)."""

import contextlib
import errno
import os
import random
from collections import Counter
from pathlib import Path

import pytest

from carnet.clock import SECOND
from carnet.errors import CarnetError, IntegrityFailure, OutOfResources
from carnet.repository.segments import FIRST_PAUSE, LONGEST_PAUSE, SegmentStore, prepare

HOME = Path("/documents")
RANDOM_IMAGES = 20
FEWER = 20 if os.environ.get("DURABILITY") == "deep" else 3
"""Random images where each failing call is tried in its turn too; nothing of what was on its way, and all of it, are always among the images."""


class Client:
    """Submits documents as the gate does and remembers, outside the store, what was acknowledged and when."""

    def __init__(self, disk, *, segment_bytes=6_000, acknowledge_before_sync=False):
        self.disk = disk
        self.now = 0
        self.store = SegmentStore(HOME, "w0", segment_bytes, file_system=disk, clock=lambda: self.now)
        self.early = acknowledge_before_sync
        self.dice = random.Random(7)
        self.documents = {}
        self.acknowledged = {}
        self.number = 0

    def append(self):
        self.number += 1
        name = f"1.2.250.1.999.{self.number}"
        content = self.dice.randbytes(self.dice.randrange(0, 2_500))
        prepared, key = prepare(content), self.dice.randbytes(32)
        place = self.store.append(prepared, key, name)
        self.documents[name] = (place, key, prepared, content)
        return name

    def submit(self, count, *, refused=0):
        """One batch: an accepted act of `count` documents, then a refused one; later than any pause after the one before."""
        self.now += LONGEST_PAUSE
        start = self.store.mark()
        try:
            names = [self.append() for _ in range(count)]
            act = self.store.mark()
            for _ in range(refused):
                self.append()
            self.store.rollback_to(act)
            if self.early:
                self._acknowledge(names)
            self.store.sync()
        except CarnetError:
            self.store.rollback_to(start)
            raise
        if not self.early:
            self._acknowledge(names)

    def _acknowledge(self, names):
        self.acknowledged |= dict.fromkeys(names, len(self.disk.states))

    def lost_on(self, disk, at):
        """Reads all documents back as a new process would; returns those that were acknowledged and cannot be read."""
        store = SegmentStore(HOME, "w0", 6_000, file_system=disk)
        before = dict(disk.current)
        fresh, key = prepare(b"after the restart"), bytes(32)
        place = store.append(fresh, key, "new")
        store.sync()
        assert place.segment not in before, "a file of before the crash is never written again"
        assert store.read(place, key, "new", size=fresh.size, sha256=fresh.sha256) == b"after the restart"
        lost = []
        for name, (where, secret, prepared, content) in self.documents.items():
            try:
                found = store.read(where, secret, name, size=prepared.size, sha256=prepared.sha256)
                assert found == content, "wrong bytes were served"
            except IntegrityFailure:
                if self.acknowledged.get(name, at + 1) <= at:
                    lost.append(name)
        assert {name: disk.current[name] for name in before} == before
        return lost


def submissions(disk, **options):
    client = Client(disk, **options)
    client.submit(5)
    client.submit(5, refused=2)
    client.submit(1, refused=5)
    client.submit(5)
    return client


def losses(client, images, count=RANDOM_IMAGES):
    """For every crash point and every image: how many acknowledged documents are lost. Also how many images were looked at."""
    lost, seen = 0, 0
    for at, state in enumerate(client.disk.states, start=1):
        for found in images(state, count, seed=at):
            seen += 1
            lost += bool(client.lost_on(found, at))
    return lost, seen


def test_no_power_cut_at_any_point_loses_an_acknowledged_document(disks):
    client = submissions(disks["honest"]())
    assert len(client.acknowledged) == 16
    assert len({place.segment for place, *_ in client.documents.values()}) >= 3, "the submissions must cross files"
    lost, seen = losses(client, disks["images"])
    assert lost == 0
    assert seen == len(client.disk.states) * (RANDOM_IMAGES + 2)


@pytest.mark.parametrize("control", ["no sync", "no directory sync"])
def test_a_disk_that_only_says_it_synced_is_caught(disks, control):
    """Negative control: with one kind of sync dropped, the same simulation must find losses."""
    lost, _seen = losses(submissions(disks[control]()), disks["images"])
    assert lost > 0


def test_an_acknowledgement_before_the_sync_is_caught(disks):
    """Negative control."""
    lost, _seen = losses(submissions(disks["honest"](), acknowledge_before_sync=True), disks["images"])
    assert lost > 0


# --- failing calls -------------------------------------------------------------------------------------------------


def failing_at(number, code):
    def fail(call, count):
        if count == number:
            raise OSError(code, call)

    return fail


def run_with_failure(disk, number, code):
    """Submissions of which the n-th call on files fails; each is tried until it is done or nothing more can be."""
    client = Client(disk)
    disk.fail = failing_at(number, code)
    outcomes = Counter()
    for _ in range(6):
        try:
            client.submit(3, refused=1)
            outcomes["done"] += 1
        except OutOfResources:
            outcomes["refused"] += 1
    disk.fail = lambda call, count: None
    return client, outcomes


def read_back(client):
    for name in client.acknowledged:
        place, key, prepared, content = client.documents[name]
        assert client.store.read(place, key, name, size=prepared.size, sha256=prepared.sha256) == content


CALLS = 60


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE])
def test_a_failure_of_any_call_is_a_refusal_and_loses_nothing(disks, code):
    hit = 0
    for number in range(1, CALLS):
        client, outcomes = run_with_failure(disks["honest"](), number, code)
        hit += outcomes["refused"] > 0
        assert outcomes["done"] + outcomes["refused"] == 6
        read_back(client)
        assert not client.lost_on(copy_of(client.disk), len(client.disk.states) + 1)
    assert hit > 10, "the failures must be met"


def test_a_write_whose_failure_is_swallowed_is_caught(disks):
    """Negative control of the test above."""
    damaged = 0
    for number in range(1, CALLS):
        client, _outcomes = run_with_failure(disks["swallows"](), number, errno.EIO)
        damaged += bool(client.lost_on(copy_of(client.disk), len(client.disk.states) + 1))
    assert damaged > 0


def copy_of(disk):
    twin = type(disk)()
    twin.current = dict(disk.current)
    twin.durable = dict(disk.current)
    twin.pending = {name: [] for name in disk.current}
    return twin


def calls_of(disks):
    """The kinds of calls of a run without failure, in order."""
    kinds = []
    disk = disks["honest"]()
    disk.fail = lambda call, count: kinds.append(call)
    client = Client(disk)
    for _ in range(6):
        client.submit(3, refused=1)
    return kinds


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_when_room_comes_back_documents_are_taken_again_without_a_restart(disks, code):
    kinds = calls_of(disks)
    for number, kind in enumerate(kinds, start=1):
        if kind == "write":
            client, outcomes = run_with_failure(disks["honest"](), number, code)
            assert outcomes == {"done": 5, "refused": 1}, (number, kind)
            client.submit(1)
            read_back(client)


@pytest.mark.parametrize(
    ("kind", "code"), [("write", errno.EIO), ("sync", errno.EIO), ("sync", errno.ENOSPC), ("sync_directory", errno.EIO)]
)
def test_after_a_write_or_sync_of_unknown_outcome_its_file_is_never_written_again(disks, kind, code):
    """The documents of that batch go into a file of their own when they come again; every power cut after that leaves what was acknowledged."""
    met = 0
    for number, found in enumerate(calls_of(disks), start=1):
        if found != kind:
            continue
        met += 1
        disk = disks["honest"]()
        touched = log_of(disk)
        client, outcomes = run_with_failure(disk, number, code)
        assert outcomes == {"done": 5, "refused": 1}, (number, kind)
        read_back(client)
        spoilt = [name for _call, name, count in touched if count <= number][-1]
        assert spoilt not in [name for call, name, count in touched if call != "sync" and count > number]
        lost, seen = losses(client, disks["images"], FEWER)
        assert (lost, seen > 0) == (0, True)
    assert met > 0


def log_of(disk):
    """The writes, cuts and syncs of a disk, as (call, file, count), from now on."""
    log = []

    def watched(call):
        run = getattr(disk, call)

        def noted(handle, *arguments):
            log.append((call, disk.handles[handle], disk.calls + 1))
            run(handle, *arguments)

        return noted

    for call in ("write", "truncate", "sync"):
        setattr(disk, call, watched(call))
    return log


def test_a_disk_that_goes_on_failing_is_asked_rarely_and_keeps_few_files_open(disks):
    disk = disks["honest"]()
    client = Client(disk)
    client.submit(1)
    disk.fail = lambda call, count: failing_at(count, errno.EIO)(call, count) if call == "sync" else None
    tries = 0
    for _ in range(600):
        client.now += SECOND // 2 - LONGEST_PAUSE
        before = disk.calls
        with pytest.raises(OutOfResources):
            client.submit(1)
        tries += disk.calls > before
        assert len(disk.handles) <= 2
    assert 5 <= tries <= 5 + 300 * SECOND // LONGEST_PAUSE
    disk.fail = lambda call, count: None
    client.submit(1)
    read_back(client)


def test_a_clock_that_is_put_back_does_not_lengthen_the_pause(disks):
    disk = disks["honest"]()
    client = Client(disk)
    client.now = 3_600 * SECOND
    disk.fail = lambda call, count: failing_at(count, errno.EIO)(call, count) if call == "sync" else None
    with pytest.raises(OutOfResources):
        client.submit(1)
    disk.fail = lambda call, count: None
    client.now = 0
    client.submit(1)
    read_back(client)


def test_within_the_pause_after_a_failed_sync_nothing_is_stored(disks):
    disk = disks["honest"]()
    client = Client(disk)
    disk.fail = lambda call, count: failing_at(count, errno.EIO)(call, count) if call == "sync" else None
    with pytest.raises(OutOfResources):
        client.submit(1)
    disk.fail = lambda call, count: None
    with pytest.raises(OutOfResources):
        client.append()
    client.store.sync()
    client.now += FIRST_PAUSE
    client.append()


class AsksAgain(SegmentStore):
    """A broken build: it syncs a file again after a failure, and believes the second answer."""

    def sync(self):
        try:
            super().sync()
        except OutOfResources:
            for segment in self._written:
                segment.given_up = False
            super().sync()


def test_control_a_store_that_asks_again_after_a_failed_sync_is_caught(disks):
    """The kernel forgets what it could not write, and says so once."""
    disk = disks["forgets"]()
    client = Client(disk)
    client.store = AsksAgain(HOME, "w0", 6_000, file_system=disk, clock=lambda: client.now)
    client.submit(1)
    disk.sync_fails = True
    client.submit(1)
    assert losses(client, disks["images"])[0] > 0


def test_a_disk_that_forgets_what_it_could_not_write_loses_nothing_acknowledged(disks):
    for at in range(4):
        disk = disks["forgets"]()
        client = Client(disk)
        for number in range(4):
            disk.sync_fails = number == at
            with contextlib.suppress(OutOfResources):
                client.submit(2)
        assert len(client.acknowledged) == 6
        assert losses(client, disks["images"])[0] == 0


def test_a_file_that_cannot_be_opened_is_asked_for_again(disks):
    client, outcomes = run_with_failure(disks["honest"](), 1, errno.EMFILE)
    assert outcomes == {"done": 5, "refused": 1}
    read_back(client)


def test_a_cut_that_fails_stops_the_batch_and_ends_the_file(disks):
    """What was to be taken back may still be there: the batch is not acknowledged, and what comes next goes into another file."""
    disk = disks["honest"]()
    client = Client(disk)
    client.submit(2)
    disk.fail = lambda call, count: failing_at(count, errno.EIO)(call, count) if call == "truncate" else None
    with pytest.raises(OutOfResources):
        client.submit(2, refused=2)
    disk.fail = lambda call, count: None
    before = set(disk.current)
    client.submit(1)
    read_back(client)
    assert len(disk.current) == len(before) + 1


def test_a_disk_that_stays_full_refuses_each_time_and_still_reads(disks):
    disk = disks["honest"]()
    client = Client(disk)
    client.submit(2)
    disk.fail = lambda call, count: (
        failing_at(count, errno.ENOSPC)(call, count) if call in {"write", "create"} else None
    )
    sizes = {name: len(data) for name, data in disk.current.items()}
    for _ in range(20):
        with pytest.raises(OutOfResources):
            client.submit(2)
        read_back(client)
    assert {name: len(data) for name, data in disk.current.items()} == sizes, "nothing half written is left behind"
    disk.fail = lambda call, count: None
    client.submit(2)
    read_back(client)


def test_a_disk_that_is_full_at_the_first_document_leaves_no_file(disks):
    disk = disks["honest"]()
    client = Client(disk)
    disk.fail = failing_at(2, errno.ENOSPC)
    with pytest.raises(OutOfResources):
        client.submit(1)
    assert disk.current == {}
    client.submit(1)
    read_back(client)


def test_a_begun_file_that_cannot_be_removed_is_left_alone(disks):
    disk = disks["honest"]()
    client = Client(disk)
    disk.fail = lambda call, count: (
        failing_at(count, errno.ENOSPC)(call, count) if call in {"write", "unlink"} else None
    )
    with pytest.raises(OutOfResources):
        client.submit(1)
    disk.fail = lambda call, count: None
    (left,) = disk.current
    content = disk.current[left]
    client.submit(1)
    read_back(client)
    assert disk.current[left] == content


def test_reading_that_fails_is_not_taken_for_a_bad_document(disks):
    disk = disks["honest"]()
    client = Client(disk)
    client.submit(1)
    (name,) = client.acknowledged
    place, key, prepared, _content = client.documents[name]
    disk.fail = lambda call, count: failing_at(count, errno.EIO)(call, count) if call == "read" else None
    with pytest.raises(OutOfResources):
        client.store.read(place, key, name, size=prepared.size, sha256=prepared.sha256)
