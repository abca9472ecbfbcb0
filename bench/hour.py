"""The mixed national hour: 600 submissions, 1,000 searches and 1,000 retrievals in proportion, at half of what the machine can take.

The load is open: requests come when they come. Half of capacity is where a national cluster is planned to run (45 %).
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from bench import pools, servers
from bench.growth import percentile
from bench.load import LoadFailed
from bench.paths import ROUTES
from bench.servers import Server
from bench.site import Ground, Site

PROPORTION = {"submit_signed": 600, "query": 1_000, "retrieve": 1_000}
SHARE = 0.5
"""Of capacity."""
FIRST_NUMBER = 50_000_000
"""Requests are numbered apart from those of the paths."""


def capacity(rates: Mapping[str, float]) -> float:
    """Requests a second of the mixture, when each path alone reaches so many."""
    whole = sum(PROPORTION.values())
    return whole / sum(part / rates[name] for name, part in PROPORTION.items())


def measure(site: Site, ground: Ground, paths: Mapping[str, Any]) -> dict[str, Any]:
    """p50 and p99 of each kind, the processor's share. Raises LoadFailed when one request was not answered well, ServerFailed."""
    rates = {name: float(paths[name]["per_second"]) for name in PROPORTION if name in paths}
    if len(rates) < len(PROPORTION):
        return {"skipped": "submit_signed, query and retrieve were not all measured in this run"}
    slices, seconds = site.depth.hour
    rate = capacity(rates) * SHARE
    counts = {name: round(rate * seconds * part / sum(PROPORTION.values())) for name, part in PROPORTION.items()}
    latencies: dict[str, list[float]] = {name: [] for name in PROPORTION}
    shares, spent, load_cpu = [], 0.0, 0.0
    with servers.product(ground.home, ground.port, site.cores) as product:
        for number in range(slices):
            _write(site, ground, counts, start=FIRST_NUMBER + number * 1_000_000)
            used = product.cpu_seconds()
            done = _sent(site, product, counts, seconds)
            shares.append((product.cpu_seconds() - used) / done["seconds"])
            spent += done["seconds"]
            load_cpu = max(load_cpu, done["load_cpu"])
            for name, times in done["latencies"].items():
                latencies[name] += times
            site.say(f"mixed hour: slice {number + 1} of {slices}")
        memory = product.peak_mb()
    return {
        "rate": round(rate, 1),
        "seconds": round(spent, 1),
        "cpu_share": round(statistics.mean(shares), 3),
        "load_cpu": round(load_cpu, 3),
        "peak_mb": memory,
        "kinds": {name: _figures(times, spent) for name, times in latencies.items()},
    }


def _figures(times: list[float], seconds: float) -> dict[str, float]:
    return {
        "answered": len(times),
        "per_second": round(len(times) / seconds, 1),
        "p50_ms": round(statistics.median(times), 2),
        "p99_ms": round(percentile(times, 99), 2),
    }


def _write(site: Site, ground: Ground, counts: Mapping[str, int], *, start: int) -> None:
    for name, count in counts.items():
        route = next(one for one in ROUTES if one.name == name)
        parts = 8
        files = [(site.workspace / f"hour-{name}-{n}", count // parts + (n < count % parts)) for n in range(parts)]
        start = pools.fill(route.make(ground.field), files, start=start)
        with (site.workspace / f"hour-{name}").open("wb") as out:
            for path, _ in files:
                out.write(path.read_bytes())
                path.unlink()


def _sent(site: Site, product: Server, counts: Mapping[str, int], seconds: float) -> dict[str, Any]:
    streams = [{"name": name, "file": str(site.workspace / f"hour-{name}")} for name in counts]
    measured = site.workspace / "hour-measured.json"
    plan = {
        "host": "127.0.0.1",
        "port": product.port,
        "seconds": seconds,
        "seed": 4,
        "streams": streams,
        "measured": str(measured),
    }
    file = site.workspace / "hour.json"
    file.write_text(json.dumps(plan), encoding="utf-8")
    before = product.answered()
    command = ["taskset", "-c", site.cores.load, sys.executable, "-m", "bench.open_loop", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LoadFailed(f"The mixed load could not be sent: {done.stderr[-600:]}")
    found: dict[str, Any] = json.loads(measured.read_text(encoding="utf-8"))
    after = product.answered()
    good = sum(after[what] - before[what] for what in after if what[1] == "success")
    if found["failures"] or good != sum(counts.values()):
        raise LoadFailed(f"Of {sum(counts.values())} mixed requests {good} were a success: {found['failures']}")
    return found
