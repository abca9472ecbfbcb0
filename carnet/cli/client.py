"""The reference client on the command line: what care software does, against any such service."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from carnet.client.caller import Caller
from carnet.client.exchange_service import ExchangeService
from carnet.client.feeding import from_cda, mask_update, status_update, submission_of
from carnet.clock import system_clock
from carnet.document_query import ReturnType
from carnet.errors import CarnetError, ConfigurationError, UnknownDocument
from carnet.identity.ins import check
from carnet.metadata import MASQUE_PS, AvailabilityStatus, DocumentEntry, PatientIdentifier
from carnet.requester import AccessMode
from carnet.soap.document_set import DocumentRequest
from carnet.soap.faults import RegistryErrorItem
from carnet.soap.messages import quoted

FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
GET_DOCUMENTS = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
TEST_INS = "1.2.250.1.213.1.4.10"
STATUSES = {
    "approved": AvailabilityStatus.APPROVED,
    "archived": AvailabilityStatus.ARCHIVED,
    "deprecated": AvailabilityStatus.DEPRECATED,
    "deleted": AvailabilityStatus.DELETED,
}

PATIENT = click.option(
    "--patient", required=True, metavar="INS[/OID]", help="The patient's INS; a test INS by default."
)
DOCUMENT = click.option("--document", required=True, metavar="UNIQUE_ID", help="uniqueId of the document.")


@click.group()
@click.option("--address", default="https://127.0.0.1:8443", show_default=True, help="The service, without its path.")
@click.option(
    "--caller",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Directory with caller.json, certificates and keys.",
)
@click.option(
    "--authorities",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="PEM file of the authority of the server's certificate.",
)
@click.option("--mode", type=click.Choice([mode.value for mode in AccessMode]), default="normal", show_default=True)
@click.option("--reason", default="", help="Why, for an emergency mode.")
@click.pass_context
def client(  # noqa: PLR0917 - click hands options over one by one
    context: click.Context, address: str, directory: Path, authorities: Path, mode: str, reason: str
) -> None:
    """Speak to a service as care software does."""
    context.obj = ExchangeService(
        address, Caller.load(directory), str(authorities), purpose=AccessMode(mode), reason=reason
    )


def patient_of(text: str) -> PatientIdentifier:
    """Reads `INS` or `INS/OID`."""
    value, _, authority = text.partition("/")
    return check(value, authority or TEST_INS, test_identities=True)


def find_entry(service: ExchangeService, patient: PatientIdentifier, unique_id: str) -> DocumentEntry:
    """The newest version of a document's metadata (TD3.1b). Raises UnknownDocument."""
    answer = service.search(patient, GET_DOCUMENTS, [("$XDSDocumentEntryUniqueId", [quoted(unique_id)])])
    _check(answer.errors)
    current = [entry for entry in answer.entries if entry.status is not AvailabilityStatus.DEPRECATED]
    if not current:
        raise UnknownDocument("The service knows no such document, or shows none.")
    return max(current, key=lambda entry: entry.version)


