"""A home on PostgreSQL from the command line, and the commands about the database as a whole."""

from __future__ import annotations

import pytest

from carnet.database.schema import current, head

EMPTY = "schema_for_commands"


@pytest.fixture
def url(cluster, monkeypatch):
    cluster.sql(f"CREATE DATABASE {EMPTY}")
    monkeypatch.setenv("CARNET_DATABASE_URL", cluster.url(EMPTY))
    yield cluster.url(EMPTY)
    cluster.sql(f"DROP DATABASE {EMPTY} WITH (FORCE)")


def test_a_home_is_made_checked_and_migrated_on_postgresql(run, url, tmp_path):
    made = tmp_path / "made"
    assert run("init", "--home", made).status == 0
    assert current(url) == head()
    assert not (made / "carnet.db").exists()
    assert run("migrate", "--home", made).out == "The database is at this version's schema.\n"
    assert run("database", "check", "--home", made).out == "The database keeps what it acknowledges.\n"


def test_a_database_is_that_of_one_home(run, refused, url, tmp_path):
    run("init", "--home", tmp_path / "first")
    assert "in use by another home" in refused("init", "--home", tmp_path / "second")
    assert not (tmp_path / "second").exists()


def test_a_database_that_is_not_there_is_told_in_one_sentence(refused, tmp_path, monkeypatch):
    monkeypatch.setenv("CARNET_DATABASE_URL", "postgresql://carnet@/x?host=/nowhere")
    assert "cannot be reached" in refused("init", "--home", tmp_path / "made")


def test_an_address_of_something_else_is_refused(refused, tmp_path, monkeypatch):
    monkeypatch.setenv("CARNET_DATABASE_URL", "mysql://x")
    assert "begins with postgresql://" in refused("init", "--home", tmp_path / "made")


def test_the_embedded_database_is_checked_too_and_never_distributed(run, refused):
    assert run("database", "check", "--home", "HOME").out == "The database keeps what it acknowledges.\n"
    assert "cannot be distributed" in refused("database", "distribute", "--home", "HOME")


@pytest.mark.parametrize("environment", ["test", "production"])
def test_a_database_of_one_server_is_not_distributed(run, refused, url, tmp_path, monkeypatch, environment):
    run("init", "--home", tmp_path / "made")
    monkeypatch.setenv("CARNET_ENVIRONMENT", environment)
    monkeypatch.setenv("CARNET_TEST_IDENTITIES", "false")
    assert "no Citus" in refused("database", "distribute", "--home", tmp_path / "made")


def test_a_database_of_an_older_schema_is_not_distributed(refused, url, tmp_path):
    (tmp_path / "carnet.toml").write_text("")
    assert "run `carnet migrate`" in refused("database", "distribute", "--home", tmp_path)
