"""What the patient's side changes of registered documents, in the form of the registry's updates: new masks, deletion."""

from __future__ import annotations

import uuid

from carnet.clock import to_dtm
from carnet.metadata import Author, AvailabilityStatus, Code, DocumentEntry, Submission, SubmissionSet
from carnet.record.entry_updates import CONSULTATION, SET, with_codes, with_status
from carnet.record.patient_room import PatientRoom
from carnet.registry.update import apply, plan


def new_masks(room: PatientRoom, entry: DocumentEntry, codes: tuple[Code, ...]) -> None:
    """Registers the next version of an entry with these confidentiality codes; the masks hold at once for all its versions."""
    _apply(room, with_codes(_submission_set(room), entry, codes))


def new_status(room: PatientRoom, entry: DocumentEntry, status: AvailabilityStatus) -> None:
    """Gives an entry another status. Raises StatusTransition when it cannot have it."""
    _apply(room, with_status(_submission_set(room), entry, status))


def _apply(room: PatientRoom, submission: Submission) -> None:
    changes = plan(room.connection, room.holder, submission, visible=lambda _entry: True)
    apply(room.connection, room.holder, submission, room.platform.renderer, changes)


def _submission_set(room: PatientRoom) -> SubmissionSet:
    ins = room.identifier
    return SubmissionSet(
        entry_uuid=SET,
        unique_id=f"2.25.{uuid.uuid4().int}",
        source_id=room.platform.settings.repository_unique_id,
        patient_id=ins,
        submission_time=to_dtm(room.now),
        content_type=CONSULTATION,
        authors=(Author(f"{ins.value}^^^^^^^^&{ins.authority}&ISO^^^^NH"),),
    )
