"""Turns: few at once, fair among clients, urgent ones first and never refused while a read waits, nobody kept waiting in vain."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from carnet.config import Settings
from carnet.errors import Busy
from carnet.server.admission import LONG_ROUND, MORE_TURNS, NOBODY, RESERVE, Admission
from carnet.server.shares import Shares
from carnet.server.urgency import CLAIMS, REGAINED_AFTER
from carnet.server.waiting_room import Waiter, WaitingRoom

A, B, C = b"a", b"b", b"c"


class Bench:
    """An admission whose clock is the test's; `order` is who had a turn, `refused` who was told to come back and `shed` why."""

    def __init__(self, kind=Admission, **settings):
        usual = {"maximum_requests_in_progress": 1, "maximum_waiting_requests": 100, "maximum_waiting_seconds": 60.0}
        self.now = 1_000.0
        self.shed, self.order, self.refused, self.tasks = [], [], [], []
        self.retry_after, self.most, self.sent = [], 0, []
        self.admission = kind(
            Settings(**{**usual, **settings}), shed=lambda *told: self.shed.append(told), clock=lambda: self.now
        )
        self.release = asyncio.Event()

    async def _one(self, name, client, *, urgent=False, true=None, gone=lambda: False, lasts=None):
        try:
            async with self.admission.turn(client, urgent=urgent, gone=gone) as turn:
                self.order.append(name)
                self.most = max(self.most, self.admission.in_progress)
                turn.true = urgent if true is None else true
                turn.work = SimpleNamespace(spent=lasts) if lasts else None
                if lasts is None:
                    await self.release.wait()
                else:
                    self.now += lasts
                    await asyncio.sleep(0)
        except Busy as error:
            self.refused.append(name)
            self.retry_after.append(error.retry_after)

    async def send(self, name, client, **how):
        """One request; with `lasts` it is done after so many seconds, without when the bench is told to release."""
        self.tasks.append(asyncio.ensure_future(self._one(name, client, **how)))
        await asyncio.sleep(0)
        if isinstance(name, tuple):
            self.sent.append(name)

    async def settle(self, rounds=30):
        for _ in range(rounds):
            await asyncio.sleep(0)

    async def finish(self):
        self.release.set()
        await asyncio.gather(*self.tasks)
        assert all(1 <= seconds <= 60 for seconds in self.retry_after)
        assert self.admission.in_progress == 0
        assert len(self.admission.room) == 0
        assert (
            not self.admission.credit._used or max(used for used, _ in self.admission.credit._used.values()) <= CLAIMS
        )


def run(test):
    """Runs a test in an event loop."""

    def wrapped():
        asyncio.run(asyncio.wait_for(test(), 60))

    wrapped.__name__, wrapped.__doc__ = test.__name__, test.__doc__
    return wrapped


@run
async def test_as_many_are_in_progress_as_the_setting_says_and_one_client_has_three_of_four():
    bench = Bench(maximum_requests_in_progress=4)
    for number in range(10):
        await bench.send(number, A)
    await bench.settle()
    assert bench.order == [0, 1, 2]
    await bench.send("other", B)
    await bench.settle()
    assert bench.order == [0, 1, 2, "other"]
    await bench.send("third", C)
    await bench.settle()
    assert bench.admission.in_progress == 4
    await bench.finish()
    assert bench.most == 4
    assert len(bench.order) == 12


@run
async def test_one_is_begun_in_each_round_of_the_loop_so_that_the_network_is_heard_between():
    bench = Bench(maximum_requests_in_progress=8)
    begun = []
    for number in range(6):
        bench.tasks.append(asyncio.ensure_future(bench._one(number, A)))
    for _ in range(12):
        before = len(bench.order)
        await asyncio.sleep(0)
        begun.append(len(bench.order) - before)
    assert max(begun) == 1
    await bench.finish()


