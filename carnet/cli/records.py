"""Commands on one record, for the operator, who writes what the patient says until the patient's own space exists: each is traced."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click

from carnet.cli.operator_gate import operator_gate, operator_name, patient_identifier
from carnet.cli.service import HOME
from carnet.clock import from_datetime
from carnet.consent.acting_links import Representation
from carnet.consent.choices import Choice
from carnet.consent.majority import PARIS
from carnet.metadata import PatientIdentifier
from carnet.record.administration import Administration
from carnet.record.delegations import Delegations
from carnet.record.patient_acts import PatientActs
from carnet.record.patient_room import PatientDesk

PATIENT = click.option("--patient", required=True, metavar="INS[/OID]", help="The patient's INS.")
PARTY = click.option("--party", required=True, help="PS_IdNat of a professional or Struct_IdNat of a structure.")
ACTING = click.option("--as", "acting", metavar="INS[/OID]", help="Who speaks for the patient; the patient without it.")
OTHER = click.option("--other", required=True, metavar="INS[/OID]", help="The other person's INS.")
DOCUMENT = click.option("--document", required=True, metavar="UNIQUE_ID", help="The document's uniqueId.")
REASON = click.option("--reason", required=True, help="Why, for the record and the trace.")
COLLECTED = click.option("--collected-by", default="", metavar="PS_IdNat", help="Who took the consent for the party.")
DAY = click.DateTime(["%Y-%m-%d"])
UNTIL = click.option("--until", type=DAY, help="First day (in France) on which it no longer holds.")
CHOICE = (
    click.option("--choice", type=click.Choice([choice.value for choice in Choice]), required=True),
    click.option("--yes/--no", "value", required=True),
)

KIND = click.option("--kind", type=click.Choice([kind.value for kind in Representation]), required=True)
DATES = (
    click.option("--from", "starts_at", type=DAY, help="First day (in France) of the delegation."),
    click.option("--until", "ends_at", type=DAY, help="First day (in France) on which it no longer holds."),
)
ACCEPTED = click.option("--accept/--refuse", "accepted", required=True)

Row = tuple[str, str, tuple[Any, ...], str]
"""Name of the command, what it does, its options, the method that does it."""


@click.group()
def record() -> None:
    """Open and close a record, and write what the patient decides."""


def _moment(day: dt.datetime | None) -> int | None:
    return from_datetime(day.replace(tzinfo=PARIS)) if day else None


def _gets(patient: PatientIdentifier, desk: PatientDesk, method: str, **given: Any) -> object:
    """Calls a method of a desk; options stand under the names of its arguments once moments and codes are read."""
    for name in {"until", "starts_at", "ends_at"} & given.keys():
        given[name] = _moment(given[name])
    for name, kind in (("choice", Choice), ("kind", Representation)):
        if name in given:
            given[name] = kind(given[name])
    if "document" in given:
        given["unique_id"] = given.pop("document")
    return getattr(desk, method)(patient, **given)


COMMANDS: tuple[Row, ...] = (
    ("documents", "List the documents that the person who asks may see.", (), "documents"),
    ("mask", "Hide a document from professionals.", (DOCUMENT,), "mask"),
    ("unmask", "Show a document to professionals again.", (DOCUMENT,), "unmask"),
    ("delete", "Delete a document that the patient's side added.", (DOCUMENT,), "delete"),
    ("viewers", "Say who of the parties of the record may see a document.", (DOCUMENT,), "viewers"),
    ("authorise", "Let a professional or a structure read.", (PARTY, UNTIL, COLLECTED), "authorise"),
    ("end-authorisation", "Take the authorisation back.", (PARTY,), "end_authorisation"),
    ("join-team", "Note a place in the care team of a stay.", (PARTY, UNTIL, COLLECTED), "join_team"),
    ("leave-team", "End a place in the care team.", (PARTY,), "leave_team"),
    ("block", "Keep a professional or a structure out, in every mode.", (PARTY,), "block"),
    ("unblock", "End a block; an authorisation does not come back with it.", (PARTY,), "unblock"),
    ("name-administrator", "Let a professional see masked documents too.", (PARTY,), "name_administrator"),
    ("end-administrator", "Take the role of administrator back.", (PARTY,), "end_administrator"),
    ("oppose-feeding", "Keep a party from feeding, for a reason.", (PARTY, REASON), "oppose_feeding"),
    ("allow-feeding", "End an opposition to feeding.", (PARTY,), "allow_feeding"),
    ("choose", "Write one of the patient's standing choices.", CHOICE, "choose"),
)
DELEGATIONS: tuple[Row, ...] = (
    ("representatives", "List who acts, or was asked to act, for the patient.", (), "listed"),
    ("declare-representative", "Write who represents the patient by law.", (OTHER, KIND), "declare"),
    ("invite", "Invite a second legal representative or a carer.", (OTHER, KIND, *DATES), "invite"),
    ("answer", "Answer an invitation, as the person invited.", (ACCEPTED,), "answer"),
    ("give-up", "Stop acting for the patient, as the person who acts.", (), "give_up"),
    ("revoke", "Take a carer's delegation back.", (OTHER,), "revoke"),
)


def _say(answer: object) -> None:
    """What a command prints: a list line by line, else whether anything changed."""
    if not isinstance(answer, tuple):
        click.echo("Done." if answer else "Nothing to change.")
        return
    for one in answer:
        shown = [getattr(one, name) for name in one.__slots__] if hasattr(one, "__slots__") else [one]
        click.echo("  ".join(str(part) for part in shown))


def _command(kind: type[PatientDesk], name: str, text: str, options: tuple[Any, ...], method: str) -> None:
    def command(home: Path, patient: str, acting: str | None, other: str | None = None, **given: Any) -> None:
        with operator_gate(home) as gate:
            desk = kind(gate, operator_name(), patient_identifier(gate, acting) if acting else None)
            if other:
                given["other"] = patient_identifier(gate, other)
            _say(_gets(patient_identifier(gate, patient), desk, method, **given))

    for option in (HOME, PATIENT, ACTING, *options):
        command = option(command)
    record.command(name, help=text)(command)


for row in COMMANDS:
    _command(PatientActs, *row)
for row in DELEGATIONS:
    _command(Delegations, *row)


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
@REASON
def close_record(home: Path, patient: str, reason: str) -> None:
    """Close a record: nothing goes in, nobody reads."""
    with operator_gate(home) as gate:
        _say(Administration(gate, operator_name()).close_record(patient_identifier(gate, patient), reason))


@record.command("medecin-traitant")
@HOME
@PATIENT
@PARTY
def medecin_traitant(home: Path, patient: str, party: str) -> None:
    """Write the médecin traitant that the insurer declares."""
    with operator_gate(home) as gate:
        _say(Administration(gate, operator_name()).declare_medecin_traitant(patient_identifier(gate, patient), party))
