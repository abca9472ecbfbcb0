"""Who waits for a turn: a line for each client, served in turn, and lines before those for what must not wait. No clock, no event loop."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

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


class Lane:
    """A line for each client; each client that may have a turn has one in turn, however many it has in line."""

    def __init__(self) -> None:
        self._lines: OrderedDict[bytes, deque[Waiter]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def clients(self) -> int:
        """How many clients have something in line."""
        return len(self._lines)

    def waiting_of(self, client: bytes) -> int:
        """How many requests of a client are in line."""
        return len(self._lines.get(client, ()))

    def add(self, waiter: Waiter) -> None:
        """Puts a request at the end of its client's line; one that claims to be urgent, before those of the line that do not."""
        line = self._lines.setdefault(waiter.client, deque())
        before = sum(one.claimed for one in line) if waiter.claimed else len(line)
        line.insert(before, waiter)
        self._count += 1

    def remove(self, waiter: Waiter) -> None:
        """Takes one out of its line, if it is there."""
        line = self._lines.get(waiter.client)
        if line is not None and waiter in line:
            line.remove(waiter)
            self._count -= 1
            if not line:
                del self._lines[waiter.client]

    def take(self, may: Callable[[bytes], bool]) -> Waiter | None:
        """The oldest request of the client whose turn it is, of those who may have one."""
        client = next((one for one in self._lines if may(one)), None)
        if client is None:
            return None
        waiter = self._out(client, newest=False)
        if client in self._lines:
            self._lines.move_to_end(client)
        return waiter

    def drop_newest(self, client: bytes | None = None) -> Waiter | None:
        """Takes out the newest request that claims nothing: of a client, or of the client that has most in line."""
        lines = self._lines if client is None else {client: self._lines.get(client)}
        droppable = {one: len(line) for one, line in lines.items() if line and not line[-1].claimed}
        return self._out(max(droppable, key=droppable.__getitem__), newest=True) if droppable else None

    def _out(self, client: bytes, *, newest: bool) -> Waiter:
        line = self._lines[client]
        waiter = line.pop() if newest else line.popleft()
        self._count -= 1
        if not line:
            del self._lines[client]
        return waiter


class WaitingRoom:
    """The two lanes. What is urgent goes first, three times of four when both wait."""

    def __init__(self) -> None:
        self.urgent, self.ordinary = Lane(), Lane()
        self._urgent_in_a_row = 0

    def __len__(self) -> int:
        return len(self.urgent) + len(self.ordinary)

    def add(self, waiter: Waiter) -> None:
        """Puts a request in its lane."""
        (self.urgent if waiter.urgent else self.ordinary).add(waiter)

    def remove(self, waiter: Waiter) -> None:
        """Takes one out, if it is there: nobody waits for it any more."""
        (self.urgent if waiter.urgent else self.ordinary).remove(waiter)

    def ahead(self, client: bytes) -> int:
        """About how many turns are before one more ordinary request of a client; never less than there are at most, for one that has none."""
        turns = (self.ordinary.waiting_of(client) + 1) * max(1, self.ordinary.clients)
        return len(self.urgent) + min(len(self.ordinary), turns)

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
