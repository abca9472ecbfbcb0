"""Commands that make a home, bring it up to date and look through it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from carnet.cli.home_option import HOME
from carnet.cli.operator_gate import operator_gate, operator_name
from carnet.config import SETTINGS_FILE, load
from carnet.database.connection import SqliteConnection
from carnet.database.schema import expand
from carnet.database.schema import migrate as migrate_database
from carnet.errors import ConfigurationError
from carnet.home import create_home
from carnet.record.trait_indexing import index_traits

__all__ = ["HOME", "index_people", "init", "migrate", "verify_database"]


@click.command()
@HOME
def init(home: Path) -> None:
    """Make an empty home: settings, keys, database. Put certificates in its pki/ folder before serving."""
    create_home(home)
    click.echo(
        f"Made {home}. Next: trust anchors in pki/trust, revocation lists in pki/crl, server.pem and server.key in pki."
    )


@click.command()
@HOME
@click.option(
    "--contract", is_flag=True, help="Also what the version before cannot run beside: once none of it serves any more."
)
def migrate(home: Path, contract: bool) -> None:
    """Bring the database of a home to this version's schema, as far as the version before can go on serving meanwhile."""
    settings = load(home)
    if not (home / SETTINGS_FILE if settings.database_url else settings.database).exists():
        raise ConfigurationError(f"There is no Carnet home in {home}: make one with `carnet init --home DIR`.")
    if contract:
        migrate_database(settings.database_place)
    elif not expand(settings.database_place):
        raise ConfigurationError(
            "The version before cannot run on the schema that comes next. Stop every server of it, then run `carnet migrate --contract`."
        )
    click.echo("The database is at this version's schema.")


@click.command("index-traits")
@HOME
def index_people(home: Path) -> None:
    """After `migrate`: put people in the index by which TD0.5 finds them who are not in it yet. Again changes nothing."""
    with operator_gate(home) as gate:
        indexed = index_traits(gate, operator=operator_name())
    click.echo(f"{indexed.people} people were put in the index of traits.")
    if indexed.unreadable:
        click.echo(f"The traits of {len(indexed.unreadable)} people cannot be opened: no search finds them.", err=True)
        raise click.exceptions.Exit(1)


@click.command("verify-database")
@HOME
def verify_database(home: Path) -> None:
    """Read the whole database and say what is damaged in it; status 1 when something is."""
    settings = load(home)
    if settings.database_url:
        raise ConfigurationError("A server's database is checked by its own tools: data checksums and pg_amcheck.")
    with contextlib.closing(SqliteConnection(settings.database)) as connection:
        damage = connection.find_damage()
    for line in damage:
        click.echo(line, err=True)
    if damage:
        raise click.exceptions.Exit(1)
    click.echo("The database is whole.")
