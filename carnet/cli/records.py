"""Commands on one record, for the operator: each is traced."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from carnet.cli.operator_gate import operator_gate, operator_name, patient_identifier
from carnet.cli.service import HOME
from carnet.clock import from_datetime
from carnet.consent.choices import Choice
from carnet.record.administration import Administration

PATIENT = click.option("--patient", required=True, metavar="INS[/OID]", help="The patient's INS.")
PARTY = click.option("--party", required=True, help="PS_IdNat of a professional or Struct_IdNat of a structure.")


@click.group()
def record() -> None:
    """Open and close a record, and write the patient's choices."""


def _say(changed: bool) -> None:
    click.echo("Done." if changed else "Nothing to change.")


@record.command("open")
@HOME
@PATIENT
def open_record(home: Path, patient: str) -> None:
    """Open the record of a known person."""
    with operator_gate(home) as gate:
        _say(Administration(gate, operator_name()).open_record(patient_identifier(gate, patient)))


@record.command("close")
@HOME
@PATIENT
@click.option("--reason", required=True, help="Why, for the record and the trace.")
def close_record(home: Path, patient: str, reason: str) -> None:
    """Close a record: nothing goes in, nobody reads."""
    with operator_gate(home) as gate:
        _say(Administration(gate, operator_name()).close_record(patient_identifier(gate, patient), reason))


@record.command()
@HOME
@PATIENT
@PARTY
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Day (UTC) on which the authorisation ends.")
def authorise(home: Path, patient: str, party: str, until: dt.datetime | None) -> None:
    """Let a professional or a structure read the record."""
    end = from_datetime(until.replace(tzinfo=dt.UTC)) if until else None
    with operator_gate(home) as gate:
        _say(Administration(gate, operator_name()).authorise(patient_identifier(gate, patient), party, end))


@record.command("end-authorisation")
@HOME
@PATIENT
@PARTY
def end_authorisation(home: Path, patient: str, party: str) -> None:
    """Take the authorisation back."""
    with operator_gate(home) as gate:
        _say(Administration(gate, operator_name()).end_authorisation(patient_identifier(gate, patient), party))


@record.command()
@HOME
@PATIENT
@PARTY
def block(home: Path, patient: str, party: str) -> None:
    """Keep a professional or a structure out, in every mode."""
    with operator_gate(home) as gate:
        _say(Administration(gate, operator_name()).block(patient_identifier(gate, patient), party))


@record.command()
@HOME
@PATIENT
@PARTY
def unblock(home: Path, patient: str, party: str) -> None:
    """End a block; an authorisation does not come back with it."""
    with operator_gate(home) as gate:
        _say(Administration(gate, operator_name()).unblock(patient_identifier(gate, patient), party))


@record.command("medecin-traitant")
@HOME
@PATIENT
@PARTY
def medecin_traitant(home: Path, patient: str, party: str) -> None:
    """Declare the médecin traitant."""
    with operator_gate(home) as gate:
        _say(Administration(gate, operator_name()).declare_medecin_traitant(patient_identifier(gate, patient), party))


@record.command()
@HOME
@PATIENT
@click.option("--choice", type=click.Choice([choice.value for choice in Choice]), required=True)
@click.option("--yes/--no", "value", required=True)
def choose(home: Path, patient: str, choice: str, value: bool) -> None:
    """Write one of the patient's choices about emergencies."""
    with operator_gate(home) as gate:
        administration = Administration(gate, operator_name())
        _say(administration.choose(patient_identifier(gate, patient), Choice(choice), value=value))
