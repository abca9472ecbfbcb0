"""The one plain model of a document's metadata (IHE ITI TF-3 §4.2, with the French cardinalities of the CI-SIS).

ebRIM at the SOAP door and FHIR at the other both map to these dataclasses; nothing else does. Identifiers stand as on the wire
(`urn:uuid:…` for UUIDs, bare dotted OIDs for uniqueIds); times are DTM text in UTC, digits only, of 4 to 14 digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct


class AvailabilityStatus(StrEnum):
    """JDV_J52: IHE's two statuses and the two French ones."""

    APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
    DEPRECATED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated"
    ARCHIVED = "urn:asip:ci-sis:2010:StatusType:Archived"
    DELETED = "urn:asip:ci-sis:2010:StatusType:Deleted"


class ObjectType(StrEnum):
    """DocumentEntry.objectType (ITI TF-3 §4.2.5.1)."""

    STABLE = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
    ON_DEMAND = "urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248"


class AssociationType(StrEnum):
    """Association types of ITI TF-3 §4.2.2 and of the metadata update supplement."""

    HAS_MEMBER = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
    RPLC = "urn:ihe:iti:2007:AssociationType:RPLC"
    APND = "urn:ihe:iti:2007:AssociationType:APND"
    XFRM = "urn:ihe:iti:2007:AssociationType:XFRM"
    XFRM_RPLC = "urn:ihe:iti:2007:AssociationType:XFRM_RPLC"
    SIGNS = "urn:ihe:iti:2007:AssociationType:signs"
    IS_SNAPSHOT_OF = "urn:ihe:iti:2010:AssociationType:IsSnapshotOf"
    UPDATE_AVAILABILITY_STATUS = "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus"
    SUBMIT_ASSOCIATION = "urn:ihe:iti:2010:AssociationType:SubmitAssociation"


RELATIONSHIPS = frozenset({AssociationType.RPLC, AssociationType.APND, AssociationType.XFRM, AssociationType.XFRM_RPLC})
"""Associations between two DocumentEntries whose target must be Approved."""

MASQUE_PS = "MASQUE_PS"
INVISIBLE_PATIENT = "INVISIBLE_PATIENT"
INVISIBLE_REPRESENTANTS_LEGAUX = "INVISIBLE_REPRESENTANTS_LEGAUX"
VISIBILITY_SYSTEM = "1.2.250.1.213.1.1.4.13"
"""TRE_A07-StatutVisibiliteDocument, the coding scheme of the three codes above."""

UNMASKED_BY_NAME = "DEMASQUE_NOMMEMENT"
"""A mark of ours among a document's masks, never on the wire: the holder unmasked it by name while everything is masked by default."""

SIGNATURE_CLASS = "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1"
"""classCode of the entry that carries the submission set's signature (JDV_J57): stored, verified, never listed."""


class Code(Struct, frozen=True):
    """A coded value: `system` is an OID or another scheme name exactly as on the wire, '' when absent."""

    code: str
    system: str = ""
    display: str = ""


@dataclass(frozen=True, slots=True)
class PatientIdentifier:
    """CX.1 and CX.4: the INS value and the OID of its authority (`1.2.250.1.213.1.4.8` for an INS-NIR)."""

    value: str
    authority: str

    def cx(self) -> str:
        """`value^^^&OID&ISO^NH`, the form that answers carry (no CX.7)."""
        return f"{self.value}^^^&{self.authority}&ISO^NH"


