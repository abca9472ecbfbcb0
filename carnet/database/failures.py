"""How the databases fail, in words of our own: what the two drivers raise is told apart in one place each."""

from __future__ import annotations

import sqlite3

import psycopg

_PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)

_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_MISMATCH})
_NOT_TEXT = "Could not decode to UTF-8"
"""How sqlite3 begins to tell of a text that is none; it gives no code."""


class ConstraintViolated(Exception):
    """A key that exists already, a reference to nothing, a value that its column does not take: the statement did nothing."""


class OutcomeUnknown(Exception):
    """The answer to a COMMIT never came, or came too early: what was written may stand or not. It is never told as done."""


def is_passing(error: BaseException) -> bool:
    """Whether an error tells of the machine's state (disk, memory, files, locks, a server away) and not of what was asked: trying again is then right."""
    if isinstance(error, sqlite3.Error):
        return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _PASSING
    return isinstance(error, OSError | MemoryError | psycopg.OperationalError)


def is_damage(error: BaseException) -> bool:
    """Whether the database itself says that what is stored is damaged."""
    if isinstance(error, sqlite3.Error):
        return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _DAMAGE or str(error).startswith(_NOT_TEXT)
    return isinstance(error, psycopg.errors.DataCorrupted | psycopg.errors.IndexCorrupted)
