"""What a professional deposited in a record, whatever the software, with its state; and its correction: archive, delete, masks, announcement.

Changes are the act of ITI-57, decided by the same functional rights, one change at a time.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Literal

from carnet.authorization.engine import Viewer
from carnet.authorization.facts import Function
from carnet.cda.metadata_texts import person_text
from carnet.cda.participants import PROFESSIONALS, STRUCTURES, Identifier, Participant
from carnet.clock import DAY, to_dtm
from carnet.consent.delays import SHOWN_AFTER_MONTHS, TOLD_AFTER_DAYS, months_after
from carnet.document_query import FindDocuments
from carnet.errors import UnknownDocument
from carnet.metadata import (
    INVISIBLE_PATIENT,
    INVISIBLE_REPRESENTANTS_LEGAUX,
    MASQUE_PS,
    VISIBILITY_SYSTEM,
    Association,
    AssociationType,
    Author,
    AvailabilityStatus,
    Code,
    DocumentEntry,
    ObjectType,
    Submission,
    SubmissionSet,
)
from carnet.record.act import Act
from carnet.record.document_families import kind_in_words
from carnet.record.facts import document_facts
from carnet.record.portal_deposit import CONSULTATION
from carnet.record.retrieval import current_entries
from carnet.record.scope import Scope
from carnet.record.search import visible
from carnet.record.visibility import update
from carnet.registry import association_table
from carnet.registry.found import FoundEntry, status_of
from carnet.registry.queries import entry as whole_entry
from carnet.registry.queries import find
from carnet.registry.relationships import REPLACEMENTS
from carnet.registry.update import Updated
from carnet.requester import Requester

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
_SET, _DOCUMENT = "SubmissionSet01", "Document01"


@dataclass(frozen=True, slots=True)
class Change:
    """One correction: the right that it needs, in which states it is offered, and what it does to the masks or the status."""

    function: Function
    states: frozenset[State]
    takes: str = ""
    puts: str = ""
    status: AvailabilityStatus | None = None


_NOW, _AWAY = frozenset[State]({"current"}), frozenset[State]({"archived"})
CHANGES: Mapping[str, Change] = MappingProxyType(
    {
        # name in the form: TD3.3a to TD3.3d
        "archiver": Change(Function.ARCHIVE, _NOW, status=AvailabilityStatus.ARCHIVED),
        "desarchiver": Change(Function.ARCHIVE, _AWAY, status=AvailabilityStatus.APPROVED),
        "supprimer": Change(Function.DELETE, _NOW | _AWAY, status=AvailabilityStatus.DELETED),
        "montrer-au-patient": Change(Function.SHOW_TO_PATIENT, _NOW, takes=INVISIBLE_PATIENT),
        "montrer-aux-representants": Change(Function.SHOW_TO_PATIENT, _NOW, takes=INVISIBLE_REPRESENTANTS_LEGAUX),
        "masquer": Change(Function.MASK, _NOW, puts=MASQUE_PS),
        "demasquer": Change(Function.UNMASK, _NOW, takes=MASQUE_PS),
    }
)
_MASK = Code(MASQUE_PS, VISIBILITY_SYSTEM, "Masqué aux professionnels de santé")


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


def told_and_shown(deposited_at: int) -> tuple[int, int]:
    """When the patient is told of a document that is hidden from them, and when they see it: two weeks and a month after its deposit."""
    return deposited_at + TOLD_AFTER_DAYS * DAY, months_after(deposited_at, SHOWN_AFTER_MONTHS)


def own_deposits() -> Act[tuple[OwnDeposit, ...]]:
    """The act that lists them, the newest first."""
    return Act(MINE, _listed, Function.SEARCH_REFERENCES)


def own_deposit(unique_id: str) -> Act[OwnDeposit]:
    """One of them. Raises UnknownDocument, for another's too."""
    return Act(MINE, partial(_one, unique_id=unique_id), Function.SEARCH_REFERENCES)


def change(requester: Requester, unique_id: str, name: str) -> Act[Updated]:
    """The act of one correction, `name` of `CHANGES`. Raises UnknownDocument, also for another's; Refused by the rights of ITI-57."""
    own = _set_of(requester, f"2.25.{uuid.uuid4().int}")
    work = partial(_change, unique_id=unique_id, wanted=CHANGES[name], own=own)
    return Act("iti57", work, Function.SEARCH_REFERENCES, registers=lambda: (own.unique_id,))


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
    hidden = INVISIBLE_PATIENT in newest.masks.split()
    told_at, shown_at = told_and_shown(versions[0].registered_at) if hidden else (0, 0)
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
    masks = set(one.masks.split())
    offered = {
        name
        for name, change_ in CHANGES.items()
        if state in change_.states
        and (not change_.takes or change_.takes in masks)
        and (not change_.puts or not masks & {change_.puts, INVISIBLE_PATIENT})
        and _viewer(scope, change_.function).decision(document_facts(scope, one)).allowed
    }
    if state == "current" and _viewer(scope, Function.REPLACE).decision(document_facts(scope, one)).allowed:
        offered.add("remplacer")
    return frozenset(offered)


def _viewer(scope: Scope, function: Function) -> Viewer:
    return scope.platform.engine.viewer(scope.requester, scope.record, scope.now, function)


def _change(scope: Scope, *, unique_id: str, wanted: Change, own: SubmissionSet) -> Updated:
    own = replace(own, submission_time=to_dtm(scope.now), source_id=scope.platform.settings.repository_unique_id)
    found = own_entry(scope, unique_id)
    entry = whole_entry(scope.connection, scope.holder, found.uuid)
    submission = _status_update(own, entry, wanted.status) if wanted.status else _mask_update(own, entry, wanted)
    updated: Updated = update(submission).run(scope)
    return updated


def _mask_update(own: SubmissionSet, entry: DocumentEntry, wanted: Change) -> Submission:
    kept = tuple(
        one
        for one in entry.confidentiality_codes
        if one.system != VISIBILITY_SYSTEM or one.code not in {wanted.takes, wanted.puts}
    )
    changed = replace(entry, entry_uuid=_DOCUMENT, confidentiality_codes=(*kept, _MASK) if wanted.puts else kept)
    link = Association(
        "Member01",
        AssociationType.HAS_MEMBER,
        _SET,
        _DOCUMENT,
        submission_set_status="Original",
        previous_version=entry.version,
    )
    return Submission(own, (changed,), (), (link,))


def _status_update(own: SubmissionSet, entry: DocumentEntry, status: AvailabilityStatus) -> Submission:
    link = Association(
        "Status01",
        AssociationType.UPDATE_AVAILABILITY_STATUS,
        _SET,
        entry.entry_uuid,
        original_status=entry.status,
        new_status=status,
    )
    return Submission(own, (), (), (link,))


def _set_of(requester: Requester, unique_id: str) -> SubmissionSet:
    if requester.patient is None:
        raise UnknownDocument("The call names no patient.")
    given, _, family = requester.name.rpartition(" ")
    person = Participant((Identifier(PROFESSIONALS, requester.identifier),), family=family, given=given)
    structure = f"^^^^^&{STRUCTURES}&ISO^IDNST^^^{requester.organization_id}"
    return SubmissionSet(
        entry_uuid=_SET,
        unique_id=unique_id,
        source_id=requester.organization_id,
        patient_id=requester.patient,
        submission_time="",
        content_type=CONSULTATION,
        authors=(Author(person_text(person), (structure,)),),
    )
