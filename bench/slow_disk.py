"""A slower disk, emulated: a library preloaded into floor and product alike that makes every fsync and fdatasync take longer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("slow_disk.c")
DELAYS_US = (2_000, 5_000)
"""What is added to the disk's own sync: consumer disks and networked volumes."""
_PROBE = "import sys; from pathlib import Path; from bench.machine import fsync_us; print(fsync_us(Path(sys.argv[1]), times=40))"


class NoCompiler(Exception):
    """The library cannot be made here; the message says why."""


@dataclass(frozen=True, slots=True)
class SlowDisk:
    """The disk as it is when `delay_us` is 0."""

    delay_us: int
    library: Path | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process must be started with."""
        if not self.delay_us or self.library is None:
            return {}
        return {"LD_PRELOAD": str(self.library), "SLOW_DISK_US": str(self.delay_us)}

    def sync_us(self, directory: Path) -> int:
        """The median time of a sync in a process that was started with it."""
        command = [sys.executable, "-c", _PROBE, str(directory)]
        found = subprocess.run(
            command, env={**os.environ, **self.environment}, capture_output=True, text=True, check=True
        )
        return int(found.stdout)


def compiled(directory: Path) -> Path:
    """The library, made with the C compiler that is there. Raises NoCompiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise NoCompiler("no C compiler (gcc) is installed")
    library = directory / "slow_disk.so"
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoCompiler(f"{compiler}: {done.stderr.strip()}")
    return library
