"""Reading HL7 v3 requests as care software writes them: fillers that are nil, other identifiers, names by qualifier."""

from __future__ import annotations

import pytest

from carnet.demo.people import PAT_TROIS
from carnet.errors import InvalidMetadata, MalformedMessage, UnsupportedOperation
from carnet.identity.patient_search import Criteria
from carnet.soap import envelope
from carnet.soap.hl7v3 import header_of, observations_of, reason_of
from carnet.soap.operations import BY_TRANSACTION, operation_of
from carnet.soap.patient_messages import candidates_query, record_query, record_request
from carnet.soap.patient_operations import PATIENT_OPERATIONS
from carnet.soap.patient_requests import (
    administrative_change,
    asked_query,
    closing_reason,
    opening_request,
    queried_patient,
    registered_patient,
    searched_traits,
)

PATIENT = PAT_TROIS.identifier
NOW = 1_790_000_000_000_000
HL7 = 'xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
FILLED = f"""<PRPA_IN201307UV02 {HL7} ITSVersion="XML_1.0">
  <id root="1.2.3" extension="m1"/><creationTime value="20261122"/>
  <attentionLine xsi:nil="true"/><attachmentText xsi:nil="1"/>
  <receiver typeCode="RCV"><device><id root="1.2.250.1.213.4.1.1.1"/><asAgent xsi:nil="true"><id root="9.9"/></asAgent></device></receiver>
  <sender typeCode="SND"><device xsi:nil="true"><id root="9.9"/></device>
    <device><id xsi:nil="true" root="9.9"/><id root="1.2.4" extension="LPS"/></device></sender>
  <controlActProcess classCode="CACT" moodCode="EVN">
    <reasonCode xsi:nil="true" code="FERM"/>
    <reasonCode code=" TEST_EXST " codeSystem="1.2.250.1.213.1.1.4.11"/>
    <dataSource xsi:nil="true"/><reasonOf xsi:nil="true"><detectedIssueEvent><code code="X"/></detectedIssueEvent></reasonOf>
    <queryByParameter><queryId root="1.2.5" extension="q1"/><statusCode code="new"/>
      <parameterList>
        <patientIdentifier xsi:nil="true"><value root="1.2.250.1.213.1.4.10" extension="{"9" * 15}"/></patientIdentifier>
        <patientIdentifier><value root="1.2.250.1.213.1.4.2" extension="{"1" * 22}"/>
          <value root="{PATIENT.authority}" extension=" {PATIENT.value} "/><value xsi:nil="true"/>
          <semanticsText>Patient.id</semanticsText></patientIdentifier>
      </parameterList></queryByParameter></controlActProcess></PRPA_IN201307UV02>"""


def read(body, action="urn:whatever"):
    content = body.encode() if isinstance(body, str) else body
    return envelope.parse(envelope.write_request(action, "urn:uuid:m", content))


def body_of(content):
    return read(content).body_element


def test_nil_fillers_say_nothing_wherever_they_stand():
    message = body_of(FILLED)
    assert queried_patient(message) == PATIENT
    query = asked_query(message)
    assert query.identifier == ("1.2.5", "q1")
    assert query.echo.startswith("<queryByParameter xmlns=")
    assert reason_of(message) == "TEST_EXST"
    header = header_of(message)
    assert (header.message, header.sender) == (("1.2.3", "m1"), ("1.2.4", "LPS"))
    assert operation_of(read(FILLED)).transaction == "td0.2"


def test_a_nil_patient_is_no_patient():
    with pytest.raises(InvalidMetadata):
        queried_patient(body_of(FILLED.replace("<patientIdentifier>", '<patientIdentifier xsi:nil="true">')))


def test_none_or_two_patients_are_refused_and_a_blank_one_says_nothing():
    second = f'<value root="{PATIENT.authority}" extension="279035121518990"/>'
    for wrong in (FILLED.replace('<value xsi:nil="true"/>', second), FILLED.replace(f" {PATIENT.value} ", " ")):
        with pytest.raises(InvalidMetadata):
            queried_patient(body_of(wrong))
    blank = FILLED.replace('<value xsi:nil="true"/>', f'<value root="{PATIENT.authority}" extension=""/>')
    assert queried_patient(body_of(blank)) == PATIENT


def test_a_message_without_control_act_is_malformed():
    with pytest.raises(MalformedMessage):
        queried_patient(body_of(f"<PRPA_IN201307UV02 {HL7}/>"))


@pytest.mark.parametrize(
    ("reason", "transaction"),
    [("TEST_EXST", "td0.2"), ("CNSLT_DATA", "td1.3a"), ("REAC", "td1.2"), ("MODIF_DATA", "td1.3b"), ("FERM", "td1.4")],
)
def test_the_reason_tells_transactions_of_one_element_apart(reason, transaction):
    query = transaction in {"td0.2", "td1.3a"}
    body = record_query(PATIENT, reason, NOW) if query else record_request(PATIENT, reason, NOW)
    assert operation_of(read(body)).transaction == transaction


