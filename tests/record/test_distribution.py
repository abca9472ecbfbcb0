"""The layout over several servers: each table has its place, keys allow it, and every hot statement goes to one shard."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from postgres_clusters import Cluster, pour, programs
from sqlalchemy import Table, UniqueConstraint, bindparam, select
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, ColumnElement

from carnet.database.distribution import LAYOUT, Lies, commands, distribute
from carnet.database.schema import migrate
from carnet.database.statements import postgres_text
from carnet.database.tables import care_link, document_entry, entry_code, metadata
from carnet.database.turns import NOBODY
from carnet.errors import ConfigurationError
from carnet.platform import build
from carnet.record.gate import Gate
from carnet.record.retrieval import read
from carnet.soap.ebrim_render import EbrimRenderer


def test_every_table_has_its_place():
    assert set(LAYOUT) == set(metadata.tables)


@pytest.mark.parametrize("name", [name for name, where in LAYOUT.items() if where is Lies.BY_PATIENT])
def test_what_lies_by_patient_is_unique_within_a_patient(name):
    table = metadata.tables[name]
    uniques = [set(table.primary_key.columns.keys())]
    uniques += [set(one.columns.keys()) for one in table.constraints if isinstance(one, UniqueConstraint)]
    uniques += [set(one.columns.keys()) for one in table.indexes if one.unique]
    assert all("patient_key" in columns for columns in uniques)


def test_references_stay_within_a_shard_or_go_to_what_is_everywhere():
    for name, where in LAYOUT.items():
        for one in metadata.tables[name].foreign_key_constraints:
            to = LAYOUT[one.referred_table.name]
            if where is Lies.BY_PATIENT and to is Lies.BY_PATIENT:
                pairs = {(element.parent.name, element.column.name) for element in one.elements}
                assert ("patient_key", "patient_key") in pairs
            elif where is Lies.COORDINATOR:
                assert to in {Lies.COORDINATOR, Lies.EVERYWHERE}
            else:
                assert to is Lies.EVERYWHERE


def test_the_commands_move_each_table_once_and_put_references_back():
    said = list(commands())
    assert sum("create_distributed_table" in one for one in said) == list(LAYOUT.values()).count(Lies.BY_PATIENT)
    assert sum("DROP CONSTRAINT" in one for one in said) == sum("ADD CONSTRAINT" in one for one in said) > 0


# --- the shape of hot statements ----------------------------------------------------------------------------------------


def scattered(expression) -> set[str]:
    """The tables by patient of a statement that no equality ties to one patient's key: it would go to every shard."""
    tables = {
        one.name
        for one in visitors.iterate(expression)
        if isinstance(one, Table) and LAYOUT.get(one.name) is Lies.BY_PATIENT
    }
    tied: set[str] = set()
    pairs: list[tuple[str, str]] = []
    if isinstance(expression, Insert) and expression.table.name in tables:
        given = {getattr(column, "name", column) for column in (expression._values or {})}
        if "patient_key" in given or expression._values is None:
            tied.add(expression.table.name)
    if (target := getattr(expression, "table", None)) is not None:
        tables |= {target.name} if LAYOUT.get(target.name) is Lies.BY_PATIENT else set()
    for one in visitors.iterate(expression):
        if isinstance(one, BinaryExpression) and one.operator is operators.eq:
            sides = [_owner(side) for side in (one.left, one.right)]
            bound = any(isinstance(side, BindParameter) for side in (one.left, one.right))
            if bound:
                tied |= {side for side in sides if side}
            elif all(sides):
                pairs.append((sides[0], sides[1]))
    while True:
        more = {b for a, b in [*pairs, *((b, a) for a, b in pairs)] if a in tied} - tied
        if not more:
            return tables - tied
        tied |= more


def _owner(side: ColumnElement) -> str:
    column = getattr(side, "name", "")
    table = getattr(side, "table", None)
    return table.name if column == "patient_key" and isinstance(table, Table) else ""


@pytest.fixture
def hot(room):
    """The statements that the acts of ITI-41, 18, 43 and 57 run, with the values of one run."""
    ran = {}
    connection = room.connection
    execute, many = connection.execute, connection.execute_many

    def noting(statement, parameters=None):
        ran.setdefault(statement.sqlite, (statement, dict(parameters or {})))
        return execute(statement, parameters)

    def noting_many(statement, rows):
        ran.setdefault(statement.sqlite, (statement, dict(rows[0]) if rows else {}))
        return many(statement, rows)

    connection.execute, connection.execute_many = noting, noting_many
    (entry,) = room.put(room.document())
    following = room.document()
    (second,) = room.put(following, replaces={following.entry.entry_uuid: entry.entry_uuid})
    room.do(room.caller(), room.finding())
    room.do(room.caller(), room.getting_all())
    room.do(room.caller(), room.retrieving(second.unique_id))
    room.do(room.caller(), room.mask(second))
    del connection.execute, connection.execute_many
    return list(ran.values())


