"""What the oracle is worth: engines with one thing wrong in them are found out; those that are not are listed here, each with its reason."""

from __future__ import annotations

import logging
import random
from collections import Counter

import pytest
from asking import Engines, corners_hold, patient_side_agrees, prepare
from mutants import CHAIN, Mutant, load, mutants
from oracle_of_rules import Oracle, questions
from oracle_of_the_patient_side import patient_questions, refusing, sees_line

from carnet.authorization import engine, functional_rights
from carnet.authorization.functional_rights import PDT_INF_526, PDT_INF_606, Column, Right

LEAST = 0.95
CASES = 10_000

_TEXT = "the search in the text is a short cut before the exact comparison, and changes no answer"
SURVIVORS = {
    "engine:  False turned": "_STRANGER stands for a caller whose facts could not be put together: nothing asks what it owns",
    "engine: Engine._case if last is not None and last.requester is requester and (last.record is record) "
    "and (last.matrix is matrix) never": "the memory of the facts saves time alone",
    "engine: Viewer.sees if known is None always": "the memory of verdicts saves time alone",
    "engine: Viewer.sees me in author_institutions_text and me in author_institutions_text.split(' ') "
    "without me in author_institutions_text": _TEXT,
    "engine: Viewer.sees me in author_persons_text and me in author_persons_text.split(' ') "
    "without me in author_persons_text": _TEXT,
    "functional_rights: right_of if column is None never": "no matrix has a column None: the cell looked up is a no as well",
    "roles:  kind in {Kind.DOCTOR, Kind.PROFESSIONAL} with NotIn": "it makes the list of rows for imports: no decision reads it",
    "roles: matrix_role profession.system == PROTECTED_TITLES and profession.code in _TITLES_IN_MATRIX "
    "without profession.system == PROTECTED_TITLES": "the code 93 is a title in every list of roles that is known",
}
"""Mutants that no question can find out, and why."""


@pytest.fixture(scope="module")
def cases(published):
    """A drawn order, so that every kind of caller comes early; each with what the oracle answers."""
    oracle = Oracle(published)
    drawn = questions(CASES, 7)
    random.Random(7).shuffle(drawn)
    return [prepare(one, oracle) for one in drawn]


@pytest.fixture(scope="module")
def patient_cases():
    return [
        (
            one,
            (refusing(one, with_document=False), refusing(one, with_document=True)),
            (sees_line(one, secret=False), sees_line(one, secret=True)),
        )
        for one in patient_questions(2_500, 7)
    ]


@pytest.fixture(autouse=True)
def _quiet():
    """Mutants fail in many ways, each of which the engine would log."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def caught(mutant: Mutant | None, cases, patient_cases, matrices, doctor) -> bool:
    """Whether some question is answered otherwise than by the oracle; an engine that fails answers otherwise."""
    try:
        modules = load(mutant)
        if not corners_hold(modules, matrices, doctor):
            return True
        engines = Engines(modules, matrices)
        about_professionals = mutant is None or mutant.module != "patient_side"
        if about_professionals and not all(map(engines.agrees, cases)):
            return True
        side = modules["patient_side"]
        return not all(patient_side_agrees(side, *one) for one in patient_cases)
    except Exception:  # noqa: BLE001 - found out
        return True


def test_control_the_engine_itself_is_not_found_out(cases, patient_cases, matrices, doctor):
    assert not caught(None, cases, patient_cases, matrices, doctor)


def test_mutants_of_the_rules_are_found_out(cases, patient_cases, matrices, doctor):
    counted: Counter[str] = Counter()
    survivors = []
    for mutant in mutants():
        counted[mutant.module] += 1
        if not caught(mutant, cases, patient_cases, matrices, doctor):
            survivors.append(str(mutant))
    made = counted.total()
    assert set(counted) == set(CHAIN)
    assert made > 500
    assert sorted(set(survivors)) == sorted(SURVIVORS)
    assert len(survivors) <= (1 - LEAST) * made


def test_a_wrong_cell_in_a_published_matrix_is_found_out(cases, matrices, monkeypatch):
    """Each cell turned in its turn: a no into a yes, all else into a no."""
    engines = Engines({"engine": engine, "functional_rights": functional_rights}, matrices)
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
