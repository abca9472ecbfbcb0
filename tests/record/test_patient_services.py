"""The acts of the patient services: each cell of the matrices, each refusal and its trace, and what is shown across records."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carnet.authorization.engine import Engine
from carnet.authorization.matrix import Matrices
from carnet.authorization.rules import RULES, Rule
from carnet.clock import DAY
from carnet.consent.lifecycle import Event, move
from carnet.demo.people import (
    COMMUNITY_NURSE,
    GROUP_OFFICE,
    HOSPITAL_DOCTOR,
    LABORATORY,
    MEDECIN_TRAITANT,
    NESSI,
    OCCUPATIONAL_DOCTOR,
    OTHER_GP,
    PAT_TROIS,
    PATIENTS,
    PHARMACIST_OWNER,
    REGULATOR,
    SAMU,
)
from carnet.errors import InvalidMetadata, PatientMismatch, Refused, TooManyResults, UnknownPatient
from carnet.identity.ins import NIR_TEST, key_of
from carnet.identity.patient_search import Criteria
from carnet.metadata import MASQUE_PS, Code
from carnet.platform import packaged_matrices
from carnet.record import existence, patient_list, population
from carnet.record.administration import Administration
from carnet.record.administrative_data import AdministrativeChange, close, update_administrative_data
from carnet.record.candidates import find_candidates
from carnet.record.care_team import Declaration, ListMode, declare, list_parties
from carnet.record.creation import OpeningRequest, create, reactivate
from carnet.record.existence import administrative_data, existence_test
from carnet.record.gate import Gate
from carnet.record.intake import import_patients
from carnet.record.patient_list import ListedBy
from carnet.requester import AccessMode, Authentication, CardClass

PATIENT = PAT_TROIS.identifier
MODES = {"N": AccessMode.NORMAL, "R": AccessMode.CENTRE_15, "B": AccessMode.BRIS_DE_GLACE}
SECRETARY = Code("SECRETARIAT_MEDICAL", "1.2.250.1.213.1.1.4.6")
SOMEBODY = Criteria(name="PAT-TROIS", birth_date="19790328")


def employee(room, **changes):
    """A medical secretary of the group practice, with her card."""
    about = {"identifier": f"3{GROUP_OFFICE.identifier[1:]}/27", "card": CardClass.EMPLOYEE, "profession": SECRETARY}
    return room.caller(OTHER_GP, specialty=None, **{**about, **changes})


def reinforced(room, who, **changes):
    return room.caller(who, authentication=Authentication.REINFORCED, card=CardClass.ORGANIZATION, **changes)


COLUMNS_526 = {
    "PS": lambda room, **c: room.caller(COMMUNITY_NURSE, **c),
    "Doc": lambda room, **c: room.caller(HOSPITAL_DOCTOR, **c),
    "MdT": lambda room, **c: room.caller(OCCUPATIONAL_DOCTOR, **c),
    "MT": lambda room, **c: room.caller(MEDECIN_TRAITANT, **c),
    "CPE": employee,
    "ES": lambda room, **c: room.laboratory(**c),
}
COLUMNS_606 = {
    "PS": lambda room, **c: reinforced(room, COMMUNITY_NURSE, **c),
    "Doc": lambda room, **c: reinforced(room, HOSPITAL_DOCTOR, **c),
    "MT": lambda room, **c: reinforced(room, MEDECIN_TRAITANT, **c),
    "PE": lambda room, **c: employee(
        room, **{"authentication": Authentication.REINFORCED, "card": CardClass.ORGANIZATION, **c}
    ),
}
CELLS = {"PS": "NRB", "Doc": "NRB", "MdT": "N", "MT": "NB", "CPE": "N", "ES": "NR", "PE": "N"}


def listing(requester):
    """TD0.4 by the authorisation; an employee's card says whose."""
    owner = OTHER_GP.identifier if requester.card is CardClass.EMPLOYEE else ""
    return patient_list.patient_list(ListedBy.AUTHORISATION, 0, owner)


