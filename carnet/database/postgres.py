"""Connections to PostgreSQL. Turns are advisory locks of the transaction; what is acknowledged is on disk, and on the standby where there is one.

A COMMIT whose answer does not come is an unknown outcome, never a success: a server that waits in vain for its standby has written
locally, and says so with a warning when the wait is given up.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
from psycopg import Cursor
from psycopg import errors as raised
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from carnet.database import citus
from carnet.database.connection import Row
from carnet.database.failures import ConstraintViolated, OutcomeUnknown
from carnet.database.postgres_session import Session, open_session
from carnet.database.statements import Statement
from carnet.database.turns import Turn
from carnet.errors import Unavailable

# Our advisory locks of two numbers: everybody's, the sealer's, and the ticket beyond which a transaction takes its own.
_SHARED = "SELECT pg_advisory_xact_lock_shared(1128354001, 0)"
_ALONE = "SELECT pg_advisory_xact_lock(1128354001, 0)"
_SEALER = "SELECT pg_advisory_xact_lock(1128354002, 0)"
_MY_TICKETS = (
    "SELECT pg_advisory_xact_lock_shared(1128354003, (last_value & 2147483647)::int) FROM audit_event_ticket_seq"
)
_GIVEN_OUT = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM audit_event_ticket_seq"
_LAST_IN_ORDER = "SELECT coalesce(max(ticket), 0) FROM audit_place"
_BEING_USED = """SELECT objid::bigint FROM pg_locks
    WHERE locktype = 'advisory' AND classid = 1128354003 AND objsubid = 2 AND granted AND pid <> pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 2.0
"""Seconds between two attempts to connect, doubled each time."""
_LONG_WORK = 600.0
"""Seconds that one statement of an import or a report may take."""
_BETWEEN_SWEEPS = 60.0
"""Seconds, where each shard has to be swept by itself."""


