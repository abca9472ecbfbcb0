"""DICOM Key Object Selection documents (IHE RAD XDS-I.b, KOS in the DMP): what a study's manifest says of its patient and study.

A KOS holds references only: no pixels, no compressed data set. The preamble must be empty or that of a TIFF file, so that a
manifest cannot at the same time be a program (DICOM PS3.10 §7.1, CVE-2019-11687).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from carnet.cda.dicom_files import is_whole, read_dicom
from carnet.cda.formats import DICOM, KOS_FORMAT
from carnet.cda.participants import INS_AUTHORITIES
from carnet.errors import CarnetError, InvalidDocument, PatientMismatch
from carnet.metadata import DocumentEntry, PatientIdentifier

KOS_CLASS = "1.2.840.10008.5.1.4.1.1.88.59"
LIMIT = 16 * 1024 * 1024
"""Bytes: a study of 50 000 images makes a manifest of about 10 MB."""
STUDY_INSTANCE_UID = "urn:ihe:iti:xds:2016:studyInstanceUID"

_TRANSFER_SYNTAXES = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.1"})
"""Little endian, implicit or explicit VR: nothing compressed."""
_TIFF = (b"II*\x00", b"MM\x00*")
_PIXELS = 0x7FE00010
_EVIDENCE = "CurrentRequestedProcedureEvidenceSequence"


@dataclass(frozen=True, slots=True)
class KosHeader:
    """A manifest: `patients` are the identifiers whose authority it names, `studies` its own study and those it references."""

    unique_id: str
    patients: tuple[PatientIdentifier, ...]
    study: str
    studies: frozenset[str]


def read_kos(content: bytes) -> KosHeader:
    """The head of a KOS document. Raises InvalidDocument for anything else, however it is broken."""
    if len(content) > LIMIT:
        raise InvalidDocument(f"A DICOM manifest has at most {LIMIT} bytes.")
    preamble = content[:128]
    if content[128:132] != b"DICM" or (any(preamble) and not preamble.startswith(_TIFF)):
        raise InvalidDocument("The document is not a DICOM file with an empty preamble.")
    try:
        return _read(content)
    except InvalidDocument:
        raise
    except Exception as error:
        # pydicom answers broken files with many kinds of error, RecursionError and struct.error among them
        raise InvalidDocument("The document is not a readable DICOM file.") from error


def faults(entry: DocumentEntry, header: KosHeader) -> Iterator[CarnetError]:
    """What differs between a manifest and its entry (XDS-I.b: uniqueId is the SOP instance, referenceIdList names the study)."""
    subject = entry.unique_id
    patients = [one for one in header.patients if one.authority in INS_AUTHORITIES]
    if not patients:
        yield InvalidDocument("The DICOM manifest names its patient by no INS.", subject=subject)
    elif any(one != entry.patient_id for one in patients):
        yield PatientMismatch("The document is not about the patient of its metadata.", subject=subject)
    if header.unique_id != entry.unique_id:
        yield InvalidDocument("uniqueId: it is the manifest's SOP Instance UID.", subject=subject)
    if entry.mime_type != DICOM or entry.format_code.code != KOS_FORMAT.code:
        yield InvalidDocument(f"A DICOM manifest has mimeType {DICOM} and formatCode {KOS_CLASS}.", subject=subject)
    if entry.type_code.code != "IMG-KOS":
        yield InvalidDocument("typeCode: it is IMG-KOS for a DICOM manifest.", subject=subject)
    named = [one.split("^", 1)[0] for one in entry.reference_ids if one.endswith(f"^{STUDY_INSTANCE_UID}")]
    if any(study not in header.studies for study in named):
        yield InvalidDocument("referenceIdList: the manifest does not reference this study.", subject=subject)


def _read(content: bytes) -> KosHeader:
    found = read_dicom(content)
    if str(found.file_meta.get("TransferSyntaxUID", "")) not in _TRANSFER_SYNTAXES:
        raise InvalidDocument("A DICOM manifest is written little endian and uncompressed.")
    if not is_whole(found, content):
        raise InvalidDocument("The DICOM file is cut short.")
    if _text(found, "SOPClassUID") != KOS_CLASS or _PIXELS in found:
        raise InvalidDocument("The DICOM file is not a Key Object Selection document.")
    evidence = {_text(item, "StudyInstanceUID") for item in _items(found, _EVIDENCE)}
    if not evidence:
        raise InvalidDocument("The DICOM manifest references no study.")
    study = _text(found, "StudyInstanceUID")
    return KosHeader(_text(found, "SOPInstanceUID"), tuple(_patients(found)), study, frozenset(evidence | {study}))


def _patients(dataset: Any) -> Iterator[PatientIdentifier]:
    """Identifiers with the OID of their authority: PatientID's own, then OtherPatientIDsSequence."""
    for one in (dataset, *_items(dataset, "OtherPatientIDsSequence")):
        qualifiers = [_text(item, "UniversalEntityID") for item in _items(one, "IssuerOfPatientIDQualifiersSequence")]
        authority = next((oid for oid in qualifiers if oid), _text(one, "IssuerOfPatientID"))
        if authority and _text(one, "PatientID"):
            yield PatientIdentifier(_text(one, "PatientID"), authority)


def _items(dataset: Any, keyword: str) -> list[Any]:
    return list(dataset.get(keyword) or ())


def _text(dataset: Any, keyword: str) -> str:
    return str(dataset.get(keyword) or "").strip()
