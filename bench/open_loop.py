"""`python -m bench.open_loop PLAN`: sends each request at its own moment, whether or not those before it were answered.

PLAN is a JSON file: address, seconds, seed, and for each stream its name, its file of requests and how many of them. Requests of a stream come
at random, evenly over the time, as those of many people do. A latency counts from the moment at which the request was due, so that waiting
in a client that is behind is waiting too. Prints JSON: latencies in milliseconds by stream, and what was not answered with 200.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

_BUFFER = 4 * 1024 * 1024
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(slots=True)
class Sending:
    """One run: connections are kept and used again, as many as are needed at once."""

    host: str
    port: int
    latencies: dict[str, list[float]] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    _idle: list[Connection] = field(default_factory=list)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def send(self, name: str, request: bytes, due: float) -> None:
        """Sends one request at its moment (of the loop's clock) and notes how long the answer took from then."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, due - loop.time()))
        try:
            status = await self._exchange(request)
        except (OSError, asyncio.IncompleteReadError) as error:
            self.failures[type(error).__name__] += 1
            return
        if status != 200:
            self.failures[str(status)] += 1
            return
        self.latencies.setdefault(name, []).append((loop.time() - due) * 1_000)

    async def close(self) -> None:
        """Closes every connection."""
        for writer in self._open:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in self._open), return_exceptions=True)

    async def _exchange(self, request: bytes) -> int:
        if self._idle:
            connection = self._idle.pop()
        else:
            connection = await asyncio.open_connection(self.host, self.port, limit=_BUFFER)
        reader, writer = connection
        self._open.add(writer)
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(length_of(head))
        self._idle.append(connection)
        return int(head.split(b" ", 2)[1])


def length_of(head: bytes) -> int:
    """The Content-Length of an answer's head."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


def moments(count: int, seconds: float, chance: random.Random) -> list[float]:
    """When the requests of a stream are due, in seconds from the start."""
    return sorted(chance.uniform(0.0, seconds) for _ in range(count))


def requests_of(path: Path) -> list[bytes]:
    """The requests of a file that `load.write_requests` wrote."""
    found, content, at = [], path.read_bytes(), 0
    while at < len(content):
        end = content.index(b"\n", at)
        length = int(content[at:end])
        found.append(content[end + 1 : end + 1 + length])
        at = end + 1 + length
    return found


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    """Sends everything and waits for every answer."""
    sending, chance = Sending(plan["host"], plan["port"]), random.Random(plan["seed"])
    streams = [(one["name"], requests_of(Path(one["file"]))) for one in plan["streams"]]
    start = asyncio.get_running_loop().time() + 0.2
    began = time.process_time()
    async with asyncio.TaskGroup() as group:
        for name, requests in streams:
            for request, due in zip(requests, moments(len(requests), plan["seconds"], chance), strict=True):
                group.create_task(sending.send(name, request, start + due))
    seconds = asyncio.get_running_loop().time() - start
    await sending.close()
    return {
        "seconds": seconds,
        "latencies": sending.latencies,
        "failures": dict(sending.failures),
        "load_cpu": (time.process_time() - began) / seconds,
    }


def main() -> None:
    """Runs the plan of the first argument; what was measured is in the file that it names: a pipe took 128 KB of it and no more."""
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Path(plan["measured"]).write_text(json.dumps(uvloop.run(run(plan))), encoding="utf-8")


if __name__ == "__main__":
    main()
