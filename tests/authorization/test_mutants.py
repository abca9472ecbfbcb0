"""What the oracle is worth: engines with one thing wrong in them are found out; those that are not are listed here, each with its reason."""

from __future__ import annotations

import logging
import random
from collections import Counter

import pytest
from asking import Engines, patient_side_agrees, prepare
from mutants import Mutant, load, mutants
from oracle_of_rules import Oracle, questions
from oracle_of_the_patient_side import patient_questions, refusing, sees_line

from carnet.authorization import functional_rights
from carnet.authorization.functional_rights import PDT_INF_526, PDT_INF_606, Column, Right

LEAST = 0.95
CASES = 6_000

SURVIVORS: dict[str, str] = {}


@pytest.fixture(scope="module")
def cases(published):
    """A drawn order, so that every kind of caller comes early; each with what the oracle answers."""
    oracle = Oracle(published)
    drawn = questions(CASES, 7)
    random.Random(7).shuffle(drawn)
    return [
        prepare(one, (oracle.answer(one, with_document=False), oracle.answer(one, with_document=True)))
        for one in drawn
    ]


@pytest.fixture(scope="module")
def patient_cases():
    return [
        (
            one,
            (refusing(one, with_document=False), refusing(one, with_document=True)),
            (sees_line(one, secret=False), sees_line(one, secret=True)),
        )
        for one in patient_questions(1_000, 7)
    ]


@pytest.fixture(autouse=True)
def _quiet():
    """Mutants fail in many ways, each of which the engine would log."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def caught(mutant: Mutant | None, cases, patient_cases, matrices) -> bool:
    """Whether some question is answered otherwise than by the oracle; an engine that fails answers otherwise."""
    try:
        modules = load(mutant)
        engines = Engines(modules, matrices)
        if mutant is None or mutant.module != "patient_side":
            if not all(map(engines.agrees, cases)):
                return True
        side = modules["patient_side"]
        return not all(patient_side_agrees(side, *one) for one in patient_cases)
    except Exception:  # noqa: BLE001 - found out
        return True


def test_control_the_engine_itself_is_not_found_out(cases, patient_cases, matrices):
    assert not caught(None, cases, patient_cases, matrices)


def test_mutants_of_the_rules_are_found_out(cases, patient_cases, matrices):
    counted: Counter[str] = Counter()
    survivors = []
    for mutant in mutants():
        counted[mutant.module] += 1
        if not caught(mutant, cases, patient_cases, matrices):
            survivors.append(str(mutant))
    made = counted.total()
    print(f"{made} mutants, {made - len(survivors)} found out: {dict(counted)}")
    assert made > 200
    assert sorted(set(survivors)) == sorted(SURVIVORS)
    assert len(survivors) <= (1 - LEAST) * made


def test_a_wrong_cell_in_a_published_matrix_is_found_out(cases, matrices, monkeypatch):
    """Each cell turned in its turn: a no into a yes, all else into a no."""
    engines = Engines({"engine": __import__("carnet.authorization.engine", fromlist=["engine"])}, matrices)
    assert functional_rights.PDT_INF_526 is PDT_INF_526
    by_function: dict[str, list] = {}
    for one in cases:
        by_function.setdefault(one.question.function, []).append(one)
    missed = []
    for name, table in (("526", PDT_INF_526), ("606", PDT_INF_606)):
        for function, row in table.items():
            for column, cells in row.items():
                for mode, right in cells.items():
                    with monkeypatch.context() as patch:
                        patch.setitem(cells, mode, Right.YES if right is Right.NO else Right.NO)
                        asked = (one for one in by_function[function.value] if one.question.mode is mode)
                        if all(map(engines.agrees, asked)):
                            missed.append((name, function.value, Column(column).name, mode.value))
    assert missed == []
