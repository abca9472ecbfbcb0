"""What a peer may send and leave unread: everything beyond is cut off, and nothing of it reaches the application or stays in memory."""

from __future__ import annotations

import asyncio
import logging

import pytest
import uvicorn
from uvicorn.server import ServerState

from carnet.config import Settings
from carnet.server.peers import IN_LINE, MAXIMUM_HEAD, MAXIMUM_HEADERS, OURSELVES_LATE, WHOLE_ANSWER, MutualTlsProtocol
from carnet.server.transport import caller_address, caller_certificate

HEAD = b"POST /x HTTP/1.1\r\nhost: x\r\n"
SETTINGS = Settings(declared_proxies=("127.0.0.1",))


class Wire(asyncio.Transport):
    """The server's end of a connection: keeps what was written; `aborted` is that the peer was cut off."""

    def __init__(self):
        super().__init__()
        self.sent, self.closing, self.aborted, self.reading = b"", False, False, True

    def get_extra_info(self, name, default=None):
        return {"peername": ("127.0.0.1", 4711), "sockname": ("127.0.0.1", 8443)}.get(name, default)

    def write(self, data):
        self.sent += b"" if self.closing else data

    def is_closing(self):
        return self.closing

    def close(self):
        self.closing = True

    def abort(self):
        self.closing = self.aborted = True

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True


