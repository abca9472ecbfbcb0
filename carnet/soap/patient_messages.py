"""Requests of the patient services as care software writes them, for the reference client and tests (protocols §1.2, §1.3)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from carnet.clock import to_dtm
from carnet.identity.patient_search import Criteria
from carnet.metadata import PatientIdentifier
from carnet.soap.namespaces import HABILITATIONS, HL7, PATIENTS_SPECIFIC, XSI
from carnet.soap.patient_answers import CLOSINGS, INTERACTIONS, OBSERVATIONS
from carnet.soap.patient_operations import CREATE, PDQ, QUERY, REASON_SYSTEM, REVISE
from carnet.soap.plain_values import request
from carnet.soap.xml_text import text

CLIENT_DEVICE = "1.2.250.1.999.1.1"
PERSONS, STRUCTURES = "1.2.250.1.71.4.2.1", "1.2.250.1.71.4.2.2"


def record_query(patient: PatientIdentifier, reason: str, now: int) -> bytes:
    """PRPA_IN201307UV02; `reason` is TEST_EXST (TD0.2) or CNSLT_DATA (TD1.3a), `now` microseconds UTC."""
    parameter = (
        f'<patientIdentifier><value root="{text(patient.authority)}" extension="{text(patient.value)}"/>'
        "<semanticsText>Patient.id</semanticsText></patientIdentifier>"
    )
    return _message(QUERY, now, _reason(reason) + _query(parameter))


def candidates_query(criteria: Criteria, now: int) -> bytes:
    """PRPA_IN201305UV02 (TD0.5)."""
    given = f"<given>{text(criteria.given_name)}</given>" if criteria.given_name else ""
    family = f"<family>{text(criteria.name)}</family>" if criteria.name else ""
    parameters = ""
    if criteria.sex:
        parameters += _parameter("livingSubjectAdministrativeGender", f'<value code="{text(criteria.sex)}"/>')
    if criteria.birth_date:
        parameters += _parameter("livingSubjectBirthTime", f'<value value="{text(criteria.birth_date)}"/>')
    if family or given:
        parameters += _parameter("livingSubjectName", f"<value>{family}{given}</value>")
    return _message(PDQ, now, _query(parameters))


def record_request(
    patient: PatientIdentifier,
    reason: str,
    now: int,
    *,
    author: tuple[str, str, str, str] = ("", "", "", ""),
    names: Sequence[tuple[str, str, str]] = (),
    observations: Sequence[tuple[str, bool]] = (),
    closing: tuple[str, str] | None = None,
) -> bytes:
    """PRPA_IN201314UV02 (TD1.2, TD1.3b, TD1.4), or PRPA_IN201311UV02 for the reason CREA_RD (TD1.1).

    `author` is PS_IdNat, family name, given name, Struct_IdNat; `names` are (family or given, qualifier, text); `closing` a code and an
    explanation, which sets the patient's status to terminated.
    """
    interaction = CREATE if reason == "CREA_RD" else REVISE
    said = "".join(
        '<subjectOf typeCode="SBJ"><administrativeObservation classCode="OBS" moodCode="EVN">'
        f'<code code="{text(code)}" codeSystem="{OBSERVATIONS}"/><value xsi:type="BL" value="{str(value).lower()}"/>'
        "</administrativeObservation></subjectOf>"
        for code, value in observations
    )
    parts = "".join(
        f'<{kind} qualifier="{text(qualifier)}">{text(name)}</{kind}>'
        if qualifier
        else f"<{kind}>{text(name)}</{kind}>"
        for kind, qualifier, name in names
    )
    status = "active" if closing is None else "terminated"
    person = f'<patientPerson classCode="PSN" determinerCode="INSTANCE"><name>{parts}</name></patientPerson>'
    content = (
        '<subject typeCode="SUBJ"><registrationRequest classCode="REG" moodCode="RQO"><statusCode code="active"/>'
        f'<subject1 typeCode="SBJ"><patient classCode="PAT"><id root="{text(patient.authority)}"'
        f' extension="{text(patient.value)}"/><statusCode code="{status}"/>{person}{said}</patient></subject1>'
        f"{_author(*author)}</registrationRequest></subject>{_closing(closing)}"
    )
    return _message(interaction, now, _reason(reason) + content)


def set_authorization_request(action: str, role: str = "") -> bytes:
    """SetAuthorization (TD0.3): AJOUT or SUPPRESSION, and MEDECIN_TRAITANT or no role."""
    return request("setAuthorization", HABILITATIONS, (("action", action), ("role", role)))


def list_authorization_request(mode: str) -> bytes:
    """ListAuthorizationByPatient (TD1.6): ACTIVE, INTERDITE or TOUTE."""
    return request("listAuthorizationByPatient", HABILITATIONS, (("mode", mode),))


def patient_list_request(since: int, date_type: str, owner: str = "") -> bytes:
    """PatientList (TD0.4); `since` in microseconds UTC, `owner` a PS_IdNat."""
    pairs = (("startDate", to_dtm(since)), ("dateType", date_type), ("psOwnerId", owner))
    return request("patientList", PATIENTS_SPECIFIC, pairs)


def _message(interaction: str, now: int, content: str) -> bytes:
    event = interaction.replace("_IN", "_TE")
    return (
        f'<{interaction} xmlns="{HL7}" xmlns:xsi="{XSI}" ITSVersion="XML_1.0">'
        f'<id root="{CLIENT_DEVICE}.1" extension="{uuid.uuid4()}"/><creationTime value="{to_dtm(now)}"/>'
        f'<interactionId root="{INTERACTIONS}" extension="{interaction}"/><processingCode code="D"/>'
        '<processingModeCode code="T"/><acceptAckCode code="AL"/><attentionLine xsi:nil="true"/>'
        '<receiver typeCode="RCV"><device classCode="DEV" determinerCode="INSTANCE"><id root="1.2.250.1.213.4.1.1.1"/></device>'
        '</receiver><sender typeCode="SND"><device classCode="DEV" determinerCode="INSTANCE">'
        f'<id root="{CLIENT_DEVICE}"/><softwareName>Carnet</softwareName></device></sender>'
        f'<controlActProcess classCode="CACT" moodCode="EVN"><code code="{event}" codeSystem="{INTERACTIONS}"/>'
        f"{content}</controlActProcess></{interaction}>"
    ).encode()


def _reason(code: str) -> str:
    return f'<reasonCode code="{text(code)}" codeSystem="{REASON_SYSTEM}"/>'


def _query(parameters: str) -> str:
    return (
        f'<queryByParameter><queryId root="{CLIENT_DEVICE}.2" extension="{uuid.uuid4()}"/><statusCode code="new"/>'
        f"<parameterList>{parameters}</parameterList></queryByParameter>"
    )


def _parameter(name: str, value: str) -> str:
    return f"<{name}>{value}<semanticsText>{name}</semanticsText></{name}>"


def _author(identifier: str, family: str, given: str, structure: str) -> str:
    return (
        '<author typeCode="AUT"><assignedEntity classCode="ASSIGNED">'
        f'<id root="{PERSONS}" extension="{text(identifier)}"/><assignedPerson classCode="PSN" determinerCode="INSTANCE">'
        f"<name><family>{text(family)}</family><given>{text(given)}</given></name></assignedPerson>"
        '<representedOrganization classCode="ORG" determinerCode="INSTANCE">'
        f'<id root="{STRUCTURES}" extension="{text(structure)}"/></representedOrganization></assignedEntity></author>'
    )


def _closing(closing: tuple[str, str] | None) -> str:
    if closing is None:
        return '<reasonOf xsi:nil="true"/>'
    code, explanation = closing
    return (
        '<reasonOf typeCode="RSON"><detectedIssueEvent classCode="ALRT" moodCode="EVN">'
        f'<code code="{text(code)}" codeSystem="{CLOSINGS}"/><text>{text(explanation)}</text></detectedIssueEvent></reasonOf>'
    )
