"""Asking a witness by hand, and the commands of the witness itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from carnet.cli.operator_gate import operator_gate
from carnet.cli.service import HOME
from carnet.errors import ConfigurationError
from carnet.server.asking_witness import ask_witness, open_desk
from carnet.witness.commands import witness

__all__ = ["witness"]


@witness.command()
@HOME
@click.option("--url", help="Address of the witness; the setting `witness_url` otherwise.")
@click.option("--key", help="Its key; the setting `witness_key` otherwise.")
def submit(home: Path, url: str | None, key: str | None) -> None:
    """Have the newest checkpoint of a home's trace signed by a witness, and keep the signature."""
    with operator_gate(home) as gate:
        settings = gate.platform.settings
        url, key = url or settings.witness_url, key or settings.witness_key
        if not url or not key:
            raise ConfigurationError("Give --url and --key, or set witness_url and witness_key.")
        size = asyncio.run(ask_witness(open_desk(gate, key), url))
    click.echo("Nothing new to sign." if size is None else f"Signed: {size} lines.")
