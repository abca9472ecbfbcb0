"""Callers who are not a doctor with a card: a structure's software, a medical secretary's card, a professional in reinforced indirect mode."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from carnet.client.caller import Caller, Description
from carnet.client.patient_service import PatientService
from carnet.clock import system_clock
from carnet.demo import certificate_profile as profiles
from carnet.demo.people import BIOLOGIST, GROUP_OFFICE, LABORATORY, OTHER_GP, DemoOrganization
from carnet.demo.pki import PERSONS, TestAuthority
from carnet.document_query import ReturnType
from carnet.metadata import MASQUE_PS, AvailabilityStatus, Code
from carnet.requester import Authentication
from carnet.soap.messages import adhoc_query_request, provide_and_register_request, quoted
from carnet.soap.patient_answer_parse import patient_answer, specific_answer
from carnet.soap.patient_messages import list_authorization_request, record_query, set_authorization_request
from carnet.soap.query_table import BY_NAME

DELETED = AvailabilityStatus.DELETED
DENIED = "DMPAccessDeniedByRightsService"
SECRETARY = Code("SECRETARIAT_MEDICAL", "1.2.250.1.213.1.1.4.6", "Secrétariat médical")


def refused(record, action, rule):
    """The newest line of an action says that it was refused, and by which rule."""
    line = record.last_line(action)
    assert line["outcome"] == "refused"
    assert rule in line["rules"]


# --- structures -------------------------------------------------------------------------------------------------------


def test_a_structure_feeds_finds_its_own_references_and_reads_nothing(record, codes):
    own = record.document(author=BIOLOGIST, title="Du laboratoire")
    assert not record.send(record.submission(own, by=LABORATORY), LABORATORY).errors
    record.add(title="D'un médecin")
    assert codes(record.documents(by=LABORATORY)) == [DENIED]
    refused(record, "iti18", "functional-right")
    (reference,) = record.documents(by=LABORATORY, refs=True).object_refs
    assert reference == record.entry(own.entry.unique_id).entry_uuid
    found = record.ask(
        "GetDocuments", [("$XDSDocumentEntryUniqueId", quoted(own.entry.unique_id))], LABORATORY, refs=True
    )
    assert found.object_refs == (reference,)
    answer, given = record.read(own.entry.unique_id, by=LABORATORY)
    assert (codes(answer), given) == ([DENIED], ())


def test_a_structure_deletes_and_replaces_its_own_documents_and_no_others(record, codes):
    sent = record.document(author=BIOLOGIST)
    assert not record.send(record.submission(sent, by=LABORATORY), LABORATORY).errors
    own, other = record.entry(sent.entry.unique_id), record.add()
    assert codes(record.set_status(other, DELETED, LABORATORY)) == ["UnresolvedReferenceException"]
    assert codes(record.send(record.replacement(other, by=LABORATORY, author=BIOLOGIST)[1], LABORATORY)) == [
        "UnresolvedReferenceException"
    ]
    replacement, made = record.replacement(own, by=LABORATORY, author=BIOLOGIST)
    assert not record.send(made, LABORATORY).errors
    current = record.entry(replacement.entry.unique_id)
    assert codes(record.mask(current, [MASQUE_PS], LABORATORY)) == [DENIED]
    assert not record.set_status(current, DELETED, LABORATORY).errors


def test_a_structure_without_authorisation_needs_none_to_feed_but_is_refused_when_blocked(record, codes):
    record.house.administration.block(record.identifier, LABORATORY.identifier)
    made = record.submission(record.document(author=BIOLOGIST), by=LABORATORY)
    assert codes(record.send(made, LABORATORY)) == [DENIED]
    refused(record, "iti41", "blocked-by-patient")


# --- a medical secretary's card (TD2.2) -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Secretary:
    """Somebody named by a structure, with a CPE; `seal` names the structure's own certificates, which sign what she puts in."""

    identifier: str
    seal: DemoOrganization = GROUP_OFFICE


@pytest.fixture(scope="module")
def secretary(house, pristine, tmp_path_factory):
    """A medical secretary of the group practice, with a card of her own."""
    identifier = f"3{GROUP_OFFICE.identifier[1:]}/27"
    authority = TestAuthority.load(pristine.home / "pki", now=system_clock(), shared_keys=1)
    named = (identifier, GROUP_OFFICE.identifier, GROUP_OFFICE.name, "ROUSSEL", "MAUD")
    directory = tmp_path_factory.mktemp("secretary")
    authority.employee(*named).write(directory, "connection")
    authority.issue(PERSONS, profiles.employee_name(*named), "card signature").write(directory, "signing")
    description = Description(
        name_id=identifier,
        name="MAUD ROUSSEL",
        structure=GROUP_OFFICE.identifier,
        structure_name=GROUP_OFFICE.name,
        sector=GROUP_OFFICE.sector.code,
        mode="DIRECTE",
        roles=((SECRETARY.code, SECRETARY.system, SECRETARY.display),),
    )
    house.stage.callers[identifier] = Caller(directory, description)
    practice = tmp_path_factory.mktemp("practice")
    authority.organization(GROUP_OFFICE.identifier, GROUP_OFFICE.name).seal.write(practice, "signing")
    house.stage.callers[GROUP_OFFICE.identifier] = Caller(practice, description)
    return Secretary(identifier)


def dictated(record, secretary):
    """What the secretary sends: a doctor's letter, sealed by the practice."""
    made = record.submission(record.document(author=OTHER_GP, title="Lettre dictée"), by=secretary, signed=False)
    return record.sign(made, secretary.seal)


