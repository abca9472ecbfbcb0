"""The stored queries of ITI-18 (ITI TF-2 §3.18.4.1.2.3.7, metadata update supplement, ITI-51) as one literal table.

For each query: its UUID, what it becomes, and its parameters with the field that each fills. Parameters that are not listed are
ignored, as ITI-18 asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial

from carnet.document_query import FindDocuments, FindFolders, FindSubmissionSets, Get, GetAll, GetObjects, StoredQuery


class Form(Enum):
    """How the values of a parameter are read."""

    TEXTS = "strings"
    CODES = "codes: code^^codingScheme"
    STATUSES = "availability statuses"
    PATIENTS = "patient identifiers (CX)"
    OBJECT_TYPES = "document entry types"
    ASSOCIATION_TYPES = "association types"
    FROM = "lower bound of a time, inclusive"
    TO = "upper bound of a time, exclusive"


class Repeat(Enum):
    """How often a parameter may stand, and with how many values."""

    ONE = "one slot, one value"
    ANY_OF = "one slot, one of its values"
    ALL_OF = "several slots, one value of each"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: `field` is that of the query's dataclass."""

    name: str
    field: str
    form: Form
    repeat: Repeat = Repeat.ANY_OF
    required: bool = False


@dataclass(frozen=True, slots=True)
class QueryDefinition:
    """One stored query. `one_of` names the parameters of which exactly one must stand, `some_of` those of which at least one must."""

    uuid: str
    name: str
    build: Callable[..., StoredQuery]
    parameters: tuple[Parameter, ...]
    one_of: tuple[str, ...] = ()
    some_of: tuple[str, ...] = ()


_DE, _SS, _FD = "$XDSDocumentEntry", "$XDSSubmissionSet", "$XDSFolder"


def _patient(name: str, *, many: bool = False) -> Parameter:
    return Parameter(name, "patients", Form.PATIENTS, Repeat.ANY_OF if many else Repeat.ONE, required=not many)


def _times(prefix: str, field: str) -> tuple[Parameter, Parameter]:
    return (
        Parameter(f"{prefix}From", field, Form.FROM, Repeat.ONE),
        Parameter(f"{prefix}To", field, Form.TO, Repeat.ONE),
    )


def _codes(name: str, field: str) -> Parameter:
    return Parameter(name, field, Form.CODES)


def _all_codes(name: str, field: str) -> Parameter:
    return Parameter(name, field, Form.CODES, Repeat.ALL_OF)


_FORMAT = _codes(f"{_DE}FormatCode", "format_codes")
_CONFIDENTIALITY = _all_codes(f"{_DE}ConfidentialityCode", "confidentiality_codes")
_TYPE = Parameter(f"{_DE}Type", "object_types", Form.OBJECT_TYPES)
_CONTENT_FILTERS = (_FORMAT, _CONFIDENTIALITY, _TYPE)
_ASSOCIATION_STATUS = Parameter("$XDSAssociationStatus", "association_statuses", Form.STATUSES)

_FIND_DOCUMENTS_FILTERS = (
    Parameter(f"{_DE}Status", "statuses", Form.STATUSES, required=True),
    _codes(f"{_DE}ClassCode", "class_codes"),
    _codes(f"{_DE}TypeCode", "type_codes"),
    _codes(f"{_DE}PracticeSettingCode", "practice_settings"),
    _codes(f"{_DE}HealthcareFacilityTypeCode", "facility_types"),
    _all_codes(f"{_DE}EventCodeList", "event_codes"),
    *_CONTENT_FILTERS,
    *_times(f"{_DE}CreationTime", "creation_time"),
    *_times(f"{_DE}ServiceStartTime", "service_start_time"),
    *_times(f"{_DE}ServiceStopTime", "service_stop_time"),
    Parameter(f"{_DE}AuthorPerson", "author_persons", Form.TEXTS),
    Parameter(f"{_DE}UniqueId", "unique_ids", Form.TEXTS),  # not IHE's: care software looks up its own documents so
    Parameter(f"{_DE}LogicalID", "logical_ids", Form.TEXTS),
)
_REFERENCES = Parameter(f"{_DE}ReferenceIdList", "reference_ids", Form.TEXTS, Repeat.ALL_OF)
_REFERENCES_REQUIRED = Parameter(f"{_DE}ReferenceIdList", "reference_ids", Form.TEXTS, Repeat.ALL_OF, required=True)
_TITLE = Parameter(f"{_DE}Title", "titles", Form.TEXTS, required=True)

_FIND_FOLDERS_FILTERS = (
    Parameter(f"{_FD}Status", "statuses", Form.STATUSES, required=True),
    *_times(f"{_FD}LastUpdateTime", "last_update_time"),
    _all_codes(f"{_FD}CodeList", "codes"),
    Parameter(f"{_FD}LogicalID", "logical_ids", Form.TEXTS),
)


def _identified(prefix: str, repeat: Repeat, *, logical: bool = True) -> tuple[Parameter, ...]:
    """entryUUID, uniqueId and, in the metadata update supplement, logicalId."""
    both = (
        Parameter(f"{prefix}EntryUUID", "entry_uuids", Form.TEXTS, repeat),
        Parameter(f"{prefix}UniqueId", "unique_ids", Form.TEXTS, repeat),
    )
    return (*both, Parameter(f"{prefix}LogicalID", "logical_ids", Form.TEXTS, repeat)) if logical else both


def _get(uuid: str, what: Get, identifiers: tuple[Parameter, ...], *others: Parameter) -> QueryDefinition:
    return QueryDefinition(
        f"urn:uuid:{uuid}",
        what.value,
        partial(GetObjects, what),
        (*identifiers, *others),
        one_of=tuple(parameter.name for parameter in identifiers),
    )


