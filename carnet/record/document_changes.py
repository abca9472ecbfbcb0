"""What a professional changes of a document from its page (TD3.3a-d): the same updates as care software sends, decided by the same rules."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from carnet.authorization.facts import Function
from carnet.cda.metadata_texts import person_text
from carnet.cda.participants import PROFESSIONALS, STRUCTURES, Identifier, Participant
from carnet.clock import to_dtm
from carnet.errors import StatusTransition, UnknownDocument
from carnet.metadata import (
    INVISIBLE_PATIENT,
    INVISIBLE_REPRESENTANTS_LEGAUX,
    MASQUE_PS,
    VISIBILITY_SYSTEM,
    Author,
    AvailabilityStatus,
    Code,
    DocumentEntry,
    Submission,
    SubmissionSet,
)
from carnet.record.act import Act
from carnet.record.entry_updates import CONSULTATION, SET, with_codes, with_status
from carnet.record.facts import document_facts
from carnet.record.patient_documents import MASK
from carnet.record.retrieval import current_entries
from carnet.record.scope import Scope
from carnet.record.visibility import FUNCTIONS, update
from carnet.registry.changes import ChangeKind
from carnet.registry.found import FoundEntry
from carnet.registry.queries import entry as whole_entry
from carnet.registry.update import Updated

__all__ = ["ACTS", "ChangeKind", "Offer", "author_of", "changing", "offers"]

ACTS: Mapping[ChangeKind, str] = MappingProxyType(
    {
        # what is offered, in the order of the page: the name of its act
        ChangeKind.SHOW_TO_PATIENT: "pro/show-to-patient",
        ChangeKind.SHOW_TO_REPRESENTATIVES: "pro/show-to-representatives",
        ChangeKind.MASK: "pro/mask",
        ChangeKind.UNMASK: "pro/unmask",
        ChangeKind.ARCHIVE: "pro/archive",
        ChangeKind.UNARCHIVE: "pro/unarchive",
        ChangeKind.DELETE: "pro/delete",
    }
)
_STATUSES: Mapping[ChangeKind, AvailabilityStatus] = MappingProxyType(
    {
        ChangeKind.ARCHIVE: AvailabilityStatus.ARCHIVED,
        ChangeKind.UNARCHIVE: AvailabilityStatus.APPROVED,
        ChangeKind.DELETE: AvailabilityStatus.DELETED,
    }
)
_TAKEN_OFF: Mapping[ChangeKind, str] = MappingProxyType(
    {
        ChangeKind.UNMASK: MASQUE_PS,
        ChangeKind.SHOW_TO_PATIENT: INVISIBLE_PATIENT,
        ChangeKind.SHOW_TO_REPRESENTATIVES: INVISIBLE_REPRESENTANTS_LEGAUX,
    }
)
_FROM: Mapping[ChangeKind, frozenset[AvailabilityStatus]] = MappingProxyType(
    {
        # changes of status, by the statuses that they start from                                       protocols §3.6
        ChangeKind.ARCHIVE: frozenset({AvailabilityStatus.APPROVED}),
        ChangeKind.UNARCHIVE: frozenset({AvailabilityStatus.ARCHIVED}),
        ChangeKind.DELETE: frozenset({AvailabilityStatus.APPROVED, AvailabilityStatus.ARCHIVED}),
    }
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A change that makes sense in the document's state; the names of the rules that refuse it to this professional, none when it is theirs."""

    kind: ChangeKind
    refused: tuple[str, ...] = ()


def offers(scope: Scope, found: FoundEntry) -> tuple[Offer, ...]:
    """What could be changed of a document that the requester may see, and whether they may."""
    engine, facts = scope.platform.engine, document_facts(scope, found)
    made = []
    for kind in ACTS:
        if makes_sense(scope, found, kind):
            decision = engine.decide_document(scope.requester, scope.record, facts, FUNCTIONS[kind], scope.now)
            made.append(Offer(kind, () if decision.allowed else decision.rules))
    return tuple(made)


def makes_sense(scope: Scope, found: FoundEntry, kind: ChangeKind) -> bool:
    """Whether a change would change anything, whoever asks; nothing is masked that its patient does not see yet, unless a setting allows both (EX-2.1-1050)."""
    masks = found.masks.split()
    if kind in _FROM:
        return AvailabilityStatus(found.status) in _FROM[kind]
    if kind is ChangeKind.MASK:
        both = INVISIBLE_PATIENT in masks and not scope.platform.settings.masked_and_invisible_together
        return MASQUE_PS not in masks and not both and found.status in _FROM[ChangeKind.DELETE]
    return _TAKEN_OFF[kind] in masks


def changing(unique_id: str, kind: ChangeKind, *, own: bool = False) -> Act[Updated]:
    """The act of one change; `own`: of a document of the requester's, and another's is not there.

    Raises UnknownDocument for what is hidden and what never was; Refused; StatusTransition where it makes no sense any more.
    """
    set_id = f"2.25.{uuid.uuid4().int}"
    run = partial(_change, unique_id=unique_id, kind=kind, set_id=set_id, own=own)
    return Act(ACTS[kind], run, Function.SEARCH_REFERENCES, registers=lambda: (set_id,))


def _change(scope: Scope, *, unique_id: str, kind: ChangeKind, set_id: str, own: bool) -> Updated:
    found = current_entries(scope, (unique_id,)).get(unique_id)
    gone = found is None or found.status == AvailabilityStatus.DELETED
    if found is None or gone or (own and not scope.platform.engine.own(scope.requester, document_facts(scope, found))):
        raise UnknownDocument("No such document in this record.", subject=unique_id)
    if not makes_sense(scope, found, kind):
        raise StatusTransition("The document is not in a state in which this can be done.", subject=unique_id)
    entry = whole_entry(scope.connection, scope.holder, found.uuid)
    updated: Updated = update(_submission(scope, entry, kind, set_id)).run(scope)
    return updated


def _submission(scope: Scope, entry: DocumentEntry, kind: ChangeKind, set_id: str) -> Submission:
    """The update as care software would send it."""
    own = _submission_set(scope, set_id)
    if kind in _STATUSES:
        return with_status(own, entry, _STATUSES[kind])
    return with_codes(own, entry, _codes(entry, kind))


def _codes(entry: DocumentEntry, kind: ChangeKind) -> tuple[Code, ...]:
    if kind is ChangeKind.MASK:
        return (*entry.confidentiality_codes, MASK)
    off = _TAKEN_OFF[kind], VISIBILITY_SYSTEM
    return tuple(code for code in entry.confidentiality_codes if (code.code, code.system) != off)


def _submission_set(scope: Scope, set_id: str) -> SubmissionSet:
    return SubmissionSet(
        entry_uuid=SET,
        unique_id=set_id,
        source_id=scope.platform.settings.repository_unique_id,
        patient_id=scope.identifier,
        submission_time=to_dtm(scope.now),
        content_type=CONSULTATION,
        authors=(author_of(scope),),
    )


def author_of(scope: Scope) -> Author:
    """The requester as author of a submission set (XCN, XON of the CI-SIS)."""
    who = scope.requester
    given, _, family = who.name.rpartition(" ")
    person = Participant((Identifier(PROFESSIONALS, who.identifier),), family=family, given=given)
    return Author(person_text(person), (f"^^^^^&{STRUCTURES}&ISO^IDNST^^^{who.organization_id}",))
