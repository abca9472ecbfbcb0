"""What a caller looks for: the sixteen stored queries of ITI-18 (ITI TF-2 §3.18.4.1.2.3.7) as plain values, whatever the door.

A `CodeFilter` with system '' matches any coding scheme. `AllOf` is the repeated-slot semantics: every inner tuple must match by one value.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from carnet.metadata import AssociationType, AvailabilityStatus, ObjectType, PatientIdentifier


class ReturnType(StrEnum):
    """Whole metadata or references only (ITI TF-2 §3.18.4.1.2.6)."""

    LEAF_CLASS = "LeafClass"
    OBJECT_REF = "ObjectRef"


@dataclass(frozen=True, slots=True)
class CodeFilter:
    """A wanted code; `system` '' means any scheme (clients leave it out)."""

    code: str
    system: str = ""


AllOf = tuple[tuple[CodeFilter, ...], ...]
"""Each inner tuple is one slot: one of its codes must be present; all slots must match."""


@dataclass(frozen=True, slots=True)
class TimeRange:
    """`start <= value < stop`, DTM digits in UTC compared at the precision given; '' leaves a side open."""

    start: str = ""
    stop: str = ""


@dataclass(frozen=True, slots=True)
class FindDocuments:
    """FindDocuments, FindDocumentsByReferenceId, FindDocumentsByTitle and FindDocumentsForMultiplePatients.

    `author_persons` and `titles` are SQL LIKE patterns (`%`, `_`). Empty tuples do not filter.
    """

    patients: tuple[PatientIdentifier, ...]
    statuses: tuple[AvailabilityStatus, ...]
    class_codes: tuple[CodeFilter, ...] = ()
    type_codes: tuple[CodeFilter, ...] = ()
    practice_settings: tuple[CodeFilter, ...] = ()
    facility_types: tuple[CodeFilter, ...] = ()
    format_codes: tuple[CodeFilter, ...] = ()
    event_codes: AllOf = ()
    confidentiality_codes: AllOf = ()
    reference_ids: tuple[tuple[str, ...], ...] = ()
    creation_time: TimeRange = TimeRange()
    service_start_time: TimeRange = TimeRange()
    service_stop_time: TimeRange = TimeRange()
    author_persons: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    object_types: tuple[ObjectType, ...] = (ObjectType.STABLE,)
    unique_ids: tuple[str, ...] = ()
    logical_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FindSubmissionSets:
    """Submission sets of patients, by status, source, time, author and content type."""

    patients: tuple[PatientIdentifier, ...]
    statuses: tuple[AvailabilityStatus, ...]
    source_ids: tuple[str, ...] = ()
    submission_time: TimeRange = TimeRange()
    author_persons: tuple[str, ...] = ()
    content_types: tuple[CodeFilter, ...] = ()


@dataclass(frozen=True, slots=True)
class FindFolders:
    """FindFolders and FindFoldersForMultiplePatients."""

    patients: tuple[PatientIdentifier, ...]
    statuses: tuple[AvailabilityStatus, ...]
    last_update_time: TimeRange = TimeRange()
    codes: AllOf = ()
    logical_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GetAll:
    """Everything of one patient, with a status filter for each kind of object."""

    patients: tuple[PatientIdentifier, ...]
    entry_statuses: tuple[AvailabilityStatus, ...]
    submission_set_statuses: tuple[AvailabilityStatus, ...]
    folder_statuses: tuple[AvailabilityStatus, ...]
    format_codes: tuple[CodeFilter, ...] = ()
    confidentiality_codes: AllOf = ()
    object_types: tuple[ObjectType, ...] = (ObjectType.STABLE,)


class Get(StrEnum):
    """The queries that start from identifiers."""

    DOCUMENTS = "GetDocuments"
    FOLDERS = "GetFolders"
    ASSOCIATIONS = "GetAssociations"
    DOCUMENTS_AND_ASSOCIATIONS = "GetDocumentsAndAssociations"
    SUBMISSION_SETS = "GetSubmissionSets"
    SUBMISSION_SET_AND_CONTENTS = "GetSubmissionSetAndContents"
    FOLDER_AND_CONTENTS = "GetFolderAndContents"
    FOLDERS_FOR_DOCUMENT = "GetFoldersForDocument"
    RELATED_DOCUMENTS = "GetRelatedDocuments"


@dataclass(frozen=True, slots=True)
class GetObjects:
    """One of `Get`, by exactly one of entryUUIDs, uniqueIds or logicalIds; the patient comes from the requester."""

    what: Get
    entry_uuids: tuple[str, ...] = ()
    unique_ids: tuple[str, ...] = ()
    logical_ids: tuple[str, ...] = ()
    association_types: tuple[AssociationType, ...] = ()
    association_statuses: tuple[AvailabilityStatus, ...] = ()
    format_codes: tuple[CodeFilter, ...] = ()
    confidentiality_codes: AllOf = ()
    object_types: tuple[ObjectType, ...] = (ObjectType.STABLE,)


StoredQuery = FindDocuments | FindSubmissionSets | FindFolders | GetAll | GetObjects
