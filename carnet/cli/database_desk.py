"""Commands about the database as a whole."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from carnet.cli.service import HOME
from carnet.config import load
from carnet.database.distribution import distribute
from carnet.database.opening import open_database
from carnet.database.schema import current, head
from carnet.errors import ConfigurationError


@click.group()
def database() -> None:
    """The database of a home: is it fit, spread it over servers."""


@database.command("check")
@HOME
def check_database(home: Path) -> None:
    """Say whether the database answers, is at this version's schema and keeps what it acknowledges."""
    settings = load(home)
    if current(settings.database_place) != head():
        raise ConfigurationError("The database is not at this version's schema: run `carnet migrate`.")
    with contextlib.closing(open_database(settings.database_place, patience=settings.database_timeout)) as opened:
        opened.check_durability()
    click.echo("The database keeps what it acknowledges.")


@database.command("distribute")
@HOME
def distribute_database(home: Path) -> None:
    """Spread the tables of patients over the servers of Citus, while nobody uses the database."""
    settings = load(home)
    if not settings.database_url:
        raise ConfigurationError("The embedded database cannot be distributed: set database_url.")
    if current(settings.database_url) != head():
        raise ConfigurationError("The database is not at this version's schema: run `carnet migrate`.")
    distribute(settings.database_url)
    click.echo(
        "What is on a patient lies by patient, the trace's lines too; assertions and identifiers lie by themselves."
    )
