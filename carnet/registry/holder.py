"""Whose registry an act works in, and what the registry is given rather than imports: the sealing key and the wire renderer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from carnet.metadata import Association, DocumentEntry, Folder, SubmissionSet
from carnet.registry.found import FoundEntry

Visible = Callable[[FoundEntry], bool]
"""Whether the caller may know of a registered entry. What this denies behaves exactly as what is absent."""


class SealingKey(Protocol):
    """What the registry needs of `crypto.envelope.PatientKey`."""

    @property
    def pseudonym(self) -> str:
        """The random name of the key's person, unique in the platform."""
        ...

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypts for one place, which `context` names."""
        ...

    def open(self, sealed: bytes, context: str) -> bytes:
        """The plain bytes; raises IntegrityFailure for any other context or key."""
        ...


class Renderer(Protocol):
    """How a registered object looks on the wire, kept sealed beside it so that an answer is only joined (implemented by the SOAP door)."""

    def entry(self, entry: DocumentEntry) -> bytes:
        """The object of one version of a DocumentEntry."""
        ...

    def submission_set(self, submission_set: SubmissionSet) -> bytes:
        """The object of a submission set."""
        ...

    def folder(self, folder: Folder) -> bytes:
        """The object of one version of a folder."""
        ...

    def association(self, association: Association) -> bytes:
        """An association; made for each answer, never kept."""
        ...


@dataclass(frozen=True, slots=True)
class Holder:
    """One patient's registry and who works in it now.

    `patient_key` is the internal key of the patient, `key` the person's sealing key. `requester_id` (PS_IdNat, or the structure's internal
    identifier) and `organization_id` (Struct_IdNat) become the depositor of what is registered. `now` is in microseconds UTC.
    `identifier` is the patient's current INS (CX), which wire forms carry.
    """

    patient_key: int
    key: SealingKey
    requester_id: str
    organization_id: str
    now: int
    identifier: str
