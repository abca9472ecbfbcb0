"""Watching over workers: one that ends is started again, later each time, not for ever; told to stop, all are stopped."""

from __future__ import annotations

import itertools
import os
from multiprocessing import connection

import pytest

from carnet.errors import Unavailable
from carnet.server import supervision
from carnet.server.supervision import HEALTHY_AFTER, HOPELESS, Supervisor


class FakeWorker:
    """A worker process as far as a supervisor sees it; `lives` is how many seconds."""

    def __init__(self, bench, number, restarts, lives):
        self.sentinel, self._alive = os.pipe()
        self.bench, self.number, self.restarts, self.lives = bench, number, restarts, lives
        self.pid = None
        self.terminated = self.joined = self.killed = False
        self.stubborn = number in bench.stubborn

    def start(self):
        self.pid = 1000 + len(self.bench.started)
        self.bench.started.append((self.number, self.restarts, self.bench.now))
        if len(self.bench.started) > self.bench.most:
            raise KeyboardInterrupt
        if self.lives is not None:
            os.close(self._alive)

    def terminate(self):
        self.terminated = True

    @property
    def name(self):
        return f"worker {self.number}"

    @property
    def exitcode(self):
        return None if self.stubborn and not self.killed else 0

    def kill(self):
        self.killed = True

    def join(self, timeout=None):
        assert self.terminated or self.lives is not None
        if self.stubborn and not self.killed:
            assert timeout is not None, "nobody would ever come back from here"
            self.bench.now += timeout
        self.joined = True


class Bench:
    """A supervisor whose clock is the test's: waiting for a worker's end makes as many seconds pass as that worker lives."""

    def __init__(self, monkeypatch, *, lives, count=1, most=100, stubborn=()):
        self.now, self.most, self.stubborn = 0.0, most, stubborn
        self.started, self.ended, self.made = [], [], []
        self.lives = lives

        def make(number, restarts):
            life = self.lives(number, restarts)
            self.made.append(FakeWorker(self, number, restarts, life))
            return self.made[-1]

        def wait(sentinels, timeout):
            over = connection.wait(sentinels, 0)
            if over:
                self.now += max(one.lives for one in self.made if one.sentinel in over)
                return over[:1]
            if timeout is None:
                raise KeyboardInterrupt
            self.now += timeout
            return []

        monkeypatch.setattr(supervision, "wait", wait)
        monkeypatch.setattr(supervision.time, "sleep", self.sleep)
        self.stopping = []
        self.supervisor = Supervisor(
            make,
            count,
            ended=self.ended.append,
            stopping=lambda: self.stopping.append(self.now),
            patience=30.0,
            clock=lambda: self.now,
        )

    def sleep(self, seconds):
        self.now += seconds


def test_a_worker_that_ended_is_started_again_in_its_place_and_the_others_go_on(monkeypatch):
    bench = Bench(monkeypatch, count=3, lives=lambda number, restarts: 100.0 if (number, restarts) == (1, 0) else None)
    bench.supervisor.run()
    assert [(number, restarts) for number, restarts, _ in bench.started] == [(0, 0), (1, 0), (2, 0), (1, 1)]
    assert bench.ended == [1001]
    assert [one.terminated for one in bench.made] == [True, False, True, True]
    assert all(one.joined for one in bench.made)
    assert len(bench.stopping) == 1


def test_one_that_ends_again_and_again_is_waited_for_longer_and_then_ends_the_service(monkeypatch):
    bench = Bench(monkeypatch, count=2, lives=lambda number, _: 1.0 if number == 0 else None)
    with pytest.raises(Unavailable, match="again and again"):
        bench.supervisor.run()
    starts = [at for number, _, at in bench.started if number == 0]
    assert [after - before for before, after in itertools.pairwise(starts)] == [1.5, 2.0, 3.0, 5.0]
    assert len(starts) == HOPELESS
    assert bench.made[1].terminated
    assert bench.made[1].joined


def test_one_that_lived_long_between_its_ends_is_never_given_up(monkeypatch):
    bench = Bench(monkeypatch, lives=lambda _, restarts: HEALTHY_AFTER if restarts < 20 else None)
    bench.supervisor.run()
    assert len(bench.started) == 21
    assert bench.started[-1][1] == 20


def test_being_told_to_stop_stops_the_workers_that_were_started(monkeypatch):
    bench = Bench(monkeypatch, count=3, lives=lambda *_: None, most=1)
    bench.supervisor.run()
    assert [one.pid is not None for one in bench.made] == [True, True]
    assert all(one.joined for one in bench.made)


def test_one_that_does_not_stop_in_its_time_is_killed_and_the_others_are_not(monkeypatch):
    """It stands still, perhaps in a disk that does not answer: whoever waits for the end of the service would wait for ever."""
    bench = Bench(monkeypatch, count=3, lives=lambda *_: None, most=2, stubborn={0})
    bench.supervisor.run()
    assert [one.killed for one in bench.made] == [True, False, False]
    assert bench.now == 30.0
