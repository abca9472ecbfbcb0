"""Submissions on slower disks: floor and product alike, one disk after the other, round after round."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bench import servers
from bench.measure import Bench, median
from bench.paths import ROUTES
from bench.site import Ground, Site
from bench.slow_disk import DELAYS_US, NoCompiler, SlowDisk, compiled

CLIENTS = 64
LONGER = 2
"""Times a usual round: each disk has servers of its own, which 64 clients must first have reached."""
BOUND_US = 5_000
"""The disk of the target (issue 4)."""


def measure(site: Site, ground: Ground) -> dict[str, Any]:
    """The figures of each disk, and `kept`: the share of the rate that remains on the slowest. Raises LoadFailed, ServerFailed."""
    try:
        library = compiled(site.folder)
    except NoCompiler as reason:
        return {"skipped": str(reason)}
    disks = [SlowDisk(0), *(SlowDisk(delay, library) for delay in DELAYS_US)]
    rounds: dict[int, list[dict[str, Any]]] = {disk.delay_us: [] for disk in disks}
    for turn in range(site.depth.disk_rounds):
        for disk in disks:
            rounds[disk.delay_us].append(_one(site, ground, disk, turn))
        site.say(f"slower disks: round {turn + 1} of {site.depth.disk_rounds}")
    found = [_middle(disk, rounds[disk.delay_us], disk.sync_us(site.folder)) for disk in disks]
    as_it_is = rounds[0]
    kept = median(
        slow["per_second"] / bare["per_second"] for slow, bare in zip(rounds[BOUND_US], as_it_is, strict=True)
    )
    return {"clients": CLIENTS, "disks": found, "kept": round(kept, 3)}


def _one(site: Site, ground: Ground, disk: SlowDisk, turn: int) -> dict[str, Any]:
    route = next(one for one in ROUTES if one.name == "submit_signed")
    plan = replace(site.depth.plan, clients=(CLIENTS,), rounds=1, seconds=site.depth.plan.seconds * LONGER)
    around = disk.environment
    kept = site.folder / f"floor-{disk.delay_us}-{turn}"
    with (
        servers.floor(kept, site.cores, surroundings=around) as floor,
        servers.product(ground.home, ground.port, site.cores, surroundings=around) as product,
    ):
        return Bench(product, floor, kept, site.workspace, plan, site.cores).measure(route, route.make(ground.field))


def _middle(disk: SlowDisk, rounds: list[dict[str, Any]], sync_us: int) -> dict[str, Any]:
    names = ("per_second", "floor_per_second", "ratio", "p50_ms", "p99_ms")
    return {
        "delay_us": disk.delay_us,
        "fsync_us": sync_us,
        **{name: round(median(one[name] for one in rounds), 3) for name in names},
    }
