"""From what the registry found to what the rules read."""

from __future__ import annotations

from typing import Protocol

from carnet.authorization.facts import DocumentFacts
from carnet.record.scope import Scope
from carnet.registry.found import FoundEntry, Kind, status_of


class Judged(Protocol):
    """The columns of an entry that the rules read, as they stand in its row: of one entry (FoundEntry), or of all that are alike in them (Alike)."""

    @property
    def status(self) -> str: ...  # noqa: D102 - see FoundEntry
    @property
    def masks(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> Kind: ...  # noqa: D102


def document_facts(scope: Scope, entry: Judged) -> DocumentFacts:
    """The facts of a registered entry of the patient whom the assertion targets."""
    return facts_of_entry(entry, scope.requester.patient.value if scope.requester.patient is not None else "")


def facts_of_entry(entry: Judged, ins: str) -> DocumentFacts:
    """The facts of a registered entry (its columns are blank-separated lists) of the patient of an INS.

    The patient is an author where the INS is: the XCN of such documents carries it (CI-SIS, authorPerson).
    """
    kind = entry.kind
    persons = frozenset(kind.author_persons.split())
    return DocumentFacts(
        type_code=kind.type_code,
        masks=frozenset(entry.masks.split()),
        status=status_of(entry.status),
        author_persons=persons,
        author_institutions=frozenset(kind.author_institutions.split()),
        depositor=kind.depositor,
        depositor_organization=kind.depositor_organization,
        is_signature=bool(kind.is_signature),
        patient_authored=ins in persons,
    )


def knows(scope: Scope, entry: FoundEntry) -> bool:
    """Whether the requester may learn that a registered entry exists, by the rules of searching (which know one's own)."""
    return scope.viewer.decision(document_facts(scope, entry)).allowed
