"""Refusing at the connection: the same answer as in turn, to the same requests, and to no mask and no emergency."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest
import uvicorn
from uvicorn.server import ServerState

from carnet.demo.people import MEDECIN_TRAITANT
from carnet.server.admission import Admission
from carnet.server.peers import MutualTlsProtocol
from carnet.server.turning_away import TurningAway
from carnet.server.urgency import LOOKED_AT
from carnet.server.waiting_room import Waiter

SEARCH = "application/soap+xml; charset=UTF-8"
RETRIEVAL = 'multipart/related; type="application/xop+xml"; start-info="application/soap+xml"; action="urn:ihe:iti:2007:RetrieveDocumentSet"'
MASK = 'application/soap+xml; action="urn:ihe:iti:2010:UpdateDocumentSet"'
REGISTRY = "/si-dmp-server/v2/services/registry"
FRESH = re.compile(rb"urn:uuid:[0-9a-f-]{36}|[0-9a-f]{32}")


class Wire(asyncio.Transport):
    """The server's end of a connection of a caller with a certificate."""

    def __init__(self, certificate):
        super().__init__()
        self.sent, self.closing, self.certificate = b"", False, certificate

    def get_extra_info(self, name, default=None):
        peer = {"peername": ("192.0.2.1", 4711), "sockname": ("127.0.0.1", 8443)}
        return self if name == "ssl_object" and self.certificate else peer.get(name, default)

    def getpeercert(self, *, binary_form):
        return self.certificate

    def write(self, data):
        self.sent += data

    def is_closing(self):
        return self.closing

    def close(self):
        self.closing = True

    def abort(self):
        self.closing = True

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass


class House:
    """One worker with a full waiting room, and connections to it."""

    def __init__(self, served):
        self.app, self.state = served.app, served.app.state
        self.certificate = served.certificate(MEDECIN_TRAITANT)
        self.begun = []
        self.away, self.settings = self.state.away, served.platform.settings

    async def application(self, scope, receive, send):
        self.begun.append(scope["path"])
        await self.app(scope, receive, send)

    def crowd(self):
        self.somebody = Waiter(
            b"somebody",
            claimed=False,
            urgent=False,
            until=1e18,
            turn=asyncio.get_running_loop().create_future(),
            gone=bool,
        )
        self.state.admission.room.add(self.somebody)
        self.state.admission._granting = True  # nobody's turn comes up

    def leave(self):
        self.state.admission.room.remove(self.somebody)
        self.state.admission._granting = False

    def connection(self, *, certified=True):
        configuration = uvicorn.Config(
            self.application, interface="asgi3", lifespan="off", log_config=None, ws="none", server_header=False
        )
        configuration.load()
        protocol = MutualTlsProtocol(
            config=configuration,
            server_state=ServerState(),
            app_state={},
            settings=self.settings,
            away=self.away,
        )
        protocol.connection_made(Wire(self.certificate if certified else None))
        return protocol

    async def answer(self, protocol, *pieces):
        wire, already = protocol.transport, len(protocol.transport.sent)
        for piece in pieces:
            protocol.data_received(piece)
        await until(lambda: is_whole(wire.sent[already:]))
        return wire.sent[already:]


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - a transport has no event
            await asyncio.sleep(0.001)


def is_whole(answer):
    head, end, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    return bool(end and length) and len(body) >= int(length[1])


def request(body=b"<x/>", kind=SEARCH, path=REGISTRY, method="POST", extra=""):
    length = "" if "chunked" in extra else f"content-length: {len(body)}\r\n"
    return f"{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\n{length}{extra}\r\n".encode() + body


def measured(house, kind="unknown"):
    found = house.state.operation.requests.labels(kind, "error")._value.get()
    return found, house.state.operation.shed.labels("ordinary", "full")._value.get()


@pytest.fixture
def house(serve):
    return House(serve(maximum_waiting_requests=1))


def live(house, work, *, crowded=True):
    async def whole():
        if crowded:
            house.crowd()
        return await work()

    return asyncio.run(whole())


