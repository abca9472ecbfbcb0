"""Who has a turn now, who waits, who is told to come back: admission control of one worker (docs/decisions/0023-overload.md).

The work of a request (parsing, verifying, deciding, writing) keeps a processor busy; the event loop does it. So few are in progress at once, one is
begun in each round of the loop, and the others wait in line by client: whoever had least of the processor is next. A request that would wait too long is refused at once, which costs
hardly anything; one whose caller has gone, or whose time is over, is not begun. What was begun is finished and answered.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from carnet.config import Settings
from carnet.errors import Busy
from carnet.server.bodies import BodyRoom
from carnet.server.urgency import Credit
from carnet.server.waiting_room import Waiter, WaitingRoom

NOBODY = b""
"""The client of whoever shows no certificate: all such calls together are one client, and none of them is urgent."""
RESERVE = 4
"""Turns beyond those of everybody that only urgent requests have."""
SHARE = 0.75
"""How many of the turns in progress one client may have."""
PATIENCE = 2.0
"""How many times the longest expected waiting a request really waits before it is refused."""
URGENT_PATIENCE = 10.0
"""The same for an urgent one, whose waiting is not estimated."""
LONG_ROUND = 0.02
"""Seconds that a round of the loop lasts for each turn that is begun after it beyond the first, up to MORE_TURNS."""
MORE_TURNS = 3
COME_BACK = "Too many requests are waiting; try again in a moment."
_WINDOW = 0.25
"""Seconds over which the pace is measured."""
_FIRST_PACE = 0.005


class Admission:
    """The turns of one worker. `shed` is told each refusal: the lane, and why; `freed`, when fewer are on the way.

    Times are in seconds of `clock`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        shed: Callable[[str, str], None] = lambda _lane, _why: None,
        freed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limit = settings.maximum_requests_in_progress
        self.longest = settings.maximum_waiting_seconds
        self.places = settings.maximum_waiting_requests
        self.bodies = BodyRoom(settings.maximum_bytes_in_progress, settings.maximum_request_bytes)
        self.credit = Credit(clock)
        self.room = WaitingRoom()
        self._shed, self._freed, self._clock = shed, freed, clock
        self._share = max(1, int(self.limit * SHARE))
        self.in_progress = 0
        self._urgent = 0
        self._of_client: Counter[bytes] = Counter()
        self.shares = self.room.shares
        self._coming: Counter[bytes] = Counter()
        self._granting = self._stopped = False
        self._spread = itertools.cycle(range(3))  # they are not to come back all in one second
        self._stirred = 0.0
        self._pace, self._since, self._finished = _FIRST_PACE, clock(), 0

    @property
    def on_the_way(self) -> int:
        """The requests in progress, with the one that may begin in the next round of the loop."""
        return self.in_progress + self._granting

    @property
    def one_begins(self) -> bool:
        """Whether one more may begin in the next round of the loop; `freed` is called once none does any more."""
        return self._granting

    def expected_wait(self, client: bytes) -> float:
        """About how many seconds one more ordinary request of a client would wait for its turn."""
        free = min(self.limit - self.in_progress + self._urgent, self._share - self._of_client[client])
        ahead = self.room.ahead(client, self._coming) / self.shares.price
        return max(0.0, ahead - max(0, free)) * self._pace

    def refuse_early(self, client: bytes) -> None:
        """Raises Busy when an ordinary request of this client would be refused now: before anything of it is read."""
        why = self._no_place(client)
        if why:
            raise self._refusal("ordinary", why, client)

    def would_refuse(self, client: bytes) -> bool:
        """Whether `refuse_early` would refuse now; False for a worker whose time is over, which refuses for another reason."""
        return not self._stopped and bool(self._no_place(client))

    def comes(self, client: bytes) -> None:
        """Says that one more ordinary request of a client was begun and will be in line in the next round of the loop.

        Many may be heard in one round: each of those after it finds it before itself, as if it were there already.
        """
        if not self._coming:
            asyncio.get_running_loop().call_soon(self._coming.clear)
        self._coming[client] += 1

    @asynccontextmanager
    async def turn(
        self, client: bytes, *, urgent: bool, gone: Callable[[], bool] = lambda: False
    ) -> AsyncIterator[Waiter]:
        """A turn, which lasts as long as the `with`. `urgent` is what the request claims; set `true` on what is given when that proves so.

        Raises Busy when it would wait too long, or waited too long. No urgent request is refused while an ordinary one waits whose place
        it may have: anybody's within the client's credit, beyond it the client's own.
        """
        believed = urgent and client != NOBODY and self.credit.take(client)
        patience = self.longest * (URGENT_PATIENCE if believed else PATIENCE)
        turn = asyncio.get_running_loop().create_future()
        waiter = Waiter(client, urgent and client != NOBODY, believed, self._clock() + patience, turn, gone)
        over = None
        try:
            self._let_in(waiter)
            self._stir()
            over = asyncio.get_running_loop().call_later(patience, self._over, waiter)
            await waiter.turn
        except BaseException:
            self._give_back(waiter)
            raise
        finally:
            if over is not None:
                over.cancel()
        try:
            yield waiter
        finally:
            if believed:
                self.credit.settle(client, true=waiter.true)
            self._leave(waiter)

    def refuse_all(self) -> None:
        """Refuses whoever still waits, and whoever comes: the worker's time is over."""
        self._stopped = True
        for waiter in self.room.drain():
            self._turn_away(waiter, "stopping")

    # --- coming in -------------------------------------------------------------------------------------------------

    def _let_in(self, waiter: Waiter) -> None:
        if self._stopped:
            raise self._refusal("urgent" if waiter.urgent else "ordinary", "stopping", waiter.client)
        if waiter.urgent:
            self._make_place(waiter, None, full=len(self.room) >= self.places)
        elif waiter.claimed:
            self._make_place(waiter, waiter.client, full=bool(self._no_place(waiter.client)))
        else:
            self.refuse_early(waiter.client)
        if not len(self.room):  # a time in which nobody waited tells nothing of the pace
            self._since, self._finished = self._clock(), 0
        self.room.add(waiter)

    def _make_place(self, waiter: Waiter, whose: bytes | None, *, full: bool) -> None:
        if not full:
            return
        displaced = self.room.ordinary.drop_newest(whose)
        if displaced is None:
            raise self._refusal("urgent" if waiter.urgent else "ordinary", "full", waiter.client)
        self._turn_away(displaced, "displaced")

    def _no_place(self, client: bytes) -> str:
        waiting = len(self.room) + self._coming.total()
        if waiting >= self.places:
            return "full"
        return "waiting" if waiting and self.expected_wait(client) > self.longest else ""

    def _refusal(self, lane: str, why: str, client: bytes) -> Busy:
        self._shed(lane, why)
        seconds = math.ceil(self.expected_wait(client)) + next(self._spread)
        return Busy(COME_BACK, retry_after=max(1, seconds))

    def _over(self, waiter: Waiter) -> None:
        """Its time is over, although no turn has come up in which that would be seen: those in progress may last."""
        if not waiter.turn.done():
            self.room.remove(waiter)
            self._turn_away(waiter, "late")

    def _turn_away(self, waiter: Waiter, why: str) -> None:
        if not waiter.turn.done():
            waiter.turn.set_exception(self._refusal("urgent" if waiter.urgent else "ordinary", why, waiter.client))

    # --- turns -----------------------------------------------------------------------------------------------------

    def _stir(self) -> None:
        """Begins one more request in the next round of the loop, after what came over the network was heard."""
        if not self._granting and len(self.room):
            self._granting, self._stirred = True, self._clock()
            asyncio.get_running_loop().call_soon(self._grant)

    def _grant(self) -> None:
        """One turn; more when the round before it was long, so that handshakes and refusals do not take what was let in its time."""
        self._granting = False
        most = int((self._clock() - self._stirred) / LONG_ROUND)
        self._begin(1 + min(MORE_TURNS, most))
        if not self._granting:
            self._freed()

    def _begin(self, turns: int) -> None:
        for _ in range(turns):
            if not self._grant_one():
                return
        self._stir()

    def _grant_one(self) -> bool:
        while (waiter := self._next()) is not None:
            if waiter.turn.done():
                continue
            if waiter.gone():
                self._turn_away(waiter, "gone")
            elif self._clock() > waiter.until:
                self._turn_away(waiter, "late")
            else:
                self.in_progress += 1
                self._of_client[waiter.client] += 1
                self._urgent += waiter.urgent
                if not waiter.urgent:
                    waiter.price = self.shares.begin(waiter.client)
                waiter.turn.set_result(None)
                return True
        return False

    def _next(self) -> Waiter | None:
        if self.in_progress >= self.limit + RESERVE:
            return None
        ordinary = self.in_progress - self._urgent < self.limit
        return self.room.take(ordinary=ordinary, may=lambda client: self._of_client[client] < self._share)

    def _give_back(self, waiter: Waiter) -> None:
        """One that had no turn: its claim was neither true nor false."""
        self.room.remove(waiter)
        if waiter.urgent:
            self.credit.settle(waiter.client, true=True)
        if waiter.turn.done() and not waiter.turn.cancelled() and waiter.turn.exception() is None:
            self._leave(waiter)  # it was given its turn and cancelled before it could take it

    def _leave(self, waiter: Waiter) -> None:
        self.in_progress -= 1
        self._of_client[waiter.client] -= 1
        if not self._of_client[waiter.client]:
            del self._of_client[waiter.client]
        self._urgent -= waiter.urgent
        if waiter.work is not None and not waiter.urgent:
            self.shares.settle(waiter.client, waiter.price, waiter.work.spent)
        self._measure()
        self._stir()
        self._freed()

    def _measure(self) -> None:
        """The pace: seconds from one finished request to the next, while somebody waited all the time."""
        now = self._clock()
        self._finished += 1
        if not len(self.room):
            self._since, self._finished = now, 0
        elif now - self._since >= _WINDOW:
            # Those who share a transaction end together: the first of them alone would tell a pace many times too slow.
            weight = min(0.5, self._finished / self.limit)
            self._pace += ((now - self._since) / self._finished - self._pace) * weight
            self._since, self._finished = now, 0
