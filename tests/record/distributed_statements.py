"""Where the statements that acts run would go on a database of several servers: what their expressions say of it, without one."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Table
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.dml import Insert, UpdateBase
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, ColumnElement

from carnet.audit import journal
from carnet.database.distribution import LAYOUT, Lies
from carnet.database.statements import Statement


def tables_of(expression) -> set[str]:
    """Every table that a statement names, the one it writes to included."""
    named = {one.name for one in visitors.iterate(expression) if isinstance(one, Table)}
    return named | ({expression.table.name} if isinstance(expression, UpdateBase) else set())


def scattered(expression) -> set[str]:
    """The tables by patient of a statement that no equality ties to one patient's key: it would go to every shard."""
    tables = {name for name in tables_of(expression) if LAYOUT.get(name) is Lies.BY_PATIENT}
    tied: set[str] = set()
    pairs: list[tuple[str, str]] = []
    if isinstance(expression, Insert) and expression.table.name in tables:
        given = {getattr(column, "name", column) for column in (expression._values or {})}
        if "patient_key" in given or expression._values is None:
            tied.add(expression.table.name)
    for one in visitors.iterate(expression):
        if isinstance(one, BinaryExpression) and one.operator is operators.eq:
            sides = [_owner(side) for side in (one.left, one.right)]
            bound = any(isinstance(side, BindParameter) for side in (one.left, one.right))
            if bound:
                tied |= {side for side in sides if side}
            elif all(sides):
                pairs.append((sides[0], sides[1]))
    while True:
        more = {b for a, b in [*pairs, *((b, a) for a, b in pairs)] if a in tied} - tied
        if not more:
            return tables - tied
        tied |= more


def _owner(side: ColumnElement) -> str:
    column = getattr(side, "name", "")
    table = getattr(side, "table", None)
    return table.name if column == "patient_key" and isinstance(table, Table) else ""


def mixed(expression) -> set[str]:
    """The tables of a statement that joins those of the coordinator with those of a shard: Citus would carry rows between them."""
    places = {LAYOUT.get(name) for name in tables_of(expression)}
    return tables_of(expression) if {Lies.COORDINATOR, Lies.BY_PATIENT} <= places else set()


def elsewhere(expression) -> str:
    """The table that a statement writes to when it is on no patient's shard: beside a line of the trace that is a second server."""
    name = expression.table.name if isinstance(expression, UpdateBase) else ""
    return name if name and LAYOUT[name] is not Lies.BY_PATIENT else ""


@dataclass
class Ran:
    """Statements that ran, once each, with the values of one run; `apart` are those of transactions of their own."""

    within: dict[str, tuple[Statement, dict[str, Any]]] = field(default_factory=dict)
    apart: dict[str, tuple[Statement, dict[str, Any]]] = field(default_factory=dict)

    @property
    def all(self) -> list[tuple[Statement, dict[str, Any]]]:
        return [*self.within.values(), *self.apart.values()]


@contextlib.contextmanager
def noted(connection):
    """Notes what runs on a connection meanwhile. One to a single server believes that it is spread; lines of nobody stay without a number there."""
    ran = Ran()
    execute, many, apart, beside = connection.execute, connection.execute_many, connection.apart, connection.beside

    def noting(statement, parameters=None):
        ran.within.setdefault(statement.sqlite, (statement, dict(parameters or {})))
        return execute(statement, parameters)

    def noting_many(statement, rows):
        ran.within.setdefault(statement.sqlite, (statement, dict(rows[0]) if rows else {}))
        return many(statement, rows)

    def noting_apart(statement, parameters=None, run=apart):
        ran.apart.setdefault(statement.sqlite, (statement, dict(parameters or {})))
        with pytest.MonkeyPatch.context() as patch:  # on one server it is part of the same transaction
            patch.setattr(connection, "execute", execute)
            patch.setattr(connection, "beside", beside)
            return run(statement, parameters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "execute", noting)
        patch.setattr(connection, "execute_many", noting_many)
        patch.setattr(connection, "apart", noting_apart)
        patch.setattr(connection, "beside", partial(noting_apart, run=beside))
        if not connection.spread:
            patch.setattr(connection, "spread", True)
            patch.setattr(journal, "NOBODYS_LINES", None)
        yield ran
