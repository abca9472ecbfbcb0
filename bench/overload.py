"""`python -m bench.overload [SHAPE…]`: three times what the server can do, from another process, at a pace that does not wait for answers.

First the peak is measured with 16 clients that wait for their answers, of the mixture and of each kind alone; then the mixture comes at three
times its peak, whatever becomes of what came before, searches from one client and submissions from another. Beside them, at the peak as in the
overload, a few masks and a few break-glass searches a second, and a health probe twenty times a second. All of it in each shape in which care
software is connected (`overload_client.SHAPES`). Printed and judged: the figures of T12, and whether the load generator itself was in time. Status 1 when one does not hold.

**Goodput** is counted in the answers that came within the time that is measured, whenever they were asked for: as at the peak, where every answer
counts. (Of what was asked for in that time the answers of the last second come after it, so that to count those of them that came before
its end leaves out as much of the server's work as a request waits.) It is told in two ways, and both have to hold. *By count*: answers against
answers, of the mixture alone. *By weight*: what the answers would have taken at the peak, a search 1/peak of the searches alone, a submission that
of submissions alone; for a mixture with more of the cheap kind than was asked for could be counted well. What was served of each kind, of its part in the peak, is told beside.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import uvloop

from bench import machine, pools, servers
from bench.__main__ import RESULTS
from bench.elliptic_server import elliptic_server
from bench.messages import certificate_header
from bench.overload_client import SHAPES, Client, Heard, Shape, Stream, closed_loop, open_loop, spread
from bench.overload_requests import Makers
from bench.population import Population, settle
from bench.servers import ONE_CORE, Server
from carnet.config import Settings
from carnet.demo.people import LABORATORY, MEDECIN_TRAITANT, OTHER_GP

TIMES = 3
PEAK_SECONDS, SECONDS = 4.0, 6.0
WARM_UP = 1.0
"""Seconds of the overload before figures are taken: the server has to notice."""
EACH_SECOND = 4
"""Masks, and as many break-glass searches."""
PROBES = 20
"""Health probes a second."""
MASKED = (SECONDS, *[PEAK_SECONDS] * 3)
"""For how many seconds a shape masks documents: in the overload, and at each of its peaks."""
Make = Callable[[int], bytes]
MIXTURE = (2 / 3, 1 / 3)
"""Searches and submissions."""
PEAK_RATE = 450
"""Requests a second of which enough are written before the peak is measured; a faster server reads fewer seconds."""
IN_TIME = 0.05
"""Seconds that the load generator may be late, at the 99th percentile: later, a run tells of the generator and not of the server."""
_LATE = "carnet_loop_late_seconds_bucket{le="
Found = dict[str, dict[str, object]]


def main() -> int:
    """Runs the shapes that are named, or all."""
    RESULTS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-overload-", dir=RESULTS))
    os.sched_setaffinity(0, {int(ONE_CORE.load)})
    try:
        found = run(folder, [SHAPES[name] for name in sys.argv[1:] or SHAPES])
    finally:
        shutil.rmtree(folder)
    (RESULTS / "overload.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))
    return 0 if all(all(one["holds"].values()) for one in found.values()) else 1


def run(folder: Path, shapes: list[Shape]) -> dict[str, Found]:
    """All of it, on a fresh home: a server for each shape."""
    port = servers.free_port()
    population = settle(folder / "home", port)
    with servers.product(population.stage.home, port, ONE_CORE) as product:
        makers = Makers(population, product, [int(EACH_SECOND * seconds) for seconds in MASKED for _ in shapes])
    return {
        shape.name: Overload(folder, population, makers, shape, number).run() for number, shape in enumerate(shapes)
    }


class Overload:
    """One shape: the server as it is installed, its peak, then three times that."""

    def __init__(self, folder: Path, population: Population, makers: Makers, shape: Shape, number: int) -> None:
        self._folder, self._makers, self._shape, self._number = folder, makers, shape, number
        self._home, self._port = population.stage.home, population.stage.settings.port
        callers = [population.stage.callers[one.identifier] for one in (MEDECIN_TRAITANT, OTHER_GP, LABORATORY)]
        self._files = {certificate_header(one.connection_files[0]).encode(): one.connection_files for one in callers}
        self._authorities = str(population.stage.authorities)

    def run(self) -> Found:
        """What was found."""
        tls = self._shape.tls
        with servers.product(
            self._home,
            self._port,
            ONE_CORE,
            surroundings=elliptic_server(self._home) if self._shape.elliptic else {},
            maximum_waiting_seconds=str(Settings().maximum_waiting_seconds),
            tls_enabled=str(tls).lower(),
            declared_proxies="" if tls else "127.0.0.1",
        ) as product:
            return self._measure(product)

    def _measure(self, product: Server) -> Found:
        idle, start = product.peak_mb(), (self._number + 1) * 1_000_000
        self._peak(self._written(self._makers.usual, PEAK_RATE, start + 400_000), WARM_UP)
        requests, beside = (
            self._written(self._makers.usual, int(PEAK_SECONDS * PEAK_RATE), start),
            self._beside(PEAK_SECONDS),
        )
        used = product.cpu_seconds()
        peak = self._peak(requests, PEAK_SECONDS, beside)
        used_for_peak = (product.cpu_seconds() - used) / (peak * PEAK_SECONDS)
        alone = {
            kind: self._peak(
                self._written(make, int(PEAK_SECONDS * PEAK_RATE), start + place),
                PEAK_SECONDS,
                self._beside(PEAK_SECONDS),
            )
            for kind, make, place in self._kinds(100_000)
        }
        self._peak(
            self._written(self._makers.usual, PEAK_RATE, start + 300_000), WARM_UP
        )  # what was learnt of one kind alone is forgotten
        streams, lines, late = self._streams(TIMES * peak, start + 500_000), reads_traced(self._home), self._lateness()
        used, own, client = product.cpu_seconds(), time.process_time(), self._client()
        heard = uvloop.run(open_loop(client, streams))
        used, own = product.cpu_seconds() - used, time.process_time() - own
        late = {bound: count - late.get(bound, 0) for bound, count in self._lateness().items()}
        traced = reads_traced(self._home) - lines
        found = figures(heard, peak, alone, traced)
        each = used / max(1, sum(one.success for one in heard if one.kind in alone))
        found["processor"] = {
            "ms_a_success_at_peak": round(used_for_peak * 1_000, 2),
            "ms_a_success_overloaded": round(each * 1_000, 2),
            "of_peak": round(used_for_peak / each, 3),
            "of_its_core": round(used / SECONDS, 2),
        }
        found["generator"]["of_its_core"] = round(own / SECONDS, 2)
        found["generator"]["resumed"] = client.resumed
        found["loop"] = {f"within_{bound}_s": round(count / max(1, late["+Inf"]), 4) for bound, count in late.items()}
        found["memory"] = {"idle_mb": idle, "peak_mb": product.peak_mb()}
        found["machine"] = machine.describe(self._home.parent)
        after = uvloop.run(self._client().ask("after", self._makers.usual(start + 900_000), time.perf_counter()))
        found["after"] = {"first_answer_seconds": round(after.seconds, 3), "answered": after.success}
        found["holds"]["memory"] = product.peak_mb() <= 2 * idle
        return found

    def _client(self) -> Client:
        return Client(self._port, self._shape, self._files, self._authorities)

    def _peak(self, requests: list[bytes], seconds: float, beside: list[Stream] | None = None) -> float:
        return uvloop.run(closed_loop(self._client(), requests, seconds, beside or []))

    def _kinds(self, apart: int) -> list[tuple[str, Make, int]]:
        """The two kinds of the mixture, each with a place for its numbers."""
        makers = self._makers
        return [("search", makers.search, apart), ("submission", makers.submission, 2 * apart)]

    def _written(self, make: Make, count: int, start: int) -> list[bytes]:
        return written(self._folder, make, count, start)

    def _streams(self, rate: float, start: int) -> list[Stream]:
        usual = zip(self._kinds(100_000), MIXTURE, strict=True)
        return [
            *(
                (kind, self._written(make, int(rate * part * SECONDS), start + place), rate * part)
                for (kind, make, place), part in usual
            ),
            *self._beside(SECONDS),
        ]

    def _beside(self, seconds: float) -> list[Stream]:
        """Masks, emergencies and probes for so long."""
        probe = b"GET /health/live HTTP/1.1\r\nhost: bench\r\n\r\n"
        pressing, makers = int(EACH_SECOND * seconds), self._makers
        return [
            ("health", [probe] * int(PROBES * seconds), PROBES),
            ("mask", [makers.mask() for _ in range(pressing)], EACH_SECOND),
            ("break-glass", [makers.break_glass(number) for number in range(pressing)], EACH_SECOND),
        ]

    def _lateness(self) -> dict[str, int]:
        """How often the server's event loop was late by at most so many seconds, as its own /metrics tell it."""
        text = uvloop.run(self._client().text(b"GET /metrics HTTP/1.1\r\nhost: bench\r\n\r\n"))
        lines = [line.removeprefix(_LATE) for line in text.splitlines() if line.startswith(_LATE)]
        return {bound.strip('"}'): int(float(count)) for bound, count in (line.split(" ")[:2] for line in lines)}


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


