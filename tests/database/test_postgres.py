"""The second database: the same schema, the same answers, and nothing that it would forget."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
import threading
import time

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from postgres_clusters import Cluster, programs
from sqlalchemy import BigInteger, bindparam, create_engine, delete, func, insert, inspect, select

import carnet
from carnet.database.connection import SqliteConnection
from carnet.database.failures import ConstraintViolated
from carnet.database.opening import open_database
from carnet.database.postgres import PostgresConnection
from carnet.database.schema import current, head, migrate
from carnet.database.statements import Position, Statement, prepare
from carnet.database.tables import health_record, metadata, patient, replay
from carnet.database.turns import ALONE, NOBODY, SEALING, turn_of
from carnet.errors import ConfigurationError, Unavailable

COUNT = prepare(select(func.count()).select_from(patient))
PERSON = prepare(insert(patient).values(pseudonym=bindparam("name"), sealed_traits=b"\x00\xff", updated_at=1 << 60))


@pytest.fixture(scope="module")
def url(cluster):
    cluster.sql("CREATE DATABASE schema_tests")
    migrate(cluster.url("schema_tests"))
    return cluster.url("schema_tests")


@pytest.fixture
def connection(url):
    with contextlib.closing(PostgresConnection(url, patience=30.0)) as opened:
        opened.begin(ALONE)
        yield opened
        if opened.in_transaction:
            opened.control("ROLLBACK")


@pytest.fixture
def engine(url):
    made = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    yield made
    made.dispose()


def test_the_migrated_database_is_the_one_that_the_model_says(url, engine):
    assert current(url) == head()
    migrate(url)
    with engine.connect() as opened:
        found = compare_metadata(MigrationContext.configure(opened, opts={"compare_type": True}), metadata)
    assert [one for one in found if one[0] != "add_table_comment"] == [], "comments stand in the model alone"


def test_microseconds_fit_everywhere(engine):
    """No column of four bytes holds a moment: those that are named as one, or that the model says are big."""
    small = {
        f"{table}.{column['name']}"
        for table in inspect(engine).get_table_names()
        for column in inspect(engine).get_columns(table)
        if str(column["type"]) == "INTEGER"
    }
    assert {name for name in small if name.endswith(("_at", ".at", ".since", ".until", "_by", "_key"))} == set()
    big = {
        f"{table}.{column.name}"
        for table in metadata.tables.values()
        for column in table.c
        if isinstance(column.type, BigInteger)
    }
    assert small & big == set()


def test_every_statement_of_the_package_can_be_prepared_by_the_server(connection):
    """Those made at import; those made by shape run in the tests of the rooms."""
    refused = {}
    count = 0
    for module in pkgutil.walk_packages(carnet.__path__, "carnet."):
        if module.name.startswith(("carnet.__main__", "carnet.witness", "carnet.database.migrations")):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, Statement) and one.expression is not None:
                    count += 1
                    problem = _prepared(connection, one)
                    if problem:
                        refused[f"{module.name}.{name}"] = problem
    assert refused == {}
    assert count > 150


def _prepared(connection, statement):
    text, _ = statement.postgres
    names = {}

    class Numbered(dict):
        def __missing__(self, name):
            return names.setdefault(name, f"${len(names) + 1}")

    session = connection._session
    session.commands.execute("SAVEPOINT one", prepare=False)
    try:
        result = session.raw.pgconn.prepare(b"", (text % Numbered()).encode())
        return (result.error_message or b"").decode()
    finally:
        session.commands.execute("ROLLBACK TO one", prepare=False)


def test_values_come_back_as_they_went(connection):
    connection.execute(PERSON, {"name": "one"})
    ((key, traits, at),) = connection.execute(
        prepare(select(patient.c.patient_key, patient.c.sealed_traits, patient.c.updated_at))
    )
    assert (type(key), traits, at) == (int, b"\x00\xff", 1 << 60)
    assert connection.execute(prepare(select(func.sum(patient.c.updated_at), func.count()))) == [(1 << 60, 1)]
    assert type(connection.execute(prepare(select(func.sum(patient.c.updated_at))))[0][0]) is int


def test_many_rows_go_in_one_call(connection):
    connection.execute_many(PERSON, [{"name": f"p{number}"} for number in range(50)])
    assert connection.execute(COUNT) == [(50,)]


def test_what_a_constraint_refuses_is_named_alike_and_undone_alone(connection):
    connection.execute(PERSON, {"name": "one"})
    connection.control("SAVEPOINT act")
    connection.execute(PERSON, {"name": "one"})
    with pytest.raises(ConstraintViolated):
        connection.control("RELEASE act")
    connection.control("ROLLBACK TO act")
    connection.execute(prepare(insert(health_record).values(patient_key=404, state="asleep")))
    with pytest.raises(ConstraintViolated):
        connection.execute(COUNT)
    connection.control("ROLLBACK TO act")
    connection.control("RELEASE act")
    connection.execute(PERSON, {"name": "two"})
    assert connection.execute(COUNT) == [(2,)]


def test_a_savepoint_is_released_with_the_next_command_and_nobody_goes_back_to_it(connection):
    connection.control("SAVEPOINT act")
    connection.execute(PERSON, {"name": "one"})
    connection.control("RELEASE act")
    connection.execute(PERSON, {"name": "between"})
    connection.control("SAVEPOINT act")
    connection.execute(PERSON, {"name": "two"})
    connection.control("ROLLBACK TO act")
    connection.control("RELEASE act")
    with pytest.raises(Unavailable):
        connection.control("ROLLBACK TO act")
    connection.control("ROLLBACK")


def test_what_came_after_a_release_is_kept_when_the_next_act_goes_back(connection):
    for name, back in (("one", False), ("two", True), ("three", False)):
        connection.control("SAVEPOINT act")
        connection.execute(PERSON, {"name": name})
        if back:
            connection.control("ROLLBACK TO act")
        connection.control("RELEASE act")
        connection.execute(PERSON, {"name": f"line of {name}"})
    names = connection.execute(prepare(select(patient.c.pseudonym).order_by(patient.c.pseudonym)))
    assert [name for (name,) in names] == ["line of one", "line of three", "line of two", "one", "three"]
    connection.control("COMMIT")
    connection.begin(ALONE)
    assert connection.execute(COUNT) == [(5,)]
    connection.execute(prepare(delete(patient)))
    connection.control("COMMIT")


def test_a_transaction_that_the_server_gave_up_is_not_committed(connection):
    connection.execute(PERSON, {"name": "one"})
    connection.execute(PERSON, {"name": "one"})
    with pytest.raises(ConstraintViolated):
        connection.execute(COUNT)
    with pytest.raises(Unavailable):
        connection.control("COMMIT")


def test_a_text_is_found_in_another_on_both(tmp_path, connection):
    found = prepare(select(Position(bindparam("where"), bindparam("what"))))
    with contextlib.closing(SqliteConnection(tmp_path / "x.db")) as embedded:
        for other in (embedded, connection):
            assert other.execute(found, {"where": "abc", "what": "bc"}) == [(2,)]
            assert other.execute(found, {"where": "abc", "what": "x"}) == [(0,)]


def test_a_lost_connection_is_told_and_opened_again(url, cluster):
    with contextlib.closing(PostgresConnection(url, patience=30.0)) as opened:
        cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'carnet'")
        with pytest.raises(Unavailable):
            opened.begin(NOBODY)
        assert not opened.in_transaction
        end = time.monotonic() + 60
        while True:
            with contextlib.suppress(Unavailable):
                opened.begin(NOBODY)
                break
            assert time.monotonic() < end
            time.sleep(0.02)
        opened.control("ROLLBACK")


def test_nobody_there_is_told_at_once_and_asked_rarely():
    began = time.monotonic()
    with pytest.raises(Unavailable):
        PostgresConnection("postgresql://carnet@/x?host=/nowhere", patience=120.0)
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("url", ["postgresql://[", "postgresql://x/?nonsense=1"])
def test_an_address_that_cannot_be_read_is_a_configuration_error(url):
    with pytest.raises(ConfigurationError):
        open_database(url, patience=1.0)


@pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed: `make packages` installs it")
@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("fsync = off", "fsync=off"),
        ("full_page_writes = off", "full_page_writes=off"),
        ("synchronous_commit = local", "=local"),
    ],
)
def test_a_server_that_could_lose_what_it_acknowledged_is_refused(setting, told):
    careless = Cluster(setting).start()
    try:
        with pytest.raises(ConfigurationError, match=told):
            PostgresConnection(careless.url())
    finally:
        careless.stop()


def test_a_database_that_compares_texts_otherwise_is_refused(cluster):
    cluster.sql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    with pytest.raises(ConfigurationError, match="UTF8"):
        PostgresConnection(cluster.url("latin"))


def test_turns_of_different_patients_run_beside_each_other_and_beside_sealing(url):
    with contextlib.closing(PostgresConnection(url)) as one, contextlib.closing(PostgresConnection(url)) as other:
        one.begin(turn_of([4, 2]))
        for turn in (turn_of([1, 3]), NOBODY, SEALING):
            other.begin(turn)
            other.control("COMMIT")
        one.control("COMMIT")


def test_groups_that_want_each_other_s_patients_never_deadlock(url):
    """Everybody takes turns in one order, whatever the order in which acts came."""
    failures = []

    def work(keys):
        with contextlib.closing(PostgresConnection(url)) as mine:
            for number in range(40):
                try:
                    mine.begin(turn_of(keys))
                    mine.execute(prepare(select(func.count()).select_from(replay)))
                    mine.control("COMMIT")
                except Unavailable as failure:
                    failures.append((number, failure))

    threads = [threading.Thread(target=work, args=(keys,)) for keys in ([1, 2, 3], [3, 2, 1], [2, 1, 3])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
