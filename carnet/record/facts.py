"""From what the registry found to what the rules read."""

from __future__ import annotations

from carnet.authorization.facts import DocumentFacts
from carnet.metadata import AvailabilityStatus
from carnet.record.scope import Scope
from carnet.registry.found import FoundEntry


def document_facts(scope: Scope, entry: FoundEntry) -> DocumentFacts:
    """The facts of a registered entry (its columns are blank-separated lists)."""
    return DocumentFacts(
        type_code=entry.type_code,
        masks=frozenset(entry.masks.split()),
        status=AvailabilityStatus(entry.status),
        author_persons=frozenset(entry.author_persons.split()),
        author_institutions=frozenset(entry.author_institutions.split()),
        depositor=entry.depositor,
        depositor_organization=entry.depositor_organization,
        is_signature=bool(entry.is_signature),
        patient_authored=_by_the_patient(scope, entry),
    )


def knows(scope: Scope, entry: FoundEntry) -> bool:
    """Whether the requester may learn that a registered entry exists, by the rules of searching (which know one's own)."""
    return scope.viewer.decision(document_facts(scope, entry)).allowed


def _by_the_patient(scope: Scope, entry: FoundEntry) -> bool:
    """Whether the patient is an author: the XCN of such documents carries the INS (CI-SIS, authorPerson)."""
    patient = scope.requester.patient
    return patient is not None and patient.value in entry.author_persons.split()
