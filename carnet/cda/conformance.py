"""What must agree between a document and its DocumentEntry, the header of the document being right (CI-SIS: the mapping to XDS).

Metadata decide who finds a document, reads it, masks it: an entry that says other things than its document would lead them astray.
Each comparison stands in `COMPARISONS` with its verdict and reason; the public example documents, which are not always of one mind,
were the measure of what can be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from carnet.cda.entry_mapping import TITLE_LENGTH
from carnet.cda.formats import DICOM, KOS_FORMAT, fits, mime_type_of, wraps_what_it_says
from carnet.cda.header import CdaHeader, read_header
from carnet.cda.kos import KosHeader, read_kos
from carnet.cda.kos import faults as kos_faults
from carnet.cda.participants import INS_AUTHORITIES, Participant
from carnet.cda.timestamps import same_moment
from carnet.errors import CarnetError, InvalidDocument, PatientMismatch, Several
from carnet.metadata import Code, DocumentEntry
from carnet.terminology.value_sets import class_of

Verdict = Literal["refuse", "tolerate"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One attribute of the metadata against the header: `agrees` says whether they do, `verdict` what follows when they do not."""

    attribute: str
    verdict: Verdict
    reason: str
    agrees: Callable[[DocumentEntry, CdaHeader], bool]


def check(entry: DocumentEntry, content: bytes, *, header: CdaHeader | None = None) -> CdaHeader | KosHeader | None:
    """Verifies a document against its entry and returns its header; None for the entry of a submission set's signature.

    `header` spares reading the document again when the caller has its tree (`header_of`). Raises PatientMismatch when the document
    is about another patient, InvalidDocument for any other difference, Several when there is more than one; the subject is the
    entry's uniqueId.
    """
    if entry.is_signature:
        return None
    found: CdaHeader | KosHeader
    try:
        if entry.mime_type == DICOM or entry.format_code.code == KOS_FORMAT.code:
            found = read_kos(content)
            errors = list(kos_faults(entry, found))
        else:
            found = header or read_header(content)
            errors = list(_faults(entry, found))
    except InvalidDocument as error:
        raise InvalidDocument(error.message, subject=entry.unique_id) from error
    _raise(errors)
    return found


def check_replacement(header: CdaHeader, replaced_unique_id: str, *, replaced_set_id: str = "") -> None:
    """Verifies a document that comes with an RPLC association (CI-SIS: a new version keeps setId and names its parent).

    Only what the document says is held against it: several public examples of later versions name no parent, or one that is not an
    OID. Raises InvalidDocument when it names another parent, claims another set, or claims to be the first version.
    """
    parents = [one for related in header.related if related.type == "RPLC" for one in related.ids]
    if parents and all(one.root != replaced_unique_id for one in parents if not one.extension):
        raise InvalidDocument("The document replaces another one than the association says.", subject=header.id.root)
    if replaced_set_id and header.set_id.root and header.set_id.root != replaced_set_id:
        raise InvalidDocument("The document's setId is not that of the document it replaces.", subject=header.id.root)
    if parents and header.version_number == 1:
        raise InvalidDocument("A first version (versionNumber 1) replaces nothing.", subject=header.id.root)


def differences(entry: DocumentEntry, header: CdaHeader) -> tuple[Comparison, ...]:
    """Every comparison that does not hold, tolerated ones included: for a console or a sender's own tests."""
    return tuple(one for one in COMPARISONS if not one.agrees(entry, header))


def _faults(entry: DocumentEntry, header: CdaHeader) -> Iterator[CarnetError]:
    yield from _patient_faults(entry, header)
    if not wraps_what_it_says(header):
        sentence = "The document's body is not, in base64, a file of the media type that it says."
        yield InvalidDocument(sentence, subject=entry.unique_id)
    for one in differences(entry, header):
        if one.verdict == "refuse":
            yield InvalidDocument(f"{one.attribute}: {one.reason}", subject=entry.unique_id)


def _patient_faults(entry: DocumentEntry, header: CdaHeader) -> Iterator[CarnetError]:
    """The recordTarget names the patient by the INS of the entry and by no other INS; people named elsewhere are not the patient."""
    named = [one for one in header.patient.ids if one.root in INS_AUTHORITIES]
    if not named:
        yield InvalidDocument("The document's recordTarget carries no INS.", subject=entry.unique_id)
    elif any((one.extension, one.root) != (entry.patient_id.value, entry.patient_id.authority) for one in named):
        yield PatientMismatch("The document is not about the patient of its metadata.", subject=entry.unique_id)


def _raise(errors: list[CarnetError]) -> None:
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise Several(tuple(errors))


# --- the comparisons ------------------------------------------------------------------------------------------------


def _same_code(one: Code, other: Code) -> bool:
    return one.code == other.code and (not one.system or not other.system or one.system == other.system)