_BY_UUID = (Parameter("$uuid", "entry_uuids", Form.TEXTS),)
_ENTRIES = _identified(_DE, Repeat.ANY_OF)
_ENTRY = _identified(_DE, Repeat.ONE)
_FOLDERS = _identified(_FD, Repeat.ANY_OF)
_FOLDER = _identified(_FD, Repeat.ONE)
_SUBMISSION_SET = _identified(_SS, Repeat.ONE, logical=False)

QUERIES: tuple[QueryDefinition, ...] = (
    QueryDefinition(
        "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d",
        "FindDocuments",
        FindDocuments,
        (_patient(f"{_DE}PatientId"), *_FIND_DOCUMENTS_FILTERS, _REFERENCES),
    ),
    QueryDefinition(
        "urn:uuid:f26abbcb-ac74-4422-8a30-edb644bbc1a9",
        "FindSubmissionSets",
        FindSubmissionSets,
        (
            _patient(f"{_SS}PatientId"),
            Parameter(f"{_SS}Status", "statuses", Form.STATUSES, required=True),
            Parameter(f"{_SS}SourceId", "source_ids", Form.TEXTS),
            *_times(f"{_SS}SubmissionTime", "submission_time"),
            Parameter(f"{_SS}AuthorPerson", "author_persons", Form.TEXTS, Repeat.ONE),
            _codes(f"{_SS}ContentType", "content_types"),
        ),
    ),
    QueryDefinition(
        "urn:uuid:958f3006-baad-4929-a4de-ff1114824431",
        "FindFolders",
        FindFolders,
        (_patient(f"{_FD}PatientId"), *_FIND_FOLDERS_FILTERS),
    ),
    QueryDefinition(
        "urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3",
        "GetAll",
        GetAll,
        (
            _patient("$patientId"),
            Parameter(f"{_DE}Status", "entry_statuses", Form.STATUSES, required=True),
            Parameter(f"{_SS}Status", "submission_set_statuses", Form.STATUSES, required=True),
            Parameter(f"{_FD}Status", "folder_statuses", Form.STATUSES, required=True),
            *_CONTENT_FILTERS,
        ),
    ),
    _get("5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4", Get.DOCUMENTS, _ENTRIES),
    _get("5737b14c-8a1a-4539-b659-e03a34a5e1e4", Get.FOLDERS, _FOLDERS),
    _get("a7ae438b-4bc2-4642-93e9-be891f7bb155", Get.ASSOCIATIONS, _BY_UUID, _ASSOCIATION_STATUS),
    _get("bab9529a-4a10-40b3-a01f-f68a615d247a", Get.DOCUMENTS_AND_ASSOCIATIONS, _ENTRIES, _ASSOCIATION_STATUS),
    _get("51224314-5390-4169-9b91-b1980040715a", Get.SUBMISSION_SETS, _BY_UUID),
    _get("e8e3cb2c-e39c-46b9-99e4-c12f57260b83", Get.SUBMISSION_SET_AND_CONTENTS, _SUBMISSION_SET, *_CONTENT_FILTERS),
    _get(
        "b909a503-523d-4517-8acf-8e5834dfc4c7", Get.FOLDER_AND_CONTENTS, _FOLDER, *_CONTENT_FILTERS, _ASSOCIATION_STATUS
    ),
    _get("10cae35a-c7f9-4cf5-b61e-fc3278ffb578", Get.FOLDERS_FOR_DOCUMENT, _ENTRY, _ASSOCIATION_STATUS),
    _get(
        "d90e5407-b356-4d91-a89f-873917b4b0e6",
        Get.RELATED_DOCUMENTS,
        _ENTRY,
        Parameter("$AssociationTypes", "association_types", Form.ASSOCIATION_TYPES, required=True),
        _TYPE,
        _ASSOCIATION_STATUS,
    ),
    QueryDefinition(
        "urn:uuid:12941a89-e02e-4be5-967c-ce4bfc8fe492",
        "FindDocumentsByReferenceId",
        FindDocuments,
        (_patient(f"{_DE}PatientId"), *_FIND_DOCUMENTS_FILTERS, _REFERENCES_REQUIRED),
    ),
    QueryDefinition(
        "urn:uuid:3d1bdb10-39a2-11de-89c2-2f44d94eaa9f",
        "FindDocumentsForMultiplePatients",
        FindDocuments,
        (_patient(f"{_DE}PatientId", many=True), *_FIND_DOCUMENTS_FILTERS),
        some_of=(
            f"{_DE}PatientId",
            f"{_DE}ClassCode",
            f"{_DE}EventCodeList",
            f"{_DE}HealthcareFacilityTypeCode",
        ),
    ),
    QueryDefinition(
        "urn:uuid:50d3f5ac-39a2-11de-a1ca-b366239e58df",
        "FindFoldersForMultiplePatients",
        FindFolders,
        (_patient(f"{_FD}PatientId", many=True), *_FIND_FOLDERS_FILTERS),
        some_of=(f"{_FD}PatientId", f"{_FD}CodeList"),
    ),
    QueryDefinition(
        "urn:uuid:ab474085-82b5-402d-8115-3f37cb1e2405",
        "FindDocumentsByTitle",
        FindDocuments,
        (_patient(f"{_DE}PatientId"), *_FIND_DOCUMENTS_FILTERS, _REFERENCES, _TITLE),
    ),
)

BY_UUID: dict[str, QueryDefinition] = {query.uuid: query for query in QUERIES}
BY_NAME: dict[str, QueryDefinition] = {query.name: query for query in QUERIES}
