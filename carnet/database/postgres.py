"""Connections to PostgreSQL. Turns are advisory locks of the transaction; what is acknowledged is on disk, and on the standby where there is one.

A COMMIT whose answer does not come is an unknown outcome, never a success: a server that waits in vain for its standby has written
locally, and says so with a warning when the wait is given up.
"""

from __future__ import annotations

import contextlib
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
from carnet.database.postgres_wire import Said
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
_Key = tuple[Statement, tuple[tuple[str, Any], ...]]
"""A statement with its values."""
_TOGETHER = 256
"""Statements that wait for one that answers, at most."""
_MAKES, _LEAVES = b"SAVEPOINT ", b"RELEASE "
_NOT_COMMITTED = (raised.IntegrityError, raised.TransactionRollback)
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
        self._unsent: list[Said] = []
        self._foreseen: dict[_Key, list[Said]] = {}
        self._foreseen_behind: dict[_Key, list[Said]] = {}
        """What was foreseen behind a savepoint: it is worth nothing once that is left, or gone back to."""
        self._depth = 0
        self._given_up = False
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
        session = self._present()
        said = None
        if self._foreseen or self._foreseen_behind:
            said = self._told_before(statement, parameters)
        if said is None:
            said = _said(session, statement, parameters)
            self._unsent.append(said)
        elif said.done:
            return said.rows
        if statement.silent:
            self._send_if_many(session)
        else:
            self._send(session)
        return said.rows

    def foresee(
        self, statement: Statement, parameters: Mapping[str, Any] | None = None, *, unchanging: bool = False
    ) -> None:
        """See Connection. What cannot be said is not: who executes it is told so."""
        if not self.in_transaction:
            return
        key = _key(statement, parameters)
        foreseen = (self._foreseen_behind if self._depth else self._foreseen).setdefault(key, [])
        if not foreseen:
            with contextlib.suppress(psycopg.Error, ValueError):
                foreseen.append(self._present().wire.say(statement, parameters))
                self._unsent.append(foreseen[0])
        elif unchanging:
            foreseen.append(foreseen[0])

    def _told_before(self, statement: Statement, parameters: Mapping[str, Any] | None) -> Said | None:
        """What was foreseen and is now asked; None when it was not, or was lost with what failed."""
        key = _key(statement, parameters)
        found: Said | None = None
        for place in (self._foreseen, self._foreseen_behind):
            if place.get(key):  # in both: the later holds, and after it the earlier no more
                found = place[key].pop()
        return found if found is not None and (found.done or found in self._unsent) else None

    def execute_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """See Connection."""
        session = self._present()
        try:
            said = list(session.wire.say_many(statement, rows))
        except psycopg.Error as error:
            raise _told(error) from error
        self._unsent.extend(said)
        self._send_if_many(session)

    def _send_if_many(self, session: Session) -> None:
        """Outside of a transaction nothing would take along what waits."""
        if len(self._unsent) >= _TOGETHER or session.status is not TransactionStatus.INTRANS:
            self._send(session)

    def _send(self, session: Session, *, leaving: Said | None = None) -> None:
        """Sends what waits. When a savepoint, but the one to be left now, was not made or left because of what came before, there is no going back."""
        unsent, self._unsent = self._unsent, []
        try:
            _heard(session, unsent, self._limit)
        except BaseException:
            undone = [one for one in unsent if not one.done and one is not leaving]
            self._given_up |= any(one.text.startswith((_MAKES, _LEAVES)) for one in undone)
            raise

    def apart(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """See Connection."""
        return self.beside(statement, parameters) if self.spread else self.execute(statement, parameters)

    def beside(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """See Connection. A session of its own, in autocommit mode, opened when it is first needed; a warning there is a doubt, told as Unavailable."""
        session = self._beside()
        session.warnings.clear()
        said = _said(session, statement, parameters)
        _heard(session, [said], self._limit)
        if session.warnings:
            raise Unavailable("The database is away; try again in a moment.")
        return said.rows

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
        self._forget()
        self._given_up = False
        if session.status is not TransactionStatus.IDLE:
            self._run("ROLLBACK")
        try:
            self._run(session.wire.refresh() + commands)
        except BaseException:
            if self.in_transaction:
                self._run("ROLLBACK")
            raise

    def control(self, command: str) -> None:
        """See OwnedConnection. A savepoint is made with the first statement behind it, and left with the last that waits, or else with what comes next.

        What fails behind it is told when it is left, at the latest: until then it can be gone back to.
        """
        if command == "COMMIT":
            self._commit()
        elif command.startswith(("SAVEPOINT ", "RELEASE ", "ROLLBACK TO ")):
            self._foreseen_behind.clear()
            self._about_savepoints(command)
        else:
            self._forget()
            self._run(command)

    def _about_savepoints(self, command: str) -> None:
        if command.startswith("SAVEPOINT "):
            self._depth += 1
            self._unsent.append(Said(command.encode()))
        elif command.startswith("RELEASE "):
            self._depth -= 1
            self._release(Said(command.encode()))
        else:
            self._go_back(command)

    def _forget(self) -> None:
        self._unsent = []
        self._depth = 0
        self._foreseen.clear()
        self._foreseen_behind.clear()

    def _release(self, said: Said) -> None:
        unsent = self._unsent
        if unsent and unsent[-1].text.startswith(_MAKES):
            unsent.pop()
            return
        behind = bool(unsent)
        unsent.append(said)
        if behind:
            self._send(self._present(), leaving=said)

    def _go_back(self, command: str) -> None:
        """Raises Unavailable when the savepoint was never made: the server would go back to an earlier one of that name, or to none."""
        made_with = [place for place, one in enumerate(self._unsent) if one.text.startswith(_MAKES)]
        if made_with:
            del self._unsent[made_with[-1] + 1 :]
            return
        self._unsent.clear()
        if self._given_up:
            raise Unavailable("The database gave the transaction up; nothing of it is kept.")
        self._run(command)

    def _commit(self) -> None:
        session = self._present()
        commit = Said(b"COMMIT")
        unsent = [*self._unsent, commit]
        self._forget()
        session.warnings.clear()
        try:
            session.send(unsent, self._patience)
        except Exception as error:
            if isinstance(error, psycopg.Error) and (
                session.status is TransactionStatus.INERROR or isinstance(error, _NOT_COMMITTED)
            ):
                raise _told(error) from error
            if not commit.done:  # else it is an answer before it, foreseen and asked by nobody, that could not be read
                self._lose()
                raise OutcomeUnknown(str(error)) from error
        if commit.told != b"COMMIT":
            raise Unavailable("The database gave the transaction up; nothing of it was kept.")
        if session.warnings:
            self._lose()
            raise OutcomeUnknown(session.warnings[0])

    def _run(self, commands: str) -> None:
        session = self._present()
        session.watch(self._limit)
        try:
            session.wire.command(commands)
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
        self._forget()
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
        session = self._present()
        if self._unsent:
            self._send(session)
        return self._asked(session, question, values)

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


def _key(statement: Statement, parameters: Mapping[str, Any] | None) -> _Key:
    return statement, tuple(sorted(parameters.items())) if parameters else ()


def _said(session: Session, statement: Statement, parameters: Mapping[str, Any] | None) -> Said:
    try:
        return session.wire.say(statement, parameters)
    except psycopg.Error as error:
        raise _told(error) from error


def _heard(session: Session, together: Sequence[Said], seconds: float) -> None:
    try:
        session.send(together, seconds)
    except psycopg.Error as error:
        raise _told(error) from error


def _told(error: psycopg.Error) -> Exception:
    """What a failure of the driver is in our words."""
    if isinstance(error, raised.IntegrityError):
        return ConstraintViolated(str(error))
    if isinstance(error, raised.LockNotAvailable | raised.QueryCanceled | raised.TransactionRollback):
        return Unavailable("The database is busy; try again in a moment.")
    if isinstance(error, psycopg.OperationalError):
        return Unavailable("The database is away; try again in a moment.")
    return error
