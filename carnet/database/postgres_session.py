"""One session on a PostgreSQL server: opened only where what it commits is kept, and cut off when it does not answer in time."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format, TransactionStatus
from psycopg.rows import TupleRow
from psycopg.types.numeric import Int8BinaryDumper, NumericBinaryLoader

from carnet.database.postgres_wire import Said, Wire
from carnet.errors import ConfigurationError, Unavailable

OLDEST = 150_000
"""The oldest server, as `server_version_num` says it."""
_LOOKS_EVERY = 0.1
"""Seconds."""
_SETTINGS = ("fsync", "full_page_writes", "synchronous_commit", "server_encoding")
_PLACE = "SELECT datcollate, current_setting('server_version_num')::int, pg_is_in_recovery() FROM pg_database WHERE datname = current_database()"
_IN_VAIN = """SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = current_user
    AND datname = current_database() AND pid <> pg_backend_pid() AND clock_timestamp() - state_change > make_interval(secs => %s)"""


class WholeNumber(Loader):
    """Sums of big integers come as `numeric`; all of ours are whole."""

    format = Format.BINARY

    def load(self, data: Buffer) -> int:
        """The number."""
        return int(self._decimal.load(data))

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._decimal = NumericBinaryLoader(oid, context)


class BigNumber(Int8BinaryDumper):
    """Every int goes as a bigint, so that a statement is prepared once whatever the numbers."""


@dataclass(slots=True)
class Session:
    """A connection, the cursors that it needs, and the guard that cuts it off."""

    raw: psycopg.Connection[TupleRow]
    patience: float
    wire: Wire = field(init=False)
    """For statements and commands."""
    commands: psycopg.Cursor[TupleRow] = field(init=False)
    """For questions about the server itself."""
    warnings: list[str] = field(default_factory=list)
    _deadline: float = float("inf")
    _closed: threading.Event = field(default_factory=threading.Event)
    _handle: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.wire = Wire(self.raw)
        self.commands = self.raw.cursor()
        self.raw.add_notice_handler(self._note)
        threading.Thread(target=self._guard, name="database guard", daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether the connection was not found lost so far."""
        return not self.raw.closed and self.status is not TransactionStatus.UNKNOWN

    @property
    def status(self) -> TransactionStatus:
        """Where the transaction stands."""
        return TransactionStatus(self.raw.pgconn.transaction_status)

    def watch(self, seconds: float) -> None:
        """From now on the server has so long to answer; then the connection is cut, and whoever waits for it gets an error."""
        # The server gives up first where it can (statement_timeout): that says more than a cut.
        self._deadline = time.monotonic() + seconds + 0.5

    def rest(self) -> None:
        """Nothing is asked of the server."""
        self._deadline = float("inf")

    def send(self, together: Sequence[Said], seconds: float) -> None:
        """Sends statements in one message and waits so long at most. Raises psycopg.Error of the first that failed."""
        self.watch(seconds)
        try:
            self.wire.send(together)
        finally:
            self.rest()

    def check(self) -> None:
        """Raises ConfigurationError when what it commits could be lost, Unavailable when it cannot commit now."""
        self.watch(self.patience)
        try:
            _check_settings(self.raw)
            _check_standby(self.raw, self.patience)
        except psycopg.Error as error:
            raise Unavailable("The database is away; try again in a moment.") from error
        finally:
            self.rest()

    def close(self) -> None:
        """Ends the session; what it had not committed is given up."""
        self._closed.set()
        with self._handle, contextlib.suppress(psycopg.Error):
            self.raw.close()

    def _note(self, notice: psycopg.errors.Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            self.warnings.append(notice.message_primary or "")

    def _guard(self) -> None:
        while not self._closed.wait(_LOOKS_EVERY):
            if time.monotonic() > self._deadline:
                self._cut()
                return

    def _cut(self) -> None:
        with self._handle, contextlib.suppress(OSError, psycopg.Error):
            wire = socket.socket(fileno=os.dup(self.raw.fileno()))
            with wire:
                wire.shutdown(socket.SHUT_RDWR)


def open_session(url: str, patience: float) -> Session:
    """Connects. Raises Unavailable when nobody answers, or an earlier COMMIT waits in vain for a standby; ConfigurationError as `check`."""
    try:
        raw = psycopg.connect(
            url,
            autocommit=True,
            connect_timeout=max(2, int(patience)),
            application_name="carnet",
            prepare_threshold=None,
        )
    except psycopg.ProgrammingError as error:
        raise ConfigurationError(f"database_url cannot be read: {error}.") from error
    except psycopg.Error as error:
        raise Unavailable("The database is away; try again in a moment.") from error
    _adapt(raw)
    session = Session(raw, patience)
    try:
        raw.execute(_bounds(patience), prepare=False)
        session.check()
    except BaseException:
        session.close()
        raise
    return session


def _bounds(patience: float) -> str:
    return (
        f"SET lock_timeout = {int(patience * 1_000)}; SET idle_in_transaction_session_timeout = {15 * 60_000}; "
        "SET client_min_messages = warning; SET timezone = 'UTC'"
    )


def _adapt(raw: psycopg.Connection[TupleRow]) -> None:
    integers: type[Dumper] = BigNumber
    raw.adapters.register_dumper(int, integers)
    raw.adapters.register_loader("numeric", WholeNumber)


def _check_settings(raw: psycopg.Connection[TupleRow]) -> None:
    found = {name: _setting(raw, name) for name in _SETTINGS}
    if (found["fsync"], found["full_page_writes"]) != ("on", "on") or found["synchronous_commit"] not in {
        "on",
        "remote_apply",
    }:
        raise ConfigurationError(
            f"PostgreSQL runs with fsync={found['fsync']}, full_page_writes={found['full_page_writes']}, "
            f"synchronous_commit={found['synchronous_commit']}; acknowledged writes are only safe with on, on, and on or remote_apply."
        )
    collation, version, standby = raw.execute(_PLACE).fetchall()[0]
    if version < OLDEST:
        raise ConfigurationError("PostgreSQL 15 or newer is needed.")
    if found["server_encoding"] != "UTF8" or collation not in {"C", "POSIX", "C.UTF-8", "C.utf8"}:
        raise ConfigurationError("The database must be of encoding UTF8 and collation C: texts are compared as bytes.")
    if standby:
        raise Unavailable("The database is a standby: it takes no writes.")


def _check_standby(raw: psycopg.Connection[TupleRow], patience: float) -> None:
    """A COMMIT that waits longer than our patience for a standby says that the next one would too."""
    if raw.execute(_IN_VAIN, (patience,)).fetchall()[0][0]:
        raise Unavailable("The database waits for its standby; nothing can be made durable now.")


def _setting(raw: psycopg.Connection[TupleRow], name: str) -> str:
    return str(raw.execute("SELECT current_setting(%s)", (name,)).fetchall()[0][0])
