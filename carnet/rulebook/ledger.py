"""The rows of rule data in the order in which they were written. Moments are microseconds UTC.

Every row has a place in one counting over the three tables. Whoever writes holds the database's only write transaction, so that places have no
gap: one that is missing was taken away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Table, bindparam, func, insert, select

from carnet.database.connection import Connection
from carnet.database.statements import Statement, prepare
from carnet.database.tables import rule_approval, rule_version, rule_withdrawal
from carnet.errors import IntegrityFailure

MATRIX = "matrix"
"""The one kind of rule data: which profession reads which type of document."""

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Version:
    """A version as it was proposed: canonical bytes and their SHA-256 in hexadecimal."""

    kind: str
    version: str
    place: int
    digest: str
    content: bytes
    source: str
    legal_basis: str
    effective_from: int
    proposed_by: str
    proposed_at: int


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's approval; `key` is the SHA-256 of the public key (hexadecimal), `signature` Ed25519."""

    kind: str
    version: str
    approver: str
    place: int
    at: int
    key: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A version taken back; `key` and `signature` are empty unless it had been approved."""

    kind: str
    version: str
    place: int
    at: int
    withdrawn_by: str
    reason: str
    key: str
    signature: bytes


Row = Version | Approval | Withdrawal


@dataclass(frozen=True, slots=True)
class Ledger:
    """All rows, each kind in the order of places."""

    versions: tuple[Version, ...]
    approvals: tuple[Approval, ...]
    withdrawals: tuple[Withdrawal, ...]


def _all(table: Table) -> Statement:
    return prepare(select(table).order_by(table.c.place))


_NEWEST = prepare(
    select(
        *(select(func.max(table.c.place)).scalar_subquery() for table in (rule_version, rule_approval, rule_withdrawal))
    )
)
_VERSIONS, _APPROVALS, _WITHDRAWALS = (_all(table) for table in (rule_version, rule_approval, rule_withdrawal))
_INSERTS = {
    kind: prepare(insert(table).values({column.name: bindparam(column.name) for column in table.columns}))
    for kind, table in ((Version, rule_version), (Approval, rule_approval), (Withdrawal, rule_withdrawal))
}


def newest(connection: Connection) -> tuple[int, ...]:
    """The places of the newest row of each table, 0 before the first: others than before mean that there is something to read again.

    They only ever grow; -1 stands for one that is no number.
    """
    return tuple(_number(place) for place in connection.execute(_NEWEST)[0])


def next_place(connection: Connection) -> int:
    """The place of the row that is written next."""
    return 1 + max(newest(connection))


def read_ledger(connection: Connection) -> Ledger:
    """Every row. Raises IntegrityFailure when one is missing, or is not of its form."""
    ledger = Ledger(
        _rows(connection, _VERSIONS, Version),
        _rows(connection, _APPROVALS, Approval),
        _rows(connection, _WITHDRAWALS, Withdrawal),
    )
    rows: tuple[Row, ...] = (*ledger.versions, *ledger.approvals, *ledger.withdrawals)
    places = sorted(row.place for row in rows)
    if places != list(range(1, len(places) + 1)):
        raise IntegrityFailure("A row of the rule data is missing, or stands twice.")
    return ledger


def append(connection: Connection, row: Row) -> None:
    """Writes a row; its place must be that after the newest, in the transaction that is open."""
    connection.execute(_INSERTS[type(row)], {name: getattr(row, name) for name in row.__slots__})


def _number(place: Any) -> int:
    if place is None:
        return 0
    return place if isinstance(place, int) else -1


def _rows(connection: Connection, statement: Statement, form: type[R]) -> tuple[R, ...]:
    return tuple(_row(form, row) for row in connection.execute(statement))


def _row(form: type[R], row: Sequence[Any]) -> R:
    names: Sequence[str] = form.__slots__  # type: ignore[attr-defined]
    try:
        return msgspec.convert(dict(zip(names, row, strict=True)), form, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise IntegrityFailure("A row of the rule data is not of its form.") from error
