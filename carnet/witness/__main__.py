"""`python -m carnet.witness`: the witness alone, without the rest of Carnet."""

from __future__ import annotations

import sys

import click

from carnet.errors import CarnetError
from carnet.witness.commands import witness

try:
    witness()
except CarnetError as error:
    click.echo(f"witness: {error.message}", err=True)
    sys.exit(2)
