"""A slower disk is one for SQLite and for a plain sync alike, in a process that was started with it and in no other."""

import os
import shutil
import subprocess
import sys

import pytest

from bench.slow_disk import SlowDisk, compiled

pytestmark = pytest.mark.skipif(
    not (shutil.which("gcc") or shutil.which("cc")),
    reason="the slower disk is a small C library: it needs gcc, which `make bench-packages` installs",
)
COMMIT = """
import sqlite3, sys, time
raw = sqlite3.connect(sys.argv[1] + "/one.db", isolation_level=None)
raw.execute("PRAGMA journal_mode=WAL")
raw.execute("PRAGMA synchronous=FULL")
raw.execute("CREATE TABLE one (value)")
began = time.perf_counter()
raw.execute("INSERT INTO one VALUES (1)")
print(time.perf_counter() - began)
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("library"))


def test_every_sync_takes_at_least_the_time_that_is_added(library, tmp_path):
    assert SlowDisk(20_000, library).sync_us(tmp_path) >= 20_000


def test_the_disk_as_it_is_changes_nothing_in_a_process():
    assert SlowDisk(0).environment == {}


def test_a_commit_of_sqlite_waits_too(library, tmp_path):
    around = {**os.environ, **SlowDisk(50_000, library).environment}
    done = subprocess.run(
        [sys.executable, "-c", COMMIT, str(tmp_path)], env=around, capture_output=True, text=True, check=True
    )
    assert float(done.stdout) >= 0.05
