"""Reading the trace in pages, in the orders that verification and display need. What is read may have been tampered with.

Lines lie with their patient, places in the tree lie in a table of their own (`audit_place`): where the database is spread over several servers, a
statement that joins the two names the first and the last place that it wants, so that no more than a page of places travels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select, tuple_

from carnet.database.connection import NOBODYS_LINES, Connection, Row
from carnet.database.statements import Statement, prepare
from carnet.database.tables import audit_checkpoint, audit_event, audit_place

_PAGE = 500
_AT_ONCE = 100
"""Tickets in one list."""
_LOWEST = -(1 << 63)
_HIGHEST = (1 << 63) - 1
_LINE, _PLACE = audit_event.c, audit_place.c
_CHECKPOINT = audit_checkpoint.c


class Line(NamedTuple):
    """A row of audit_event, and its place in the tree (None: not sealed, or not asked for)."""

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


STORED = Line._fields[:-1]
"""The columns of a line, in the order of its fields; its place is not among them."""
_COLUMNS = tuple(_LINE[name] for name in STORED)
_PLACES = prepare(
    select(_PLACE.leaf_index, _PLACE.ticket)
    .where(tuple_(_PLACE.leaf_index, _PLACE.ticket) > tuple_(bindparam("leaf_index"), bindparam("ticket")))
    .order_by(_PLACE.leaf_index, _PLACE.ticket)
    .limit(bindparam("count"))
)
_PLACED = prepare(
    select(*_COLUMNS, _PLACE.leaf_index)
    .join(audit_place, _PLACE.ticket == _LINE.ticket)
    .where(_PLACE.leaf_index >= bindparam("first"), _PLACE.leaf_index <= bindparam("last"))
    .order_by(_PLACE.leaf_index, _LINE.ticket)
)
_PLACES_OF = prepare(
    select(_PLACE.ticket, _PLACE.leaf_index).where(
        _PLACE.ticket.in_([bindparam(f"ticket{number}") for number in range(_AT_ONCE)])
    )
)
_PLACES_BETWEEN = prepare(
    select(_PLACE.ticket).where(_PLACE.ticket >= bindparam("first"), _PLACE.ticket <= bindparam("last"))
)
_ENDS = prepare(select(func.coalesce(func.max(_PLACE.ticket), _LOWEST), func.count()).select_from(audit_place))
_LINES_UP_TO = prepare(select(func.count()).select_from(audit_event).where(_LINE.ticket <= bindparam("last")))
_BY_TICKET = prepare(
    select(*_COLUMNS).where(_LINE.ticket > bindparam("ticket")).order_by(_LINE.ticket).limit(bindparam("count"))
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
_OF_PATIENT_SINCE = prepare(
    select(*_COLUMNS)
    .where(
        _LINE.patient_key == bindparam("patient"),
        _LINE.patient_seq > bindparam("patient_seq"),
        _LINE.at >= bindparam("since"),
    )
    .order_by(_LINE.patient_seq)
    .limit(bindparam("count"))
)
_OF_PATIENT_BACK = prepare(
    select(*_COLUMNS)
    .where(_LINE.patient_key == bindparam("patient"), _LINE.patient_seq < bindparam("patient_seq"))
    .order_by(_LINE.patient_seq.desc())
    .limit(bindparam("count"))
)
_OF_NOBODY = prepare(
    select(*_COLUMNS)
    .where(_LINE.patient_key.is_(None), _LINE.patient_seq.is_(None), _LINE.ticket > bindparam("ticket"))
    .order_by(_LINE.ticket)
    .limit(bindparam("count"))
)
_OF_NOBODY_SPREAD = prepare(
    select(*_COLUMNS)
    .where(_LINE.patient_key == NOBODYS_LINES, _LINE.patient_seq.is_(None), _LINE.ticket > bindparam("ticket"))
    .order_by(_LINE.ticket)
    .limit(bindparam("count"))
)
_LEAVES = prepare(
    select(_LINE.leaf_hash)
    .join(audit_place, _PLACE.ticket == _LINE.ticket)
    .where(_PLACE.leaf_index >= bindparam("first"), _PLACE.leaf_index < bindparam("end"))
    .order_by(_PLACE.leaf_index)
)
_CHECKPOINTS = prepare(
    select(_CHECKPOINT.size, _CHECKPOINT.root, _CHECKPOINT.note)
    .where(_CHECKPOINT.size > bindparam("size"))
    .order_by(_CHECKPOINT.size)
    .limit(bindparam("count"))
)


def line_of(row: Row, leaf_index: int | None) -> Line:
    """A line of the columns STORED. Lines of nobody have a patient of number 0 where the database is spread over several servers."""
    line = Line._make((*row, leaf_index))
    return line._replace(patient_key=None) if line.patient_key == NOBODYS_LINES else line


def sealed(connection: Connection) -> Iterator[Line]:
    """The lines that have a place in the tree, by place."""
    after = (_LOWEST, _LOWEST)
    while places := _places_after(connection, after, _PAGE):
        yield from _placed(connection, places)
        after = places[-1]


def sealed_from(connection: Connection, index: int, limit: int) -> list[Line]:
    """At most `limit` lines that have a place in the tree, from that place on."""
    places = _places_after(connection, (index - 1, _HIGHEST), limit)
    return _placed(connection, places) if places else []


def waiting(connection: Connection) -> Iterator[tuple[Line, bool]]:
    """The lines that have no place yet, by ticket, and whether one was passed over: a later one has a place, it will get none."""
    (last, places), *_ = connection.execute(_ENDS)
    every = connection.execute(_LINES_UP_TO, {"last": last})[0][0] != places
    for page in _pages(connection, _BY_TICKET, {"ticket": 0}, {}, _LOWEST if every else last):
        between = {"first": page[0][0], "last": page[-1][0]}
        taken = {ticket for (ticket,) in connection.execute(_PLACES_BETWEEN, between)}
        yield from ((line_of(row, None), row[0] < last) for row in page if row[0] not in taken)


def by_patient(connection: Connection) -> Iterator[Line]:
    """The lines of all patients, each patient's in their order, without their places: ask `with_places`."""
    for page in _pages(connection, _BY_PATIENT, {"patient_key": 1, "patient_seq": 2, "ticket": 0}, {}):
        yield from (line_of(row, None) for row in page)


