"""Finding documents (ITI-18, TD3.1; ITI-66 and ITI-67 to come): the registry finds, the rules filter entry by entry, the hidden is absent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from carnet.authorization.facts import Function
from carnet.document_query import (
    FindDocuments,
    FindFolders,
    FindSubmissionSets,
    GetAll,
    GetObjects,
    ReturnType,
    StoredQuery,
)
from carnet.errors import NotSinglePatient, PatientMismatch, TooManyResults
from carnet.record.act import Act
from carnet.record.scope import Scope
from carnet.registry.found import Found, FoundEntry
from carnet.registry.queries import find
from carnet.registry.renditions import renditions

assert FoundEntry._fields[5:13] == (  # the columns that the rules read stand together: `sees` relies on it
    "status",
    "is_signature",
    "type_code",
    "masks",
    "author_persons",
    "author_institutions",
    "depositor",
    "depositor_organization",
)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What the caller may see: `references` are entryUUIDs in the answer's order; `objects` their renditions, empty for ObjectRef."""

    references: tuple[str, ...]
    objects: tuple[bytes, ...]


def search(query: StoredQuery, return_type: ReturnType) -> Act[SearchResult]:
    """The act of one stored query. For the rules, references alone are another right than metadata (TD3.1, protocols §1.6)."""
    function = Function.SEARCH if return_type is ReturnType.LEAF_CLASS else Function.SEARCH_REFERENCES
    return Act("iti18", partial(_search, query=query, return_type=return_type), function)


def _search(scope: Scope, *, query: StoredQuery, return_type: ReturnType) -> SearchResult:
    check_patient(scope, query, return_type)
    found = visible(scope, find(scope.connection, scope.holder, query))
    references = found.uuids
    scope.detail = f"{_name(query)} {return_type} {len(references)}"
    scope.touched.extend(entry.unique_id for entry in found.entries)
    if return_type is ReturnType.OBJECT_REF:
        return SearchResult(references, ())
    if len(references) > scope.platform.settings.maximum_leaf_results:
        raise TooManyResults("The query finds more objects than may be returned; ask for references or narrow it.")
    rendered = renditions(scope.connection, scope.holder, found, scope.platform.renderer, scope.platform.renditions)
    return SearchResult(references, rendered)


def check_patient(scope: Scope, query: StoredQuery, return_type: ReturnType) -> None:
    """The patients of a query are the one that the assertion targets (security §5.2).

    Raises NotSinglePatient for metadata of several patients (ITI TF-2 §3.18.4.1.2.6), PatientMismatch for another patient.
    """
    if isinstance(query, GetObjects):
        return
    patients = set(query.patients)
    if len(patients) > 1 and return_type is ReturnType.LEAF_CLASS:
        raise NotSinglePatient("Metadata of several patients cannot be asked for at once.")
    if patients - {scope.requester.patient}:
        raise PatientMismatch("The query's patient is not the one that the assertion targets.")


def visible(scope: Scope, found: Found) -> Found:
    """What remains of a finding for this requester: hidden entries, all their versions, and every trace of them are absent."""
    sees_row = scope.viewer.sees
    verdicts: dict[tuple[object, ...], bool] = {}

    def sees(entry: FoundEntry) -> bool:
        alike = entry[5:13]  # rows alike in all that the rules read are judged once
        verdict = verdicts.get(alike)
        if verdict is None:
            verdict = verdicts[alike] = sees_row(
                entry.type_code,
                entry.masks,
                entry.status,
                entry.author_persons,
                entry.author_institutions,
                entry.depositor,
                entry.depositor_organization,
                entry.is_signature,
            )
        return verdict

    return found.seen_by(sees)


def _name(query: StoredQuery) -> str:
    if isinstance(query, GetObjects):
        return query.what.value
    names = {
        FindDocuments: "FindDocuments",
        FindSubmissionSets: "FindSubmissionSets",
        FindFolders: "FindFolders",
        GetAll: "GetAll",
    }
    return names[type(query)]
