"""CDA documents about people who do not exist, for tests, the demonstration and the benchmarks.

Level 1 (a file in a CDA), level 3 (a small lab report), self-presenting; DICOM manifests are in `dicom_manifest`. Everything that the
exchange compares between a document and its metadata is a parameter.
"""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass, field, replace

from carnet.clock import HOUR, MINUTE, to_dtm
from carnet.demo.payloads import payload
from carnet.demo.people import MEDECIN_TRAITANT, PAT_TROIS, DemoPatient, DemoProfessional
from carnet.metadata import Code
from carnet.terminology.value_sets import value_set

LOINC = "2.16.840.1.113883.6.1"
LAB_REPORT = Code("11502-2", LOINC, "CR d'examens biologiques")
CONSULTATION = Code("11488-4", LOINC, "CR ou fiche de consultation ou de visite")
PRESCRIPTION = Code("57833-6", LOINC, "Prescription de produits de santé")
CONSULTED = Code("11429006", "2.16.840.1.113883.6.96", "Consultation")
_LOCAL_PATIENTS = "1.2.250.1.999.1.1.7898.2"
_LEVEL_1 = ("1.3.6.1.4.1.19376.1.2.20",)
_LAB_TEMPLATES = ("1.3.6.1.4.1.19376.1.3.3", "1.2.250.1.213.1.1.1.55")
_OFFSET = HOUR
"""Documents are written in this local time (+0100), so that the conversion to UTC is never idle."""


_AMBULATORY = Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire")
_HOSPITAL = Code("ETABLISSEMENT", "1.2.250.1.213.1.1.4.9", "Etablissement de santé")
_PRACTICE_SETTINGS = {"SA01": _HOSPITAL}
"""Practice setting (JDV_J04) by sector of activity, where it is not ambulatory."""


def new_oid() -> str:
    """A fresh OID of at most 44 characters, made of a UUID (ITU-T X.667)."""
    return f"2.25.{uuid.uuid4().int}"


def profession_of(author: DemoProfessional) -> Code:
    """Profession and know-how as documents write them (JDV_J01): `G15_10/SM54`."""
    both = f"/{author.specialty.code}" if author.specialty else ""
    code, system = f"G15_{author.profession.code}{both}", "1.2.250.1.213.1.1.4.5"
    return Code(code, system, value_set("J01").display(code, system))


@dataclass(frozen=True, slots=True)
class Draft:
    """What a document is about. `created` is in microseconds UTC; a replacement names `replaces` and keeps `set_id`."""

    created: int
    patient: DemoPatient = PAT_TROIS
    author: DemoProfessional = MEDECIN_TRAITANT
    type: Code = CONSULTATION
    title: str = "Compte rendu de consultation"
    unique_id: str = field(default_factory=new_oid)
    set_id: str = field(default_factory=new_oid)
    version: int = 1
    replaces: str = ""
    event: Code = CONSULTED
    event_about: tuple[tuple[Code, Code], ...] = ()
    """What is said of the event's code: the code of a qualifier (DCM Modality, LOINC body location), and what it says."""
    order: str = ""

    def next_version(self, created: int, **changes: str) -> Draft:
        """The draft of a document that replaces this one, under a new identifier."""
        changed = {"unique_id": new_oid(), **changes}
        return replace(self, created=created, version=self.version + 1, replaces=self.unique_id, **changed)  # type: ignore[arg-type]


