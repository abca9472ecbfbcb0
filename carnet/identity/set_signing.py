"""Signing a submission set as care software does (IHE ITI DSG): the signature, its entry and its two associations."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from carnet.clock import to_dtm
from carnet.identity.signature_writing import CURRENT, DS, LEGACY, PURPOSE, Pen, Style, signature
from carnet.metadata import (
    INVISIBLE_PATIENT,
    MASQUE_PS,
    SIGNATURE_CLASS,
    VISIBILITY_SYSTEM,
    Association,
    AssociationType,
    Code,
    Document,
    DocumentEntry,
    Submission,
)

__all__ = ["CURRENT", "ENTRY_ID", "LEGACY", "Style", "sign_submission", "signature_entry"]

ENTRY_ID = "Signature01"


def sign_submission(
    submission: Submission,
    certificate: x509.Certificate,
    key: rsa.RSAPrivateKey,
    now: int,
    *,
    chain: tuple[x509.Certificate, ...] = (),
    style: Style = CURRENT,
) -> Submission:
    """The submission with its signature added: entry and document `Signature01`, HasMember and signs.

    `certificate` is one for signing (card or seal), `chain` the authorities above it; `now` is in microseconds UTC.
    """
    pen = Pen(certificate, key, chain)
    contents = {document.entry_id: document.content for document in submission.documents}
    covered = {
        entry.unique_id: (contents[entry.entry_uuid], entry.mime_type.endswith("xml")) for entry in submission.entries
    }
    unique_id = f"2.25.{uuid.uuid4().int}"
    content = signature(unique_id, submission.submission_set.unique_id, covered, pen, now, style=style)
    entry = signature_entry(submission, unique_id, content, now)
    source = submission.submission_set.entry_uuid
    links = (
        Association("as-member", AssociationType.HAS_MEMBER, source, ENTRY_ID, submission_set_status="Original"),
        Association("as-signs", AssociationType.SIGNS, ENTRY_ID, source),
    )
    return replace(
        submission,
        entries=(*submission.entries, entry),
        associations=(*submission.associations, *links),
        documents=(*submission.documents, Document(ENTRY_ID, content)),
    )


def signature_entry(submission: Submission, unique_id: str, content: bytes, now: int) -> DocumentEntry:
    """The entry of a signature: class, type, format and masks are fixed, the rest follows the first document's entry."""
    first, patient = submission.entries[0], submission.submission_set.patient_id
    moment = to_dtm(now)
    return DocumentEntry(
        entry_uuid=ENTRY_ID,
        unique_id=unique_id,
        patient_id=patient,
        class_code=Code(SIGNATURE_CLASS, "URN", "Digital Signature"),
        type_code=Code("E1762", "ASTM", "Full Document"),
        format_code=Code(DS, "URN", "Default Signature Style"),
        confidentiality_codes=(
            Code("N", "2.16.840.1.113883.5.25", "Normal"),
            Code(MASQUE_PS, VISIBILITY_SYSTEM, "Masqué aux professionnels de santé"),
            Code(INVISIBLE_PATIENT, VISIBILITY_SYSTEM, "Non visible par le patient"),
        ),
        facility_type=first.facility_type,
        practice_setting=first.practice_setting,
        creation_time=moment,
        language="art",
        mime_type="text/xml",
        authors=submission.submission_set.authors,
        title="Source",
        event_codes=(Code(PURPOSE, "1.2.840.10065.1.12", "Source"),),
        legal_authenticator=first.legal_authenticator,
        service_start_time=moment,
        service_stop_time=moment,
        source_patient_id=patient.cx(),
        hash=hashlib.sha1(content, usedforsecurity=False).hexdigest(),
        size=len(content),
    )
