"""Commands on the whole population: enrol it, do what is due, and forget again after a restore what was destroyed before it."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import click

from carnet.cli.feeds import FILE, SHOWN
from carnet.cli.operator_gate import operator_gate, operator_name
from carnet.cli.service import HOME
from carnet.clock import from_datetime, to_iso
from carnet.record.destruction import replay_tombstones
from carnet.record.due import run_due
from carnet.record.enrolment import enrol_file


@click.command()
@HOME
@FILE
def enrol(home: Path, file: Path) -> None:
    """Take in an insurer's affiliation file: inform people of their right to object, from which six weeks run.

    The same file again goes on where it stopped, and changes nothing once it was taken in.
    """
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    with operator_gate(home) as gate, file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        enrolled = enrol_file(gate, lines, digest, operator=operator_name())
    done = enrolled.progress
    click.echo(f"{done.informed} people informed, {done.waiting} wait for their territory, {done.unchanged} unchanged.")
    for line in enrolled.bad[:SHOWN]:
        click.echo(f"line {line.number}: {line.reason}", err=True)
    if len(enrolled.bad) > SHOWN:
        click.echo(f"and {len(enrolled.bad) - SHOWN} more lines", err=True)
    if enrolled.bad:
        raise click.exceptions.Exit(1)


@click.command()
@HOME
@click.option("--at", type=click.DateTime(["%Y-%m-%d"]), help="As on this day (UTC, at its start); now unless given.")
def due(home: Path, at: dt.datetime | None) -> None:
    """Do all that is due: openings, closings, destructions, notices. Run it every day; again changes nothing."""
    moment = from_datetime(at.replace(tzinfo=dt.UTC)) if at else None
    with operator_gate(home) as gate:
        done = run_due(gate, moment)
    for word, count in sorted(done.counts.items()):
        click.echo(f"{word}: {count}")
    if not done.counts:
        click.echo("Nothing is due.")
    for order in done.urgent:
        click.echo(
            f"record {order.patient_key}: the destruction asked for is due by {to_iso(order.limit_at)} and is not "
            f"{'carried out' if order.confirmed_by else 'confirmed'}",
            err=True,
        )
    for patient_key, reason in done.failed[:SHOWN]:
        click.echo(f"record {patient_key}: {reason}", err=True)
    if done.failed or done.urgent:
        raise click.exceptions.Exit(1)


@click.command()
@HOME
@click.option("--replay-tombstones", "replay", is_flag=True, required=True, help="Destroy again what was destroyed.")
@click.option(
    "--tombstones",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A copy of the file of tombstones kept elsewhere; that of the home unless given.",
)
def restore(home: Path, replay: bool, tombstones: Path | None) -> None:
    """After restoring a backup, and before serving: whoever was destroyed meanwhile is destroyed again."""
    del replay  # required, so that the command says what it does
    with operator_gate(home) as gate:
        count = replay_tombstones(gate, tombstones)
    click.echo(f"{count} people had come back and are destroyed again.")
