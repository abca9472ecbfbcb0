"""From documents on disk to signed submission sets, and from a registered entry to the updates of TD3.3."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from carnet.cda.entry_mapping import to_entry
from carnet.cda.header import read_header
from carnet.client.caller import Caller
from carnet.clock import to_dtm
from carnet.identity.set_signing import sign_submission
from carnet.metadata import (
    VISIBILITY_SYSTEM,
    Association,
    AssociationType,
    Author,
    AvailabilityStatus,
    Code,
    Document,
    DocumentEntry,
    PatientIdentifier,
    Submission,
    SubmissionSet,
)

ACTIVITY = Code("07", "1.2.250.1.213.2.2", "Consultation")
SET_ID = "SubmissionSet01"
PROFESSIONALS = "1.2.250.1.71.4.2.1"
STRUCTURES = "1.2.250.1.71.4.2.2"


@dataclass(frozen=True, slots=True)
class Sent:
    """One document to send: its metadata (symbolic ids) and its bytes."""

    entry: DocumentEntry
    content: bytes


def from_cda(
    content: bytes, *, patient: PatientIdentifier | None = None, masks: Sequence[str] = (), number: int = 1
) -> Sent:
    """A CDA document with the DocumentEntry that its header gives. `patient` overrides the INS that the header names first.

    Raises InvalidDocument when the header cannot be read.
    """
    entry = to_entry(read_header(content), content, entry_uuid=f"Document{number:02}")
    codes = (*entry.confidentiality_codes, *(Code(mask, VISIBILITY_SYSTEM, mask) for mask in masks))
    return Sent(
        replace(entry, patient_id=patient or entry.patient_id, confidentiality_codes=codes, hash="", size=None), content
    )


def author_of(caller: Caller) -> Author:
    """The caller as author of a submission set (XCN, XON of the CI-SIS)."""
    about = caller.description
    given, _, family = about.name.rpartition(" ")
    person = f"{about.name_id}^{family}^{given}^^^^^^&{PROFESSIONALS}&ISO^D^^^IDNPS"
    institution = f"{about.structure_name}^^^^^&{STRUCTURES}&ISO^IDNST^^^{about.structure}"
    return Author(person, (institution,))


def submission_of(
    sent: Iterable[Sent],
    caller: Caller,
    now: int,
    *,
    replaces: dict[str, str] | None = None,
    signed: bool = True,
    title: str = "",
) -> Submission:
    """One submission set of documents of one patient, signed unless told otherwise.

    `replaces` maps a submitted entry's id to the entryUUID that it replaces. `now` in microseconds UTC.
    """
    documents = list(sent)
    patient = documents[0].entry.patient_id
    submission_set = _submission_set(patient, caller, now, title)
    links = [_member(f"Member{n:02}", item.entry.entry_uuid) for n, item in enumerate(documents, start=1)]
    for number, (source, target) in enumerate((replaces or {}).items(), start=1):
        links.append(Association(f"Replacement{number:02}", AssociationType.RPLC, source, target))
    submission = Submission(
        submission_set,
        tuple(item.entry for item in documents),
        (),
        tuple(links),
        tuple(Document(item.entry.entry_uuid, item.content) for item in documents),
    )
    return (
        sign_submission(
            submission, caller.signing.certificate, caller.signing.key, now, chain=tuple(caller.signing_chain[1:])
        )
        if signed
        else submission
    )


def mask_update(entry: DocumentEntry, masks: Iterable[str], caller: Caller, now: int) -> Submission:
    """The update that gives a registered entry exactly these masks beyond its plain codes (TD3.3a, TD3.3b)."""
    plain = tuple(code for code in entry.confidentiality_codes if code.system != VISIBILITY_SYSTEM)
    codes = plain + tuple(Code(mask, VISIBILITY_SYSTEM, mask) for mask in masks)
    changed = replace(entry, entry_uuid="Document01", confidentiality_codes=codes)
    link = replace(_member("Member01", "Document01"), previous_version=entry.version)
    return Submission(_submission_set(entry.patient_id, caller, now, ""), (changed,), (), (link,))


def status_update(entry: DocumentEntry, status: AvailabilityStatus, caller: Caller, now: int) -> Submission:
    """The update that archives, brings back or deletes (TD3.3c, TD3.3d)."""
    link = Association(
        "Status01",
        AssociationType.UPDATE_AVAILABILITY_STATUS,
        SET_ID,
        entry.entry_uuid,
        original_status=entry.status,
        new_status=status,
    )
    return Submission(_submission_set(entry.patient_id, caller, now, ""), (), (), (link,))


def new_oid() -> str:
    """An OID of one's own for a submission set: 2.25 and a random UUID (ITU-T X.667)."""
    return f"2.25.{uuid.uuid4().int}"


def _submission_set(patient: PatientIdentifier, caller: Caller, now: int, title: str) -> SubmissionSet:
    return SubmissionSet(
        entry_uuid=SET_ID,
        unique_id=new_oid(),
        source_id="1.2.250.1.999.1.1.8121",
        patient_id=patient,
        submission_time=to_dtm(now),
        content_type=ACTIVITY,
        authors=(author_of(caller),),
        title=title,
    )


def _member(name: str, target: str) -> Association:
    return Association(name, AssociationType.HAS_MEMBER, SET_ID, target, submission_set_status="Original")
