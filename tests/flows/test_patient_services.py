"""The services to software beside documents, through the real door: does a record exist, may I read it, who may, which are mine."""

from __future__ import annotations

import pytest
from lxml import etree

from carnet import hardened_xml
from carnet.client.patient_service import PatientService
from carnet.clock import DAY, system_clock
from carnet.consent.choices import Choice
from carnet.demo.people import (
    COMMUNITY_NURSE,
    HOSPITAL,
    HOSPITAL_DOCTOR,
    LABORATORY,
    MEDECIN_TRAITANT,
    OCCUPATIONAL_DOCTOR,
    OTHER_GP,
    PHARMACIST_OWNER,
    REGULATOR,
)
from carnet.identity.patient_search import Criteria
from carnet.metadata import MASQUE_PS
from carnet.requester import AccessMode
from carnet.soap.patient_answer_parse import patient_answer
from carnet.soap.patient_messages import record_query, record_request, set_authorization_request

NORMAL, GLASS, CENTRE_15 = AccessMode.NORMAL, AccessMode.BRIS_DE_GLACE, AccessMode.CENTRE_15
DENIED = "DMPAccessDeniedByRightsService"
REASON = "Patient inconscient aux urgences"


def services(house, person, mode=NORMAL):
    """The patient services as somebody in some mode."""
    return PatientService(house.service(person, mode, REASON if mode is GLASS else ""))


def exists(record, person=OTHER_GP, mode=NORMAL):
    return services(record.house, person, mode).exists(record.identifier)


def authorize(record, person=OTHER_GP, action="AJOUT", role="", mode=NORMAL):
    return services(record.house, person, mode).set_authorization(record.identifier, action, role)


def find(house, person=REGULATOR, mode=CENTRE_15, **criteria):
    return services(house, person, mode).find(Criteria(**criteria))


def mine(house, person, since=0, by="LASTAUTORIZATION", *, owner="", mode=NORMAL):
    return services(house, person, mode).list_patients(since, by, owner)


def listed(answer):
    assert answer.accepted, answer
    return {item["nationalId"]: item for item in answer.items}


def sole(answer):
    assert answer.accepted, answer
    (person,) = answer.people
    return person


# --- TD0.2 ------------------------------------------------------------------------------------------------------------


def test_a_record_exists_and_says_how_i_stand(record):
    answer = exists(record)
    person = sole(answer)
    assert (answer.interaction, answer.response) == ("PRPA_IN201308UV02", "OK")
    assert (answer.authorisation, answer.medecin_traitant) == ("NON_DEFINIE", False)
    assert (person.status, person.identifiers) == ("active", (record.identifier,))
    assert (person.birth_name, person.given_name, person.sex) == (record.patient.traits.birth_name, "MARIE", "F")
    assert person.observations == {"RATTACHEMENT_ENS": True, "COMPTE_INTERNET_OUVERT": False}
    assert record.last_line("td0.2")["outcome"] == "done"


def test_each_state_of_the_authorisation_has_its_code(record):
    house = record.house
    assert exists(record, MEDECIN_TRAITANT).authorisation == "VALIDE"
    assert exists(record, MEDECIN_TRAITANT).medecin_traitant
    house.administration.authorise(record.identifier, OTHER_GP.identifier, None)
    assert exists(record).authorisation == "VALIDE"
    house.gate.administer(
        lambda connection: connection._raw.execute(
            "UPDATE care_link SET expires_at = since + 1 WHERE party = ?", (OTHER_GP.identifier,)
        )
    )
    assert exists(record).authorisation == "EXPIREE"
    house.administration.block(record.identifier, OTHER_GP.identifier)
    assert exists(record).authorisation == "INTERDITE"


def test_a_blocked_professional_learns_the_statuses_and_nothing_of_the_person(record):
    record.house.administration.block(record.identifier, OTHER_GP.organization.identifier)
    answer = exists(record)
    person = sole(answer)
    assert (answer.authorisation, person.status) == ("INTERDITE", "active")
    assert (person.birth_name, person.given_name, person.sex, person.birth_date) == ("", "", "", "")
    assert person.observations == {"RATTACHEMENT_ENS": True}
    assert services(record.house, OTHER_GP).administrative_data(record.identifier).code == DENIED


def test_a_person_without_record_and_one_whom_nobody_knows_look_alike(house):
    known = house.new_patient()
    unknown = type(known.identifier)(known.identifier.value[:-2] + "00", known.identifier.authority)
    for patient in (known.identifier, unknown):
        answer = services(house, OTHER_GP).exists(patient)
        assert (answer.acknowledgement, answer.response, answer.people, answer.authorisation) == ("AA", "NF", (), "")


