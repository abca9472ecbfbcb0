"""Watching over worker processes: one that ends by itself is started again, told loudly, and not for ever.

Nothing that workers share can be left half-written by one that dies: the database takes back its open transaction, documents that no commit
names are unreachable, and a worker that starts again begins new files (decision pages 0002 and 0005).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from carnet.errors import Unavailable

HEALTHY_AFTER = 60.0
"""Seconds that a worker must have lived for its end to count as its first."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds before a worker is started again: doubled with each end that follows soon on the one before."""
HOPELESS = 5
"""Ends of one worker in a row, each soon after its start, after which the whole service ends: whoever watches it must know."""
_LOG = logging.getLogger("carnet.server")


@dataclass(slots=True)
class _Place:
    """A worker's place: the process in it, since when; how often it ended by itself, in a row and in all; when it is to start again."""

    number: int
    process: BaseProcess | None = None
    since: float = 0.0
    in_a_row: int = 0
    restarts: int = 0
    due: float = 0.0


class Supervisor:
    """Starts workers, keeps them running until told to stop (KeyboardInterrupt), then stops them.

    `worker` makes the process of a place, given how often it was started again; `ended` is told the process id of one that ended by itself;
    `stopping` is called once, before workers are told to stop; one that has not stopped `patience` seconds later is killed.
    """

    def __init__(
        self,
        worker: Callable[[int, int], BaseProcess],
        count: int,
        *,
        ended: Callable[[int], None] = lambda _pid: None,
        stopping: Callable[[], None] = lambda: None,
        patience: float = HEALTHY_AFTER,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._patience = patience
        self._worker, self._ended, self._stopping, self._clock = worker, ended, stopping, clock
        self._places = [_Place(number) for number in range(count)]

    def run(self) -> None:
        """Returns when it was told to stop. Raises Unavailable when a worker cannot be kept running; the others are stopped then."""
        try:
            while True:
                self._start_who_is_due()
                self._wait()
        except KeyboardInterrupt:
            return
        finally:
            self._stopping()
            self._stop()

    def _start_who_is_due(self) -> None:
        for place in self._places:
            if place.process is None and self._clock() >= place.due:
                place.process, place.since = self._worker(place.number, place.restarts), self._clock()
                place.process.start()

    def _wait(self) -> None:
        absent = [place.due for place in self._places if place.process is None]
        timeout = max(0.0, min(absent) - self._clock()) if absent else None
        running = {place.process.sentinel: place for place in self._places if place.process is not None}
        if not running:
            time.sleep(timeout or 0.0)
        for sentinel in wait(list(running), timeout) if running else ():
            self._lost(next(place for one, place in running.items() if one == sentinel))

    def _lost(self, place: _Place) -> None:
        process, now = place.process, self._clock()
        if process is None:
            return
        process.join()
        self._ended(process.pid or 0)
        lived = now - place.since
        place.process = None
        place.restarts += 1
        place.in_a_row = 1 if lived >= HEALTHY_AFTER else place.in_a_row + 1
        if place.in_a_row >= HOPELESS:
            raise Unavailable("A worker process ends again and again; the others were stopped.")
        place.due = now + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (place.in_a_row - 1))
        _LOG.error("a worker process ended by itself; it is started again", extra={"worker": f"w{place.number}"})

    def _stop(self) -> None:
        started = [
            place.process for place in self._places if place.process is not None and place.process.pid is not None
        ]
        for process in started:
            process.terminate()
        end = self._clock() + self._patience
        for process in started:
            process.join(max(0.0, end - self._clock()))
            if process.exitcode is None:
                _LOG.error("a worker process did not stop in its time; it is ended", extra={"worker": process.name})
                process.kill()
                process.join()