@run
async def test_who_waits_for_those_on_the_way_is_told_when_no_more_begin():
    """One that begins in the next round is on the way; once none does, whoever waits for it hears so: nobody waits for nothing."""
    bench = Bench(maximum_requests_in_progress=4)
    heard = []
    bench.admission._freed = lambda: heard.append((bench.admission.in_progress, bench.admission.on_the_way))
    for number in range(5):
        bench.tasks.append(asyncio.ensure_future(bench._one(number, A)))
    seen = []
    for _ in range(8):
        await asyncio.sleep(0)
        seen.append((bench.admission.in_progress, bench.admission.one_begins))
    assert seen.index((1, True)) < seen.index((2, True)) < seen.index((3, False))
    assert heard == [(3, 3)]
    await bench.finish()
    assert heard[-1] == (0, 0)


@run
async def test_one_that_floods_waits_in_its_own_line_while_another_is_served_at_once():
    bench = Bench()
    for number in range(80):
        await bench.send(("flood", number), A, lasts=0.0)
    for number in range(5):
        await bench.send(("other", number), B, lasts=0.0)
    await bench.finish()
    places = [place for place, (who, _) in enumerate(bench.order) if who == "other"]
    assert places[-1] - places[0] <= 2 * 5
    assert bench.refused == []


CHEAP, DEAR = 0.01, 0.04
"""Seconds of processor time of a request of each kind."""


async def flooded_by_two(shares=None):
    """A floods with cheap requests and B with dear ones, each with more than all there is; what each had when 4 seconds were over."""
    bench = Bench(maximum_waiting_requests=1_000, maximum_waiting_seconds=1_000.0)
    if shares is not None:
        room = bench.admission.room
        room.shares = room.ordinary._shares = bench.admission.shares = shares
    for number in range(400):
        await bench.send((A, number), A, lasts=CHEAP)
        if number < 100:
            await bench.send((B, number), B, lasts=DEAR)
    await bench.finish()
    had = Counter()
    for client, _ in bench.order:
        had[client] += CHEAP if client == A else DEAR
        if had.total() >= 4.0:
            return had
    return had


@run
async def test_two_that_ask_for_more_than_all_have_half_of_the_processor_each_whatever_their_requests_cost():
    had = await flooded_by_two()
    assert 0.9 <= had[A] / had[B] <= 1.1


class Turns(Shares):
    """Takes all requests for equally dear."""

    def settle(self, client, expected, spent):
        pass


@run
async def test_control_by_turns_alone_the_dear_ones_have_most_of_it():
    had = await flooded_by_two(Turns())
    assert had[B] > 3 * had[A]


@run
async def test_who_asks_for_dear_things_is_told_sooner_to_come_back():
    """Two seconds of work may wait, and one second of it a client's while others have as much: a hundred cheap requests, and no more dear ones."""
    bench = Bench(maximum_waiting_seconds=2.0, maximum_waiting_requests=1_000)
    for client, price in ((A, CHEAP), (B, DEAR)):
        for _ in range(100):
            shares = bench.admission.shares
            shares.settle(client, shares.begin(client), price)
    bench.admission._pace = bench.admission.shares.price
    await bench.send("long", C)
    for number in range(150):
        await bench.send((A, number), A)
        await bench.send((B, number), B)
    waiting = Counter(client for client, _ in set(bench.sent) - set(bench.refused))
    assert (waiting[A], waiting[B]) == (pytest.approx(100, abs=2), pytest.approx(40, abs=2))
    await bench.finish()


@run
async def test_what_would_wait_too_long_is_refused_at_once_and_one_of_a_client_with_no_line_is_not():
    bench = Bench(maximum_waiting_seconds=1.0)
    await bench.send("long", C)
    bench.admission._pace = 0.1
    for number in range(30):
        await bench.send(number, A)
    assert 9 <= 30 - len(bench.refused) <= 12
    assert set(bench.shed) == {("ordinary", "waiting")}
    await bench.send("other", B)
    assert "other" not in bench.refused
    bench.now += 0.5
    await bench.finish()
    assert "other" in bench.order


@run
async def test_one_that_waited_too_long_is_refused_and_not_begun_late():
    bench = Bench(maximum_waiting_seconds=1.0)
    await bench.send("long", A)
    await bench.send("late", B)
    bench.now += 2.5
    await bench.send("fresh", C)
    await bench.finish()
    assert (bench.order, bench.refused, bench.shed) == (["long", "fresh"], ["late"], [("ordinary", "late")])