def test_a_closed_record_says_when_and_why(record):
    record.house.administration.close_record(record.identifier, "FERMETURE_DEMANDE_PATIENT")
    person = sole(exists(record))
    assert (person.status, person.closing_reason) == ("terminated", "FERMETURE_DEMANDE_PATIENT")
    assert len(person.closed_at) == 14
    assert services(record.house, OTHER_GP).administrative_data(record.identifier).code == "DMPClosed"


@pytest.mark.parametrize("person", [OTHER_GP, COMMUNITY_NURSE, PHARMACIST_OWNER, LABORATORY])
def test_everybody_with_a_column_may_ask_whether_there_is_a_record(record, person):
    assert exists(record, person).accepted


def test_td02_is_refused_to_who_has_no_column_and_to_a_false_regulator(record):
    for person, mode in ((OCCUPATIONAL_DOCTOR, NORMAL), (OTHER_GP, CENTRE_15)):
        answer = exists(record, person, mode)
        assert (answer.acknowledgement, answer.code, answer.people) == ("AE", DENIED, ())
        assert record.last_line("td0.2")["outcome"] == "refused"
    assert exists(record, REGULATOR, CENTRE_15).accepted
    assert exists(record, OTHER_GP, GLASS).accepted


# --- TD1.3a -----------------------------------------------------------------------------------------------------------


def test_administrative_data_carry_the_oppositions(record):
    record.house.administration.choose(record.identifier, Choice.OPPOSES_CENTRE_15, value=True)
    person = sole(services(record.house, OTHER_GP).administrative_data(record.identifier))
    assert person.observations["OPPOSITION_ACCES_URGENCE"]
    assert not person.observations["OPPOSITION_BRIS_DE_GLACE"]
    assert record.last_line("td1.3a")["outcome"] == "done"


# --- TD0.3 ------------------------------------------------------------------------------------------------------------


def test_one_declares_one_s_authorisation_and_reads(record, codes):
    assert codes(record.documents(by=OTHER_GP)) == [DENIED]
    first, again = authorize(record), authorize(record)
    assert (first.status, again.status) == ("DMPOk", "DMPOk")
    assert "already" in again.context
    assert not record.documents(by=OTHER_GP).errors
    ((expires_at, since),) = record.house.rows(
        "SELECT expires_at, since FROM care_link WHERE party = ? AND until IS NULL AND patient_key = "
        "(SELECT max(patient_key) FROM care_link)",
        OTHER_GP.identifier,
    )
    assert expires_at - since == 365 * DAY
    assert record.last_line("td0.3")["objects"] == (OTHER_GP.identifier,)
    for _ in range(2):
        assert authorize(record, action="SUPPRESSION").accepted
    assert codes(record.documents(by=OTHER_GP)) == [DENIED]


@pytest.mark.parametrize(
    ("person", "mode"),
    [(LABORATORY, NORMAL), (OCCUPATIONAL_DOCTOR, NORMAL), (OTHER_GP, GLASS), (REGULATOR, CENTRE_15)],
    ids=["structure", "occupational doctor", "emergency", "regulation"],
)
def test_td03_is_refused_where_the_matrix_says_no(record, person, mode):
    before = record.house.stored()
    for action in ("AJOUT", "SUPPRESSION"):
        answer = authorize(record, person, action, mode=mode)
        assert answer.status == DENIED
        assert record.last_line("td0.3")["outcome"] == "refused"
    assert {k: v for k, v in record.house.stored().items() if k in before} == before


@pytest.mark.parametrize("party", [OTHER_GP, OTHER_GP.organization], ids=["person", "structure"])
def test_a_blocked_professional_cannot_authorise_oneself(record, codes, party):
    record.house.administration.block(record.identifier, party.identifier)
    for action, role in (("AJOUT", ""), ("AJOUT", "MEDECIN_TRAITANT"), ("SUPPRESSION", "")):
        assert authorize(record, action=action, role=role).status == DENIED
    assert "blocked-by-patient" in record.last_line("td0.3")["rules"]
    assert codes(record.documents(by=OTHER_GP)) == [DENIED]


