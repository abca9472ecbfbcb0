"""Whom an act waits for before its transaction begins: those on the way, enough of them, and nobody for long."""

from __future__ import annotations

import asyncio

import pytest
from gate_calls import finding

from carnet.record import waiting_line
from carnet.record.gate import HURRIED
from carnet.record.waiting_line import ENOUGH
from carnet.requester import AccessMode
from carnet.soap.door import URGENT

NEVER = 100_000.0
"""Seconds."""


@pytest.fixture
def never_alone(monkeypatch):
    """No act goes on because of the time: only because of who has come."""
    monkeypatch.setattr(waiting_line, "TOGETHER", NEVER)
    monkeypatch.setattr(waiting_line, "ONE_BY_ONE", NEVER)


def run(steps):
    return asyncio.run(asyncio.wait_for(steps, 60))


def begun_one_by_one(room, number):
    """So many searches, each begun a few rounds after the one before, as admission begins them."""
    on_the_way = 0

    async def one(place):
        nonlocal on_the_way
        for _ in range(3 * place):
            await asyncio.sleep(0)
        on_the_way += 1
        room.gate.line.one_begins = lambda: on_the_way < number
        return await room.gate.perform(*finding(room))

    async def steps():
        room.gate.line.on_the_way = lambda: on_the_way + (on_the_way < number)
        room.gate.line.one_begins = lambda: True
        return await asyncio.gather(*(one(place) for place in range(number)))

    return run(steps())


@pytest.mark.usefixtures("never_alone")
def test_acts_that_are_begun_one_by_one_share_one_commit(room):
    room.connection.commands.clear()
    assert len(begun_one_by_one(room, ENOUGH - 1)) == ENOUGH - 1
    assert room.connection.commits == 1


@pytest.mark.usefixtures("never_alone")
def test_control_acts_that_look_at_those_begun_alone_commit_each_by_itself(room):
    """What admission says beside the requests in progress is what makes them wait for one another."""

    async def steps():
        begun = 0

        async def one(place):
            nonlocal begun
            for _ in range(3 * place):
                await asyncio.sleep(0)
            begun += 1
            await room.gate.perform(*finding(room))
            begun -= 1

        room.gate.line.on_the_way = lambda: begun
        await asyncio.gather(*(one(place) for place in range(4)))

    room.connection.commands.clear()
    run(steps())
    assert room.connection.commits == 4


@pytest.mark.usefixtures("never_alone")
def test_enough_acts_wait_for_nobody(room):
    room.connection.commands.clear()
    room.gate.line.on_the_way = lambda: 1_000
    found = room.together(*(finding(room) for _ in range(ENOUGH)))
    assert not [one for one in found if isinstance(one, BaseException)]
    assert room.connection.commits == 1


def waits_until(room, requester, act):
    """Seconds that an act which has come alone would wait at most; it is then let go."""

    async def steps():
        loop = asyncio.get_running_loop()
        came = loop.time()
        task = asyncio.ensure_future(room.gate.perform(requester, act))
        await asyncio.sleep(0)
        waits = room.gate.line.scheduled.when() - came
        room.gate.line.on_the_way = lambda: 1
        room.gate.line.stir()
        await asyncio.gather(task, return_exceptions=True)
        return waits

    return run(steps())


def test_a_mask_and_an_emergency_wait_for_nobody_who_is_begun(room, monkeypatch):
    monkeypatch.setattr(waiting_line, "TOGETHER", 1_000.0)
    monkeypatch.setattr(waiting_line, "ONE_BY_ONE", NEVER)
    room.gate.line.one_begins = lambda: True
    requester, act = finding(room)
    waits = {}
    for name, who, what in (
        ("search", requester, act),
        ("mask", requester, room.mask(*room.put(room.document()))),
        ("emergency", room.caller(mode=AccessMode.BRIS_DE_GLACE, reason="Patient inconscient"), act),
    ):
        room.gate.line.on_the_way = lambda: 3
        waits[name] = waits_until(room, who, what)
    assert waits["search"] >= NEVER
    assert all(1_000.0 <= waits[name] < NEVER for name in ("mask", "emergency"))


def test_an_act_waits_shortly_once_nobody_begins_any_more(room, monkeypatch):
    """Whoever is on the way and does not come holds up nobody."""
    monkeypatch.setattr(waiting_line, "ONE_BY_ONE", NEVER)

    async def steps():
        room.gate.line.on_the_way, room.gate.line.one_begins = lambda: 3, lambda: True
        task = asyncio.ensure_future(room.gate.perform(*finding(room)))
        await asyncio.sleep(0)
        assert room.gate.line.scheduled.when() > asyncio.get_running_loop().time() + NEVER / 2
        room.gate.line.one_begins = lambda: False
        room.gate.line.stir()
        return await task

    assert run(steps()).references == ()


def test_what_the_door_hurries_the_gate_hurries():
    assert URGENT | {"pro/mask"} == HURRIED  # the portal's own way to mask
