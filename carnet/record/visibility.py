"""Changing what is there (ITI-57, TD3.3a-d; PATCH to come): masks, visibility to the patient, archive, deletion."""

from __future__ import annotations

from functools import partial

from carnet.authorization.facts import Function
from carnet.consent.rights_version import bump
from carnet.errors import LocalPolicy, PatientMismatch, Unmodifiable
from carnet.metadata import INVISIBLE_PATIENT, MASQUE_PS, DocumentEntry, Submission
from carnet.record.act import Act
from carnet.record.facts import document_facts, knows
from carnet.record.scope import Scope
from carnet.registry.found import FoundEntry
from carnet.registry.registration import identifiers
from carnet.registry.update import ChangeKind, PlannedChange, Updated, apply, plan
from carnet.repository.extract_rows import forget_extracts

FUNCTIONS: dict[ChangeKind, Function] = {  # protocols §1.2: TD3.3a to TD3.3d
    ChangeKind.MASK: Function.MASK,
    ChangeKind.UNMASK: Function.UNMASK,
    ChangeKind.SHOW_TO_PATIENT: Function.SHOW_TO_PATIENT,
    ChangeKind.SHOW_TO_REPRESENTATIVES: Function.SHOW_TO_PATIENT,
    ChangeKind.HIDE_FROM_PATIENT: Function.SHOW_TO_PATIENT,
    ChangeKind.HIDE_FROM_REPRESENTATIVES: Function.SHOW_TO_PATIENT,
    ChangeKind.ARCHIVE: Function.ARCHIVE,
    ChangeKind.UNARCHIVE: Function.ARCHIVE,
    ChangeKind.DELETE: Function.DELETE,
    ChangeKind.NOTHING: Function.SEARCH_REFERENCES,
}
HIDING = frozenset({ChangeKind.HIDE_FROM_PATIENT, ChangeKind.HIDE_FROM_REPRESENTATIVES})


def update(submission: Submission) -> Act[Updated]:
    """The act of one metadata update: every change in it is decided by its own functional right, then all are made or none.

    Whoever may change something may know of something (TD3.1, references): a closed record or a block is told as such beforehand.
    """
    registers = partial(identifiers, submission)
    return Act("iti57", partial(_update, submission=submission), Function.SEARCH_REFERENCES, registers=registers)


def _update(scope: Scope, *, submission: Submission) -> Updated:
    if submission.submission_set.patient_id != scope.requester.patient:
        raise PatientMismatch("The update's patient is not the one that the assertion targets.")
    changes = plan(scope.connection, scope.holder, submission, visible=partial(knows, scope))
    for change in changes:
        _decide(scope, change)
    updated = apply(scope.connection, scope.holder, submission, scope.platform.renderer, changes)
    if any(kind is not ChangeKind.NOTHING for change in changes for kind in change.kinds):
        bump(scope.connection, scope.patient.patient_key)
    for change in changes:
        if ChangeKind.DELETE in change.kinds:
            forget_extracts(scope.connection, scope.patient.patient_key, change.before.unique_id)
    scope.touched.extend(change.before.unique_id for change in changes)
    scope.detail = ",".join(sorted({kind.value for change in changes for kind in change.kinds}))
    return updated


def _decide(scope: Scope, change: PlannedChange) -> None:
    if not isinstance(change.before, FoundEntry):
        raise Unmodifiable("Folders are not changed by care software.", subject=change.before.uuid)
    facts = document_facts(scope, change.before)
    for kind in change.kinds:
        if kind in HIDING and not scope.platform.settings.make_invisible_by_update:
            raise LocalPolicy(
                "A document is made invisible when it is submitted, not afterwards.", subject=change.before.uuid
            )
        if kind not in FUNCTIONS:
            raise Unmodifiable(
                "Care software may change the visibility and the status alone.", subject=change.before.uuid
            )
        scope.require(FUNCTIONS[kind], facts, subject=change.before.uuid)
    if _hides_twice(change) and not scope.platform.settings.masked_and_invisible_together:
        raise LocalPolicy(
            "A document cannot be hidden from professionals and from the patient at once.", subject=change.before.uuid
        )


def _hides_twice(change: PlannedChange) -> bool:
    """Whether a change adds one of the two masks to a document that has the other (EX-2.1-1050)."""
    both = isinstance(change.after, DocumentEntry) and {MASQUE_PS, INVISIBLE_PATIENT} <= change.after.masks
    return both and bool({ChangeKind.MASK, ChangeKind.HIDE_FROM_PATIENT} & set(change.kinds))
