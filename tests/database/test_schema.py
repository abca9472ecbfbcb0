"""The migrations make exactly the tables of the data model, from nothing and again, whatever the path."""

from __future__ import annotations

import re
import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, create_engine, inspect

from carnet.database.schema import _configuration, current, head, migrate
from carnet.database.tables import metadata


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    path = tmp_path_factory.mktemp("database") / "carnet.db"
    migrate(path)
    return path


@pytest.fixture(scope="module")
def engine(database):
    made = create_engine(f"sqlite:///{database}")
    yield made
    made.dispose()


def shape(engine):
    """Every table as the database tells it: columns, keys, foreign keys, uniques, checks, indexes."""
    found = inspect(engine)
    names = set(found.get_table_names()) - {"alembic_version"}

    def unnamed(rows, *keys):
        return sorted(repr([row[key] for key in keys]) for row in rows)

    return {
        name: {
            "columns": [
                (c["name"], str(c["type"]), c["nullable"], str(c["default"] or "").strip("'"), c["primary_key"])
                for c in found.get_columns(name)
            ],
            "key": found.get_pk_constraint(name)["constrained_columns"],
            "foreign keys": unnamed(
                found.get_foreign_keys(name), "constrained_columns", "referred_table", "referred_columns"
            ),
            "uniques": unnamed(found.get_unique_constraints(name), "column_names"),
            "checks": sorted(re.sub(r"\s+", "", c["sqltext"]) for c in found.get_check_constraints(name)),
            "indexes": unnamed(found.get_indexes(name), "name", "column_names", "unique"),
        }
        for name in names
    }


def test_the_migrations_make_the_tables_of_the_model_and_nothing_more(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    assert shape(engine).keys() == metadata.tables.keys()


def test_the_migrated_database_is_the_one_that_the_model_would_make(engine):
    """Checks, defaults and names too, which Alembic does not compare, or not truly."""
    direct = create_engine("sqlite://")
    metadata.create_all(direct)
    expected, found = shape(direct), shape(engine)
    direct.dispose()
    for name in expected:
        assert found[name] == expected[name], name


def test_control_a_table_that_the_migrations_do_not_make_is_noticed(tmp_path):
    path = tmp_path / "carnet.db"
    migrate(path)
    with sqlite3.connect(path) as raw:
        raw.execute("DROP TABLE watch_cursor")
        raw.execute("CREATE TABLE stray (x INTEGER)")
    raw.close()
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        different = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    assert {kind for kind, *_ in different} == {"add_table", "remove_table"}


def test_every_table_says_what_one_row_is():
    for table in metadata.tables.values():
        assert table.comment, table.name
        assert table.comment.startswith("One row "), table.name
        assert table.comment.endswith("."), table.name


def test_every_table_of_a_patient_has_the_patient_in_its_key():
    apart = {
        "patient_identifier": "looked up by its blind index",
        "registered_identifier": "one space of identifiers for everybody",
        "audit_event": "in the order of tickets, also of no patient",
        "one_time_code": "asked for by anybody, of nobody perhaps",
    }
    for table in metadata.tables.values():
        if "patient_key" in table.columns and table.name not in apart:
            assert "patient_key" in {column.name for column in table.primary_key}, table.name


def test_every_constraint_has_a_name_that_a_later_migration_can_say():
    for table in metadata.tables.values():
        for constraint in table.constraints:
            if isinstance(constraint, CheckConstraint | ForeignKeyConstraint):
                assert constraint.name, table.name
        for index in table.indexes:
            assert index.name, table.name


def test_what_is_sealed_is_bytes():
    for table in metadata.tables.values():
        for column in table.columns:
            if column.name.startswith("sealed_"):
                assert str(column.type) == "BLOB", f"{table.name}.{column.name}"
                assert not column.nullable, f"{table.name}.{column.name}"


def test_migrating_again_changes_nothing(tmp_path):
    path = tmp_path / "carnet.db"
    migrate(path)
    with sqlite3.connect(path) as raw:
        raw.execute("INSERT INTO patient (pseudonym, sealed_traits, updated_at) VALUES ('one', x'00', 0)")
        before = raw.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    raw.close()
    migrate(path)
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall() == before
        assert raw.execute("SELECT count(*) FROM patient").fetchone() == (1,)
    raw.close()


def test_a_database_says_which_migration_it_is_at(tmp_path, database):
    assert current(database) == head() != ""
    empty = tmp_path / "empty.db"
    sqlite3.connect(empty).close()
    assert current(empty) == ""


def test_asking_which_migration_it_is_at_writes_nothing(tmp_path):
    empty = tmp_path / "empty.db"
    empty.touch()
    current(empty)
    assert empty.read_bytes() == b""


def test_a_home_with_a_percent_in_its_path_can_be_migrated(tmp_path):
    folder = tmp_path / "50% of % all"
    folder.mkdir()
    migrate(folder / "carnet.db")
    assert current(folder / "carnet.db") == head()


def test_migrations_are_one_numbered_line():
    script = ScriptDirectory.from_config(_configuration())
    numbers = [one.revision for one in script.walk_revisions()]
    assert script.get_heads() == [head()]
    assert numbers == sorted(numbers, reverse=True)
    assert all(re.match(r"\d{4}", number) for number in numbers)


def test_the_newest_schema_that_is_read_from_file_names_is_the_one_that_the_migrations_lead_to():
    assert head() == ScriptDirectory.from_config(_configuration()).get_current_head()
