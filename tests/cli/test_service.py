"""Making, migrating and serving a home from the command line."""

from __future__ import annotations

import contextlib
import shutil
import socket
import sqlite3
import stat

import click
import pytest

from carnet.cli import carnet
from carnet.config import load
from carnet.database.schema import current, head
from carnet.server import serving


def test_a_home_is_made_for_its_owner_alone(run, tmp_path):
    made = tmp_path / "new" / "home"
    said = run("init", "--home", made)
    assert said.status == 0
    assert "Next:" in said.out
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert stat.S_IMODE((made / "keys" / "root.key").stat().st_mode) == 0o600
    assert current(made / "carnet.db") == head()
    assert load(made, {}).environment == "development"


def test_a_home_is_not_made_over_another(refused, run, tmp_path):
    run("init", "--home", tmp_path / "made")
    before = (tmp_path / "made" / "keys" / "root.key").read_bytes()
    assert "is a Carnet home already" in refused("init", "--home", tmp_path / "made")
    assert (tmp_path / "made" / "keys" / "root.key").read_bytes() == before


def test_a_home_without_certificates_says_what_is_missing(refused, run, tmp_path):
    run("init", "--home", tmp_path / "made")
    assert "trusted root" in refused("serve", "--home", tmp_path / "made", "--port", "0")


@pytest.mark.parametrize("name", ["server.pem", "server.key"])
def test_a_server_without_its_own_certificate_or_key_says_so(refused, home, name):
    (home / "pki" / name).unlink()
    assert name in refused("serve", "--home", "HOME", "--port", "0")


def test_a_home_is_migrated_again_and_again(run):
    for _ in range(2):
        said = run("migrate", "--home", "HOME")
        assert (said.status, said.out) == (0, "The database is at this version's schema.\n")


def test_people_of_an_older_home_are_put_in_the_index_of_traits(run, home):
    with sqlite3.connect(home / "carnet.db") as database:
        database.execute("UPDATE patient SET index_form = 0")
        (people,) = database.execute("SELECT count(*) FROM patient").fetchone()
    database.close()
    assert run("index-traits", "--home", "HOME").out == f"{people} people were put in the index of traits.\n"
    assert run("index-traits", "--home", "HOME").out.startswith("0 people")


def test_a_database_with_a_damaged_page_is_told(run, home):
    assert run("verify-database", "--home", "HOME").out == "The database is whole.\n"
    with contextlib.closing(sqlite3.connect(home / "carnet.db")) as raw:
        ((page,),) = raw.execute("SELECT max(rootpage) FROM sqlite_master WHERE type = 'table' AND name = 'patient'")
        ((size,),) = raw.execute("PRAGMA page_size")
    with (home / "carnet.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(20))
    said = run("verify-database", "--home", "HOME")
    assert said.status == 1
    assert said.err


@pytest.fixture(autouse=True)
def same_environment(monkeypatch):
    """`serve` hands its options on in the environment."""
    for name in ("HOST", "PORT", "WORKERS"):
        monkeypatch.setenv(f"CARNET_{name}", "")
        monkeypatch.delenv(f"CARNET_{name}")


@pytest.mark.parametrize(
    "words",
    [
        ("migrate",),
        ("serve", "--port", "0"),
        ("verify-audit",),
        ("seal-audit",),
        ("trace", "--patient", "INS"),
        ("record", "open", "--patient", "INS"),
    ],
)
def test_a_folder_that_is_no_home_is_named_and_stays_empty(refused, tmp_path, words):
    (tmp_path / "empty").mkdir()
    sentence = refused(*words, "--home", tmp_path / "empty")
    assert "There is no Carnet home" in sentence
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_home_of_an_older_version_asks_to_be_migrated(refused, home):
    with sqlite3.connect(home / "carnet.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '0000'")
    database.close()
    assert "carnet migrate" in refused("verify-audit", "--home", "HOME")


def test_a_wrong_setting_stops_the_command_and_is_named(refused, home):
    (home / "carnet.toml").write_text("prot = 1\n", encoding="utf-8")
    assert "'prot'" in refused("seal-audit", "--home", "HOME")


@pytest.mark.parametrize("proxy", ["10.0.0.1/8", "proxy.example", "300.1.1.1"])
def test_a_declared_proxy_that_is_no_address_stops_the_start(refused, monkeypatch, proxy):
    monkeypatch.setenv("CARNET_DECLARED_PROXIES", f"127.0.0.1,{proxy}")
    assert "declared_proxies" in refused("serve", "--home", "HOME", "--port", "0")


def test_development_keys_are_refused_in_production(refused, monkeypatch):
    monkeypatch.setenv("CARNET_ENVIRONMENT", "production")
    monkeypatch.setenv("CARNET_TEST_IDENTITIES", "false")
    assert "hardware security module" in refused("seal-audit", "--home", "HOME")


def test_keys_of_another_home_are_refused(refused, run, home, tmp_path):
    run("init", "--home", tmp_path / "other")
    shutil.copy(tmp_path / "other" / "keys" / "root.key", home / "keys" / "root.key")
    assert "does not open" in refused("seal-audit", "--home", "HOME")


def test_a_port_that_is_taken_is_told_in_a_sentence(refused, monkeypatch):
    monkeypatch.setattr(serving, "configure_logs", lambda _level: None)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port}" in refused("serve", "--home", "HOME", "--port", port)


def test_a_database_that_is_no_database_is_told_in_a_sentence(refused, home):
    (home / "carnet.db").write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    assert "file is not a database" in refused("verify-audit", "--home", "HOME")


def test_a_missing_file_of_the_keys_is_told_in_a_sentence(refused, home):
    (home / "keys" / "root.key").unlink()
    assert "root.key" in refused("seal-audit", "--home", "HOME")


def every_command(group, *path):
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from every_command(command, *path, name)


def test_every_command_and_option_says_what_it_is_for():
    for path, command in every_command(carnet):
        assert command.help, path
        context = click.Context(command, info_name=" ".join(path))
        assert command.help.split(".")[0] in " ".join(command.get_help(context).split())
        for option in command.params:
            told = isinstance(option, click.Argument) or isinstance(option.type, click.Choice) or option.secondary_opts
            assert told or option.help, f"{path} {option.name}"


def test_the_version_is_told(run):
    assert run("--version").out.startswith("carnet, version ")
