"""Connections to the registry's database. SQLite is the embedded default: WAL and synchronous FULL, asserted, never assumed."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from carnet.database.failures import ConstraintViolated
from carnet.database.statements import Statement
from carnet.database.turns import Turn
from carnet.errors import ConfigurationError, Unavailable

Row = tuple[Any, ...]
BEGIN_WRITING = "BEGIN IMMEDIATE"
BETWEEN_TRIES = 0.000_2
"""Seconds."""
EVERY_TICKET = (1 << 63) - 1
NOBODYS_LINES = 0
"""The patient_key of lines of no patient where a database is spread over several servers: there a place needs a number. No patient has it."""


class Connection(Protocol):
    """What an act may do with the database. It never commits: the gate owns transactions."""

    def execute(self, statement: Statement, parameters: Mapping[str, Any] = ...) -> list[Row]:
        """Runs one statement and returns all its rows (none for a statement that returns nothing). Raises ConstraintViolated.

        A statement that changes rows and returns none may travel with what comes next, on PostgreSQL: what it violates is then told there, or
        when the savepoint is left or the transaction committed, never later.
        """
        ...

    def execute_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Runs one statement, which returns nothing, for each row of parameters. Raises ConstraintViolated, as `execute` does."""
        ...

    def foresee(self, statement: Statement, parameters: Mapping[str, Any] = ..., *, unchanging: bool = False) -> None:
        """Says that `execute` comes with just these values in this transaction, and that nothing before it changes what it does.

        On PostgreSQL it travels with what goes next, and its rows wait for who executes it, until the savepoint is left behind which it was foreseen.
        Elsewhere nothing is done: there is nothing to travel. `unchanging` is a reading of what nothing in this transaction changes: foreseen
        several times, it is read once.
        """
        ...

    @property
    def spread(self) -> bool:
        """Whether the database lies on several servers, so that a transaction should write on one shard alone."""
        ...

    def apart(self, statement: Statement, parameters: Mapping[str, Any] = ...) -> list[Row]:
        """Runs one statement on what lies by a value of its own: an assertion, an identifier, an alarm.

        Where the database is spread it is a transaction by itself, kept whatever becomes of the one that is open; elsewhere it is part of that.
        """
        ...

    def beside(self, statement: Statement, parameters: Mapping[str, Any] = ...) -> list[Row]:
        """Runs one statement that counts across records.

        On a server it is a transaction by itself, wherever its row lies, so that nobody waits for a row that many count in until somebody's commit;
        in the embedded database, which has one writer, it is part of the one that is open.
        """
        ...

    def sweep(self, statement: Statement, parameters: Mapping[str, Any]) -> None:
        """Runs a deletion of what is past. Where the database is spread it is done now and then, shard by shard, each by itself."""
        ...

    def settled_tickets(self) -> int:
        """The highest ticket of the trace up to which none can appear any more: what a sealer may put in order."""
        ...


class OwnedConnection(Connection, Protocol):
    """A connection in the hands of the gate: it begins transactions and ends them, in autocommit mode otherwise."""

    def shards_of(self, patient_keys: Sequence[int]) -> list[int]:
        """The number of the shard of each patient; all 0 where the database is not spread."""
        ...

    turns: bool
    """Whether transactions of different turns run beside each other; when they do not, every turn is that of all."""

    def begin(self, turn: Turn) -> None:
        """Begins to write when it is this turn's. Raises Unavailable when that takes too long or the database is away."""
        ...

    def begin_reading(self) -> None:
        """Begins to read one unchanging state; end it with `control("ROLLBACK")`."""
        ...

    def control(self, command: str) -> None:
        """Runs COMMIT, ROLLBACK, SAVEPOINT …: for the gate alone. Raises OutcomeUnknown for a COMMIT that was not answered."""
        ...

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        ...

    def check_durability(self) -> None:
        """Raises ConfigurationError when what is committed could be lost, Unavailable when the database is away."""
        ...

    def close(self) -> None:
        """Gives the connection back."""
        ...