ACTS = {
    "td0.2": lambda _: existence_test(PATIENT),
    "td1.3a": lambda _: administrative_data(PATIENT),
    "td0.3 add": lambda _: declare(Declaration.AUTHORISE),
    "td0.3 remove": lambda _: declare(Declaration.END),
    "td0.3 stop": lambda _: declare(Declaration.STOP_BEING_MEDECIN_TRAITANT),
    "td0.4": listing,
    "td0.5": lambda _: find_candidates(SOMEBODY),
    "td1.6": lambda _: list_parties(ListMode.ALL),
}
PDT_INF_526 = {  # as published, v1.8: PS Doc MdT MT CPE ES
    "td0.2": "yyy yyy y yy y yy",
    "td1.3a": "yyy yyy y yy y yy",
    "td0.3 add": "ynn ynn n yn 1 nn",
    "td0.3 remove": "ynn ynn n yn n nn",
    "td0.3 stop": "nnn nnn n yn n nn",
    "td0.4": "yyy yyy y yy 2 3n",
    "td0.5": "nyn nyn n nn n ny",
    "td1.6": "ynn ynn y yn n nn",
}
PDT_INF_606 = {  # v1.3: PS Doc MT PE, an employee's cells as far as they are known
    "td0.3 add": "ynn ynn yn 1",
    "td0.3 remove": "ynn ynn yn n",
    "td0.4": "yyy yyy yy 3",
    "td0.5": "nyn nyn nn n",
    "td1.6": "ynn ynn yn n",
}


def cells(matrix, columns):
    for act, row in matrix.items():
        for column, values in zip(columns, row.split(), strict=True):
            for mode, value in zip(CELLS[column], values, strict=True):
                yield pytest.param(act, columns[column], MODES[mode], value != "n", id=f"{act} {column} {mode}")


def attempt(room, act, requester):
    try:
        room.do(requester, ACTS[act](requester))
    except Refused:
        return False
    return True


@pytest.mark.parametrize(
    ("act", "caller", "mode", "allowed"), [*cells(PDT_INF_526, COLUMNS_526), *cells(PDT_INF_606, COLUMNS_606)]
)
def test_each_cell_of_the_matrices(open_room, act, caller, mode, allowed):
    room = open_room(occupational_doctors=True)
    Administration(room.gate, "operator:test").authorise(PATIENT, OCCUPATIONAL_DOCTOR.identifier, None)
    place = {"organization_id": SAMU.identifier} if mode is AccessMode.CENTRE_15 else {}
    requester = caller(room, mode=mode, **place)
    ticket = room.last_ticket()
    assert attempt(room, act, requester) == allowed
    lines = room.lines_since(ticket)
    assert {line["outcome"] for line in lines} == {"done" if allowed else "refused"}
    assert {line["action"] for line in lines} == {act.split()[0]}


# --- every act is decided and traced ----------------------------------------------------------------------------------

OPENING = OpeningRequest(PATIENT, consent=True, author_named=True)
EVERY_ACT = {
    **{name: make(None) for name, make in ACTS.items() if name != "td0.4"},
    "td0.4": patient_list.patient_list(ListedBy.DOCUMENT, 0),
    "td1.1": create(OPENING),
    "td1.2": reactivate(OPENING),
    "td1.3b": update_administrative_data(PATIENT, AdministrativeChange(used_name="AUTRE")),
    "td1.4": close(PATIENT, "FERMETURE_DEMANDE_PATIENT"),
}


def with_rules(room, *rules):
    room.platform = replace(room.platform, engine=Engine(Matrices(packaged_matrices()), rules=rules))
    room.gate = Gate(room.platform)


@pytest.mark.parametrize("name", EVERY_ACT)
def test_an_engine_that_refuses_yields_a_refusal_and_one_line(open_room, name):
    room = open_room(attached_to_mon_espace_sante="none")
    before, ticket = room.kept(), room.last_ticket()
    with_rules(room, Rule("never", lambda _case: True))
    with pytest.raises(Refused):
        room.do(room.caller(), EVERY_ACT[name])
    (line,) = room.lines_since(ticket)
    assert (line["action"], line["outcome"], line["rules"]) == (name.split()[0], "refused", ("never",))
    assert room.kept() == before
    with_rules(room, *RULES)


