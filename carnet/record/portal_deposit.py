"""Depositing by the professional's portal: one CDA, in a set that the portal seals, through the checks and the act of ITI-41 (decision 0040)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from carnet.cda.entry_mapping import to_entry
from carnet.cda.header import read_header
from carnet.cda.metadata_texts import person_text
from carnet.cda.participants import PROFESSIONALS, STRUCTURES, Identifier, Participant
from carnet.clock import DAY, to_dtm
from carnet.errors import CertificateInvalid, InvalidDocument, LocalPolicy, PatientMismatch, UnknownPatient
from carnet.identity.certificates import Purpose
from carnet.metadata import (
    INVISIBLE_PATIENT,
    INVISIBLE_REPRESENTANTS_LEGAUX,
    MASQUE_PS,
    VISIBILITY_SYSTEM,
    Association,
    AssociationType,
    Author,
    Code,
    Document,
    DocumentEntry,
    Submission,
    SubmissionSet,
)
from carnet.platform import Platform
from carnet.record.act import Act
from carnet.record.entry_updates import CONSULTATION
from carnet.record.scope import Scope
from carnet.record.submission import PreparedSubmission, prepare_submission, submit
from carnet.registry.registration import Registered
from carnet.repository.deposit_rows import DepositLine, drop_deposit_draft, note_deposit
from carnet.requester import Requester

MASKS = (MASQUE_PS, INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX)
"""What may be said at a deposit (EX-2.1-1050), in the order of the codes."""
KEPT_DAYS = 400
"""How long a depositor finds a deposit again among all records; in its record it stays."""
_SET, _DOCUMENT = "SubmissionSet01", "Document01"
_LABELS = {
    MASQUE_PS: "Masqué aux professionnels de santé",
    INVISIBLE_PATIENT: "Non visible par le patient",
    INVISIBLE_REPRESENTANTS_LEGAUX: "Non visible par les représentants légaux du patient",
}


class Asking(Protocol):
    """The room of an act that somebody asks for, about one patient or about many."""

    @property
    def platform(self) -> Platform:
        """What is built at start."""
        ...

    @property
    def requester(self) -> Requester:
        """Who asks."""
        ...


class NoSeal(LocalPolicy):
    """The portal has no seal, or one that is not accepted now: nothing can be deposited there."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """What is deposited: the bytes of a CDA that names its own author. `name` is 32 hexadecimal digits, the same each time that one form is sent.

    `masks` are codes of `MASKS`; `replaces` is the entryUUID of the registered version that it replaces, '' for a first one; `activity`
    a code of JDV_J59.
    """

    name: str
    content: bytes = field(repr=False)
    masks: Sequence[str] = ()
    replaces: str = ""
    activity: Code = CONSULTATION


def may_seal(platform: Platform) -> bool:
    """Whether the portal can sign now: it has a seal, within its dates and not revoked."""
    seal = platform.portal_seal
    if seal is None:
        return False
    try:
        platform.certificates.check(seal.holder.der, purpose=Purpose.SIGNATURE)
    except CertificateInvalid:
        return False
    return True


def deposit_act(platform: Platform, requester: Requester, deposit: Deposit) -> Act[Registered]:
    """The act that deposits, as care software's ITI-41. Outside the gate and off the loop: it reads, digests, signs and verifies.

    A second act of the same `name` raises DuplicateIdentifier at the gate, or finds the same done. Raises NoSeal, InvalidDocument,
    InvalidMetadata, PatientMismatch, TooLarge, or Several of them.
    """
    prepared = prepare_deposit(platform, requester, deposit)
    own = submit(prepared, requester)
    return replace(own, run=partial(_deposit, whole=own, name=deposit.name, prepared=prepared))


def prepare_deposit(platform: Platform, requester: Requester, deposit: Deposit) -> PreparedSubmission:
    """The set with its signature, every check without facts passed. Raises as `deposit_act`."""
    seal = platform.portal_seal
    if seal is None or not may_seal(platform):
        raise NoSeal("The portal has no seal to sign with.")
    now = platform.clock()
    return prepare_submission(platform, requester, seal.sign(submission_of_one(platform, requester, deposit, now), now))


def submission_of_one(platform: Platform, requester: Requester, deposit: Deposit, now: int) -> Submission:
    """The unsigned set of one document. Raises InvalidDocument, UnknownPatient for a requester without a patient."""
    if requester.patient is None:
        raise UnknownPatient("The call names no patient.")
    unknown = set(deposit.masks) - set(MASKS)
    if unknown:
        raise InvalidDocument(f"{min(unknown)} is no visibility of a document.")
    entry = to_entry(read_header(deposit.content), deposit.content, entry_uuid=_DOCUMENT)
    if entry.patient_id != requester.patient:
        raise PatientMismatch("The document is not about the patient whose record is open.", subject=entry.unique_id)
    masks = tuple(Code(one, VISIBILITY_SYSTEM, _LABELS[one]) for one in MASKS if one in deposit.masks)
    entry = replace(entry, confidentiality_codes=(*entry.confidentiality_codes[:1], *masks))
    own = SubmissionSet(
        entry_uuid=_SET,
        unique_id=f"2.25.{uuid.uuid5(uuid.UUID(hex=deposit.name), 'submission set').int}",
        source_id=platform.settings.repository_unique_id,
        patient_id=requester.patient,
        submission_time=to_dtm(now),
        content_type=deposit.activity,
        authors=(_sender(requester, entry),),
    )
    return Submission(own, (entry,), (), tuple(_links(entry, deposit)), (Document(_DOCUMENT, deposit.content),))


def _deposit(scope: Scope, *, whole: Act[Registered], name: str, prepared: PreparedSubmission) -> Registered:
    """The act of ITI-41, and with it: the line by which the depositor finds it again, and the end of what was prepared under that name."""
    registered = whole.run(scope)
    if not registered.resubmitted:
        document = next(one for one in prepared.submission.entries if not one.is_signature)
        line = DepositLine(name, scope.patient_key, document.unique_id, scope.now)
        note_deposit(scope.connection, line, depositor=depositor_of(scope), forget_until=scope.now - KEPT_DAYS * DAY)
    drop_deposit_draft(scope.connection, scope.patient_key, name)
    return registered


def depositor_of(room: Asking) -> bytes:
    """The keyed digest under which the deposits of a professional are found again, whatever their structure."""
    return room.platform.keyring.blind_index(f"portal deposits|{room.requester.identifier}".encode())


def _links(entry: DocumentEntry, deposit: Deposit) -> list[Association]:
    member = AssociationType.HAS_MEMBER
    links = [Association("Member01", member, _SET, entry.entry_uuid, submission_set_status="Original")]
    if deposit.replaces:
        links.append(Association("Replacement01", AssociationType.RPLC, entry.entry_uuid, deposit.replaces))
    return links


def _sender(requester: Requester, entry: DocumentEntry) -> Author:
    """Who sends, as the document writes their name where they are one of its authors; the structure is that of the session."""
    named = next((one.person for one in entry.authors if one.person_id == requester.identifier), "")
    given, _, family = requester.name.rpartition(" ")
    person = Participant((Identifier(PROFESSIONALS, requester.identifier),), family=family, given=given)
    known = [
        xon
        for one in entry.authors
        for xon in one.institutions
        if Author("", (xon,)).institution_ids == (requester.organization_id,)
    ]
    institution = known[0] if known else f"^^^^^&{STRUCTURES}&ISO^IDNST^^^{requester.organization_id}"
    return Author(named or person_text(person), (institution,))
