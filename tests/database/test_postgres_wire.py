"""What travels together to PostgreSQL: how many messages there are, whose error is whose, and what was foreseen."""

from __future__ import annotations

import contextlib
import threading

import psycopg
import pytest
from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, Text, bindparam, func, insert, select

from carnet.database.failures import ConstraintViolated, OutcomeUnknown
from carnet.database.postgres import PostgresConnection
from carnet.database.postgres_session import Session
from carnet.database.postgres_wire import Wire
from carnet.database.statements import Statement, for_rows, prepare
from carnet.database.turns import ALONE
from carnet.errors import Unavailable

THING = Table(
    "thing", MetaData(), Column("name", Text, primary_key=True), Column("size", BigInteger), Column("body", LargeBinary)
)
ADD = prepare(insert(THING).values({name: bindparam(name) for name in THING.c.keys()}))  # noqa: SIM118 - its keys are names
NAMES = prepare(select(THING.c.name).order_by(THING.c.name))
COUNT = prepare(select(func.count()).select_from(THING))
SIZE = prepare(select(THING.c.size).where(THING.c.name == bindparam("name")))


def thing(name, size=None, body=None):
    return {"name": name, "size": size, "body": body}


def names(connection):
    return [name for (name,) in connection.execute(NAMES)]


@pytest.fixture
def url(cluster):
    cluster.sql("DROP DATABASE IF EXISTS wire_tests WITH (FORCE)")
    cluster.sql("CREATE DATABASE wire_tests")
    cluster.sql("CREATE TABLE thing (name text PRIMARY KEY, size bigint, body bytea)", database="wire_tests")
    return cluster.url("wire_tests")


@pytest.fixture
def connection(url):
    with contextlib.closing(PostgresConnection(url, patience=60.0)) as opened:
        opened.begin(ALONE)
        yield opened


@pytest.fixture
def messages(monkeypatch):
    """How many statements went in each message."""
    found = []
    send = Session.send

    def noted(self, together, seconds):
        found.append(len(together))
        return send(self, together, seconds)

    monkeypatch.setattr(Session, "send", noted)
    return found


def test_what_changes_rows_travels_with_the_next_question(connection, messages):
    connection.control("SAVEPOINT act")
    connection.execute(ADD, thing("one"))
    connection.execute_many(ADD, [thing("two"), thing("three")])
    assert names(connection) == ["one", "three", "two"]
    connection.control("RELEASE act")
    connection.execute(ADD, thing("line"))
    connection.control("COMMIT")
    assert messages == [4, 3], "savepoint, one, two and three, the question; then what is left, the line, the end"


def test_an_act_that_asks_nothing_makes_no_savepoint(connection, messages):
    for _ in range(3):
        connection.control("SAVEPOINT act")
        connection.control("RELEASE act")
    connection.control("SAVEPOINT act")
    connection.execute(ADD, thing("one"))
    connection.control("ROLLBACK TO act")
    connection.control("RELEASE act")
    assert names(connection) == []
    assert messages == [1]


def test_an_error_is_told_before_its_act_is_left_and_undone_alone(connection):
    connection.control("SAVEPOINT act")
    connection.execute(ADD, thing("one"))
    connection.control("RELEASE act")
    connection.execute(ADD, thing("line of one"))
    connection.control("SAVEPOINT act")
    connection.execute(ADD, thing("two"))
    connection.execute(ADD, thing("one"))
    with pytest.raises(ConstraintViolated, match="thing_pkey"):
        connection.control("RELEASE act")
    connection.control("ROLLBACK TO act")
    connection.control("RELEASE act")
    connection.execute(ADD, thing("line of two"))
    connection.control("SAVEPOINT act")
    connection.execute(ADD, thing("three"))
    connection.control("RELEASE act")
    connection.control("COMMIT")
    connection.begin(ALONE)
    assert names(connection) == ["line of one", "line of two", "one", "three"]


def test_the_first_error_is_the_one_that_is_told(connection):
    connection.execute(ADD, thing("one", 1))
    connection.execute(ADD, thing("one", 2))
    connection.execute(prepare(insert(THING).values(name="x", size=bindparam("wrong"))), {"wrong": "no number"})
    with pytest.raises(ConstraintViolated, match="thing_pkey"):
        connection.execute(COUNT)


