"""From a CDA header to the metadata of its DocumentEntry (CI-SIS, structuration minimale: the mapping to XDS)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from carnet.cda.formats import formats_of, labelled, mime_type_of
from carnet.cda.header_model import CdaHeader
from carnet.cda.metadata_texts import identifier_text, organization_text, person_text, specialty_text
from carnet.cda.participants import INS_AUTHORITIES, Identifier, Participant, Patient
from carnet.errors import InvalidDocument
from carnet.metadata import Author, Code, DocumentEntry, PatientIdentifier
from carnet.terminology.value_sets import class_of, value_set

TITLE_LENGTH = 128
ORDER = "urn:ihe:iti:xds:2013:order"
CLASS_SYSTEM = "1.2.250.1.213.1.1.4.1"
"""TRE_A03, coding scheme of the classes of documents."""


def to_entry(header: CdaHeader, content: bytes, **overrides: Any) -> DocumentEntry:
    """The DocumentEntry that a sender's software would write for this document, with hash and size of `content`.

    `overrides` replace fields by name (`entry_uuid`, `confidentiality_codes`…). Raises InvalidDocument when the document names no
    patient by INS, or has a body or a type that the exchange does not know.
    """
    formats = formats_of(header)
    if not formats:
        raise InvalidDocument("The body's media type is not one that a level 1 document may carry.")
    event = header.main_event
    entry = DocumentEntry(
        entry_uuid="Document01",
        unique_id=header.id.root,
        patient_id=ins_of(header.patient),
        class_code=_class_code(header.code),
        type_code=_labelled(header.code, "J66"),
        format_code=labelled(formats[0]),
        confidentiality_codes=(_labelled(header.confidentiality, "J58"),),
        facility_type=_labelled(header.facility, "J61"),
        practice_setting=_labelled(event.performer.organization.practice_setting, "J62"),
        creation_time=header.effective_time,
        language=header.language,
        mime_type=mime_type_of(header),
        authors=tuple(_author(author) for author in header.authors),
        title=header.title[:TITLE_LENGTH],
        event_codes=_event_codes(header),
        legal_authenticator=person_text(header.legal_authenticator),
        service_start_time=event.start,
        service_stop_time=event.stop,
        source_patient_id=_source_patient_id(header.patient),
        source_patient_info=_source_patient_info(header.patient),
        reference_ids=tuple(identifier_text(order, ORDER) for order in header.orders if order.extension),
        hash=hashlib.sha1(content, usedforsecurity=False).hexdigest(),
        size=len(content),
    )
    return replace(entry, **overrides)


def ins_of(patient: Patient) -> PatientIdentifier:
    """The INS of a document's patient, its key not checked. Raises InvalidDocument when there is none."""
    for one in patient.ids:
        if one.root in INS_AUTHORITIES:
            return PatientIdentifier(one.extension, one.root)
    raise InvalidDocument("The document's recordTarget carries no INS.")


def _class_code(type_code: Code) -> Code:
    found = class_of(type_code.code)
    if found is None:
        raise InvalidDocument("The document's type belongs to no class of documents.")
    return Code(found, CLASS_SYSTEM, value_set("J57").display(found, CLASS_SYSTEM))


def _labelled(code: Code, name: str) -> Code:
    return Code(code.code, code.system, value_set(name).display(code.code, code.system) or code.display)


def _author(participant: Participant) -> Author:
    institution = organization_text(participant.organization)
    specialty = specialty_text(_labelled(participant.profession, "J01"))
    return Author(
        person=person_text(participant),
        institutions=(institution,) if institution else (),
        roles=(participant.function.display,) if participant.function.display else (),
        specialties=(specialty,) if specialty else (),
    )


def _event_codes(header: CdaHeader) -> tuple[Code, ...]:
    return tuple({event.code: None for event in header.events if event.code.code})


def _source_patient_id(patient: Patient) -> str:
    """The sender's own identifier of the patient (PI), or the INS when the document carries none."""
    local = next((one for one in patient.ids if one.root not in INS_AUTHORITIES and one.extension), None)
    if local is not None:
        return identifier_text(local, "PI")
    ins = ins_of(patient)
    return identifier_text(Identifier(ins.authority, ins.value), "NH")


def _source_patient_info(patient: Patient) -> tuple[str, ...]:
    family, given = patient.birth_family or patient.used_family, patient.first_birth_given or patient.birth_given_names
    found = (
        ("PID-5", f"{family}^{given}^^^^^L" if family else ""),
        ("PID-7", patient.birth_date.replace("-", "")),
        ("PID-8", patient.gender),
    )
    return tuple(f"{field}|{value}" for field, value in found if value)
