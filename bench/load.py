"""Running wrk with `load.lua`, and reading what it printed."""

from __future__ import annotations

import json
import math
import resource
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

SCRIPT = Path(__file__).with_name("load.lua")
DRAIN = 0.4
"""Seconds after the last request in which the answers still under way must come, unless told otherwise."""


class LoadFailed(Exception):
    """A run whose figures mean nothing; the message says why."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run: `seconds` from the first request to the last answer, `per_second` what was answered; latencies in milliseconds."""

    clients: int
    sent: int
    seconds: float
    per_second: float
    p50_ms: float
    p99_ms: float
    load_cpu: float = 0.0
    """Share of one core that the load generator used: near 1, it and not the server was measured."""


def write_request(out: IO[bytes], request: bytes) -> None:
    """Appends one request to a file that `load.lua` reads."""
    out.write(b"%d\n" % len(request))
    out.write(request)


def write_requests(path: Path, requests: Iterable[bytes]) -> Path:
    """A file of requests."""
    with path.open("wb") as out:
        for request in requests:
            write_request(out, request)
    return path


def run(
    address: str,
    requests: Path,
    *,
    clients: int,
    seconds: float,
    once: bool,
    drain: float = DRAIN,
    core: str = "1",
    closes_idle: bool = False,
) -> Run:
    """Sends the requests of a file over `clients` connections, each once, or again and again. Raises LoadFailed.

    A server that `closes_idle` connections may do so after the last answer.
    """
    duration = math.ceil(seconds + drain)
    arguments = ["-t1", f"-c{clients}", f"-d{duration}s", "--timeout", "60s", "-s", str(SCRIPT), address, "--"]
    command = ["taskset", "-c", core, "wrk", *arguments, str(requests), str(seconds), "once" if once else "cycle"]
    before = _children_cpu()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LoadFailed(f"wrk ended with status {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    found = figures(done.stdout, clients, closes_idle=closes_idle)
    return replace(found, load_cpu=round((_children_cpu() - before) / found.seconds, 3))


def _children_cpu() -> float:
    """Processor seconds of the processes that ended under this one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def figures(output: str, clients: int, *, closes_idle: bool = False) -> Run:
    """What `load.lua` printed, as a Run. Raises LoadFailed when a request was refused, cut off or never answered."""
    found: dict[str, Any] = next(
        (json.loads(line.removeprefix("bench ")) for line in output.splitlines() if line.startswith("bench ")), {}
    )
    if not found:
        raise LoadFailed("wrk printed no figures.")
    if found["refused"] or (found["broken"] and not closes_idle):
        raise LoadFailed(f"{found['refused']} answers were not 200, {found['broken']} connections broke.")
    if not found["ended"] or found["answered"] < found["sent"]:
        raise LoadFailed(f"Of {found['sent']} requests {found['answered']} were answered in time.")
    seconds = found["ended"] - found["began"]
    rate = found["sent"] / seconds
    return Run(clients, found["sent"], seconds, rate, found["p50_us"] / 1000, found["p99_us"] / 1000)
