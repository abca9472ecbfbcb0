"""Writing the CDA (R2, level 3) of a synthesis by the content model IPS-FR 2024.01 (F.51), as its doctor signs it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from carnet.cda.participants import PROFESSIONALS, Identifier, Organization, Participant, Patient
from carnet.cda.synthesis_entries import entries_of
from carnet.cda.synthesis_markup import coded, element, templates
from carnet.cda.synthesis_model import LOINC, Stated, Synthesis, Told
from carnet.cda.synthesis_narrative import narrative
from carnet.cda.synthesis_templates import SECTIONS
from carnet.metadata import Code

TYPE = Code("60591-5", LOINC, "Synthèse médicale")
TITLE = "Synthèse médicale"
_TEMPLATES = (
    "2.16.840.1.113883.2.8.2.1",  # HL7 France
    "1.2.250.1.213.1.1.1.1",  # CI-SIS, structuration minimale
    "2.16.840.1.113883.10.22.1.1",  # IPS
)
_IPS_FR = {"root": "1.2.250.1.213.1.1.1.51", "extension": "2024.01"}
_ATTENDING = Code("PCP", "2.16.840.1.113883.5.88", "Médecin Traitant")
_SEXES = {"M": "Masculin", "F": "Féminin"}


def write_synthesis(synthesis: Synthesis) -> bytes:
    """The document's bytes, in UTF-8."""
    root = element("ClinicalDocument", *_header(synthesis), _body(synthesis))
    etree.cleanup_namespaces(root, keep_ns_prefixes=["xsi"])
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))


def _header(synthesis: Synthesis) -> Iterator[Any]:
    moment = f"{synthesis.signed}+0000"
    doctor = synthesis.doctor
    yield element("realmCode", code="FR")
    yield element("typeId", root="2.16.840.1.113883.1.3", extension="POCD_HD000040")
    yield from templates(*_TEMPLATES)
    yield element("templateId", **_IPS_FR)
    yield element("id", root=synthesis.unique_id)
    yield coded("code", TYPE)
    yield element("title", text=TITLE)
    yield element("effectiveTime", value=moment)
    yield element("confidentialityCode", code="N", codeSystem="2.16.840.1.113883.5.25", displayName="Normal")
    yield element("languageCode", code="fr-FR")
    yield element("setId", root=synthesis.set_id)
    yield element("versionNumber", value=str(synthesis.version))
    yield element("recordTarget", _patient(synthesis.patient))
    yield element(
        "author", coded("functionCode", _ATTENDING), element("time", value=moment), _assigned("assignedAuthor", doctor)
    )
    yield _custodian(synthesis.custodian)
    yield element(
        "legalAuthenticator",
        element("time", value=moment),
        element("signatureCode", code="S"),
        _assigned("assignedEntity", doctor),
    )
    yield _attending(doctor, synthesis.signed)
    yield _act(doctor, moment)
    if synthesis.replaces:
        parent = element("parentDocument", element("id", root=synthesis.replaces))
        yield element("relatedDocument", parent, typeCode="RPLC")
    yield _encounter(synthesis.facility)


def _body(synthesis: Synthesis) -> Any:
    said = {one.part: one for one in synthesis.parts}
    components = []
    for part, template in SECTIONS.items():
        stated = said.get(part, Stated(part))
        if template.mandatory or stated.told is not Told.NOT_STATED:
            components.append(element("component", _section(stated, synthesis.unique_id)))
    return element("component", element("structuredBody", *components))


def _section(stated: Stated, document: str) -> Any:
    template = SECTIONS[stated.part]
    return element(
        "section",
        *templates(*template.templates),
        element("id", root=document, extension=stated.part.value),
        coded("code", template.code),
        element("title", text=template.title),
        narrative(stated),
        *entries_of(stated, document),
    )


def _patient(patient: Patient) -> Any:
    used = [
        element(tag, text=text, qualifier="CL")
        for tag, text in (("family", patient.used_family), ("given", patient.used_given))
        if text
    ]
    names = element(
        "name",
        element("family", text=patient.birth_family, qualifier="BR"),
        element("given", text=patient.birth_given_names),
        element("given", text=patient.first_birth_given, qualifier="BR"),
        *used,
    )
    sex = patient.gender if patient.gender in _SEXES else "U"
    gender = Code(sex, "2.16.840.1.113883.5.1", _SEXES.get(sex, "Inconnu"))
    person = element(
        "patient",
        names,
        coded("administrativeGenderCode", gender),
        element("birthTime", value=patient.birth_date),
        _birthplace(patient.birth_place),
    )
    unknown = (element("addr", nullFlavor="NASK"), element("telecom", nullFlavor="NASK"))
    return element("patientRole", *map(_id, patient.ids), *unknown, person)


def _birthplace(county: str) -> Any:
    if not county:
        return None
    return element("birthplace", element("place", element("addr", element("county", text=county))))


def _assigned(name: str, doctor: Participant) -> Any:
    """Who writes, answers for the document, and did what it documents: the same doctor three times."""
    return element(
        name,
        *map(_id, doctor.ids),
        coded("code", doctor.profession),
        element("addr", nullFlavor="NAV"),
        element("telecom", nullFlavor="NAV"),
        element("assignedPerson", _name(doctor)),
        _organization("representedOrganization", doctor.organization),
    )


def _name(doctor: Participant) -> Any:
    given = element("given", text=doctor.given) if doctor.given else None
    return element("name", element("family", text=doctor.family), given)


def _organization(name: str, structure: Organization) -> Any:
    named = element("name", text=structure.name) if structure.name else None
    setting = structure.practice_setting
    works = coded("standardIndustryClassCode", setting) if setting.code else None
    return element(name, *map(_id, structure.ids), named, works)


def _custodian(custodian: Organization) -> Any:
    plain = Organization(custodian.ids, custodian.name)
    return element("custodian", element("assignedCustodian", _organization("representedCustodianOrganization", plain)))


def _attending(doctor: Participant, signed: str) -> Any:
    entity = element(
        "associatedEntity",
        *(_id(one) for one in doctor.ids if one.root == PROFESSIONALS),
        element("addr", nullFlavor="NAV"),
        element("telecom", nullFlavor="NAV"),
        element("associatedPerson", _name(doctor)),
        _organization("scopingOrganization", doctor.organization),
        classCode="PROV",
    )
    since = element("time", element("low", value=signed[:8]), kind="IVL_TS")
    return element("participant", coded("functionCode", _ATTENDING), since, entity, typeCode="INF")


def _act(doctor: Participant, moment: str) -> Any:
    performer = element("performer", _assigned("assignedEntity", doctor), typeCode="PRF")
    event = element("serviceEvent", element("effectiveTime", element("low", value=moment)), performer)
    return element("documentationOf", event)


def _encounter(facility: Code) -> Any:
    place = element("location", element("healthCareFacility", coded("code", facility)))
    return element("componentOf", element("encompassingEncounter", element("effectiveTime", nullFlavor="NA"), place))


def _id(identifier: Identifier) -> Any:
    if not identifier.extension:
        return element("id", root=identifier.root)
    return element("id", root=identifier.root, extension=identifier.extension)
