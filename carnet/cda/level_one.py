"""What every level 1 CDA (R2) of our own writing shares, whoever its author is: the head, the patient, the custodian, the wrapped file."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from carnet.cda.participants import Identifier, Organization, Patient
from carnet.metadata import Code

_TEMPLATES = (
    "2.16.840.1.113883.2.8.2.1",  # HL7 France
    "1.2.250.1.213.1.1.1.1",  # CI-SIS, structuration minimale
    "1.3.6.1.4.1.19376.1.2.20",  # IHE XDS-SD
)
_SEXES = frozenset({"M", "F"})


@dataclass(frozen=True, slots=True)
class Heading:
    """What names a document. `made` is DTM in UTC (14 digits). A replacement names what it `replaces`, keeps `set_id`, and has the next `version`."""

    unique_id: str
    set_id: str
    title: str
    type: Code
    made: str
    version: int = 1
    replaces: str = ""


def put_together(header: Iterator[str], media_type: str, content: bytes) -> bytes:
    """The document's bytes, in UTF-8: its header, and a file of `media_type` in base64."""
    body = base64.b64encode(content).decode("ascii")
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3">',
        *header,
        f'<component><nonXMLBody><text mediaType={quoteattr(media_type)} representation="B64">{body}</text>',
        "</nonXMLBody></component></ClinicalDocument>\n",
    ]
    return "\n".join(parts).encode()


def head(heading: Heading, patient: Patient) -> Iterator[str]:
    """From realmCode to recordTarget. The INS stands first among the patient's identifiers."""
    yield '<realmCode code="FR"/><typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>'
    yield "".join(f'<templateId root="{template}"/>' for template in _TEMPLATES)
    yield f"<id root={quoteattr(heading.unique_id)}/>{coded('code', heading.type)}"
    yield f"<title>{escape(heading.title)}</title>"
    yield f'<effectiveTime value="{heading.made}+0000"/>'
    yield '<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25" displayName="Normal"/>'
    yield '<languageCode code="fr-FR"/>'
    yield f'<setId root={quoteattr(heading.set_id)}/><versionNumber value="{heading.version}"/>'
    yield from _record_target(patient)


def replaced(heading: Heading) -> Iterator[str]:
    """The relatedDocument of a replacement, nothing for a first version."""
    if heading.replaces:
        yield f'<relatedDocument typeCode="RPLC"><parentDocument><id root={quoteattr(heading.replaces)}/>'
        yield "</parentDocument></relatedDocument>"


def custodian(keeper: Organization) -> Iterator[str]:
    """Who keeps the document."""
    yield "<custodian><assignedCustodian><representedCustodianOrganization>"
    yield f"{''.join(map(identified, keeper.ids))}<name>{escape(keeper.name)}</name>"
    yield "</representedCustodianOrganization></assignedCustodian></custodian>"


def identified(identifier: Identifier) -> str:
    """An `id` element."""
    extension = f" extension={quoteattr(identifier.extension)}" if identifier.extension else ""
    return f"<id root={quoteattr(identifier.root)}{extension}/>"


def coded(name: str, code: Code) -> str:
    """An element of that name with a code."""
    return f"<{name} code={quoteattr(code.code)} codeSystem={quoteattr(code.system)} displayName={quoteattr(code.display)}/>"


def named(family: str, given: str) -> str:
    """An assignedPerson."""
    return (
        f"<assignedPerson><name><family>{escape(family)}</family><given>{escape(given)}</given></name></assignedPerson>"
    )


def _record_target(patient: Patient) -> Iterator[str]:
    yield f"<recordTarget><patientRole>{''.join(map(identified, patient.ids))}<patient><name>"
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
