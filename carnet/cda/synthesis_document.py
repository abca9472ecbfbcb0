"""Writing the CDA (R2, level 3) of a synthesis by the content model that its doctor chose, as it is signed: its header, which is nearly the same for both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from carnet.cda.participants import PROFESSIONALS, Identifier, Organization, Participant, Patient
from carnet.cda.synthesis_body import body
from carnet.cda.synthesis_layouts import LAYOUTS
from carnet.cda.synthesis_markup import coded, element, templates
from carnet.cda.synthesis_model import Synthesis
from carnet.metadata import Code

TITLE = "Synthèse médicale"
_TEMPLATES = (
    "2.16.840.1.113883.2.8.2.1",  # HL7 France
    "1.2.250.1.213.1.1.1.1",  # CI-SIS, structuration minimale
)
_ATTENDING = Code("PCP", "2.16.840.1.113883.5.88", "Médecin Traitant")
_SEXES = {"M": "Masculin", "F": "Féminin"}


def write_synthesis(synthesis: Synthesis) -> bytes:
    """The document's bytes, in UTF-8."""
    root = element("ClinicalDocument", *_header(synthesis), body(synthesis))
    etree.cleanup_namespaces(root, keep_ns_prefixes=["xsi"])
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))


def _header(synthesis: Synthesis) -> Iterator[Any]:
    moment = f"{synthesis.signed}+0000"
    doctor, layout = synthesis.doctor, LAYOUTS[synthesis.model]
    yield element("realmCode", code="FR")
    yield element("typeId", root="2.16.840.1.113883.1.3", extension="POCD_HD000040")
    yield from templates(*_TEMPLATES)
    for root, version in layout.templates:
        yield _id(Identifier(root, version), "templateId")
    yield element("id", root=synthesis.unique_id)
    yield coded("code", layout.type)
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
    yield _act(layout.event, doctor, moment)
    if synthesis.replaces:
        parent = element("parentDocument", element("id", root=synthesis.replaces))
        yield element("relatedDocument", parent, typeCode="RPLC")
    yield _encounter(synthesis.facility)


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


def _act(code: Code, doctor: Participant, moment: str) -> Any:
    """The act documented; the rules of the VSM ask for the name of the coding scheme beside its OID."""
    named = coded("code", code) if code.code else None
    if named is not None:
        named.set("codeSystemName", "LOINC")
    performer = element("performer", _assigned("assignedEntity", doctor), typeCode="PRF")
    event = element("serviceEvent", named, element("effectiveTime", element("low", value=moment)), performer)
    return element("documentationOf", event)


def _encounter(facility: Code) -> Any:
    place = element("location", element("healthCareFacility", coded("code", facility)))
    return element("componentOf", element("encompassingEncounter", element("effectiveTime", nullFlavor="NA"), place))


def _id(identifier: Identifier, name: str = "id") -> Any:
    if not identifier.extension:
        return element(name, root=identifier.root)
    return element(name, root=identifier.root, extension=identifier.extension)