def test_a_doctor_becomes_medecin_traitant_and_stops_being_it(record, codes):
    entry = record.add(by=OTHER_GP)
    assert not record.mask(entry, [MASQUE_PS]).errors
    assert authorize(record, HOSPITAL_DOCTOR, role="MEDECIN_TRAITANT").accepted
    assert authorize(record, HOSPITAL_DOCTOR, role="MEDECIN_TRAITANT").accepted
    assert len(record.documents(by=HOSPITAL_DOCTOR).entries) == 1
    assert not exists(record, MEDECIN_TRAITANT).medecin_traitant
    for _ in range(2):
        assert authorize(record, HOSPITAL_DOCTOR, "SUPPRESSION", "MEDECIN_TRAITANT").status == "DMPOk"
    assert codes(record.documents(by=HOSPITAL_DOCTOR)) == [DENIED]


def test_who_never_was_medecin_traitant_cannot_stop_and_a_nurse_cannot_become_it(record):
    assert authorize(record, OTHER_GP, "SUPPRESSION", "MEDECIN_TRAITANT").status == DENIED
    assert authorize(record, COMMUNITY_NURSE, "AJOUT", "MEDECIN_TRAITANT").status == DENIED
    assert "doctor-only" in record.last_line("td0.3")["rules"]
    assert exists(record, MEDECIN_TRAITANT).medecin_traitant


def test_td03_on_a_closed_or_unknown_record(record):
    record.house.administration.close_record(record.identifier, "FERMETURE_DEMANDE_PATIENT")
    assert authorize(record).status == "DMPClosed"
    nobody = record.house.new_patient()
    answer = services(record.house, OTHER_GP).set_authorization(nobody.identifier, "AJOUT")
    assert answer.status == "CarnetUnknownPatient"


def test_an_action_that_does_not_exist_changes_nothing(record):
    for action, role in (("ajout", ""), ("", ""), ("AJOUT", "INFIRMIER")):
        assert authorize(record, action=action, role=role).status == "CarnetInvalidRequest"
        assert record.last_line("td0.3")["outcome"] == "failed"
    assert exists(record).authorisation == "NON_DEFINIE"


# --- TD1.6 ------------------------------------------------------------------------------------------------------------


def test_the_list_of_the_authorised_and_the_blocked(house):
    record = house.new_record(HOSPITAL_DOCTOR)
    house.administration.authorise(record.identifier, HOSPITAL.identifier, None)
    house.administration.block(record.identifier, COMMUNITY_NURSE.identifier)
    service = services(house, HOSPITAL_DOCTOR)
    whole = listed(service.list_authorized(record.identifier, "TOUTE"))
    assert whole.keys() == {
        MEDECIN_TRAITANT.identifier,
        HOSPITAL_DOCTOR.identifier,
        HOSPITAL.identifier,
        COMMUNITY_NURSE.identifier,
    }
    doctor = whole[HOSPITAL_DOCTOR.identifier]
    assert (doctor["lastName"], doctor["firstName"], doctor["mode"]) == ("KERVADEC", "SOAZIG", "ACTIVE")
    assert (doctor["codeSpeciality"], doctor["nationalIdType"]) == ("G15_10/SM04", "1.2.250.1.71.4.2.1")
    assert "ardiologie" in doctor["libSpeciality"]
    assert whole[HOSPITAL.identifier]["nationalIdType"] == "1.2.250.1.71.4.2.2"
    assert whole[MEDECIN_TRAITANT.identifier]["specificRight"] == "MEDECIN_TRAITANT"
    assert listed(service.list_authorized(record.identifier, "INTERDITE")).keys() == {COMMUNITY_NURSE.identifier}
    assert COMMUNITY_NURSE.identifier not in listed(service.list_authorized(record.identifier, "ACTIVE"))


@pytest.mark.parametrize(
    ("person", "mode"),
    [(OTHER_GP, NORMAL), (LABORATORY, NORMAL), (HOSPITAL_DOCTOR, GLASS), (REGULATOR, CENTRE_15)],
    ids=["without authorisation", "structure", "emergency", "regulation"],
)
def test_the_list_is_refused_where_the_rules_say_no(house, person, mode):
    record = house.new_record(HOSPITAL_DOCTOR)
    answer = services(house, person, mode).list_authorized(record.identifier, "TOUTE")
    assert (answer.status, answer.items) == (DENIED, ())
    assert record.last_line("td1.6")["outcome"] == "refused"


def test_a_mode_of_the_list_that_does_not_exist_is_told(house):
    record = house.new_record(HOSPITAL_DOCTOR)
    assert services(house, HOSPITAL_DOCTOR).list_authorized(record.identifier, "ALL").status == "CarnetInvalidRequest"


