"""Writing the CDA (R2, level 1) of a document that the patient's side adds: the expression of the patient (EXP_PATIENT), around one file.

As IHE XDS-SD has it for what was not born as a CDA, effectiveTime is when this was made, and the time of the act is the date of what is inside.
"""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from carnet.cda.participants import Identifier, Organization, Patient
from carnet.metadata import Code

EXP_PATIENT = Code("EXP_PATIENT", "1.2.250.1.213.1.1.4.6", "Expression personnelle du patient")
"""Author's profession (J01), place (J02), practice setting (J04) and content type (J59) of what a patient's side adds."""
_TEMPLATES = (
    "2.16.840.1.113883.2.8.2.1",  # HL7 France
    "1.2.250.1.213.1.1.1.1",  # CI-SIS, structuration minimale
    "1.3.6.1.4.1.19376.1.2.20",  # IHE XDS-SD
)
_SEXES = frozenset({"M", "F"})


@dataclass(frozen=True, slots=True)
class OwnDocument:
    """What is written. `made` is DTM in UTC (14 digits), `dated` the date of what is inside (yyyymmdd), `content` the file of `media_type`.

    The INS stands first among the patient's identifiers. A replacement names what it `replaces`, keeps `set_id`, and has the next `version`.
    """

    unique_id: str
    set_id: str
    title: str
    type: Code
    patient: Patient
    custodian: Organization
    made: str
    dated: str
    media_type: str
    content: bytes = field(repr=False)
    version: int = 1
    replaces: str = ""


def write_document(document: OwnDocument) -> bytes:
    """The document's bytes, in UTF-8."""
    body = base64.b64encode(document.content).decode("ascii")
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3">',
        *_header(document),
        f'<component><nonXMLBody><text mediaType={quoteattr(document.media_type)} representation="B64">{body}</text>',
        "</nonXMLBody></component></ClinicalDocument>\n",
    ]
    return "\n".join(parts).encode()


def one_line(text: str) -> str:
    """A text that a person typed, fit for a title: one line, without what no document may hold."""
    kept = "".join(one if unicodedata.category(one)[0] != "C" else " " for one in text)
    return " ".join(kept.split())


def _header(document: OwnDocument) -> Iterator[str]:
    yield '<realmCode code="FR"/><typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>'
    yield "".join(f'<templateId root="{template}"/>' for template in _TEMPLATES)
    yield f"<id root={quoteattr(document.unique_id)}/>{_code('code', document.type)}"
    yield f"<title>{escape(document.title)}</title>"
    yield f'<effectiveTime value="{document.made}+0000"/>'
    yield '<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25" displayName="Normal"/>'
    yield '<languageCode code="fr-FR"/>'
    yield f'<setId root={quoteattr(document.set_id)}/><versionNumber value="{document.version}"/>'
    yield from _record_target(document.patient)
    yield f'<author><time value="{document.made}+0000"/><assignedAuthor>{_person(document.patient)}</assignedAuthor></author>'
    yield from _custodian(document.custodian)
    yield f'<legalAuthenticator><time value="{document.made}+0000"/><signatureCode code="S"/>'
    yield f"<assignedEntity>{_person(document.patient)}</assignedEntity></legalAuthenticator>"
    yield f'<documentationOf><serviceEvent><effectiveTime><low value="{document.dated}"/></effectiveTime>'
    yield f'<performer typeCode="PRF"><assignedEntity>{_person(document.patient)}<representedOrganization>'
    yield f"{_code('standardIndustryClassCode', EXP_PATIENT)}</representedOrganization></assignedEntity></performer>"
    yield "</serviceEvent></documentationOf>"
    if document.replaces:
        yield f'<relatedDocument typeCode="RPLC"><parentDocument><id root={quoteattr(document.replaces)}/>'
        yield "</parentDocument></relatedDocument>"
    yield "<componentOf><encompassingEncounter><effectiveTime/><location><healthCareFacility>"
    yield f"{_code('code', EXP_PATIENT)}</healthCareFacility></location></encompassingEncounter></componentOf>"


def _record_target(patient: Patient) -> Iterator[str]:
    yield f"<recordTarget><patientRole>{''.join(map(_id, patient.ids))}<patient><name>"
    yield f'<family qualifier="BR">{escape(patient.birth_family)}</family><given>{escape(patient.birth_given_names)}</given>'
    yield f'<given qualifier="BR">{escape(patient.first_birth_given)}</given>'
    if patient.used_family:
        yield f'<family qualifier="CL">{escape(patient.used_family)}</family>'
    if patient.used_given:
        yield f'<given qualifier="CL">{escape(patient.used_given)}</given>'
    sex = patient.gender if patient.gender in _SEXES else "U"
    yield f'</name><administrativeGenderCode code="{sex}" codeSystem="2.16.840.1.113883.5.1"/>'
    yield f"<birthTime value={quoteattr(patient.birth_date)}/>"
    if patient.birth_place:
        place = escape(patient.birth_place)
        yield f"<birthplace><place><addr><county>{place}</county></addr></place></birthplace>"
    yield "</patient></patientRole></recordTarget>"


def _person(patient: Patient) -> str:
    family = escape(patient.used_family or patient.birth_family)
    given = escape(patient.used_given or patient.first_birth_given)
    return (
        f"{_id(patient.ids[0])}{_code('code', EXP_PATIENT)}<assignedPerson><name><family>{family}</family>"
        f"<given>{given}</given></name></assignedPerson>"
    )


def _custodian(custodian: Organization) -> Iterator[str]:
    yield "<custodian><assignedCustodian><representedCustodianOrganization>"
    yield f"{''.join(map(_id, custodian.ids))}<name>{escape(custodian.name)}</name>"
    yield "</representedCustodianOrganization></assignedCustodian></custodian>"


def _id(identifier: Identifier) -> str:
    extension = f" extension={quoteattr(identifier.extension)}" if identifier.extension else ""
    return f"<id root={quoteattr(identifier.root)}{extension}/>"


def _code(name: str, code: Code) -> str:
    return f"<{name} code={quoteattr(code.code)} codeSystem={quoteattr(code.system)} displayName={quoteattr(code.display)}/>"
