"""What a witness remembers: for each trace that it watches, the key, and the last checkpoint that it signed. Its own SQLite database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, Text, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.schema import CreateTable

from carnet.audit.merkle import EMPTY_ROOT
from carnet.database.connection import BEGIN_WRITING, SqliteConnection
from carnet.database.statements import Statement, prepare

_watched = Table(
    "watched_trace",
    MetaData(),
    Column("origin", Text, primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    comment="One row is a trace that this witness watches, and the last of its checkpoints that it signed.",
)
_CREATE = Statement(str(CreateTable(_watched, if_not_exists=True).compile(dialect=dialect())))
_WATCH = prepare(
    insert(_watched)
    .values(
        origin=bindparam("origin"), public_key=bindparam("public_key"), size=0, root=bindparam("root"), note="", at=0
    )
    .on_conflict_do_nothing()
)
_LAST = prepare(
    select(_watched.c.public_key, _watched.c.size, _watched.c.root, _watched.c.at).where(
        _watched.c.origin == bindparam("of_origin")
    )
)
_ALL = prepare(select(_watched.c.origin, _watched.c.size, _watched.c.at).order_by(_watched.c.origin))
_MOVE = prepare(
    update(_watched)
    .where(_watched.c.origin == bindparam("of_origin"), _watched.c.size <= bindparam("new_size"))
    .values(size=bindparam("new_size"), root=bindparam("new_root"), note=bindparam("new_note"), at=bindparam("new_at"))
)


@dataclass(frozen=True, slots=True)
class Remembered:
    """The trace's raw public key, size and root of the last checkpoint signed (0 and the empty root for none), and when, in seconds."""

    public_key: bytes
    size: int
    root: bytes
    seconds: int


class WitnessMemory:
    """One database file. SQLite in WAL mode with synchronous FULL: what was committed is there after a power cut."""

    def __init__(self, path: Path) -> None:
        self._connection = SqliteConnection(path)
        self._connection.execute(_CREATE)

    def begin(self) -> None:
        """Starts a transaction that no other excludes: what is read and then written is one step. End it with `commit` or `forget`."""
        self._connection.control(BEGIN_WRITING)

    def commit(self) -> None:
        """Makes what was written durable."""
        self._connection.control("COMMIT")

    def forget(self) -> None:
        """Gives up what was written since `begin`."""
        if self._connection.in_transaction:
            self._connection.control("ROLLBACK")

    def watch(self, origin: str, public_key: bytes) -> bool:
        """Begins to watch a trace under a key; False when it is watched already under that key, or under another, which stays."""
        before = self.last(origin)
        self._connection.execute(_WATCH, {"origin": origin, "public_key": public_key, "root": EMPTY_ROOT})
        return before is None

    def last(self, origin: str) -> Remembered | None:
        """What is remembered of a trace; None for one that is not watched."""
        rows = self._connection.execute(_LAST, {"of_origin": origin})
        return Remembered(*rows[0]) if rows else None

    def move(self, origin: str, size: int, root: bytes, note: str, seconds: int) -> None:
        """Remembers a checkpoint as the last one signed; never a smaller one."""
        values = {"of_origin": origin, "new_size": size, "new_root": root, "new_note": note, "new_at": seconds}
        self._connection.execute(_MOVE, values)

    def watched(self) -> list[tuple[str, int, int]]:
        """Origin, size and moment (seconds) of every watched trace."""
        return [(str(origin), int(size), int(at)) for origin, size, at in self._connection.execute(_ALL)]

    def close(self) -> None:
        """Closes the database."""
        self._connection.close()