@run
async def test_the_work_of_a_caller_who_hung_up_is_not_begun():
    bench = Bench()
    await bench.send("long", A)
    await bench.send("gone", B, gone=lambda: True)
    await bench.finish()
    assert (bench.order, bench.shed) == (["long"], [("ordinary", "gone")])


@run
async def test_urgent_ones_go_before_the_line_and_have_turns_of_their_own():
    bench = Bench()
    await bench.send("long", A)
    for number in range(10):
        await bench.send(number, A)
    for number in range(RESERVE):
        await bench.send(("urgent", number), B, urgent=True)
    await bench.settle()
    assert bench.order == ["long", *(("urgent", number) for number in range(RESERVE))]
    await bench.finish()


def waiter(client, *, urgent=False):
    return Waiter(client, claimed=urgent, urgent=urgent, until=0.0, turn=None, gone=lambda: False)


def test_ordinary_ones_have_every_fourth_turn_when_urgent_ones_never_end():
    room = WaitingRoom()
    for _ in range(9):
        room.add(waiter(A, urgent=True))
        room.add(waiter(B))
    taken = [room.take(ordinary=True, may=lambda _client: True).urgent for _ in range(12)]
    assert taken == [True, True, True, False] * 3


async def crowded(kind):
    """A room full of reads, masks from two clients among them: how many masks were refused, and what was displaced."""
    bench = Bench(kind, maximum_waiting_requests=20, maximum_waiting_seconds=0.5)
    bench.admission._pace = 0.1
    await bench.send("long", A)
    chance = random.Random(7)
    for number in range(200):
        client = chance.choice((A, B, C))
        await bench.send(("read", number), client)
        if number % 10 == 0:
            await bench.send(("mask", number), client, urgent=True)
        if len(bench.admission.room) > 18:
            bench.now += 0.1
    await bench.finish()
    return bench


@run
async def test_no_mask_is_refused_while_a_read_waits():
    bench = await crowded(Admission)
    kinds = Counter(kind for kind, _ in bench.refused)
    assert kinds["mask"] == 0
    assert kinds["read"] > 100
    assert Counter(bench.shed)["ordinary", "displaced"] > 0


class ForgetsUrgency(Admission):
    """Takes masks for reads."""

    def turn(self, client, *, urgent, gone=lambda: False):
        return super().turn(client, urgent=False, gone=gone)


@run
async def test_control_without_their_lane_masks_are_refused_with_the_reads():
    bench = await crowded(ForgetsUrgency)
    assert Counter(kind for kind, _ in bench.refused)["mask"] > 0


@run
async def test_a_liar_uses_up_his_own_claims_and_nobody_else_s():
    bench = Bench(maximum_requests_in_progress=1)
    for number in range(CLAIMS):
        await bench.send(("lie", number), A, urgent=True, true=False, lasts=0.0)
        await bench.settle()
    await bench.send("long", C)
    for number in range(6):
        await bench.send(("read", number), C)
    await bench.send("lie once more", A, urgent=True, true=False)
    await bench.send("true", B, urgent=True)
    await bench.settle()
    assert bench.order[-1] == "true"
    assert "lie once more" not in bench.order
    await bench.finish()
    bench.now += REGAINED_AFTER
    assert bench.admission.credit.take(A)
    assert not bench.admission.credit.take(A)


@run
async def test_claims_beyond_the_credit_still_go_before_the_client_s_own_reads():
    """A hospital with more emergencies at once than it has credit loses its reads before any of them."""
    bench = Bench(maximum_waiting_requests=22)
    await bench.send("long", C)
    for number in range(15):
        await bench.send(("read", number), A)
    for number in range(CLAIMS + 12):
        await bench.send(("emergency", number), A, urgent=True)
    assert [kind for kind, _ in bench.refused].count("emergency") == 0
    assert [kind for kind, _ in bench.refused].count("read") > 0
    await bench.finish()
    order = [kind for kind, *_ in bench.order[1:]]
    assert order.index("read") == CLAIMS + 12


@run
async def test_who_shows_no_certificate_is_never_urgent():
    bench = Bench()
    await bench.send("long", A)
    await bench.send("read", B)
    await bench.send("nobody", NOBODY, urgent=True)
    await bench.settle()
    assert bench.order == ["long"]
    await bench.finish()
    assert bench.order == ["long", "read", "nobody"]


