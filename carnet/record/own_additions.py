"""Adding a document: what was prepared becomes a CDA of the record, checked, registered and stored as any other (decision 0034).

The patient's side has no certificate to sign with: its session, the table of its rights and the line of the trace vouch for it instead.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from carnet.authorization.patient_side import Actor, PatientRight, decide
from carnet.cda.entry_mapping import to_entry
from carnet.cda.header import read_header
from carnet.cda.participants import Identifier, Organization
from carnet.cda.participants import Patient as CdaPatient
from carnet.cda.patient_document import EXP_PATIENT, OwnDocument, one_line, write_document
from carnet.clock import DAY, to_dtm
from carnet.errors import UnknownDocument
from carnet.identity.patients import Traits, traits
from carnet.metadata import (
    Association,
    AssociationType,
    Document,
    DocumentEntry,
    PatientIdentifier,
    Submission,
    SubmissionSet,
)
from carnet.platform import Platform
from carnet.record.draft_keeping import Full, unique_id_of
from carnet.record.kind_suggestion import OTHER, type_code
from carnet.record.own_draft_rows import About, Preparation, find, open_content
from carnet.record.patient_documents import MASK, current_entries_of, facts_of_own, own_document
from carnet.record.patient_room import PatientDesk, PatientRoom
from carnet.record.submission import PreparedSubmission, prepare_submission, take_in
from carnet.registry.deposits import deposited_since
from carnet.registry.found import FoundEntry
from carnet.repository import drafts

REMARKS: Mapping[Actor, str] = MappingProxyType(
    {
        # who added it, told without naming anybody; the trail has who it was
        Actor.FIRST_REPRESENTATIVE: "Ajouté par un représentant légal.",
        Actor.SECOND_REPRESENTATIVE: "Ajouté par un représentant légal.",
        Actor.PROTECTION: "Ajouté par la personne chargée de la protection du titulaire.",
        Actor.CARER: "Ajouté par un aidant.",
    }
)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a document is made of, read once at the gate; `replaced` is the entryUUID of the version that it replaces."""

    preparation: Preparation
    patient: PatientIdentifier
    traits: Traits
    actor: Actor
    content: bytes = field(repr=False)
    replaced: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A document ready for the gate, and what it was made of."""

    basis: Basis
    unique_id: str
    prepared: PreparedSubmission


@dataclass(frozen=True, slots=True)
class OwnAdditions(PatientDesk):
    """The acts."""

    def basis(self, patient: PatientIdentifier, draft_id: str) -> Basis:
        """Everything that the document is made of. Raises UnknownDocument, also while the pages are not put together."""
        return self.perform(
            patient, "prepare-document", PatientRight.ADD, lambda room: _basis(room, draft_id), detail="read"
        )

    def add(self, patient: PatientIdentifier, made: Made) -> str:
        """Registers and stores it, and drops what was prepared; its uniqueId. A second time changes nothing and gives the same.

        Raises Full: "day" when the day's number is reached, "changed" when it was changed since it was made; what `register` raises.
        """
        return self.perform(patient, "add-document", PatientRight.ADD, lambda room: _add(room, made))

    def added(self, patient: PatientIdentifier, draft_id: str) -> str:
        """The uniqueId of the document that a draft became, '' when it became none that the person may see."""
        unique_id = unique_id_of(draft_id)

        def work(room: PatientRoom) -> str:
            return unique_id if any(_sees(room, one) for one in current_entries_of(room, unique_id)) else ""

        return self.perform(patient, "prepare-document", PatientRight.SEE, work, detail="looked")


def make(platform: Platform, basis: Basis) -> Made:
    """The document with its metadata, through every check of a submission. Outside the gate. Raises what `prepare_submission` raises."""
    unique_id = unique_id_of(basis.preparation.draft_id)
    now = to_dtm(platform.clock())
    content = write_document(_document(platform, basis, unique_id, now))
    entry = to_entry(read_header(content), content, comments=REMARKS.get(basis.actor, ""))
    if basis.preparation.about.masked:
        entry = replace(entry, confidentiality_codes=(*entry.confidentiality_codes, MASK))
    links = [
        Association(
            "Member01",
            AssociationType.HAS_MEMBER,
            "SubmissionSet01",
            entry.entry_uuid,
            submission_set_status="Original",
        )
    ]
    if basis.replaced:
        links.append(Association("Replacement01", AssociationType.RPLC, entry.entry_uuid, basis.replaced))
    submission = Submission(
        _set(platform, basis, entry, now), (entry,), (), tuple(links), (Document(entry.entry_uuid, content),)
    )
    return Made(basis, unique_id, prepare_submission(platform, None, submission))


def _set(platform: Platform, basis: Basis, entry: DocumentEntry, now: str) -> SubmissionSet:
    name = uuid.uuid5(uuid.UUID(hex=basis.preparation.draft_id), "submission set")
    return SubmissionSet(
        entry_uuid="SubmissionSet01",
        unique_id=f"2.25.{name.int}",
        source_id=platform.settings.repository_unique_id,
        patient_id=basis.patient,
        submission_time=now,
        content_type=EXP_PATIENT,
        authors=entry.authors[:1],
    )


def _document(platform: Platform, basis: Basis, unique_id: str, now: str) -> OwnDocument:
    about = basis.preparation.about
    kind = type_code(about.type or OTHER)
    settings = platform.settings
    return OwnDocument(
        unique_id=unique_id,
        set_id=about.set_id or unique_id,
        title=one_line(about.title)[:128].strip() or kind.display,
        type=kind,
        patient=patient_in_cda(basis.patient, basis.traits),
        custodian=Organization((Identifier(settings.repository_unique_id),), settings.notice_service_name),
        made=now,
        dated=about.dated,
        media_type=basis.preparation.media_type,
        content=basis.content,
        version=about.version + 1,
        replaces=about.replaces,
    )


def patient_in_cda(patient: PatientIdentifier, known: Traits) -> CdaPatient:
    """The patient as a document of our own writing names them: INS and traits of identity."""
    return CdaPatient(
        ids=(Identifier(patient.authority, patient.value),),
        birth_family=known.birth_name,
        used_family=known.used_name,
        birth_given_names=known.birth_given_names,
        first_birth_given=known.birth_given_names.split(" ")[0],
        used_given=known.used_given_name,
        gender=known.sex,
        birth_date=known.birth_date,
        birth_place=known.birth_place,
    )


# --- inside the gate ------------------------------------------------------------------------------------------------


def _basis(room: PatientRoom, draft_id: str) -> Basis:
    preparation = find(room, draft_id)
    if not preparation.whole_id or not preparation.about.described:
        raise UnknownDocument("The document is not ready to be added.")
    return Basis(
        preparation=preparation,
        patient=room.identifier,
        traits=traits(room.connection, room.patient_key, room.key),
        actor=room.facts.actor,
        content=open_content(room, draft_id, preparation.whole_id),
        replaced=_replaced(room, preparation.about),
    )


def _replaced(room: PatientRoom, about: About) -> str:
    return own_document(room, PatientRight.REPLACE, about.replaces).uuid if about.replaces else ""


def _add(room: PatientRoom, made: Made) -> str:
    draft_id = made.basis.preparation.draft_id
    try:
        preparation = find(room, draft_id)
    except UnknownDocument:
        if not any(_sees(room, one) for one in current_entries_of(room, made.unique_id)):
            raise
        return made.unique_id
    known, now = made.basis.preparation, preparation
    if (known.about, known.whole_id) != (now.about, now.whole_id) or _replaced(room, now.about) != made.basis.replaced:
        raise Full("changed")
    if deposited_since(room.connection, room.holder, room.now - DAY) >= room.platform.settings.upload_daily_documents:
        raise Full("day")
    _take_in(room, made.prepared)
    drafts.drop(room.connection, room.patient_key, draft_id)
    return made.unique_id


def _take_in(room: PatientRoom, prepared: PreparedSubmission) -> None:
    """Stores the bytes durably before the gate commits what names them; takes them back when registering fails."""
    segments = room.platform.segments
    mark = segments.mark()
    try:
        take_in(room, prepared.submission, prepared.contents, visible=lambda entry: _sees(room, entry))
        segments.sync()
    except BaseException:
        segments.rollback_to(mark)
        raise


def _sees(room: PatientRoom, entry: FoundEntry) -> bool:
    return decide(room.facts, PatientRight.SEE, facts_of_own(room, entry)).allowed
