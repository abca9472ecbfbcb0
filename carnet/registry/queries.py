"""The stored queries of one patient (ITI-18): what is registered, before the rules say what the caller may see of it."""

from __future__ import annotations

from carnet.database.connection import Connection
from carnet.document_query import FindDocuments, FindFolders, FindSubmissionSets, GetAll, GetObjects, StoredQuery
from carnet.errors import UnknownDocument
from carnet.metadata import DocumentEntry
from carnet.registry import entry_table
from carnet.registry.find_containers import find_folders, find_submission_sets
from carnet.registry.find_documents import find_documents
from carnet.registry.found import Found, FoundEntry, FoundFolder, FoundSubmissionSet
from carnet.registry.holder import Holder
from carnet.registry.related import get, get_all
from carnet.registry.renditions import RenditionCache, renditions
from carnet.registry.surroundings import with_surroundings

__all__ = [
    "Found",
    "FoundEntry",
    "FoundFolder",
    "FoundSubmissionSet",
    "RenditionCache",
    "entry",
    "find",
    "renditions",
]


def find(connection: Connection, holder: Holder, query: StoredQuery) -> Found:
    """What a stored query finds in the registry of the holder's patient; `query.patients` is the caller's to check.

    Nothing is filtered by caller: ask the rules about every entry of `Found.judged`, then keep `Found.without` what they hide (or use
    `Found.seen_by`). Raises QueryParameterInvalid.
    """
    if isinstance(query, FindDocuments):
        return Found(find_documents(connection, holder, query))
    found = _found(connection, holder, query)
    touches = found.submission_sets or found.folders or found.associations
    return with_surroundings(connection, holder, found) if touches else found


def _found(
    connection: Connection, holder: Holder, query: FindSubmissionSets | FindFolders | GetAll | GetObjects
) -> Found:
    if isinstance(query, FindSubmissionSets):
        return Found(submission_sets=find_submission_sets(connection, holder, query))
    if isinstance(query, FindFolders):
        return Found(folders=find_folders(connection, holder, query))
    if isinstance(query, GetAll):
        return get_all(connection, holder, query)
    return get(connection, holder, query)


def entry(connection: Connection, holder: Holder, uuid: str) -> DocumentEntry:
    """The full metadata of one entry version of the holder's patient. Raises UnknownDocument, IntegrityFailure."""
    found = entry_table.whole(connection, holder, (uuid,)).get(uuid)
    if found is None:
        raise UnknownDocument("No such document in this record.", subject=uuid)
    return found
