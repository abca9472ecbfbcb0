"""What a professional deposited in a record, whatever the software, with its state and what they may change of it (`document_changes`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Literal

from carnet.authorization.facts import Function
from carnet.document_query import FindDocuments
from carnet.errors import UnknownDocument
from carnet.metadata import AvailabilityStatus, ObjectType
from carnet.record.act import Act
from carnet.record.announcement_rule import told_and_shown
from carnet.record.document_changes import ChangeKind, offers
from carnet.record.document_families import kind_in_words
from carnet.record.facts import document_facts
from carnet.record.retrieval import current_entries
from carnet.record.scope import Scope
from carnet.record.search import visible
from carnet.registry import association_table
from carnet.registry.found import FoundEntry, status_of
from carnet.registry.hidden_versions import hidden_since, is_hidden
from carnet.registry.queries import entry as whole_entry
from carnet.registry.queries import find
from carnet.registry.relationships import REPLACEMENTS

MINE = "pro/my-deposits"
MOST = 100
"""Deposits of one record that a page lists, the newest."""
State = Literal["current", "archived", "replaced"]
_STATES: Mapping[AvailabilityStatus, State] = MappingProxyType(
    {
        AvailabilityStatus.APPROVED: "current",
        AvailabilityStatus.ARCHIVED: "archived",
        AvailabilityStatus.DEPRECATED: "replaced",
    }
)
_TYPES = (ObjectType.STABLE, ObjectType.ON_DEMAND)
CHANGES: Mapping[str, ChangeKind] = MappingProxyType(
    {
        # name in the form: TD3.3a to TD3.3d
        "archiver": ChangeKind.ARCHIVE,
        "desarchiver": ChangeKind.UNARCHIVE,
        "supprimer": ChangeKind.DELETE,
        "montrer-au-patient": ChangeKind.SHOW_TO_PATIENT,
        "montrer-aux-representants": ChangeKind.SHOW_TO_REPRESENTATIVES,
        "masquer": ChangeKind.MASK,
        "demasquer": ChangeKind.UNMASK,
    }
)


@dataclass(frozen=True, slots=True)
class OwnDeposit:
    """One document of one's own. `time` is DTM, moments are microseconds UTC; `may` are names of `CHANGES`, and "remplacer".

    `told_at` and `shown_at` are when the patient is told and sees it, 0 where it is not hidden from them (R1111-53 CSP). `replaced_by` is the
    title of what took its place, '' where nothing that the professional may know of did.
    """

    unique_id: str
    title: str
    kind: str
    time: str
    registered_at: int
    state: State
    masks: frozenset[str]
    told_at: int
    shown_at: int
    replaced_by: str
    may: frozenset[str]


def own_deposits() -> Act[tuple[OwnDeposit, ...]]:
    """The act that lists them, the newest first."""
    return Act(MINE, _listed, Function.SEARCH_REFERENCES)


def own_deposit(unique_id: str) -> Act[OwnDeposit]:
    """One of them. Raises UnknownDocument, for another's too."""
    return Act(MINE, partial(_one, unique_id=unique_id), Function.SEARCH_REFERENCES)


# --- inside the gate ------------------------------------------------------------------------------------------------


def _listed(scope: Scope) -> tuple[OwnDeposit, ...]:
    query = FindDocuments((scope.identifier,), tuple(_STATES), object_types=_TYPES)
    versions = own_versions(scope, visible(scope, find(scope.connection, scope.holder, query)).entries)
    newest = sorted(versions.values(), key=lambda rows: rows[-1].registered_at, reverse=True)[:MOST]
    return tuple(told(scope, rows) for rows in newest)


def own_versions(scope: Scope, entries: Sequence[FoundEntry]) -> dict[str, list[FoundEntry]]:
    """The versions of each document that is the requester's own, the newest last, by logicalId."""
    found: dict[str, list[FoundEntry]] = {}
    for one in sorted(entries, key=lambda row: row.version):
        if scope.platform.engine.own(scope.requester, document_facts(scope, one)):
            found.setdefault(one.logical_id, []).append(one)
    return found


def _one(scope: Scope, *, unique_id: str) -> OwnDeposit:
    return told(scope, [own_entry(scope, unique_id)])


def own_entry(scope: Scope, unique_id: str) -> FoundEntry:
    """The newest version of a document of the requester's own. Raises UnknownDocument, for a deleted one too."""
    found = current_entries(scope, (unique_id,)).get(unique_id)
    own = found is not None and scope.platform.engine.own(scope.requester, document_facts(scope, found))
    if found is None or not own or status_of(found.status) not in _STATES:
        raise UnknownDocument("No such document in this record.", subject=unique_id)
    return found


def told(scope: Scope, versions: Sequence[FoundEntry]) -> OwnDeposit:
    """One document from those of its versions that are known, the newest last."""
    newest = versions[-1]
    entry = whole_entry(scope.connection, scope.holder, newest.uuid)
    state = _STATES[status_of(newest.status)]
    told_at, shown_at = (0, 0)
    if is_hidden(newest):
        told_at, shown_at = told_and_shown(hidden_since(scope.connection, scope.holder, newest.logical_id))
    kind = kind_in_words(entry.type_code)
    scope.touched.append(newest.unique_id)
    return OwnDeposit(
        unique_id=newest.unique_id,
        title=entry.title.strip() or kind,
        kind=kind,
        time=entry.creation_time,
        registered_at=versions[0].registered_at,
        state=state,
        masks=frozenset(newest.masks.split()),
        told_at=told_at,
        shown_at=shown_at,
        replaced_by=_replacement(scope, newest) if state == "replaced" else "",
        may=_may(scope, newest, state),
    )


def _replacement(scope: Scope, old: FoundEntry) -> str:
    links = association_table.find_by_target(scope.connection, scope.holder, (old.uuid,))
    for one in links:
        if one.type in REPLACEMENTS:
            entry = whole_entry(scope.connection, scope.holder, one.source)
            if entry.unique_id in current_entries(scope, (entry.unique_id,)):
                return entry.title.strip() or kind_in_words(entry.type_code)
    return ""


def _may(scope: Scope, one: FoundEntry, state: State) -> frozenset[str]:
    allowed = {offer.kind for offer in offers(scope, one) if not offer.refused}
    offered = {name for name, kind in CHANGES.items() if kind in allowed}
    replacing = scope.platform.engine.decide_document(
        scope.requester, scope.record, document_facts(scope, one), Function.REPLACE, scope.now
    )
    if state == "current" and replacing.allowed:
        offered.add("remplacer")
    return frozenset(offered)