@pytest.mark.parametrize("name", EVERY_ACT)
def test_an_engine_whose_rule_fails_refuses(open_room, name):
    room = open_room(attached_to_mon_espace_sante="none")
    before, ticket = room.kept(), room.last_ticket()
    with_rules(room, Rule("broken", lambda _case: 1 / 0))
    with pytest.raises(Refused):
        room.do(room.caller(), EVERY_ACT[name])
    assert [line["rules"] for line in room.lines_since(ticket)] == [("broken:error",)]
    assert room.kept() == before


@pytest.mark.parametrize(
    "name", sorted(set(EVERY_ACT) - {"td0.4", "td0.5", "td0.3 add", "td0.3 remove", "td0.3 stop", "td1.6"})
)
def test_the_patient_of_the_message_must_be_that_of_the_assertion(room, name):
    act = EVERY_ACT[name]
    with pytest.raises(PatientMismatch):
        room.do(room.caller(patient=NESSI), act)
    assert room.rows("SELECT count(*) FROM care_link WHERE until IS NOT NULL") == [(0,)]


# --- notes 1, 2 and 3 -------------------------------------------------------------------------------------------------


def test_an_employee_s_card_authorises_the_structure(room):
    assert room.do(employee(room), declare(Declaration.AUTHORISE))
    rows = room.rows("SELECT party FROM care_link WHERE source LIKE 'TD0.3%'")
    assert rows == [(GROUP_OFFICE.identifier,)]
    assert not room.do(employee(room), declare(Declaration.AUTHORISE))
    with pytest.raises(Refused):
        room.do(employee(room), declare(Declaration.DECLARE_MEDECIN_TRAITANT))


def test_an_employee_s_card_lists_for_professionals_of_the_same_structure_alone(room):
    Administration(room.gate, "operator:test").authorise(PATIENT, OTHER_GP.identifier, None)

    def listed(owner):
        return room.do(employee(room), patient_list.patient_list(ListedBy.AUTHORISATION, 0, owner))

    assert [one.identifier for one in listed(OTHER_GP.identifier)] == [PATIENT]
    for owner in (MEDECIN_TRAITANT.identifier, LABORATORY.identifier, "899970009999"):
        with pytest.raises(Refused):
            listed(owner)
    with pytest.raises(InvalidMetadata):
        listed("")


def test_a_structure_is_told_of_its_own_authorisations(room):
    administration = Administration(room.gate, "operator:test")
    administration.authorise(PATIENT, LABORATORY.identifier, None)
    (one,) = room.do(room.laboratory(None), patient_list.patient_list(ListedBy.AUTHORISATION, 0))
    assert (one.identifier, one.medecin_traitant) == (PATIENT, False)
    later = room.now + DAY
    assert room.do(room.laboratory(None), patient_list.patient_list(ListedBy.AUTHORISATION, later)) == ()


def test_the_patient_is_told_who_declared_being_medecin_traitant(room):
    assert room.do(room.caller(OTHER_GP), declare(Declaration.DECLARE_MEDECIN_TRAITANT))
    assert not room.do(room.caller(OTHER_GP), declare(Declaration.DECLARE_MEDECIN_TRAITANT))
    assert room.rows("SELECT kind, recipient FROM notice") == [("access-medecin-traitant-declared", "patient")]


@pytest.mark.parametrize("secret", [False, True])
def test_a_medecin_traitant_declared_in_a_secret_connection_is_told_in_secret(room, secret):
    caller = room.caller(OTHER_GP, secret_connection=secret)
    assert room.do(caller, declare(Declaration.DECLARE_MEDECIN_TRAITANT))
    assert room.rows("SELECT kind, secret FROM notice") == [("access-medecin-traitant-declared", secret)]