@dataclass(frozen=True, slots=True)
class Author:
    """One author. The four texts stand as on the wire (XCN, XON, label, `code^label^system`)."""

    person: str = ""
    institutions: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    specialties: tuple[str, ...] = ()
    telecoms: tuple[str, ...] = ()

    @property
    def person_id(self) -> str:
        """XCN.1: the PS_IdNat, INS or system identifier; '' when absent."""
        return self.person.split("^", 1)[0]

    @property
    def institution_ids(self) -> tuple[str, ...]:
        """XON.10 of each institution: the Struct_IdNat; institutions without one are left out."""
        found = (xon.split("^") for xon in self.institutions)
        return tuple(parts[9] for parts in found if len(parts) > 9 and parts[9])


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """One version of one document's metadata (protocols: ITI TF-3 §4.2.3.2 and the DMP's table).

    As submitted, `entry_uuid` may be symbolic, `logical_id` and `version` empty and `size`, `hash` absent; as registered, all are set.
    """

    entry_uuid: str
    unique_id: str
    patient_id: PatientIdentifier
    class_code: Code
    type_code: Code
    format_code: Code
    confidentiality_codes: tuple[Code, ...]
    facility_type: Code
    practice_setting: Code
    creation_time: str
    language: str
    mime_type: str
    authors: tuple[Author, ...]
    title: str = ""
    comments: str = ""
    logical_id: str = ""
    version: int = 0
    object_type: ObjectType = ObjectType.STABLE
    status: AvailabilityStatus = AvailabilityStatus.APPROVED
    event_codes: tuple[Code, ...] = ()
    legal_authenticator: str = ""
    service_start_time: str = ""
    service_stop_time: str = ""
    source_patient_id: str = ""
    source_patient_info: tuple[str, ...] = ()
    reference_ids: tuple[str, ...] = ()
    hash: str = ""
    size: int | None = None
    repository_unique_id: str = ""
    uri: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Slots that the model does not know, whose name begins with `urn:` (ITI TF-3 §4.2.3.1.6), kept and returned."""

    @property
    def masks(self) -> frozenset[str]:
        """The visibility codes beyond `N`: MASQUE_PS, INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX."""
        return frozenset(code.code for code in self.confidentiality_codes if code.system == VISIBILITY_SYSTEM)

    @property
    def is_signature(self) -> bool:
        """Whether this entry carries the signature of its submission set rather than a document of care."""
        return self.class_code.code == SIGNATURE_CLASS


@dataclass(frozen=True, slots=True)
class SubmissionSet:
    """What one sender put in at one moment (ITI TF-3 §4.2.3.3)."""

    entry_uuid: str
    unique_id: str
    source_id: str
    patient_id: PatientIdentifier
    submission_time: str
    content_type: Code
    authors: tuple[Author, ...]
    title: str = ""
    comments: str = ""
    status: AvailabilityStatus = AvailabilityStatus.APPROVED
    intended_recipients: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Folder:
    """A named group of documents of one patient (ITI TF-3 §4.2.3.4)."""

    entry_uuid: str
    unique_id: str
    patient_id: PatientIdentifier
    codes: tuple[Code, ...]
    title: str = ""
    comments: str = ""
    logical_id: str = ""
    version: int = 0
    last_update_time: str = ""
    status: AvailabilityStatus = AvailabilityStatus.APPROVED
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Association:
    """A typed link between two objects, with the slots that the update transactions give it.

    `submission_set_status` is Original or Reference (HasMember from a submission set), else ''.
    """

    entry_uuid: str
    type: AssociationType
    source: str
    target: str
    status: AvailabilityStatus = AvailabilityStatus.APPROVED
    submission_set_status: str = ""
    previous_version: int | None = None
    original_status: AvailabilityStatus | None = None
    new_status: AvailabilityStatus | None = None
    propagate: bool = True
    """False when the slot AssociationPropagation says no (metadata update supplement §3.57.4.1.3.3.1)."""
    documentation: Code | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes of one document as they came, named by the entryUUID (or symbolic id) of their DocumentEntry."""

    entry_id: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Submission:
    """All of one ITI-41 or ITI-57 request once read: nothing assigned, nothing checked."""

    submission_set: SubmissionSet
    entries: tuple[DocumentEntry, ...] = ()
    folders: tuple[Folder, ...] = ()
    associations: tuple[Association, ...] = ()
    documents: tuple[Document, ...] = ()
