"""The page of a run: `results/README.md`. `python -m bench.page` writes it anew from `results/latest.json`, with the prices of `bench.costs`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import costs, plots, verdict
from bench.page_costs import cost_lines

RESULTS = Path(__file__).with_name("results")
METHOD = """\
`make bench` makes this page. Each round of ours runs just after a round of the floor, and the ratio is the median of the rounds' ratios: whatever
else the machine does weighs on both. **The floor** is the same web server receiving the same bytes: it appends them to a file, syncs, inserts
four rows in SQLite with synchronous FULL and answers, sharing syncs among those who wait as we do; for what is read it sends the very bytes that we
answered. It knows no SOAP, XML, signature, rule, trail or key. Neither speaks TLS: a declared proxy ends it, as in the published figures of
others. Two server processes, ours as the floor's, share the two cores with the load generator, wrk: the layout for which the bounds were set;
`load` is the part of a core that wrk took. Beside it the gated paths are measured with one process on a core of its own. **CPU ratio** is the floor's
processor time for a request over ours: waiting for the disk, which flatters whoever computes, is not in it. Every answer is checked to be a
success by the server's own count, and to have left its line in the trace."""


def main() -> None:
    """Writes the page from the last whole run."""
    whole = json.loads((RESULTS / "latest.json").read_text(encoding="utf-8"))
    write(verdict.judged({**whole, "costs": costs.costs(whole)}), RESULTS)


def write(whole: Mapping[str, Any], directory: Path) -> None:
    """The page and its plots."""
    pictures = plots.draw(whole, directory)
    (directory / "README.md").write_text("\n".join(lines(whole, pictures)) + "\n", encoding="utf-8")


def lines(whole: Mapping[str, Any], pictures: Iterable[str]) -> Iterator[str]:
    """The page."""
    shown = set(pictures)
    machine = whole["machine"]
    yield "# What Carnet does on this machine"
    yield ""
    yield (
        f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}, SQLite {machine['sqlite']}; an append of 8 KB and its sync take "
        f"{machine['fsync_us']} µs. {machine['layout']}. Other work kept {machine.get('load_before', 0):g} processes running when the run began."
    )
    yield ""
    yield METHOD
    yield from _verdicts(whole)
    for title, picture, part in (
        ("Paths", "ratios.svg", _paths(whole)),
        ("One process on one core", "", _one_core(whole)),
        ("Slower disks", "slow-disk.svg", _disks(whole)),
        ("Growth", "growth.svg", _growth(whole)),
        ("The mixed national hour", "hour.svg", _hour(whole)),
        ("PostgreSQL", "", _postgresql(whole)),
        ("Orthanc, a neighbour", "", _orthanc(whole)),
        ("The patient's space", "", _space(whole)),
        ("The professional's portal", "", _pro(whole)),
        ("Memory, bytes, euros", "", cost_lines(whole)),
    ):
        yield from ("", f"## {title}", "")
        if picture in shown:
            yield from (f"![{title}]({picture})", "")
        yield from part


def table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """A table: the first column is text, the others figures."""
    names = list(head)
    yield f"| {' | '.join(names)} |"
    yield f"|---|{'---:|' * (len(names) - 1)}"
    for row in rows:
        yield f"| {' | '.join(str(cell) for cell in row)} |"


def _absent(part: Mapping[str, Any]) -> Iterator[str]:
    reason = part.get("skipped") or part.get("failed") or "not part of this run"
    yield f"Not measured: {reason}."


