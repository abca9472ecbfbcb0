"""The memory for bodies: bounded in all, half of it for one client at most, given back whatever happens."""

from __future__ import annotations

import asyncio

import pytest

from carnet.errors import Busy, MalformedMessage
from carnet.server.bodies import Body, BodyRoom, read_body

LIMIT = 1_000


def stream(*chunks):
    left = list(chunks)

    async def receive():
        if not left:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    return receive


def read(room, client, *chunks, **headers):
    named = {name.replace("_", "-").encode(): value for name, value in headers.items()}
    with Body(room, client) as held:
        content = asyncio.run(read_body(stream(*chunks), named, LIMIT, held))
        assert room.held >= len(content)
        return content


def test_bodies_count_while_they_are_held_and_no_longer():
    room = BodyRoom(5 * LIMIT, LIMIT)
    assert read(room, b"a", b"x" * 400, b"y" * 400) == b"x" * 400 + b"y" * 400
    assert room.held == 0
    with pytest.raises(MalformedMessage), Body(room, b"a") as held:
        asyncio.run(read_body(stream(), {}, LIMIT, held))
    assert (room.held, room._of_client) == (0, {})


def test_one_client_holds_half_at_most_and_another_still_has_room():
    room = BodyRoom(4 * LIMIT, LIMIT)
    with Body(room, b"a") as first, Body(room, b"a") as second:
        first.received(LIMIT)
        second.received(LIMIT)
        with pytest.raises(Busy):
            read(room, b"a", b"x")
        assert read(room, b"b", b"x" * LIMIT) == b"x" * LIMIT
    assert read(room, b"a", b"x") == b"x"


def test_a_declared_body_that_has_no_room_is_refused_before_it_is_read_and_holds_nothing_by_its_word():
    room = BodyRoom(2 * LIMIT, LIMIT)
    with Body(room, b"a") as held:
        held.received(LIMIT)
        with pytest.raises(Busy):
            asyncio.run(read_body(None, {b"content-length": b"10"}, LIMIT, Body(room, b"a")))
        with Body(room, b"b") as liar:
            liar.expect(LIMIT)
            assert read(room, b"c", b"x" * LIMIT) == b"x" * LIMIT


def test_a_body_that_finds_no_room_halfway_is_refused_and_gives_back_what_it_had():
    room = BodyRoom(2 * LIMIT, LIMIT)
    with Body(room, b"a") as one, Body(room, b"b") as two:
        one.received(LIMIT)
        two.received(LIMIT - 100)
        with pytest.raises(Busy):
            read(room, b"c", b"x" * 90, b"x" * 90)
        assert room.held == 2 * LIMIT - 100


def test_the_largest_request_always_fits_when_nothing_else_is_held():
    room = BodyRoom(LIMIT, LIMIT)
    assert len(read(room, b"a", b"x" * LIMIT)) == LIMIT
