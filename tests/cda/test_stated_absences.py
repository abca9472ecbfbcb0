import pytest

from carnet.cda.medication import LineKind, medication_of
from carnet.cda.stated_absences import Absence
from carnet.demo.care_documents import SUMMARY, VACCINATIONS, Jab, Ordered, Product, summary, vaccination_history
from carnet.demo.documents import Draft

NOW = 1_790_000_000_000_000


def said(code):
    return medication_of(summary(Draft(NOW, type=SUMMARY), [], absence=code))


@pytest.mark.parametrize(
    ("code", "absence"),
    [
        ("no-known-medications", Absence("medicines", known=True)),
        ("no-medication-info", Absence("medicines", known=False)),
        ("no-known-immunizations", Absence("vaccinations", known=True)),
        ("no-immunization-info", Absence("vaccinations", known=False)),
    ],
)
def test_a_statement_of_absence_is_no_line(code, absence):
    found = said(code)
    assert found.absences == (absence,)
    assert found.lines == ()


def test_another_code_and_an_empty_list_state_nothing():
    assert said("no-known-allergies").absences == ()
    assert said("").absences == ()


def test_a_treatment_beside_it_stays_a_line():
    lines = [Ordered(Product("X"), "1")]
    found = medication_of(summary(Draft(NOW, type=SUMMARY), lines, absence="no-medication-info"))
    assert [line.name for line in found.lines] == ["X"]


def test_a_recommended_vaccination_is_due_and_no_treatment():
    jabs = (Jab(Product("A"), "20240101"), Jab(Product("B"), "20270101", due=True))
    found = medication_of(vaccination_history(Draft(NOW, type=VACCINATIONS), jabs))
    assert [(line.kind, line.name, line.start) for line in found.lines] == [
        (LineKind.INJECTED, "A", "20240101"),
        (LineKind.DUE, "B", "20270101"),
    ]


def test_the_public_summary_says_which_vaccinations_are_due(sample):
    if not sample.name.startswith("IPS-FR"):
        return
    due = [line for line in medication_of(sample.read_bytes()).lines if line.kind is LineKind.DUE]
    assert [(line.start, line.end) for line in due] == [("20241201", "20241231")] * 2
    assert all(line.name for line in due)
