"""One path measured: rounds of floor and product in turn, so that whatever else the machine does weighs on both; medians of the rounds."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bench import load, pools
from bench.load import LoadFailed, Run, write_requests
from bench.paths import Route
from bench.pools import Make
from bench.servers import Cores, Server
from bench.stock import SUCCESS

GATED = 16
"""Clients of the comparison that counts."""
CATCHING_UP = 32
"""Requests a second that a floor answers at least, however busy the machine is: so long its last answers may take."""
SLOWEST = 10
"""Times slower than a slow machine: what is thought of a path before its first run."""
REPEATED = 32
"""Requests that the floor is sent again and again."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how often."""

    clients: tuple[int, ...] = (1, GATED, 64)
    rounds: int = 3
    seconds: float = 2.0
    seconds_alone: float = 1.0
    """With one client, who never waits for another."""
    floor_seconds: float = 1.0

    def lasting(self, clients: int) -> float:
        """How long a round of the product lasts."""
        return self.seconds_alone if clients == 1 else self.seconds


FULL = Plan()


@dataclass(slots=True)
class Figures:
    """The rounds of one path with one number of clients."""

    product: list[Run] = field(default_factory=list)
    floor: list[Run] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """Processor seconds of the product for 1,000 requests, a round."""
    floor_cpu: list[float] = field(default_factory=list)
    """The same of the floor."""

    def summary(self) -> dict[str, float]:
        """Medians. The ratio is that of the rounds: each run is compared with the floor's run just before it.

        `cpu_ratio` compares the processor time of a request with the floor's: other work on the machine, which takes from whoever
        computes and not from whoever waits for the disk, weighs on it least. `load_cpu` is the load generator's share of its core.
        """
        ours, raw = median(one.per_second for one in self.product), median(one.per_second for one in self.floor)
        pairs = zip(self.product, self.floor, strict=True)
        return {
            "clients": self.product[0].clients,
            "ratio": round(median(mine.per_second / bare.per_second for mine, bare in pairs), 3),
            "per_second": round(ours, 1),
            "floor_per_second": round(raw, 1),
            "p50_ms": round(median(one.p50_ms for one in self.product), 2),
            "p99_ms": round(median(one.p99_ms for one in self.product), 2),
            "floor_p50_ms": round(median(one.p50_ms for one in self.floor), 2),
            "floor_p99_ms": round(median(one.p99_ms for one in self.floor), 2),
            "cpu_seconds_per_1000": round(median(self.cpu), 3),
            "floor_cpu_seconds_per_1000": round(median(self.floor_cpu), 3),
            "cpu_ratio": round(median(bare / mine for mine, bare in zip(self.cpu, self.floor_cpu, strict=True)), 3),
            "load_cpu": max(one.load_cpu for one in self.product),
            "floor_load_cpu": max(one.load_cpu for one in self.floor),
            "measured": sum(one.sent for one in self.product),
        }


