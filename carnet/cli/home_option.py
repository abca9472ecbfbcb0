"""The option that every command on a home takes."""

from __future__ import annotations

from pathlib import Path

import click

HOME = click.option(
    "--home", type=click.Path(path_type=Path, file_okay=False), required=True, help="The home directory."
)
