"""The stored queries that start from identifiers (ITI TF-2 §3.18.4.1.2.3.7.5 to 3.7.13)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from carnet.database.connection import Connection
from carnet.document_query import FindDocuments, FindFolders, FindSubmissionSets, Get, GetAll, GetObjects
from carnet.metadata import Association, AssociationType, AvailabilityStatus
from carnet.registry import association_table, entry_table, folder_table, submission_set_table
from carnet.registry.find_containers import find_folders, find_submission_sets
from carnet.registry.find_documents import find_documents, members_matching
from carnet.registry.found import Found, FoundEntry, FoundFolder, FoundSubmissionSet, grouped
from carnet.registry.holder import Holder

_HAS_MEMBER = AssociationType.HAS_MEMBER


def get(connection: Connection, holder: Holder, query: GetObjects) -> Found:
    """The answer of one of the queries of `Get`, not yet surrounded. Entries come newest version first."""
    return _QUERIES[query.what](connection, holder, query)


def get_all(connection: Connection, holder: Holder, query: GetAll) -> Found:
    """GetAll (§3.18.4.1.2.3.7.4): everything in the statuses asked for, and the associations between what is answered."""
    entries = find_documents(
        connection,
        holder,
        FindDocuments(
            query.patients,
            query.entry_statuses,
            format_codes=query.format_codes,
            confidentiality_codes=query.confidentiality_codes,
            object_types=query.object_types,
        ),
    )
    sets = find_submission_sets(connection, holder, FindSubmissionSets(query.patients, query.submission_set_statuses))
    folders = find_folders(connection, holder, FindFolders(query.patients, query.folder_statuses))
    names = _uuids(entries) | _uuids(sets) | _uuids(folders)
    return Found(entries, sets, folders, _between(association_table.find_by_source(connection, holder, names), names))


def _between(links: Iterable[Association], names: set[str]) -> tuple[Association, ...]:
    """The associations both ends of which are answered; an association that is itself answered counts as an end."""
    pool = list(links)
    answered = {one.entry_uuid for one in pool if one.source in names and one.target in names}
    ends = names | answered
    return tuple(one for one in pool if one.source in ends and one.target in ends)


# --- where a query starts -----------------------------------------------------------------------------------------


def _entries(connection: Connection, holder: Holder, query: GetObjects) -> tuple[FoundEntry, ...]:
    if query.entry_uuids:
        rows = list(entry_table.find_by_uuid(connection, holder, _lower(query.entry_uuids)).values())
    elif query.unique_ids:
        rows = entry_table.find_by_unique_id(connection, holder, query.unique_ids)
    else:
        rows = entry_table.find_by_logical_id(connection, holder, _lower(query.logical_ids))
    return tuple(sorted(rows, key=lambda row: (row.version, row.registered_at), reverse=True))


def _folders(connection: Connection, holder: Holder, query: GetObjects) -> tuple[FoundFolder, ...]:
    if query.entry_uuids:
        rows = list(folder_table.find_by_uuid(connection, holder, _lower(query.entry_uuids)).values())
    elif query.unique_ids:
        rows = folder_table.find_by_unique_id(connection, holder, query.unique_ids)
    else:
        rows = folder_table.find_by_logical_id(connection, holder, _lower(query.logical_ids))
    return tuple(sorted(rows, key=lambda row: (row.version, row.registered_at), reverse=True))


def _sets(connection: Connection, holder: Holder, query: GetObjects) -> tuple[FoundSubmissionSet, ...]:
    if query.entry_uuids:
        return tuple(submission_set_table.find_by_uuid(connection, holder, _lower(query.entry_uuids)).values())
    return tuple(submission_set_table.find_by_unique_id(connection, holder, query.unique_ids))


def _uuids(rows: Iterable[FoundEntry] | Iterable[FoundSubmissionSet] | Iterable[FoundFolder]) -> set[str]:
    return {row.uuid for row in rows}


def _lower(uuids: tuple[str, ...]) -> list[str]:
    return [uuid.lower() for uuid in uuids]


def _in_status(query: GetObjects, links: Iterable[Association]) -> tuple[Association, ...]:
    wanted = query.association_statuses or (AvailabilityStatus.APPROVED,)
    return tuple(one for one in links if one.status in wanted)


def _passing(connection: Connection, holder: Holder, query: GetObjects, uuids: Iterable[str]) -> tuple[FoundEntry, ...]:
    return members_matching(
        connection,
        holder,
        list(dict.fromkeys(uuids)),
        format_codes=query.format_codes,
        confidentiality_codes=query.confidentiality_codes,
        object_types=query.object_types,
    )


# --- the queries --------------------------------------------------------------------------------------------------


def _get_documents(connection: Connection, holder: Holder, query: GetObjects) -> Found:
    rows = _entries(connection, holder, query)
    return Found(tuple(row for row in rows if not query.object_types or row.object_type in query.object_types))


def _get_folders(connection: Connection, holder: Holder, query: GetObjects) -> Found:
    return Found(folders=_folders(connection, holder, query))


def _get_associations(connection: Connection, holder: Holder, query: GetObjects) -> Found:
    """Every association that starts or ends at one of the objects."""
    links = association_table.touching(connection, holder, _lower(query.entry_uuids))
    return Found(associations=_in_status(query, links))


def _get_documents_and_associations(connection: Connection, holder: Holder, query: GetObjects) -> Found:
    entries = _get_documents(connection, holder, query).entries
    links = association_table.touching(connection, holder, (row.uuid for row in entries))
    return Found(entries, associations=_in_status(query, links))


def _get_submission_sets(connection: Connection, holder: Holder, query: GetObjects) -> Found:
    """The submission sets that hold one of the entries or folders, with the memberships that say so."""
    links = association_table.find_by_target(connection, holder, _lower(query.entry_uuids))
    held = [one for one in links if one.type is _HAS_MEMBER]
    sets = submission_set_table.find_by_uuid(connection, holder, (one.source for one in held))
    links = [one for one in held if one.source in sets]
    reasons = grouped((one.source, one.target) for one in links)
    return Found(submission_sets=tuple(sets.values()), associations=_in_status(query, links), reasons=reasons)


def _get_submission_set_and_contents(connection: Connection, holder: Holder, query: GetObjects) -> Found:
    """The set, the entries (filtered) and folders it holds, its associations to them, and those between them.

    A membership of a registered folder that the set holds is part of its contents, and so is a change of status that it made, although
    the object it ends at may not be.
    """
    sets = _sets(connection, holder, query)
    own = _uuids(sets)
    links = association_table.find_by_source(connection, holder, own)
    members = [one.target for one in links if one.type is _HAS_MEMBER]
    entries = _passing(connection, holder, query, members)
    folders = tuple(folder_table.find_by_uuid(connection, holder, members).values())
    names = own | _uuids(entries) | _uuids(folders)
    inner = association_table.find_by_source(connection, holder, names - own)
    linked = association_table.find_by_uuid(connection, holder, members)
    changes = [one for one in links if one.type is AssociationType.UPDATE_AVAILABILITY_STATUS]
    ends = names | {one.entry_uuid for one in linked}
    answered = [one for one in (*links, *inner) if one.source in names and one.target in ends]
    distinct = {one.entry_uuid: one for one in (*answered, *linked, *changes)}
    return Found(entries, sets, folders, _in_status(query, distinct.values()))


def _get_folder_and_contents(connection: Connection, holder: Holder, query: GetObjects) -> Found:
    """The folder, the entries (filtered) it holds, and the memberships of those."""
    folders = _folders(connection, holder, query)
    links = association_table.find_by_source(connection, holder, (row.uuid for row in folders))
    held = [one for one in links if one.type is _HAS_MEMBER]
    entries = _passing(connection, holder, query, (one.target for one in held))
    names = _uuids(entries)
    inside = [one for one in held if one.target in names]
    return Found(entries, folders=folders, associations=_in_status(query, inside))


def _get_folders_for_document(connection: Connection, holder: Holder, query: GetObjects) -> Found:
    """The folders that hold the document."""
    entries = _entries(connection, holder, query)
    links = association_table.find_by_target(connection, holder, (row.uuid for row in entries))
    held = [one for one in links if one.type is _HAS_MEMBER]
    folders = folder_table.find_by_uuid(connection, holder, (one.source for one in held))
    return Found(folders=tuple(folders.values()), reasons=grouped((one.source, one.target) for one in held))


def _get_related_documents(connection: Connection, holder: Holder, query: GetObjects) -> Found:
    """The document, the entries that associations of the wanted types link to it directly, and those associations."""
    start = _entries(connection, holder, query)
    links = association_table.touching(connection, holder, (row.uuid for row in start))
    wanted = [one for one in _in_status(query, links) if one.type in query.association_types]
    own = _uuids(start)
    others = {end for one in wanted for end in (one.source, one.target)} - own
    entries = (*start, *_passing(connection, holder, query, sorted(others)))
    names = _uuids(entries)
    answered = tuple(one for one in wanted if one.source in names and one.target in names)
    ends = ((end, one.entry_uuid) for one in answered for end in (one.source, one.target) if end not in own)
    return Found(entries, associations=answered, reasons=grouped(ends))


_QUERIES: dict[Get, Callable[[Connection, Holder, GetObjects], Found]] = {
    # query: function                                                                     ITI TF-2 §3.18.4.1.2.3.7.
    Get.DOCUMENTS: _get_documents,  # 5
    Get.FOLDERS: _get_folders,  # 6
    Get.ASSOCIATIONS: _get_associations,  # 7
    Get.DOCUMENTS_AND_ASSOCIATIONS: _get_documents_and_associations,  # 8
    Get.SUBMISSION_SETS: _get_submission_sets,  # 9
    Get.SUBMISSION_SET_AND_CONTENTS: _get_submission_set_and_contents,  # 10
    Get.FOLDER_AND_CONTENTS: _get_folder_and_contents,  # 11
    Get.FOLDERS_FOR_DOCUMENT: _get_folders_for_document,  # 12
    Get.RELATED_DOCUMENTS: _get_related_documents,  # 13
}
