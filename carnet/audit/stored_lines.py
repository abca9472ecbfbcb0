"""Reading the trace in pages, in the orders that verification and display need. What is read may have been tampered with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select, tuple_

from carnet.database.connection import Connection, Row
from carnet.database.statements import Statement, prepare
from carnet.database.tables import audit_checkpoint, audit_event

_PAGE = 500
_LOWEST = -(1 << 63)
_HIGHEST = (1 << 63) - 1
_LINE = audit_event.c
_CHECKPOINT = audit_checkpoint.c


class Line(NamedTuple):
    """A row of audit_event."""

    ticket: int
    patient_key: int | None
    patient_seq: int | None
    at: int
    entry: bytes
    sealed_openings: bytes
    leaf_hash: bytes
    leaf_index: int | None

    @property
    def misshapen(self) -> bool:
        """Whether a value is of another kind than its column's: SQLite keeps what it is given."""
        numbers = (self.patient_key, self.patient_seq, self.leaf_index)
        return not (
            type(self.entry) is type(self.sealed_openings) is type(self.leaf_hash) is bytes
            and type(self.at) is int
            and all(number is None or type(number) is int for number in numbers)
        )


_COLUMNS = tuple(_LINE[name] for name in Line._fields)
_SEALED = prepare(
    select(*_COLUMNS)
    .where(tuple_(_LINE.leaf_index, _LINE.ticket) > tuple_(bindparam("leaf_index"), bindparam("ticket")))
    .order_by(_LINE.leaf_index, _LINE.ticket)
    .limit(bindparam("count"))
)
_WAITING = prepare(
    select(*_COLUMNS)
    .where(_LINE.leaf_index.is_(None), _LINE.ticket > bindparam("ticket"))
    .order_by(_LINE.ticket)
    .limit(bindparam("count"))
)
_BY_PATIENT = prepare(
    select(*_COLUMNS)
    .where(
        tuple_(_LINE.patient_key, _LINE.patient_seq, _LINE.ticket)
        > tuple_(bindparam("patient_key"), bindparam("patient_seq"), bindparam("ticket"))
    )
    .order_by(_LINE.patient_key, _LINE.patient_seq, _LINE.ticket)
    .limit(bindparam("count"))
)
_OF_PATIENT = prepare(
    select(*_COLUMNS)
    .where(_LINE.patient_key == bindparam("patient"), _LINE.patient_seq > bindparam("patient_seq"))
    .order_by(_LINE.patient_seq)
    .limit(bindparam("count"))
)
_OF_NOBODY = prepare(
    select(*_COLUMNS)
    .where(_LINE.patient_key.is_(None), _LINE.patient_seq.is_(None), _LINE.ticket > bindparam("ticket"))
    .order_by(_LINE.ticket)
    .limit(bindparam("count"))
)
_LEAVES = prepare(
    select(_LINE.leaf_index, _LINE.leaf_hash)
    .where(_LINE.leaf_index > bindparam("leaf_index"), _LINE.leaf_index < bindparam("end"))
    .order_by(_LINE.leaf_index)
    .limit(bindparam("count"))
)
_CHECKPOINTS = prepare(
    select(_CHECKPOINT.size, _CHECKPOINT.root, _CHECKPOINT.note)
    .where(_CHECKPOINT.size > bindparam("size"))
    .order_by(_CHECKPOINT.size)
    .limit(bindparam("count"))
)


def sealed(connection: Connection) -> Iterator[Line]:
    """The lines that have a place in the tree, by place."""
    return _lines(connection, _SEALED, ("leaf_index", "ticket"))


def waiting(connection: Connection) -> Iterator[Line]:
    """The lines that have none yet, by ticket."""
    return _lines(connection, _WAITING, ("ticket",))


def by_patient(connection: Connection) -> Iterator[Line]:
    """The lines of all patients, each patient's in their order."""
    return _lines(connection, _BY_PATIENT, ("patient_key", "patient_seq", "ticket"))


def of_patient(connection: Connection, patient_key: int | None) -> Iterator[Line]:
    """The lines of one patient, or of none, oldest first."""
    if patient_key is None:
        return _lines(connection, _OF_NOBODY, ("ticket",))
    return _lines(connection, _OF_PATIENT, ("patient_seq",), {"patient": patient_key})


def sealed_from(connection: Connection, index: int, limit: int) -> list[Line]:
    """At most `limit` lines that have a place in the tree, from that place on."""
    after = {"leaf_index": index - 1, "ticket": _HIGHEST, "count": limit}
    return [Line(*row) for row in connection.execute(_SEALED, after)]


def leaf_hashes(connection: Connection, first: int, end: int) -> Iterator[bytes]:
    """The stored leaf hashes from a place to before another: whoever reads them compares the root they lead to with a signed one."""
    for _index, leaf in _pages(connection, _LEAVES, {"leaf_index": 0}, {"end": end}, first - 1):
        yield leaf


def checkpoints(connection: Connection) -> Iterator[Row]:
    """Size, root and note of each checkpoint, by size."""
    yield from _pages(connection, _CHECKPOINTS, {"size": 0}, {})


def _lines(
    connection: Connection, statement: Statement, order: tuple[str, ...], constant: Mapping[str, Any] | None = None
) -> Iterator[Line]:
    positions = {name: Line._fields.index(name) for name in order}
    for row in _pages(connection, statement, positions, constant or {}):
        yield Line(*row)


def _pages(
    connection: Connection,
    statement: Statement,
    positions: Mapping[str, int],
    constant: Mapping[str, Any],
    begin: int = _LOWEST,
) -> Iterator[Row]:
    """All rows of a statement that goes on after the values, at these positions, of the last row it gave."""
    after: dict[str, Any] = dict.fromkeys(positions, begin)
    while rows := connection.execute(statement, {**constant, **after, "count": _PAGE}):
        yield from rows
        after = {name: rows[-1][position] for name, position in positions.items()}
