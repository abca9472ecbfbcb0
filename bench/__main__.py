"""`python -m bench`: every path against its floor, slower disks, growth, a mixed hour, PostgreSQL, Orthanc, the space, the portal, costs; then the page of it all.

Writes `results/latest.json` after each part and `results/README.md` with its plots at the end. A quick run, or one of some parts or paths
only, writes `results/run-partial.json` and no page, unless it is to mend the last whole run (`--again`). Status 1 when a gate does not hold, 2 when a part failed: its figures mean nothing.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import (
    costs,
    disk_runs,
    growth,
    hour,
    machine,
    orthanc,
    page,
    path_runs,
    postgresql,
    pro_runs,
    space_runs,
    verdict,
)
from bench.load import LoadFailed
from bench.paths import ROUTES
from bench.servers import ONE_CORE, TWO_CORES, ServerFailed
from bench.site import DEEP, QUICK, STANDARD, Ground, Site, Teller, prepare

RESULTS = Path(__file__).with_name("results")
MEMORY = Path("/dev/shm")
"""Where requests wait to be sent: not on the disk whose syncs are measured."""
APART = frozenset({"orthanc", "space", "pro", "growth"})
"""Parts that have a home of their own."""
PARTS = ("paths", "one_core", "bytes", "hour", "slow_disk", "postgresql", "orthanc", "space", "pro", "growth")
Part = Callable[[], dict[str, Any]]


def main() -> int:
    """Runs the bench."""
    arguments = _arguments()
    RESULTS.mkdir(exist_ok=True)
    parts = arguments.part or (["paths"] if arguments.only else list(PARTS))
    whole_run = arguments.again or not (arguments.quick or arguments.only or arguments.part)
    out = RESULTS / ("latest.json" if whole_run else "run-partial.json")
    cores = ONE_CORE if arguments.cores == 1 else TWO_CORES
    depth = QUICK if arguments.quick else DEEP if arguments.deep else STANDARD
    with _folder(RESULTS) as folder, _folder(MEMORY if MEMORY.is_dir() else None) as workspace:
        site = Site(folder, workspace, cores, depth, Teller())
        try:
            ground = None if APART.issuperset(parts) else prepare(site)
        except ServerFailed as error:
            print(f"The bench failed. {error}", file=sys.stderr)
            return 2
        whole = _measured(site, ground, parts, arguments, out)
    print("\n".join(verdict.table(whole)))
    if whole_run:
        page.write(whole, RESULTS)
    failed = [name for name in PARTS if "failed" in whole.get(name, {})]
    for name in failed:
        print(f"{name} failed. {whole[name]['failed']}", file=sys.stderr)
    if failed:
        return 2
    return 0 if all(one["holds"] for one in whole["gates"]) else 1


def _measured(
    site: Site, ground: Ground | None, parts: list[str], arguments: argparse.Namespace, out: Path
) -> dict[str, Any]:
    """Every part, in an order in which none spoils another; what is known is written after each."""
    whole: dict[str, Any] = json.loads(out.read_text(encoding="utf-8")) if arguments.again else {}
    whole["machine"] = machine.describe(site.folder) | {"layout": site.cores.layout}
    routes = [route for route in ROUTES if not arguments.only or route.name in arguments.only]
    work: dict[str, Part] = {
        "postgresql": lambda: postgresql.measure(site, whole, arguments.database_url),
        "orthanc": lambda: orthanc.measure(site),
        "space": lambda: space_runs.measure(site),
        "pro": lambda: pro_runs.measure(site),
        "growth": lambda: growth.measure(site.folder, site.depth.growth, site.say),
    }
    if ground is not None:
        work |= {
            "paths": lambda: path_runs.measure(site, ground, routes),
            "one_core": lambda: path_runs.on_one_core(site, ground),
            "bytes": lambda: costs.measure(site, ground),
            "hour": lambda: hour.measure(site, ground, whole),
            "slow_disk": lambda: disk_runs.measure(site, ground),
        }
    for name in parts:
        try:
            found = work[name]()
        except (LoadFailed, ServerFailed) as error:
            found = {"failed": str(error)}
            site.say(f"{name} FAILED: {error}")
        whole.pop(name, None)
        whole |= found if name == "paths" and "failed" not in found else {name: found}
        whole = verdict.judged({**whole, "costs": costs.costs(whole)})
        out.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return whole


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
        "--cores",
        type=int,
        choices=(1, 2),
        default=2,
        help="servers and load on both, or servers on one and load on the other",
    )
    parser.add_argument("--quick", action="store_true", help="one short round with 16 clients, small registries")
    parser.add_argument("--deep", action="store_true", help="longer rounds, a whole hour, 10,000,000 documents: hours")
    parser.add_argument("--part", action="append", choices=PARTS, default=[], help="this part (may be repeated)")
    parser.add_argument("--only", action="append", choices=names, default=[], help="this path (may be repeated)")
    parser.add_argument("--again", action="store_true", help="measure these parts anew for the last whole run's page")
    parser.add_argument("--database-url", default="", help="an empty PostgreSQL database instead of a private cluster")
    given = parser.parse_args()
    if given.again and (given.quick or given.only or not given.part):
        parser.error("--again takes whole parts: name them by --part")
    return given


if __name__ == "__main__":
    sys.exit(main())
