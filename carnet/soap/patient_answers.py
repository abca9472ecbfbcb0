"""The answers of the HL7 v3 patient services, written: 201308, 201306, and the accepting or rejecting 2013xx (protocols §1.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from carnet.clock import to_dtm
from carnet.identity.patients import Traits
from carnet.metadata import PatientIdentifier
from carnet.record.candidates import Candidate
from carnet.record.existence import AuthorisationStatus, RecordSheet
from carnet.soap.hl7v3 import MessageHeader
from carnet.soap.namespaces import GDP, HL7, XSI
from carnet.soap.patient_operations import CREATE, REVISE
from carnet.soap.patient_requests import OPPOSES_BRIS_DE_GLACE, OPPOSES_CENTRE_15, AskedQuery
from carnet.soap.xml_text import shown, text

INTERACTIONS = "2.16.840.1.113883.1.6"
GENDERS = "2.16.840.1.113883.5.1"
AUTHORISATION, AUTHORISATION_VALUES, STATUT_MT = (
    "1.2.250.1.213.4.1.2.6.1",
    "1.2.250.1.213.4.1.2.6.2",
    "1.2.250.1.213.4.1.2.6.3",
)
OBSERVATIONS, ACCOUNT, CLOSINGS = "1.2.250.1.213.4.1.2.3", "1.2.250.1.213.4.1.2.9", "1.2.250.1.213.4.1.2.4"

AUTHORISATION_CODES: Mapping[AuthorisationStatus, str] = {
    "valid": "VALIDE",  # as on the French service
    # our own, in its manner: the list was not found (decision 0014)
    "none": "NON_DEFINIE",
    "expired": "EXPIREE",
    "blocked": "INTERDITE",  # the word of TD1.6
}
_SEX = {"M": "M", "F": "F", "I": "UN"}
RESULTS = {CREATE: ("PRPA_IN201312UV02", "PRPA_IN201313UV02"), REVISE: ("PRPA_IN201315UV02", "PRPA_IN201316UV02")}
"""Interaction of a request: that of its acceptance, that of its rejection."""


@dataclass(frozen=True, slots=True)
class Answering:
    """What every answer needs: whom it answers, who we are (the OID of our device), our message's number and the time."""

    header: MessageHeader
    device: str
    number: str
    now: int


def record_answer(answering: Answering, query: AskedQuery, sheet: RecordSheet | None) -> bytes:
    """PRPA_IN201308UV02 for a record, or for none (queryResponseCode NF)."""
    lines = "" if sheet is None else _attention(sheet)
    subject = "" if sheet is None else _registration(_sheet_patient(sheet), answering.device)
    act = _control_act("PRPA_TE201308UV02", subject + _query_ack(query, found=sheet is not None))
    return _message("PRPA_IN201308UV02", answering, lines + _parties(answering), _accepted(answering), act)


def candidates_answer(answering: Answering, query: AskedQuery, found: Sequence[Candidate]) -> bytes:
    """PRPA_IN201306UV02 with everybody found (PDQV3, ITI TF-2 §3.47.4.2)."""
    subjects = "".join(_registration(_candidate(one), answering.device) for one in found)
    act = _control_act("PRPA_TE201306UV02", subjects + _query_ack(query, found=bool(found), total=len(found)))
    return _message("PRPA_IN201306UV02", answering, _parties(answering), _accepted(answering, child=True), act)


def query_rejection(answering: Answering, interaction: str, query: AskedQuery, code: str, sentence: str) -> bytes:
    """The answer of a query that was refused: acknowledgement AE with its detail, queryResponseCode AE."""
    ack = f'<queryAck>{_identifier("queryId", query.identifier)}<queryResponseCode code="AE"/></queryAck>{query.echo}'
    act = _control_act(interaction.replace("_IN", "_TE"), ack)
    refused = _refused(answering, code, sentence, child=interaction == "PRPA_IN201306UV02")
    return _message(interaction, answering, _parties(answering), refused, act)