class SqliteConnection:
    """One connection to the embedded database, in autocommit mode so that BEGIN and COMMIT are ours alone.

    Used from one thread at a time; each worker process opens its own.
    """

    turns = False
    spread = False

    def __init__(self, path: Path, *, busy_timeout_ms: int = 5_000) -> None:
        self._raw = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
        self._patience = busy_timeout_ms / 1_000
        try:
            self._set_up(busy_timeout_ms)
        except BaseException:
            self._raw.close()
            raise

    def _set_up(self, busy_timeout_ms: int) -> None:
        self._raw.execute(f"PRAGMA busy_timeout={int(busy_timeout_ms)}")
        self._raw.execute("PRAGMA journal_mode=WAL")
        self._raw.execute("PRAGMA synchronous=FULL")
        self._raw.execute("PRAGMA foreign_keys=ON")
        self._raw.execute("PRAGMA cache_size=-65536")
        self._raw.execute("PRAGMA temp_store=MEMORY")
        self.check_durability()
        self._raw.execute("PRAGMA busy_timeout=0")

    def check_durability(self) -> None:
        """Raises ConfigurationError unless journal_mode is WAL, synchronous is FULL (2) and foreign keys are on."""
        journal = self._raw.execute("PRAGMA journal_mode").fetchone()[0]
        synchronous = self._raw.execute("PRAGMA synchronous").fetchone()[0]
        foreign = self._raw.execute("PRAGMA foreign_keys").fetchone()[0]
        if (journal, synchronous, foreign) != ("wal", 2, 1):
            raise ConfigurationError(
                f"SQLite runs with journal_mode={journal}, synchronous={synchronous}, foreign_keys={foreign}; "
                "acknowledged writes are only safe with wal, 2 and 1."
            )

    def execute(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """See Connection. Values that the statement carries by itself give way to `parameters`."""
        values = dict(statement.defaults) if statement.defaults else {}
        if parameters:
            values.update(parameters)
        try:
            return self._raw.execute(statement.sqlite, values).fetchall()
        except sqlite3.IntegrityError as error:
            raise ConstraintViolated(str(error)) from error

    def foresee(
        self, statement: Statement, parameters: Mapping[str, Any] | None = None, *, unchanging: bool = False
    ) -> None:
        """See Connection."""

    def execute_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """See Connection."""
        defaults = statement.defaults
        try:
            self._raw.executemany(statement.sqlite, [{**defaults, **row} for row in rows] if defaults else rows)
        except sqlite3.IntegrityError as error:
            raise ConstraintViolated(str(error)) from error

    def apart(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """See Connection: there is one file, so it is part of the transaction that is open."""
        return self.execute(statement, parameters)

    def beside(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """See Connection."""
        return self.execute(statement, parameters)

    def sweep(self, statement: Statement, parameters: Mapping[str, Any]) -> None:
        """See Connection."""
        self.execute(statement, parameters)

    def shards_of(self, patient_keys: Sequence[int]) -> list[int]:
        """See OwnedConnection."""
        return [0] * len(patient_keys)

    def settled_tickets(self) -> int:
        """Every ticket: a line that another could precede is not there before it is committed."""
        return EVERY_TICKET

    def begin(self, turn: Turn) -> None:  # noqa: ARG002 - there is one writer at a time, whatever it writes
        """See OwnedConnection."""
        self.control(BEGIN_WRITING)

    def begin_reading(self) -> None:
        """See OwnedConnection."""
        self.control("BEGIN")

    def control(self, command: str) -> None:
        """Runs BEGIN, COMMIT, ROLLBACK, SAVEPOINT …: for the gate and migrations alone.

        BEGIN IMMEDIATE waits its turn among processes for at most the connection's busy timeout, then raises Unavailable.
        """
        if command == BEGIN_WRITING:
            self._begin_writing()
        else:
            self._raw.execute(command)

    def _begin_writing(self) -> None:
        """Tries again every fifth of a millisecond: SQLite's own waiting grows to steps of a tenth of a second."""
        end = time.monotonic() + self._patience
        while True:
            try:
                self._raw.execute(BEGIN_WRITING)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
                if time.monotonic() > end:
                    raise Unavailable("The database is busy; try again in a moment.") from error
                time.sleep(BETWEEN_TRIES)
            else:
                return

    def find_damage(self) -> list[str]:
        """What SQLite finds wrong in the whole file: pages, indexes against tables, references. Reads everything; an empty list is good."""
        try:
            found = [str(row[0]) for row in self._raw.execute("PRAGMA integrity_check").fetchall()]
            lost = [
                f"a row of {row[0]} refers to none" for row in self._raw.execute("PRAGMA foreign_key_check").fetchall()
            ]
        except sqlite3.DatabaseError as error:
            return [str(error)]
        return [line for line in found if line != "ok"] + lost

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._raw.in_transaction

    def close(self) -> None:
        """Closes the connection; the last one checkpoints the WAL."""
        self._raw.close()
