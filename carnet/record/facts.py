"""From what the registry found to what the rules read."""

from __future__ import annotations

from carnet.authorization.facts import DocumentFacts
from carnet.record.scope import Scope
from carnet.registry.found import FoundEntry, status_of


def document_facts(scope: Scope, entry: FoundEntry) -> DocumentFacts:
    """The facts of a registered entry of the patient whom the assertion targets."""
    return facts_of_entry(entry, scope.requester.patient.value if scope.requester.patient is not None else "")


def facts_of_entry(entry: FoundEntry, ins: str) -> DocumentFacts:
    """The facts of a registered entry (its columns are blank-separated lists) of the patient of an INS.

    The patient is an author where the INS is: the XCN of such documents carries it (CI-SIS, authorPerson).
    """
    persons = frozenset(entry.author_persons.split())
    return DocumentFacts(
        type_code=entry.type_code,
        masks=frozenset(entry.masks.split()),
        status=status_of(entry),
        author_persons=persons,
        author_institutions=frozenset(entry.author_institutions.split()),
        depositor=entry.depositor,
        depositor_organization=entry.depositor_organization,
        is_signature=bool(entry.is_signature),
        patient_authored=ins in persons,
    )


def knows(scope: Scope, entry: FoundEntry) -> bool:
    """Whether the requester may learn that a registered entry exists, by the rules of searching (which know one's own)."""
    return scope.viewer.decision(document_facts(scope, entry)).allowed
