"""Who may do what, decided by the running exchange: the functional matrix, blocks, authorisations, the matrix of types, emergencies.

Each refusal has its code for the caller and its rules in the patient's trace; what is refused changes nothing.
"""

from __future__ import annotations

import pytest

from carnet.consent.choices import Choice
from carnet.demo.documents import LOINC, PRESCRIPTION
from carnet.demo.people import (
    COMMUNITY_NURSE,
    HOSPITAL,
    HOSPITAL_DOCTOR,
    MEDECIN_TRAITANT,
    OCCUPATIONAL_DOCTOR,
    OTHER_GP,
    PHARMACIST_OWNER,
    REGULATOR,
    SAMU,
)
from carnet.metadata import INVISIBLE_REPRESENTANTS_LEGAUX, MASQUE_PS, AvailabilityStatus, Code
from carnet.requester import AccessMode
from carnet.soap.answer_parse import ResponseStatus
from carnet.soap.messages import provide_and_register_request

NORMAL, GLASS, CENTRE_15 = AccessMode.NORMAL, AccessMode.BRIS_DE_GLACE, AccessMode.CENTRE_15
ARCHIVED, DELETED = AvailabilityStatus.ARCHIVED, AvailabilityStatus.DELETED
DENIED = "DMPAccessDeniedByRightsService"
REASON = "Patient inconscient aux urgences"
TELEMEDICINE = Code("75496-0", LOINC, "Demande d'acte de télémédecine")
CERTIFICATE = Code("89601-9", LOINC, "Certificat médical")
RESIDENCE = Code("ATTEST-RESID", "1.2.250.1.213.1.1.4.12", "Attestation de résidence")


def find(record, by, mode=NORMAL):
    """FindDocuments as somebody in some mode."""
    return record.documents(by=by, purpose=mode, reason=REASON if mode is GLASS else "")


def read(record, entry, by, mode=NORMAL):
    """The answer of a retrieval, and whether the document came."""
    answer, given = record.read(entry.unique_id, by=by, purpose=mode, reason=REASON if mode is GLASS else "")
    return answer, bool(given)


def feed(record, by, mode=NORMAL):
    made = record.submission(record.document(author=by), by=by)
    return record.service(by, mode, REASON if mode is GLASS else "").submit(made)


def refused(record, action, *rules):
    """The newest line of an action says that it was refused, and by which rules."""
    line = record.last_line(action)
    assert line["outcome"] == "refused"
    assert set(rules) <= set(line["rules"]), line["rules"]
    return line


# --- an ordinary professional -----------------------------------------------------------------------------------------


def test_without_authorisation_a_doctor_finds_and_reads_nothing(record, codes):
    entry = record.add()
    for action, answer in (("iti18", find(record, OTHER_GP)), ("iti43", read(record, entry, OTHER_GP)[0])):
        assert codes(answer) == [DENIED]
        line = refused(record, action, "no-authorisation")
        assert line["requester_id"] == OTHER_GP.identifier
        assert line["objects"] == ()
        assert line["matrix_version"].startswith("draft")
    assert answer.status is ResponseStatus.FAILURE


def test_without_authorisation_a_doctor_changes_nothing_of_others(record, codes):
    entry = record.add()
    before = record.house.stored()
    for answer in (record.mask(entry, [MASQUE_PS], OTHER_GP), record.set_status(entry, DELETED, OTHER_GP)):
        assert codes(answer) == ["UnresolvedReferenceException"]
    assert record.house.stored() == before


@pytest.mark.parametrize("party", [HOSPITAL_DOCTOR, HOSPITAL], ids=["person", "structure"])
def test_an_authorisation_is_for_a_person_or_for_a_structure(record, codes, party):
    entry = record.add()
    assert codes(find(record, HOSPITAL_DOCTOR)) == [DENIED]
    record.house.administration.authorise(record.identifier, party.identifier, None)
    assert len(find(record, HOSPITAL_DOCTOR).entries) == 1
    assert read(record, entry, HOSPITAL_DOCTOR)[1]
    assert record.last_line("iti43")["rules"] == ("authorisation", "functional-right")
    record.house.administration.end_authorisation(record.identifier, party.identifier)
    assert codes(find(record, HOSPITAL_DOCTOR)) == [DENIED]