def of_patient(connection: Connection, patient_key: int | None) -> Iterator[Line]:
    """The lines of one patient, or of none, oldest first."""
    statement, order = _OF_PATIENT, {"patient_seq": 2}
    if patient_key is None:
        statement, order = (_OF_NOBODY_SPREAD if connection.spread else _OF_NOBODY), {"ticket": 0}
    for page in _pages(connection, statement, order, {} if patient_key is None else {"patient": patient_key}):
        yield from with_places(connection, [line_of(row, None) for row in page])


def of_patient_since(connection: Connection, patient_key: int, since: int) -> Iterator[Line]:
    """The lines of one patient that say of themselves that they are of a moment (microseconds UTC) or later, oldest first, without their places."""
    values = {"patient": patient_key, "since": since}
    for page in _pages(connection, _OF_PATIENT_SINCE, {"patient_seq": 2}, values):
        yield from (line_of(row, None) for row in page)


def of_patient_back(connection: Connection, patient_key: int, before: int = _HIGHEST) -> Iterator[Line]:
    """The lines of one patient before a place in their trace, the newest first, without their places in the tree. Who has seen enough stops."""
    for page in _pages(connection, _OF_PATIENT_BACK, {"patient_seq": 2}, {"patient": patient_key}, before):
        yield from (line_of(row, None) for row in page)


def with_places(connection: Connection, lines: list[Line]) -> list[Line]:
    """The same lines with their places in the tree."""
    found: dict[int, int] = {}
    for start in range(0, len(lines), _AT_ONCE):
        tickets = [line.ticket for line in lines[start : start + _AT_ONCE]]
        padded = [*tickets, *[tickets[-1]] * (_AT_ONCE - len(tickets))]
        found |= dict(connection.execute(_PLACES_OF, {f"ticket{n}": ticket for n, ticket in enumerate(padded)}))
    return [line._replace(leaf_index=found.get(line.ticket)) for line in lines]


def leaf_hashes(connection: Connection, first: int, end: int) -> Iterator[bytes]:
    """The stored leaf hashes from a place to before another: whoever reads them compares the root they lead to with a signed one."""
    for start in range(first, end, _PAGE):
        for (leaf,) in connection.execute(_LEAVES, {"first": start, "end": min(start + _PAGE, end)}):
            yield leaf


def checkpoints(connection: Connection) -> Iterator[Row]:
    """Size, root and note of each checkpoint, by size."""
    for page in _pages(connection, _CHECKPOINTS, {"size": 0}, {}):
        yield from page


def _places_after(connection: Connection, after: Iterable[int], count: int) -> list[tuple[int, int]]:
    leaf_index, ticket = after
    values = {"leaf_index": leaf_index, "ticket": ticket, "count": count}
    return [(index, line) for index, line in connection.execute(_PLACES, values)]


def _placed(connection: Connection, places: list[tuple[int, int]]) -> list[Line]:
    rows = connection.execute(_PLACED, {"first": places[0][0], "last": places[-1][0]})
    return [line_of(row[:-1], row[-1]) for row in rows]


def _pages(
    connection: Connection,
    statement: Statement,
    positions: Mapping[str, int],
    constant: Mapping[str, Any],
    begin: int = _LOWEST,
) -> Iterator[list[Row]]:
    """The pages of a statement that goes on after the values, at these positions, of the last row it gave."""
    after: dict[str, Any] = dict.fromkeys(positions, begin)
    while rows := connection.execute(statement, {**constant, **after, "count": _PAGE}):
        yield rows
        after = {name: rows[-1][position] for name, position in positions.items()}
