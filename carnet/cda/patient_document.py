"""Writing the CDA (R2, level 1) of a document that the patient's side adds: the expression of the patient (EXP_PATIENT), around one file.

As IHE XDS-SD has it for what was not born as a CDA, effectiveTime is when this was made, and the time of the act is the date of what is inside.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from carnet.cda.level_one import Heading, coded, custodian, head, identified, named, put_together, replaced
from carnet.cda.participants import Organization, Patient
from carnet.metadata import Code

EXP_PATIENT = Code("EXP_PATIENT", "1.2.250.1.213.1.1.4.6", "Expression personnelle du patient")
"""Author's profession (J01), place (J02), practice setting (J04) and content type (J59) of what a patient's side adds."""


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
    return put_together(_header(document), document.media_type, document.content)


def one_line(text: str) -> str:
    """A text that a person typed, fit for a title: one line, without what no document may hold."""
    kept = "".join(one if unicodedata.category(one)[0] != "C" else " " for one in text)
    return " ".join(kept.split())


def _header(document: OwnDocument) -> Iterator[str]:
    heading = Heading(
        document.unique_id,
        document.set_id,
        document.title,
        document.type,
        document.made,
        document.version,
        document.replaces,
    )
    yield from head(heading, document.patient)
    yield f'<author><time value="{document.made}+0000"/><assignedAuthor>{_person(document.patient)}</assignedAuthor></author>'
    yield from custodian(document.custodian)
    yield f'<legalAuthenticator><time value="{document.made}+0000"/><signatureCode code="S"/>'
    yield f"<assignedEntity>{_person(document.patient)}</assignedEntity></legalAuthenticator>"
    yield f'<documentationOf><serviceEvent><effectiveTime><low value="{document.dated}"/></effectiveTime>'
    yield f'<performer typeCode="PRF"><assignedEntity>{_person(document.patient)}<representedOrganization>'
    yield f"{coded('standardIndustryClassCode', EXP_PATIENT)}</representedOrganization></assignedEntity></performer>"
    yield "</serviceEvent></documentationOf>"
    yield from replaced(heading)
    yield "<componentOf><encompassingEncounter><effectiveTime/><location><healthCareFacility>"
    yield f"{coded('code', EXP_PATIENT)}</healthCareFacility></location></encompassingEncounter></componentOf>"


def _person(patient: Patient) -> str:
    family, given = patient.used_family or patient.birth_family, patient.used_given or patient.first_birth_given
    return f"{identified(patient.ids[0])}{coded('code', EXP_PATIENT)}{named(family, given)}"
