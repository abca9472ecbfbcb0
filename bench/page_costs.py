"""The page's part on memory, bytes and money, with every assumption beside the figures that rest on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def cost_lines(whole: Mapping[str, Any]) -> Iterator[str]:
    """Memory of a worker, bytes of a document, machines and euros."""
    memory = whole.get("memory", {}).get("by_server", {})
    if memory:
        yield "Memory of a worker at most: " + ", ".join(f"{peak} MB ({name})" for name, peak in memory.items()) + "."
        yield ""
    sizes = whole.get("bytes", {})
    if "registry_bytes" in sizes:
        yield (
            f"A document of {sizes['document_bytes']:,} bytes in a signed set of its own takes {sizes['registry_bytes']:,} bytes in the registry (rows, indexes, "
            f"trail) and {sizes['stored_bytes']:,} in the segments (compressed, encrypted, with its signature)."
        )
        yield ""
    found = whole.get("costs", {})
    if not found:
        yield "Machines and euros need the paths `submit_signed`, `query`, `retrieve` and the bytes of a document, which this run did not measure."
        return
    yield from _assumptions(found["prices"])
    yield from _places(found["places"])


def _assumptions(prices: Mapping[str, float]) -> Iterator[str]:
    yield "Assumptions (`bench/costs.py`), none of them an offer:"
    yield ""
    yield f"- {prices['core']:g} € a month for a core with 4 GB at a certified host, {prices['disk_gb']:g} € for a GB of replicated disk, {prices['object_gb']:g} € for one of object storage"
    yield f"- machines of {prices['cores']:g} cores, bought so that the peak takes {prices['load']:.0%} of them; each site can carry everything alone"
    yield "- processor time of 1,000 requests as measured above with 16 clients, one document a submission, every set signed"
    yield "- six documents for a record and year, as the French DMP had in 2025 (420 million in 70 million records)"
    yield "- no people, no lines, no key hardware, no taxes: only what the program uses"
    yield ""


def _places(places: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    rows = (
        ("records", "records", ",d"),
        ("documents a year", "documents", ",d"),
        ("cores at work at the peak", "busy_cores", ",.2f"),
        ("machines, all sites", "machines", ",d"),
        ("registry a year, all copies (GB)", "registry_gb_a_year", ",.0f"),
        ("documents a year, all sites (GB)", "objects_gb_a_year", ",.0f"),
        ("euros, first year", "euros_first_year", ",d"),
        ("euros a record, first year", "euros_per_record", ",.3f"),
        ("euros a record, tenth year", "euros_per_record_tenth", ",.3f"),
    )
    yield f"| | {' | '.join(places)} |"
    yield f"|---|{'---:|' * len(places)}"
    peaks = (" / ".join(f"{rate:g}" for rate in one["peak"]) for one in places.values())
    yield f"| submissions / searches / retrievals a second at the peak | {' | '.join(peaks)} |"
    for said, name, form in rows:
        yield f"| {said} | {' | '.join(format(one[name], form) for one in places.values())} |"
