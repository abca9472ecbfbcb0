"""The engine against an oracle written from the law and the published matrices as plain tables, which shares nothing with it."""

from __future__ import annotations

import sys

import pytest
from asking import Engines, corners_hold, patient_side_agrees, prepare
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_of_rules import CONSENT, KINDS, MASKS, MOMENTS, NEEDS, READS, STATES, TOLD, WHOSE, Oracle, questions
from oracle_of_the_patient_side import ACTORS, HIDES, ROWS, patient_questions, refusing, sees_line
from oracle_of_the_patient_side import STATES as PATIENT_STATES

from carnet.authorization import engine, functional_rights, patient_side, rules
from carnet.authorization.facts import Function
from carnet.authorization.patient_side import PATIENT_RULES
from carnet.authorization.rules import RULES

CASES = 20_000
MODULES = {"engine": engine, "functional_rights": functional_rights, "patient_side": patient_side, "rules": rules}


def asked(oracle, count, seed):
    """Questions with what the oracle answers."""
    return [prepare(one, oracle) for one in questions(count, seed)]


@pytest.fixture(scope="module")
def oracle(published):
    return Oracle(published)


@pytest.fixture(scope="module")
def cases(oracle):
    return asked(oracle, CASES, 20231026)


@pytest.fixture(scope="module")
def patient_cases():
    return [
        (
            one,
            (refusing(one, with_document=False), refusing(one, with_document=True)),
            (sees_line(one, secret=False), sees_line(one, secret=True)),
        )
        for one in patient_questions(CASES, 1111)
    ]


def test_in_twenty_thousand_cases_the_engine_never_differs_from_the_oracle(cases, matrices):
    engines = Engines(MODULES, matrices)
    assert [one.question for one in cases if not engines.agrees(one)] == []


def test_what_the_questions_cannot_ask_holds_too(matrices, doctor):
    assert corners_hold(MODULES, matrices, doctor)


def test_every_act_is_both_allowed_and_refused_and_every_rule_refuses_alone(cases):
    allowed = {(one.question.function, where) for one in cases for where in (0, 1) if not one.expected[where].refusing}
    refused = {(one.question.function, where) for one in cases for where in (0, 1) if one.expected[where].refusing}
    for name, needs in NEEDS.items():
        assert (name, 0) in allowed
        assert ((name, 1) in allowed) is ("D" in needs)
        assert {(name, 0), (name, 1)} <= refused
    alone = {name for one in cases for answer in one.expected if len(answer.refusing) == 1 for name in answer.refusing}
    assert alone == {rule.name for rule in RULES}


def test_every_row_of_every_table_was_read(cases, oracle, published):
    assert len(cases) == CASES
    hits = oracle.hits
    read = {key[1:] for key in hits if key[0] == "cell"}
    assert published.keys() <= read
    for name, rows in (("kind", KINDS), ("needs", NEEDS), ("whose", WHOSE), ("state", STATES), ("told", TOLD)):
        assert {key[1] for key in hits if key[0] == name} == set(rows)
    assert {key[1] for key in hits if key[0] == "moment"} == set(MOMENTS.values())
    assert {key[1:] for key in hits if key[0] == "reads"} >= READS.keys()
    assert {key[1:] for key in hits if key[0] == "masks"} == {
        (one, default) for one in MASKS for default in (False, True)
    }
    assert {key[1:] for key in hits if key[0] == "consent"} == {(one, how) for one in CONSENT for how in CONSENT[one]}
    assert min(hits[key] for key in hits if key[0] != "cell") >= 10
    assert min(hits["cell", *key] for key in published) >= 3


def test_the_oracle_and_the_engine_know_the_same_acts_and_nothing_else():
    assert NEEDS.keys() == {function.value for function in Function}
    mine = {"oracle_of_rules", "oracle_of_the_patient_side"}
    for name in mine:
        names = vars(sys.modules[name]).values()
        assert not [one for one in names if getattr(one, "__module__", "").startswith("carnet.authorization")]


@settings(max_examples=60)
@given(seed=st.integers(min_value=0))
def test_whatever_the_seed_they_agree(seed, oracle, matrices):
    engines = Engines(MODULES, matrices)
    for one in asked(oracle, 40, seed):
        assert engines.agrees(one), one.question


@pytest.mark.parametrize("name", [rule.name for rule in RULES])
def test_control_an_engine_without_one_of_its_rules_is_found_out(name, cases, matrices):
    without = tuple(rule for rule in RULES if rule.name != name)
    assert len(without) == len(RULES) - 1
    assert not all(map(Engines(MODULES, matrices, without).agrees, cases))


# --- the patient's side -------------------------------------------------------------------------------------------


def test_in_twenty_thousand_cases_the_patient_s_side_never_differs_from_the_oracle(patient_cases):
    assert [one for one, *expected in patient_cases if not patient_side_agrees(patient_side, one, *expected)] == []


def test_every_cell_of_the_patient_s_table_was_met_and_every_reason_refuses_alone(patient_cases):
    met = {(one.actor, one.right) for one, *_ in patient_cases}
    assert met == {(actor, right) for actor in ACTORS for right in ROWS}
    assert {one.masks for one, *_ in patient_cases} == set(HIDES)
    assert {one.state for one, *_ in patient_cases} == set(PATIENT_STATES)
    alone = {name for _, expected, _ in patient_cases for reasons in expected if len(reasons) == 1 for name in reasons}
    assert alone == {rule.name for rule in PATIENT_RULES}
    allowed = {(one.actor, one.right) for one, expected, _ in patient_cases if not expected[0]}
    assert allowed == {(actor, right) for right, row in ROWS.items() for actor in ACTORS if row.cells[actor] != "n"}
