"""Whole HTTP requests as care software sends them through a proxy: each with a fresh signed VIHF, submissions with their signed set."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from carnet.cda.header import read_header
from carnet.client.caller import Caller
from carnet.client.exchange_service import ExchangeService
from carnet.client.feeding import Sent, from_cda, mask_update, submission_of
from carnet.clock import system_clock
from carnet.demo.journey import FIND_DOCUMENTS
from carnet.document_query import ReturnType
from carnet.metadata import MASQUE_PS, AvailabilityStatus, DocumentEntry, PatientIdentifier, Submission
from carnet.soap.document_set import DocumentRequest, retrieve_request
from carnet.soap.messages import adhoc_query_request, provide_and_register_request, quoted, update_request


@dataclass(frozen=True, slots=True)
class Sender:
    """A caller behind the proxy, who writes requests for one service address."""

    caller: Caller
    address: str

    def post(
        self,
        transaction: str,
        patient: PatientIdentifier,
        body: bytes,
        parts: list[tuple[str, str, bytes]] | None = None,
    ) -> bytes:
        """A complete HTTP request, head and body."""
        service = ExchangeService(self.address, self.caller, authorities="")
        content_type, content = service.request(transaction, patient, body, parts or ())
        url = service.url(transaction)
        host, _, path = url.removeprefix("http://").partition("/")
        head = (
            f"POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {content_type}\r\n"
            f"Client-Cert: {certificate_header(self.caller.connection_files[0])}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content


@lru_cache
def certificate_header(path: str) -> str:
    """The value of Client-Cert (RFC 9440) for a PEM file."""
    der = x509.load_pem_x509_certificate(Path(path).read_bytes()).public_bytes(Encoding.DER)
    return f":{base64.b64encode(der).decode()}:"


class Template:
    """A document of which every request carries an edition of its own: uniqueId, setId and INS are replaced in the bytes."""

    def __init__(self, content: bytes) -> None:
        header = read_header(content)
        self.content = content
        self.sent = from_cda(content)
        self._roots = [_root(one) for one in dict.fromkeys((header.id.root, header.set_id.root)) if one]
        self._patient = self.sent.entry.patient_id

    def edition(self, patient: PatientIdentifier, number: int = 1) -> Sent:
        """A document of this patient that was never sent; `number` is its place in the submission set."""
        unique_id, *others = [f"2.25.{uuid.uuid4().int}" for _ in self._roots]
        content = self.content
        for old, new in zip(self._roots, (unique_id, *others), strict=True):
            content = content.replace(old, _root(new))
        content = content.replace(self._patient.value.encode(), patient.value.encode())
        entry = replace(
            self.sent.entry,
            entry_uuid=f"Document{number:02}",
            unique_id=unique_id,
            patient_id=patient,
            source_patient_id=self.sent.entry.source_patient_id.replace(self._patient.value, patient.value),
        )
        return Sent(entry, content)


def _root(oid: str) -> bytes:
    return f'root="{oid}"'.encode()


def submission(sender: Sender, sent: list[Sent], *, signed: bool) -> bytes:
    """ITI-41."""
    whole: Submission = submission_of(sent, sender.caller, system_clock(), signed=signed)
    body, parts = provide_and_register_request(whole)
    return sender.post("iti41", whole.submission_set.patient_id, body, parts)


def search(sender: Sender, patient: PatientIdentifier, return_type: ReturnType) -> bytes:
    """ITI-18, FindDocuments: all approved documents of a patient."""
    slots = [
        ("$XDSDocumentEntryPatientId", [f"'{patient.cx()}'"]),
        ("$XDSDocumentEntryStatus", [quoted(AvailabilityStatus.APPROVED.value)]),
    ]
    return sender.post("iti18", patient, adhoc_query_request(FIND_DOCUMENTS, return_type, slots))


def reading(sender: Sender, patient: PatientIdentifier, repository: str, unique_id: str) -> bytes:
    """ITI-43 of one document."""
    return sender.post("iti43", patient, retrieve_request([DocumentRequest(repository, unique_id)]))


def masking(sender: Sender, entry: DocumentEntry) -> bytes:
    """ITI-57: masks one document."""
    update = mask_update(entry, [MASQUE_PS], sender.caller, system_clock())
    return sender.post("iti57", entry.patient_id, update_request(update))
