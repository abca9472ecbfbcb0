"""Requests are sent when they are due, each counted from then, whether or not those before were answered."""

import asyncio
import random

import pytest

from bench.hour import PROPORTION, capacity
from bench.load import write_requests
from bench.open_loop import length_of, moments, requests_of, run

SLOW, MANY = 0.6, 100


def test_the_length_of_an_answer_is_read_from_its_head():
    assert length_of(b"HTTP/1.1 200 OK\r\ncontent-length: 42\r\n\r\n") == 42
    assert length_of(b"HTTP/1.1 204 No Content\r\n\r\n") == 0


def test_moments_lie_within_the_time_and_are_the_same_for_the_same_chance():
    found = moments(500, 10.0, random.Random(4))
    assert found == sorted(found) == moments(500, 10.0, random.Random(4))
    assert 0 <= found[0] < 1
    assert 9 < found[-1] <= 10


def test_requests_are_read_as_they_were_written(tmp_path):
    sent = [b"POST / HTTP/1.1\r\n\r\n\n12\n", b"", b"x" * 1_000]
    assert requests_of(write_requests(tmp_path / "file", sent)) == sent


def test_the_capacity_of_a_mixture_is_that_of_its_parts_one_after_the_other():
    assert capacity(dict.fromkeys(PROPORTION, 100.0)) == pytest.approx(100.0)
    assert capacity({"submit_signed": 60.0, "query": 100.0, "retrieve": 100.0}) == pytest.approx(2_600 / 30)


def sent_to(answer, tmp_path, count):
    """What sending so many requests, all due within a tenth of a second, tells of a server that waits before its answer."""

    serving = []

    async def serve(reader, writer):
        serving.append(asyncio.current_task())
        while await reader.readline():
            await reader.readuntil(b"\r\n")
            await asyncio.sleep(SLOW)
            writer.write(answer)
        writer.close()
        await writer.wait_closed()

    async def whole():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        file = write_requests(tmp_path / "requests", [b"GET / HTTP/1.1\r\n\r\n"] * count)
        port = server.sockets[0].getsockname()[1]
        streams = [{"name": "some", "file": str(file)}]
        try:
            return await run({"host": "127.0.0.1", "port": port, "seconds": 0.1, "seed": 1, "streams": streams})
        finally:
            server.close()
            await asyncio.gather(*serving, return_exceptions=True)

    return asyncio.run(whole())


def test_no_request_waits_for_the_answer_of_another(tmp_path):
    found = sent_to(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", tmp_path, MANY)
    assert len(found["latencies"]["some"]) == MANY
    assert min(found["latencies"]["some"]) >= SLOW * 1_000
    assert found["seconds"] < MANY * SLOW  # one after the other they would take this minute
    assert found["failures"] == {}


def test_an_answer_that_is_no_success_is_a_failure_and_no_latency(tmp_path):
    found = sent_to(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", tmp_path, 3)
    assert (found["latencies"], found["failures"]) == ({}, {"503": 3})
