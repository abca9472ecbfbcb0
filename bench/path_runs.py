"""Every path against its floor on the embedded database: those of the same settings with one server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from bench import servers
from bench.load import LoadFailed
from bench.measure import GATED, Bench
from bench.paths import ROUTES, Route
from bench.servers import ONE_CORE
from bench.site import Ground, Site
from bench.verdict import RATIOS


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


def on_one_core(site: Site, ground: Ground) -> dict[str, Any]:
    """The gated paths with one server process on a core of its own and the load on the other. Raises LoadFailed, ServerFailed."""
    plan = replace(site.depth.plan, clients=(GATED,))
    alone = replace(site, folder=site.folder / "one-core", cores=ONE_CORE, depth=replace(site.depth, plan=plan))
    found = measure(alone, ground, [route for route in ROUTES if route.name in RATIOS])
    return {"layout": ONE_CORE.layout, "paths": {name: found[name] for name in RATIOS}}
