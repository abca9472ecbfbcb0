"""`python -m bench.overload`: three times what the server can do, from another process, at a pace that does not wait for answers.

First the peak is measured with 16 clients that wait for their answers; then requests come at three times that rate, whatever becomes of those
before, searches from one client and submissions from another. Beside them, a few masks and a few break-glass searches a second, and a health
probe twenty times a second. Printed and judged: the figures of T12. Status 1 when one does not hold.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from bench import machine, messages, pools, servers
from bench.__main__ import RESULTS
from bench.messages import Sender, Template
from bench.population import Population, person, settle, small_document
from bench.servers import ONE_CORE, Server
from bench.stock import put
from carnet.client.exchange_service import ExchangeService
from carnet.client.feeding import mask_update
from carnet.clock import system_clock
from carnet.demo.people import LABORATORY, MEDECIN_TRAITANT, OTHER_GP
from carnet.document_query import ReturnType
from carnet.metadata import MASQUE_PS, PatientIdentifier
from carnet.requester import AccessMode
from carnet.soap.answer_parse import query_answer
from carnet.soap.envelope import parse
from carnet.soap.messages import update_request

TIMES = 3
PEAK_SECONDS, SECONDS = 4.0, 6.0
WARM_UP = 1.0
"""Seconds of the overload before figures are taken: the server has to notice."""
EACH_SECOND = 4
"""Masks, and as many break-glass searches."""
PROBES = 20
"""Health probes a second."""
Make = Callable[[int], bytes]


@dataclass(slots=True)
class Heard:
    """One answer: when its request was due, how long after that it came, and what it was."""

    kind: str
    due: float
    seconds: float
    status: int
    retry_after: bool = False
    success: bool = False


@dataclass(slots=True)
class Client:
    """Connections to one server, kept and used again."""

    port: int
    heard: list[Heard] = field(default_factory=list)
    _free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def ask(self, kind: str, request: bytes, due: float) -> Heard:
        """Sends one request on a connection that is free, or a new one."""
        reader, writer = self._free.pop() if self._free else await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        self._free.append((reader, writer))
        found = Heard(kind, due, time.perf_counter() - due, int(head.split()[1]))
        found.retry_after, found.success = b"retry-after" in head, b"ResponseStatusType:Success" in body
        self.heard.append(found)
        return found


def main() -> int:
    """Runs it."""
    RESULTS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="overload-", dir=RESULTS))
    try:
        found = run(folder)
    finally:
        shutil.rmtree(folder)
    (RESULTS / "overload.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))
    return 0 if all(found["holds"].values()) else 1


def run(folder: Path) -> dict[str, dict[str, object]]:
    """All of it, on a fresh home."""
    port = servers.free_port()
    population = settle(folder / "home", port)
    home = population.stage.home
    with servers.product(home, port, ONE_CORE) as product:
        makers = Makers(population, product)
        idle = resident(product)
        requests = written(folder, makers.usual, int(PEAK_SECONDS * 900), 0)
        used = product.cpu_seconds()
        peak = uvloop.run(closed_loop(port, requests, PEAK_SECONDS))
        used_for_peak = (product.cpu_seconds() - used) / (peak * PEAK_SECONDS)
        lines = reads_traced(home)
        rate = TIMES * peak
        usual = written(folder, makers.usual, int(rate * SECONDS), 1_000_000)
        pressing = {
            kind: written(folder, make, int(EACH_SECOND * SECONDS), 0)
            for kind, make in (("mask", makers.mask), ("break-glass", makers.break_glass))
        }
        used = product.cpu_seconds()
        heard = uvloop.run(open_loop(port, usual, pressing, rate))
        used = product.cpu_seconds() - used
        traced = reads_traced(home) - lines
        peak_memory, seconds_left = product.peak_mb(), uvloop.run(recovery(port, makers.usual(2_000_000)))
    found = figures([one for one in heard if one.due >= WARM_UP], peak, traced)
    each = used / max(1, sum(one.success for one in heard))
    found["processor"] = {
        "ms_a_success_at_peak": round(used_for_peak * 1_000, 2),
        "ms_a_success_overloaded": round(each * 1_000, 2),
        "of_peak": round(used_for_peak / each, 3),
        "of_its_core": round(used / SECONDS, 2),
    }
    found["memory"] = {"idle_mb": idle, "peak_mb": peak_memory}
    found["machine"] = machine.describe(home.parent)
    found["after"] = {"first_answer_seconds": round(seconds_left, 3)}
    found["holds"]["memory"] = peak_memory <= 2 * idle
    return found


class Makers:
    """Requests of each kind, every one with an assertion of its own."""

    def __init__(self, population: Population, server: Server) -> None:
        stage = population.stage
        self._address = f"http://127.0.0.1:{stage.settings.port}"
        self._doctor, self._stranger, self._laboratory = (
            Sender(stage.callers[one.identifier], self._address) for one in (MEDECIN_TRAITANT, OTHER_GP, LABORATORY)
        )
        self._readers, self._writers = population.readers, population.writers
        self._template = Template(small_document(person(0)))
        masked = population.readers[0]
        put(server, self._laboratory, self._template, masked, int(EACH_SECOND * SECONDS))
        for reader in population.readers[1:]:
            put(server, self._laboratory, self._template, reader, 20)
        answer = server.exchange(messages.search(self._doctor, masked, ReturnType.LEAF_CLASS))
        self._to_mask = query_answer(parse(answer, addressing=False)).entries

    def usual(self, number: int) -> bytes:
        """Two searches, then a submission."""
        if number % 3:
            return messages.search(self._doctor, self._readers[number % len(self._readers)], ReturnType.LEAF_CLASS)
        one = self._template.edition(self._writers[number % len(self._writers)])
        return messages.submission(self._laboratory, [one], signed=True)

    def mask(self, number: int) -> bytes:
        """One document masked."""
        entry = self._to_mask[number]
        update = mask_update(entry, [MASQUE_PS], self._doctor.caller, system_clock())
        return self._doctor.post("iti57", entry.patient_id, update_request(update))

    def break_glass(self, number: int) -> bytes:
        """A search by a doctor who has no right to it."""
        emergency = Emergency(self._stranger.caller, self._address)
        return messages.search(emergency, self._writers[number % len(self._writers)], ReturnType.OBJECT_REF)


class Emergency(Sender):
    """A caller who breaks the glass."""

    def post(
        self,
        transaction: str,
        patient: PatientIdentifier,
        body: bytes,
        parts: list[tuple[str, str, bytes]] | None = None,
    ) -> bytes:
        """A complete HTTP request with the mode and its reason; the head is that of an ordinary one."""
        service = ExchangeService(
            self.address, self.caller, "", purpose=AccessMode.BRIS_DE_GLACE, reason="Patient inconscient aux urgences"
        )
        content_type, content = service.request(transaction, patient, body, parts or ())
        lines = super().post(transaction, patient, body, parts).partition(b"\r\n\r\n")[0].split(b"\r\n")
        kept = [one for one in lines if not one.lower().startswith((b"content-type", b"content-length"))]
        kept += [f"Content-Type: {content_type}".encode(), b"Content-Length: %d" % len(content)]
        return b"\r\n".join(kept) + b"\r\n\r\n" + content


def written(folder: Path, make: Make, count: int, start: int) -> list[bytes]:
    """So many requests, written by all cores."""
    parts = 8
    files = [(folder / f"requests-{uuid.uuid4().hex}", count // parts + 1) for _ in range(parts)]
    if count < 100:
        return [make(start + number) for number in range(count)]
    pools.fill(make, files, start=start)
    found = [one for path, _ in files for one in read_requests(path)]
    for path, _ in files:
        path.unlink()
    return found


def read_requests(path: Path) -> Iterator[bytes]:
    """What `load.write_requests` wrote."""
    with path.open("rb") as file:
        while line := file.readline():
            yield file.read(int(line))


async def closed_loop(port: int, requests: list[bytes], seconds: float) -> float:
    """Successes a second of 16 clients who wait for their answers."""
    client, began = Client(port), time.perf_counter()
    left = iter(requests)

    async def one() -> None:
        for request in left:
            now = time.perf_counter()
            if now - began > seconds:
                return
            await client.ask("usual", request, now)

    await asyncio.gather(*(one() for _ in range(16)))
    return sum(one.success for one in client.heard) / (time.perf_counter() - began)


async def open_loop(port: int, usual: list[bytes], pressing: dict[str, list[bytes]], rate: float) -> list[Heard]:
    """Everything at its own pace, whatever becomes of it."""
    client = Client(port)
    probe = b"GET /health/live HTTP/1.1\r\nhost: bench\r\n\r\n"
    streams: list[tuple[str, list[bytes], float]] = [
        ("usual", usual, rate),
        ("health", [probe] * int(PROBES * SECONDS), PROBES),
        *((kind, requests, EACH_SECOND) for kind, requests in pressing.items()),
    ]
    began = time.perf_counter() + 0.1
    await asyncio.gather(*(_paced(client.ask, kind, requests, began, pace) for kind, requests, pace in streams))
    for one in client.heard:
        one.due -= began
    return client.heard


async def _paced(
    ask: Callable[[str, bytes, float], Awaitable[Heard]], kind: str, requests: list[bytes], began: float, pace: float
) -> None:
    under_way = []
    for number, request in enumerate(requests):
        due = began + number / pace
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        under_way.append(asyncio.ensure_future(ask(kind, request, due)))
    await asyncio.gather(*under_way)


async def recovery(port: int, request: bytes) -> float:
    """How long one request takes once the load is over."""
    return (await Client(port).ask("after", request, time.perf_counter())).seconds


def figures(heard: list[Heard], peak: float, traced: int) -> dict[str, dict[str, object]]:
    """What T12 asks for."""
    usual = [one for one in heard if one.kind == "usual"]
    good, refused = [one for one in usual if one.success], [one for one in usual if one.status == 503]
    goodput = sum(one.success for one in heard) / (SECONDS - WARM_UP)
    took, told = [one.seconds for one in good], [one.seconds for one in refused]
    alive = [one.seconds for one in heard if one.kind == "health"]
    urgent = {kind: [one for one in heard if one.kind == kind] for kind in ("mask", "break-glass")}
    reads = sum(one.success for one in heard if one.kind in {"usual", "break-glass"})
    return {
        "load": {"peak_per_second": round(peak), "offered_per_second": round(TIMES * peak), "asked": len(usual)},
        "accepted": {"per_second": round(goodput), "of_peak": round(goodput / peak, 3), **spread(took)},
        "refused": {"count": len(refused), "other": len(usual) - len(good) - len(refused), **spread(told)},
        "health": {"count": len(alive), **spread(alive)},
        **{
            kind: {
                "asked": len(all_),
                "done": sum(one.success for one in all_),
                **spread([one.seconds for one in all_]),
            }
            for kind, all_ in urgent.items()
        },
        "trace": {"lines": traced, "reads_and_submissions_answered": reads},
        "holds": {
            "goodput": goodput >= 0.8 * peak,
            "accepted": spread(took)["p99_ms"] <= 2_000,
            "refused": spread(told)["p99_ms"] <= 100 and all(one.retry_after for one in refused),
            "nothing else": len(good) + len(refused) == len(usual),
            "health": spread(alive)["p99_ms"] <= 1_000,
            "urgent": all(one.success for all_ in urgent.values() for one in all_),
            "trace": traced >= reads,
        },
    }


def spread(seconds: list[float]) -> dict[str, float]:
    """Median, 99th percentile and longest, in milliseconds."""
    ordered = sorted(seconds) or [0.0]
    last = len(ordered) - 1
    named = {"p50_ms": last // 2, "p99_ms": round(last * 0.99), "longest_ms": last}
    return {name: round(ordered[place] * 1_000, 1) for name, place in named.items()}


def resident(server: Server) -> int:
    """The most memory that the server held so far, in MB."""
    return server.peak_mb()


def reads_traced(home: Path) -> int:
    """How many lines the trace has."""
    return servers.trace_lines(home)[0]


if __name__ == "__main__":
    sys.exit(main())
