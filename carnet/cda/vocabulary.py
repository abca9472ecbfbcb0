"""Whether the codes of submitted metadata come from the exchange's value sets, and its people and places are written as the CI-SIS says.

The forms that any XDS metadata have (presence, times, lengths) are the doors' to check; agreement with the document is `conformance`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from carnet.cda.formats import DICOM, SELF_PRESENTING, TEXT_XML
from carnet.cda.metadata_texts import organization_faults, parts_of, person_faults
from carnet.errors import CarnetError, InvalidMetadata, Several
from carnet.metadata import INVISIBLE_PATIENT, MASQUE_PS, VISIBILITY_SYSTEM, Author, Code, DocumentEntry, SubmissionSet
from carnet.terminology.value_sets import value_set

FRENCH = "fr-FR"
NO_LANGUAGE = "art"
"""languageCode of the entry of a signature (CI-SIS)."""
SIGNATURE_TYPE = "E1762"
SIGNATURE_FORMATS = frozenset(
    {"http://www.w3.org/2000/09/xmldsig#", "urn:ihe:iti:dsg:detached:2014", "urn:ihe:iti:dsg:enveloping:2014"}
)
CONFIDENTIALITY_SYSTEM = "2.16.840.1.113883.5.25"
MEDIA_TYPES = frozenset({TEXT_XML, SELF_PRESENTING, DICOM})
SOURCE_PATIENT_FIELDS = frozenset({3, 5, 7, 8, 11, 13, 14, 15, 16, 18, 21})
"""PID fields that sourcePatientInfo may hold (CI-SIS)."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One coded attribute and the value set that it draws from."""

    attribute: str
    value_set: str
    codes: Callable[[DocumentEntry], Iterable[Code]]


BINDINGS: tuple[Binding, ...] = (
    Binding("typeCode", "J66", lambda entry: (entry.type_code,)),
    Binding("classCode", "J57", lambda entry: (entry.class_code,)),
    Binding("formatCode", "J60", lambda entry: (entry.format_code,)),
    Binding("confidentialityCode", "J58", lambda entry: entry.confidentiality_codes),
    Binding("healthcareFacilityTypeCode", "J61", lambda entry: (entry.facility_type,)),
    Binding("practiceSettingCode", "J62", lambda entry: (entry.practice_setting,)),
    Binding("authorSpecialty", "J01", lambda entry: _specialties(entry.authors)),
)


def check_value_sets(entry: DocumentEntry, *, masked_and_invisible_together: bool = False, new: bool = True) -> None:
    """Verifies the semantics of one entry's metadata on their own.

    `masked_and_invisible_together` is the exchange's parameter of that name: may a document be hidden from professionals and from
    the patient at once? (The entry of a signature always is.) `new` is False for metadata of a document that is registered already:
    retired codes are then accepted. Raises InvalidMetadata, or Several, the subject being the uniqueId.
    """
    faults = [
        *_binding_faults(entry, new=new),
        *_confidentiality_faults(entry, together=masked_and_invisible_together or entry.is_signature),
        *_kind_faults(entry),
        *_author_faults(entry.authors),
        *_prefixed("legalAuthenticator", person_faults(entry.legal_authenticator) if entry.legal_authenticator else ()),
        *_source_patient_faults(entry),
        *_reference_faults(entry),
    ]
    if entry.service_stop_time and entry.service_stop_time < entry.service_start_time[: len(entry.service_stop_time)]:
        faults.append("serviceStopTime is before serviceStartTime.")
    _raise(faults, entry.unique_id)


def check_submission_set(submission_set: SubmissionSet) -> None:
    """Verifies the content type (JDV_J59) and the author of a submission set. Raises InvalidMetadata, or Several."""
    content_type = submission_set.content_type
    faults = [*_author_faults(submission_set.authors)]
    if len(submission_set.authors) != 1:
        faults.append("a submission set has one author.")
    if not value_set("J59").active(content_type.code, _system(content_type)):
        faults.append("contentTypeCode is not in the value set JDV_J59.")
    _raise(faults, submission_set.unique_id)