def test_where_the_insurer_declares_the_medecin_traitant_software_does_not(open_room):
    room = open_room(medecin_traitant_by_software=False)
    ticket = room.last_ticket()
    with pytest.raises(Refused):
        room.do(room.caller(OTHER_GP), declare(Declaration.DECLARE_MEDECIN_TRAITANT))
    assert [line["rules"] for line in room.lines_since(ticket)] == [("insurer-declares",)]
    assert room.rows("SELECT count(*) FROM notice") == [(0,)]


# --- across records ---------------------------------------------------------------------------------------------------


def test_a_list_leaves_a_line_of_nobody_and_one_on_each_person_shown(room):
    ticket = room.last_ticket()
    found = room.do(room.caller(HOSPITAL_DOCTOR, None), patient_list.patient_list(ListedBy.AUTHORISATION, 0))
    lines = room.lines_since(ticket)
    assert len(found) == len(PATIENTS)
    assert lines[0]["patient"] == ""
    assert {line["patient"] for line in lines[1:]} == {one.identifier.cx() for one in found}
    assert not any(one.identifier.value in str(lines[0]) for one in found)


def test_an_assertion_that_targets_a_patient_all_the_same_puts_nothing_on_that_patient(room):
    ticket = room.last_ticket()
    assert room.do(room.caller(PHARMACIST_OWNER), patient_list.patient_list(ListedBy.AUTHORISATION, 0)) == ()
    (line,) = room.lines_since(ticket)
    assert line["patient"] == ""
    rows = room.rows("SELECT patient_key FROM audit_event WHERE ticket > ?", ticket)
    assert rows == [(None,)]


def test_a_list_that_is_too_long_shows_nobody_and_traces_nobody(open_room):
    room = open_room(maximum_listed_patients=2)
    ticket = room.last_ticket()
    with pytest.raises(TooManyResults):
        room.do(room.caller(HOSPITAL_DOCTOR, None), patient_list.patient_list(ListedBy.AUTHORISATION, 0))
    assert [(line["patient"], line["outcome"]) for line in room.lines_since(ticket)] == [("", "failed")]


def test_records_that_are_not_shown_never_push_others_out_of_a_list(open_room):
    room = open_room(maximum_listed_patients=4)
    administration = Administration(room.gate, "operator:test")
    for patient in PATIENTS:  # one that is closed is tied last: the newest
        room.now += DAY
        administration.authorise(patient.identifier, LABORATORY.identifier, None)
    administration.close_record(PATIENTS[-1].identifier, "FERMETURE_DEMANDE_PATIENT")
    listing = patient_list.patient_list(ListedBy.AUTHORISATION, 0)
    ticket = room.last_ticket()
    with pytest.raises(TooManyResults):
        room.do(room.laboratory(None), listing)
    assert [(line["patient"], line["outcome"]) for line in room.lines_since(ticket)] == [("", "failed")]
    room = open_room(maximum_listed_patients=len(PATIENTS))
    found = {one.identifier for one in room.do(room.laboratory(None), listing)}
    assert found == {patient.identifier for patient in PATIENTS[:-1]}


def hides_the_date_of_what_is_masked(room):
    (shown,) = room.put(room.document())
    listing = patient_list.patient_list(ListedBy.AUTHORISATION, 0)
    (before,) = (one for one in room.do(room.caller(HOSPITAL_DOCTOR), listing) if one.identifier == PATIENT)
    room.put(room.document(masks=(MASQUE_PS,)))
    (after,) = (one for one in room.do(room.caller(HOSPITAL_DOCTOR), listing) if one.identifier == PATIENT)
    assert before.last_addition is not None
    assert (after.last_addition, after.last_update) == (before.last_addition, before.last_update)
    assert shown.unique_id


def test_a_masked_document_moves_no_date_of_the_list(room):
    hides_the_date_of_what_is_masked(room)


def test_control_a_list_that_does_not_ask_the_rules_is_caught(room, monkeypatch):
    monkeypatch.setattr(patient_list, "visible", lambda _room, found: found)
    with pytest.raises(AssertionError):
        hides_the_date_of_what_is_masked(room)


