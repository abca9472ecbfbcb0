"""What the patient's side changes of registered documents, in the form of the registry's updates: new masks, deletion."""

from __future__ import annotations

import uuid
from dataclasses import replace

from carnet.clock import to_dtm
from carnet.metadata import (
    Association,
    AssociationType,
    Author,
    AvailabilityStatus,
    Code,
    DocumentEntry,
    Submission,
    SubmissionSet,
)
from carnet.record.patient_room import PatientRoom
from carnet.registry.update import apply, plan

CONTENT = Code("07", "1.2.250.1.213.2.2", "Consultation")
"""INFERRED: the content type of a submission set that the patient's side makes; the value set has none of its own."""


def new_masks(room: PatientRoom, entry: DocumentEntry, codes: tuple[Code, ...]) -> None:
    """Registers the next version of an entry with these confidentiality codes; the masks hold at once for all its versions."""
    changed = replace(entry, entry_uuid="Document01", confidentiality_codes=codes)
    link = Association(
        "Member01",
        AssociationType.HAS_MEMBER,
        "SubmissionSet01",
        "Document01",
        submission_set_status="Original",
        previous_version=entry.version,
    )
    _apply(room, (changed,), link)


def new_status(room: PatientRoom, entry: DocumentEntry, status: AvailabilityStatus) -> None:
    """Gives an entry another status. Raises StatusTransition when it cannot have it."""
    link = Association(
        "Status01",
        AssociationType.UPDATE_AVAILABILITY_STATUS,
        "SubmissionSet01",
        entry.entry_uuid,
        original_status=entry.status,
        new_status=status,
    )
    _apply(room, (), link)


def _apply(room: PatientRoom, entries: tuple[DocumentEntry, ...], link: Association) -> None:
    submission = Submission(_submission_set(room), entries, (), (link,))
    changes = plan(room.connection, room.holder, submission, visible=lambda _entry: True)
    apply(room.connection, room.holder, submission, room.platform.renderer, changes)


def _submission_set(room: PatientRoom) -> SubmissionSet:
    ins = room.identifier
    return SubmissionSet(
        entry_uuid="SubmissionSet01",
        unique_id=f"2.25.{uuid.uuid4().int}",
        source_id=room.platform.settings.repository_unique_id,
        patient_id=ins,
        submission_time=to_dtm(room.now),
        content_type=CONTENT,
        authors=(Author(f"{ins.value}^^^^^^^^&{ins.authority}&ISO^^^^NH"),),
    )
