"""The documents of a record as the patient's side sees and changes them: listed, masked, unmasked, deleted."""

from __future__ import annotations

from dataclasses import dataclass, replace

from carnet.authorization.facts import DocumentFacts
from carnet.authorization.patient_side import PatientRight, decide
from carnet.authorization.rules import PATIENT_SIDE_MASKS
from carnet.consent.standing import current_standing
from carnet.document_query import FindDocuments
from carnet.errors import UnknownDocument
from carnet.metadata import (
    MASQUE_PS,
    UNMASKED_BY_NAME,
    VISIBILITY_SYSTEM,
    AvailabilityStatus,
    Code,
    DocumentEntry,
    ObjectType,
)
from carnet.record.facts import Judged, facts_of_entry
from carnet.record.patient_room import PATIENT_SIDE, PatientRoom
from carnet.record.patient_updates import new_masks, new_status
from carnet.record.reading_room import ReadingRoom
from carnet.registry.found import FoundEntry
from carnet.registry.queries import entry as whole_entry
from carnet.registry.queries import find
from carnet.registry.unmasked_documents import mask_by_default, unmask_by_name
from carnet.repository.extract_rows import forget_extracts

CURRENT = (AvailabilityStatus.APPROVED, AvailabilityStatus.ARCHIVED)
MASK = Code(MASQUE_PS, VISIBILITY_SYSTEM, "Masqué aux professionnels de santé")


@dataclass(frozen=True, slots=True)
class ListedDocument:
    """One current document as its holder sees it; `masked` to professionals, by itself or by default."""

    unique_id: str
    title: str
    type_code: str
    creation_time: str
    masked: bool
    deletable: bool


def current_entries_of(room: PatientRoom, unique_id: str = "") -> list[FoundEntry]:
    """The newest version of each document that is in use, or of one; nothing is filtered yet."""
    types = (ObjectType.STABLE, ObjectType.ON_DEMAND)
    unique_ids = (unique_id,) if unique_id else ()
    query = FindDocuments((room.identifier,), CURRENT, object_types=types, unique_ids=unique_ids)
    return list(find(room.connection, room.holder, query).entries)


def facts_of_own(room: PatientRoom, found: Judged) -> DocumentFacts:
    """The facts of an entry of this record; what the patient's side deposited it has authored."""
    facts = facts_of_entry(found, room.identifier.value)
    return replace(facts, patient_authored=facts.patient_authored or found.kind.depositor == PATIENT_SIDE)


def own_document(room: PatientRoom, right: PatientRight, unique_id: str) -> FoundEntry:
    """The current version of a document for an act on it; what the person may not see is as unknown as what never was."""
    room.require(PatientRight.SEE)
    for found in current_entries_of(room, unique_id):
        facts = facts_of_own(room, found)
        if decide(room.facts, PatientRight.SEE, facts).allowed:
            room.require(right, facts, subject=unique_id)
            return found
    raise UnknownDocument("No such document in this record.", subject=unique_id)


def masks_everything(room: ReadingRoom) -> bool:
    """Whether the holder masks everything by default; yes where it cannot be known."""
    found = current_standing(room.connection, room.patient_key, professional="", organization="", now=room.now)
    return found is None or found.masks_everything


def is_masked(found: FoundEntry, *, by_default: bool) -> bool:
    """Whether a document is hidden from professionals, by a mask of its own or by default."""
    masks = frozenset(found.masks.split()) - PATIENT_SIDE_MASKS
    return bool(masks - {UNMASKED_BY_NAME}) or (by_default and UNMASKED_BY_NAME not in masks)


def listed_documents(room: PatientRoom) -> tuple[ListedDocument, ...]:
    """The current documents that the person who acts may see, the newest first."""
    by_default = masks_everything(room)
    listed = []
    for found in current_entries_of(room):
        facts = facts_of_own(room, found)
        if not decide(room.facts, PatientRight.SEE, facts).allowed:
            continue
        metadata = whole_entry(room.connection, room.holder, found.uuid)
        deletable = decide(room.facts, PatientRight.DELETE, facts).allowed
        masked = is_masked(found, by_default=by_default)
        listed.append(
            ListedDocument(found.unique_id, metadata.title, found.type_code, metadata.creation_time, masked, deletable)
        )
    room.touched.extend(one.unique_id for one in listed)
    return tuple(sorted(listed, key=lambda one: (one.creation_time, one.unique_id), reverse=True))


def mask_document(room: PatientRoom, found: FoundEntry) -> bool:
    """Hides a document from professionals; whether anything changed."""
    changed = mask_by_default(room.connection, room.holder, found.unique_id)
    entry = whole_entry(room.connection, room.holder, found.uuid)
    return _change_codes(room, entry, (*entry.confidentiality_codes, MASK), MASQUE_PS not in entry.masks) or changed


def unmask_document(room: PatientRoom, found: FoundEntry) -> bool:
    """Shows a document to professionals again, also where everything is masked by default; whether anything changed."""
    changed = masks_everything(room) and unmask_by_name(room.connection, room.holder, found.unique_id)
    for one in current_entries_of(room, found.unique_id):
        entry = whole_entry(room.connection, room.holder, one.uuid)
        codes = tuple(
            code for code in entry.confidentiality_codes if (code.code, code.system) != (MASK.code, MASK.system)
        )
        changed = _change_codes(room, entry, codes, MASQUE_PS in entry.masks) or changed
    return changed


def _change_codes(room: PatientRoom, entry: DocumentEntry, codes: tuple[Code, ...], needed: bool) -> bool:
    if needed:
        new_masks(room, entry, codes)
    return needed


def delete_document(room: PatientRoom, found: FoundEntry) -> bool:
    """Deletes a document logically; what was read out of it goes for good."""
    forget_extracts(room.connection, room.patient_key, found.unique_id)
    new_status(room, whole_entry(room.connection, room.holder, found.uuid), AvailabilityStatus.DELETED)
    return True
