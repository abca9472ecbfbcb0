"""How many segments are where, for an operator."""

from __future__ import annotations

from dataclasses import dataclass

from carnet.platform import Connection
from carnet.record.gate import Gate
from carnet.repository.segment_states import Progress, Summary, damaged, find_state, progress, summary


@dataclass(frozen=True, slots=True)
class Overview:
    """`here` are this machine's files, `open` those of them that were not closed yet; `store` is 'set' or 'none'."""

    closed: Summary
    damaged: list[str]
    here: int
    open: int
    store: str


def overview(gate: Gate) -> Overview:
    """Reads it from the database and this machine's directory; asks the object store nothing."""
    files = gate.platform.segment_files

    def read(connection: Connection) -> Overview:
        names = files.names()
        unknown = sum(find_state(connection, name) is None for name in names)
        store = "none" if files.sealed is None else "set"
        return Overview(summary(connection), damaged(connection), len(names), unknown, store)

    return gate.read(read)


def figures(gate: Gate) -> tuple[Progress, int]:
    """The closed segments of all machines, and the bytes of this machine's; asks the object store nothing."""
    return gate.read(progress), gate.platform.segment_files.local_bytes()
