"""Durable or refused: WAL with synchronous FULL is asserted, and transactions are the caller's alone."""

from __future__ import annotations

import shutil
import sqlite3
import threading

import pytest
from sqlalchemy import bindparam, insert, select

from carnet.database.connection import SqliteConnection
from carnet.database.failures import ConstraintViolated
from carnet.database.statements import prepare
from carnet.database.tables import care_link, health_record, patient
from carnet.errors import ConfigurationError, Unavailable

PERSON = prepare(insert(patient).values(pseudonym=bindparam("name"), sealed_traits=b"", updated_at=0))
NAMES = prepare(select(patient.c.pseudonym))


@pytest.fixture
def path(migrated, tmp_path):
    return shutil.copy(migrated, tmp_path / "carnet.db")


@pytest.fixture
def connection(path):
    opened = SqliteConnection(path, busy_timeout_ms=20)
    yield opened
    opened.close()


def test_a_connection_is_durable_from_the_start(connection):
    pragmas = ("journal_mode", "synchronous", "foreign_keys")
    found = [connection._raw.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]
    assert found == ["wal", 2, 1]
    connection.check_durability()


@pytest.mark.parametrize("pragma", ["synchronous=NORMAL", "synchronous=OFF", "foreign_keys=OFF", "journal_mode=DELETE"])
def test_a_connection_that_could_lose_an_acknowledged_write_is_refused(connection, pragma):
    connection._raw.execute(f"PRAGMA {pragma}")
    with pytest.raises(ConfigurationError, match="only safe with wal, 2 and 1"):
        connection.check_durability()


def test_a_database_in_memory_is_refused():
    with pytest.raises(ConfigurationError, match="journal_mode=memory"):
        SqliteConnection(":memory:")


class Careless(SqliteConnection):
    """A connection that a driver or a build of SQLite sets to another level than was asked for."""

    def check_durability(self):
        self._raw.execute("PRAGMA synchronous=NORMAL")
        super().check_durability()


def test_what_was_asked_for_is_read_back_not_assumed(path):
    with pytest.raises(ConfigurationError, match="synchronous=1"):
        Careless(path)


def test_nothing_is_committed_but_by_command(path, connection):
    connection.control("BEGIN IMMEDIATE")
    connection.execute(PERSON, {"name": "one"})
    assert connection.in_transaction
    other = SqliteConnection(path)
    assert other.execute(NAMES) == []
    connection.control("COMMIT")
    assert not connection.in_transaction
    assert other.execute(NAMES) == [("one",)]
    other.close()


def test_a_savepoint_takes_back_what_followed_it(connection):
    connection.control("BEGIN IMMEDIATE")
    connection.execute(PERSON, {"name": "kept"})
    connection.control("SAVEPOINT act")
    connection.execute(PERSON, {"name": "taken back"})
    connection.control("ROLLBACK TO act")
    connection.control("RELEASE act")
    connection.control("COMMIT")
    assert connection.execute(NAMES) == [("kept",)]


def test_a_row_about_nobody_is_refused(connection):
    link = prepare(
        insert(care_link).values(
            patient_key=404, link_id="x", party="p", kind="authorised", since=0, source="test", until=bindparam("until")
        )
    )
    with pytest.raises(ConstraintViolated):
        connection.execute(link, {"until": None})


def test_a_state_that_no_record_has_is_refused(connection):
    connection.execute(PERSON, {"name": "one"})
    record = prepare(insert(health_record).values(patient_key=1, state="asleep"))
    with pytest.raises(ConstraintViolated):
        connection.execute(record)


def test_many_rows_carry_the_statement_s_own_values(connection):
    connection.execute_many(PERSON, [{"name": "one"}, {"name": "two"}])
    assert sorted(connection.execute(NAMES)) == [("one",), ("two",)]


def test_a_writer_waits_its_turn_and_then_says_so(path, connection):
    other = SqliteConnection(path)
    other.control("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="busy"):
        connection.control("BEGIN IMMEDIATE")
    assert not connection.in_transaction
    other.control("ROLLBACK")
    connection.control("BEGIN IMMEDIATE")
    connection.control("ROLLBACK")
    other.close()


def test_a_writer_that_waits_gets_its_turn(path):
    holder, waiting = SqliteConnection(path), SqliteConnection(path, busy_timeout_ms=30_000)
    holder.control("BEGIN IMMEDIATE")
    got = threading.Event()

    def wait():
        waiting.control("BEGIN IMMEDIATE")
        got.set()
        waiting.control("ROLLBACK")

    thread = threading.Thread(target=wait)
    thread.start()
    assert not got.wait(0.02)
    holder.control("COMMIT")
    thread.join()
    assert got.is_set()
    holder.close()
    waiting.close()


def test_a_transaction_within_a_transaction_is_a_mistake_not_a_wait(connection):
    connection.control("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError):
        connection.control("BEGIN IMMEDIATE")
    connection.control("ROLLBACK")