def test_an_authorisation_that_has_expired_is_none(house, codes):
    record = house.new_record(OTHER_GP)
    assert not find(record, OTHER_GP).errors
    house.gate.administer(
        lambda connection: connection._raw.execute(
            "UPDATE care_link SET expires_at = since + 1 WHERE party = ?", (OTHER_GP.identifier,)
        )
    )
    assert codes(find(record, OTHER_GP)) == [DENIED]


def test_the_medecin_traitant_needs_no_authorisation(record):
    entry = record.add(by=OTHER_GP)
    assert len(find(record, MEDECIN_TRAITANT).entries) == 1
    assert read(record, entry, MEDECIN_TRAITANT)[1]
    assert record.last_line("iti43")["rules"] == ("functional-right", "medecin-traitant")


def test_a_former_medecin_traitant_is_a_doctor_like_any_other(record, codes):
    record.house.administration.declare_medecin_traitant(record.identifier, OTHER_GP.identifier)
    assert codes(find(record, MEDECIN_TRAITANT)) == [DENIED]
    assert not find(record, OTHER_GP).errors


def test_without_authorisation_an_author_finds_the_reference_of_ones_own_and_may_delete_it(record, codes):
    entry = record.add(by=OTHER_GP)
    record.add()
    assert codes(find(record, OTHER_GP)) == [DENIED]
    assert codes(read(record, entry, OTHER_GP)[0]) == [DENIED]
    found = record.documents(by=OTHER_GP, refs=True)
    assert found.object_refs == (entry.entry_uuid,)
    assert not record.set_status(entry, DELETED, OTHER_GP).errors
    assert record.versions(entry.unique_id) == ()


def test_only_the_author_deletes(house, codes):
    record = house.new_record(HOSPITAL_DOCTOR)
    entry = record.add(by=HOSPITAL_DOCTOR)
    for stranger in (MEDECIN_TRAITANT,):
        assert codes(record.set_status(entry, DELETED, stranger)) == [DENIED]
        refused(record, "iti57", "author-only")
    assert not record.set_status(entry, DELETED, HOSPITAL_DOCTOR).errors


def test_archiving_is_for_the_author_and_the_medecin_traitant(house, codes):
    record = house.new_record(HOSPITAL_DOCTOR)
    entry = record.add(by=OTHER_GP)
    assert codes(record.set_status(entry, ARCHIVED, HOSPITAL_DOCTOR)) == [DENIED]
    assert not record.set_status(entry, ARCHIVED).errors


# --- blocked ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [NORMAL, GLASS], ids=lambda mode: mode.value)
@pytest.mark.parametrize("party", [OTHER_GP, OTHER_GP.organization], ids=["person", "structure"])
def test_a_blocked_professional_is_refused_everything_in_every_mode(record, codes, mode, party):
    entry = record.add(by=OTHER_GP)
    record.house.administration.authorise(record.identifier, OTHER_GP.identifier, None)
    record.house.administration.block(record.identifier, party.identifier)
    before = record.house.stored()
    for action, answer in (
        ("iti18", find(record, OTHER_GP, mode)),
        ("iti43", read(record, entry, OTHER_GP, mode)[0]),
        ("iti41", feed(record, OTHER_GP, mode)),
        ("iti57", record.set_status(entry, DELETED, OTHER_GP, purpose=mode, reason=REASON if mode is GLASS else "")),
    ):
        assert codes(answer) == [DENIED], action
        refused(record, action, "blocked-by-patient")
    assert record.house.stored() == before


def test_a_blocked_regulator_is_refused_too(record, codes):
    record.house.administration.block(record.identifier, REGULATOR.identifier)
    assert codes(find(record, REGULATOR, CENTRE_15)) == [DENIED]
    refused(record, "iti18", "blocked-by-patient")


def test_the_end_of_a_block_gives_no_authorisation_back(house, codes):
    record = house.new_record(OTHER_GP)
    house.administration.block(record.identifier, OTHER_GP.identifier)
    house.administration.unblock(record.identifier, OTHER_GP.identifier)
    assert codes(find(record, OTHER_GP)) == [DENIED]
    refused(record, "iti18", "no-authorisation")
    assert not feed(record, OTHER_GP).errors