def _identifier(entry: DocumentEntry, header: CdaHeader) -> bool:
    return entry.unique_id == header.id.root and not header.id.extension


def _confidentiality(entry: DocumentEntry, header: CdaHeader) -> bool:
    return bool(entry.confidentiality_codes) and _same_code(entry.confidentiality_codes[0], header.confidentiality)


def _title(entry: DocumentEntry, header: CdaHeader) -> bool:
    return " ".join(entry.title.split()) == header.title[:TITLE_LENGTH].strip()


def _start(entry: DocumentEntry, header: CdaHeader) -> bool:
    return any(same_moment(entry.service_start_time, event.start) for event in header.events)


def _stop(entry: DocumentEntry, header: CdaHeader) -> bool:
    known = [event.stop for event in header.events if event.stop]
    return not entry.service_stop_time or not known or any(same_moment(entry.service_stop_time, one) for one in known)


def _setting(entry: DocumentEntry, header: CdaHeader) -> bool:
    return any(
        _same_code(entry.practice_setting, event.performer.organization.practice_setting) for event in header.events
    )


def _named(text: str, participants: tuple[Participant, ...]) -> bool:
    identifier = text.split("^", 1)[0]
    return any(identifier == one.extension for participant in participants for one in participant.ids)


def _authors(entry: DocumentEntry, header: CdaHeader) -> bool:
    return all(_named(author.person, header.authors) for author in entry.authors)


def _legal_authenticator(entry: DocumentEntry, header: CdaHeader) -> bool:
    return not entry.legal_authenticator or _named(entry.legal_authenticator, (header.legal_authenticator,))


def _event_codes(entry: DocumentEntry, header: CdaHeader) -> bool:
    documented = {event.code.code for event in header.events}
    return all(code.code in documented for code in entry.event_codes)


def _institutions(entry: DocumentEntry, header: CdaHeader) -> bool:
    known = {one.extension for author in header.authors for one in author.organization.ids}
    return all(found in known for author in entry.authors for found in author.institution_ids)


def _version(_entry: DocumentEntry, header: CdaHeader) -> bool:
    replaces = any(related.type == "RPLC" for related in header.related)
    return bool(header.set_id.root) and replaces == ((header.version_number or 0) > 1)


COMPARISONS: tuple[Comparison, ...] = (
    Comparison("uniqueId", "refuse", "it is the root of the document's id, which has no extension.", _identifier),
    Comparison("typeCode", "refuse", "it is the code of the document.", lambda e, h: _same_code(e.type_code, h.code)),
    Comparison(
        "classCode",
        "refuse",
        "it is the class of the document's type.",
        lambda e, h: e.class_code.code == class_of(h.code.code),
    ),
    Comparison("confidentialityCode", "refuse", "the first is that of the document.", _confidentiality),
    Comparison(
        "creationTime",
        "refuse",
        "it is the document's effectiveTime, in UTC.",
        lambda e, h: same_moment(e.creation_time, h.effective_time),
    ),
    Comparison(
        "languageCode",
        "refuse",
        "it is that of the document.",
        lambda e, h: e.language.casefold() == h.language.casefold(),
    ),
    # white space apart: titles of the public examples end in blanks
    Comparison("title", "refuse", "it is that of the document.", _title),
    # any act of the document: examples carry several timed ones, and the order says nothing
    Comparison("serviceStartTime", "refuse", "it is when an act of the document begins, in UTC.", _start),
    # only held against a document that says when an act ends: half of the examples do not
    Comparison("serviceStopTime", "refuse", "it is when an act of the document ends, in UTC.", _stop),
    Comparison("practiceSettingCode", "refuse", "it is the standardIndustryClassCode of a performer.", _setting),
    Comparison(
        "healthcareFacilityTypeCode",
        "refuse",
        "it is the code of the document's healthCareFacility.",
        lambda e, h: _same_code(e.facility_type, h.facility),
    ),
    Comparison(
        "mimeType",
        "refuse",
        "it is text/xml for a CDA document, application/xslt+xml for a self-presenting one.",
        lambda e, h: e.mime_type == mime_type_of(h),
    ),
    Comparison(
        "formatCode",
        "refuse",
        "it does not suit the document's templates and body.",
        lambda e, h: fits(e.format_code, h),
    ),
    # by identifier alone, whatever its root and the spelling of the name: one example has a root that is no register
    Comparison("author", "refuse", "the document names each author of the metadata.", _authors),
    Comparison("legalAuthenticator", "refuse", "it is that of the document.", _legal_authenticator),
    Comparison("eventCodeList", "tolerate", "modality and body region are not acts of the header.", _event_codes),
    Comparison("authorInstitution", "tolerate", "several examples name an author without a structure.", _institutions),
    Comparison("versionNumber", "tolerate", "examples of version 2 or more often name no parent.", _version),
)
