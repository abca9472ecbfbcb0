"""Accepting: as many in one round as wait, few beside other workers, and nobody keeps others out by saying nothing."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from types import SimpleNamespace

import pytest
import uvloop

from carnet.server import accepting
from carnet.server.accepting import AT_ONCE, FEW, Listener
from carnet.server.transport import tls_context


class Peer(asyncio.Protocol):
    """A connection that nobody uses."""

    def __init__(self, server):
        self.server = server

    def connection_made(self, transport):
        self.server.transports.append(transport)


class FakeServer:
    """What a listener sees of its server."""

    def __init__(self, *, most=1_000, shares=False, context=None):
        self.most, self.shares = most, shares
        self.server_state = SimpleNamespace(connections=set())
        self.config = SimpleNamespace(ssl=context)
        self.asked = 0
        self.transports = []

    def protocol(self):
        return Peer(self)

    def close_one_that_is_idle(self):
        self.asked += 1
        return False


class Broken:
    """A listening socket in a process that has no file descriptor left."""

    tried = 0

    def settimeout(self, _):
        pass

    def accept(self):
        self.tried += 1
        raise OSError(errno.EMFILE, "too many open files")


@pytest.fixture
def waiting():
    """`waiting(n)`: a listening socket, and so many connections that wait there."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    peers = []

    def connect(count):
        peers.extend(socket.create_connection(listening.getsockname(), timeout=60) for _ in range(count))
        return listening, peers

    yield connect
    for one in (listening, *peers):
        one.close()


async def ended(listener):
    """The listener's end, and that of every connection, before the loop is closed."""
    listener.close()
    await asyncio.sleep(0)
    while listener._shaking_hands and listener._server.config.ssl is None:  # noqa: ASYNC110 - the loop makes them
        await asyncio.sleep(0)
    await listener.wait_closed()
    for one in listener._server.transports:
        one.abort()
    await rounds(5)


async def rounds(count):
    for _ in range(count):
        await asyncio.sleep(0)


def test_whoever_waits_is_accepted_in_one_round_of_the_loop(waiting):
    async def test():
        listener = Listener(FakeServer(), waiting(AT_ONCE)[0])
        await rounds(2)
        assert listener._taken() == AT_ONCE
        await ended(listener)

    uvloop.run(test())


def test_control_one_a_round_leaves_the_others_waiting(waiting, monkeypatch):
    monkeypatch.setattr(accepting, "AT_ONCE", 1)

    async def test():
        listener = Listener(FakeServer(), waiting(AT_ONCE)[0])
        await rounds(2)
        assert listener._taken() < AT_ONCE
        await ended(listener)

    uvloop.run(test())


def test_beside_other_workers_it_is_one_at_a_time_until_many_have_come_in_a_row(waiting):
    async def test():
        listener = Listener(FakeServer(shares=True), waiting(3 * FEW)[0])
        took = []
        while listener._accept_who_waits():
            took.append(listener._taken() - sum(took))
        assert took[:FEW] == [1] * FEW
        assert took[FEW] == 2
        assert sum(took) == 3 * FEW
        assert listener._in_a_row == 0
        await ended(listener)

    uvloop.run(test())


def test_a_process_without_file_descriptors_goes_on_trying_and_says_so_once(monkeypatch, caplog):
    monkeypatch.setattr(accepting, "_NO_ROOM_LEFT", 0.0)

    async def test():
        server, listening = FakeServer(), Broken()
        listener = Listener(server, listening)
        async with asyncio.timeout(60):
            while listening.tried < 50:  # noqa: ASYNC110 - it is the listener that goes on
                await asyncio.sleep(0)
        await ended(listener)
        assert server.asked >= 49

    with caplog.at_level(logging.INFO):
        uvloop.run(test())
    assert [record.getMessage() for record in caplog.records] == ["a connection could not be accepted"]


def test_whoever_connects_and_says_nothing_gives_way_and_is_let_go(waiting, monkeypatch, first_stage):
    """The place, and the file descriptor, of a handshake that does not begin."""
    monkeypatch.setattr(accepting, "LONG_HANDSHAKE", 0.0)
    listening, peers = waiting(3)

    def cut_off(peer):
        peer.settimeout(60)
        try:
            return peer.recv(1) == b""
        except ConnectionResetError:
            return True

    async def test():
        listener = Listener(FakeServer(most=1, context=tls_context(first_stage.settings)), listening)
        for peer in peers[:2]:
            assert await asyncio.to_thread(cut_off, peer)
        await ended(listener)

    uvloop.run(test())


def test_control_with_a_longer_time_it_keeps_its_place(waiting, monkeypatch, first_stage):
    monkeypatch.setattr(accepting, "_NO_ROOM_LEFT", 0.0)
    listening, _ = waiting(3)

    async def test():
        server = FakeServer(most=1, context=tls_context(first_stage.settings))
        listener = Listener(server, listening)
        first = None
        async with asyncio.timeout(60):
            while server.asked < 20:
                await asyncio.sleep(0)
                first = first or next(iter(listener._shaking_hands), None)
        assert list(listener._shaking_hands) == [first]
        await ended(listener)

    monkeypatch.setattr(accepting, "LONG_HANDSHAKE", 1e9)
    uvloop.run(test())
