"""What it costs: bytes of a document, processor time, and from both the machines and the euros of a clinic, a region, a nation.

Prices and volumes are assumptions, written down here and on the page; whoever knows better changes them and runs `python -m bench.page`.
"""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import servers
from bench.paths import wrapped_pdf
from bench.site import Ground, Site
from bench.stock import put
from carnet.demo.people import LABORATORY

SUBMISSIONS = 100
"""Of one document of 100 KB each, in a signed set."""
PATHS = ("submit_signed", "query", "retrieve")


@dataclass(frozen=True, slots=True)
class Prices:
    """Assumptions, in euros a month without taxes; none is an offer."""

    core: float = 15.0
    """A core with 4 GB of memory at a host certified for health data (HDS)."""
    disk_gb: float = 0.10
    """Replicated block storage."""
    object_gb: float = 0.012
    """Object storage, kept three times by its operator."""
    load: float = 0.45
    """Share of the processor at the peak for which machines are bought."""
    cores: int = 2
    """Of one machine."""


@dataclass(frozen=True, slots=True)
class Place:
    """Who runs it: `peak` are submissions, searches, retrievals a second; `sites` can each carry everything."""

    name: str
    records: int
    documents: int
    """A year."""
    peak: tuple[float, float, float]
    sites: int
    copies: int
    """Of the registry, over all sites."""


PLACES = (
    Place("clinic", 50_000, 300_000, (1.0, 2.0, 2.0), 1, 2),
    Place("region", 6_000_000, 36_000_000, (50.0, 85.0, 85.0), 2, 4),
    Place("nation", 70_000_000, 420_000_000, (600.0, 1_000.0, 1_000.0), 2, 4),
)


def measure(site: Site, ground: Ground) -> dict[str, Any]:
    """Bytes of a document: in the registry (rows, indexes, trace) and in the segments. Raises ServerFailed."""
    before = _sizes(ground.home)
    sender, template = ground.field.sender(LABORATORY.identifier), wrapped_pdf()
    patients = ground.population.writers
    with servers.product(ground.home, ground.port, site.cores) as product:
        for number in range(SUBMISSIONS):
            put(product, sender, template, patients[number % len(patients)], 1)
    registry, documents = (after - old for after, old in zip(_sizes(ground.home), before, strict=True))
    site.say("bytes of a document are measured")
    return {
        "document_bytes": len(template.content),
        "registry_bytes": round(registry / SUBMISSIONS),
        "stored_bytes": round(documents / SUBMISSIONS),
        "submissions": SUBMISSIONS,
    }


def _sizes(home: Path) -> tuple[int, int]:
    """Bytes in use in the database, bytes of the segments; nobody has the home open."""
    with contextlib.closing(sqlite3.connect(home / "carnet.db")) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pages, free, size = (
            raw.execute(f"PRAGMA {one}").fetchone()[0] for one in ("page_count", "freelist_count", "page_size")
        )
    return (pages - free) * size, sum(one.stat().st_size for one in (home / "documents").rglob("*") if one.is_file())


def sizing(
    place: Place, prices: Prices, cpu: tuple[float, float, float], registry: int, stored: int
) -> dict[str, float]:
    """Machines, disk and money. `cpu` are processor seconds for 1,000 submissions, searches, retrievals; sizes are bytes a document.

    Money is for one year in which that year's documents are kept, and for a year after ten such years.
    """
    busy = sum(rate * seconds / 1_000 for rate, seconds in zip(place.peak, cpu, strict=True))
    machines = max(1, math.ceil(busy / prices.load / prices.cores)) * place.sites
    registry_gb = place.documents * registry * place.copies / 1e9
    objects_gb = place.documents * stored * place.sites / 1e9
    computing = machines * prices.cores * prices.core * 12
    keeping = (registry_gb * prices.disk_gb + objects_gb * prices.object_gb) * 12
    return {
        "busy_cores": round(busy, 2),
        "machines": machines,
        "registry_gb_a_year": round(registry_gb, 1),
        "objects_gb_a_year": round(objects_gb, 1),
        "euros_first_year": round(computing + keeping),
        "euros_per_record": round((computing + keeping) / place.records, 4),
        "euros_tenth_year": round(computing + 10 * keeping),
        "euros_per_record_tenth": round((computing + 10 * keeping) / place.records, 4),
    }


def costs(whole: Mapping[str, Any]) -> dict[str, Any]:
    """The places' figures, derived from what was measured; empty when not all of it was."""
    sizes = whole.get("bytes", {})
    if "registry_bytes" not in sizes or any(name not in whole for name in PATHS):
        return {}
    seconds = [float(whole[name]["cpu_seconds_per_1000"]) for name in PATHS]
    cpu, prices = (seconds[0], seconds[1], seconds[2]), Prices()
    return {
        "prices": asdict(prices),
        "places": {
            one.name: {**asdict(one), **sizing(one, prices, cpu, sizes["registry_bytes"], sizes["stored_bytes"])}
            for one in PLACES
        },
    }