def test_every_hot_statement_goes_to_one_shard(hot):
    assert len(hot) > 20
    wrong = {statement.sqlite: found for statement, _ in hot if (found := scattered(statement.expression))}
    assert wrong == {}
    touched = {
        one.name for statement, _ in hot for one in visitors.iterate(statement.expression) if isinstance(one, Table)
    }
    assert {"document_entry", "submission_set", "stored_document"} <= touched | {
        statement.expression.table.name for statement, _ in hot if isinstance(statement.expression, Insert)
    }


def test_a_statement_over_all_patients_is_seen():
    """The control."""
    everybody = select(document_entry.c.entry_uuid).where(document_entry.c.unique_id == bindparam("u"))
    assert scattered(everybody) == {"document_entry"}
    one = everybody.where(document_entry.c.patient_key == bindparam("p"))
    assert scattered(one) == set()
    loose = one.join(care_link, care_link.c.party == document_entry.c.depositor)
    assert scattered(loose) == {"care_link"}
    same = entry_code.c.patient_key == document_entry.c.patient_key
    assert scattered(one.join(entry_code, same)) == set()


# --- where Citus is installed -------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def citus():
    """A coordinator and two servers, on loopback."""
    if programs() is None or not list(Path("/usr/share/postgresql").glob("*/extension/citus.control")):
        pytest.skip("Citus is not installed: docs/operate/citus.md says how")
    settings = (
        "shared_preload_libraries = 'citus'\nlisten_addresses = '127.0.0.1'\ncitus.node_conninfo = 'sslmode=disable'\n"
    )
    found = [Cluster(settings, port=port) for port in free_ports(3)]
    for cluster in found:
        cluster.start()
    yield found
    for cluster in found:
        cluster.stop()


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@pytest.fixture
def spread(citus, first_stage):
    """The first stage's rows on three servers; the address of the coordinator."""
    coordinator, *workers = citus
    for cluster in citus:
        cluster.sql("CREATE DATABASE spread")
        cluster.sql("CREATE EXTENSION citus", database="spread")
    coordinator.sql(f"SELECT citus_set_coordinator_host('127.0.0.1', {coordinator.port})", database="spread")
    for worker in workers:
        coordinator.sql(f"SELECT citus_add_node('127.0.0.1', {worker.port})", database="spread")
    url = coordinator.url("spread")
    migrate(url)
    pour(first_stage.settings.database, url)
    distribute(url)
    return url


def test_on_citus_every_hot_statement_is_one_task_of_one_server(spread, room, hot):
    """The acts run on the distributed database as they are; then each statement's plan is asked for."""
    settings = replace(room.platform.settings, database_url=spread)
    platform = build(settings, EbrimRenderer(), clock=lambda: room.now, worker="citus")
    gate = Gate(platform)
    requester = room.caller()
    (entry,) = gate.perform_now(requester, room.submitting(room.submission(room.document()), requester)).entries
    (located,) = gate.perform_now(requester, room.retrieving(entry.unique_id))
    assert read(platform, located)
    gate.perform_now(requester, room.mask(entry))
    assert gate.seal()
    tasks = {}
    connection = platform.connection
    for statement, values in hot:
        text, defaults = postgres_text(statement)
        by_patient = [
            one.name
            for one in visitors.iterate(statement.expression)
            if isinstance(one, Table) and LAYOUT.get(one.name) is Lies.BY_PATIENT
        ]
        if not by_patient:
            continue
        connection.begin(NOBODY)
        with contextlib.suppress(psycopg.errors.IntegrityError):
            rows = connection._session.cursor.execute(
                "EXPLAIN " + text, {**defaults, **values}, prepare=False
            ).fetchall()
            tasks[statement.sqlite] = next((line.strip() for (line,) in rows if "Task Count" in line), str(rows[:3]))
        connection.control("ROLLBACK")
    assert len(tasks) > 10
    assert {text: found for text, found in tasks.items() if found != "Task Count: 1"} == {}
    platform.close()
    with pytest.raises(ConfigurationError, match="already"):
        distribute(spread)


def test_a_database_without_citus_is_not_distributed(copies):
    url = copies.make()
    with pytest.raises(ConfigurationError, match="no Citus"):
        distribute(url)
    copies.drop(url)
