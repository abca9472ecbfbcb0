"""Processes that tests start, as the kernel tells of them."""

from __future__ import annotations

from pathlib import Path


def children_of(pid: int) -> list[int]:
    """The processes that a process started and that still run. The kernel's own list of a process's children may
    leave some out while others come and go; each process's word on its parent does not."""
    return [int(stat.parent.name) for stat in Path("/proc").glob("[0-9]*/stat") if _said(stat)[1:] == (str(pid),)]


def has_ended(pid: int) -> bool:
    """Whether a process is gone; one that waits to be buried counts as gone."""
    return _said(Path(f"/proc/{pid}/stat"))[:1] in {(), ("Z",)}


def _said(stat: Path) -> tuple[str, ...]:
    """State and parent that a line `pid (name) state parent …` names; nothing when the process has gone meanwhile."""
    try:
        return tuple(stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[:2])
    except (FileNotFoundError, ProcessLookupError):
        return ()
