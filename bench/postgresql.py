"""PostgreSQL instead of the embedded database: the same paths, each round beside the floor, so that its ratio compares with the embedded one's.

The database is a private cluster on the disk that is measured, as Debian's packages make it but for its memory, or one at an address that
is given. Its processes run on all cores, as they would; their time counts with the server's.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from bench import servers
from bench.measure import Bench
from bench.paths import ROUTES
from bench.population import settle
from bench.servers import ServerFailed
from bench.site import Site
from bench.stock import stock
from carnet.config import Settings

PATHS = ("submit_signed", "query", "retrieve")
WITHIN = 30.0
_OPTIONS = ("-c", "shared_buffers=256MB", "-c", "max_wal_size=4GB", "-c", "listen_addresses=127.0.0.1")


class NoDatabase(Exception):
    """There is no PostgreSQL to measure; the message says why."""


@dataclass(frozen=True, slots=True)
class Database:
    """Where it listens; `pid` is its first process when it is ours."""

    url: str
    pid: int | None = None


def measure(site: Site, embedded: Mapping[str, Any], url: str = "") -> dict[str, Any]:
    """The figures of each path, each with `share`: its ratio to the floor over the embedded one's. Raises LoadFailed, ServerFailed."""
    if "database_url" not in {one.name for one in fields(Settings)}:
        return {"skipped": "this version has no setting database_url"}
    try:
        with contextlib.nullcontext(Database(url)) if url else _cluster(site.folder / "postgresql") as database:
            return _paths(site, database, embedded)
    except NoDatabase as reason:
        return {"skipped": str(reason)}


def _paths(site: Site, database: Database, embedded: Mapping[str, Any]) -> dict[str, Any]:
    port = servers.free_port()
    population = settle(site.folder / "home-postgresql", port, settings=f'database_url = "{database.url}"\n')
    found: dict[str, Any] = {}
    with (
        servers.floor(site.folder / "floor-postgresql", site.cores) as floor,
        servers.product(population.stage.home, port, site.cores, beside=database.pid) as product,
    ):
        field = stock(population, product)
        site.say("PostgreSQL: documents are there")
        answers = site.folder / "floor-postgresql"
        bench = Bench(product, floor, answers, site.workspace, site.depth.plan, site.cores)
        for route in (one for one in ROUTES if one.name in PATHS):
            found[route.name] = bench.measure(route, route.make(field))
            with contextlib.suppress(KeyError):
                found[route.name]["share"] = share(found[route.name], embedded[route.name])
            site.say(f"PostgreSQL: {route.name} is measured")
        memory = product.peak_mb()
    return {"paths": found, "peak_mb": memory}


def share(postgresql: Mapping[str, Any], embedded: Mapping[str, Any]) -> float:
    """What PostgreSQL reaches of the embedded database, each by its ratio to the floor that ran beside it."""
    return round(float(postgresql["ratio"]) / float(embedded["ratio"]), 3)


@contextlib.contextmanager
def _cluster(directory: Path) -> Iterator[Database]:
    """A fresh cluster, started and stopped. Raises NoDatabase where PostgreSQL is not installed."""
    programs = _programs()
    _reachable(directory)
    port = servers.free_port()
    as_owner = _as_owner(directory)
    data = directory / "data"
    _run([*as_owner, str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "carnet", "-E", "UTF8"])
    command = [str(programs / "postgres"), "-D", str(data), "-p", str(port), "-k", str(directory), *_OPTIONS]
    with (directory / "log").open("ab") as log:
        process = subprocess.Popen([*as_owner, *command], stdout=log, stderr=log)
    try:
        _wait_until_ready(programs, port, directory / "log")
        _run([str(programs / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "carnet", "carnet"])
        yield Database(f"postgresql://carnet@127.0.0.1:{port}/carnet", _postmaster(data))
    finally:
        _run([*as_owner, str(programs / "pg_ctl"), "stop", "-D", str(data), "-m", "fast"])
        process.wait(timeout=60)


def _programs() -> Path:
    """The folder of the newest version's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise NoDatabase("PostgreSQL is not installed (Debian: postgresql)")
    return Path(on_path).resolve().parent


def _as_owner(directory: Path) -> list[str]:
    """How to run its programs: it refuses to run as root."""
    if os.geteuid() != 0:
        return []
    shutil.chown(directory, "postgres", "postgres")
    return ["runuser", "-u", "postgres", "--"]


def _reachable(directory: Path) -> None:
    """Makes the folder, and lets another user pass through those above that are ours alone."""
    directory.mkdir(parents=True)
    for one in directory.parents:
        if one.stat().st_uid == os.geteuid() and not one.stat().st_mode & 0o001:
            one.chmod(one.stat().st_mode | 0o011)


def _wait_until_ready(programs: Path, port: int, log: Path) -> None:
    end = time.monotonic() + WITHIN
    while time.monotonic() < end:
        command = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        if subprocess.run(command, check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise ServerFailed(f"PostgreSQL did not start: {log.read_text(encoding='utf-8')[-600:]}")


def _postmaster(data: Path) -> int:
    return int((data / "postmaster.pid").read_text(encoding="ascii").splitlines()[0])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServerFailed(f"{Path(command[0]).name}: {done.stderr.strip()[-600:]}")
