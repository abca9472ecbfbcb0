"""Whose turn it is to write. SQLite has one writer at a time whatever the turn; PostgreSQL keeps the same promise patient by patient.

Acts read facts, decide on them and write: between the first and the last nothing that they read may change. A turn says what a transaction
touches, so that two that touch the same never run beside each other (docs/decisions/0019-postgresql.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """What a transaction holds from its first statement to its end.

    `alone`: nothing else runs. Otherwise it runs beside others whose `keys` (64-bit signed) are not among its own.
    """

    keys: tuple[int, ...] = ()
    alone: bool = False
    sealing: bool = False


ALONE = Turn(alone=True)
"""Imports, feeds, timers, operators' commands, acts across records."""
SEALING = Turn(sealing=True)
"""Sealing the trace, beside acts: there is one sealer at a time, and it touches only lines that are settled."""
NOBODY = Turn()
"""What touches no record: the line of a call that failed authentication."""


def turn_of(keys: Iterable[int]) -> Turn:
    """The turn of a group of acts. Keys are taken in one order by everybody, so that no two groups wait for each other."""
    return Turn(tuple(sorted(set(keys))))
