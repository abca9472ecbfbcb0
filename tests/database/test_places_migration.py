"""Places in the tree get a table of their own: what was sealed keeps its place, and the version before seals beside the new one."""

from __future__ import annotations

import contextlib
import sqlite3

import psycopg
import pytest

from carnet.audit import journal
from carnet.database.opening import open_database
from carnet.database.schema import current, expand, migrate
from carnet.database.turns import SEALING

LINE = "INSERT INTO audit_event (at, entry, sealed_openings, leaf_hash) VALUES (0, '', '', '')"
AS_BEFORE = "UPDATE audit_event SET leaf_index = {} WHERE ticket = {} AND leaf_index IS NULL"
"""How the version before gives a place."""


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    if request.param == "sqlite":
        yield tmp_path / "carnet.db"
        return
    cluster = request.getfixturevalue("cluster")
    cluster.sql("CREATE DATABASE places_migration")
    yield cluster.url("places_migration")
    cluster.sql("DROP DATABASE places_migration WITH (FORCE)")


def said(place, *commands):
    opened = psycopg.connect(place, autocommit=True) if isinstance(place, str) else sqlite3.connect(place)
    with contextlib.closing(opened) as raw:
        for command in commands:
            cursor = raw.execute(command)
        found = cursor.fetchall() if cursor.description else []
        raw.commit()
        return found


def places(place):
    return said(place, "SELECT leaf_index, ticket FROM audit_place ORDER BY leaf_index")


def seal_as_now(place):
    with contextlib.closing(open_database(place, patience=4.0)) as connection:
        connection.begin(SEALING)
        found = journal._give_places(connection, 100)
        connection.control("COMMIT")
        return found


@pytest.fixture
def mixed(place):
    """A database whose first line was sealed before the migration, with three that wait."""
    migrate(place, revision="0010")
    said(place, *[LINE] * 4, AS_BEFORE.format(0, 1))
    assert expand(place), "the version before may serve beside"
    assert current(place) >= "0011"
    return place


def test_what_was_sealed_keeps_its_place(mixed):
    assert places(mixed) == [(0, 1)]


def test_the_version_before_and_this_one_seal_in_turn(mixed):
    said(mixed, AS_BEFORE.format(1, 2))
    assert places(mixed) == [(0, 1), (1, 2)]
    assert seal_as_now(mixed) == (2, 4)
    assert places(mixed) == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert said(mixed, "SELECT ticket FROM audit_event WHERE leaf_index IS NULL") == []
    assert said(mixed, "SELECT leaf_index FROM audit_event ORDER BY ticket") == [(0,), (1,), (2,), (3,)]
    said(mixed, LINE, AS_BEFORE.format(4, 5))
    assert seal_as_now(mixed) == (5, 5)


def test_without_the_triggers_the_two_would_not_know_of_each_other(mixed):
    """The control."""
    tables = {"audit_event_placed": "audit_event", "audit_place_given": "audit_place"}
    for name, table in tables.items():
        said(mixed, f"DROP TRIGGER {name}" + (f" ON {table}" if isinstance(mixed, str) else ""))
    said(mixed, AS_BEFORE.format(1, 2))
    assert places(mixed) == [(0, 1)]
    seal_as_now(mixed)
    assert said(mixed, "SELECT ticket FROM audit_event WHERE leaf_index IS NULL ORDER BY ticket") == [(3,), (4,)]


def test_the_database_refuses_two_lines_in_one_place_whoever_gives_it(mixed):
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.UniqueViolation)):
        said(mixed, "INSERT INTO audit_place (leaf_index, ticket) VALUES (1, 3)", AS_BEFORE.format(1, 2))
