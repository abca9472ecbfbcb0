"""What is said to a PostgreSQL server, in as few messages as can be: statements prepared once, several of them together, values in binary form.

psycopg's cursors take longer over a small statement than the server does. This is the same library without them: its protocol (`psycopg.pq`), its
adaptation of values and its errors (docs/decisions/0056-messages-to-postgresql.md).
"""

from __future__ import annotations

import select
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, takewhile
from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGresult
from psycopg.rows import TupleRow

from carnet.database.statements import Statement, for_rows

_MOST = 1_000
"""Statements that a session keeps prepared, about."""
_GOOD = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK, ExecStatus.PIPELINE_SYNC})
_ROWS = 16
"""Rows of one insertion, at most."""
_Key = tuple[bytes, tuple[int, ...]]
"""What is prepared by itself: a text, for values of these types."""


@dataclass(slots=True, eq=False)
class Said:
    """One statement with its values, as it is sent; `done` once the server has carried it out, `rows` what it answered."""

    text: bytes
    types: tuple[int, ...] = ()
    formats: Sequence[int] = ()
    values: Sequence[Buffer | None] = ()
    done: bool = False
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    told: bytes | None = None
    """What the server says that it did, like `COMMIT`."""


def _joined(text: bytes, rows: Sequence[Said]) -> Said:
    return Said(
        text,
        rows[0].types * len(rows),
        [form for row in rows for form in row.formats],
        [value for row in rows for value in row.values],
    )


class Wire:
    """The way to the server of one connection. Used from one thread at a time; while it waits, others run."""

    def __init__(self, raw: psycopg.Connection[TupleRow]) -> None:
        self._server = raw.pgconn
        self._adapter = Transformer(raw)
        self._names: dict[_Key, bytes] = {}
        self._numbers = count()
        self._known: dict[bytes, tuple[int, ...]] = {}
        self._stale = False
        self._readable, self._either = select.poll(), select.poll()
        self._readable.register(raw.fileno(), select.POLLIN)
        self._either.register(raw.fileno(), select.POLLIN | select.POLLOUT)

    def say(self, statement: Statement, parameters: Mapping[str, Any] | None) -> Said:
        """A statement with its values in the server's form. Raises psycopg.Error for a value that has none."""
        text, names, defaults = statement.numbered
        if not names:
            return Said(text)
        values = {**defaults, **parameters} if parameters else defaults
        adapter = self._adapter
        sent = adapter.dump_sequence([values[name] for name in names], [PyFormat.AUTO] * len(names))
        return Said(text, self._types_of(text, adapter.types or ()), adapter.formats or (), sent)

    def say_many(self, statement: Statement, rows: Iterable[Mapping[str, Any]]) -> Iterator[Said]:
        """The same for each row; insertions as few statements, of one, two, four … rows, so that there are few different ones."""
        said = [self.say(statement, row) for row in rows]
        while said:
            alike = sum(1 for _ in takewhile(lambda one: one.types == said[0].types, said[:_ROWS]))
            most = 1 << (alike.bit_length() - 1)
            text = for_rows(statement, most) if most > 1 else b""
            if text:
                yield _joined(text, said[:most])
            else:
                yield from said[:most]
            del said[:most]

    def _types_of(self, text: bytes, types: tuple[int, ...]) -> tuple[int, ...]:
        """Where there is no value now, the type of an earlier one: each set of types is another statement to prepare."""
        known = self._known.get(text)
        if known == types:
            return types
        merged = types if known is None else tuple(now or before for now, before in zip(types, known, strict=True))
        self._known[text] = merged
        return merged

    def command(self, commands: str) -> None:
        """Runs BEGIN, ROLLBACK and their like, several at once. Raises psycopg.Error."""
        self._check(self._server.exec_(commands.encode()))

    def send(self, together: Sequence[Said]) -> None:
        """Sends them in their order in one message, and waits for all the answers.

        Raises psycopg.Error for the first that failed; those that come after it were not carried out, unless the connection was lost.
        """
        if len(together) == 1 and (name := self._names.get((together[0].text, together[0].types))):
            one = together[0]
            values: Any = one.values  # NULLs among them, which the types of psycopg forget here
            self._take(one, self._server.exec_prepared(name, values, one.formats, Format.BINARY))
        elif together:
            self._send_in_pipeline(together)

    def refresh(self) -> str:
        """Between transactions: what to run first when too much is prepared, or a statement failed as if what is known of the tables were old."""
        if not self._stale and len(self._names) <= _MOST:
            return ""
        self._names.clear()
        self._known.clear()
        self._stale = False
        return "DEALLOCATE ALL; "

    # --- one message ----------------------------------------------------------------------------------------------------

    def _send_in_pipeline(self, together: Sequence[Said]) -> None:
        try:
            failed = self._answers(self._sent_in_pipeline(together))
            self._server.exit_pipeline_mode()
        except BaseException:  # answers are on their way to nobody: this connection is of no more use
            self._server.finish()
            raise
        if failed is not None:
            raise failed

    def _sent_in_pipeline(self, together: Sequence[Said]) -> list[tuple[Said, _Key | None]]:
        """What answers to expect, in their order: a preparation has one too."""
        server = self._server
        expected: list[tuple[Said, _Key | None]] = []
        server.enter_pipeline_mode()
        for one in together:
            key = (one.text, one.types)
            name = self._names.get(key)
            if name is None:
                name = self._names[key] = b"carnet%d" % next(self._numbers)
                server.send_prepare(name, one.text, one.types)
                expected.append((one, key))
            server.send_query_prepared(name, one.values, one.formats, Format.BINARY)
            expected.append((one, None))
        server.pipeline_sync()
        return expected

    def _answers(self, expected: Iterable[tuple[Said, _Key | None]]) -> Exception | None:
        """Takes every answer, and the end of the message. The first error is returned; that the connection is lost is raised."""
        failed: Exception | None = None
        for one, fresh in expected:
            result = self._next()
            try:
                if fresh is None:
                    self._take(one, result)
                else:
                    self._check(result)
            except Exception as error:  # noqa: BLE001 - whatever it is, those that follow have their answers too
                failed = failed or error
                if fresh is not None:
                    self._names.pop(fresh, None)
        self._check(self._next())
        return failed

    def _next(self) -> PGresult:
        """The next answer. A lost connection gives none for ever: psycopg.OperationalError."""
        server = self._server
        while True:
            while (unsent := server.flush()) or server.is_busy():
                (self._either if unsent else self._readable).poll()
                server.consume_input()
            result = server.get_result()
            if result is not None:
                return result
            if server.status != ConnStatus.OK:
                raise psycopg.OperationalError("the connection is lost")

    def _take(self, one: Said, result: PGresult) -> None:
        self._check(result)
        if result.ntuples:
            self._adapter.set_pgresult(result)
            one.rows = self._adapter.load_rows(0, result.ntuples, tuple)
        one.told = result.command_status
        one.done = True

    def _check(self, result: PGresult) -> None:
        if result.status in _GOOD:
            return
        if self._server.status != ConnStatus.OK:
            raise psycopg.OperationalError(result.get_error_message())
        if result.status == ExecStatus.PIPELINE_ABORTED:
            raise psycopg.OperationalError("what came before it failed")
        error = error_from_result(result)
        self._stale |= not isinstance(error, psycopg.IntegrityError | psycopg.OperationalError)
        raise error
