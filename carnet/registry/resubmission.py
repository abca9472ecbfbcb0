"""Recognising a submission that was registered before: a network hides an answer, the software sends again, no harm is done."""

from __future__ import annotations

from dataclasses import dataclass

from carnet.database.connection import Connection
from carnet.metadata import Association, AssociationType, Code, DocumentEntry, Folder, Submission, SubmissionSet
from carnet.registry import association_table, entry_table, folder_table, submission_set_table
from carnet.registry.consistency import REFERENCE
from carnet.registry.found import FoundSubmissionSet
from carnet.registry.holder import Holder
from carnet.registry.registered_identifiers import canonical


@dataclass(frozen=True, slots=True)
class Before:
    """The objects of the earlier submission, as they stand now."""

    submission_set: SubmissionSet
    entries: tuple[DocumentEntry, ...]
    folders: tuple[Folder, ...]
    associations: tuple[Association, ...]


def same_submission(connection: Connection, holder: Holder, submission: Submission) -> Before | None:
    """The earlier submission with the same submission set uniqueId and the same content, None when there is none.

    The same content: the same documents (uniqueId, hash, size) with the same confidentiality codes, the same folders (uniqueId), the same
    relationships. Anything else, a retry that now masks a document for one, is another submission under a used identifier.
    """
    rows = submission_set_table.find_by_unique_id(connection, holder, (submission.submission_set.unique_id,))
    if not rows:
        return None
    before = _read(connection, holder, rows[0])
    unlike = any(one.previous_version is not None or one.new_status is not None for one in before.associations)
    same = _content(before.entries, before.folders) == _content(submission.entries, submission.folders)
    if unlike or not same or _links(before) != _links(submission):
        return None
    return before


def _read(connection: Connection, holder: Holder, row: FoundSubmissionSet) -> Before:
    held = association_table.registered_at(connection, holder, row.uuid, row.registered_at)
    members = [one.target for one in held if one.submission_set_status != REFERENCE]
    entries = entry_table.whole(connection, holder, members)
    folders = folder_table.whole(connection, holder, members)
    links = [
        link
        for uuid in entries
        for link in association_table.registered_at(connection, holder, uuid, row.registered_at)
    ]
    whole = submission_set_table.whole(connection, holder, (row.uuid,))[row.uuid]
    return Before(whole, tuple(entries.values()), tuple(folders.values()), (*held, *links))


def _content(entries: tuple[DocumentEntry, ...], folders: tuple[Folder, ...]) -> set[tuple[object, ...]]:
    documents = {
        (entry.unique_id, entry.hash.lower(), entry.size, _codes(entry.confidentiality_codes)) for entry in entries
    }
    return documents | {("folder", folder.unique_id) for folder in folders}


def _codes(codes: tuple[Code, ...]) -> frozenset[tuple[str, str]]:
    return frozenset((code.code, code.system) for code in codes)


def _links(one: Before | Submission) -> set[tuple[str, str, str]]:
    """The relationships, own objects by uniqueId, registered ones by UUID."""
    names = {canonical(one.submission_set.entry_uuid): one.submission_set.unique_id}
    names |= {canonical(entry.entry_uuid): entry.unique_id for entry in one.entries}
    names |= {canonical(folder.entry_uuid): folder.unique_id for folder in one.folders}
    return {
        (
            link.type.value,
            names.get(canonical(link.source), ""),
            names.get(canonical(link.target), canonical(link.target)),
        )
        for link in one.associations
        if link.type is not AssociationType.HAS_MEMBER
    }
