"""Where the workers of one server leave their figures for each other: a folder of the server's own in the home, gone with it.

A server that is killed cannot take its folder away: the next that starts on the home does. A lock of the process, which ends with it however it
ends, says whose server lives; several may serve one home for a while (docs/operate/README.md, upgrades).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

FIGURES = "figures"
"""The folder of these folders in a home. Nothing in it is worth a backup."""


@contextlib.contextmanager
def figures_folder(home: Path) -> Iterator[Path]:
    """A new folder for as long as the server runs. Those of servers that were killed are taken away first."""
    place = home / FIGURES
    place.mkdir(mode=0o700, exist_ok=True)
    with contextlib.ExitStack() as living:
        with _locked(place):  # nobody sweeps between the making of a folder and its lock
            _sweep(place)
            mine = Path(tempfile.mkdtemp(dir=place))
            living.enter_context(_locked(mine))
        try:
            yield mine
        finally:
            shutil.rmtree(mine, ignore_errors=True)


def _sweep(place: Path) -> None:
    for left in place.iterdir():
        with contextlib.suppress(BlockingIOError), _locked(left, wait=False):
            shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Holds a folder for this process alone. Raises BlockingIOError when another has it and `wait` is False."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(opened)
