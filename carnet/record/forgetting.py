"""Letting go of what a worker keeps in memory of people whose record is read no more, whichever process closed or destroyed it."""

from __future__ import annotations

from functools import partial

from carnet.record.gate import Gate
from carnet.registry.readable_records import readable


def forget_the_ended(gate: Gate) -> int:
    """Drops renditions and keys of everybody whose record is not open now; returns of how many people. For every worker, every few seconds.

    No read waits for it: a call on such a record is refused by the facts of its own transaction. This empties the memory. A key that a
    worker reads again before its destruction is done goes in a later turn.
    """
    memory, keys = gate.platform.renditions, gate.platform.keyring
    kept = memory.pseudonyms() | keys.held()
    if not kept:
        return 0
    gone = kept - gate.read(partial(readable, pseudonyms=kept))
    for pseudonym in gone:
        memory.forget(pseudonym)
        keys.forget(pseudonym)
    return len(gone)