# --- the matrix of professions and types ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "type_code"),
    [(PHARMACIST_OWNER, TELEMEDICINE), (COMMUNITY_NURSE, CERTIFICATE), (HOSPITAL_DOCTOR, RESIDENCE)],
    ids=["pharmacist", "nurse", "doctor"],
)
def test_a_type_that_the_matrix_denies_is_absent_for_that_profession(house, codes, person, type_code):
    record = house.new_record(person)
    hidden = record.add(type=type_code, title="Hors matrice")
    seen = record.add(type=PRESCRIPTION, title="Ordonnance")
    assert [entry.title for entry in find(record, person).entries] == ["Ordonnance"]
    assert record.documents(by=person, refs=True).object_refs == (seen.entry_uuid,)
    assert record.versions(hidden.unique_id, person) == ()
    assert codes(read(record, hidden, person)[0]) == ["XDSDocumentUniqueIdError"]
    assert read(record, seen, person)[1]


def test_a_type_that_the_matrix_denies_is_seen_by_who_may_and_by_its_author(house):
    record = house.new_record(HOSPITAL_DOCTOR, OTHER_GP)
    record.add(type=TELEMEDICINE, title="Télémédecine")
    made = record.submission(record.document(author=OTHER_GP, type=RESIDENCE, title="Attestation"), by=OTHER_GP)
    assert not record.send(made, OTHER_GP).errors
    assert [entry.title for entry in find(record, HOSPITAL_DOCTOR).entries] == ["Télémédecine"]
    assert sorted(entry.title for entry in find(record, OTHER_GP).entries) == ["Attestation", "Télémédecine"]


# --- occupational doctors ---------------------------------------------------------------------------------------------


def test_an_occupational_doctor_is_refused_everything(house, codes):
    record = house.new_record(OCCUPATIONAL_DOCTOR)
    entry = record.add()
    for action, answer in (
        ("iti18", find(record, OCCUPATIONAL_DOCTOR)),
        ("iti43", read(record, entry, OCCUPATIONAL_DOCTOR)[0]),
        ("iti41", feed(record, OCCUPATIONAL_DOCTOR)),
        ("iti57", record.mask(entry, [MASQUE_PS], OCCUPATIONAL_DOCTOR)),
    ):
        assert codes(answer) == [DENIED], action
        refused(record, action, "functional-right")


def test_where_occupational_doctors_are_let_in_they_feed_and_list_and_do_not_read(tuned_house, codes):
    record = tuned_house.new_record(OCCUPATIONAL_DOCTOR)
    entry = record.add()
    assert not feed(record, OCCUPATIONAL_DOCTOR).errors
    assert len(find(record, OCCUPATIONAL_DOCTOR).entries) == 2
    answer, given = read(record, entry, OCCUPATIONAL_DOCTOR)
    assert (codes(answer), given) == ([DENIED], False)


# --- emergencies ------------------------------------------------------------------------------------------------------


def told(record):
    """Who must be told of what, and the modes of the accesses that somebody must review."""
    key = "SELECT patient_key FROM patient_identifier ORDER BY patient_key DESC LIMIT 1"
    notices = record.house.rows(
        f"SELECT kind, recipient FROM notice WHERE patient_key = ({key}) ORDER BY kind, recipient"
    )
    reviews = record.house.rows(f"SELECT mode, requester FROM emergency_review WHERE patient_key = ({key})")
    return sorted(set(notices)), sorted(set(reviews))


def test_who_breaks_the_glass_reads_and_the_patient_and_the_medecin_traitant_are_told(record):
    entry = record.add()
    assert len(find(record, OTHER_GP, GLASS).entries) == 1
    assert read(record, entry, OTHER_GP, GLASS)[1]
    kind = "emergency-access-bris_de_glace"
    assert told(record) == (
        [(kind, "medecin_traitant"), (kind, "patient")],
        [("bris_de_glace", OTHER_GP.identifier)],
    )
    line = record.last_line("iti43")
    assert (line["mode"], line["reason"], line["objects"]) == ("bris_de_glace", REASON, (entry.unique_id,))


