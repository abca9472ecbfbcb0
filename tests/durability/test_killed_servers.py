"""T2: the real server, over TLS, is killed again and again while real clients put documents in (spec/security.md §3).

Nothing that was acknowledged is lost, nothing is there twice after the clients tried again, nothing by halves, the trail has no gap, and the
server is back within five seconds. The control is a build that answers before it commits.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from durable_homes import Server
from judgement import judge, read_history

from carnet.cli import carnet
from carnet.demo.people import MEDECIN_TRAITANT
from carnet.kill_points import POINTS

HERE = Path(__file__).parent
NOT_OF_THE_SERVER = {"lines-handed-over"}
"""Points that `carnet serve` does not pass: tested apart."""
ONCE_IN_A_WHILE = {"segment-created", "segments-synced", "lines-placed", "work-ready", "work-committed"}
"""Points that a server passes once a start or once a second."""
AMID_ANSWERS = "amid answers"
"""Not a point: killed from outside, as soon as so many more submissions were answered."""
BACK_WITHIN = 5.0
THREADS = 4
DEATH_WITHIN = 900
"""Seconds: an armed point is passed long before, unless the machine does much else."""
pytestmark = pytest.mark.timeout(3_600)


@contextlib.contextmanager
def clients(home, folder, submissions, seed):
    """The clients at work, in a process of their own, until they sent so many and the file `enough` is there: the process, and their history."""
    history = folder / "history.jsonl"
    caller = home.stage.callers[MEDECIN_TRAITANT.identifier].directory
    about = [home.stage.address, caller, home.stage.authorities, history, folder / "enough", submissions, THREADS, seed]
    with (folder / "clients.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(HERE / "history_client.py"), *map(str, about)], stdout=log, stderr=log
        )
        try:
            yield process, history
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
    said = (folder / "clients.log").read_text()
    assert not said, said


def acknowledged(history):
    if not history.exists():
        return 0
    return sum(answers["acknowledged"] for answers in read_history(history)[1].values())


def deaths(count, dice):
    """How each server is to die: every point at least once where there are enough deaths, else some of them, the others at any moment."""
    points = [point for point in POINTS if point not in NOT_OF_THE_SERVER]
    if count < len(points):
        points = dice.sample(points, count * 2 // 3)
    named = list(itertools.islice(itertools.cycle(points), max(len(points), count * 2 // 3)))[:count]
    orders = [(point, 1 if point in ONCE_IN_A_WHILE else dice.randrange(1, 40)) for point in named]
    orders += [("", dice.uniform(0.1, 1.5)) for _ in range(count - len(orders))]
    dice.shuffle(orders)
    return orders


def told(line):
    """Progress of a long run."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def die(server, point, when, history):
    """Lets a server end as ordered; whether it did."""
    if point == AMID_ANSWERS:
        enough = acknowledged(history) + when
        while acknowledged(history) < enough:
            time.sleep(0.005)
        server.kill()
        return True
    if point:
        return server.wait_for_its_death(DEATH_WITHIN)
    time.sleep(when)
    server.kill()
    return True


def under_fire(home, folder, *, kills, submissions, seed, program=None, point_deaths=True):
    """Clients at work while servers die; then a last server until every submission has its answer. Times of the starts, and the points."""
    dice = random.Random(seed)
    starts, met = [], []
    options = {"program": program} if program else {}
    orders = deaths(kills, dice) if point_deaths else [(AMID_ANSWERS, dice.randrange(8, 20)) for _ in range(kills)]
    with clients(home, folder, submissions, seed) as (process, history):
        for number, (point, when) in enumerate(orders):
            assert process.poll() is None, f"the clients were done after {number} deaths"
            order = {"CARNET_KILL_AT_FOR_TESTS": f"{point}:{when}"} if point in POINTS else {}
            workers = {"CARNET_WORKERS": "2"} if number % 8 == 7 else {}
            server = Server(home, **options, **order, **workers)
            if server.until_ready is not None:
                starts.append((server.until_ready, server.processor_seconds()))
            assert die(server, point, when, history), f"{point} was never passed"
            met.append(point or "any moment")
            told(f"death {number + 1}: {met[-1]}, last start {starts[-1:]}, {acknowledged(history)} acknowledged")
        (folder / "enough").touch()
        server = Server(home, **options)
        starts.append((server.until_ready, server.processor_seconds()))
        process.wait(timeout=1_800)
        assert server.stop() in {0, -15}
    return history, starts, met


