"""What each client had of the processor: measured step by step, charged to whoever asked, and nobody saves up turns."""

from __future__ import annotations

import asyncio
import time

import pytest

from carnet.server import shares as shares_module
from carnet.server.shares import FIRST_PRICE, REMEMBERED, Metered, Shares

A, B = b"a", b"b"


def work_of(seconds):
    """Keeps the processor busy for so many seconds of this thread's."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


# --- measuring --------------------------------------------------------------------------------------------------------


def test_what_a_request_does_is_measured_and_what_others_do_while_it_waits_is_not():
    async def whole():
        waits = asyncio.Event()

        async def one():
            work_of(0.01)
            await waits.wait()
            work_of(0.01)
            return "answer"

        metered = Metered(one(), beside=1.0)
        task = asyncio.ensure_future(awaited(metered))
        await asyncio.sleep(0)
        work_of(0.2)
        waits.set()
        return await task, metered.spent

    answer, spent = asyncio.run(whole())
    assert answer == "answer"
    assert 1.02 <= spent < 1.1


async def awaited(metered):
    return await metered


def test_the_step_under_way_counts():
    async def whole():
        found = []

        async def one():
            work_of(0.01)
            found.append(metered.spent)

        metered = Metered(one())
        await metered
        return found[0], metered.spent

    within, after = asyncio.run(whole())
    assert 0.01 <= within <= after


def test_an_error_and_a_cancellation_go_through():
    async def fails():
        raise KeyError

    with pytest.raises(KeyError):
        asyncio.run(awaited(Metered(fails())))

    heard = []

    async def cancelled():
        try:
            await asyncio.sleep(3_600)
        except asyncio.CancelledError:
            heard.append("cancelled")
            raise

    async def whole():
        task = asyncio.ensure_future(awaited(Metered(cancelled())))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(whole())
    assert heard == ["cancelled"]


def test_what_a_shared_transaction_costs_is_learnt_for_each_of_its_acts(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(shares_module.time, "thread_time", lambda: now[0])
    shares = Shares()

    def run(batch):
        now[0] += 0.002 * len(batch)

    measured = shares.sharing(run)
    for _ in range(200):
        measured([1, 2, 3, 4])
    assert shares.act == pytest.approx(0.002, rel=0.01)


# --- charging ---------------------------------------------------------------------------------------------------------


def test_the_price_of_a_client_s_next_request_follows_what_it_asked_for_last():
    shares = Shares()
    assert shares.price_of(A) == FIRST_PRICE
    for _ in range(40):
        shares.settle(A, shares.begin(A), 0.02)
    assert shares.price_of(A) == pytest.approx(0.02, rel=0.01)
    assert FIRST_PRICE < shares.price_of(B) < 0.02


def test_what_was_charged_too_little_or_too_much_is_put_right():
    shares = Shares()
    shares.settle(A, shares.begin(A), 0.05)
    assert shares.had(A) == pytest.approx(0.05)


def test_whoever_asked_for_nothing_has_saved_up_nothing():
    shares = Shares()
    for _ in range(100):
        shares.choose([A])
        shares.settle(A, shares.begin(A), 0.01)
    shares.choose([A, B])
    assert shares.had(A) - shares.had(B) <= 0.011


def test_who_had_much_while_others_waited_does_not_lose_it_by_going_away_for_a_moment():
    shares = Shares()
    shares.choose([A, B])
    shares.settle(A, shares.begin(A), 1.0)
    shares.choose([B])
    assert shares.had(A) == pytest.approx(1.0)
    assert shares.had(B) == 0.0


def test_accounts_are_of_those_served_last():
    shares = Shares()
    for number in range(REMEMBERED + 10):
        shares.begin(b"%d" % number)
    assert len(shares._accounts) == REMEMBERED
    shares.settle(b"0", FIRST_PRICE, 0.01)
    assert len(shares._accounts) == REMEMBERED