def _raise(faults: list[str], subject: str) -> None:
    errors: tuple[CarnetError, ...] = tuple(InvalidMetadata(fault, subject=subject) for fault in faults)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise Several(errors)


def _prefixed(attribute: str, faults: Iterable[str]) -> Iterator[str]:
    return (f"{attribute}: {fault}." for fault in faults)


def _system(code: Code) -> str:
    return code.system.removeprefix("urn:oid:")


# --- the rules ----------------------------------------------------------------------------------------------------


def _binding_faults(entry: DocumentEntry, *, new: bool) -> Iterator[str]:
    for binding in BINDINGS:
        allowed = value_set(binding.value_set)
        belongs = allowed.active if new else allowed.contains
        if not all(belongs(code.code, _system(code)) for code in binding.codes(entry)):
            yield f"{binding.attribute} is not in the value set JDV_{binding.value_set}, with its coding scheme."


def _confidentiality_faults(entry: DocumentEntry, *, together: bool) -> Iterator[str]:
    first, *others = entry.confidentiality_codes or (Code(""),)
    if _system(first) != CONFIDENTIALITY_SYSTEM:
        yield f"the first confidentialityCode is that of the document (N, scheme {CONFIDENTIALITY_SYSTEM})."
    if any(_system(code) != VISIBILITY_SYSTEM for code in others):
        yield f"the confidentialityCodes after the first are of the scheme {VISIBILITY_SYSTEM}."
    if len({code.code for code in others}) != len(others):
        yield "a confidentialityCode is repeated."
    if not together and {MASQUE_PS, INVISIBLE_PATIENT} <= entry.masks:
        yield "a document cannot be hidden from professionals and from the patient at once."


def _kind_faults(entry: DocumentEntry) -> Iterator[str]:
    """What the entry of a signature must be, and no other entry may be."""
    signature = entry.is_signature
    if (entry.type_code.code == SIGNATURE_TYPE) != signature or (
        entry.format_code.code in SIGNATURE_FORMATS
    ) != signature:
        yield "classCode, typeCode and formatCode are those of a signature together, or none of them is."
    if entry.language != (NO_LANGUAGE if signature else FRENCH):
        yield f"languageCode is {NO_LANGUAGE if signature else FRENCH}."
    if entry.mime_type not in ({TEXT_XML} if signature else MEDIA_TYPES):
        yield "mimeType is not one that this kind of document may have."


def _author_faults(authors: tuple[Author, ...]) -> Iterator[str]:
    for author in authors:
        yield from _prefixed("authorPerson", person_faults(author.person))
        for institution in author.institutions:
            yield from _prefixed("authorInstitution", organization_faults(institution))
        if len(author.institutions) > 1 or len(author.specialties) > 1:
            yield "an author has at most one authorInstitution and one authorSpecialty."


def _source_patient_faults(entry: DocumentEntry) -> Iterator[str]:
    for value in entry.source_patient_info:
        field, bar, _ = value.partition("|")
        number = field.removeprefix("PID-")
        if not bar or field == number or not number.isdecimal() or int(number) not in SOURCE_PATIENT_FIELDS:
            yield "sourcePatientInfo holds a field that is not one of those allowed."
            return


def _reference_faults(entry: DocumentEntry) -> Iterator[str]:
    if not entry.reference_ids:
        return
    known = {concept.code for concept in value_set("J231").codes}
    if any(parts_of(reference, 5)[4] not in known for reference in entry.reference_ids):
        yield "referenceIdList holds an identifier whose type is not in the value set JDV_J231."


def _specialties(authors: tuple[Author, ...]) -> Iterator[Code]:
    for author in authors:
        for specialty in author.specialties:
            code, label, system = parts_of(specialty, 3)
            yield Code(code, system, label)
