"""The machine's own speed, printed beside every figure: without it a rate means nothing."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import time
from pathlib import Path

BLOCK = b"\x00" * 8192


def describe(directory: Path) -> dict[str, object]:
    """What the figures were measured on; `directory` is on the disk that is used."""
    return {
        "fsync_us": fsync_us(directory),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": platform.system(),
    }


def fsync_us(directory: Path, *, times: int = 200) -> int:
    """The median time in microseconds of an append of 8 KB and its fdatasync."""
    path = directory / "fsync"
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    taken = []
    try:
        for _ in range(times):
            began = time.perf_counter()
            os.write(handle, BLOCK)
            os.fdatasync(handle)
            taken.append(time.perf_counter() - began)
    finally:
        os.close(handle)
        path.unlink()
    return round(statistics.median(taken) * 1e6)


def cpu_model() -> str:
    """The processor's name as the system gives it."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