def level_1(draft: Draft, *, media_type: str = "application/pdf", size: int = 0) -> bytes:
    """A CDA that wraps a file of one of `payloads.MEDIA_TYPES`; `size` is about that of the whole document in bytes."""
    return wrapping(draft, media_type, payload(media_type, draft.title, size=(size - 5_000) * 3 // 4))


def wrapping(draft: Draft, media_type: str, content: bytes) -> bytes:
    """A CDA that wraps a file of one's own."""
    wrapped = base64.b64encode(content).decode("ascii")
    text = f'<text mediaType="{media_type}" representation="B64">{wrapped}</text>'
    return _document(draft, _LEVEL_1, f"<component><nonXMLBody>{text}</nonXMLBody></component>")


def level_3(draft: Draft, *, size: int = 0) -> bytes:
    """A structured lab report (CR-BIO) with one result, or as many as make it `size` bytes long."""
    rows = max(1, (size - 4_100) // 342)
    results = "".join(_RESULT.format(number=number, value=3.5 + number % 17 / 10) for number in range(rows))
    body = (
        f"<component><structuredBody><component>{_SECTION}{results}</section></component></structuredBody></component>"
    )
    return _document(draft, _LAB_TEMPLATES, body)


def structured_lab_report(draft: Draft, sections: str) -> bytes:
    """A CR-BIO whose body is the `component` elements of `sections`, in XML."""
    return _document(draft, _LAB_TEMPLATES, f"<component><structuredBody>{sections}</structuredBody></component>")


def structured(draft: Draft, templates: tuple[str, ...], sections: str) -> bytes:
    """A level 3 document of the content models named, whose body is the `component` elements of `sections`, in XML."""
    return _document(draft, templates, f"<component><structuredBody>{sections}</structuredBody></component>")


def self_presenting(document: bytes) -> bytes:
    """The stylesheet that shows itself around a document made here: root `xsl:stylesheet`, the CDA inside."""
    declaration, inner = document.split(b"\n", 1)
    return b"\n".join([declaration, b'<?xml-stylesheet type="text/xsl" href="#"?>', _STYLESHEET.encode() % inner])


def _document(draft: Draft, templates: tuple[str, ...], body: str) -> bytes:
    header = _header(draft, ("2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1", *templates))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{header}\n{body}</ClinicalDocument>\n'
    ).encode()


def _header(draft: Draft, templates: tuple[str, ...]) -> str:
    person = _person(draft.author)
    related = (
        f'<relatedDocument typeCode="RPLC"><parentDocument><id root="{draft.replaces}"/></parentDocument></relatedDocument>'
        if draft.replaces
        else ""
    )
    order = f'<inFulfillmentOf><order><id root="1.2.250.1.999.1.1.9" extension="{_x(draft.order)}"/></order></inFulfillmentOf>'
    return "\n".join(
        [
            '<realmCode code="FR"/><typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>',
            "".join(f'<templateId root="{template}"/>' for template in templates),
            f'<id root="{draft.unique_id}"/>{_code("code", draft.type)}<title>{_x(draft.title)}</title>',
            f'<effectiveTime value="{_stamp(draft.created)}"/>',
            '<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25" displayName="Normal"/>',
            f'<languageCode code="fr-FR"/><setId root="{draft.set_id}"/><versionNumber value="{draft.version}"/>',
            _record_target(draft.patient),
            f'<author><time value="{_stamp(draft.created)}"/><assignedAuthor>{person}</assignedAuthor></author>',
            "<custodian><assignedCustodian><representedCustodianOrganization>",
            f'<id root="1.2.250.1.71.4.2.2" extension="{_x(draft.author.organization.identifier)}"/>',
            f"<name>{_x(draft.author.organization.name)}</name>",
            "</representedCustodianOrganization></assignedCustodian></custodian>",
            f'<legalAuthenticator><time value="{_stamp(draft.created)}"/><signatureCode code="S"/>',
            f"<assignedEntity>{person}</assignedEntity></legalAuthenticator>",
            order if draft.order else "",
            f"<documentationOf><serviceEvent>{_event(draft)}",
            f'<effectiveTime><low value="{_stamp(draft.created - 30 * MINUTE)}"/>',
            f'<high value="{_stamp(draft.created - 5 * MINUTE)}"/></effectiveTime>',
            f'<performer typeCode="PRF"><assignedEntity>{_person(draft.author, setting=True)}</assignedEntity></performer>',
            f"</serviceEvent></documentationOf>{related}",
            "<componentOf><encompassingEncounter><effectiveTime/><location><healthCareFacility>",
            f"{_code('code', draft.author.organization.sector)}</healthCareFacility></location></encompassingEncounter></componentOf>",
        ]
    )


def _record_target(patient: DemoPatient) -> str:
    traits = patient.traits
    names = [
        f'<family qualifier="BR">{_x(traits.birth_name)}</family><given>{_x(traits.birth_given_names)}</given>',
        f'<given qualifier="BR">{_x(traits.birth_given_names.split()[0])}</given>',
        f'<family qualifier="CL">{_x(traits.used_name)}</family>' if traits.used_name else "",
        f'<given qualifier="CL">{_x(traits.used_given_name)}</given>' if traits.used_given_name else "",
    ]
    return (
        f'<recordTarget><patientRole><id extension="{patient.identifier.value}" root="{patient.identifier.authority}"/>'
        f'<id extension="4711" root="{_LOCAL_PATIENTS}"/><patient><name>{"".join(names)}</name>'
        f'<administrativeGenderCode code="{traits.sex}" codeSystem="2.16.840.1.113883.5.1"/>'
        f'<birthTime value="{traits.birth_date}"/><birthplace><place><addr><county>{_x(traits.birth_place)}</county>'
        "</addr></place></birthplace></patient></patientRole></recordTarget>"
    )


def _person(author: DemoProfessional, *, setting: bool = False) -> str:
    organization = author.organization
    place = _PRACTICE_SETTINGS.get(organization.sector.code, _AMBULATORY)
    return (
        f'<id root="1.2.250.1.71.4.2.1" extension="{_x(author.identifier)}"/>{_code("code", profession_of(author))}'
        f"<assignedPerson><name><family>{_x(author.family_name)}</family><given>{_x(author.given_name)}</given></name>"
        "</assignedPerson><representedOrganization>"
        f'<id root="1.2.250.1.71.4.2.2" extension="{_x(organization.identifier)}"/><name>{_x(organization.name)}</name>'
        f"{_code('standardIndustryClassCode', place) if setting else ''}</representedOrganization>"
    )


def _code(name: str, code: Code) -> str:
    return f'<{name} code="{_x(code.code)}" codeSystem="{_x(code.system)}" displayName="{_x(code.display)}"/>'


def _event(draft: Draft) -> str:
    if not draft.event_about:
        return _code("code", draft.event)
    said = "".join(
        f"{_code('translation', value)[:-2]}><qualifier>{_code('name', name)}</qualifier></translation>"
        for name, value in draft.event_about
    )
    return f"{_code('code', draft.event)[:-2]}>{said}</code>"


def _stamp(moment: int) -> str:
    return f"{to_dtm(moment + _OFFSET)}+0100"


_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def _x(text: str) -> str:
    return text.translate(_ENTITIES)


_SECTION = (
    '<section><templateId root="1.3.6.1.4.1.19376.1.3.3.2.1"/>'
    f'<code code="18719-5" codeSystem="{LOINC}" displayName="Biochimie"/>'
    "<title>Biochimie</title><text>Résultats</text>"
)
_RESULT = (
    '<entry typeCode="DRIV"><templateId root="1.3.6.1.4.1.19376.1.3.1"/><observation classCode="OBS" moodCode="EVN">'
    f'<code code="2823-3" codeSystem="{LOINC}" displayName="Potassium"/><text><reference value="#r{{number}}"/></text>'
    '<statusCode code="completed"/><value xsi:type="PQ" value="{value:.1f}" unit="mmol/L"/>'
    "<!-- fictif --></observation></entry>\n"
)
_STYLESHEET = (
    '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:data="urn:asip-sante:ci-sis">'
    "<data:Contenu>%s</data:Contenu>"
    '<xsl:template match="/"><html><body><pre><xsl:value-of select="."/></pre></body></html></xsl:template>'
    "</xsl:stylesheet>\n"
)
