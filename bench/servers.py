"""The two servers, product and floor, each on its cores; what the system says of them."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cores:
    """Where the servers run and how many processes each has. With two cores both servers have two, and the load shares them."""

    servers: str = "0"
    load: str = "1"
    processes: int = 1

    @property
    def layout(self) -> str:
        """In words, for the table."""
        if self.processes == 1:
            return f"Server on core {self.servers}, load on core {self.load}"
        return f"{self.processes} server processes and the load share cores {self.servers}"


ONE_CORE = Cores()
TWO_CORES = Cores("0,1", "0,1", 2)
START_WITHIN = 30.0
NOTHING: Mapping[str, str] = {}
_COUNTED = re.compile(r'carnet_requests_total\{outcome="(\w+)",transaction="(\w+)"\} ([0-9.e+]+)')
_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


class ServerFailed(Exception):
    """A server did not start, stopped, or answered what it must not; the message says which."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `beside` is the first process of a database that works for it alone: its time counts too."""

    process: subprocess.Popen[bytes]
    port: int
    beside: int | None = None

    @property
    def address(self) -> str:
        """Its address, without a path."""
        return f"http://127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        """Processor time that it used, its own and the system's for it."""
        return sum(cpu_of(pid) for pid in (self.process.pid, self.beside) if pid is not None)

    def peak_mb(self) -> int:
        """The most memory that one of its processes held at once (resident), in MB."""
        states = [Path(f"/proc/{pid}/status").read_text(encoding="ascii") for pid in processes(self.process.pid)]
        return max(int(found[1]) // 1024 for state in states if (found := _PEAK.search(state)))

    def answered(self) -> Counter[tuple[str, str]]:
        """How many requests it answered, by transaction and outcome, as its own /metrics say."""
        return counted(self._get("/metrics").decode())

    def exchange(self, request: bytes) -> bytes:
        """The body of the answer to one whole HTTP request."""
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ")
        headers = dict(line.split(": ", 1) for line in lines)
        return self._ask(method, path, body, headers)

    def _get(self, path: str) -> bytes:
        return self._ask("GET", path, b"", {})

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body=body or None, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise ServerFailed(f"{method} {path} was answered with status {answer.status}: {content[:600]!r}")
        return content


def processes(pid: int) -> list[int]:
    """A process and its children."""
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split())]


def cpu_of(pid: int) -> float:
    """Processor seconds of a process and its children, those that ended included."""
    used = 0
    for one in processes(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{one}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            used += int(fields[11]) + int(fields[12])
            used += int(fields[13]) + int(fields[14]) if one == pid else 0
    return used / os.sysconf("SC_CLK_TCK")


def trace_lines(home: Path) -> tuple[int, int]:
    """How many lines the trace of a home has, and how many of them stand under a signed checkpoint."""
    with contextlib.closing(sqlite3.connect(home / "carnet.db")) as raw:
        lines, placed = raw.execute(
            "SELECT (SELECT count(*) FROM audit_event), (SELECT count(*) FROM audit_place)"
        ).fetchone()
    return int(lines), int(placed)


def counted(metrics: str) -> Counter[tuple[str, str]]:
    """The requests of an OpenMetrics text by (transaction, outcome)."""
    return Counter({(found[2], found[1]): int(float(found[3])) for found in _COUNTED.finditer(metrics)})


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


PATIENT = "30"
"""Seconds that a request may be expected to wait for its turn: what more than a machine can do is refused with is measured by `bench.overload`."""


@contextlib.contextmanager
def product(
    home: Path,
    port: int,
    cores: Cores,
    *,
    surroundings: Mapping[str, str] = NOTHING,
    beside: int | None = None,
    **settings: str,
) -> Iterator[Server]:
    """`carnet serve` on a home; `settings` are given by the environment, beside the variables of its `surroundings`."""
    given = {"maximum_waiting_seconds": PATIENT, **settings, "workers": str(cores.processes)}
    environment = {**surroundings, **{f"CARNET_{name.upper()}": value for name, value in given.items()}}
    command = ["carnet", "serve", "--home", str(home)]
    with running(_python(command), port, home / "server.log", cores, environment) as server:
        yield replace(server, beside=beside)


@contextlib.contextmanager
def floor(directory: Path, cores: Cores, *, surroundings: Mapping[str, str] = NOTHING) -> Iterator[Server]:
    """The floor's server; `directory` holds what it keeps and answers."""
    directory.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = ["bench.floor", str(directory), str(port), str(cores.processes)]
    with running(_python(command), port, directory / "floor.log", cores, surroundings) as server:
        yield server


def _python(module: list[str]) -> list[str]:
    return [sys.executable, "-m", *module]


@contextlib.contextmanager
def running(
    command: list[str], port: int, log: Path, cores: Cores, environment: Mapping[str, str] = NOTHING
) -> Iterator[Server]:
    """A server on its cores, from the moment it listens until it is stopped. Raises ServerFailed."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            ["taskset", "-c", cores.servers, *command], stdout=out, stderr=out, env={**os.environ, **environment}
        )
        try:
            _wait_until_ready(process, port, log)
            yield Server(process, port)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START_WITHIN
    while time.monotonic() < end:
        if process.poll() is not None:
            raise ServerFailed(f"A server stopped: {log.read_text(encoding='utf-8')[-600:]}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise ServerFailed(f"A server did not start within {START_WITHIN:.0f} seconds.")
