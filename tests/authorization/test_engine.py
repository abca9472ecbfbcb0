"""What the engine answers in the cases that people ask about, and that every failure on the way refuses."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from carnet.authorization.decision import Duty
from carnet.authorization.engine import Engine
from carnet.authorization.facts import DocumentFacts, Function, RecordFacts
from carnet.authorization.matrix import Matrices
from carnet.authorization.rules import RULES, Rule
from carnet.clock import from_iso
from carnet.metadata import AvailabilityStatus, Code
from carnet.requester import AccessMode

NOW = from_iso("2026-11-22T10:00:00Z")
BEFORE_ANY_MATRIX = from_iso("2020-01-01T00:00:00Z")
OPEN = RecordFacts(state="open", authorisation="valid")
UNAUTHORISED = RecordFacts(state="open")
REPORT = DocumentFacts("REPORT", author_persons=frozenset({"899700000099"}), depositor="899700000099")
MASKED = replace(REPORT, masks=frozenset({"MASQUE_PS"}))
EMERGENCIES = [AccessMode.BRIS_DE_GLACE, AccessMode.CENTRE_15]


@pytest.fixture
def engine(matrices):
    return Engine(matrices)


def _by(document, requester):
    return replace(document, author_persons=frozenset({requester.identifier}))


def test_an_authorised_doctor_reads_a_report(engine, doctor):
    decision = engine.decide_document(doctor, OPEN, REPORT, Function.CONSULT, NOW)
    assert decision.allowed
    assert decision.rules == ("functional-right", "authorisation")
    assert decision.duties == ()
    assert decision.matrix_version == "second"


@pytest.mark.parametrize("state", ["none", "expired"])
def test_without_a_valid_authorisation_nothing_is_read(engine, doctor, state):
    record = replace(OPEN, authorisation=state)
    assert engine.decide(doctor, record, Function.SEARCH, NOW).rules == ("no-authorisation",)
    assert engine.decide_document(doctor, record, REPORT, Function.CONSULT, NOW).rules == ("no-authorisation",)
    assert not engine.visible(doctor, record, REPORT, NOW)


def test_the_medecin_traitant_needs_no_authorisation_and_sees_masked_documents(engine, doctor, nurse):
    record = replace(UNAUTHORISED, medecin_traitant=True)
    decision = engine.decide_document(doctor, record, MASKED, Function.CONSULT, NOW)
    assert decision.allowed
    assert "medecin-traitant" in decision.rules
    assert not engine.decide_document(nurse, record, replace(REPORT, type_code="PLAN"), Function.CONSULT, NOW).allowed


def test_feeding_needs_an_open_record_and_no_block_but_no_authorisation(engine, doctor, hospital, secretary):
    for requester, function in (
        (doctor, Function.FEED),
        (hospital, Function.FEED),
        (secretary, Function.FEED_SECRETARY),
    ):
        assert engine.decide(requester, UNAUTHORISED, function, NOW).allowed
        blocked = engine.decide(requester, replace(UNAUTHORISED, blocked=True), function, NOW)
        assert blocked.rules == ("blocked-by-patient",)
        closed = engine.decide(requester, replace(UNAUTHORISED, state="closed"), function, NOW)
        assert closed.rules == ("record-not-open",)


@pytest.mark.parametrize("state", ["", "informed", "opposed", "suspended", "closed", "destroyed", "OPEN"])
def test_a_record_that_is_not_open_is_not_read(engine, doctor, state):
    assert engine.decide(doctor, replace(OPEN, state=state), Function.SEARCH, NOW).rules == ("record-not-open",)


def test_a_record_that_its_holder_has_not_activated_is_read(engine, doctor):
    assert engine.decide(doctor, OPEN, Function.SEARCH, NOW).allowed
    assert engine.decide(doctor, replace(OPEN, state="activated"), Function.SEARCH, NOW).allowed


@pytest.mark.parametrize("mode", AccessMode)
def test_a_blocked_professional_does_not_enter_in_any_mode(engine, caller, mode):
    record = replace(OPEN, blocked=True, regulation_centre=True)
    requester = caller(mode=mode)
    for function in Function:
        if function not in {Function.EXISTENCE_TEST, Function.PATIENT_LIST, Function.FIND_PATIENT}:
            assert not engine.decide(requester, record, function, NOW).allowed, function
    assert not engine.decide_document(requester, record, _by(REPORT, requester), Function.CONSULT, NOW).allowed


def test_a_blocked_professional_and_the_reader_of_a_closed_record_are_told_so_by_the_existence_test(engine, doctor):
    record = replace(OPEN, blocked=True, state="closed")
    assert engine.decide(doctor, record, Function.EXISTENCE_TEST, NOW).allowed


def test_a_declared_medecin_traitant_is_blocked_only_where_the_setting_says_so(matrices, doctor, nurse):
    record = replace(OPEN, blocked=True, medecin_traitant=True)
    assert Engine(matrices).decide(doctor, record, Function.SEARCH, NOW).allowed
    assert not Engine(matrices).decide(nurse, record, Function.SEARCH, NOW).allowed
    strict = Engine(matrices, medecin_traitant_can_be_blocked=True)
    assert strict.decide(doctor, record, Function.SEARCH, NOW).rules == ("blocked-by-patient",)


def test_feeding_is_allowed_on_the_functional_right_alone(engine, doctor):
    assert engine.decide(doctor, OPEN, Function.FEED, NOW).rules == ("functional-right",)
    assert engine.decide(doctor, replace(OPEN, medecin_traitant=True), Function.FEED, NOW).rules == (
        "functional-right",
    )


def test_a_masked_document_is_absent_for_another_doctor_and_there_for_its_author(engine, doctor):
    assert not engine.visible(doctor, OPEN, MASKED, NOW)
    assert engine.decide_document(doctor, OPEN, MASKED, Function.CONSULT, NOW).rules == ("masque-ps",)
    mine = engine.decide_document(doctor, OPEN, _by(MASKED, doctor), Function.CONSULT, NOW)
    assert mine.allowed
    assert "author" in mine.rules


def test_an_administrator_sees_masked_documents_but_not_in_an_emergency(engine, caller):
    record = replace(OPEN, administrator=True)
    assert engine.decide_document(caller(), record, MASKED, Function.CONSULT, NOW).allowed
    breaking = caller(mode=AccessMode.BRIS_DE_GLACE)
    assert not engine.decide_document(breaking, record, MASKED, Function.CONSULT, NOW).allowed


@pytest.mark.parametrize("mode", EMERGENCIES)
def test_masked_documents_are_read_in_an_emergency_only_where_the_holder_permits_it(engine, caller, mode):
    record = replace(UNAUTHORISED, regulation_centre=True)
    assert not engine.visible(caller(mode=mode), record, MASKED, NOW)
    assert engine.visible(caller(mode=mode), replace(record, masked_in_emergency=True), MASKED, NOW)


@pytest.mark.parametrize("mask", ["INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"])
def test_what_is_hidden_from_the_patient_s_side_is_not_hidden_from_professionals(engine, doctor, mask):
    assert engine.visible(doctor, OPEN, replace(REPORT, masks=frozenset({mask})), NOW)
    assert not engine.visible(doctor, OPEN, replace(REPORT, masks=frozenset({mask, "MASQUE_PS"})), NOW)


def test_an_unknown_mask_hides(engine, doctor):
    assert not engine.visible(doctor, OPEN, replace(REPORT, masks=frozenset({"MASQUE_NOUVEAU"})), NOW)


@pytest.mark.parametrize(
    ("mode", "duties"),
    [
        (AccessMode.NORMAL, ()),
        (AccessMode.CENTRE_15, (Duty.TELL_PATIENT, Duty.TELL_MEDECIN_TRAITANT)),
        (AccessMode.BRIS_DE_GLACE, (Duty.TELL_PATIENT, Duty.TELL_MEDECIN_TRAITANT, Duty.EMERGENCY_REVIEW)),
    ],
)
def test_an_emergency_access_is_told_and_breaking_the_glass_is_reviewed(engine, caller, mode, duties):
    record = replace(OPEN, regulation_centre=True)
    for function in (Function.SEARCH, Function.SEARCH_REFERENCES, Function.CONSULT):
        assert engine.decide(caller(mode=mode), record, function, NOW).duties == duties
        assert engine.decide_document(caller(mode=mode), record, REPORT, function, NOW).duties == duties
    assert engine.decide(caller(mode=mode), record, Function.FEED, NOW).duties == ()
    assert engine.decide(caller(mode=mode), replace(record, state="closed"), Function.SEARCH, NOW).duties == ()


@pytest.mark.parametrize(
    ("mode", "field"), [(EMERGENCIES[0], "opposes_bris_de_glace"), (EMERGENCIES[1], "opposes_centre_15")]
)
def test_an_opposition_stops_reading_in_its_mode_alone_and_never_feeding(engine, caller, mode, field):
    record = replace(OPEN, regulation_centre=True, **{field: True})
    refused = engine.decide(caller(mode=mode), record, Function.SEARCH, NOW)
    assert not refused.allowed
    assert len(refused.rules) == 1
    assert engine.decide(caller(mode=mode), record, Function.FEED, NOW).allowed
    for other in set(AccessMode) - {mode}:
        assert engine.decide(caller(mode=other), record, Function.SEARCH, NOW).allowed


def test_the_regulation_mode_belongs_to_declared_centres(engine, caller):
    regulating = caller(mode=AccessMode.CENTRE_15)
    assert engine.decide(regulating, OPEN, Function.SEARCH, NOW).rules == ("centre-15-reserved",)
    assert engine.decide(regulating, OPEN, Function.FEED, NOW).rules == ("centre-15-reserved",)
    assert engine.decide(regulating, replace(UNAUTHORISED, regulation_centre=True), Function.SEARCH, NOW).allowed


def test_the_matrix_of_types_binds_in_an_emergency_too(engine, caller):
    breaking = caller(mode=AccessMode.BRIS_DE_GLACE)
    letter = replace(REPORT, type_code="LETTER")
    assert engine.decide_document(breaking, OPEN, letter, Function.CONSULT, NOW).rules == ("matrix",)


def test_the_matrix_changes_at_its_date_and_its_version_is_in_the_decision(engine, doctor):
    letter = replace(REPORT, type_code="LETTER")
    before = engine.decide_document(doctor, OPEN, letter, Function.CONSULT, from_iso("2025-12-31T23:59:59Z"))
    after = engine.decide_document(doctor, OPEN, letter, Function.CONSULT, from_iso("2026-01-01T00:00:00Z"))
    assert (before.allowed, before.matrix_version) == (True, "first")
    assert (after.allowed, after.matrix_version) == (False, "second")


def test_where_no_matrix_is_in_force_nothing_is_read_and_feeding_goes_on(engine, doctor):
    assert engine.decide(doctor, OPEN, Function.SEARCH, BEFORE_ANY_MATRIX).rules == ("matrix",)
    assert not engine.decide_document(doctor, OPEN, _by(REPORT, doctor), Function.CONSULT, BEFORE_ANY_MATRIX).allowed
    assert engine.decide(doctor, OPEN, Function.FEED, BEFORE_ANY_MATRIX).allowed


def test_the_matrix_does_not_keep_an_author_from_its_own_document(engine, nurse):
    report = _by(REPORT, nurse)
    assert engine.decide_document(nurse, OPEN, report, Function.CONSULT, NOW).allowed
    assert not engine.decide_document(nurse, OPEN, REPORT, Function.CONSULT, NOW).allowed


def test_an_author_finds_and_deletes_its_own_document_without_authorisation_but_does_not_read_it(engine, doctor):
    mine = _by(REPORT, doctor)
    assert engine.decide_document(doctor, UNAUTHORISED, mine, Function.SEARCH_REFERENCES, NOW).allowed
    assert engine.decide_document(doctor, UNAUTHORISED, mine, Function.DELETE, NOW).allowed
    assert not engine.decide_document(doctor, UNAUTHORISED, mine, Function.CONSULT, NOW).allowed
    assert not engine.decide_document(doctor, UNAUTHORISED, mine, Function.SEARCH, NOW).allowed


@pytest.mark.parametrize("function", [Function.DELETE, Function.UNMASK, Function.ARCHIVE, Function.REPLACE])
def test_only_an_author_deletes_unmasks_archives_or_replaces(engine, doctor, function):
    assert engine.decide_document(doctor, OPEN, REPORT, function, NOW).rules == ("author-only",)
    assert engine.decide_document(doctor, OPEN, _by(REPORT, doctor), function, NOW).allowed


def test_a_document_that_cannot_be_seen_cannot_be_changed(engine, doctor):
    assert engine.decide_document(doctor, OPEN, REPORT, Function.MASK, NOW).allowed
    assert engine.decide_document(doctor, OPEN, MASKED, Function.MASK, NOW).rules == ("masque-ps",)
    assert engine.decide_document(doctor, UNAUTHORISED, REPORT, Function.SHOW_TO_PATIENT, NOW).rules == (
        "no-authorisation",
    )


def test_a_patient_s_own_document_is_archived_and_deleted_by_the_medecin_traitant_alone(engine, doctor):
    record = replace(OPEN, medecin_traitant=True)
    document = replace(REPORT, patient_authored=True)
    for function in (Function.ARCHIVE, Function.DELETE):
        assert engine.decide_document(doctor, record, document, function, NOW).allowed
        assert not engine.decide_document(doctor, OPEN, document, function, NOW).allowed
        assert "patient-document" in engine.decide_document(doctor, OPEN, _by(document, doctor), function, NOW).rules


def test_a_structure_finds_and_deletes_its_documents_and_reads_none(engine, hospital, secretary):
    ours = replace(REPORT, author_institutions=frozenset({hospital.organization_id}))
    for requester in (hospital, secretary):
        assert engine.decide(requester, OPEN, Function.SEARCH_REFERENCES, NOW).allowed
        assert engine.visible(requester, OPEN, ours, NOW)
        assert engine.decide_document(requester, OPEN, ours, Function.DELETE, NOW).allowed
        assert not engine.visible(requester, OPEN, REPORT, NOW)
        assert not engine.decide_document(requester, OPEN, REPORT, Function.DELETE, NOW).allowed
        assert engine.decide(requester, OPEN, Function.SEARCH, NOW).rules == ("functional-right",)
        assert engine.decide(requester, OPEN, Function.CONSULT, NOW).rules == ("functional-right",)


def test_whose_a_document_is_follows_the_way_the_caller_acts(engine, doctor, hospital, caller):
    by_structure = replace(REPORT, depositor_organization=hospital.organization_id)
    assert engine.own(hospital, by_structure)
    assert not engine.own(doctor, by_structure)
    assert engine.own(doctor, _by(REPORT, doctor))
    assert not engine.own(caller(profession=Code("?", "?")), _by(REPORT, doctor))


def test_a_caller_without_an_identifier_owns_nothing(engine, caller, hospital):
    nobody_s = DocumentFacts("REPORT", author_persons=frozenset({""}), author_institutions=frozenset({""}))
    assert not engine.own(caller(identifier=""), nobody_s)
    assert not engine.own(replace(hospital, organization_id=""), nobody_s)


def test_the_signature_of_a_set_is_never_shown_even_to_who_deposited_it(engine, doctor, hospital):
    for requester in (doctor, hospital):
        signature = replace(_by(REPORT, requester), depositor_organization=requester.organization_id, is_signature=True)
        assert not engine.visible(requester, replace(OPEN, medecin_traitant=True), signature, NOW)
        assert not engine.decide_document(requester, OPEN, signature, Function.CONSULT, NOW).allowed


def test_a_deleted_document_is_there_for_those_who_consult_and_absent_for_others(engine, matrices, doctor, hospital):
    deleted = replace(
        REPORT, status=AvailabilityStatus.DELETED, author_institutions=frozenset({hospital.organization_id})
    )
    assert engine.visible(doctor, OPEN, deleted, NOW)
    assert engine.decide_document(doctor, OPEN, deleted, Function.CONSULT, NOW).allowed
    assert not engine.visible(hospital, OPEN, deleted, NOW)
    assert engine.decide_document(doctor, OPEN, _by(deleted, doctor), Function.ARCHIVE, NOW).rules == ("deleted",)
    assert not Engine(matrices, deleted_readable=False).visible(doctor, OPEN, deleted, NOW)


@pytest.mark.parametrize("status", [AvailabilityStatus.ARCHIVED, AvailabilityStatus.DEPRECATED])
def test_archived_documents_and_old_versions_are_read(engine, doctor, status):
    assert engine.visible(doctor, OPEN, replace(REPORT, status=status), NOW)
    assert replace(REPORT, status=status).deprecated is (status is AvailabilityStatus.DEPRECATED)


def test_an_occupational_doctor_sees_what_there_is_and_reads_none_of_it(matrices, caller):
    occupational = caller(specialty=Code("SM25", "1.2.250.1.71.4.2.5"))
    engine = Engine(matrices, occupational_doctors=True)
    expressly = replace(OPEN, authorised_by_name=True)
    assert engine.decide_document(occupational, expressly, REPORT, Function.SEARCH, NOW).rules[1] == "express-consent"
    assert engine.decide_document(occupational, OPEN, REPORT, Function.SEARCH, NOW).rules == ("no-authorisation",)
    assert not engine.decide_document(occupational, expressly, REPORT, Function.CONSULT, NOW).allowed
    assert not Engine(matrices).decide(occupational, OPEN, Function.FEED, NOW).allowed


def test_every_reason_to_refuse_is_named(engine, caller):
    record = RecordFacts(state="closed", blocked=True)
    rules = engine.decide(caller(mode=AccessMode.CENTRE_15), record, Function.SEARCH, NOW).rules
    assert rules == ("record-not-open", "blocked-by-patient", "centre-15-reserved")


def test_nothing_is_known_of_a_record_and_nothing_opens(engine, doctor):
    for function in Function:
        if function not in {Function.EXISTENCE_TEST, Function.PATIENT_LIST}:
            assert not engine.decide(doctor, RecordFacts(), function, NOW).allowed, function


def _fails(case):
    raise KeyError(case.requester.name)


def test_a_rule_that_fails_refuses_and_its_log_tells_nothing_of_the_case(matrices, doctor, caplog):
    engine = Engine(matrices, rules=(*RULES, Rule("broken", _fails)))
    with caplog.at_level(logging.ERROR):
        decision = engine.decide(doctor, OPEN, Function.SEARCH, NOW)
    assert not decision.allowed
    assert decision.rules == ("broken:error",)
    assert "broken" in caplog.text
    assert "ALPHA" not in caplog.text
    assert "ALPHA" not in "".join(str(record.exc_info) for record in caplog.records)


@pytest.mark.parametrize("answer", [None, 0, "", True, 1])
def test_a_rule_that_does_not_plainly_say_no_refuses(matrices, doctor, answer):
    engine = Engine(matrices, rules=(*RULES, Rule("vague", lambda case: answer)))
    assert engine.decide(doctor, OPEN, Function.SEARCH, NOW).rules == ("vague",)


def test_facts_that_cannot_be_put_together_refuse(doctor):
    class Broken:
        def in_force(self, at):
            raise RuntimeError(at)

    decision = Engine(Broken()).decide(doctor, OPEN, Function.EXISTENCE_TEST, NOW)
    assert (decision.allowed, decision.rules) == (False, ("error",))


def test_an_act_that_no_table_knows_is_refused(engine, doctor):
    assert engine.decide(doctor, OPEN, "TD9.9", NOW).rules == ("error",)
    assert not engine.decide(replace(doctor, mode="curiosity"), OPEN, Function.SEARCH, NOW).allowed


def test_an_engine_without_rules_would_allow_everything(matrices, caller):
    stranger = caller(profession=Code("?", "?"))
    assert Engine(matrices, rules=()).decide(stranger, RecordFacts(), Function.CONSULT, NOW).allowed
    assert not Engine(matrices).decide(stranger, RecordFacts(), Function.CONSULT, NOW).allowed


def test_the_names_of_the_rules_are_all_different():
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_each_question_is_answered_from_its_own_facts_whatever_was_asked_before(engine, doctor, nurse):
    blocked, attending = replace(OPEN, blocked=True), replace(OPEN, medecin_traitant=True)
    for _ in range(2):
        assert engine.decide(doctor, OPEN, Function.CONSULT, NOW).allowed
        assert not engine.decide(doctor, blocked, Function.CONSULT, NOW).allowed
        assert engine.decide(doctor, attending, Function.STOP_BEING_MEDECIN_TRAITANT, NOW).allowed
        assert not engine.decide(nurse, attending, Function.STOP_BEING_MEDECIN_TRAITANT, NOW).allowed
        assert not engine.decide(doctor, OPEN, Function.CONSULT, BEFORE_ANY_MATRIX).allowed
        assert engine.decide(doctor, OPEN, Function.FEED, BEFORE_ANY_MATRIX).allowed
    engine.take(Matrices((), unreadable=(0,)))
    assert engine.decide(doctor, OPEN, Function.CONSULT, NOW).rules == ("matrix",)


@pytest.mark.parametrize("forgotten", ["requester", "record", "matrix"])
def test_control_an_engine_that_takes_the_last_facts_for_anothers_is_caught(
    matrices, doctor, nurse, monkeypatch, forgotten
):
    careless = Engine(matrices)
    case = careless._case

    def asked(requester, record, function, at):
        last = careless._last
        known = {"requester": requester, "record": record, "matrix": careless._matrices.in_force(at)}
        kept = last is not None and all(getattr(last, name) is one for name, one in known.items() if name != forgotten)
        return last.asking(function) if kept else case(requester, record, function, at)

    monkeypatch.setattr(careless, "_case", asked)
    with pytest.raises(AssertionError):
        test_each_question_is_answered_from_its_own_facts_whatever_was_asked_before(careless, doctor, nurse)