def _verdicts(whole: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", "## Gates and aims", "", "A run fails when a gate does not hold. Aims are told as they stand.", "")
    yield from (f"- gate {verdict.sentence('**holds**', '**FAILS**', one)}" for one in whole["gates"])
    yield from (f"- aim {verdict.sentence('**reached**', '**not reached**', one)}" for one in whole["aims"])


def _paths(whole: Mapping[str, Any]) -> Iterator[str]:
    paths = verdict.paths_of(whole)
    if not paths:
        yield from _absent(whole.get("paths", {}))
        return
    yield from _rows(paths)
    yield ""
    for name in paths:
        one = whole[name]
        yield f"- `{name}`: {one['what']}; {one['request_bytes']:,} bytes sent, {one['answer_bytes']:,} answered"
    yield from ("", "![Requests a second by clients](rates.svg)")


def _rows(paths: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    """The table of paths."""
    head = (
        "path",
        "clients",
        "a second",
        "floor",
        "ratio",
        "CPU ratio",
        "p50 ms",
        "p99 ms",
        "CPU s/1,000",
        "load",
        "floor's load",
    )
    names = (
        "per_second",
        "floor_per_second",
        "ratio",
        "cpu_ratio",
        "p50_ms",
        "p99_ms",
        "cpu_seconds_per_1000",
        "load_cpu",
    )
    yield from table(
        head,
        (
            [name if row is rows[0] else "", row["clients"], *(f"{row[one]:,g}" for one in (*names, "floor_load_cpu"))]
            for name, rows in paths.items()
            for row in rows
        ),
    )


def _one_core(whole: Mapping[str, Any]) -> Iterator[str]:
    part = whole.get("one_core", {})
    if "paths" not in part:
        yield from _absent(part)
        return
    yield from (f"{part['layout']}.", "")
    yield from _rows(verdict.paths_of(part["paths"]))


def _disks(whole: Mapping[str, Any]) -> Iterator[str]:
    part = whole.get("slow_disk", {})
    if "disks" not in part:
        yield from _absent(part)
        return
    yield f"`submit_signed` with {part['clients']} clients. A preloaded library makes each sync of floor and product wait longer."
    yield ""
    names = ("per_second", "floor_per_second", "ratio", "p50_ms", "p99_ms")
    rows = (
        [f"{one['delay_us'] / 1000:g} ms", f"{one['fsync_us']:,}", *(f"{one[n]:,g}" for n in names)]
        for one in part["disks"]
    )
    yield from table(("added", "a sync, µs", "a second", "floor", "ratio", "p50 ms", "p99 ms"), rows)
    yield from ("", f"With 5 ms more, {part['kept']:.0%} of the submissions remain.")


def _growth(whole: Mapping[str, Any]) -> Iterator[str]:
    part = whole.get("growth", {})
    if "sizes" not in part:
        yield from _absent(part)
        return
    yield (
        f"Time of the statements inside the gate for one patient's search (metadata of {part['each']} documents, each with the signature of its set; "
        f"nothing remembered but what the system keeps in memory). {part['asked']} records are searched, spread over all records. Their rows are "
        "written by the product's own code and sealed; other people's rows are copies with identifiers and times of their own and empty seals, in the "
        "tables that a search reads or writes, with all their indexes; documents lie in the order of time, as after years of service. `first` is the "
        "first search of each record after the file was dropped from memory."
    )
    yield ""
    yield from table(
        ("documents", "database", "p50 ms", "p99 ms", "first p50 ms", "first p99 ms"),
        (
            [f"{one['documents']:,}", f"{one['database_bytes'] / 1e9:.2f} GB"]
            + [f"{one[kind][share]:g}" for kind in ("warm", "first") for share in ("p50_ms", "p99_ms")]
            if "warm" in one
            else [f"{one['documents']:,}", one["skipped"], "", "", "", ""]
            for one in part["sizes"]
        ),
    )
    if "growth" in part:
        yield ""
        yield (
            f"p99 among {part['documents']:,} documents is {part['growth']:g} times that among {part['sizes'][0]['documents']:,} "
            f"(first searches: {part['growth_first']:g} times)."
        )


def _hour(whole: Mapping[str, Any]) -> Iterator[str]:
    part = whole.get("hour", {})
    if "kinds" not in part:
        yield from _absent(part)
        return
    yield (
        f"600 submissions : 1,000 searches : 1,000 retrievals at {part['rate']:g} requests a second for {part['seconds']:.0f} s, sent when they are due whether or "
        f"not those before were answered: half of what the paths above make possible. The server used {part['cpu_share']:.0%} of its core and "
        f"at most {part['peak_mb']} MB."
    )
    yield ""
    rows = (
        [name, one["answered"], one["per_second"], one["p50_ms"], one["p99_ms"]] for name, one in part["kinds"].items()
    )
    yield from table(("kind", "answered", "a second", "p50 ms", "p99 ms"), rows)


def _postgresql(whole: Mapping[str, Any]) -> Iterator[str]:
    part = whole.get("postgresql", {})
    if "paths" not in part:
        yield from _absent(part)
        return
    yield "Its processes may use both cores and their time is counted. `share` compares ratios to the floor, PostgreSQL's over the embedded database's."
    yield ""
    names = ("per_second", "ratio", "p50_ms", "p99_ms", "cpu_seconds_per_1000")
    rows = ([name, *(f"{one[n]:,g}" for n in names), one.get("share", "")] for name, one in part["paths"].items())
    yield from table(("path", "a second", "ratio", "p50 ms", "p99 ms", "CPU s/1,000", "share"), rows)


def _space(whole: Mapping[str, Any]) -> Iterator[str]:
    part = whole.get("space", {})
    if "pages" not in part:
        yield from _absent(part)
        return
    yield (
        f"Pages of a record of {part['documents']:,} documents, each with the line of its submission, by the real server with a real session: decided, made, "
        "traced and compressed each time. One device after another page, then four devices of one person at once; the time is that of the whole answer over loopback."
    )
    yield ""
    weight = part["weight"]
    yield from table(
        ("page", "p50 ms", "p95 ms", "p95 ms, four at once", "kB"),
        (
            [name, one["p50_ms"], one["p95_ms"], one["together_p95_ms"], weight[name]]
            for name, one in part["pages"].items()
        ),
    )
    yield ""
    yield f"The first page and all that it is dressed with: {weight['first']:g} kB, compressed. The server used at most {part['peak_mb']} MB."
    slow = part["slow_network"]
    if "skipped" in slow:
        yield from _absent(slow)
    else:
        yield (
            f"On a network of 400 kbit/s with 400 ms (chromium's emulation, TLS, nothing kept before): something is seen after {slow['first_paint_seconds']:g} s, all is "
            f"there after {slow['first_seconds']:g} s ({slow['first_kb']:g} kB); the list, the next page, after {slow['next_seconds']:g} s."
        )


def _pro(whole: Mapping[str, Any]) -> Iterator[str]:
    part = whole.get("pro", {})
    if "way" not in part:
        yield from _absent(part)
        return
    yield (
        f"A record of {part['documents']:,} documents, all read: 700 reports of a laboratory, 500 prescriptions and dispensings, letters with lists of problems. The way is "
        "what follows a typed INS until the summary stands, all answers together; the rest are single pages. The time is over loopback, one request after another."
    )
    yield ""
    figures = {"INS to summary": part["way"], **part["pages"]}
    yield from table(
        ("page", "p50 ms", "p95 ms", "CPU ms", "kB"),
        (
            [name, one["p50_ms"], one["p95_ms"], one["cpu_ms"], part["weight"].get(name, "")]
            for name, one in figures.items()
        ),
    )
    yield ""
    yield f"The first way on a fresh server: {part['first_way_ms']:g} ms. The server used at most {part['peak_mb']} MB."


def _orthanc(whole: Mapping[str, Any]) -> Iterator[str]:
    part = whole.get("orthanc", {})
    if "store" not in part:
        yield from _absent(part)
        return
    yield (
        f"Orthanc {part['version']} as Debian ships it, with its SQLite index, 16 clients of the same wrk. It does a different job: images of one department, no signed "
        "caller, no rights, no trail, no encryption. Store: a DICOM file of 100 KB; read: the same back; find: the "
        f"{part['find']['instances']} instances of a patient with their main tags ({part['find']['answer_bytes'] / 1000:.0f} kB). At most {part['peak_mb']} MB."
    )
    yield ""
    names = ("per_second", "p50_ms", "p99_ms", "cpu_seconds_per_1000")
    rows = ([name, *(f"{part[name][n]:,g}" for n in names)] for name in ("store", "read", "find"))
    yield from table(("", "a second", "p50 ms", "p99 ms", "CPU s/1,000"), rows)


if __name__ == "__main__":
    main()
