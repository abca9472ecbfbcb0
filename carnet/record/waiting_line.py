"""Acts that wait for the next transaction, and when it begins: once everybody who is on the way has come, or enough of them, or after a moment.

What happens in the transaction is the gate's. Everything here runs in one event loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from carnet.kill_points import reached
from carnet.record.act import Act
from carnet.requester import Requester

MAXIMUM_BATCH = 64
ENOUGH = 8
"""Acts that wait for no further one: what a transaction costs once is shared well enough."""
TOGETHER = 0.005
"""Seconds that an act waits at most for those who are on the way, to share its transaction with them."""
ONE_BY_ONE = 0.05
"""The same while another one begins in each round of the loop, which keeps the processor busy all the time."""


@dataclass(slots=True)
class Waiting:
    """One act of one requester; what came of it, and for doors the future that tells them."""

    requester: Requester
    act: Act[Any]
    answer: asyncio.Future[Any] | None = None
    result: Any = None
    error: BaseException | None = None


def _nobody_else() -> int:
    return 0


def _no_further() -> bool:
    return False


@dataclass(slots=True)
class WaitingLine:
    """The line of one worker. `run` does a batch and raises nothing; each act of it has its result or its error then."""

    run: Callable[[list[Waiting]], None]
    on_the_way: Callable[[], int] = _nobody_else
    """How many requests are in progress, those whose acts wait here among them. Whoever sets this calls `stir` when one ends."""
    one_begins: Callable[[], bool] = _no_further
    """Whether one more of them may begin in the next round of the loop. Whoever sets this calls `stir` when none does any more."""
    queue: deque[Waiting] = field(default_factory=deque)
    """Who adds to it calls `stir`."""
    scheduled: asyncio.TimerHandle | None = None
    """When the next transaction begins whoever else comes, None while none is to begin by time."""
    _soon: bool = False

    def stir(self, *, hurried: bool = False) -> None:
        """Lets the next transaction begin in the next round of the loop when everybody on the way has come, or enough of them, or else in a while."""
        if not self.queue or self._soon:
            return
        loop = asyncio.get_running_loop()
        if len(self.queue) >= min(self.on_the_way(), ENOUGH):
            self._soon = True
            self._wait_for(None)
            loop.call_soon(self._drain)
            return
        until = loop.time() + (ONE_BY_ONE if self.one_begins() and not hurried else TOGETHER)
        if self.scheduled is None or until < self.scheduled.when():
            self._wait_for(loop.call_at(until, self._drain))

    def _wait_for(self, timer: asyncio.TimerHandle | None) -> None:
        if self.scheduled is not None:
            self.scheduled.cancel()
        self.scheduled = timer

    def _drain(self) -> None:
        self._soon = False
        self._wait_for(None)
        batch = [self.queue.popleft() for _ in range(min(MAXIMUM_BATCH, len(self.queue)))]
        if self.queue:
            self._soon = True
            asyncio.get_running_loop().call_soon(self._drain)
        self.run(batch)
        for waiting in batch:
            answer = waiting.answer
            if answer is None or answer.done():
                continue
            if waiting.error is not None:
                answer.set_exception(waiting.error)
            else:
                answer.set_result(waiting.result)
        reached("answers-given")
