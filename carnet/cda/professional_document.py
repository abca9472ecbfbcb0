"""Writing the CDA (R2, level 1) of a file that a professional deposits: header of the CI-SIS (structuration minimale), the file wrapped.

Author, legal authenticator and performer of the act are the one who deposits, for the structure of their session.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from carnet.cda.level_one import Heading, coded, custodian, head, identified, named, put_together, replaced
from carnet.cda.participants import Organization, Participant, Patient
from carnet.metadata import Code
from carnet.terminology.value_sets import value_set

PROFESSIONS_AND_SKILLS = "1.2.250.1.213.1.1.4.5"
"""Coding scheme of the composite codes of JDV_J01: `G15_10/SM26`."""


@dataclass(frozen=True, slots=True)
class ProfessionalDocument:
    """What is written. `author` has the practice setting (JDV_J04) with its organization, `facility` is of JDV_J02.

    `began` and `ended` are the days of the act or stay (yyyymmdd), `ended` '' where it is one day. `content` is a file of `media_type`.
    """

    heading: Heading
    patient: Patient
    author: Participant
    facility: Code
    began: str
    media_type: str
    content: bytes = field(repr=False)
    ended: str = ""


def write_document(document: ProfessionalDocument) -> bytes:
    """The document's bytes, in UTF-8."""
    return put_together(_header(document), document.media_type, document.content)


def author_profession(profession: Code, specialty: Code | None) -> Code:
    """Profession and know-how as documents write them (JDV_J01): the pair where the value set has it, else the profession alone."""
    known = value_set("J01")
    pairs = [f"G15_{profession.code}/{specialty.code}"] if specialty is not None else []
    for code in (*pairs, f"G15_{profession.code}"):
        if known.active(code, PROFESSIONS_AND_SKILLS):
            return Code(code, PROFESSIONS_AND_SKILLS, known.display(code, PROFESSIONS_AND_SKILLS))
    return Code(profession.code, profession.system, known.display(profession.code, profession.system))


def _header(document: ProfessionalDocument) -> Iterator[str]:
    heading, author = document.heading, document.author
    yield from head(heading, document.patient)
    yield f'<author><time value="{heading.made}+0000"/><assignedAuthor>{_person(author)}</assignedAuthor></author>'
    yield from custodian(author.organization)
    yield f'<legalAuthenticator><time value="{heading.made}+0000"/><signatureCode code="S"/>'
    yield f"<assignedEntity>{_person(author)}</assignedEntity></legalAuthenticator>"
    setting = coded("standardIndustryClassCode", author.organization.practice_setting)
    yield f"<documentationOf><serviceEvent>{_interval(document)}"
    yield f'<performer typeCode="PRF"><assignedEntity>{_person(author, setting)}</assignedEntity></performer>'
    yield "</serviceEvent></documentationOf>"
    yield from replaced(heading)
    yield f"<componentOf><encompassingEncounter>{_interval(document)}<location><healthCareFacility>"
    yield f"{coded('code', document.facility)}</healthCareFacility></location></encompassingEncounter></componentOf>"


def _interval(document: ProfessionalDocument) -> str:
    high = f'<high value="{document.ended}"/>' if document.ended else ""
    return f'<effectiveTime><low value="{document.began}"/>{high}</effectiveTime>'


def _person(author: Participant, setting: str = "") -> str:
    return (
        f"{''.join(map(identified, author.ids))}{coded('code', author.profession)}{named(author.family, author.given)}"
        f"{_structure(author.organization, setting)}"
    )


def _structure(organization: Organization, setting: str) -> str:
    ids = "".join(map(identified, organization.ids))
    return f"<representedOrganization>{ids}<name>{escape(organization.name)}</name>{setting}</representedOrganization>"
