"""What rows of sessions have in common, whoever signs in: found by the hash of a cookie, alive for a time, ended by somebody's word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Table, bindparam, update

from carnet.crypto.keyring import Keyring
from carnet.database.connection import Connection, Row
from carnet.database.statements import Statement, prepare
from carnet.identity.browser_secrets import digest, is_token

R = TypeVar("R")
TOKEN = "of_token"  # noqa: S105 - the name of a parameter
"""What a statement that finds a session by its cookie calls the hash."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Microseconds: since it was last used, and since it began."""

    idle: int
    whole: int


class Timed(Protocol):
    """The moments of a session, in microseconds UTC."""

    @property
    def began_at(self) -> int: ...  # noqa: D102 - the columns of both tables
    @property
    def seen_at(self) -> int: ...  # noqa: D102
    @property
    def ends_at(self) -> int: ...  # noqa: D102
    @property
    def ended_at(self) -> int | None: ...  # noqa: D102


def alive(session: Timed, now: int, limits: Limits) -> bool:
    """Whether it may be used at a moment; a clock that was put back does not wake it."""
    return session.ended_at is None and session.began_at <= now < min(session.ends_at, session.seen_at + limits.idle)


def found_by(connection: Connection, statement: Statement, cookie: str) -> Row | None:
    """The row whose cookie this is; any text that is no token is not looked for."""
    rows = connection.execute(statement, {TOKEN: digest(cookie)}) if is_token(cookie) else []
    return rows[0] if rows else None


def read_row(kind: type[R], row: Sequence[object]) -> R:
    """A row as the dataclass whose fields its columns are, in their order."""
    names: dict[str, object] = kind.__dataclass_fields__  # type: ignore[attr-defined]
    return msgspec.convert(dict(zip(names, row, strict=True)), kind, builtin_types=(bytes,), strict=True)


def ending(table: Table, which: Sequence[ColumnElement[bool]], whose: ColumnElement[object]) -> Statement:
    """The statement that ends the living sessions of which this is true, at `moment` by `whom`; it gives `whose` and the session's name."""
    row = table.c
    return prepare(
        update(table)
        .where(row.ended_at.is_(None), *which)
        .values(ended_at=bindparam("moment"), ended_by=bindparam("whom"))
        .returning(whose, row.session_id)
    )


def provider_index(keyring: Keyring, kind: str, issuer: str, what: str, value: str) -> bytes | None:
    """By what the provider's word finds its sessions (`sid`) and those of its subject (`sub`); None where it said none."""
    return keyring.blind_index(f"{kind}|{what}|{issuer}|{value}".encode()) if value else None