@pytest.mark.parametrize("reason", ["", "OTHER", "FERM"])
def test_a_reason_of_no_transaction_is_unsupported(reason):
    with pytest.raises(UnsupportedOperation):
        operation_of(read(record_query(PATIENT, reason, NOW)))


def test_the_actions_of_the_sample_client_are_known_and_another_s_is_refused():
    query, search = record_query(PATIENT, "TEST_EXST", NOW), candidates_query(Criteria(name="X"), NOW)
    for_query = "urn:hl7-org:v3:PRPA_IN201308UV02"
    for_search = "urn:ihe:iti:pdqv3:2007:PDQSupplier_Service:findCandidatesQuery"
    assert operation_of(read(query, for_query)).transaction == "td0.2"
    assert operation_of(read(search, for_search)).transaction == "td0.5"
    for body, action in ((query, for_search), (search, for_query), (query, BY_TRANSACTION["iti18"].action)):
        with pytest.raises(MalformedMessage):
            operation_of(read(body, action))


def test_every_transaction_has_a_service_and_an_element_of_its_own_or_a_reason():
    assert {one.service for one in PATIENT_OPERATIONS} == {
        "patients",
        "patientsPDQ",
        "patientsSpecific",
        "habilitations",
    }
    assert len({(one.element, one.reason) for one in PATIENT_OPERATIONS}) == len(PATIENT_OPERATIONS)


# --- what is searched by ----------------------------------------------------------------------------------------------


def test_the_traits_of_a_search_come_back_as_written():
    criteria = Criteria(name="D'ÉTÉ & <FILS>", given_name="Zoé", birth_date="19840517", sex="F")
    assert searched_traits(body_of(candidates_query(criteria, NOW))) == criteria


def test_the_name_of_birth_goes_before_the_used_one():
    parameters = (
        "<livingSubjectName><value><family qualifier='SP'>USAGE</family><family qualifier='BR'>NAISSANCE</family></value>"
        "</livingSubjectName><patientAddress><value><city>LYON</city></value></patientAddress>"
    )
    body = f"<PRPA_IN201305UV02 {HL7}><controlActProcess><queryByParameter><parameterList>{parameters}</parameterList></queryByParameter></controlActProcess></PRPA_IN201305UV02>"
    assert searched_traits(body_of(body)) == Criteria(name="NAISSANCE")


# --- what is registered -----------------------------------------------------------------------------------------------


def test_a_request_on_a_record_is_read_back():
    names = [("family", "BR", "NAISSANCE"), ("family", "SP", "USAGE"), ("given", "", "ANNE")]
    said = [("OPPOSITION_BRIS_DE_GLACE", True), ("OPPOSITION_ACCES_URGENCE", False), ("INCONNUE", True)]
    message = body_of(record_request(PATIENT, "MODIF_DATA", NOW, names=names, observations=said))
    assert registered_patient(message) == PATIENT
    change = administrative_change(message)
    assert (change.birth_name, change.used_name, change.used_given_name) == ("NAISSANCE", "USAGE", None)
    assert (change.opposes_bris_de_glace, change.opposes_centre_15) == (True, False)


def test_what_is_not_said_changes_nothing():
    change = administrative_change(body_of(record_request(PATIENT, "MODIF_DATA", NOW)))
    assert {getattr(change, name) for name in change.__slots__} == {None}


@pytest.mark.parametrize(("family", "given", "named"), [("A", "B", True), ("", "B", False), ("A", "", False)])
def test_consent_and_the_author_s_name_are_read(family, given, named):
    said = [("CONSENTEMENT_OUVERTURE_DMP", True), ("OPPOSITION_ACCES_URGENCE", True)]
    author = ("899970000024", family, given, "1990000010")
    request = opening_request(
        body_of(record_request(PATIENT, "CREA_RD", NOW, author=author, observations=said)), "td1.1"
    )
    assert (request.consent, request.author_named, request.opposes_centre_15) == (True, named, True)
    other = opening_request(body_of(record_request(PATIENT, "REAC", NOW, observations=said)), "td1.2")
    assert not other.consent


def test_closing_needs_its_status_and_its_reason():
    reason = ("FERMETURE_DEMANDE_PATIENT", "À sa demande")
    assert closing_reason(body_of(record_request(PATIENT, "FERM", NOW, closing=reason))) == reason
    with pytest.raises(InvalidMetadata):
        closing_reason(body_of(record_request(PATIENT, "FERM", NOW)))
    nil = record_request(PATIENT, "FERM", NOW, closing=reason).replace(
        b"<detectedIssueEvent ", b'<detectedIssueEvent xsi:nil="true" '
    )
    with pytest.raises(InvalidMetadata):
        closing_reason(body_of(nil))


def test_an_observation_that_is_neither_true_nor_false_says_nothing():
    body = record_request(PATIENT, "MODIF_DATA", NOW, observations=[("OPPOSITION_BRIS_DE_GLACE", True)])
    assert observations_of(body_of(body.replace(b'value="true"', b'value="maybe"'))) == {}
