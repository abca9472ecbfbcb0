"""The command that serves a home: by itself, for it is the one that is started again in a hurry."""

from __future__ import annotations

import os
from pathlib import Path

import click

from carnet.cli.home_option import HOME
from carnet.server.serving import serve as serve_home


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
