"""Which figures must hold (design: ratios to the floor, so that they mean the same on every machine), and how all is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

MEMORY_MB = 400
RATIOS = {"submit_signed": 0.10, "query": 0.15}
"""Of the floor, with 16 clients: a submission with its set's signature verified, a search of 200 documents."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One figure that must hold."""

    name: str
    value: float
    bound: float
    holds: bool


def gates(results: Mapping[str, Any], peak_mb: int) -> list[Gate]:
    """Every gate; a path that was not measured does not hold."""
    found = []
    for name, bound in RATIOS.items():
        value = float(results.get(name, {}).get("ratio", 0.0))
        found.append(Gate(f"{name}: ratio to the floor", value, bound, value >= bound))
    found.append(Gate("memory of a worker (MB)", peak_mb, MEMORY_MB, 0 < peak_mb < MEMORY_MB))
    return found


def as_json(
    machine: Mapping[str, Any], results: Mapping[str, Any], memory: Mapping[str, int], trace: Mapping[str, int]
) -> dict[str, Any]:
    """All of it, for `latest.json`."""
    peak = max(memory.values(), default=0)
    judged = gates(results, peak)
    return {
        "machine": dict(machine),
        **results,
        "memory": {"peak_mb": peak, "by_server": dict(memory)},
        "trace": dict(trace),
        "gates": [asdict(one) for one in judged],
    }


HEAD = f"{'path':26}{'clients':>8}{'a second':>10}{'floor':>9}{'ratio':>8}{'p50 ms':>9}{'p99 ms':>9}{'CPU s/1000':>12}"


def table(whole: Mapping[str, Any]) -> Iterator[str]:
    """The lines of the table."""
    machine = whole["machine"]
    yield f"{machine['cpu']}, Python {machine['python']}, SQLite {machine['sqlite']}, fsync {machine['fsync_us']} µs"
    yield f"{machine['layout']}. Medians; each run of ours beside one of the floor."
    yield ""
    yield HEAD
    for name, one in whole.items():
        if isinstance(one, Mapping) and "ratio" in one:
            rows = sorted([one, *one["others"]], key=lambda row: row["clients"])
            yield from (_row(name if row is rows[0] else "", row) for row in rows)
            yield f"  {one['what']}: {_size(one['request_bytes'])} sent, {_size(one['answer_bytes'])} answered"
    yield ""
    yield "memory: " + ", ".join(f"{peak} MB ({name})" for name, peak in whole["memory"]["by_server"].items())
    yield f"trace: {whole['trace']['lines']} lines, {whole['trace']['sealed']} of them under a signed checkpoint"
    yield from (
        f"{'holds' if one['holds'] else 'FAILS'}: {one['name']} is {one['value']:g}, bound {one['bound']:g}"
        for one in whole["gates"]
    )


def _row(name: str, row: Mapping[str, float]) -> str:
    return (
        f"{name:26}{row['clients']:>8}{row['per_second']:>10,.0f}{row['floor_per_second']:>9,.0f}{row['ratio']:>8.3f}"
        f"{row['p50_ms']:>9.1f}{row['p99_ms']:>9.1f}{row['cpu_seconds_per_1000']:>12.2f}"
    )


def _size(count: int) -> str:
    return f"{count / 1e6:.2f} MB" if count >= 1_000_000 else f"{count / 1e3:.1f} kB"