def figures(answers: list[Heard], peak: float, alone: dict[str, float], traced: int) -> Found:
    """What T12 asks for. `alone` is the peak of each kind of the mixture by itself.

    Waiting and refusals are judged of what was due after the server had time to notice.
    """
    heard = [one for one in answers if one.due >= WARM_UP]
    usual = [one for one in heard if one.kind in alone]
    good, refused = [one for one in usual if one.success], [one for one in usual if one.status == 503]
    came = [one for one in answers if one.success and WARM_UP <= one.due + one.seconds <= SECONDS]
    in_time = [one for one in came if one.kind in alone]
    answered = len(in_time) / (SECONDS - WARM_UP)
    goodput = sum(1 / alone[one.kind] for one in in_time) / (SECONDS - WARM_UP)
    late = spread([one.late for one in heard])
    took, told = [one.seconds for one in good], [one.seconds for one in refused]
    alive = [one.seconds for one in heard if one.kind == "health"]
    urgent = {kind: [one for one in heard if one.kind == kind] for kind in ("mask", "break-glass")}
    reads = sum(one.success for one in answers if one.kind in {*alone, "break-glass"})
    return {
        "load": {
            "peak_per_second": round(peak),
            **{f"peak_{kind}": round(rate) for kind, rate in alone.items()},
            "offered_per_second": round(TIMES * peak),
            "asked": len(usual),
        },
        "accepted": {
            "per_second": round(answered),
            "counted_of_peak": round(answered / peak, 3),
            "of_peak": round(goodput, 3),
            **{kind: sum(one.kind == kind for one in in_time) for kind in alone},
            **{
                f"{kind}_of_its_part": round(
                    sum(one.kind == kind for one in in_time) / (SECONDS - WARM_UP) / peak / part, 3
                )
                for kind, part in zip(alone, MIXTURE, strict=True)
            },
            **spread(took),
        },
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
        "generator": {**{f"late_{name}": value for name, value in late.items()}, **connecting(heard)},
        "holds": {
            "goodput": min(goodput, answered / peak) >= 0.8,
            "accepted": spread(took)["p99_ms"] <= 2_000,
            "refused": spread(told)["p99_ms"] <= 100 and all(one.retry_after for one in refused),
            "nothing else": len(good) + len(refused) == len(usual),
            "health": spread(alive)["p99_ms"] <= 1_000,
            "urgent": all(one.success for all_ in urgent.values() for one in all_),
            "trace": traced >= reads,
            "generator": late["p99_ms"] <= IN_TIME * 1_000,
        },
    }


def connecting(heard: list[Heard]) -> dict[str, float]:
    """How long new connections took; nothing where they were kept."""
    times = [one.connecting for one in heard if one.connecting]
    return {f"connecting_{name}": value for name, value in spread(times).items()} if times else {}


def reads_traced(home: Path) -> int:
    """How many lines the trace has."""
    return servers.trace_lines(home)[0]


if __name__ == "__main__":
    sys.exit(main())
