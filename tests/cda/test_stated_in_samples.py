"""What the readers find in every public example, against what people read there."""

import pytest

from carnet.cda.medication import LineKind, medication_of
from carnet.cda.problems import ProblemKind, statements_of
from tests.cda.conftest import SAMPLES
from tests.cda.stated_by_hand import STATED_BY_HAND, UNCODED_VACCINATION, WORDED_BY_HAND

LISTS = {ProblemKind.ACTIVE: "active", ProblemKind.PAST: "past", ProblemKind.ALLERGY: "allergies"}
STATED = {"10160-0", "18776-5"}


def problem(one):
    doubts = " ".join(filter(None, (one.standing.code, one.certainty.code)))
    return (f"not {one.label}" if one.denied else one.label, one.start, one.end, doubts)


def medicine(line):
    """The list that a line stands in, None for what was given during an act, and what is told of it."""
    if line.kind is LineKind.INJECTED:
        return "refused" if line.refused else "done", (line.name, line.start, line.end, line.rank)
    if line.kind is LineKind.STATED and line.section.code not in STATED:
        return None, ()
    return line.kind.value, (line.name, line.start, line.end)


def test_every_list_of_every_example_is_what_people_read_there(sample):
    content = sample.read_bytes()
    lists = statements_of(content)
    found = {}
    for one in lists.problems:
        found.setdefault(LISTS[one.kind], []).append(problem(one))
    for line in medication_of(content).lines:
        name, told = medicine(line)
        if name and sample.stem != UNCODED_VACCINATION:
            found.setdefault(name, []).append(told)
    assert found == STATED_BY_HAND.get(sample.stem, {})
    assert {LISTS[one.kind]: one.text for one in lists.worded} == WORDED_BY_HAND.get(sample.stem, {})
    assert lists.absences == medication_of(content).absences == ()


@pytest.mark.parametrize("name", ["P05.0", "Q39.0", "Q42.3"])
def test_control_a_child_s_problem_is_in_the_mother_s_document(name):
    path = next(iter(SAMPLES.glob("OBP-SAP*.xml")), None)
    if path is None:
        pytest.skip("../shared/samples/cda is not here: the documents that tests make are read all the same")
    assert name.encode() in path.read_bytes()
    assert name not in {one.code.code for one in statements_of(path.read_bytes()).problems}
