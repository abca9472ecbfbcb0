"""Registering a submission (ITI-42, inside ITI-41): all of it or nothing, each step named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from carnet.database.connection import Connection
from carnet.errors import CarnetError, DuplicateIdentifier, InvalidMetadata, NonIdenticalContent, NonIdenticalSize
from carnet.metadata import Association, DocumentEntry, Folder, Submission, SubmissionSet
from carnet.registry import association_table, entry_table, folder_table, submission_set_table
from carnet.registry.assignment import assign
from carnet.registry.consistency import check_submission, ids, objects, refuse
from carnet.registry.found import FoundEntry
from carnet.registry.holder import Holder, Renderer, Visible
from carnet.registry.registered_identifiers import is_uuid, remember, taken
from carnet.registry.relationships import (
    REPLACEMENTS,
    deprecate,
    end_errors,
    joined_folders,
    registered_ends,
    touch_folders,
)
from carnet.registry.resubmission import same_submission


@dataclass(frozen=True, slots=True)
class Registered:
    """What a submission became.

    `resubmitted`: the very same submission was registered before; nothing was changed and the objects are those of that time.
    `again`: uniqueIds of its documents that were registered before, in another submission: their bytes may be stored.
    `deprecated`: entryUUIDs of the entries that this submission replaced, with their additions and transformations.
    """

    submission_set: SubmissionSet
    entries: tuple[DocumentEntry, ...]
    folders: tuple[Folder, ...] = ()
    associations: tuple[Association, ...] = ()
    resubmitted: bool = False
    again: tuple[str, ...] = ()
    deprecated: tuple[str, ...] = ()


def targets(
    connection: Connection, holder: Holder, submission: Submission, *, visible: Visible
) -> tuple[FoundEntry, ...]:
    """The registered entries that the submission replaces, completes, transforms, signs or puts into a folder or set.

    For the rules, before `register`. Those that the caller may not see or that do not exist are left out: `register` refuses them alike.
    """
    return tuple(registered_ends(connection, holder, submission, visible).entries.values())


def register(
    connection: Connection, holder: Holder, submission: Submission, renderer: Renderer, *, visible: Visible
) -> Registered:
    """Registers a submission of the holder's patient (ITI TF-2 §3.42.4.1.3, §3.41.4.1.3).

    Entries carry `hash` (SHA-1, hexadecimal) and `size` (bytes) of their documents, computed by the repository. `visible` says whether
    the caller may know of a registered entry: what it denies is refused as an absent one is. The caller has made sure that the
    submission's patientId is the holder's patient.

    The same submission again (same submission set uniqueId, same documents) changes nothing and is answered as done. A document
    that was registered in another submission, with the same hash and size, gets a second DocumentEntry with its own entryUUID
    and logicalId, as ITI TF-3 §4.2.4.1 lets it, while the stored bytes are kept as they are; both entries then share their masks, and
    only who may see the first can do it, so that submitting again is no way round a mask.

    Raises, one or Several: what `check_submission` raises; DuplicateIdentifier, also for an identifier of another patient, without
    telling whose; NonIdenticalSize, NonIdenticalContent; UnresolvedReference, PatientMismatch, DeprecatedTarget.
    """
    check_submission(submission)
    refuse(_digest_errors(submission))
    known = taken(connection, holder, identifiers(submission))
    if submission.submission_set.unique_id in known:
        return _again(connection, holder, submission)
    ends = registered_ends(connection, holder, submission, visible)
    refuse(
        (
            *_taken_errors(connection, holder, submission, known, visible),
            *end_errors(connection, holder, submission, ends),
        )
    )
    assigned = assign(submission, holder.now)
    joined = joined_folders(connection, holder, assigned)
    _insert(connection, holder, renderer, assigned, joined=joined, known=known)
    links = (*assigned.associations, *joined)
    touch_folders(connection, holder, renderer, assigned.submission_set.entry_uuid, links)
    replaced = [one.target for one in assigned.associations if one.type in REPLACEMENTS]
    return Registered(
        submission_set=assigned.submission_set,
        entries=assigned.entries,
        folders=assigned.folders,
        associations=links,
        again=tuple(one.unique_id for one in assigned.entries if one.unique_id in known),
        deprecated=deprecate(connection, holder, renderer, replaced),
    )


def identifiers(submission: Submission) -> set[str]:
    """Every uniqueId, and every UUID that the sender chose."""
    return {one for one in ids(submission) if is_uuid(one)} | {one.unique_id for one in objects(submission)}


def _again(connection: Connection, holder: Holder, submission: Submission) -> Registered:
    known = same_submission(connection, holder, submission)
    if known is None:
        raise DuplicateIdentifier(
            "The submission set's uniqueId is registered already.", subject=submission.submission_set.unique_id
        )
    return Registered(known.submission_set, known.entries, known.folders, known.associations, resubmitted=True)


# --- whether it may -----------------------------------------------------------------------------------------------


def _digest_errors(submission: Submission) -> Iterator[CarnetError]:
    for entry in submission.entries:
        if not entry.hash or entry.size is None:
            yield InvalidMetadata("A DocumentEntry has no hash or no size.", subject=entry.unique_id)


def _taken_errors(
    connection: Connection, holder: Holder, submission: Submission, known: dict[str, int], visible: Visible
) -> Iterator[CarnetError]:
    documents = {entry.unique_id for entry in submission.entries}
    for name in sorted(known.keys() - documents):
        yield DuplicateIdentifier("An identifier of the submission is registered already.", subject=name)
    for entry in submission.entries:
        if entry.unique_id in known:
            yield from _document_errors(connection, holder, entry, visible)


def _document_errors(
    connection: Connection, holder: Holder, entry: DocumentEntry, visible: Visible
) -> Iterator[CarnetError]:
    """A document's uniqueId may come again with the same bytes, from who may see it (ITI TF-3 table 4.2.4.1-2)."""
    rows = entry_table.find_by_unique_id(connection, holder, (entry.unique_id,))
    if not rows or not all(visible(row) for row in rows):
        yield DuplicateIdentifier("An identifier of the submission is registered already.", subject=entry.unique_id)
        return
    known = entry_table.whole(connection, holder, (rows[0].uuid,))[rows[0].uuid]
    if known.size != entry.size:
        yield NonIdenticalSize("The document is registered with another size.", subject=entry.unique_id)
    elif known.hash.lower() != entry.hash.lower():
        yield NonIdenticalContent("The document is registered with another hash.", subject=entry.unique_id)


# --- writing it ---------------------------------------------------------------------------------------------------


def _insert(
    connection: Connection,
    holder: Holder,
    renderer: Renderer,
    assigned: Submission,
    *,
    joined: list[Association],
    known: dict[str, int],
) -> None:
    names = {one.unique_id for one in objects(assigned)} | {*ids(assigned), *(one.entry_uuid for one in joined)}
    remember(connection, holder, names - known.keys())
    submission_set_table.add(connection, holder, renderer, assigned.submission_set)
    if assigned.entries:
        entry_table.add(connection, holder, renderer, assigned.entries)
    for folder in assigned.folders:
        folder_table.add(connection, holder, renderer, folder)
    association_table.add(connection, holder, (*assigned.associations, *joined))
    for entry in assigned.entries:
        if entry.unique_id in known:
            entry_table.settle_masks(connection, holder, entry.unique_id)