# --- TD0.4 ------------------------------------------------------------------------------------------------------------


def test_my_patients_are_those_who_authorise_me(house):
    before = system_clock()
    record, other = house.new_record(PHARMACIST_OWNER), house.new_record()
    found = listed(mine(house, PHARMACIST_OWNER, before))
    assert record.identifier.value in found
    assert other.identifier.value not in found
    one = found[record.identifier.value]
    assert (one["nationalIdType"], one["MT"], one["message"]) == (record.identifier.authority, "false", "false")
    assert (one["patronymicalName"], one["dateOfBirth"]) == (record.patient.traits.birth_name, "19840517")
    assert record.identifier.value not in listed(mine(house, PHARMACIST_OWNER, system_clock() + DAY))
    line = record.last_line("td0.4")
    assert (line["outcome"], line["requester_id"]) == ("done", PHARMACIST_OWNER.identifier)


def test_a_record_that_is_closed_or_blocks_me_is_not_listed(house):
    before = system_clock()
    closed, blocking = house.new_record(PHARMACIST_OWNER), house.new_record(PHARMACIST_OWNER)
    house.administration.close_record(closed.identifier, "FERMETURE_DEMANDE_PATIENT")
    house.administration.block(blocking.identifier, PHARMACIST_OWNER.organization.identifier)
    found = listed(mine(house, PHARMACIST_OWNER, before))
    assert not {closed.identifier.value, blocking.identifier.value} & found.keys()


def test_the_date_of_a_document_that_is_masked_does_not_show(house):
    before = system_clock()
    record, silent = house.new_record(PHARMACIST_OWNER), house.new_record(PHARMACIST_OWNER)
    record.add(title="Ordonnance")
    assert not silent.send(silent.submission(silent.document(masks=(MASQUE_PS,)))).errors
    found = listed(mine(house, PHARMACIST_OWNER, before, "LASTDOC"))
    assert record.identifier.value in found
    assert found[record.identifier.value]["lastAddDate"]
    assert silent.identifier.value not in found
    assert "lastAddDate" not in listed(mine(house, PHARMACIST_OWNER, before))[silent.identifier.value]


def test_a_structure_lists_new_authorisations_alone_and_a_regulating_structure_none(house):
    before = system_clock()
    record = house.new_record()
    house.administration.authorise(record.identifier, LABORATORY.identifier, None)
    assert record.identifier.value in listed(mine(house, LABORATORY, before))
    assert mine(house, LABORATORY, before, "LASTDOC").status == DENIED
    assert mine(house, LABORATORY, before, mode=CENTRE_15).status == DENIED


def test_nobody_asks_for_another_s_list(house):
    assert mine(house, OTHER_GP, owner=MEDECIN_TRAITANT.identifier).status == DENIED
    assert mine(house, OTHER_GP, system_clock(), owner=OTHER_GP.identifier).accepted
    assert mine(house, OCCUPATIONAL_DOCTOR).status == DENIED
    assert mine(house, OTHER_GP, by="LASTVISIT").status == "CarnetInvalidRequest"


# --- TD0.5 ------------------------------------------------------------------------------------------------------------


def test_a_regulation_centre_finds_a_person_by_exact_traits(house):
    record = house.new_record()
    house.administration.choose(record.identifier, Choice.OPPOSES_CENTRE_15, value=True)
    name = record.patient.traits.birth_name
    answer = find(house, name=name.lower().replace("-", " "), birth_date="19840517")
    person = sole(answer)
    assert (answer.interaction, answer.response) == ("PRPA_IN201306UV02", "OK")
    assert person.identifiers == (record.identifier,)
    assert person.observations == {"OPPOSITION_ACCES_URGENCE": True}
    assert record.last_line("td0.5")["requester_id"] == REGULATOR.identifier
    for criteria in ({"name": f"{name}X"}, {"given_name": "PAULE"}, {"sex": "M"}, {"birth_date": "19840518"}):
        wanted = {"name": name, "birth_date": "19840517", **criteria}
        assert find(house, **wanted).people == ()


def test_a_search_is_traced_even_when_nobody_is_found(house):
    before = house.traced_without_patient()
    assert find(house, name="PERSONNE", birth_date="19010101").people == ()
    assert find(house, name="PERSONNE").code == "CarnetInvalidRequest"
    assert house.traced_without_patient() == before + 2