def registration_answer(
    answering: Answering, request: str, patient: PatientIdentifier | None, rejection: tuple[str, str] | None = None
) -> bytes:
    """The wrapped answer to PRPA_IN201311UV02 or PRPA_IN201314UV02; `rejection` is (code, sentence)."""
    accepted, rejected = RESULTS[request]
    interaction = accepted if rejection is None else rejected
    acknowledgement = _accepted(answering) if rejection is None else _refused(answering, *rejection)
    patient_id = "" if patient is None else _identifier("id", (patient.authority, patient.value))
    subject = f'<patient classCode="PAT">{patient_id}</patient>' if patient_id else ""
    act = _control_act(interaction.replace("_IN", "_TE"), _registration(subject, answering.device) if subject else "")
    body = _message(interaction, answering, _parties(answering), acknowledgement, act)
    return f'<gdp:{request}_Response xmlns:gdp="{GDP}">'.encode() + body + f"</gdp:{request}_Response>".encode()


def _message(interaction: str, answering: Answering, head: str, acknowledgement: str, act: str) -> bytes:
    return (
        f'<{interaction} xmlns="{HL7}" xmlns:xsi="{XSI}" ITSVersion="XML_1.0">'
        f"{_identifier('id', (f'{answering.device}.1', answering.number))}"
        f'<creationTime value="{to_dtm(answering.now)}"/><interactionId root="{INTERACTIONS}" extension="{interaction}"/>'
        '<processingCode code="P"/><processingModeCode code="T"/><acceptAckCode code="NE"/>'
        f"{head}{acknowledgement}{act}</{interaction}>"
    ).encode()


def _parties(answering: Answering) -> str:
    receiver = _identifier("id", answering.header.sender)
    return (
        f'<receiver typeCode="RCV"><device classCode="DEV" determinerCode="INSTANCE">{receiver}</device></receiver>'
        '<sender typeCode="SND"><device classCode="DEV" determinerCode="INSTANCE">'
        f'<id root="{answering.device}"/><softwareName>Carnet</softwareName></device></sender>'
    )


def _accepted(answering: Answering, *, child: bool = False) -> str:
    return _acknowledgement(answering, "AA", "", child=child)


def _refused(answering: Answering, code: str, sentence: str, *, child: bool = False) -> str:
    detail = (
        f'<acknowledgementDetail typeCode="E"><code code="{text(code)}"/><text>{shown(sentence)}</text>'
        "</acknowledgementDetail>"
    )
    return _acknowledgement(answering, "AE", detail, child=child)


def _acknowledgement(answering: Answering, kind: str, detail: str, *, child: bool) -> str:
    """As an attribute in the messages of the French service, as an element in PDQV3 (normative edition 2008)."""
    target = f"<targetMessage>{_identifier('id', answering.header.message)}</targetMessage>"
    if child:
        return f'<acknowledgement><typeCode code="{kind}"/>{target}{detail}</acknowledgement>'
    return f'<acknowledgement typeCode="{kind}">{target}{detail}</acknowledgement>'


def _control_act(event: str, content: str) -> str:
    code = f'<code code="{event}" codeSystem="{INTERACTIONS}"/>'
    return f'<controlActProcess classCode="CACT" moodCode="EVN">{code}{content}</controlActProcess>'


def _query_ack(query: AskedQuery, *, found: bool, total: int | None = None) -> str:
    totals = (
        f'<resultTotalQuantity value="{total}"/><resultCurrentQuantity value="{total}"/><resultRemainingQuantity value="0"/>'
        if total is not None
        else ""
    )
    code = "OK" if found else "NF"
    return (
        f'<queryAck>{_identifier("queryId", query.identifier)}<statusCode code="deliveredResponse"/>'
        f'<queryResponseCode code="{code}"/>{totals}</queryAck>{query.echo}'
    )


def _registration(patient: str, device: str) -> str:
    return (
        '<subject typeCode="SUBJ"><registrationEvent classCode="REG" moodCode="EVN"><statusCode code="completed"/>'
        f'<subject1 typeCode="SBJ">{patient}</subject1>'
        f'<custodian typeCode="CST"><assignedEntity classCode="ASSIGNED"><id root="{device}"/></assignedEntity></custodian>'
        "</registrationEvent></subject>"
    )


def _attention(sheet: RecordSheet) -> str:
    code = AUTHORISATION_CODES[sheet.authorisation]
    return (
        f'<attentionLine><keyWordText code="AUTORISATION" codeSystem="{AUTHORISATION}">AUTORISATION</keyWordText>'
        f'<value xsi:type="CV" code="{code}" codeSystem="{AUTHORISATION_VALUES}"/></attentionLine>'
        f'<attentionLine><keyWordText code="STATUT_MT" codeSystem="{STATUT_MT}">STATUT_MT</keyWordText>'
        f'<value xsi:type="BL" value="{_bl(sheet.medecin_traitant)}"/></attentionLine>'
    )


