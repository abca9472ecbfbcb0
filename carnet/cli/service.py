"""Commands that make, bring up to date and serve a home."""

from __future__ import annotations

import os
from pathlib import Path

import click

from carnet.config import SETTINGS_FILE, load
from carnet.database.schema import migrate as migrate_database
from carnet.errors import ConfigurationError
from carnet.home import create_home
from carnet.server.serving import serve as serve_home

HOME = click.option(
    "--home", type=click.Path(path_type=Path, file_okay=False), required=True, help="The home directory."
)


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
def migrate(home: Path) -> None:
    """Bring the database of a home to this version's schema."""
    settings = load(home)
    if not (home / SETTINGS_FILE if settings.database_url else settings.database).exists():
        raise ConfigurationError(f"There is no Carnet home in {home}: make one with `carnet init --home DIR`.")
    migrate_database(settings.database_place)
    click.echo("The database is at this version's schema.")


@click.command()
@HOME
@click.option("--host", help="Address to listen on; the setting `host` otherwise.")
@click.option("--port", type=int, help="Port to listen on; the setting `port` otherwise.")
@click.option("--workers", type=click.IntRange(1, 64), help="Number of worker processes.")
def serve(home: Path, host: str | None, port: int | None, workers: int | None) -> None:
    """Serve a home over HTTPS until stopped."""
    for name, value in (("HOST", host), ("PORT", port), ("WORKERS", workers)):
        if value is not None:
            os.environ[f"CARNET_{name}"] = str(value)
    serve_home(home)