@pytest.mark.parametrize(
    ("kind", "name", "path"),
    [(SEARCH, "unknown", REGISTRY), (RETRIEVAL, "iti43", REGISTRY.replace("registry", "repository"))],
)
def test_a_refusal_at_the_connection_is_that_of_the_endpoint(house, kind, name, path):
    async def both():
        before = measured(house, name)
        here = await house.answer(house.connection(), request(kind=kind, path=path))
        between = measured(house, name)
        house.away = None
        there = await house.answer(house.connection(), request(kind=kind, path=path))
        return here, there, before, between, measured(house, name)

    here, there, before, between, after = live(house, both)
    assert len(house.begun) == 1, "the first was begun, or the second was not"
    assert here.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert cleaned(here) == cleaned(there)
    assert set(FRESH.findall(here)).isdisjoint(FRESH.findall(there))
    assert [one + 1 for one in before] == list(between)
    assert [one + 1 for one in between] == list(after)


def cleaned(answer):
    """Without what differs between two answers of one kind."""
    return FRESH.sub(b"-", re.sub(rb"\r\n(date|retry-after): [^\r]*", b"", answer))


def test_each_refusal_has_an_identifier_of_its_own_and_the_connection_is_kept(house):
    async def three():
        protocol = house.connection()
        found = [await house.answer(protocol, request()) for _ in range(3)]
        assert protocol.idle
        assert not protocol.transport.closing
        return found

    found = live(house, three)
    assert len({FRESH.search(one)[0] for one in found}) == 3
    assert all(int(re.search(rb"retry-after: (\d+)", one)[1]) >= 1 for one in found)
    assert house.begun == []


@pytest.mark.parametrize(
    ("body", "kind", "path"),
    [
        (b"<x/>", MASK, REGISTRY),
        (b"x" * 100 + b"bris_de_glace", SEARCH, REGISTRY),
        (b"x" * (LOOKED_AT - 9) + b"centre_15", SEARCH, REGISTRY),
        (b"<rim:SubmitObjectsRequest/>", SEARCH, REGISTRY),
        (b"<setAuthorization/>", SEARCH, REGISTRY.replace("registry", "habilitations")),
    ],
)
def test_what_must_not_wait_is_begun_with_its_whole_body(house, body, kind, path):
    async def in_pieces():
        whole = request(body, kind, path)
        cut = len(whole) - len(body) + 2
        answering = asyncio.ensure_future(house.answer(house.connection(), whole[:cut], whole[cut:]))
        await until(lambda: house.begun)
        house.leave()
        house.state.admission._stir()
        return await answering

    answer = live(house, in_pieces)
    assert b"503" not in answer.split(b"\r\n")[0], "it was refused with the reads"
    assert house.begun == [path]


class LooksAtNothing(TurningAway):
    """Refuses by the head alone."""

    def refusal(self, held, body):
        return super().refusal(held, b"")


def test_control_a_refusal_by_the_head_alone_would_refuse_an_emergency(house):
    away = house.away
    house.away = LooksAtNothing(house.settings, away._services.values(), away._admission, away._operation, away._door)

    async def one():
        return await house.answer(house.connection(), request(b"bris_de_glace"))

    assert b"503" in live(house, one).split(b"\r\n")[0]
    assert house.begun == []


def test_whoever_shows_no_certificate_is_refused_whatever_he_says(house):
    async def one():
        return await house.answer(house.connection(certified=False), request(b"bris_de_glace"))

    assert b"503" in live(house, one).split(b"\r\n")[0]
    assert house.begun == []


def test_one_that_can_be_let_in_when_its_end_has_come_is_begun(house):
    async def one():
        protocol = house.connection()
        whole = request(b"<not a message/>")
        protocol.data_received(whole[:-5])
        assert house.begun == []
        house.leave()
        return await house.answer(protocol, whole[-5:])

    assert b"HTTP/1.1 500" in live(house, one)
    assert house.begun == [REGISTRY]


def test_what_came_of_a_body_counts_until_it_is_answered_or_its_peer_hangs_up(house):
    bodies = house.state.admission.bodies

    async def pieces():
        whole, other = house.connection(), house.connection()
        sent = request(b"x" * 1000)
        for protocol in (whole, other):
            protocol.data_received(sent[:-400])
        held = bodies.held
        await house.answer(whole, sent[-400:])
        after = bodies.held
        other.connection_lost(None)
        return held, after, bodies.held

    assert live(house, pieces) == (1200, 600, 0)
    assert house.begun == []


def test_where_bodies_have_no_room_the_endpoint_says_so(house):
    house.state.admission.bodies.limit = 100

    async def one():
        return await house.answer(house.connection(), request(b"x" * 1000))

    assert b"503" in live(house, one).split(b"\r\n")[0]
    assert house.begun == [REGISTRY]


