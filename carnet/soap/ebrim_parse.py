"""From ebRIM elements to the model: DocumentEntry, SubmissionSet, Folder, Association (ITI TF-3 §4.2.3, §4.2.5).

Reading is lenient as care software demands: order of slots, references left out, wrong languages and charsets do not matter. Whether
what was read is complete and well-formed is the question of `metadata_forms`. What came and is not kept is named in `warnings`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from carnet.metadata import Association, AvailabilityStatus, DocumentEntry, Folder, ObjectType, SubmissionSet
from carnet.soap import ebrim_schemes as schemes
from carnet.soap.ebrim_objects import RegistryObject, read_object, status

_OBJECT_TYPES = {item.value: item for item in ObjectType}
_SUBMISSION_SET_STATUSES = frozenset({"", "Original", "Reference"})
_PROPAGATION = {"": True, "yes": True, "no": False}
_MAXIMUM_DIGITS = 18


def document_entry(element: Any, warnings: list[str], classifications: Iterable[Any] = ()) -> DocumentEntry:
    """A DocumentEntry from a rim:ExtrinsicObject. Raises InvalidMetadata for what cannot be read or stands twice."""
    read = read_object(element, "DocumentEntry", classifications)
    slots = read.slots
    for unused in schemes.UNUSED_SLOTS:
        slots.pop(unused, None)
    entry = DocumentEntry(
        entry_uuid=read.id,
        logical_id=element.get("lid", "").strip(),
        object_type=_object_type(element, read),
        status=status(element, read),
        mime_type=element.get("mimeType", "").strip(),
        version=read.version,
        title=read.name,
        comments=read.description,
        patient_id=read.patient(schemes.ENTRY_PATIENT_ID),
        unique_id=read.identifiers.pop(schemes.ENTRY_UNIQUE_ID, ""),
        authors=read.authors(schemes.ENTRY_AUTHOR),
        class_code=read.code(schemes.ENTRY_CLASS_CODE, "classCode"),
        type_code=read.code(schemes.ENTRY_TYPE_CODE, "typeCode"),
        format_code=read.code(schemes.ENTRY_FORMAT_CODE, "formatCode"),
        confidentiality_codes=read.codes(schemes.ENTRY_CONFIDENTIALITY_CODE),
        event_codes=read.codes(schemes.ENTRY_EVENT_CODE),
        facility_type=read.code(schemes.ENTRY_FACILITY_TYPE, "healthcareFacilityTypeCode"),
        practice_setting=read.code(schemes.ENTRY_PRACTICE_SETTING, "practiceSettingCode"),
        size=_number(read, "size"),
        uri=_uri(read),
        creation_time=read.single("creationTime"),
        service_start_time=read.single("serviceStartTime"),
        service_stop_time=read.single("serviceStopTime"),
        language=read.single("languageCode"),
        legal_authenticator=read.single("legalAuthenticator"),
        source_patient_id=read.single("sourcePatientId"),
        source_patient_info=slots.pop("sourcePatientInfo", ()),
        reference_ids=slots.pop(schemes.REFERENCE_ID_LIST, ()),
        repository_unique_id=read.single("repositoryUniqueId"),
        hash=read.single("hash").lower(),
        extra=read.leftover(),
    )
    _warn(read, warnings)
    return entry


def submission_set(element: Any, warnings: list[str], classifications: Iterable[Any] = ()) -> SubmissionSet:
    """A SubmissionSet from a rim:RegistryPackage of that node. Raises InvalidMetadata as `document_entry`."""
    read = read_object(element, "SubmissionSet", classifications)
    read.slots.pop("homeCommunityId", None)
    found = SubmissionSet(
        entry_uuid=read.id,
        status=status(element, read),
        title=read.name,
        comments=read.description,
        unique_id=read.identifiers.pop(schemes.SUBMISSION_SET_UNIQUE_ID, ""),
        source_id=read.identifiers.pop(schemes.SUBMISSION_SET_SOURCE_ID, ""),
        patient_id=read.patient(schemes.SUBMISSION_SET_PATIENT_ID),
        submission_time=read.single("submissionTime"),
        content_type=read.code(schemes.SUBMISSION_SET_CONTENT_TYPE, "contentTypeCode"),
        authors=read.authors(schemes.SUBMISSION_SET_AUTHOR),
        intended_recipients=read.slots.pop("intendedRecipient", ()),
        extra=read.leftover(),
    )
    _warn(read, warnings)
    return found


def folder(element: Any, warnings: list[str], classifications: Iterable[Any] = ()) -> Folder:
    """A Folder from a rim:RegistryPackage of that node. Raises InvalidMetadata as `document_entry`."""
    read = read_object(element, "Folder", classifications)
    read.slots.pop("homeCommunityId", None)
    found = Folder(
        entry_uuid=read.id,
        logical_id=element.get("lid", "").strip(),
        version=read.version,
        status=status(element, read),
        title=read.name,
        comments=read.description,
        unique_id=read.identifiers.pop(schemes.FOLDER_UNIQUE_ID, ""),
        patient_id=read.patient(schemes.FOLDER_PATIENT_ID),
        codes=read.codes(schemes.FOLDER_CODE),
        last_update_time=read.single("lastUpdateTime"),
        extra=read.leftover(),
    )
    _warn(read, warnings)
    return found


def association(element: Any, warnings: list[str], classifications: Iterable[Any] = ()) -> Association:
    """An Association; `urn:ihe:iti:2010:AssociationType:RPLC` is read as the type of 2007. Raises InvalidMetadata."""
    read = read_object(element, "Association", classifications)
    kind = schemes.ASSOCIATION_TYPES.get(element.get("associationType", "").strip())
    source, target = element.get("sourceObject", "").strip(), element.get("targetObject", "").strip()
    if kind is None:
        raise read.fault("associationType is missing or not known.")
    if not source or not target:
        raise read.fault("sourceObject or targetObject is missing.")
    set_status = read.single("SubmissionSetStatus")
    if set_status not in _SUBMISSION_SET_STATUSES:
        raise read.fault("SubmissionSetStatus is neither Original nor Reference.")
    documentation = read.code(schemes.ASSOCIATION_DOCUMENTATION, "the association's documentation")
    found = Association(
        entry_uuid=read.id,
        type=kind,
        source=source,
        target=target,
        status=status(element, read),
        submission_set_status=set_status,
        previous_version=_number(read, "PreviousVersion"),
        original_status=_slot_status(read, "OriginalStatus"),
        new_status=_slot_status(read, "NewStatus"),
        propagate=_propagation(read),
        documentation=documentation if documentation.code else None,
    )
    read.leftover()
    read.warnings += read.slots
    _warn(read, warnings)
    return found


def _object_type(element: Any, read: RegistryObject) -> ObjectType:
    found = _OBJECT_TYPES.get(element.get("objectType", "").strip())
    if found is None:
        raise read.fault("objectType is missing or not that of a document entry.")
    return found


def _number(read: RegistryObject, slot: str) -> int | None:
    value = read.single(slot)
    if not value:
        return None
    if not (value.isascii() and value.isdecimal()) or len(value) > _MAXIMUM_DIGITS:
        raise read.fault(f"{slot} is not a number.")
    return int(value)


def _uri(read: RegistryObject) -> str:
    """The URI slot: one value, or several `n|part` in order when it is long (ITI TF-3 §4.2.3.2.27)."""
    values = read.slots.pop("URI", ())
    if len(values) <= 1:
        return values[0] if values else ""
    numbered = {number: part for number, _, part in (value.partition("|") for value in values)}
    try:
        return "".join(numbered[str(number)] for number in range(1, len(values) + 1))
    except KeyError as error:
        raise read.fault("URI is not in parts numbered from 1.") from error


def _slot_status(read: RegistryObject, slot: str) -> AvailabilityStatus | None:
    value = read.single(slot)
    if not value:
        return None
    found = schemes.STATUSES.get(value)
    if found is None:
        raise read.fault(f"{slot} is not a known status.")
    return found


def _propagation(read: RegistryObject) -> bool:
    found = _PROPAGATION.get(read.single("AssociationPropagation").lower())
    if found is None:
        raise read.fault("AssociationPropagation is neither yes nor no.")
    return found


def _warn(read: RegistryObject, warnings: list[str]) -> None:
    warnings += [f"{read.kind} {read.id[:128]}: {what[:256]}" for what in read.warnings]
