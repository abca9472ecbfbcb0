"""Every path against its floor on the embedded database: those of the same settings with one server."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from bench import servers
from bench.load import LoadFailed
from bench.measure import Bench
from bench.paths import Route
from bench.site import Ground, Site


def measure(site: Site, ground: Ground, routes: Sequence[Route]) -> dict[str, Any]:
    """The figures of each path by its name, then `memory` (MB) and `trace`. Raises LoadFailed, ServerFailed."""
    results: dict[str, Any] = {}
    memory: dict[str, int] = {}
    with servers.floor(site.folder / "floor", site.cores) as floor:
        for settings, group in groupby(routes, key=lambda route: dict(route.settings)):
            with servers.product(ground.home, ground.port, site.cores, **settings) as product:
                bench = Bench(product, floor, site.folder / "floor", site.workspace, site.depth.plan, site.cores)
                before, _ = servers.trace_lines(ground.home)
                for route in group:
                    results[route.name] = bench.measure(route, route.make(ground.field))
                    site.say(f"{route.name} is measured")
                memory[", ".join(f"{k}={v}" for k, v in settings.items()) or "as it is"] = product.peak_mb()
            lines, placed = servers.trace_lines(ground.home)
            if lines - before < bench.requests:
                raise LoadFailed(f"{bench.requests} requests left {lines - before} lines in the trace.")
    return {
        **results,
        "memory": {"peak_mb": max(memory.values(), default=0), "by_server": memory},
        "trace": {"lines": lines, "sealed": placed},
    }