def _sheet_patient(sheet: RecordSheet) -> str:
    observations = [
        ("RATTACHEMENT_ENS", OBSERVATIONS, sheet.attached),
        ("COMPTE_INTERNET_OUVERT", ACCOUNT, sheet.account_open),
        (OPPOSES_BRIS_DE_GLACE, OBSERVATIONS, sheet.opposes_bris_de_glace),
        (OPPOSES_CENTRE_15, OBSERVATIONS, sheet.opposes_centre_15),
    ]
    said = "".join(_observation(code, system, value) for code, system, value in observations if value is not None)
    status = "active" if sheet.active else "terminated"
    whole = sheet.opposes_centre_15 is not None
    return (
        f'<patient classCode="PAT">{_identifier("id", (sheet.identifier.authority, sheet.identifier.value))}'
        f'<statusCode code="{status}"/>{_person(sheet.traits, birth_place=whole)}{said}{_closing(sheet)}</patient>'
    )


def _closing(sheet: RecordSheet) -> str:
    """When and why a record was closed: an observation of its own, INFERRED (decision 0014)."""
    if sheet.closed_at is None:
        return ""
    code = f'<code code="{text(sheet.closing_reason)}" codeSystem="{CLOSINGS}"/>' if sheet.closing_reason else "<code/>"
    return (
        f'<subjectOf typeCode="SBJ"><administrativeObservation classCode="OBS" moodCode="EVN">{code}'
        f'<effectiveTime value="{to_dtm(sheet.closed_at)}"/></administrativeObservation></subjectOf>'
    )


def _candidate(one: Candidate) -> str:
    match = (
        '<subjectOf1><queryMatchObservation classCode="COND" moodCode="EVN"><code code="POURCENTAGE"/>'
        '<value xsi:type="INT" value="100"/></queryMatchObservation></subjectOf1>'
    )
    opposed = _observation(OPPOSES_CENTRE_15, OBSERVATIONS, one.opposes_centre_15, name="subjectOf2")
    return (
        f'<patient classCode="PAT">{_identifier("id", (one.identifier.authority, one.identifier.value))}'
        f'<statusCode code="active"/>{_person(one.traits)}{match}{opposed}</patient>'
    )


def _person(traits: Traits | None, *, birth_place: bool = False) -> str:
    """The person; without traits, a name that is masked (nullFlavor MSK)."""
    opening = '<patientPerson classCode="PSN" determinerCode="INSTANCE">'
    if traits is None:
        return f'{opening}<name nullFlavor="MSK"/></patientPerson>'
    given = traits.used_given_name or next(iter(traits.birth_given_names.split()), "")
    parts: Iterable[str] = (
        f"<given>{text(given)}</given>" if given else "",
        f'<family qualifier="SP">{text(traits.used_name)}</family>' if traits.used_name else "",
        f'<family qualifier="BR">{text(traits.birth_name)}</family>',
    )
    place = f"<birthPlace><addr><county>{text(traits.birth_place)}</county></addr></birthPlace>"
    return (
        f"{opening}<name>{''.join(parts)}</name>"
        f'<administrativeGenderCode code="{_SEX.get(traits.sex, "UN")}" codeSystem="{GENDERS}"/>'
        f'<birthTime value="{text(traits.birth_date)}"/>{place if birth_place and traits.birth_place else ""}</patientPerson>'
    )


def _observation(code: str, system: str, value: bool, *, name: str = "subjectOf") -> str:
    return (
        f'<{name} typeCode="SBJ"><administrativeObservation classCode="OBS" moodCode="EVN">'
        f'<code code="{code}" codeSystem="{system}"/><value xsi:type="BL" value="{_bl(value)}"/>'
        f"</administrativeObservation></{name}>"
    )


def _identifier(name: str, pair: tuple[str, str]) -> str:
    root, extension = pair
    return f'<{name} root="{shown(root)}"' + (f' extension="{shown(extension)}"' if extension else "") + "/>"


def _bl(value: bool) -> str:
    return "true" if value else "false"
