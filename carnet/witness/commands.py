"""Commands of a witness: make one, tell it which traces to watch, serve it. `carnet witness` and `python -m carnet.witness`."""

from __future__ import annotations

import socket
from pathlib import Path

import click

from carnet.audit.signed_note import ED25519, read_verifier_key
from carnet.clock import SECOND, to_iso
from carnet.errors import ConfigurationError
from carnet.witness.folder import create_witness, open_witness
from carnet.witness.http_service import serve_witness

FOLDER = click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="The witness's own folder."
)


@click.group()
def witness() -> None:
    """Co-sign the checkpoints of traces that others keep, and refuse a trace that was cut back or written anew."""


@witness.command()
@FOLDER
@click.option(
    "--name", required=True, help="The name of the witness in its signatures, for example `hospital.example/w1`."
)
def init(folder: Path, name: str) -> None:
    """Make a witness with a key of its own, and print the key that others check its signatures with."""
    click.echo(create_witness(folder, name).encoded())


@witness.command()
@FOLDER
@click.argument("key")
def watch(folder: Path, key: str) -> None:
    """Watch a trace under its KEY, as `carnet audit-key` prints it."""
    trace = read_verifier_key(key, ED25519)
    found = open_witness(folder)
    try:
        if not found.memory.watch(trace.name, trace.public_key):
            known = found.memory.last(trace.name)
            if known is not None and known.public_key != trace.public_key:
                raise ConfigurationError(f"{trace.name} is watched under another key, which stays.")
        click.echo(f"Watching {trace.name}.")
    finally:
        found.memory.close()


@witness.command("list")
@FOLDER
def list_traces(folder: Path) -> None:
    """Show the key of the witness and, for each trace, the size of the last checkpoint that it signed."""
    found = open_witness(folder)
    try:
        click.echo(found.key.encoded())
        for origin, size, seconds in found.memory.watched():
            click.echo(f"{origin}  {size}  {to_iso(seconds * SECOND) if seconds else 'never signed'}")
    finally:
        found.memory.close()


@witness.command()
@FOLDER
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=int, default=8460, show_default=True, help="Port to listen on; 0 lets the system choose.")
def serve(folder: Path, host: str, port: int) -> None:
    """Answer add-checkpoint over HTTP until stopped."""
    found = open_witness(folder)
    listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    click.echo(f"Listening on {host} port {listening.getsockname()[1]}.")
    serve_witness(found, listening)
