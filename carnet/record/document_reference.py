"""A registered document as FHIR R4 says it: a DocumentReference with the parts that PDSm's comprehensive profile asks for (spec FHIR §1.3).

Pure: metadata in, a JSON object out. The content stands elsewhere, at the address that is given. The door of FHIR to come reads the same
model; this is the way out that an export needs.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from carnet.metadata import Author, AvailabilityStatus, Code, DocumentEntry, PatientIdentifier

Json = dict[str, Any]
_SYSTEMS: Mapping[str, str] = MappingProxyType(
    {"2.16.840.1.113883.6.1": "http://loinc.org", "2.16.840.1.113883.6.96": "http://snomed.info/sct"}
)
_V3_CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
_ARCHIVED = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived"
_URI = "urn:ietf:rfc:3986"


def document_reference(entry: DocumentEntry, *, url: str, custodian: str) -> Json:
    """The DocumentReference of an entry. `url` is where the bytes are; `custodian` names who keeps the record.

    Its id is the logicalId, which stays when metadata change; the entryUUID is an identifier (fhir §0, conflict 9).
    """
    authors = [_person(author, f"author{number}") for number, author in enumerate(entry.authors, 1)]
    authenticator = _person(Author(entry.legal_authenticator), "authenticator") if entry.legal_authenticator else None
    contained = [*authors, *([authenticator] if authenticator else []), _source_patient(entry)]
    found: Json = {
        "resourceType": "DocumentReference",
        "id": entry.logical_id.removeprefix("urn:uuid:"),
        "meta": {"versionId": str(entry.version)},
        "contained": contained,
        "extension": [{"url": _ARCHIVED, "valueBoolean": entry.status is AvailabilityStatus.ARCHIVED}],
        "masterIdentifier": {"system": _URI, "value": f"urn:oid:{entry.unique_id}"},
        "identifier": [{"use": "official", "system": _URI, "value": entry.entry_uuid}],
        "status": "superseded" if entry.status is AvailabilityStatus.DEPRECATED else "current",
        "type": _concept(entry.type_code),
        "category": [_concept(entry.class_code)],
        "subject": {"type": "Patient", "identifier": _patient_identifier(entry.patient_id)},
        "author": [{"reference": f"#{one['id']}"} for one in authors],
        "custodian": {"display": custodian},
        "securityLabel": [_concept(code) for code in entry.confidentiality_codes],
        "content": [{"attachment": _attachment(entry, url), "format": _coding(entry.format_code)}],
        "context": _context(entry),
    }
    if len(entry.creation_time) == 14:
        found["date"] = date_time(entry.creation_time)
    if authenticator is not None:
        found["authenticator"] = {"reference": "#authenticator"}
    if entry.comments:
        found["description"] = entry.comments
    return found


def date_time(dtm: str) -> str:
    """A UTC DTM as a FHIR dateTime of the same precision: `2026-11-22T10:15:30Z`, `2026-11-22`, `2026-11`, `2026`."""
    day = "-".join(part for part in (dtm[:4], dtm[4:6], dtm[6:8]) if part)
    if len(dtm) < 10:
        return day
    time = dtm[8:].ljust(6, "0")
    return f"{day}T{time[:2]}:{time[2:4]}:{time[4:6]}Z"


def _attachment(entry: DocumentEntry, url: str) -> Json:
    found: Json = {
        "contentType": entry.mime_type,
        "language": entry.language,
        "url": url,
        "title": entry.title,
        "creation": date_time(entry.creation_time),
    }
    if entry.size is not None:
        found["size"] = entry.size
    if entry.hash:
        found["hash"] = base64.b64encode(bytes.fromhex(entry.hash)).decode()
    return {name: value for name, value in found.items() if value != ""}


def _context(entry: DocumentEntry) -> Json:
    period = {"start": entry.service_start_time, "end": entry.service_stop_time}
    found: Json = {
        "event": [_concept(code) for code in entry.event_codes],
        "period": {name: date_time(value) for name, value in period.items() if value},
        "facilityType": _concept(entry.facility_type),
        "practiceSetting": _concept(entry.practice_setting),
        "sourcePatientInfo": {"reference": "#patient"},
        "related": list(_related(entry)),
    }
    return {name: value for name, value in found.items() if value}


def _related(entry: DocumentEntry) -> Iterator[Json]:
    for reference in entry.reference_ids:
        parts = [*reference.split("^"), "", "", "", "", ""]
        kind = {"coding": [{"system": _URI, "code": parts[4]}]}
        identifier: Json = {"value": parts[0], "type": kind}
        if oid := _authority(parts[3]):
            identifier["system"] = f"urn:oid:{oid}"
        yield {"identifier": identifier}


def _person(author: Author, name: str) -> Json:
    """A person as a Practitioner, the patient as a Patient, a machine as a Device: what XCN.13 says."""
    parts = [*author.person.split("^"), *[""] * 13]
    kind = {"NH": "Patient", "RI": "Device"}.get(parts[12], "Practitioner")
    found: Json = {"resourceType": kind, "id": name}
    if parts[0]:
        oid = _authority(parts[8])
        found["identifier"] = [{**({"system": f"urn:oid:{oid}"} if oid else {}), "value": parts[0]}]
    if kind == "Device":
        found["deviceName"] = [{"name": " ".join(filter(None, parts[1:3])), "type": "user-friendly-name"}]
    elif parts[1] or parts[2]:
        found["name"] = [_human_name(parts[1], parts[2])]
    if author.institutions and kind == "Practitioner":
        found["qualification"] = [
            {"code": {"text": _specialty(author)}, "issuer": {"display": author.institutions[0].split("^")[0]}}
        ]
    return found


def _specialty(author: Author) -> str:
    labels = [text.split("^")[1] for text in author.specialties if text.count("^") >= 1]
    return labels[0] if labels else "Professionnel"


def _human_name(family: str, given: str) -> Json:
    return {**({"family": family} if family else {}), **({"given": given.split(" ")} if given else {})}


def _source_patient(entry: DocumentEntry) -> Json:
    fields = dict(line.split("|", 1) for line in entry.source_patient_info if "|" in line)
    found: Json = {"resourceType": "Patient", "id": "patient", "identifier": [_patient_identifier(entry.patient_id)]}
    name = [*fields.get("PID-5", "").split("^"), ""]
    if name[0] or name[1]:
        found["name"] = [_human_name(name[0], name[1])]
    if birth := fields.get("PID-7", ""):
        found["birthDate"] = date_time(birth[:8])
    if sex := {"M": "male", "F": "female", "U": "unknown"}.get(fields.get("PID-8", "")):
        found["gender"] = sex
    return found


def _patient_identifier(patient: PatientIdentifier) -> Json:
    return {"use": "official", "system": f"urn:oid:{patient.authority}", "value": patient.value}


def _concept(code: Code) -> Json:
    return {"coding": [_coding(code)]}


def _coding(code: Code) -> Json:
    system = code.system.removeprefix("urn:oid:")
    if system == "2.16.840.1.113883.5.25":
        system = _V3_CONFIDENTIALITY
    elif system:
        oid = system[0].isdigit()
        system = _SYSTEMS.get(system, f"urn:oid:{system}" if oid else f"urn:{system.casefold()}")
    found = {"system": system, "code": code.code, "display": code.display}
    return {name: value for name, value in found.items() if value}


def _authority(text: str) -> str:
    parts = text.split("&")
    return parts[1] if len(parts) == 3 else ""
