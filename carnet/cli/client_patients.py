"""The reference client's commands on a record as a whole: does it exist, may I read it, who may, which are mine."""

from __future__ import annotations

import datetime as dt
from typing import NoReturn

import click

from carnet.cli.client import PATIENT, client, patient_of
from carnet.client.exchange_service import ExchangeService
from carnet.client.patient_service import PatientService
from carnet.clock import from_datetime
from carnet.errors import ConfigurationError
from carnet.soap.patient_answer_parse import PatientAnswer, PersonAnswer, SpecificAnswer


@client.command()
@PATIENT
@click.pass_obj
def exists(service: ExchangeService, patient: str) -> None:
    """Say whether there is a record and whether I may read it (TD0.2)."""
    with service:
        answer = _accepted(PatientService(service).exists(patient_of(patient)))
    if answer.response == "NF":
        click.echo("There is no record.")
        return
    click.echo(f"{answer.people[0].status}, authorisation {answer.authorisation}, médecin traitant {_yes(answer)}")
    _tell(answer.people[0])


@client.command()
@PATIENT
@click.pass_obj
def administrative(service: ExchangeService, patient: str) -> None:
    """Read the administrative data of a record (TD1.3a)."""
    with service:
        answer = _accepted(PatientService(service).administrative_data(patient_of(patient)))
    if answer.response == "NF":
        click.echo("There is no record.")
        return
    _tell(answer.people[0])


@client.command()
@PATIENT
@click.option("--end", is_flag=True, help="End it instead of giving it.")
@click.option("--medecin-traitant", is_flag=True, help="Declare, or stop, being the médecin traitant.")
@click.pass_obj
def authorize(service: ExchangeService, patient: str, end: bool, medecin_traitant: bool) -> None:
    """Declare that the patient authorises me to read (TD0.3)."""
    role = "MEDECIN_TRAITANT" if medecin_traitant else ""
    with service:
        answer = PatientService(service).set_authorization(patient_of(patient), "SUPPRESSION" if end else "AJOUT", role)
    click.echo(_done(answer).context)


@client.command("my-patients")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    default="2000-01-01",
    show_default=True,
    help="Authorised, or with a document, since that day.",
)
@click.option("--by-document", is_flag=True, help="By the date of the last document, not of the authorisation.")
@click.option("--owner", default="", metavar="PS_IDNAT", help="Whose list, for an employee's card.")
@click.pass_obj
def my_patients(service: ExchangeService, since: dt.datetime, by_document: bool, owner: str) -> None:
    """List the records that are open to me (TD0.4)."""
    moment = from_datetime(since.replace(tzinfo=dt.UTC))
    with service:
        answer = PatientService(service).list_patients(moment, "LASTDOC" if by_document else "LASTAUTORIZATION", owner)
    for one in _done(answer).items:
        name = f"{one.get('lastName', '')} {one.get('firstName', '')}"
        click.echo(
            f"{one['nationalId']}  {name[:40]:40} {one.get('dateOfBirth', ''):8}  {one.get('lastAddDate', '')[:8]}"
        )
    click.echo(f"{len(answer.items)} found.", err=True)


@client.command()
@PATIENT
@click.option("--explanation", default="", help="What the patient said, for the trace.")
@click.pass_obj
def close(service: ExchangeService, patient: str, explanation: str) -> None:
    """Close a record because its holder asked (TD1.4)."""
    with service:
        _accepted(PatientService(service).close(patient_of(patient), explanation))
    click.echo("Closed.")


@client.command("authorized-list")
@PATIENT
@click.option("--which", type=click.Choice(["ACTIVE", "INTERDITE", "TOUTE"]), default="TOUTE", show_default=True)
@click.pass_obj
def authorized_list(service: ExchangeService, patient: str, which: str) -> None:
    """List who is authorised to read a record, and who is blocked (TD1.6)."""
    with service:
        answer = PatientService(service).list_authorized(patient_of(patient), which)
    for one in _done(answer).items:
        name = f"{one.get('lastName', '')} {one.get('firstName', '')}"
        since = one.get("startOfAuthorization", "")[:8]
        click.echo(
            f"{one['mode']:9} {one['nationalId']:16} {name[:40]:40} {since}  {one.get('specificRight', '')}".rstrip()
        )
    click.echo(f"{len(answer.items)} found.", err=True)


def _tell(person: PersonAnswer) -> None:
    if person.birth_name:
        used = f" ({person.used_name})" if person.used_name else ""
        click.echo(f"{person.given_name} {person.birth_name}{used}, {person.sex}, {person.birth_date}")
    for code, value in sorted(person.observations.items()):
        click.echo(f"{code} {'yes' if value else 'no'}")
    if person.closed_at:
        click.echo(f"closed {person.closed_at[:8]} {person.closing_reason}")


def _yes(answer: PatientAnswer) -> str:
    return "yes" if answer.medecin_traitant else "no"


def _accepted(answer: PatientAnswer) -> PatientAnswer:
    if not answer.accepted:
        _fail(answer.code, answer.sentence)
    return answer


def _done(answer: SpecificAnswer) -> SpecificAnswer:
    if not answer.accepted:
        _fail(answer.status, answer.context)
    return answer


def _fail(code: str, sentence: str) -> NoReturn:
    raise ConfigurationError(f"{code}: {sentence}")