def test_a_body_that_others_have_left_no_room_for_meanwhile_is_not_kept(house):
    bodies = house.state.admission.bodies

    async def one():
        protocol = house.connection()
        whole = request(b"x" * 1000)
        protocol.data_received(whole[:-400])
        bodies.limit = 700
        protocol.data_received(whole[-400:-200])
        assert bodies.held <= 700
        answer = await house.answer(protocol, whole[-200:])
        return answer, bodies.held

    answer, held = live(house, one)
    assert b"503" in answer.split(b"\r\n")[0]
    assert held == 0
    assert house.begun == [REGISTRY]


@pytest.mark.parametrize(
    "how",
    [
        {"method": "PUT"},
        {"path": REGISTRY + "?x=1"},
        {"path": "/health/live"},
        {"extra": "connection: close\r\n"},
        {"extra": "content-encoding: gzip\r\n"},
        {"extra": "transfer-encoding: chunked\r\n", "body": b"3\r\nabc\r\n0\r\n\r\n"},
        {"extra": "client-cert: :AAAA:\r\n"},
        {"body": b"x" * (256 * 1024 + 1)},
    ],
)
def test_whatever_is_no_ordinary_small_request_is_left_to_the_endpoint(house, how):
    async def one():
        return await house.answer(house.connection(), request(**how))

    assert live(house, one)
    assert len(house.begun) == 1


HEARD, PLACES = 8, 3
"""Requests that come in one round of the loop, and those of them that may wait."""


def heard_in_one_round(house):
    """How many are refused at the connection, how many are begun, and how many of these are refused after all."""
    house.state.admission.places = PLACES + 1  # somebody is in line already

    async def all_of_them():
        connections = [house.connection() for _ in range(HEARD)]
        for protocol in connections:
            protocol.data_received(request())
        refused = sum(is_whole(protocol.transport.sent) for protocol in connections)
        await until(lambda: len(house.begun) + refused == HEARD)
        for _ in range(5):
            await asyncio.sleep(0)
        after_all = sum(is_whole(protocol.transport.sent) for protocol in connections) - refused
        house.leave()
        house.state.admission.refuse_all()
        await until(lambda: all(is_whole(protocol.transport.sent) for protocol in connections))
        return refused, len(house.begun), after_all

    return live(house, all_of_them)


def test_those_heard_in_one_round_are_counted_before_they_are_in_line(house):
    assert heard_in_one_round(house) == (HEARD - PLACES, PLACES, 0)


class SeesNobodyComing(Admission):
    """Counts only who is in line."""

    def comes(self, client):
        pass


def test_control_else_they_are_all_begun_and_most_refused_after_that(house):
    house.state.admission.__class__ = SeesNobodyComing
    assert heard_in_one_round(house) == (0, HEARD, HEARD - PLACES)


def test_nothing_is_held_where_nobody_waits_or_the_worker_stops(house):
    async def one():
        return await house.answer(house.connection(), request())

    assert b"HTTP/1.1 500" in live(house, one, crowded=False)
    house.state.operation.stopping = True
    assert b"connection: close" in live(house, one)
    assert len(house.begun) == 2


def test_one_that_is_heard_while_the_worker_begins_to_stop_is_answered(house):
    async def one():
        protocol = house.connection()
        whole = request(b"x" * 1000)
        protocol.data_received(whole[:-5])
        protocol.shutdown()
        assert not protocol.transport.closing
        return await house.answer(protocol, whole[-5:])

    assert b"connection: close" in live(house, one)
    assert house.begun == [REGISTRY]


def test_a_request_sent_behind_one_in_progress_waits_for_its_answer(house):
    async def two():
        protocol = house.connection()
        house.leave()
        protocol.data_received(request(b"<x/>"))
        house.crowd()
        protocol.data_received(request(b"<y/>"))
        house.leave()
        await until(lambda: protocol.transport.sent.count(b"HTTP/1.1 ") == 2)

    live(house, two)
    assert house.begun == [REGISTRY] * 2


def test_the_same_is_refused_as_by_admission_itself(house):
    admission = house.state.admission

    async def look():
        return admission.would_refuse(b"x"), admission._stopped

    assert live(house, look) == (True, False)
    full = Admission(replace(house.settings, maximum_waiting_requests=1))
    assert not full.would_refuse(b"x")
    full.refuse_all()
    assert not full.would_refuse(b"x")