def test_who_cannot_go_back_to_their_own_savepoint_goes_back_to_no_other(connection):
    """What stood between two acts failed, so that the second's savepoint was never made: nothing of the transaction is kept."""
    connection.control("SAVEPOINT act")
    connection.execute(ADD, thing("one"))
    connection.execute(COUNT)
    connection.control("RELEASE act")
    connection.execute(ADD, thing("one"))
    connection.control("SAVEPOINT act")
    with pytest.raises(ConstraintViolated):
        connection.execute(COUNT)
    with pytest.raises(Unavailable):
        connection.control("ROLLBACK TO act")
    with pytest.raises(Unavailable):
        connection.control("COMMIT")
    connection.begin(ALONE)
    assert names(connection) == []


def test_a_savepoint_that_could_not_be_left_is_not_gone_back_to_by_the_next_act(connection, monkeypatch):
    """Else the act before, which was told that it is done, would be undone with the next."""
    connection.control("SAVEPOINT act")
    connection.execute(ADD, thing("one"))
    connection.execute(COUNT)
    connection.control("RELEASE act")
    connection.control("SAVEPOINT act")

    def give_up(_wire, _together):
        raise psycopg.errors.QueryCanceled

    with monkeypatch.context() as slow:
        slow.setattr(Wire, "send", give_up)
        with pytest.raises(Unavailable):
            connection.execute(COUNT)
    with pytest.raises(Unavailable):
        connection.control("ROLLBACK TO act")


def test_a_line_that_fails_with_the_commit_keeps_nothing_and_is_no_doubt(connection):
    connection.execute(ADD, thing("one"))
    connection.execute(COUNT)
    connection.execute(ADD, thing("one"))
    with pytest.raises(ConstraintViolated):
        connection.control("COMMIT")
    connection.begin(ALONE)
    assert names(connection) == []


def test_a_connection_lost_with_a_commit_under_way_is_a_doubt_whatever_goes_with_it(connection, cluster, monkeypatch):
    pid = connection._session.raw.info.backend_pid
    send = Session.send

    def lost(self, together, seconds):
        cluster.sql("SELECT pg_terminate_backend(%s, 60000)", pid)
        return send(self, together, seconds)

    connection.execute(ADD, thing("one"))
    monkeypatch.setattr(Session, "send", lost)
    with pytest.raises(OutcomeUnknown):
        connection.control("COMMIT")
    assert not connection.in_transaction


@pytest.mark.parametrize("count", [1, 2, 3, 9, 16, 17, 300])
def test_many_rows_are_as_they_would_be_one_by_one(connection, count):
    rows = [
        thing(f"{number:04}", number or None, b"\x00\xff" * number if number % 3 else None) for number in range(count)
    ]
    connection.execute_many(ADD, rows)
    found = connection.execute(prepare(select(*THING.c).order_by(THING.c.name)))
    assert found == [tuple(row.values()) for row in rows]


def test_few_statements_are_prepared_whatever_is_absent(connection, url, cluster):
    for number in range(20):
        connection.execute(ADD, thing(str(number), number if number % 2 else None, b"x" if number % 3 else None))
    ((prepared,),) = connection.execute(
        Statement("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'INSERT%'")
    )
    assert prepared <= 3


def test_only_plain_insertions_are_joined():
    from_many = prepare(insert(THING).values(name=bindparam("name")))
    assert for_rows(from_many, 2) == b"INSERT INTO thing (name) VALUES ($1::VARCHAR), ($2::VARCHAR)"
    assert for_rows(prepare(insert(THING).values(name=bindparam("name")).returning(THING.c.name)), 2) == b""
    assert for_rows(SIZE, 2) == b""
    assert for_rows(Statement("DELETE FROM thing"), 2) == b""


def test_what_is_foreseen_travels_with_what_goes_next(connection, messages):
    connection.execute(ADD, thing("one", 1))
    connection.foresee(SIZE, {"name": "one"})
    connection.foresee(SIZE, {"name": "two"})
    assert connection.execute(COUNT) == [(1,)]
    assert connection.execute(SIZE, {"name": "two"}) == []
    assert connection.execute(SIZE, {"name": "one"}) == [(1,)]
    assert messages == [4]