@dataclass(slots=True)
class Bench:
    """The two servers of a run and a folder in memory for the requests."""

    product: Server
    floor: Server
    answers: Path
    workspace: Path
    plan: Plan
    cores: Cores
    number: int = 0
    requests: int = 0
    """How many requests the product answered well."""
    rate: float = 0.0
    """About how many a second it answers on the path under way."""

    def measure(self, route: Route, make: Make) -> dict[str, object]:
        """The figures of one path, those with 16 clients first where there are any. Raises LoadFailed when one answer was not a success."""
        self.rate = self._warm(route, make)
        files = [
            (self.workspace / f"{clients}-{turn}", min(self._enough(clients), self._left(route)))
            for clients in self.plan.clients
            for turn in range(self.plan.rounds)
        ]
        self.number = pools.fill(make, files, start=self.number)
        size, bare = self._floor_requests(route, make)
        found = {clients: self._rounds(route, clients, bare) for clients in self.plan.clients}
        main = GATED if GATED in found else self.plan.clients[-1]
        others = [found[clients].summary() for clients in self.plan.clients if clients != main]
        return {**found[main].summary(), "what": route.what, **size, "others": others}

    def _warm(self, route: Route, make: Make) -> float:
        """A first run, to see how fast it goes; it also warms what can be warm."""
        path = self.workspace / "warm"
        self.rate = route.expected / SLOWEST
        self.number = pools.fill(make, [(path, route.expected)], start=self.number)
        return self._sent(route, path, GATED).per_second

    def _enough(self, clients: int) -> int:
        """Requests for a whole round, and some more; should they run out, the round is the shorter."""
        return int(self.rate * 1.25 * self.plan.lasting(clients)) + clients

    def _left(self, route: Route) -> int:
        """How many requests a round may have of a path that runs out of things to do."""
        if route.limit is None:
            return sys.maxsize
        spent = route.expected + REPEATED + 1
        return (route.limit - spent) // (len(self.plan.clients) * self.plan.rounds)

    def _floor_requests(self, route: Route, make: Make) -> tuple[dict[str, int], Path]:
        """What the floor is sent: the same requests, or a plain GET of the very bytes that the product answered."""
        request = make(self.number)
        self.number += 1
        answer = self.product.exchange(request)
        self.requests += 1
        if SUCCESS not in answer:
            raise LoadFailed(f"{route.name}: the answer is not a success: {answer[:600]!r}")
        bare = self.workspace / "floor"
        if route.keeps:
            again = [make(self.number + one) for one in range(REPEATED)]
            self.number += REPEATED
        else:
            (self.answers / f"{route.name}.answer").write_bytes(answer)
            again = [f"GET /{route.name} HTTP/1.1\r\nHost: floor\r\n\r\n".encode()]
        return {"request_bytes": len(request), "answer_bytes": len(answer)}, write_requests(bare, again)

    def _rounds(self, route: Route, clients: int, bare: Path) -> Figures:
        figures = Figures()
        for turn in range(self.plan.rounds):
            figures.floor.append(self._bare(bare, clients, figures))
            used = self.product.cpu_seconds()
            path = self.workspace / f"{clients}-{turn}"
            run = self._sent(route, path, clients)
            figures.product.append(run)
            figures.cpu.append((self.product.cpu_seconds() - used) / run.sent * 1000)
        return figures

    def _bare(self, bare: Path, clients: int, figures: Figures) -> Run:
        """A run of the floor."""
        used = self.floor.cpu_seconds()
        run = load.run(
            self.floor.address,
            bare,
            clients=clients,
            seconds=self.plan.floor_seconds,
            once=False,
            drain=max(load.DRAIN, clients / CATCHING_UP),
            core=self.cores.load,
        )
        figures.floor_cpu.append((self.floor.cpu_seconds() - used) / run.sent * 1000)
        return run

    def _sent(self, route: Route, path: Path, clients: int) -> Run:
        """A run of the product of which every single answer was a success, by the product's own count; the file is used up."""
        drain = max(load.DRAIN, 3 * clients / self.rate)
        before = self.product.answered()
        run = load.run(
            self.product.address,
            path,
            clients=clients,
            seconds=self.plan.lasting(clients),
            once=True,
            drain=drain,
            core=self.cores.load,
        )
        path.unlink()
        time.sleep(0.05)
        after = self.product.answered()
        wrong = {what: after[what] - before[what] for what in after if what != (route.transaction, "success")}
        wrong = {what: count for what, count in wrong.items() if count}
        good = after[route.transaction, "success"] - before[route.transaction, "success"]
        if wrong or good != run.sent:
            raise LoadFailed(f"{route.name}: {good} of {run.sent} requests were a success; others: {wrong}")
        self.requests += good
        return run


def median(values: Iterable[float]) -> float:
    """The middle value."""
    return statistics.median(values)
