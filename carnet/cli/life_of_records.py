"""Commands in the life of one record, beside opening and closing it: each is traced. `carnet record` takes them in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import click

from carnet.cli.operator_gate import operator_gate, operator_name, patient_identifier
from carnet.cli.records import PATIENT
from carnet.cli.service import HOME
from carnet.clock import from_datetime, to_iso
from carnet.consent.lifecycle import State, attached
from carnet.metadata import PatientIdentifier
from carnet.record.code_sending import issue_letter
from carnet.record.custody import Custody
from carnet.record.destruction import release_ins

Act = Callable[[Custody, PatientIdentifier], bool]


def _do(home: Path, patient: str, act: Act) -> None:
    with operator_gate(home) as gate:
        changed = act(Custody(gate, operator_name()), patient_identifier(gate, patient))
    click.echo("Done." if changed else "Nothing to change.")


@click.command()
@HOME
@PATIENT
@click.option(
    "--identity", required=True, help="Who objects, in their own words: a name, or that of the representative."
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Where to write the proof of objection.")
def oppose(home: Path, patient: str, identity: str, out: Path | None) -> None:
    """Object to the opening of a record, within six weeks of the information."""
    _do(home, patient, lambda custody, person: custody.oppose(person, identity))
    if out is not None:
        _write_proof(home, patient, out)


@click.command("opposition-proof")
@HOME
@PATIENT
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Where to write it.")
def opposition_proof(home: Path, patient: str, out: Path) -> None:
    """Write the proof of a person's last objection to a file."""
    _write_proof(home, patient, out)


@click.command("verify-opposition")
@HOME
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def verify_opposition(home: Path, file: Path) -> None:
    """Verify that a proof of objection was given here and not changed."""
    with operator_gate(home) as gate:
        statement = file.read_text(encoding="utf-8", errors="replace")
        reference = Custody(gate, operator_name()).verify_proof(statement)
    click.echo(f"Valid: {reference}.")


@click.command()
@HOME
@PATIENT
def history(home: Path, patient: str) -> None:
    """Show the transitions of a record: when, to which state, by what event, who."""
    with operator_gate(home) as gate:
        past = Custody(gate, operator_name()).history(patient_identifier(gate, patient))
    for row in past:
        click.echo(f"{to_iso(row.at)} {row.after} {row.event} {row.reason or '-'} {row.actor or '-'}")
    if past and past[-1].after in {State.OPEN, State.ACTIVATED} and not attached(past):
        click.echo("A record of before 2022, apart from its holder's space.")


@click.command()
@HOME
@PATIENT
def activate(home: Path, patient: str) -> None:
    """Note that the holder accepted the terms."""
    _do(home, patient, Custody.activate)


@click.command()
@HOME
@PATIENT
@click.option("--reason", required=True, help="Why, for the record and the trace.")
def suspend(home: Path, patient: str, reason: str) -> None:
    """Suspend a record after a malfunction or fraud; it closes after six weeks unless it is resumed."""
    _do(home, patient, lambda custody, person: custody.suspend(person, reason))


@click.command()
@HOME
@PATIENT
def resume(home: Path, patient: str) -> None:
    """End a suspension."""
    _do(home, patient, Custody.resume)


@click.command()
@HOME
@PATIENT
@click.option("--withdrawn", is_flag=True, help="The death did not happen: give the record back.")
def death(home: Path, patient: str, withdrawn: bool) -> None:
    """Close the record of a person who died."""
    _do(home, patient, Custody.withdraw_death if withdrawn else Custody.died)


@click.command()
@HOME
@PATIENT
@click.option(
    "--requested", type=click.DateTime(["%Y-%m-%d"]), help="Day (UTC) of the holder's request; today unless given."
)
def destroy(home: Path, patient: str, requested: dt.datetime | None) -> None:
    """Order the destruction of a closed record; another person confirms it, and `carnet due` carries it out."""
    asked = from_datetime(requested.replace(tzinfo=dt.UTC)) if requested else None
    _do(home, patient, lambda custody, person: custody.order_destruction(person, asked))


@click.command("confirm-destruction")
@HOME
@PATIENT
def confirm_destruction(home: Path, patient: str) -> None:
    """Confirm the destruction that another person ordered."""
    _do(home, patient, Custody.confirm_destruction)


@click.command("cancel-destruction")
@HOME
@PATIENT
def cancel_destruction(home: Path, patient: str) -> None:
    """Take an order of destruction back."""
    _do(home, patient, Custody.cancel_destruction)


@click.command()
@HOME
@PATIENT
def renew(home: Path, patient: str) -> None:
    """Let the holder of a destroyed record have a new one: register the person again from a feed, then open the record."""
    with operator_gate(home) as gate:
        release_ins(gate, patient_identifier(gate, patient), operator=operator_name())
    click.echo("Done.")


@click.command("activation-letter")
@HOME
@PATIENT
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Where to write the letter."
)
def activation_letter(home: Path, patient: str, out: Path) -> None:
    """Write the letter with a new provisional code, by which a person creates the space or objects to it."""
    with operator_gate(home) as gate:
        text = issue_letter(gate, patient_identifier(gate, patient), operator=operator_name())
    out.touch(mode=0o600)
    out.write_text(text, encoding="utf-8")


def _write_proof(home: Path, patient: str, out: Path) -> None:
    with operator_gate(home) as gate:
        statement = Custody(gate, operator_name()).proof(patient_identifier(gate, patient))
    out.write_text(statement, encoding="utf-8")


OF_A_RECORD: tuple[click.Command, ...] = (
    *(history, activation_letter, oppose, opposition_proof, verify_opposition, activate, suspend, resume, death),
    *(destroy, confirm_destruction, cancel_destruction, renew),
)
"""What joins the group `carnet record`."""
