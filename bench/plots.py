"""The plots of the page, as SVG: the same figures give the same bytes, so that a change in the repository is a change of figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench import verdict

Drawn = Callable[[Axes, Mapping[str, Any]], None]
OURS, FLOOR, AIM, GATE = "#1d4e89", "#b8bec7", "#1a7f5a", "#b3261e"
mpl.rcParams.update(
    {"svg.hashsalt": "carnet", "svg.fonttype": "none", "font.family": "sans-serif", "axes.axisbelow": True}
)


def draw(whole: Mapping[str, Any], directory: Path) -> list[str]:
    """Writes each plot for which there are figures; returns the names of the files."""
    written = []
    for name, drawn in _possible(whole):
        figure = Figure(figsize=(8, 3.6), layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        drawn(axes, whole)
        figure.savefig(directory / f"{name}.svg", metadata={"Date": None, "Creator": None})
        written.append(f"{name}.svg")
    return written


def _possible(whole: Mapping[str, Any]) -> Iterator[tuple[str, Drawn]]:
    if verdict.paths_of(whole):
        yield "ratios", _ratios
        yield "rates", _rates
    if "disks" in whole.get("slow_disk", {}):
        yield "slow-disk", _disks
    if len([one for one in whole.get("growth", {}).get("sizes", ()) if "warm" in one]) > 1:
        yield "growth", _growth
    if "kinds" in whole.get("hour", {}):
        yield "hour", _hour


def _ratios(axes: Axes, whole: Mapping[str, Any]) -> None:
    """The ratio of each path with 16 clients, its gate and its aim."""
    names = list(verdict.paths_of(whole))
    axes.barh(names, [whole[name]["ratio"] for name in names], color=OURS, label="ratio to the floor, 16 clients")
    for bounds, colour, said in ((verdict.AIMS, AIM, "aim"), (verdict.RATIOS, GATE, "gate")):
        marked = [name for name in names if name in bounds]
        axes.plot(
            [bounds[name] for name in marked], marked, "|", color=colour, markersize=18, markeredgewidth=3, label=said
        )
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.4)
    axes.legend(frameon=False)


def _rates(axes: Axes, whole: Mapping[str, Any]) -> None:
    """Requests a second by clients."""
    for name, rows in verdict.paths_of(whole).items():
        clients, rates = [row["clients"] for row in rows], [row["per_second"] for row in rows]
        axes.plot([str(one) for one in clients], rates, "o-", label=name)
    axes.set_xlabel("clients")
    axes.set_ylabel("requests a second")
    axes.set_yscale("log")
    axes.grid(alpha=0.4)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _disks(axes: Axes, whole: Mapping[str, Any]) -> None:
    """Submissions a second on each disk, beside the floor's."""
    disks = whole["slow_disk"]["disks"]
    labels = [f"{one['delay_us'] / 1000:g} ms more a sync" if one["delay_us"] else "the disk as it is" for one in disks]
    axes.bar(labels, [one["floor_per_second"] for one in disks], color=FLOOR, label="floor")
    axes.bar(labels, [one["per_second"] for one in disks], color=OURS, width=0.5, label="submissions, 64 clients")
    axes.set_ylabel("a second")
    axes.grid(axis="y", alpha=0.4)
    axes.legend(frameon=False)


def _growth(axes: Axes, whole: Mapping[str, Any]) -> None:
    """The database's part of a search by the number of documents."""
    sizes = [one for one in whole["growth"]["sizes"] if "warm" in one]
    documents = [one["documents"] for one in sizes]
    for part, style in (("warm", "-"), ("first", "--")):
        for share, colour in (("p99_ms", OURS), ("p50_ms", FLOOR)):
            said = f"{share[:3]}, {'asked before' if part == 'warm' else 'first time'}"
            axes.plot(documents, [one[part][share] for one in sizes], f"o{style}", color=colour, label=said)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("documents in the registry")
    axes.set_ylabel("ms in the database")
    axes.grid(alpha=0.4)
    axes.legend(frameon=False)


def _hour(axes: Axes, whole: Mapping[str, Any]) -> None:
    """p50 and p99 of the mixed load."""
    kinds = whole["hour"]["kinds"]
    axes.bar(list(kinds), [one["p99_ms"] for one in kinds.values()], color=FLOOR, label="p99")
    axes.bar(list(kinds), [one["p50_ms"] for one in kinds.values()], color=OURS, width=0.5, label="p50")
    axes.set_ylabel("ms")
    axes.grid(axis="y", alpha=0.4)
    axes.legend(frameon=False)
