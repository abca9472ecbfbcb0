"""What every part of the bench works on: folders, cores, how long to measure, and the home whose records are submitted to and searched."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import servers
from bench.measure import FULL, GATED, Plan
from bench.paths import Field
from bench.population import Population, settle
from bench.servers import Cores
from bench.stock import stock

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Depth:
    """How much is measured. `growth` are numbers of documents, `hour` (slices, seconds each) of the mixed load."""

    plan: Plan
    growth: Sequence[int]
    hour: tuple[int, float]
    disk_rounds: int


QUICK = Depth(Plan(clients=(GATED,), rounds=3, seconds=1.0, floor_seconds=0.6), (10_000, 20_000), (1, 8.0), 1)
STANDARD = Depth(FULL, (10_000, 100_000, 1_000_000), (1, 60.0), 3)
DEEP = Depth(
    Plan(rounds=5, seconds=3.0, seconds_alone=1.5),
    (10_000, 100_000, 1_000_000, 10_000_000),
    (30, 120.0),
    5,
)


@dataclass(frozen=True, slots=True)
class Site:
    """`folder` is on the disk that is measured, `workspace` in memory: requests wait there to be sent."""

    folder: Path
    workspace: Path
    cores: Cores
    depth: Depth
    say: Say


@dataclass(frozen=True, slots=True)
class Ground:
    """A home with its people and documents, at rest: each part starts its servers itself."""

    population: Population
    port: int
    field: Field

    @property
    def home(self) -> Path:
        """Where it lies."""
        return self.population.stage.home


def prepare(site: Site) -> Ground:
    """A fresh home, filled through the door. Raises ServerFailed."""
    port = servers.free_port()
    population = settle(site.folder / "home", port)
    site.say("people and records are there")
    with servers.product(population.stage.home, port, site.cores) as product:
        stocked = stock(population, product)
    site.say("documents are there")
    return Ground(population, port, stocked)


@dataclass(slots=True)
class Teller:
    """Says on the error stream what is done, and how long that took."""

    began: float = field(default_factory=time.monotonic)

    def __call__(self, what: str) -> None:
        print(f"[{time.monotonic() - self.began:6.1f} s] {what}", file=sys.stderr, flush=True)
