"""`python -m bench`: prepares a home, measures every path against its floor, prints a table, writes `results/latest.json`.

A quick run, or one of some paths only, writes `results/run-partial.json` instead, which nobody keeps.
Status 1 when a gate does not hold, 2 when the figures mean nothing (a request failed).
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from bench import machine, servers, verdict
from bench.load import LoadFailed
from bench.measure import FULL, QUICK, Bench, Plan
from bench.paths import ROUTES, Field, Route
from bench.population import Population, settle
from bench.servers import ONE_CORE, TWO_CORES, Cores, Server, ServerFailed
from bench.stock import stock

RESULTS = Path(__file__).with_name("results")
MEMORY = Path("/dev/shm")
"""Where requests wait to be sent: not on the disk whose syncs are measured."""


def main() -> int:
    """Runs the bench."""
    arguments = _arguments()
    plan = QUICK if arguments.quick else FULL
    cores = ONE_CORE if arguments.cores == 1 else TWO_CORES
    routes = [route for route in ROUTES if not arguments.only or route.name in arguments.only]
    RESULTS.mkdir(exist_ok=True)
    try:
        with _folder(RESULTS) as home, _folder(MEMORY if MEMORY.is_dir() else None) as workspace:
            whole = run(home, workspace, plan, routes, cores)
    except (LoadFailed, ServerFailed) as error:
        print(f"The bench failed. {error}", file=sys.stderr)
        return 2
    name = "run-partial.json" if arguments.quick or arguments.only else "latest.json"
    (RESULTS / name).write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print("\n".join(verdict.table(whole)))
    return 0 if all(one["holds"] for one in whole["gates"]) else 1


def run(home: Path, workspace: Path, plan: Plan, routes: list[Route], cores: Cores) -> dict[str, object]:
    """Measures the routes, those of the same settings with one server. Raises LoadFailed, ServerFailed."""
    say = _Teller()
    described = machine.describe(home) | {"layout": cores.layout}
    port = servers.free_port()
    population = settle(home / "home", port)
    say("people and records are there")
    results: dict[str, object] = {}
    memory: dict[str, int] = {}
    with servers.floor(home / "floor", cores) as floor:
        field: Field | None = None
        for settings, group in groupby(routes, key=lambda route: dict(route.settings)):
            with servers.product(population.stage.home, port, cores, **settings) as product:
                field = field or _stocked(population, product, say)
                bench = Bench(product, floor, home / "floor", workspace, plan, cores)
                before, _ = servers.trace_lines(population.stage.home)
                for route in group:
                    results[route.name] = bench.measure(route, route.make(field))
                    say(f"{route.name} is measured")
                memory[", ".join(f"{k}={v}" for k, v in settings.items()) or "as it is"] = product.peak_mb()
            lines, placed = servers.trace_lines(population.stage.home)
            if lines - before < bench.requests:
                raise LoadFailed(f"{bench.requests} requests left {lines - before} lines in the trace.")
    trace = {"lines": lines, "sealed": placed}
    return verdict.as_json(described, results, memory, trace)


def _stocked(population: Population, product: Server, say: _Teller) -> Field:
    field = stock(population, product)
    say("documents are there")
    return field


class _Teller:
    """Says on the error stream what is done, and how long that took."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, what: str) -> None:
        print(f"[{time.monotonic() - self._began:5.1f} s] {what}", file=sys.stderr)


@contextmanager
def _folder(inside: Path | None) -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="run-", dir=inside))
    try:
        yield made
    finally:
        shutil.rmtree(made)


def _arguments() -> argparse.Namespace:
    names = [route.name for route in ROUTES]
    parser = argparse.ArgumentParser(prog="bench", description="Each path of Carnet against its floor.")
    parser.add_argument(
        "--cores", type=int, choices=(1, 2), default=1, help="servers on one core and load on the other, or all on both"
    )
    parser.add_argument("--quick", action="store_true", help="one short round with 16 clients")
    parser.add_argument(
        "--only", action="append", choices=names, default=[], help="measure this path (may be repeated)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