def test_a_medical_secretary_feeds_for_the_practice(record, secretary):
    assert not record.send(dictated(record, secretary), secretary).errors
    assert record.titles() == ["Lettre dictée"]
    line = record.last_line("iti41")
    assert (line["requester_id"], line["organization_id"]) == (secretary.identifier, GROUP_OFFICE.identifier)


def test_a_medical_secretarys_card_signs_no_submission_set(record, codes, secretary):
    made = record.submission(record.document(author=OTHER_GP), by=secretary)
    assert codes(record.send(made, secretary)) == ["CarnetSubmissionSignatureInvalid"]


def test_a_medical_secretary_reads_nothing_and_finds_the_references_of_the_practice(record, codes, secretary):
    assert not record.send(dictated(record, secretary), secretary).errors
    entry = record.documents().entries[0]
    record.add(title="D'ailleurs")
    assert codes(record.documents(by=secretary)) == [DENIED]
    refused(record, "iti18", "functional-right")
    assert record.documents(by=secretary, refs=True).object_refs == (entry.entry_uuid,)
    assert codes(record.read(entry.unique_id, by=secretary)[0]) == [DENIED]
    assert codes(record.mask(entry, [MASQUE_PS], secretary)) == [DENIED]


def test_a_medical_secretary_authorises_the_practice_and_takes_nothing_back(record, codes, secretary):
    service = PatientService(record.house.service(secretary))
    assert service.set_authorization(record.identifier, "AJOUT").status == "DMPOk"
    assert record.last_line("td0.3")["objects"] == (GROUP_OFFICE.identifier,)
    assert not record.documents(by=OTHER_GP).errors
    assert service.set_authorization(record.identifier, "SUPPRESSION").status == DENIED
    refused(record, "td0.3", "functional-right")
    assert codes(record.documents(by=secretary)) == [DENIED]
    assert service.list_authorized(record.identifier, "TOUTE").status == DENIED
    assert service.exists(record.identifier).authorisation == "VALIDE"


def test_a_medical_secretary_lists_the_patients_of_a_doctor_of_the_practice(house, secretary):
    record = house.new_record(OTHER_GP)
    service = PatientService(house.service(secretary))
    found = service.list_patients(0, "LASTAUTORIZATION", OTHER_GP.identifier)
    assert record.identifier.value in {item["nationalId"] for item in found.items}
    assert service.list_patients(0, "LASTAUTORIZATION", BIOLOGIST.identifier).status == DENIED
    assert service.list_patients(0, "LASTAUTORIZATION").status == "CarnetInvalidRequest"


# --- reinforced indirect mode (AIR, PDT-INF-606) ----------------------------------------------------------------------


def reinforced(record, transaction, body, parts=()):
    """A call by the biologist over the laboratory's server, in the reinforced mode."""
    doctor = tuple(Code(*role) for role in record.house.caller(BIOLOGIST).description.roles)
    assertion = record.house.assertion(
        LABORATORY,
        record.identifier,
        name_id=BIOLOGIST.identifier,
        name=BIOLOGIST.name,
        roles=doctor,
        mode=Authentication.REINFORCED,
    )
    return record.house.call(LABORATORY, record.identifier, transaction, body, parts, assertion=assertion)


def find_documents(record):
    slots = (
        ("$XDSDocumentEntryPatientId", record.cx),
        ("$XDSDocumentEntryStatus", quoted(AvailabilityStatus.APPROVED)),
    )
    return adhoc_query_request(BY_NAME["FindDocuments"].uuid, ReturnType.LEAF_CLASS, [(n, [v]) for n, v in slots])


def test_in_the_reinforced_mode_a_professional_reads_with_an_authorisation(house):
    record = house.new_record(BIOLOGIST)
    record.add(title="Lettre")
    reply = reinforced(record, "iti18", find_documents(record))
    assert [entry.title for entry in reply.query.entries] == ["Lettre"]
    line = record.last_line("iti18")
    assert (line["requester_id"], line["organization_id"]) == (BIOLOGIST.identifier, LABORATORY.identifier)


def test_in_the_reinforced_mode_a_professional_reads_nothing_without_authorisation(record):
    record.add()
    assert reinforced(record, "iti18", find_documents(record)).codes == [DENIED]
    refused(record, "iti18", "no-authorisation")


def test_in_the_reinforced_mode_nobody_feeds(house):
    record = house.new_record(BIOLOGIST)
    before = house.stored()
    made = record.submission(record.document(author=BIOLOGIST), by=LABORATORY)
    body, parts = provide_and_register_request(made)
    assert reinforced(record, "iti41", body, parts).codes == [DENIED]
    refused(record, "iti41", "functional-right")
    assert house.stored() == before


def test_in_the_reinforced_mode_a_professional_declares_and_sees_the_authorisation(record):
    test = record_query(record.identifier, "TEST_EXST", system_clock())
    assert patient_answer(reinforced(record, "td0.2", test).envelope).authorisation == "NON_DEFINIE"
    assert specific_answer(reinforced(record, "td0.3", set_authorization_request("AJOUT")).envelope).accepted
    assert patient_answer(reinforced(record, "td0.2", test).envelope).authorisation == "VALIDE"
    listed = specific_answer(reinforced(record, "td1.6", list_authorization_request("ACTIVE")).envelope)
    assert BIOLOGIST.identifier in {item["nationalId"] for item in listed.items}
