"""Looking at files holds up nothing else: a few at once, some who wait, and the next is told to come back."""

from __future__ import annotations

import asyncio
import threading

import pytest

from carnet.errors import Busy
from carnet.viewing.side_room import SideRoom


def run(work):
    return asyncio.run(asyncio.wait_for(work(), 60))


def test_what_is_looked_at_comes_back_or_raises():
    async def asked():
        room = SideRoom()
        assert await room.look(lambda: 7) == 7
        with pytest.raises(ZeroDivisionError):
            await room.look(lambda: 1 // 0)

    run(asked)


def test_a_full_room_says_so_and_has_place_again_later():
    async def asked():
        room, gate = SideRoom(at_once=1, most=3), threading.Event()
        inside = [asyncio.create_task(room.look(gate.wait)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await room.look(lambda: 1)
        gate.set()
        assert await asyncio.gather(*inside) == [True] * 3
        await asyncio.sleep(0)
        assert await room.look(lambda: 1) == 1

    run(asked)


def test_other_work_in_threads_goes_on_while_the_room_is_full():
    async def asked():
        room, gate = SideRoom(), threading.Event()
        inside = [asyncio.create_task(room.look(gate.wait)) for _ in range(8)]
        await asyncio.sleep(0)
        assert await asyncio.to_thread(lambda: "fed") == "fed"
        gate.set()
        await asyncio.gather(*inside)

    run(asked)


def test_who_no_longer_waits_keeps_the_place_until_the_work_is_done():
    async def asked():
        room, gate = SideRoom(at_once=1, most=1), threading.Event()
        gone = asyncio.create_task(room.look(gate.wait))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await room.look(lambda: 1)
        gate.set()
        room._threads.shutdown()
        await asyncio.sleep(0.05)
        assert room._inside == 0

    run(asked)