@client.command()
@PATIENT
@click.option("--replace", "replaced", metavar="UNIQUE_ID", help="The document that the (one) file replaces.")
@click.option("--masked", is_flag=True, help="Masked to professionals.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.pass_obj
def submit(service: ExchangeService, patient: str, replaced: str | None, masked: bool, files: tuple[Path, ...]) -> None:
    """Put CDA documents in, one submission set each; a folder stands for its *.xml files."""
    paths = [one for path in files for one in (sorted(path.glob("*.xml")) if path.is_dir() else [path])]
    who = patient_of(patient)
    refused = 0
    with (
        service,
        click.progressbar(paths, label="Submitting", item_show_func=lambda one: one.name if one else "") as shown,
    ):
        targets = {"Document01": find_entry(service, who, replaced).entry_uuid} if replaced else None
        for path in shown:
            try:
                sent = from_cda(path.read_bytes(), patient=who, masks=(MASQUE_PS,) if masked else ())
                answer = service.submit(submission_of([sent], service.caller, system_clock(), replaces=targets))
                _check(answer.errors)
            except CarnetError as error:
                refused += 1
                click.echo(f"\n{path.name}: {error.message}", err=True)
    click.echo(f"{len(paths) - refused} accepted, {refused} refused.")
    if refused:
        raise click.exceptions.Exit(1)


@client.command()
@PATIENT
@click.option("--status", type=click.Choice(list(STATUSES)), default="approved", show_default=True)
@click.option("--type", "type_code", help="typeCode, with or without ^^scheme.")
@click.option("--references", is_flag=True, help="entryUUIDs only.")
@click.pass_obj
def search(service: ExchangeService, patient: str, status: str, type_code: str | None, references: bool) -> None:
    """List documents (FindDocuments)."""
    who = patient_of(patient)
    slots = [
        ("$XDSDocumentEntryPatientId", [f"'{who.cx()}'"]),
        ("$XDSDocumentEntryStatus", [quoted(STATUSES[status].value)]),
    ]
    if type_code:
        slots.append(("$XDSDocumentEntryTypeCode", [quoted(type_code)]))
    kind = ReturnType.OBJECT_REF if references else ReturnType.LEAF_CLASS
    with service:
        answer = service.search(who, FIND_DOCUMENTS, slots, return_type=kind)
    _check(answer.errors)
    for reference in answer.object_refs:
        click.echo(reference)
    for entry in sorted(answer.entries, key=lambda one: one.creation_time, reverse=True):
        masks = " ".join(sorted(entry.masks))
        click.echo(
            f"{entry.creation_time[:8]}  {entry.type_code.code:12} {entry.title[:48]:48} {entry.unique_id}  {masks}"
        )
    click.echo(f"{len(answer.entries) or len(answer.object_refs)} found.", err=True)


@client.command()
@PATIENT
@DOCUMENT
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Where to write it.")
@click.pass_obj
def retrieve(service: ExchangeService, patient: str, document: str, out: Path) -> None:
    """Read one document."""
    who = patient_of(patient)
    with service:
        entry = find_entry(service, who, document)
        answer, documents = service.retrieve(who, [DocumentRequest(entry.repository_unique_id, document)])
    _check(answer.errors)
    out.write_bytes(documents[0].content)
    click.echo(f"{len(documents[0].content)} bytes of {documents[0].mime_type} written to {out}.")


def _update(name: str, summary: str, change: Callable[[DocumentEntry, Caller], Any]) -> click.Command:
    @client.command(name, help=summary)
    @PATIENT
    @DOCUMENT
    @click.pass_obj
    def command(service: ExchangeService, patient: str, document: str) -> None:
        with service:
            entry = find_entry(service, patient_of(patient), document)
            answer = service.update(change(entry, service.caller))
        _check(answer.errors)
        click.echo("Done.")

    return command


def _with_mask(entry: DocumentEntry, caller: Caller) -> Any:
    return mask_update(entry, sorted(entry.masks | {MASQUE_PS}), caller, system_clock())


def _without_mask(entry: DocumentEntry, caller: Caller) -> Any:
    return mask_update(entry, sorted(entry.masks - {MASQUE_PS}), caller, system_clock())


def _to(status: AvailabilityStatus) -> Callable[[DocumentEntry, Caller], Any]:
    return lambda entry, caller: status_update(entry, status, caller, system_clock())


_update("mask", "Hide a document from professionals (TD3.3a).", _with_mask)
_update("unmask", "Show it again (TD3.3a).", _without_mask)
_update("archive", "Archive a document (TD3.3d).", _to(AvailabilityStatus.ARCHIVED))
_update("unarchive", "Bring it back (TD3.3d).", _to(AvailabilityStatus.APPROVED))
_update("delete", "Delete a document of one's own (TD3.3c).", _to(AvailabilityStatus.DELETED))


def _check(errors: tuple[RegistryErrorItem, ...]) -> None:
    wrong = [item for item in errors if item.severity.endswith("Error")]
    if wrong:
        raise ConfigurationError("; ".join(f"{item.code}: {item.context}" for item in wrong))