class PostgresConnection:
    """One connection of one worker, in autocommit mode so that BEGIN and COMMIT are ours alone; used from one thread at a time.

    `patience` (seconds) is how long a turn, a statement of an act or a COMMIT may take before the answer is Unavailable. A connection that
    was lost is opened again by the next BEGIN, after a pause that doubles up to two seconds; meanwhile everything is Unavailable.
    """

    turns = True

    def __init__(self, url: str, *, patience: float = 4.0) -> None:
        self._url = url
        self._patience = patience
        self._limit = patience
        self._reading = False
        self._not_before = 0.0
        self._wait = _FIRST_WAIT
        self._aside: Session | None = None
        self._owed = ""
        self._swept: dict[Statement, float] = {}
        self._session: Session | None = open_session(url, patience)
        try:
            self.spread = citus.is_spread(self._ask)
            self._settle_in()
        except BaseException:
            self.close()
            raise

    # --- statements ---------------------------------------------------------------------------------------------------

    def execute(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """See Connection."""
        return self._execute(self._present(), statement, parameters)

    def _execute(self, session: Session, statement: Statement, parameters: Mapping[str, Any] | None) -> list[Row]:
        text, defaults = statement.postgres
        values = {**defaults, **parameters} if parameters else defaults
        session.watch(self._limit)
        try:
            cursor = session.cursor
            cursor.execute(text, values)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise _told(error) from error
        finally:
            session.rest()

    def apart(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """See Connection."""
        return self.beside(statement, parameters) if self.spread else self.execute(statement, parameters)

    def beside(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """See Connection. A session of its own, in autocommit mode, opened when it is first needed; a warning there is a doubt, told as Unavailable."""
        session = self._beside()
        session.warnings.clear()
        rows = self._execute(session, statement, parameters)
        if session.warnings:
            raise Unavailable("The database is away; try again in a moment.")
        return rows

    def sweep(self, statement: Statement, parameters: Mapping[str, Any]) -> None:
        """See Connection. Each at most once a minute where the database is spread."""
        if not self.spread:
            self.execute(statement, parameters)
        elif time.monotonic() - self._swept.get(statement, -_BETWEEN_SWEEPS) > _BETWEEN_SWEEPS:
            self._swept[statement] = time.monotonic()
            citus.sweep(self._asked_beside, statement, parameters)

    def shards_of(self, patient_keys: Sequence[int]) -> list[int]:
        """See OwnedConnection."""
        return citus.shards_of(self._ask, patient_keys) if self.spread else [0] * len(patient_keys)

    def execute_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """See Connection. The rows travel together."""
        text, defaults = statement.postgres
        session = self._present()
        session.watch(self._limit)
        try:
            session.cursor.executemany(text, [{**defaults, **row} for row in rows])
        except psycopg.Error as error:
            raise _told(error) from error
        finally:
            session.rest()

    def settled_tickets(self) -> int:
        """See Connection. To a reader of one unchanging state, what is sealed is settled: all before it was there when it was sealed.

        Each transaction says, before it takes its first ticket, which was the last given out by then. So no ticket up to the lowest of what
        those that run have said can appear any more; and one that has not said it yet takes tickets beyond those given out before we looked.
        """
        if self._reading:
            return int(self._ask(_LAST_IN_ORDER)[0][0])
        given_out = int(self._ask(_GIVEN_OUT)[0][0])
        low = given_out & 0x7FFF_FFFF
        behind = [(low - int(said)) & 0x7FFF_FFFF for (said,) in self._ask(_BEING_USED)]
        if self.spread and citus.some_outlive(self._ask):
            return int(self._ask(_LAST_IN_ORDER)[0][0])
        # One that said a later number than we read started after: it is not behind.
        return given_out - max((one for one in behind if one < 1 << 30), default=0)

    # --- transactions -------------------------------------------------------------------------------------------------

    def begin(self, turn: Turn) -> None:
        """See OwnedConnection."""
        self._limit = _LONG_WORK if turn.alone else self._patience
        self._reading = False
        locks = [_ALONE if turn.alone else _SHARED]
        if turn.sealing:
            locks.append(_SEALER)
        elif not turn.alone:
            locks += [*_locks_of(turn), _MY_TICKETS]
        bounds = () if turn.alone else (f"SET LOCAL statement_timeout = {int(self._patience * 1_000)}",)
        modes = (citus.ONE_CONNECTION,) if self.spread else ()
        self._begin("; ".join(("BEGIN", *modes, *bounds, *locks)))

    def begin_reading(self) -> None:
        """See OwnedConnection."""
        self._limit = _LONG_WORK
        self._reading = True
        self._begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def _begin(self, commands: str) -> None:
        session = self._present()
        self._owed = ""
        if session.status is not TransactionStatus.IDLE:
            self._run("ROLLBACK")
        try:
            self._run(commands)
        except BaseException:
            if self.in_transaction:
                self._run("ROLLBACK")
            raise

    def control(self, command: str) -> None:
        """See OwnedConnection. A RELEASE goes with the next command of this kind: by itself it would cost a message and its answer for each act.

        What comes in between is kept or given up with the transaction, as if the savepoint were gone; who would go back to it gets the error.
        """
        if command == "COMMIT":
            self._commit()
        elif command.startswith("RELEASE "):
            self._owed += f"{command}; "
        elif command == "ROLLBACK":
            self._owed = ""
            self._run(command)
        else:
            owed, self._owed = self._owed, ""
            self._run(owed + command)

    def _commit(self) -> None:
        session = self._present()
        self._owed = ""
        session.warnings.clear()
        session.watch(self._patience)
        try:
            session.commands.execute("COMMIT", prepare=False)
        except psycopg.Error as error:
            if isinstance(error, raised.IntegrityError | raised.TransactionRollback):
                raise _told(error) from error
            self._lose()
            raise OutcomeUnknown(str(error)) from error
        finally:
            session.rest()
        if session.commands.statusmessage != "COMMIT":
            raise Unavailable("The database gave the transaction up; nothing of it was kept.")
        if session.warnings:
            self._lose()
            raise OutcomeUnknown(session.warnings[0])

    def _run(self, commands: str) -> None:
        session = self._present()
        session.watch(self._limit)
        try:
            session.commands.execute(commands, prepare=False)
        except psycopg.Error as error:
            raise _told(error) from error
        finally:
            session.rest()

    @property
    def in_transaction(self) -> bool:
        """See OwnedConnection; False when the connection was lost: the server gives up what was open on it."""
        session = self._session
        if session is None:
            return False
        return session.status in (TransactionStatus.INTRANS, TransactionStatus.INERROR, TransactionStatus.ACTIVE)

    # --- being there --------------------------------------------------------------------------------------------------

    def check_durability(self) -> None:
        """See OwnedConnection. Opens the connection again when it was lost."""
        self._present().check()

    def close(self) -> None:
        """See OwnedConnection."""
        for session in (self._session, self._aside):
            if session is not None:
                session.close()
        self._session = self._aside = None

    def _present(self) -> Session:
        session = self._session
        if session is not None and session.alive:
            return session
        self._lose()
        if time.monotonic() < self._not_before:
            raise Unavailable("The database is away; try again in a moment.")
        try:
            self._session = open_session(self._url, self._patience)
        except BaseException:
            self._not_before = time.monotonic() + self._wait
            self._wait = min(2 * self._wait, _LONGEST_WAIT)
            raise
        self._settle_in()
        self._wait = _FIRST_WAIT
        return self._session

    def _settle_in(self) -> None:
        """What a session does before its first transaction, where the database is spread. It is given up when that fails."""
        if not self.spread:
            return
        try:
            citus.skip_tickets_after_a_restart(self._ask)
        except BaseException:
            self._lose()
            raise

    def _beside(self) -> Session:
        if self._aside is None or not self._aside.alive:
            if self._aside is not None:
                self._aside.close()
            self._aside = None
            self._aside = open_session(self._url, self._patience)
        return self._aside

    def _lose(self) -> None:
        """Gives up both sessions: where the one was lost the other would be found so by whoever needs it next."""
        if self._aside is not None:
            self._aside.close()
            self._aside = None
        if self._session is not None:
            self._session.close()
            self._session = None
            self._not_before = time.monotonic() + self._wait

    def _ask(self, question: str, values: Sequence[Any] | None = None) -> list[TupleRow]:
        return self._asked(self._present(), question, values)

    def _asked_beside(self, question: str, values: Sequence[Any] | None = None) -> list[TupleRow]:
        return self._asked(self._beside(), question, values)

    def _asked(self, session: Session, question: str, values: Sequence[Any] | None) -> list[TupleRow]:
        cursor: Cursor[TupleRow] = session.commands
        session.watch(self._limit)
        try:
            cursor.execute(question, values, prepare=False)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise _told(error) from error
        finally:
            session.rest()


def _locks_of(turn: Turn) -> Iterator[str]:
    """One statement, which takes them in the order of the list."""
    if turn.keys:
        yield f"SELECT pg_advisory_xact_lock(key) FROM unnest('{{{','.join(map(str, map(int, turn.keys)))}}}'::bigint[]) AS asked (key)"  # noqa: S608 - numbers and names of ours


def _told(error: psycopg.Error) -> Exception:
    """What a failure of the driver is in our words."""
    if isinstance(error, raised.IntegrityError):
        return ConstraintViolated(str(error))
    if isinstance(error, raised.LockNotAvailable | raised.QueryCanceled | raised.TransactionRollback):
        return Unavailable("The database is busy; try again in a moment.")
    if isinstance(error, psycopg.OperationalError):
        return Unavailable("The database is away; try again in a moment.")
    return error
