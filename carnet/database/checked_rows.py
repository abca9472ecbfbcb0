"""Reading once more, cell by cell, when an act failed for no reason that it knows: a stored row may not be what its table says.

SQLite keeps a type for each cell, in a header that carries no checksum; a bit that turns there makes a number of a text. Checking every
cell that is read would cost a tenth of a search, so it is done after a failure alone. PostgreSQL cannot give another type than the column's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Column, CompoundSelect, Join, Select
from sqlalchemy.types import NullType

from carnet.database.connection import Connection, Row
from carnet.database.failures import is_damage
from carnet.database.statements import Statement
from carnet.errors import IntegrityFailure

_ANYTHING = object


class CheckedRows:
    """A Connection whose every cell is compared with the type of its column before it is given. Raises IntegrityFailure."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """See Connection."""
        try:
            rows = self._connection.execute(statement, parameters or {})
        except Exception as error:
            if is_damage(error):
                raise _damaged() from error
            raise
        expected = _types(statement)
        if expected and not all(
            isinstance(cell, kind) for row in rows for cell, kind in zip(row, expected, strict=True)
        ):
            raise _damaged()
        return rows

    def execute_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """See Connection."""
        self._connection.execute_many(statement, rows)

    def settled_tickets(self) -> int:
        """See Connection."""
        return self._connection.settled_tickets()


def _damaged() -> IntegrityFailure:
    return IntegrityFailure("What is stored is damaged.")


@cache
def _types(statement: Statement) -> tuple[Any, ...]:
    """The types of a statement's cells; none for one that is no SELECT."""
    expression = statement.expression
    if not isinstance(expression, Select | CompoundSelect):
        return ()
    absent = {table for part in _froms(expression) for table in _may_be_absent(part)}
    return tuple(_type(column, absent) for column in expression.selected_columns)


def _froms(expression: Select[Any] | CompoundSelect[Any]) -> Sequence[Any]:
    return expression.get_final_froms() if isinstance(expression, Select) else ()


def _may_be_absent(part: Any) -> list[Any]:
    """The tables on the outer side of joins: their cells may all be NULL."""
    if not isinstance(part, Join):
        return []
    return [*_may_be_absent(part.left), *_may_be_absent(part.right), *([part.right] if part.isouter else [])]


def _type(column: Any, absent: set[Any]) -> Any:
    if isinstance(column.type, NullType):
        return _ANYTHING
    never_null = isinstance(column, Column) and not column.nullable and column.table not in absent
    return column.type.python_type if never_null else column.type.python_type | None
