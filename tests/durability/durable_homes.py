"""Homes to be put under fire, one class a database, and the server on them. Loaded by conftest.

A class of `DATABASES` is made with the first stage, a folder and what gives the Copies of a PostgreSQL server. It gives `stage` (a Stage on a
port of its own), `environment` (what its server needs beside the home), `gate()` and `rows(query)`: what another process sees in the database.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

import httpx
import psycopg
from free_ports import free_port
from processes import children_of, has_ended

from carnet.config import load
from carnet.demo.stage import Stage
from carnet.platform import build
from carnet.record.gate import Gate
from carnet.soap.ebrim_render import EbrimRenderer

START_WITHIN = 300.0
UNSIGNED = "submission_signature_required = false\n"


class EmbeddedHome:
    """A copy of the demonstration's home, on the embedded database."""

    database_beside_documents = True
    environment: ClassVar[dict[str, str]] = {}

    def __init__(self, first_stage, folder, _copies, settings=UNSIGNED):
        home = folder / "home"
        shutil.copytree(first_stage.home, home, ignore=shutil.ignore_patterns("callers"), dirs_exist_ok=True)
        file = home / "carnet.toml"
        file.write_text(file.read_text().replace("port = 1\n", f"port = {free_port()}\n") + settings)
        self.stage = Stage(home, load(home, self.environment_of_settings), first_stage.callers, first_stage.patients)

    @property
    def environment_of_settings(self):
        return {name: value for name, value in self.environment.items() if name.startswith("CARNET_")}

    @property
    def home(self):
        return self.stage.home

    @contextlib.contextmanager
    def gate(self):
        """The gate of this home, in this process."""
        platform = build(load(self.home, self.environment_of_settings), EbrimRenderer(), worker="judge")
        try:
            yield Gate(platform)
        finally:
            platform.close()

    def rows(self, query):
        """Committed rows."""
        path = f"file:{self.stage.settings.database}?mode=ro"
        with contextlib.closing(sqlite3.connect(path, uri=True)) as connection:
            return connection.execute(query).fetchall()

    def close(self):
        """Gives back what the home took outside its folder."""


class PostgresHome(EmbeddedHome):
    """The same on a database of its own of the tests' PostgreSQL server."""

    database_beside_documents = False

    def __init__(self, first_stage, folder, copies, settings=UNSIGNED):
        self.copies, self.url = copies(), copies().make()
        super().__init__(first_stage, folder, copies, f'{settings}database_url = "{self.url}"\n')
        for file in self.home.glob("carnet.db*"):
            file.unlink()

    def rows(self, query):
        """Committed rows."""
        with contextlib.closing(psycopg.connect(self.url, autocommit=True)) as connection:
            return connection.execute(query).fetchall()

    def close(self):
        """Drops the database."""
        self.copies.drop(self.url)


DATABASES = {"embedded": EmbeddedHome, "postgresql": PostgresHome}


class Server:
    """`carnet serve`, or a broken build of it, on a home. `program` are the arguments of the interpreter."""

    def __init__(self, home, *, program=("-m", "carnet", "serve", "--home"), **environment):
        began = time.monotonic()
        self.home = home
        self.log = (home.home / "server.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, *program, str(home.home)],
            stdout=self.log,
            stderr=self.log,
            env={**os.environ, **home.environment, **environment},
        )
        self.until_ready = self._wait(began)

    def _wait(self, began):
        """Seconds until it answers."""
        context = ssl.create_default_context(cafile=str(self.home.stage.authorities))
        with httpx.Client(verify=context, trust_env=False) as client:
            while time.monotonic() < began + START_WITHIN:
                if self.process.poll() is not None:
                    return None
                with contextlib.suppress(httpx.HTTPError):
                    if client.get(f"{self.home.stage.address}/health/live", timeout=5).status_code == 200:
                        return time.monotonic() - began
                time.sleep(0.05)
        raise AssertionError("the server did not start in time")

    def processor_seconds(self):
        """What the process used so far."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self):
        """SIGKILL for the server and its workers."""
        workers = children_of(self.process.pid)
        self.process.kill()
        for pid in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._gone(workers)

    def wait_for_its_death(self, within):
        """Waits until the server ended by itself, or one of its workers did and another took its place; whether it was so."""
        end, workers = time.monotonic() + within, set(children_of(self.process.pid))
        try:
            while time.monotonic() < end:
                status = self.process.poll()
                if status is not None:
                    return status == -signal.SIGKILL or bool(workers)
                if any(map(has_ended, workers)) and set(children_of(self.process.pid)) - workers:
                    return True
                time.sleep(0.02)
            return False
        finally:
            self.kill()

    def stop(self):
        """SIGTERM, and its end."""
        self.process.terminate()
        status = self.process.wait(timeout=60)
        self._gone([])
        return status

    def _gone(self, workers):
        self.process.wait(timeout=60)
        end = time.monotonic() + 60
        while not all(map(has_ended, workers)):
            assert time.monotonic() < end, "a worker outlives its SIGKILL"
            time.sleep(0.01)
        self.log.close()
