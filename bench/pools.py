"""Files of requests, written by all cores while nothing is measured: assertions live five minutes and may be used once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable
from pathlib import Path

from bench.load import write_requests

Make = Callable[[int], bytes]
"""The request of a number; a number is asked for once."""

_MAKERS: list[Make] = []


def fill(make: Make, files: Iterable[tuple[Path, int]], *, start: int) -> int:
    """Writes each file with so many requests, numbered from `start`; returns the next free number."""
    jobs = []
    for path, count in files:
        jobs.append((path, start, count))
        start += count
    _MAKERS[:] = [make]
    with multiprocessing.get_context("fork").Pool() as workers:
        workers.starmap(_write, jobs, chunksize=1)
    return start


def _write(path: Path, start: int, count: int) -> None:
    write_requests(path, map(_MAKERS[0], range(start, start + count)))