@run
async def test_a_worker_whose_time_is_over_refuses_whoever_waits_and_finishes_what_it_began():
    bench = Bench()
    await bench.send("long", A)
    await bench.send("waiting", B)
    bench.admission.refuse_all()
    await bench.send("after", C)
    await bench.finish()
    assert (bench.order, bench.refused) == (["long"], ["waiting", "after"])


@run
async def test_one_that_is_cancelled_while_it_waits_or_as_its_turn_comes_leaves_no_turn_taken():
    bench = Bench()
    await bench.send("long", A)
    await bench.send("cancelled", B, urgent=True)
    bench.tasks[1].cancel()
    await bench.send("other", C)
    bench.release.set()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.gather(*bench.tasks)
    await bench.settle()
    assert bench.admission.in_progress == 0
    assert bench.order[0] == "long"
    assert "other" in bench.order


@run
async def test_one_whose_time_is_over_is_told_so_although_no_turn_comes_up():
    """Those in progress may last, in a thread or at the database: twice the longest waiting is never waited."""
    bench = Bench(maximum_waiting_seconds=0.01)
    await bench.send("long", A)
    await bench.send("waits", B)
    await asyncio.wait_for(bench.tasks[1], 60)
    assert (bench.order, bench.refused) == (["long"], ["waits"])
    assert bench.shed == [("ordinary", "late")]
    assert len(bench.admission.room) == 0
    await bench.finish()


@run
async def test_one_that_is_cancelled_leaves_its_place_in_the_room():
    bench = Bench(maximum_waiting_requests=1)
    await bench.send("long", A)
    await bench.settle()
    await bench.send("cancelled", B)
    bench.tasks[1].cancel()
    await bench.settle()
    await bench.send("next", C)
    await bench.settle()
    assert bench.refused == []
    bench.release.set()
    await asyncio.gather(*bench.tasks, return_exceptions=True)
    assert bench.order == ["long", "next"]


@run
async def test_after_a_long_round_of_the_loop_more_than_one_is_begun_but_not_all():
    """Else handshakes and refusals, which make rounds long, would take what was let in its time."""
    bench = Bench(maximum_requests_in_progress=16)
    for number in range(10):
        bench.tasks.append(asyncio.ensure_future(bench._one(number, A)))
    await asyncio.sleep(0)
    bench.now += 100 * LONG_ROUND
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(bench.order) == 1 + MORE_TURNS
    await bench.finish()


@run
async def test_the_pace_is_that_of_what_was_finished():
    bench = Bench()
    for number in range(60):
        await bench.send(number, A, lasts=0.02)
    await bench.finish()
    assert 0.01 < bench.admission._pace < 0.03


async def pace_after_a_pause(kind):
    """Of requests of 0.02 seconds that all come at once, when nobody came for a minute."""
    bench = Bench(kind, maximum_requests_in_progress=4)
    await bench.send("before", A, lasts=0.02)
    await bench.settle()
    bench.now += 60
    for number in range(12):
        await bench.send(number, A)
    bench.now += 0.02
    await bench.finish()
    return bench.admission._pace


@run
async def test_a_pause_does_not_make_the_next_ones_wait_longer():
    assert await pace_after_a_pause(Admission) < 0.05


@run
async def test_control_a_pace_from_the_last_request_on_is_that_of_the_pause():
    class FromTheLastOn(Admission):
        def _let_in(self, waiter):
            since = self._since, self._finished
            super()._let_in(waiter)
            self._since, self._finished = since

    assert await pace_after_a_pause(FromTheLastOn) > 1


def test_the_first_of_a_group_that_ends_does_not_tell_the_pace_alone():
    now = [0.0]
    admission = Admission(Settings(home=Path(), maximum_requests_in_progress=16), clock=lambda: now[0])
    admission.room.add(Waiter(A, claimed=False, urgent=False, until=9.0, turn=None, gone=lambda: False))
    paces = []
    for _group in range(8):
        now[0] += 0.3
        for _one in range(12):  # twelve share a transaction of 0.3 seconds
            admission._measure()
            paces.append(admission._pace)
    assert max(paces) < 0.05
    assert 0.015 < paces[-1] < 0.04
