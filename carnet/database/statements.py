"""Statements are SQLAlchemy Core expressions compiled once a dialect; the driver itself runs the text.

For an upsert take `insert` of `sqlalchemy.dialects.postgresql`: what it says of conflicts is compiled for both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any

from sqlalchemy import ClauseElement, Integer, UpdateBase
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

_SQLITE = sqlite.dialect(paramstyle="named")
_POSTGRES: Dialect = psycopg.dialect()  # type: ignore[no-untyped-call]
_INSERTION = re.compile(rb"(?P<head>INSERT INTO [^()]+ \([^()]*\) VALUES )(?P<row>\([^()]*\))")
_PLACE = re.compile(rb"\$(\d+)")
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Position(FunctionElement[int]):
    """Where a text is found in another, from 1, 0 when it is not: `Position(column, literal_column("'text'"))`."""

    inherit_cache = True
    type = Integer()


@compiles(Position)
def _position(element: Position, compiler: Any, **options: Any) -> str:
    name = "strpos" if compiler.dialect.name == "postgresql" else "instr"
    return f"{name}({compiler.process(element.clauses, **options)})"


class _Places(dict[str, str]):
    """The number of each name, in the order in which they are first asked for."""

    def __missing__(self, name: str) -> str:
        self[name] = place = f"${len(self) + 1}"
        return place


@dataclass(frozen=True, eq=False)
class Statement:
    """One SQL statement: `text` for SQLite as it stands, or the expression that a dialect's text is compiled from when it is first run there.

    A server that starts compiles nothing: there are hundreds, and a start may be after a crash.
    """

    text: str = ""
    expression: ClauseElement | None = field(default=None, repr=False)

    @cached_property
    def sqlite(self) -> str:
        """The text for the SQLite driver, with `:name` parameters."""
        return self._for_sqlite[0]

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """The values that it carries by itself, by name, on SQLite."""
        return self._for_sqlite[1]

    @cached_property
    def postgres(self) -> tuple[str, Mapping[str, Any]]:
        """The same statement for psycopg, with `%(name)s` parameters, and the values that it carries by itself there."""
        if self.expression is None:
            return self.text.replace("%", "%%"), _NOTHING
        return _compile(self.expression, _POSTGRES)

    @cached_property
    def numbered(self) -> tuple[bytes, tuple[str, ...], Mapping[str, Any]]:
        """The same as the server itself takes it, with `$1` for the first of the names that come second; and the values that it carries."""
        text, defaults = self.postgres
        places = _Places()
        return (text % places).encode(), tuple(places), defaults

    @cached_property
    def silent(self) -> bool:
        """Whether it changes rows and gives none."""
        expression = self.expression
        return isinstance(expression, UpdateBase) and not expression.returning_column_descriptions

    @cached_property
    def _for_sqlite(self) -> tuple[str, Mapping[str, Any]]:
        return (self.text, _NOTHING) if self.expression is None else _compile(self.expression, _SQLITE)


@cache
def for_rows(statement: Statement, count: int) -> bytes:
    """`numbered` for so many rows at once, b'' where that is not simply the same for each: no insertion, or one that says what else to do."""
    found = _INSERTION.fullmatch(statement.numbered[0]) if statement.silent else None
    if found is None:
        return b""
    names = len(statement.numbered[1])

    def of_row(number: int) -> bytes:
        return _PLACE.sub(lambda place: b"$%d" % (int(place[1]) + number * names), found["row"])

    return found["head"] + b", ".join(map(of_row, range(count)))


def prepare(expression: ClauseElement) -> Statement:
    """A statement of a Core expression. Give each variable a `bindparam(name)`; literal values in the expression become defaults.

    Call it at import, or under a cache keyed by the shape of the statement: compiling costs more than running.
    IN lists need a fixed count of binds (`column.in_([bindparam('v0'), bindparam('v1')])`).
    """
    return Statement(expression=expression)


def _compile(expression: ClauseElement, dialect: Dialect) -> tuple[str, dict[str, Any]]:
    compiled = expression.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    return str(compiled), {name: value for name, value in compiled.params.items() if value is not None}
