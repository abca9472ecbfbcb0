"""From the model to ebRIM elements, as text: the fragments that the registry keeps beside each object and that answers join.

String templates, because building trees costs ten times more. A fragment is one element with the prefix `rim:`, which whoever
joins fragments declares. Classifications and external identifiers get ids derived from their object's, the same at each rendering.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from carnet.metadata import Association, Author, Code, DocumentEntry, Folder, SubmissionSet
from carnet.soap import ebrim_schemes as schemes
from carnet.soap.xml_text import attribute, text

Values = Iterable[str]
_PACKAGE_TYPE = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:RegistryPackage"
_ASSOCIATION_TYPE = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Association"
_CLASSIFICATION_TYPE = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Classification"
_IDENTIFIER_TYPE = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:ExternalIdentifier"
_IDENTIFIER_NAMES = {
    schemes.ENTRY_PATIENT_ID: "XDSDocumentEntry.patientId",
    schemes.ENTRY_UNIQUE_ID: "XDSDocumentEntry.uniqueId",
    schemes.SUBMISSION_SET_PATIENT_ID: "XDSSubmissionSet.patientId",
    schemes.SUBMISSION_SET_UNIQUE_ID: "XDSSubmissionSet.uniqueId",
    schemes.SUBMISSION_SET_SOURCE_ID: "XDSSubmissionSet.sourceId",
    schemes.FOLDER_PATIENT_ID: "XDSFolder.patientId",
    schemes.FOLDER_UNIQUE_ID: "XDSFolder.uniqueId",
}
_DERIVED = uuid.UUID("5b1c8f0e-6c0d-5a57-9d0a-3f6d0d3c7a11").bytes
_NAMED = {
    scheme: f'<rim:Name><rim:LocalizedString value="{name}"/></rim:Name></rim:ExternalIdentifier>'
    for scheme, name in _IDENTIFIER_NAMES.items()
}
_SLOT_END = "</rim:Value></rim:ValueList></rim:Slot>"
CODES_KEPT = 2048
"""Codes whose text is kept: those of the value sets, mostly."""


@dataclass(frozen=True, slots=True)
class EbrimRenderer:
    """What the registry is given to render objects (its Renderer protocol).

    Every method raises InvalidMetadata when a value holds a character that XML cannot carry.
    """

    def entry(self, entry: DocumentEntry) -> bytes:
        """A rim:ExtrinsicObject."""
        return _entry(entry).encode()

    def submission_set(self, submission_set: SubmissionSet) -> bytes:
        """A rim:RegistryPackage classified as submission set."""
        return _submission_set(submission_set).encode()

    def folder(self, folder: Folder) -> bytes:
        """A rim:RegistryPackage classified as folder."""
        return _folder(folder).encode()

    def association(self, association: Association) -> bytes:
        """A rim:Association with the slots of its kind."""
        return _association(association).encode()


def _entry(entry: DocumentEntry) -> str:
    owner = _Owner(entry.entry_uuid)
    size = "" if entry.size is None else str(entry.size)
    return "".join(
        (
            f"<rim:ExtrinsicObject id={owner.quoted}{_optional('lid', entry.logical_id)}",
            f' mimeType={attribute(entry.mime_type)} objectType="{entry.object_type}" status="{entry.status}">',
            _slot("creationTime", entry.creation_time),
            _slot("hash", entry.hash),
            _slot("languageCode", entry.language),
            _slot("legalAuthenticator", entry.legal_authenticator),
            _slot("repositoryUniqueId", entry.repository_unique_id),
            _slot("serviceStartTime", entry.service_start_time),
            _slot("serviceStopTime", entry.service_stop_time),
            _slot("size", size),
            _slot("sourcePatientId", entry.source_patient_id),
            _slots("sourcePatientInfo", entry.source_patient_info),
            _slots(schemes.REFERENCE_ID_LIST, entry.reference_ids),
            _slot("URI", entry.uri),
            _extra(entry.extra),
            _head(entry.title, entry.comments, entry.version),
            _authors(owner, schemes.ENTRY_AUTHOR, entry.authors),
            owner.code(schemes.ENTRY_CLASS_CODE, entry.class_code),
            owner.codes(schemes.ENTRY_CONFIDENTIALITY_CODE, entry.confidentiality_codes),
            owner.codes(schemes.ENTRY_EVENT_CODE, entry.event_codes),
            owner.code(schemes.ENTRY_FORMAT_CODE, entry.format_code),
            owner.code(schemes.ENTRY_FACILITY_TYPE, entry.facility_type),
            owner.code(schemes.ENTRY_PRACTICE_SETTING, entry.practice_setting),
            owner.code(schemes.ENTRY_TYPE_CODE, entry.type_code),
            owner.identifier(schemes.ENTRY_PATIENT_ID, entry.patient_id.cx()),
            owner.identifier(schemes.ENTRY_UNIQUE_ID, entry.unique_id),
            "</rim:ExtrinsicObject>",
        )
    )


def _submission_set(item: SubmissionSet) -> str:
    owner = _Owner(item.entry_uuid)
    return "".join(
        (
            f'<rim:RegistryPackage id={owner.quoted} objectType="{_PACKAGE_TYPE}" status="{item.status}">',
            _slot("submissionTime", item.submission_time),
            _slots("intendedRecipient", item.intended_recipients),
            _extra(item.extra),
            _head(item.title, item.comments, 0),
            _authors(owner, schemes.SUBMISSION_SET_AUTHOR, item.authors),
            owner.code(schemes.SUBMISSION_SET_CONTENT_TYPE, item.content_type),
            owner.node(schemes.SUBMISSION_SET_NODE),
            owner.identifier(schemes.SUBMISSION_SET_PATIENT_ID, item.patient_id.cx()),
            owner.identifier(schemes.SUBMISSION_SET_UNIQUE_ID, item.unique_id),
            owner.identifier(schemes.SUBMISSION_SET_SOURCE_ID, item.source_id),
            "</rim:RegistryPackage>",
        )
    )


def _folder(item: Folder) -> str:
    owner = _Owner(item.entry_uuid)
    return "".join(
        (
            f"<rim:RegistryPackage id={owner.quoted}{_optional('lid', item.logical_id)}",
            f' objectType="{_PACKAGE_TYPE}" status="{item.status}">',
            _slot("lastUpdateTime", item.last_update_time),
            _extra(item.extra),
            _head(item.title, item.comments, item.version),
            owner.codes(schemes.FOLDER_CODE, item.codes),
            owner.node(schemes.FOLDER_NODE),
            owner.identifier(schemes.FOLDER_PATIENT_ID, item.patient_id.cx()),
            owner.identifier(schemes.FOLDER_UNIQUE_ID, item.unique_id),
            "</rim:RegistryPackage>",
        )
    )


def _association(item: Association) -> str:
    owner = _Owner(item.entry_uuid)
    previous = "" if item.previous_version is None else str(item.previous_version)
    return "".join(
        (
            f'<rim:Association id={owner.quoted} associationType="{item.type}" objectType="{_ASSOCIATION_TYPE}"',
            f' sourceObject={attribute(item.source)} status="{item.status}" targetObject={attribute(item.target)}>',
            _slot("SubmissionSetStatus", item.submission_set_status),
            _slot("PreviousVersion", previous),
            _slot("OriginalStatus", item.original_status or ""),
            _slot("NewStatus", item.new_status or ""),
            _slot("AssociationPropagation", "" if item.propagate else "no"),
            owner.code(schemes.ASSOCIATION_DOCUMENTATION, item.documentation) if item.documentation else "",
            "</rim:Association>",
        )
    )


class _Owner:
    """The object being rendered, and the ids of what belongs to it: the same 24 characters, then a number."""

    __slots__ = ("belonging", "number", "quoted")

    def __init__(self, identifier: str) -> None:
        self.quoted = attribute(identifier)
        registered = identifier.startswith("urn:uuid:")
        prefix = _derived(identifier) if registered else f"{text(identifier)}."
        self.belonging = f'{self.quoted} id="{prefix}'
        self.number = 0

    def code(self, scheme: str, code: Code) -> str:
        """A rim:Classification for a coded value; '' for the absent one."""
        if not code.code:
            return ""
        self.number += 1
        begin = f'<rim:Classification classificationScheme="{scheme}" classifiedObject={self.belonging}'
        return f'{begin}{self.number:012x}" {_coded(code)}'

    def codes(self, scheme: str, codes: Iterable[Code]) -> str:
        """One rim:Classification each."""
        return "".join([self.code(scheme, code) for code in codes])

    def classification(self, scheme: str, escaped: str, content: str) -> str:
        """A rim:Classification with its nodeRepresentation, escaped already, and its content."""
        self.number += 1
        return (
            f'<rim:Classification classificationScheme="{scheme}" classifiedObject={self.belonging}{self.number:012x}"'
            f' nodeRepresentation="{escaped}" objectType="{_CLASSIFICATION_TYPE}">{content}</rim:Classification>'
        )

    def node(self, node: str) -> str:
        """A rim:Classification that says what a RegistryPackage is."""
        self.number += 1
        return (
            f'<rim:Classification classificationNode="{node}" classifiedObject={self.belonging}{self.number:012x}"'
            f' objectType="{_CLASSIFICATION_TYPE}"/>'
        )

    def identifier(self, scheme: str, value: str) -> str:
        """A rim:ExternalIdentifier."""
        self.number += 1
        return (
            f'<rim:ExternalIdentifier registryObject={self.belonging}{self.number:012x}" identificationScheme="{scheme}"'
            f' objectType="{_IDENTIFIER_TYPE}" value="{text(value)}">{_NAMED[scheme]}'
        )


def _derived(identifier: str) -> str:
    """What the ids of a registered object's own begin with: the first 24 characters of its UUID of version 5, as a `urn:uuid:`."""
    digest = hashlib.sha1(_DERIVED + identifier.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"urn:uuid:{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-"


@lru_cache(maxsize=CODES_KEPT)
def _coded(code: Code) -> str:
    """A rim:Classification of a coded value from its nodeRepresentation on. Kept: the same codes come again and again."""
    name = f"<rim:Name>{_localized(code.display)}</rim:Name>" if code.display else ""
    content = f"{_slot('codingScheme', code.system)}{name}"
    return f'nodeRepresentation="{text(code.code)}" objectType="{_CLASSIFICATION_TYPE}">{content}</rim:Classification>'


def _authors(owner: _Owner, scheme: str, authors: Iterable[Author]) -> str:
    return "".join(
        [
            owner.classification(
                scheme,
                "",
                _slot("authorPerson", author.person)
                + _slots("authorInstitution", author.institutions)
                + _slots("authorRole", author.roles)
                + _slots("authorSpecialty", author.specialties)
                + _slots("authorTelecommunication", author.telecoms),
            )
            for author in authors
        ]
    )


def _slot(name: str, value: str) -> str:
    """A rim:Slot of one value, whose name needs no escaping; '' without a value."""
    return f'<rim:Slot name="{name}"><rim:ValueList><rim:Value>{text(value)}{_SLOT_END}' if value else ""


def _slots(name: str, values: Values) -> str:
    """The same of several values, those left out that are empty."""
    given = "</rim:Value><rim:Value>".join([text(value) for value in values if value])
    return f'<rim:Slot name="{name}"><rim:ValueList><rim:Value>{given}{_SLOT_END}' if given else ""


def _extra(slots: Iterable[tuple[str, tuple[str, ...]]]) -> str:
    return "".join([_slots(attribute(name)[1:-1], values) for name, values in slots])


def _head(title: str, comments: str, version: int) -> str:
    """Name, Description and VersionInfo, in the order of the schema."""
    name = f"<rim:Name>{_localized(title)}</rim:Name>" if title else ""
    description = f"<rim:Description>{_localized(comments)}</rim:Description>" if comments else ""
    return f"{name}{description}" + (f'<rim:VersionInfo versionName="{version}"/>' if version else "")


def _localized(value: str) -> str:
    return f'<rim:LocalizedString value="{text(value)}"/>'


def _optional(name: str, value: str) -> str:
    return f" {name}={attribute(value)}" if value else ""