def test_the_regulation_centre_reads_and_both_are_told(record):
    entry = record.add()
    assert read(record, entry, REGULATOR, CENTRE_15)[1]
    kind = "emergency-access-centre_15"
    assert told(record) == ([(kind, "medecin_traitant"), (kind, "patient")], [])
    assert record.last_line("iti43")["organization_id"] == SAMU.identifier


def test_a_refused_emergency_owes_nothing_to_anybody(record, codes):
    entry = record.add()
    record.house.administration.choose(record.identifier, Choice.OPPOSES_BRIS_DE_GLACE, value=True)
    assert codes(read(record, entry, OTHER_GP, GLASS)[0]) == [DENIED]
    assert told(record) == ([], [])


@pytest.mark.parametrize(
    "case",
    [
        (GLASS, OTHER_GP, Choice.OPPOSES_BRIS_DE_GLACE, "opposition-bris-de-glace"),
        (GLASS, MEDECIN_TRAITANT, Choice.OPPOSES_BRIS_DE_GLACE, "opposition-bris-de-glace"),
        (CENTRE_15, REGULATOR, Choice.OPPOSES_CENTRE_15, "opposition-centre-15"),
    ],
    ids=["glass", "glass by the médecin traitant", "centre 15"],
)
def test_the_patients_opposition_closes_the_emergency_but_not_feeding(record, codes, case):
    mode, person, choice, rule = case
    entry = record.add()
    record.house.administration.choose(record.identifier, choice, value=True)
    for action, answer in (
        ("iti18", find(record, person, mode)),
        ("iti43", read(record, entry, person, mode)[0]),
    ):
        assert codes(answer) == [DENIED]
        refused(record, action, rule)
    assert not feed(record, person, mode).errors
    record.house.administration.choose(record.identifier, choice, value=False)
    assert read(record, entry, person, mode)[1]


def test_each_opposition_is_about_its_own_mode(record):
    entry = record.add()
    record.house.administration.choose(record.identifier, Choice.OPPOSES_CENTRE_15, value=True)
    assert read(record, entry, OTHER_GP, GLASS)[1]
    record.house.administration.choose(record.identifier, Choice.OPPOSES_CENTRE_15, value=False)
    record.house.administration.choose(record.identifier, Choice.OPPOSES_BRIS_DE_GLACE, value=True)
    assert read(record, entry, REGULATOR, CENTRE_15)[1]


@pytest.mark.parametrize(
    ("person", "mode"), [(OTHER_GP, GLASS), (REGULATOR, CENTRE_15), (MEDECIN_TRAITANT, GLASS)], ids=str
)
def test_masked_documents_are_read_in_an_emergency_only_where_the_patient_allowed_it(record, person, mode):
    entry = record.add(by=HOSPITAL_DOCTOR, masks=[MASQUE_PS])
    assert find(record, person, mode).entries == ()
    assert not read(record, entry, person, mode)[1]
    record.house.administration.choose(record.identifier, Choice.MASKED_IN_EMERGENCY, value=True)
    assert len(find(record, person, mode).entries) == 1
    assert read(record, entry, person, mode)[1]


@pytest.mark.parametrize("person", [OTHER_GP, HOSPITAL_DOCTOR, MEDECIN_TRAITANT, PHARMACIST_OWNER])
def test_the_mode_of_the_regulation_centre_is_for_declared_centres(record, codes, person):
    entry = record.add()
    for action, answer in (
        ("iti43", read(record, entry, person, CENTRE_15)[0]),
        ("iti41", feed(record, person, CENTRE_15)),
    ):
        assert codes(answer) == [DENIED]
        refused(record, action, "centre-15-reserved")


def test_an_emergency_does_not_change_visibility(record, codes):
    entry = record.add()
    for mode, person in ((GLASS, OTHER_GP), (CENTRE_15, REGULATOR)):
        answer = record.mask(entry, [MASQUE_PS], person, purpose=mode, reason=REASON if mode is GLASS else "")
        assert codes(answer) == [DENIED]
        refused(record, "iti57", "functional-right")
    assert record.entry(entry.unique_id).masks == set()