@pytest.mark.parametrize(
    ("person", "mode"),
    [(OTHER_GP, NORMAL), (OTHER_GP, CENTRE_15), (REGULATOR, NORMAL), (REGULATOR, GLASS), (LABORATORY, CENTRE_15)],
)
def test_nobody_else_searches_by_traits(house, person, mode):
    record = house.new_record()
    answer = find(house, person, mode, name=record.patient.traits.birth_name, birth_date="19840517")
    assert (answer.acknowledgement, answer.code, answer.people) == ("AE", DENIED, ())
    assert not [line for line in record.trace() if line["action"] == "td0.5"]


@pytest.mark.parametrize(
    "criteria", [{"name": "*"}, {"name": "%%%"}, {"name": ""}, {"birth_date": ""}, {"birth_date": "1984*"}]
)
def test_a_pattern_or_too_few_traits_find_nobody(house, criteria):
    answer = find(house, **{"name": "DUPONT", "birth_date": "19840517", **criteria})
    assert (answer.code, answer.people) == ("CarnetInvalidRequest", ())


def test_a_person_who_blocks_the_centre_or_has_no_open_record_is_not_found(house):
    blocking, closed, none = house.new_record(), house.new_record(), house.new_patient()
    house.administration.block(blocking.identifier, REGULATOR.identifier)
    house.administration.close_record(closed.identifier, "FERMETURE_DEMANDE_PATIENT")
    for patient in (blocking.patient, closed.patient, none):
        assert find(house, name=patient.traits.birth_name, birth_date="19840517").people == ()


# --- TD1.3b, TD1.4, and what was withdrawn ------------------------------------------------------------------------------


def test_a_record_of_mon_espace_sante_is_neither_changed_nor_closed_by_software(record):
    service = services(record.house, OTHER_GP)
    for answer in (
        service.change(record.identifier, names=[("family", "SP", "AUTRE")]),
        service.close(record.identifier),
    ):
        assert (answer.acknowledgement, answer.code) == ("AE", DENIED)
    assert "attached-to-mon-espace-sante" in record.last_line("td1.4")["rules"]
    assert exists(record, MEDECIN_TRAITANT).people[0].status == "active"


def test_withdrawn_transactions_are_refused(house):
    patient = house.new_patient()
    for reason in ("CREA_RD", "REAC"):
        answer = services(house, OTHER_GP).open(patient.identifier, reason, [("CONSENTEMENT_OUVERTURE_DMP", True)])
        assert answer.code == DENIED
    assert services(house, OTHER_GP).exists(patient.identifier).response == "NF"


@pytest.fixture(scope="module")
def detached_house(open_house):
    """An exchange whose records are not attached to Mon espace santé, and where what was withdrawn is open."""
    with open_house('attached_to_mon_espace_sante = "none"\nwithdrawn_transactions = true\n') as opened:
        yield opened


def test_the_administrative_data_of_a_detached_record_are_changed(detached_house):
    record = detached_house.new_record()
    service = services(detached_house, OTHER_GP)
    change = {"names": [("family", "SP", "NOUVEAU")], "observations": [("OPPOSITION_BRIS_DE_GLACE", True)]}
    for _ in range(2):
        answer = service.change(record.identifier, **change)
        assert (answer.interaction, answer.acknowledgement) == ("PRPA_IN201315UV02", "AA")
    person = sole(service.administrative_data(record.identifier))
    assert (person.used_name, person.birth_name) == ("NOUVEAU", record.patient.traits.birth_name)
    assert person.observations["OPPOSITION_BRIS_DE_GLACE"]
    assert not person.observations["RATTACHEMENT_ENS"]
    wrong = service.change(record.identifier, names=[("family", "BR", "AUTRE")])
    assert (wrong.interaction, wrong.code) == ("PRPA_IN201316UV02", "CarnetInvalidRequest")
    lifting = service.change(record.identifier, observations=[("OPPOSITION_BRIS_DE_GLACE", False)])
    assert lifting.code == DENIED


def test_a_detached_record_is_closed_once(detached_house, codes):
    record = detached_house.new_record(OTHER_GP)
    service = services(detached_house, OTHER_GP)
    assert service.close(record.identifier, "Ne souhaite plus de dossier").interaction == "PRPA_IN201315UV02"
    assert service.close(record.identifier).code == "DMPClosed"
    assert record.last_line("td1.4")["outcome"] == "refused"
    assert codes(record.documents(by=OTHER_GP)) == ["DMPClosed"]
    done = [line for line in record.trace() if line["action"] == "td1.4" and line["outcome"] == "done"]
    assert [line["detail"] for line in done] == ["FERMETURE_DEMANDE_PATIENT Ne souhaite plus de dossier"]


