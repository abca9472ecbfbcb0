"""Private PostgreSQL clusters for tests: made in a temporary folder, reached over a socket in it, ended with the tests.

The server refuses to run as root: then it runs as the user `postgres` of Debian's package. Settings are quick, but keep what they acknowledge.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
from processes import children_of
from sqlalchemy import create_engine, insert, select, text

from carnet.database.postgres import PostgresConnection
from carnet.database.schema import migrate
from carnet.database.tables import metadata

QUICK = """
listen_addresses = ''
dynamic_shared_memory_type = mmap
shared_buffers = 48MB
max_wal_size = 512MB
max_connections = 60
autovacuum_naptime = 20s
log_min_messages = fatal
"""
MUCH = 3 << 30
USUAL, PATIENT = 4.0, 60.0
"""Seconds that a connection waits for the server: what an installation sets, and what it becomes in tests, where the machine may be busy."""
PREFIX = "carnet-pg-"
LONG_AGO = 6 * 3600
"""Seconds."""
_NAMES = itertools.count()


def programs() -> Path | None:
    """The folder of the newest server's programs; None where none is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class Cluster:
    """One server on its own files. `settings` are lines of postgresql.conf."""

    def __init__(self, settings: str = "", *, source: Cluster | None = None, port: int = 5432) -> None:
        self.port = port
        sweep_left_behind()
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=roomy()))
        self._lock = os.open(self.folder, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.data = self.folder / "data"
        self.process: subprocess.Popen | None = None
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        if source is None:
            self._run("initdb", "-D", self.data, "-U", "carnet", "-A", "trust", "--locale=C", "-E", "UTF8", "--no-sync")
        else:
            self._run("pg_basebackup", "-D", self.data, "-h", source.folder, "-U", "carnet", "-c", "fast", "--no-sync")
        with (self.data / "postgresql.conf").open("a") as written:
            written.write(f"{QUICK}\nunix_socket_directories = '{self.folder}'\nport = {port}\n{settings}\n")

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://carnet@/{database}?host={self.folder}&port={self.port}"

    def start(self) -> Cluster:
        """Starts the server and waits until it answers."""
        self._launch()
        end = time.monotonic() + 120
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=10).close()
            except psycopg.Error:
                assert time.monotonic() < end, "the server did not start"
                if self.process.poll() is not None:  # what is left of the one that was killed may hold its memory still
                    self._launch()
                time.sleep(0.05)
            else:
                return self

    def _launch(self) -> None:
        mortal = ["setpriv", "--pdeathsig=QUIT"]  # it ends with the tests, however they end
        command = [*mortal, *_as_owner()[1:], str(programs() / "postgres"), "-D", str(self.data)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )

    def sql(self, command, *values, database="postgres"):
        """Runs one command outside of any transaction and returns its rows."""
        with contextlib.closing(psycopg.connect(self.url(database), autocommit=True)) as raw:
            cursor = raw.execute(command, values)
            return cursor.fetchall() if cursor.description else []

    def kill(self) -> None:
        """kill -9 of the server and of all its children, each of which is in a group of its own; those that it starts meanwhile end with it."""
        children = children_of(self.process.pid)
        for pid in (self.process.pid, *children):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(timeout=60)
        self.process = None

    def stop(self) -> None:
        """Ends the server at once, and takes its files away."""
        if self.process is not None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)

    def _run(self, program: str, *arguments) -> None:
        command = [*_as_owner(), str(programs() / program), *map(str, arguments)]
        subprocess.run(command, check=True, capture_output=True, cwd="/")


def sweep_left_behind() -> None:
    """Takes away the files of servers whose tests were killed long ago: nobody holds their lock."""
    for left in Path(roomy()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > LONG_AGO:
                folder = os.open(left, os.O_RDONLY)
                try:
                    fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(left, ignore_errors=True)
                finally:
                    os.close(folder)


def roomy() -> str:
    """Memory where there is enough: what is killed, not cut off from power, loses nothing of it, and what it syncs costs no wait."""
    memory = Path("/dev/shm")
    return str(memory) if memory.exists() and shutil.disk_usage(memory).free > MUCH else "/tmp"


def _as_owner() -> list[str]:
    """The server's programs refuse root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []


class Copies:
    """Databases made from one that holds what an SQLite file holds."""

    def __init__(self, cluster: Cluster, source: Path) -> None:
        self.cluster = cluster
        self.template = f"template_{next(_NAMES)}"
        cluster.sql(f"CREATE DATABASE {self.template}")
        migrate(cluster.url(self.template))
        pour(source, cluster.url(self.template))

    def make(self) -> str:
        """The address of a fresh copy."""
        name = f"copy_{next(_NAMES)}"
        self.cluster.sql(f"CREATE DATABASE {name} TEMPLATE {self.template}")
        return self.cluster.url(name)

    def drop(self, url: str) -> None:
        name = url.partition("@/")[2].partition("?")[0]
        self.cluster.sql(f"DROP DATABASE {name} WITH (FORCE)")


def be_patient() -> None:
    """From now on connections of this process wait for their server in no hurry, unless they are told otherwise than usual."""
    opened = PostgresConnection.__init__

    def patiently(self, url, *, patience=USUAL):
        opened(self, url, patience=PATIENT if patience == USUAL else patience)

    PostgresConnection.__init__ = patiently


def pour(source: Path, url: str) -> None:
    """Puts every row of an SQLite database of our schema into an empty one of PostgreSQL."""
    old = create_engine(f"sqlite:///{source}")
    new = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url))
    with old.connect() as reading, new.begin() as writing:
        for table in metadata.sorted_tables:
            if table.name == "schema_step":  # both were migrated
                continue
            rows = [dict(row._mapping) for row in reading.execute(select(table))]
            if rows:
                writing.execute(insert(table), rows)
        for table, column in (("patient", "patient_key"), ("audit_event", "ticket")):
            writing.execute(
                text(
                    f"SELECT setval('{table}_{column}_seq', greatest(1, max({column})), max({column}) IS NOT NULL) FROM {table}"
                )
            )
    old.dispose()
    new.dispose()
