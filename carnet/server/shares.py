"""What each client has had of the processor, so that whoever had least of it is next (docs/decisions/0057-shares-of-the-processor.md).

All figures are seconds of processor time. The code is that of start-time fair queueing: a client's account goes on from the least account
of those who wait, so that nobody saves up turns while asking for nothing, and nobody is charged for a time in which no one waited.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")
FIRST_PRICE = 0.005
"""What a request is taken to cost before any was measured."""
REMEMBERED = 2_000
"""Clients whose accounts are kept, those served last."""
_OF_ITS_OWN, _OF_ALL = 0.2, 0.05
"""How much the newest request weighs in the price of its client's next, and in the mean of all."""


@dataclass(slots=True)
class Account:
    """What one client had, and what its next request is expected to cost."""

    had: float
    price: float


class Shares:
    """The accounts of one worker's clients."""

    def __init__(self) -> None:
        self.price = FIRST_PRICE
        """The mean of all requests."""
        self.act = 0.0
        """The mean of the acts in shared transactions, whose parts are not told apart."""
        self._least = 0.0
        self._accounts: OrderedDict[bytes, Account] = OrderedDict()

    def had(self, client: bytes) -> float:
        """What counts of what a client had: at least what the least of those who wait had when one was last chosen."""
        account = self._accounts.get(client)
        return max(self._least, account.had) if account is not None else self._least

    def price_of(self, client: bytes) -> float:
        """What one more request of a client is expected to cost."""
        account = self._accounts.get(client)
        return account.price if account is not None else self.price

    def choose(self, clients: list[bytes]) -> None:
        """These wait, and one of them is chosen next."""
        self._least = max(self._least, min(map(self.had, clients)))

    def begin(self, client: bytes) -> float:
        """Charges a client what its request is expected to cost, and returns that."""
        expected = self.price_of(client)
        self._accounts[client] = Account(self.had(client) + expected, expected)
        self._accounts.move_to_end(client)
        if len(self._accounts) > REMEMBERED:
            self._accounts.popitem(last=False)
        return expected

    def settle(self, client: bytes, expected: float, spent: float) -> None:
        """Charges what a request that was begun cost instead of what was expected, and learns from it."""
        account = self._accounts.get(client)
        if account is not None:
            account.had += spent - expected
            account.price += (spent - account.price) * _OF_ITS_OWN
        self.price += (spent - self.price) * _OF_ALL

    def sharing(self, run: Callable[[list[T]], None]) -> Callable[[list[T]], None]:
        """The same work on a batch of acts, from which is learnt what one of them costs."""

        def measured(batch: list[T]) -> None:
            began = time.thread_time()
            run(batch)
            each = (time.thread_time() - began) / max(1, len(batch))
            self.act += (each - self.act) * _OF_ALL

        return measured


class Metered(Generic[T]):
    """Work to be awaited, each step of which is measured; of what is done for it in between, `beside` counts."""

    def __init__(self, work: Awaitable[T], beside: float = 0.0) -> None:
        self._work = work
        self._spent = beside
        self._since: float | None = None

    @property
    def spent(self) -> float:
        """Seconds of processor time of this thread up to now, the step under way included."""
        return self._spent + (0.0 if self._since is None else time.thread_time() - self._since)

    def __await__(self) -> Generator[Any, Any, T]:
        steps = self._work.__await__()
        go_on: Callable[[Any], Any] = steps.send
        heard: Any = None
        while True:
            self._since = time.thread_time()
            try:
                wanted = go_on(heard)
            except StopIteration as done:
                result: T = done.value
                return result
            finally:
                self._spent, self._since = self.spent, None
            try:
                go_on, heard = steps.send, (yield wanted)
            except BaseException as error:  # noqa: BLE001 - it is for the work to hear: a cancellation, for one
                go_on, heard = steps.throw, error