def keeps_blocked_records_out(room):
    Administration(room.gate, "operator:test").block(PATIENT, REGULATOR.identifier)
    regulator = room.caller(REGULATOR, None, mode=AccessMode.CENTRE_15)
    assert room.do(regulator, find_candidates(SOMEBODY)) == ()


def test_a_person_who_blocked_the_requester_is_not_a_candidate(room):
    keeps_blocked_records_out(room)


def test_control_a_search_that_forgets_the_block_is_caught(room, monkeypatch):
    monkeypatch.setattr(population, "BESIDE_THE_DOOR", frozenset({"functional-right", "blocked-by-patient"}))
    with pytest.raises(AssertionError):
        keeps_blocked_records_out(room)


def test_a_record_about_which_a_rule_fails_is_not_found(room):
    def fails_on_records(case):
        return case.record.state != "" and 1 / 0 > 0

    listing = patient_list.patient_list(ListedBy.AUTHORISATION, 0)
    assert room.do(room.caller(HOSPITAL_DOCTOR), listing)
    with_rules(room, *RULES, Rule("broken", fails_on_records))
    assert room.do(room.caller(HOSPITAL_DOCTOR), listing) == ()


def test_by_documents_only_records_with_a_new_one_are_listed(room):
    room.put(room.document())
    since = room.now + 1
    room.put(room.document(patient=NESSI), requester=room.caller(patient=NESSI))
    found = room.do(room.caller(HOSPITAL_DOCTOR, None), patient_list.patient_list(ListedBy.DOCUMENT, since))
    assert [one.identifier for one in found] == [NESSI.identifier]
    assert found[0].last_addition >= since


def test_too_many_candidates_are_none(open_room):
    room = open_room(maximum_candidates=1)
    regulator = room.caller(REGULATOR, None, mode=AccessMode.CENTRE_15)
    assert len(room.do(regulator, find_candidates(SOMEBODY))) == 1
    body = "2790399350001"
    twin = f"{body}{key_of(body)};{NIR_TEST};PAT-TROIS;ANNE;;;F;19790328;99350\n"
    header = "ins;oid;nom_naissance;prenoms;nom_utilise;prenom_utilise;sexe;date_naissance;lieu_naissance\n"
    assert not import_patients(room.gate, [header, twin]).bad
    twin_identifier = replace(PATIENT, value=body + key_of(body))
    assert len(room.do(regulator, find_candidates(SOMEBODY))) == 1
    Administration(room.gate, "operator:test").open_record(twin_identifier)
    ticket = room.last_ticket()
    with pytest.raises(TooManyResults):
        room.do(regulator, find_candidates(SOMEBODY))
    assert [line["patient"] for line in room.lines_since(ticket)] == [""]
    assert len(room.do(regulator, find_candidates(replace(SOMEBODY, given_name="anne")))) == 1


def test_a_search_is_refused_where_too_many_people_are_named_so_or_more_traits_are_demanded(open_room):
    room = open_room(maximum_searched_people=0)
    with pytest.raises(TooManyResults):
        room.do(room.caller(REGULATOR, None, mode=AccessMode.CENTRE_15), find_candidates(SOMEBODY))
    room = open_room(candidate_criteria=("given_name", "sex"))
    with pytest.raises(InvalidMetadata):
        room.do(room.caller(REGULATOR, None, mode=AccessMode.CENTRE_15), find_candidates(SOMEBODY))


# --- states -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["informed", "opposed", "destroyed"])
@pytest.mark.parametrize("name", ["td0.2", "td1.3a", "td0.3 add", "td1.6", "td1.3b", "td1.4"])
def test_a_record_that_is_not_yet_not_wanted_or_no_more_is_no_record(room, state, name):
    room.gate.administer(lambda connection: connection._raw.execute("UPDATE health_record SET state = ?", (state,)))
    with pytest.raises(UnknownPatient):
        room.do(room.caller(), EVERY_ACT[name])