# --- a closed record --------------------------------------------------------------------------------------------------


def test_a_closed_record_is_neither_fed_nor_read_nor_changed(record, codes):
    entry = record.add()
    record.house.administration.close_record(record.identifier, "FERMETURE_DEMANDE_PATIENT")
    before = record.house.stored()
    for action, answer in (
        ("iti18", find(record, MEDECIN_TRAITANT)),
        ("iti18", record.documents(refs=True)),
        ("iti43", read(record, entry, MEDECIN_TRAITANT)[0]),
        ("iti43", read(record, entry, OTHER_GP, GLASS)[0]),
        ("iti41", feed(record, MEDECIN_TRAITANT)),
        ("iti57", record.mask(entry, [MASQUE_PS])),
        ("iti57", record.set_status(entry, DELETED)),
    ):
        assert codes(answer) == ["DMPClosed"], action
        refused(record, action, "record-not-open")
    assert record.house.stored() == before


def test_a_record_that_is_opened_again_holds_what_it_held(record):
    entry = record.add()
    record.house.administration.close_record(record.identifier, "FERMETURE_DEMANDE_PATIENT")
    record.house.administration.open_record(record.identifier)
    assert read(record, entry, MEDECIN_TRAITANT)[1]


# --- the trace --------------------------------------------------------------------------------------------------------


def test_every_call_leaves_one_line_with_who_what_and_how_it_ended(house):
    record = house.new_record(HOSPITAL_DOCTOR)
    entry = record.add()
    read(record, entry, HOSPITAL_DOCTOR)
    read(record, entry, OTHER_GP)
    feed(record, HOSPITAL_DOCTOR)
    lines = [
        (line["action"], line["requester_id"], line["outcome"])
        for line in record.trace()
        if line["requester_role"] != "operator"
    ]
    assert lines == [
        ("iti41", MEDECIN_TRAITANT.identifier, "done"),
        ("iti18", MEDECIN_TRAITANT.identifier, "done"),
        ("iti43", HOSPITAL_DOCTOR.identifier, "done"),
        ("iti43", OTHER_GP.identifier, "refused"),
        ("iti41", HOSPITAL_DOCTOR.identifier, "done"),
    ]
    assert [line["seq"] for line in record.trace()] == list(range(1, len(record.trace())))


def test_the_operators_acts_are_in_the_trace_too(record):
    record.house.administration.block(record.identifier, OTHER_GP.identifier)
    line = record.last_line("administration/block")
    assert (line["requester_id"], line["objects"]) == ("operator:flows", (OTHER_GP.identifier,))


def test_what_is_put_in_during_a_secret_connection_is_hidden_from_the_legal_representatives(record):
    sent = record.document()
    body, parts = provide_and_register_request(record.submission(sent))
    assertion = record.house.assertion(MEDECIN_TRAITANT, record.identifier, secret_connection=True)
    reply = record.house.call(MEDECIN_TRAITANT, record.identifier, "iti41", body, parts, assertion=assertion)
    found = record.versions(sent.entry.unique_id)
    assert reply.codes or found[0].masks == {INVISIBLE_REPRESENTANTS_LEGAUX}


def test_a_secret_connection_is_marked_in_the_trace(record):
    assertion = record.house.assertion(MEDECIN_TRAITANT, record.identifier, secret_connection=True)
    reply = record.house.call(
        MEDECIN_TRAITANT,
        record.identifier,
        "iti43",
        b'<xdsb:RetrieveDocumentSetRequest xmlns:xdsb="urn:ihe:iti:xds-b:2007"><xdsb:DocumentRequest><xdsb:RepositoryUniqueId>'
        b"1.2</xdsb:RepositoryUniqueId><xdsb:DocumentUniqueId>1.2</xdsb:DocumentUniqueId></xdsb:DocumentRequest>"
        b"</xdsb:RetrieveDocumentSetRequest>",
        assertion=assertion,
    )
    assert reply.codes == ["XDSUnknownRepositoryId"]
    assert record.last_line("iti43")["secret"] is True