@pytest.mark.parametrize(("person", "mode"), [(LABORATORY, NORMAL), (OTHER_GP, GLASS), (OCCUPATIONAL_DOCTOR, NORMAL)])
def test_a_detached_record_is_not_closed_by_who_may_not(detached_house, person, mode):
    record = detached_house.new_record()
    assert services(detached_house, person, mode).close(record.identifier).code == DENIED
    detached_house.administration.block(record.identifier, OTHER_GP.identifier)
    assert services(detached_house, OTHER_GP).close(record.identifier).code == DENIED


def test_where_the_setting_is_on_a_record_is_created_closed_and_reactivated(detached_house):
    patient = detached_house.new_patient().identifier
    service = services(detached_house, OTHER_GP)
    consent = [("CONSENTEMENT_OUVERTURE_DMP", True), ("OPPOSITION_BRIS_DE_GLACE", True)]
    assert service.open(patient, "REAC", [("CONSENTEMENT_REACTIVATION_DMP", True)]).code == "CarnetUnknownPatient"
    assert service.open(patient, "CREA_RD", []).code == "CarnetInvalidRequest"
    assert service.open(patient, "CREA_RD", consent).interaction == "PRPA_IN201312UV02"
    assert service.open(patient, "CREA_RD", consent).code == "DMPFound"
    assert sole(service.administrative_data(patient)).observations["OPPOSITION_BRIS_DE_GLACE"]
    assert service.close(patient).accepted
    assert service.open(patient, "CREA_RD", consent).code == "DMPClosed"
    assert service.open(patient, "REAC", [("CONSENTEMENT_REACTIVATION_DMP", True)]).accepted
    assert sole(service.exists(patient)).status == "active"


@pytest.mark.parametrize("operation", ["createPatientAccess", "patientOTPUpdate", "updatePatientAccess"])
def test_the_patient_s_internet_account_is_refused_with_or_without_the_setting(house, detached_house, operation):
    names = {"createPatientAccess": "td1.5a", "patientOTPUpdate": "td1.5b", "updatePatientAccess": "td1.5d"}
    body = f'<n:{operation} xmlns:n="urn:si-dmp-patients"><type>SMS</type></n:{operation}>'.encode()
    for where, status in ((house, DENIED), (detached_house, "CarnetPatientSpaceMissing")):
        record = where.new_record()
        reply = where.call(OTHER_GP, record.identifier, names[operation], body)
        assert reply.status == 200
        assert f"<status>{status}</status>".encode() in reply.content
        assert record.last_line(names[operation])["outcome"] in {"refused", "failed"}


# --- the message and its patient ----------------------------------------------------------------------------------------


def test_the_patient_of_the_message_is_that_of_the_assertion(record, other_record):
    body = record_query(other_record.identifier, "TEST_EXST", system_clock())
    reply = record.house.call(OTHER_GP, record.identifier, "td0.2", body)
    answer = patient_answer(reply.envelope)
    assert (answer.code, answer.people) == ("CarnetPatientMismatch", ())
    assert record.last_line("td0.2")["outcome"] == "failed"
    nobody = patient_answer(record.house.call(OTHER_GP, None, "td0.2", body).envelope)
    assert nobody.acknowledgement == "AE"


def test_a_request_at_another_service_s_path_is_refused(record):
    content_type, content = record.house.message(
        OTHER_GP, record.identifier, "td0.3", set_authorization_request("AJOUT")
    )
    for other in ("iti18", "td0.2", "td0.4", "td0.5"):
        reply = record.house.post(other, content_type, content, by=OTHER_GP)
        assert reply.fault.subcode == "ActionNotSupported"
    assert exists(record).authorisation == "NON_DEFINIE"


def test_a_message_without_one_of_its_elements_never_makes_the_service_fail(detached_house):
    record = detached_house.new_record()
    closing = record_request(record.identifier, "FERM", system_clock(), closing=("FERMETURE_DEMANDE_PATIENT", "x"))
    root = hardened_xml.parse(closing)
    for number in range(1, len(list(root.iter()))):
        changed = hardened_xml.parse(closing)
        element = list(changed.iter())[number]
        element.getparent().remove(element)
        reply = detached_house.call(OTHER_GP, record.identifier, "td1.4", etree.tostring(changed))
        assert reply.fault is None or reply.fault.code == "Sender", element.tag