def test_sixty_killed_servers_lose_nothing_that_was_acknowledged(durable_home, tmp_path, seed, tell, deep):
    kills, submissions = deep(9, 60), deep(300, 5_200)
    history, starts, met = under_fire(durable_home, tmp_path, kills=kills, submissions=submissions, seed=seed)
    findings, counts = judge(durable_home, history)
    walls = sorted(wall for wall, _cpu in starts)
    tell(
        database=type(durable_home).__name__,
        kills=len(met),
        points=len(set(met)),
        restart_median=round(walls[len(walls) // 2], 2),
        restart_worst=round(walls[-1], 2),
        restart_processor_worst=round(max(cpu for _wall, cpu in starts), 2),
        **counts,
        **findings.all(),
    )
    assert findings.all() == {}
    assert len(met) == kills
    assert len(set(met)) >= deep(6, len(POINTS.keys() - NOT_OF_THE_SERVER))
    assert counts["acknowledged"] >= submissions
    assert counts["unanswered"] >= kills / 2, "the clients must have been met by the deaths"
    # How soon it is back is judged in the deep run: on a machine that does much else the clock tells of the others.
    assert walls[len(walls) // 2] <= deep(math.inf, BACK_WITHIN)
    assert max(cpu for _wall, cpu in starts) <= deep(math.inf, BACK_WITHIN)
    done = CliRunner().invoke(
        carnet, ["verify-audit", "--home", str(durable_home.home)], env=durable_home.environment, catch_exceptions=False
    )
    assert done.exit_code == 0, done.output


def test_control_a_server_that_answers_before_it_commits_is_caught(durable_home, tmp_path, seed, tell):
    program = (str(HERE / "early_answers.py"),)
    history, _starts, met = under_fire(
        durable_home, tmp_path, kills=3, submissions=150, seed=seed, program=program, point_deaths=False
    )
    findings, counts = judge(durable_home, history)
    tell(database=type(durable_home).__name__, kills=len(met), **counts, **findings.all())
    assert findings.lost


FORWARDING = """\
import sys
from pathlib import Path
from carnet.cli.operator_gate import operator_gate
from carnet.record.trail_forwarding import Forwarder
taken = Path(sys.argv[2])
def hand_over(messages):
    with taken.open("ab") as out:
        out.writelines(message + b"\\0" for message in messages)
with operator_gate(Path(sys.argv[1])) as gate:
    forwarder = Forwarder(gate, "collector", hand_over)
    while forwarder.forward(4):
        pass
"""


def messages(taken):
    """What the collector was handed."""
    return taken.read_bytes().split(b"\0")[:-1]


def test_a_forwarder_that_is_killed_hands_every_line_over_and_repeats_only_its_last_batch(durable_home, tmp_path):
    taken = tmp_path / "taken"
    command = [sys.executable, "-c", FORWARDING, str(durable_home.home), str(taken)]
    environment = {**os.environ, **durable_home.environment}
    killed = subprocess.run(
        command,
        env={**environment, "CARNET_KILL_AT_FOR_TESTS": "lines-handed-over:2"},
        check=False,
        capture_output=True,
    )
    assert killed.returncode == -9
    assert len(messages(taken)) == 8
    assert subprocess.run(command, env=environment, check=True, capture_output=True).returncode == 0
    ((lines,),) = durable_home.rows("SELECT count(*) FROM audit_event WHERE leaf_index IS NOT NULL")
    handed = messages(taken)
    assert len(set(handed)) == lines
    assert len(handed) == lines + 4