class Bench:
    """A connection without a network. Its clock is the test's: `pass_by` runs what is due."""

    def __init__(self, answers=True):
        self.scopes, self.bodies, self.now, self.timers = [], [], 1_000.0, []
        self.go = asyncio.Event()
        if answers:
            self.go.set()
        configuration = uvicorn.Config(
            self.application,
            interface="asgi3",
            lifespan="off",
            log_config=None,
            ws="none",
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=75,
        )
        configuration.load()
        loop = asyncio.get_running_loop()
        self.wire = Wire()
        self.protocol = MutualTlsProtocol(
            config=configuration, server_state=ServerState(), app_state={}, settings=SETTINGS
        )
        self.protocol.loop = self
        self.create_task = loop.create_task
        self.protocol.connection_made(self.wire)

    def time(self):
        return self.now

    def call_later(self, seconds, work, *arguments):
        timer = asyncio.TimerHandle(self.now + seconds, work, arguments, asyncio.get_running_loop())
        self.timers.append(timer)
        return timer

    def pass_by(self, seconds):
        """So many seconds, in steps in which the loop is not late."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + OURSELVES_LATE / 2)
            due = [one for one in self.timers if one.when() <= self.now]
            self.timers = [one for one in self.timers if one not in due]
            for one in due:
                if not one.cancelled():
                    one._run()

    async def application(self, scope, receive, send):
        self.scopes.append(scope)
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message["more_body"]
        self.bodies.append(body)
        await self.go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def hears(self, *pieces):
        for piece in pieces:
            if not self.wire.closing:
                self.protocol.data_received(piece)
            await self.settle()

    async def settle(self):
        for _ in range(20):
            await asyncio.sleep(0)


def run(test):
    """Runs a test in an event loop."""

    def wrapped(**given):
        async def whole():
            bench = Bench(**given.pop("how", {}))
            try:
                await test(bench, **given)
            finally:
                bench.go.set()
                bench.protocol.connection_lost(None)
                await bench.settle()

        asyncio.run(asyncio.wait_for(whole(), 60))

    wrapped.__name__, wrapped.__doc__ = test.__name__, test.__doc__
    return wrapped


# --- trailers ------------------------------------------------------------------------------------------------------

CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n"


@run
async def test_what_stands_after_the_body_is_no_header(bench):
    """A proxy replaces these names in the head alone; here all of it comes in one piece, before the application looks."""
    await bench.hears(CHUNKED + b"client-cert: :AAAA:\r\nx-forwarded-for: 198.51.100.1\r\n\r\n")
    assert bench.bodies == [b"body"]
    (scope,) = bench.scopes
    assert [name for name, _ in scope["headers"]] == [b"host", b"transfer-encoding"]
    assert caller_certificate(SETTINGS, scope) is None
    assert caller_address(SETTINGS, scope) == "127.0.0.1"
    assert not bench.wire.aborted


@run
async def test_trailers_without_end_are_cut_off(bench):
    line = b"x: " + b"y" * 1_000 + b"\r\n"
    await bench.hears(CHUNKED, *[line * 10] * 20)
    assert bench.wire.aborted


@run
async def test_a_trailer_that_does_not_end_is_cut_off(bench):
    await bench.hears(CHUNKED + b"x: ", *[b"y" * 10_000] * 20)
    assert bench.wire.aborted


@run
async def test_a_body_in_pieces_of_one_byte_is_cut_off(bench):
    await bench.hears(HEAD + b"transfer-encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n" * 2_000] * 20)
    assert bench.wire.aborted


@run
async def test_a_body_in_pieces_as_software_sends_them_is_taken(bench):
    pieces = [b"200\r\n" + b"x" * 512 + b"\r\n"] * 1_000
    await bench.hears(HEAD + b"transfer-encoding: chunked\r\n\r\n", *pieces, b"0\r\n\r\n")
    assert bench.bodies == [b"x" * 512_000]
    assert not bench.wire.closing


# --- heads ---------------------------------------------------------------------------------------------------------


@run
async def test_a_head_that_is_too_long_is_refused_even_when_it_comes_at_once(bench):
    await bench.hears(HEAD + b"x: " + b"y" * MAXIMUM_HEAD + b"\r\ncontent-length: 0\r\n\r\n")
    assert bench.wire.aborted
    assert bench.scopes == []


@run
async def test_a_head_of_very_many_lines_is_refused(bench):
    await bench.hears(HEAD + b"a:b\r\n" * MAXIMUM_HEADERS + b"content-length: 0\r\n\r\n")
    assert bench.wire.aborted
    assert bench.scopes == []


@run
async def test_a_head_of_many_lines_is_taken(bench):
    await bench.hears(HEAD + b"a:b\r\n" * (MAXIMUM_HEADERS - 2) + b"content-length: 0\r\n\r\n")
    assert bench.bodies == [b""]


@pytest.mark.parametrize(
    "lines",
    [
        b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"content-length: 4\r\ncontent-length: 5\r\n\r\nbody!",
        b"content-length: 4, 5\r\n\r\nbody!",
        b"content-length: +4\r\n\r\nbody",
        b"content-length : 4\r\n\r\nbody",
        b"transfer-encoding: chunked, identity\r\n\r\nbody",
        b"transfer-encoding: chunked\r\n\r\n-1\r\n\r\n",
        b"transfer-encoding: chunked\r\n\r\n0x4\r\nbody\r\n0\r\n\r\n",
        b"transfer-encoding: chunked\r\n\r\n4 \nbody\r\n0\r\n\r\n",
        b"x: y\r\n folded\r\ncontent-length: 4\r\n\r\nbody",
        b"x: y\x00z\r\ncontent-length: 4\r\n\r\nbody",
        b"x\x00: y\r\ncontent-length: 4\r\n\r\nbody",
    ],
)
def test_what_two_servers_could_read_in_two_ways_is_read_in_none(lines):
    @run
    async def test(bench):
        await bench.hears(HEAD + lines)
        assert bench.bodies == [], bench.bodies
        assert bench.wire.closing
        assert bench.wire.sent.startswith(b"HTTP/1.1 400")

    test()


# --- pipelining ----------------------------------------------------------------------------------------------------

SMALL = b"GET /x HTTP/1.1\r\nhost: x\r\n\r\n"


def test_some_requests_may_be_sent_before_the_first_is_answered():
    @run
    async def test(bench):
        await bench.hears(SMALL * (1 + IN_LINE))
        assert not bench.wire.closing
        bench.go.set()
        await bench.settle()
        await bench.settle()
        assert bench.wire.sent.count(b"200 OK") == 1 + IN_LINE

    test(how={"answers": False})


def test_more_of_them_are_cut_off_before_they_are_kept():
    @run
    async def test(bench):
        await bench.hears(SMALL * 5_000)
        assert bench.wire.aborted
        assert len(bench.protocol.pipeline) <= IN_LINE

    test(how={"answers": False})


# --- time ----------------------------------------------------------------------------------------------------------


@run
async def test_a_connection_that_was_used_may_stay_open(bench):
    await bench.hears(SMALL)
    bench.pass_by(SETTINGS.maximum_head_seconds * 2)
    assert not bench.wire.closing


@run
async def test_a_head_has_its_time(bench):
    await bench.hears(SMALL, b"GET /x")
    bench.pass_by(SETTINGS.maximum_head_seconds + 1)
    assert bench.wire.aborted


def test_who_does_not_read_the_answer_is_cut_off():
    @run
    async def test(bench):
        await bench.hears(SMALL)
        bench.protocol.pause_writing()
        bench.pass_by(SETTINGS.maximum_body_seconds - 1)
        assert not bench.wire.closing
        bench.pass_by(2)
        assert bench.wire.aborted

    test(how={"answers": False})


def test_who_reads_on_is_waited_for_but_not_for_ever():
    @run
    async def test(bench):
        await bench.hears(SMALL)
        passed = 0.0
        while not bench.wire.aborted:
            bench.protocol.pause_writing()
            bench.pass_by(SETTINGS.maximum_body_seconds / 2)
            passed += SETTINGS.maximum_body_seconds / 2
            if not bench.wire.aborted:
                bench.protocol.resume_writing()
        assert passed == pytest.approx(WHOLE_ANSWER * SETTINGS.maximum_body_seconds, rel=0.1)

    test(how={"answers": False})


@run
async def test_a_last_answer_that_nobody_reads_does_not_hold_its_connection(bench):
    await bench.hears(SMALL.replace(b"host: x", b"host: x\r\nconnection: close"))
    assert bench.wire.closing
    assert not bench.wire.aborted
    bench.pass_by(SETTINGS.maximum_body_seconds + 1)
    assert bench.wire.aborted


# --- who gives way, and what the log tells -------------------------------------------------------------------------


def test_whoever_has_a_request_under_way_does_not_give_way():
    @run
    async def test(bench):
        assert bench.protocol.gives_way
        await bench.hears(b"GET /x HT")
        assert bench.protocol.gives_way
        await bench.hears(b"TP/1.1\r\nhost: x\r\n\r\n")
        assert not bench.protocol.gives_way
        bench.go.set()
        await bench.settle()
        assert bench.protocol.gives_way

    test(how={"answers": False})


@run
async def test_a_body_under_way_does_not_give_way(bench):
    await bench.hears(HEAD + b"content-length: 10\r\n\r\nhalf")
    assert not bench.protocol.gives_way


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01 no HTTP\r\n\r\n", SMALL.replace(b"host: x", b"connection: upgrade\r\nupgrade: h2c")]
)
def test_what_strangers_send_writes_no_line(caplog, sent):
    @run
    async def test(bench):
        with caplog.at_level(logging.INFO):
            await bench.hears(sent)

    test()
    assert caplog.records == []
