"""Statements are SQLAlchemy Core expressions compiled once a dialect; the driver itself runs the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ClauseElement
from sqlalchemy.dialects import sqlite

_SQLITE = sqlite.dialect(paramstyle="named")


@dataclass(frozen=True, slots=True)
class Statement:
    """The text of one SQL statement for the SQLite driver, with `:name` parameters, and the values it carries by itself."""

    sqlite: str
    defaults: tuple[tuple[str, Any], ...] = ()


def prepare(expression: ClauseElement) -> Statement:
    """Compiles a Core expression. Give each variable a `bindparam(name)`; literal values in the expression become defaults.

    Call it at import, or under a cache keyed by the shape of the statement: compiling costs more than running.
    IN lists need a fixed count of binds (`column.in_([bindparam('v0'), bindparam('v1')])`).
    """
    compiled = expression.compile(dialect=_SQLITE, compile_kwargs={"render_postcompile": True})
    defaults = tuple((name, value) for name, value in compiled.params.items() if value is not None)
    return Statement(str(compiled), defaults)
