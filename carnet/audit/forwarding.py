"""How far the trace was handed over to each collector: a durable place, which only moves on."""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import audit_forwarding

_PLACE = prepare(select(audit_forwarding.c.next_index).where(audit_forwarding.c.collector == bindparam("of_collector")))
_NEW = insert(audit_forwarding).values({name: bindparam(f"new_{name}") for name in ("collector", "next_index", "at")})
_MOVE = prepare(
    _NEW.on_conflict_do_update(
        index_elements=["collector"],
        set_={"next_index": _NEW.excluded.next_index, "at": _NEW.excluded.at},
        where=audit_forwarding.c.next_index < _NEW.excluded.next_index,
    )
)


def next_index(connection: Connection, collector: str) -> int:
    """The place in the tree of the first line that this collector was not handed."""
    rows = connection.execute(_PLACE, {"of_collector": collector})
    return int(rows[0][0]) if rows else 0


def move_on(connection: Connection, collector: str, index: int, *, now: int) -> None:
    """Writes down that all lines before `index` were handed over; a place that is further already stays."""
    connection.execute(_MOVE, {"new_collector": collector, "new_next_index": index, "new_at": now})