def test_a_suspended_record_is_told_as_not_active_without_a_date(room):
    room.gate.administer(lambda connection: connection._raw.execute("UPDATE health_record SET state = 'suspended'"))
    sheet = room.do(room.caller(), existence_test(PATIENT))
    assert (sheet.active, sheet.closed_at, sheet.closing_reason) == (False, None, "")


@pytest.mark.parametrize(
    ("setting", "state", "attached"),
    [
        ("all", "open", True),
        ("activated", "open", False),
        ("activated", "activated", True),
        ("none", "activated", False),
    ],
)
def test_attachment_is_known_by_the_setting_and_the_state(open_room, setting, state, attached):
    room = open_room(attached_to_mon_espace_sante=setting)
    room.gate.administer(lambda connection: connection._raw.execute("UPDATE health_record SET state = ?", (state,)))
    sheet = room.do(room.caller(), existence_test(PATIENT))
    assert (sheet.attached, sheet.account_open) == (attached, state == "activated")
    change = update_administrative_data(PATIENT, AdministrativeChange(used_name="NOUVEAU"))
    if attached:
        with pytest.raises(Refused):
            room.do(room.caller(), change)
    else:
        assert room.do(room.caller(), change)


def tells_a_blocked_caller_nothing_of_the_person(room):
    Administration(room.gate, "operator:test").block(PATIENT, OTHER_GP.identifier)
    sheet = room.do(room.caller(OTHER_GP), existence_test(PATIENT))
    assert (sheet.authorisation, sheet.traits, sheet.account_open) == ("blocked", None, None)


def test_a_blocked_caller_is_told_nothing_of_the_person(room):
    tells_a_blocked_caller_nothing_of_the_person(room)


def test_control_a_test_of_existence_that_forgets_the_block_is_caught(room, monkeypatch):
    monkeypatch.setattr(existence, "authorisation_of", lambda scope: scope.record.authorisation)
    with pytest.raises(AssertionError):
        tells_a_blocked_caller_nothing_of_the_person(room)


def test_the_medecin_traitant_cannot_be_blocked_unless_the_setting_says_so(open_room):
    Administration(open_room().gate, "operator:test").block(PATIENT, MEDECIN_TRAITANT.identifier)
    for setting, status in ((False, "valid"), (True, "blocked")):
        room = open_room(medecin_traitant_can_be_blocked=setting)
        assert room.do(room.caller(), existence_test(PATIENT)).authorisation == status


def test_a_medecin_traitant_by_a_declaration_of_his_or_her_own_is_kept_out_by_a_block(room):
    (entry,) = room.put(room.document(masks=(MASQUE_PS,)))
    doctor = room.caller(OTHER_GP)
    assert room.do(doctor, declare(Declaration.DECLARE_MEDECIN_TRAITANT))
    assert len(room.do(room.caller(OTHER_GP), room.retrieving(entry.unique_id))) == 1
    Administration(room.gate, "operator:test").block(PATIENT, OTHER_GP.identifier)
    with pytest.raises(Refused):
        room.do(room.caller(OTHER_GP), room.retrieving(entry.unique_id))
    with pytest.raises(Refused):
        room.do(room.caller(OTHER_GP), declare(Declaration.DECLARE_MEDECIN_TRAITANT))


def test_a_block_that_does_not_keep_the_declared_medecin_traitant_out_is_not_told_as_one(room):
    Administration(room.gate, "operator:test").block(PATIENT, MEDECIN_TRAITANT.identifier)
    listed = room.do(room.caller(), list_parties(ListMode.ALL))
    assert [one.blocked for one in listed if one.identifier == MEDECIN_TRAITANT.identifier] == [False]


def test_a_record_of_before_2022_that_was_kept_apart_is_not_attached(room):
    key = room.rows("SELECT patient_key FROM health_record ORDER BY 1 LIMIT 1")[0][0]
    assert room.do(room.caller(), existence_test(PATIENT)).attached
    for event in (Event.ANNOUNCE_FORMER, Event.KEEP_APART):
        room.now += 1
        room.gate.administer(lambda connection, event=event: move(connection, key, event, now=room.now))
        assert not room.do(room.caller(), existence_test(PATIENT)).attached
