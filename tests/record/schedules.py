"""Forced schedules: two workers on one database, each stopped before every step that matters, and every order of their steps played.

A worker is a thread with a platform of its own: connection, caches, gate. Nothing is left to chance: the next step is always chosen.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from carnet.database.connection import SqliteConnection
from carnet.database.postgres import PostgresConnection

BEGIN, COMMIT = "BEGIN IMMEDIATE", "COMMIT"
READ_FROM = (("health_record", "facts"), ("document_entry", "entries"))


@dataclass
class Worker:
    """One thread that does its work step by step. `at` is the step that it waits to take, '' once it has ended."""

    name: str
    work: Callable[[], object]
    events: list[tuple[str, str]]
    at: str = "start"
    in_transaction: bool = False
    result: object = None
    error: BaseException | None = None
    _go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _stopped: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def begin(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        self._go.acquire()
        self.events.append((self.name, "begun"))
        try:
            self.result = self.work()
        except BaseException as error:  # noqa: BLE001 - told to the test
            self.error = error
        self.events.append((self.name, "answered"))
        self.at = ""
        self._stopped.release()

    def point(self, step: str) -> None:
        """Called by the worker's own thread: waits until the schedule lets it take this step."""
        self.at = step
        self._stopped.release()
        self._go.acquire()
        self.events.append((self.name, step))

    def advance(self) -> None:
        """Called by the schedule: lets the worker go on to its next step."""
        self._go.release()
        if not self._stopped.acquire(timeout=120):
            raise AssertionError(f"{self.name} never came back from {self.at}")


class Steps:
    """A connection that stops before each transaction, each first reading of what matters, each commit and each answer."""

    worker: Worker | None = None

    def begin(self, turn):
        worker = self.worker
        if worker is None or not self.turns:  # the embedded database comes by `control`
            super().begin(turn)
            return
        worker.point(BEGIN)
        super().begin(turn)
        worker.in_transaction = True

    def control(self, command: str) -> None:
        worker = self.worker
        if worker is None or command not in {BEGIN, COMMIT}:
            super().control(command)
            return
        worker.point(command)
        super().control(command)
        worker.in_transaction = command == BEGIN
        if command == COMMIT:
            worker.point("answering")

    def execute(self, statement, parameters=None):
        if self.worker is not None and self.worker.in_transaction and statement.sqlite.startswith("SELECT"):
            for table, step in READ_FROM:
                if f"FROM {table}" in statement.sqlite and (self.worker.name, step) not in self.worker.events:
                    self.worker.point(step)
                    break
        return super().execute(statement, parameters)


class Stepping(Steps, SqliteConnection):
    """On the embedded database."""


class SteppingServer(Steps, PostgresConnection):
    """On PostgreSQL."""


def stepping(place):
    """A connection of steps to the database of a home."""
    return SteppingServer(place) if isinstance(place, str) else Stepping(place)


@dataclass
class Choices:
    """The choices of one play: those of the prefix first, then always the first that is enabled."""

    prefix: list[int]
    chosen: list[int] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def __call__(self, enabled: list[str]) -> str:
        place = len(self.chosen)
        number = self.prefix[place] if place < len(self.prefix) else 0
        self.chosen.append(number)
        self.widths.append(len(enabled))
        self.names.append(enabled[number])
        return enabled[number]

    def following(self) -> list[int] | None:
        """The prefix of the next play, None when every order was played."""
        for place in reversed(range(len(self.chosen))):
            if self.chosen[place] + 1 < self.widths[place]:
                return [*self.chosen[:place], self.chosen[place] + 1]
        return None


def every_schedule(play: Callable[[Callable[[list[str]], str]], None]) -> Iterator[tuple[str, ...]]:
    """Plays every order of steps: `play(choose)` asks `choose(enabled)` which worker goes on. Yields the choices of each play."""
    prefix: list[int] | None = []
    while prefix is not None:
        choices = Choices(prefix)
        play(choices)
        yield tuple(choices.names)
        prefix = choices.following()


def interleave(workers: list[Worker], choose: Callable[[list[str]], str]) -> None:
    """Runs the workers to their ends, one step at a time; one that waits for the other's transaction to end cannot be chosen."""
    threads = [worker.begin() for worker in workers]
    by_name = {worker.name: worker for worker in workers}
    while any(worker.at for worker in workers):
        busy = any(worker.in_transaction for worker in workers)
        enabled = sorted(worker.name for worker in workers if worker.at and not (worker.at == BEGIN and busy))
        by_name[choose(enabled)].advance()
    for thread in threads:
        thread.join()
