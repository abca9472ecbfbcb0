"""Where the lines that one professional left lie in the traces of patients, day by day: written after the fact by whoever follows the trace.

Who acted is sealed in each line, so that their journal could only be found by opening all lines of all patients. A row names nobody: `actor`
is a keyed digest. Days are told by their midnight in Paris, in microseconds UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import bindparam, delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from carnet.clock import DAY
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import own_lines

KEPT = 366 * DAY
_ROW = own_lines.c


OwnLine = tuple[bytes, int, int, int, int]
"""(actor, day, patient_key, patient_seq, at) of one line."""


class Place(NamedTuple):
    """The lines of one actor of one day lie between two places of one patient's trace, among those of others; the last is of `last_at`."""

    patient_key: int
    first_seq: int
    last_seq: int
    last_at: int


_NEW = insert(own_lines).values({column.name: bindparam(column.name) for column in _ROW})
_NOTE = prepare(
    _NEW.on_conflict_do_update(
        index_elements=["patient_key", "actor", "day"],
        set_={"last_seq": _NEW.excluded.last_seq, "last_at": _NEW.excluded.last_at},
    )
)
_OF_DAY = prepare(
    select(*(_ROW[name] for name in Place._fields))
    .where(_ROW.actor == bindparam("whose"), _ROW.day == bindparam("of_day"))
    .order_by(_ROW.last_at.desc(), _ROW.patient_key)
    .limit(bindparam("most"))
)
_OLD = (
    select(_ROW.patient_key, _ROW.actor, _ROW.day)
    .where(_ROW.day < bindparam("before"))
    .order_by(_ROW.day)
    .limit(bindparam("count"))
)
_DROP = prepare(delete(own_lines).where(tuple_(_ROW.patient_key, _ROW.actor, _ROW.day).in_(_OLD)).returning(_ROW.day))


def note_lines(connection: Connection, lines: Iterable[OwnLine]) -> None:
    """Notes lines, given in the order of the trace: a statement for each actor, day and patient."""
    rows: dict[tuple[bytes, int, int], dict[str, object]] = {}
    for actor, day, patient_key, seq, at in lines:
        new = {"patient_key": patient_key, "actor": actor, "day": day, "first_seq": seq}
        rows.setdefault((actor, day, patient_key), new).update(last_seq=seq, last_at=at)
    for row in rows.values():
        connection.execute(_NOTE, row)


def places_of_day(connection: Connection, actor: bytes, day: int, *, most: int) -> list[Place]:
    """Where an actor's lines of a day lie, the patients of the newest first."""
    return [Place(*row) for row in connection.execute(_OF_DAY, {"whose": actor, "of_day": day, "most": most})]


def forget_places(connection: Connection, now: int, *, count: int) -> int:
    """Deletes at most `count` rows of days of more than `KEPT` ago; returns how many."""
    return len(connection.execute(_DROP, {"before": now - KEPT, "count": count}))
