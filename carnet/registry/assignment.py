"""From the identifiers of a request to those of the registry."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from carnet.clock import to_dtm
from carnet.metadata import Association, AssociationType, AvailabilityStatus, DocumentEntry, Folder, Submission
from carnet.registry.consistency import ORIGINAL, REFERENCE, Kind, kind_of, kinds
from carnet.registry.registered_identifiers import canonical, is_uuid, new_uuid

T = TypeVar("T", DocumentEntry, Folder)


def assign(submission: Submission, now: int) -> Submission:
    """The submission under registered identifiers, every object Approved, entries and folders at version 1, without its documents.

    Symbolic ids and absent ones become new UUIDs; a UUID that the sender chose is kept, in lower case (ITI TF-3 §4.2.3.1.5).
    """
    names = {name: name if is_uuid(name) else new_uuid(now) for name in kinds(submission)}
    own = names[canonical(submission.submission_set.entry_uuid)]
    approved = AvailabilityStatus.APPROVED
    return Submission(
        submission_set=replace(submission.submission_set, entry_uuid=own, status=approved),
        entries=tuple(_first_version(one, names) for one in submission.entries),
        folders=tuple(replace(_first_version(one, names), last_update_time=to_dtm(now)) for one in submission.folders),
        associations=associations(submission, names, now),
    )


def _first_version(one: T, names: dict[str, str]) -> T:
    uuid = names[canonical(one.entry_uuid)]
    return replace(one, entry_uuid=uuid, logical_id=uuid, version=1, status=AvailabilityStatus.APPROVED)


def associations(submission: Submission, names: dict[str, str], now: int) -> tuple[Association, ...]:
    """The associations between registered identifiers; HasMember of the set says Original or Reference even where the sender did not."""
    known = kinds(submission)
    return tuple(
        replace(
            one,
            entry_uuid=names[canonical(one.entry_uuid)] if one.entry_uuid else new_uuid(now),
            source=names.get(canonical(one.source), canonical(one.source)),
            target=names.get(canonical(one.target), canonical(one.target)),
            status=AvailabilityStatus.APPROVED,
            submission_set_status=one.submission_set_status or _membership(one, known),
        )
        for one in submission.associations
    )


def _membership(one: Association, known: dict[str, Kind]) -> str:
    if one.type is not AssociationType.HAS_MEMBER or kind_of(one.source, known) is not Kind.SUBMISSION_SET:
        return ""
    return {Kind.ENTRY: ORIGINAL, Kind.REGISTERED: REFERENCE}.get(kind_of(one.target, known), "")
