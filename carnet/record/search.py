"""Finding documents (ITI-18, TD3.1; ITI-66 and ITI-67 to come): the registry finds, the rules filter entry by entry, the hidden is absent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from operator import itemgetter

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
from carnet.registry.found import Found, FoundEntry, kind_of
from carnet.registry.queries import find
from carnet.registry.renditions import renditions

_KIND: Callable[[FoundEntry], tuple[str, str, str]] = itemgetter(slice(3, 6))
_UNIQUE_ID = itemgetter(FoundEntry._fields.index("unique_id"))
assert FoundEntry._fields[3:6] == ("status", "masks", "judged")  # all that the rules read: `visible` relies on it


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
    scope.touched.extend(map(_UNIQUE_ID, found.entries))
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
    judged = found.judged
    kinds = list(map(_KIND, judged))
    sees = scope.viewer.sees
    verdicts: dict[tuple[str, str, str], bool] = {}
    for alike in set(kinds):  # rows alike in all that the rules read are judged once
        status, masks, text = alike
        kind = kind_of(text)
        verdicts[alike] = sees(
            kind.type_code,
            masks,
            status,
            kind.author_persons,
            kind.author_institutions,
            kind.depositor,
            kind.depositor_organization,
            kind.is_signature,
        )
    if all(verdicts.values()):
        return found.without(frozenset())
    return found.without({entry.uuid for entry, kind in zip(judged, kinds, strict=True) if not verdicts[kind]})


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
