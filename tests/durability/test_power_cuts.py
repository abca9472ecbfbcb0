"""T1 and T1b: the power is cut at any moment of the gate's group commit, over the database and the document store together.

The gate, its acts and the segment store are real; every write and sync of their files is recorded (see recorded_disk), and for a moment of
the record an image is made: what was synced, and of the rest a random part, torn at 512 bytes. An image is opened as a restart would.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from crash_images import Judge
from recorded_disk import Disk
from recorded_room import RecordedRoom

from carnet.record.gate import Gate

ROUNDS = 30
pytestmark = pytest.mark.timeout(3_600)


@pytest.fixture
def recorded(first_stage, home, seed):
    """Opens the test's home on a recorded disk: `recorded(gate=…, synchronous=…)`."""
    opened = []

    def open_it(**how):
        opened.append(RecordedRoom(first_stage, home, seed=seed, **how))
        return opened[-1]

    yield open_it
    for room in opened:
        room.close()


@pytest.fixture
def images_folder(tmp_path):
    """Where images are opened: in memory where there is such a folder, since their own syncs cost what they show nothing for."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else tmp_path) as folder:
        yield Path(folder)


def judge_of(room, folder):
    room.close()
    return Judge(folder, room.platform.settings.audit_origin, room.sent)


def cut_at_random(room, judge, images, dice):
    """Images of the whole record, at random moments, of random parts of what was on its way."""
    steps = room.recorder.steps
    moments = Counter(dice.randrange(len(steps) + 1) for _ in range(images))
    disk = Disk(room.recorder.before)
    for moment in range(len(steps) + 1):
        if moment:
            disk.follow(steps[moment - 1])
        for _ in range(moments[moment]):
            share = dice.choice((0.0, 0.2, 0.5, 0.8, 1.0))
            judge.look(disk.image(lambda share=share: dice.random() < share), disk.answered)


def figures(room, judge):
    kinds = Counter(step.kind for step in room.recorder.steps)
    return {
        "writes": kinds["write"],
        "syncs": kinds["sync"],
        "answers": kinds["answer"],
        "images": judge.images,
        "different": len(judge.seen),
        **judge.found,
    }


def test_no_power_cut_loses_an_acknowledged_submission_or_shows_half_of_one(recorded, images_folder, seed, tell, deep):
    room = recorded()
    room.rounds(ROUNDS)
    judge, images = judge_of(room, images_folder), deep(1_000, 100_000)
    cut_at_random(room, judge, images, random.Random(seed))
    tell(**figures(room, judge))
    assert not judge.found, judge.examples
    assert judge.images == images
    assert len(judge.seen) > images / 4, "the cuts must leave different disks"
    kinds = Counter((step.kind, step.name) for step in room.recorder.steps)
    assert kinds["write", "carnet.db"] > 100, "the log must have been emptied into the database meanwhile"
    assert sum(kinds[kind, name] for kind, name in kinds if kind == "answer") > ROUNDS


@pytest.mark.parametrize(("synchronous", "wrong"), [("NORMAL", {"lost"}), ("OFF", {"lost", "corrupt"})])
def test_control_a_database_that_syncs_less_is_caught(recorded, images_folder, seed, tell, synchronous, wrong):
    room = recorded(synchronous=synchronous)
    room.rounds(ROUNDS)
    judge = judge_of(room, images_folder)
    cut_at_random(room, judge, 250, random.Random(seed))
    tell(**figures(room, judge))
    assert judge.found.keys() & wrong, "a build that does not sync must lose something"


# --- T1b: every moment of one submission of five documents ------------------------------------------------------------


def one_submission(room, before=3):
    """A record with something in it, then one submission of five documents: the steps of that alone, by their places."""
    room.rounds(before)
    start = len(room.recorder.steps)

    assert asyncio.run(room.put(5)) is None
    return start


def cut_everywhere(room, judge, start, seed, *, without=None, random_images=20):
    """Every moment from `start` on: nothing got through, everything did, and random parts. `without` is a step that did not happen."""
    steps, disk = room.recorder.steps, Disk(room.recorder.before)
    moments = 0
    for moment, step in enumerate(steps, start=1):
        if moment - 1 != without:
            disk.follow(step)
        if moment < start:
            continue
        moments += 1
        dice = random.Random(seed + moment)
        judge.look(disk.image(lambda: False), disk.answered)
        judge.look(disk.image(lambda: True), disk.answered)
        for _ in range(random_images):
            judge.look(disk.image(lambda dice=dice: dice.random() < 0.5), disk.answered)
    return moments


def test_no_cut_at_any_moment_of_a_submission_loses_it_or_leaves_half_of_it(recorded, images_folder, seed, tell, deep):
    room = recorded()
    start = one_submission(room)
    judge = judge_of(room, images_folder)
    moments = cut_everywhere(room, judge, start, seed, random_images=deep(8, 200))
    syncs = [step.name for step in room.recorder.steps[start:] if step.kind in {"sync", "names"}]
    tell(moments=moments, **figures(room, judge))
    assert not judge.found, judge.examples
    assert moments == len(room.recorder.steps) - start + 1
    assert {name.rpartition(".")[2] for name in syncs} >= {"seg", "db-wal"}


def test_control_each_sync_that_does_not_happen_is_caught(recorded, images_folder, seed, tell):
    """The document's file, its name, the database's log: none of them is there for nothing."""
    room = recorded()
    room.platform.segments._segment_bytes = 1  # the submission begins files of its own
    room.platform.connection._raw.execute("PRAGMA wal_autocheckpoint=0").fetchall()
    start = one_submission(room)
    steps = room.recorder.steps
    syncs = [place for place in range(start, len(steps)) if steps[place].kind in {"sync", "names"}]
    caught = {}
    for place in syncs:
        judge = judge_of(room, images_folder)
        cut_everywhere(room, judge, len(steps), seed, without=place)
        caught[f"{steps[place].kind} {steps[place].name}"] = sorted(judge.found)
    tell(caught=caught)
    assert {key.split()[0] for key in caught} == {"sync", "names"}
    assert any("carnet.db-wal" in key for key in caught)
    assert all("lost" in found for found in caught.values()), caught


def test_control_a_log_that_is_emptied_into_a_database_that_is_not_synced_is_caught(
    recorded, images_folder, seed, tell
):
    room = recorded()
    room.rounds(ROUNDS)
    room.recorder.steps = [one for one in room.recorder.steps if one[:2] != ("sync", "carnet.db")]
    judge = judge_of(room, images_folder)
    cut_at_random(room, judge, 150, random.Random(seed))
    tell(**figures(room, judge))
    assert judge.found.keys() & {"lost", "corrupt"}


class CommitsFirst(Gate):
    """Names the documents first, and syncs them afterwards."""

    def __post_init__(self):
        super().__post_init__()
        gate, platform = self, self.platform

        class Connection:
            def __getattr__(self, name):
                return getattr(platform.connection, name)

            def control(self, command):
                platform.connection.control(command)
                if command == "COMMIT":
                    platform.segments.sync()

        class Segments:
            def __getattr__(self, name):
                return getattr(platform.segments, name)

            def sync(self):
                pass

        gate.platform = replace(platform, connection=Connection(), segments=Segments())


def test_control_a_commit_before_the_documents_are_durable_is_caught(recorded, images_folder, seed, tell):
    room = recorded(gate=CommitsFirst)
    start = one_submission(room)
    judge = judge_of(room, images_folder)
    cut_everywhere(room, judge, start, seed, random_images=2)
    tell(**figures(room, judge))
    assert judge.found["half"]
