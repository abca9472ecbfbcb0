"""Who waits for a turn: a line for each client, served in turn, and lines before those for what must not wait. No clock, no event loop."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from carnet.server.shares import Metered, Shares

URGENT_IN_A_ROW = 3
"""Urgent turns after which one that is not has its turn, so that nobody stands still."""


@dataclass(eq=False, slots=True)
class Waiter:
    """One request that waits for its turn. `until` is on the clock of whoever made it, in seconds; `gone` says that nobody waits any more.

    `claimed` is that it says it is urgent, `urgent` that it is believed.
    """

    client: bytes
    claimed: bool
    urgent: bool
    until: float
    turn: asyncio.Future[None]
    gone: Callable[[], bool]
    true: bool = False
    """Whether its claim to be urgent has proved true."""
    price: float = 0.0
    """Seconds of processor time that it is expected to take."""
    work: Metered[Any] | None = None
    """What is done in its turn, where that is measured."""


@dataclass(slots=True)
class Line:
    """One client's requests, and what they are expected to cost together."""

    waiting: deque[Waiter]
    price: float = 0.0


class Lane:
    """A line for each client. Whoever had least of the processor is next, of equals whoever waited longest for a turn."""

    def __init__(self, shares: Shares) -> None:
        self._shares = shares
        self._lines: OrderedDict[bytes, Line] = OrderedDict()
        self._count = 0
        self.price = 0.0
        """What all that wait are expected to cost."""

    def __len__(self) -> int:
        return self._count

    @property
    def clients(self) -> int:
        """How many clients have something in line."""
        return len(self._lines)

    def price_of(self, client: bytes) -> float:
        """What the requests of a client that are in line are expected to cost."""
        line = self._lines.get(client)
        return line.price if line is not None else 0.0

    def add(self, waiter: Waiter) -> None:
        """Puts a request at the end of its client's line; one that claims to be urgent, before those of the line that do not."""
        waiter.price = self._shares.price_of(waiter.client)
        line = self._lines.setdefault(waiter.client, Line(deque()))
        before = sum(one.claimed for one in line.waiting) if waiter.claimed else len(line.waiting)
        line.waiting.insert(before, waiter)
        self._count_in(line, waiter.price, 1)

    def remove(self, waiter: Waiter) -> None:
        """Takes one out of its line, if it is there."""
        line = self._lines.get(waiter.client)
        if line is not None and waiter in line.waiting:
            line.waiting.remove(waiter)
            self._taken(waiter, line)

    def take(self, may: Callable[[bytes], bool]) -> Waiter | None:
        """The oldest request of the client who had least, of those who may have a turn."""
        if not self._lines:
            return None
        self._shares.choose(list(self._lines))
        client = min(filter(may, self._lines), key=self._shares.had, default=None)
        if client is None:
            return None
        waiter = self._out(client, newest=False)
        if client in self._lines:
            self._lines.move_to_end(client)
        return waiter

    def drop_newest(self, client: bytes | None = None) -> Waiter | None:
        """Takes out the newest request that claims nothing: of a client, or of the client that has most in line."""
        lines = self._lines if client is None else {client: self._lines.get(client)}
        droppable = {
            one: len(line.waiting) for one, line in lines.items() if line is not None and not line.waiting[-1].claimed
        }
        return self._out(max(droppable, key=droppable.__getitem__), newest=True) if droppable else None

    def _out(self, client: bytes, *, newest: bool) -> Waiter:
        line = self._lines[client]
        waiter = line.waiting.pop() if newest else line.waiting.popleft()
        self._taken(waiter, line)
        return waiter

    def _taken(self, waiter: Waiter, line: Line) -> None:
        self._count_in(line, -waiter.price, -1)
        if not line.waiting:
            del self._lines[waiter.client]
        if not self._count:
            self.price = 0.0  # what is left by rounding

    def _count_in(self, line: Line, price: float, requests: int) -> None:
        line.price += price
        self.price += price
        self._count += requests


class WaitingRoom:
    """The two lanes. What is urgent goes first, three times of four when both wait."""

    def __init__(self) -> None:
        self.shares = Shares()
        self.urgent, self.ordinary = Lane(Shares()), Lane(self.shares)  # urgent ones cost nobody a share: turn by turn
        self._urgent_in_a_row = 0

    def __len__(self) -> int:
        return len(self.urgent) + len(self.ordinary)

    def add(self, waiter: Waiter) -> None:
        """Puts a request in its lane."""
        (self.urgent if waiter.urgent else self.ordinary).add(waiter)

    def remove(self, waiter: Waiter) -> None:
        """Takes one out, if it is there: nobody waits for it any more."""
        (self.urgent if waiter.urgent else self.ordinary).remove(waiter)

    def ahead(self, client: bytes, coming: Counter[bytes]) -> float:
        """About how much is done before one more ordinary request of a client begins, in seconds of processor time.

        All that wait, at most: a client has as much as each other one meanwhile. `coming` will be in line in a moment.
        """
        everybody, mine = self.ordinary.price, self.ordinary.price_of(client) + self.shares.price_of(client)
        for one, requests in coming.items():
            price = requests * self.shares.price_of(one)
            everybody, mine = everybody + price, mine + (price if one == client else 0.0)
        return len(self.urgent) * self.shares.price + min(everybody, mine * max(1, self.ordinary.clients))

    def take(self, *, ordinary: bool, may: Callable[[bytes], bool]) -> Waiter | None:
        """The next in turn; an ordinary one only when there is room for such, and of a client that `may` have one more."""
        waiter = None
        if self._urgent_in_a_row < URGENT_IN_A_ROW or not ordinary:
            waiter = self.urgent.take(lambda _client: True)
        if waiter is None and ordinary:
            waiter = self.ordinary.take(may) or self.urgent.take(lambda _client: True)
        if waiter is not None:
            self._urgent_in_a_row = self._urgent_in_a_row + 1 if waiter.urgent else 0
        return waiter

    def drain(self) -> list[Waiter]:
        """Takes everybody out."""
        found: list[Waiter] = []
        for lane in (self.urgent, self.ordinary):
            while (waiter := lane.take(lambda _client: True)) is not None:
                found.append(waiter)
        return found