def test_what_is_foreseen_is_told_once_unless_nothing_changes_it(connection):
    change = prepare(THING.update().where(THING.c.name == bindparam("of")).values(size=bindparam("now")))
    connection.execute(ADD, thing("one", 1))
    for unchanging, second in ((False, 2), (True, 1)):
        connection.execute(change, {"of": "one", "now": 1})
        for _ in range(2):
            connection.foresee(SIZE, {"name": "one"}, unchanging=unchanging)
        assert connection.execute(SIZE, {"name": "one"}) == [(1,)]
        connection.execute(change, {"of": "one", "now": 2})
        assert connection.execute(SIZE, {"name": "one"}) == [(second,)]
        assert connection.execute(SIZE, {"name": "one"}) == [(2,)]


@pytest.mark.parametrize("leaving", ["RELEASE act", "ROLLBACK TO act"])
@pytest.mark.parametrize("sent", [True, False])
def test_what_an_act_foresaw_and_did_not_ask_is_told_to_nobody_else(connection, leaving, sent):
    connection.execute(ADD, thing("one", 1))
    connection.control("SAVEPOINT act")
    connection.execute(ADD, thing("two", 2))
    connection.foresee(SIZE, {"name": "two"})
    connection.foresee(SIZE, {"name": "one"})
    if sent:
        connection.execute(COUNT)
    connection.control(leaving)
    connection.execute(Statement("UPDATE thing SET size = size + 10"))
    assert connection.execute(SIZE, {"name": "one"}) == [(11,)]
    assert connection.execute(SIZE, {"name": "two"}) == ([(12,)] if leaving == "RELEASE act" else [])


def test_what_was_foreseen_twice_before_and_behind_a_savepoint_is_told_once(connection):
    connection.execute(ADD, thing("one", 1))
    connection.foresee(SIZE, {"name": "one"})
    connection.control("SAVEPOINT act")
    connection.execute(Statement("UPDATE thing SET size = 2"))
    connection.foresee(SIZE, {"name": "one"})
    assert connection.execute(SIZE, {"name": "one"}) == [(2,)]
    connection.execute(Statement("UPDATE thing SET size = 3"))
    connection.control("RELEASE act")
    assert connection.execute(SIZE, {"name": "one"}) == [(3,)]


def test_nothing_is_foreseen_beyond_a_transaction(connection, url):
    connection.foresee(COUNT)
    connection.execute(NAMES)
    connection.control("COMMIT")
    connection.foresee(COUNT)
    with contextlib.closing(PostgresConnection(url)) as other:
        other.begin(ALONE)
        other.execute(ADD, thing("one"))
        other.control("COMMIT")
    assert connection.execute(COUNT) == [(1,)]
    connection.begin(ALONE)
    assert connection.execute(COUNT) == [(1,)]


def test_a_value_that_cannot_be_said_is_told_to_who_executes_it(connection):
    connection.foresee(SIZE, {"name": "a\x00b"})
    assert connection.execute(COUNT) == [(0,)]
    with pytest.raises(psycopg.DataError):
        connection.execute(SIZE, {"name": "a\x00b"})
    assert connection.execute(COUNT) == [(0,)], "it was never sent, and harmed nobody"


def test_answers_larger_than_what_the_wire_holds_come_while_more_is_said(connection):
    much = "x" * 400_000
    for number in range(40):
        connection.foresee(
            prepare(select(bindparam("much", type_=Text), bindparam("number"))), {"much": much, "number": number}
        )
    assert connection.execute(COUNT) == [(0,)]


def test_a_server_that_does_not_answer_is_cut_off_while_others_run(url):
    """Waiting holds up nobody: neither the guard that cuts the connection nor other threads of the process."""
    for foreseen in (0, 1):
        with contextlib.closing(PostgresConnection(url, patience=60.0)) as mine, ticking() as ticks:
            mine.control("BEGIN")
            mine._limit = 0.2
            for _ in range(foreseen):
                mine.foresee(COUNT)
            before = len(ticks)
            with pytest.raises(Unavailable):
                mine.execute(Statement("SELECT pg_sleep(600)"))
            assert len(ticks) > before
            assert not mine.in_transaction


@contextlib.contextmanager
def ticking():
    """Another thread that does a little again and again."""
    ticks = []
    done = threading.Event()

    def tick():
        while not done.wait(0.005):
            ticks.append(1)

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        yield ticks
    finally:
        done.set()
        thread.join()
