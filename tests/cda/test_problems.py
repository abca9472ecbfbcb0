import pytest

from carnet.cda.problems import LONGEST, ProblemKind, Statements, Worded, problems_of, statements_of
from carnet.cda.stated_absences import Absence
from carnet.demo import documents
from carnet.demo.documents import Draft

NOW = 1_790_000_000_000_000
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def document(section, inner, negation="false"):
    return documents.structured_lab_report(
        Draft(NOW),
        f'<component><section><code code="{section}" codeSystem="2.16.840.1.113883.6.1"/><text><content ID="p1">texte libre</content></text><entry>'
        f'<act classCode="ACT" moodCode="EVN"><statusCode code="active"/><entryRelationship typeCode="SUBJ"><observation classCode="OBS" '
        f'moodCode="EVN" negationInd="{negation}"><id root="1.2.3"/><code code="1" displayName="diagnostic"/><text><reference value="#p1"/></text>'
        f'<effectiveTime><low value="20190811"/></effectiveTime>{inner}</observation></entryRelationship></act></entry></section></component>',
    )


def only(content):
    found = problems_of(content)
    assert len(found) == 1
    return found[0]


def test_a_problem_is_told_with_its_list_its_dates_and_its_code():
    value = f'<value {XSI} xsi:type="CD" code="G45.9" codeSystem="2.16.840.1.113883.6.3" displayName="AIT"/>'
    one = only(document("11450-4", value))
    assert (one.kind, one.label, one.code.code, one.nature) == (ProblemKind.ACTIVE, "AIT", "G45.9", "diagnostic")
    assert (one.start, one.end, one.status, one.text, one.denied) == ("20190811", "", "active", "texte libre", False)
    assert only(document("11348-0", value)).kind is ProblemKind.PAST
    assert only(document("11450-4", value, negation="true")).denied


def test_an_allergy_is_named_by_what_causes_it():
    agent = (
        f'<value {XSI} xsi:type="CD"/><participant typeCode="CSM"><participantRole><playingEntity><code code="60234100" displayName="PARACETAMOL"/>'
        "</playingEntity></participantRole></participant>"
    )
    one = only(document("48765-2", agent))
    assert (one.kind, one.label, one.code.code) == (ProblemKind.ALLERGY, "PARACETAMOL", "60234100")


def test_without_a_code_the_authors_text_stands():
    assert only(document("11450-4", f'<value {XSI} xsi:type="CD" nullFlavor="NA"/>')).label == "texte libre"
    assert only(document("11450-4", "")).label == "texte libre"


def test_other_sections_say_nothing_of_problems():
    assert problems_of(document("18719-5", "")) == ()
    assert problems_of(documents.level_1(Draft(NOW))) == ()


def test_the_summary_among_the_public_examples_has_its_lists(sample):
    if not sample.name.startswith("VSM"):
        return
    found = problems_of(sample.read_bytes())
    assert [(one.kind.name, one.code.code) for one in found] == [
        ("ACTIVE", "G45.9"),
        ("ACTIVE", "I20.0"),
        ("PAST", "N10"),
        ("PAST", "I21.1"),
        ("ALLERGY", "60234100"),
    ]


# --- what is stated not to be, or in words alone -------------------------------------------------------------------------


def absent(code, system="2.16.840.1.113883.5.1150.1", **about):
    return statements_of(
        document("48765-2", f'<value {XSI} xsi:type="CD" code="{code}" codeSystem="{system}"/>', **about)
    )


@pytest.mark.parametrize(
    ("code", "absence"),
    [
        ("no-known-allergies", Absence("allergies", known=True)),
        ("no-known-medication-allergies", Absence("allergies", known=True, of="medicines")),
        ("no-known-environmental-allergies", Absence("allergies", known=True, of="environment")),
        ("no-known-food-allergies", Absence("allergies", known=True, of="food")),
        ("no-allergy-info", Absence("allergies", known=False)),
        ("no-known-problems", Absence("problems", known=True)),
        ("no-problem-info", Absence("problems", known=False)),
    ],
)
def test_a_coded_absence_is_a_statement_and_no_problem(code, absence):
    assert absent(code) == Statements(absences=(absence,))


def test_a_denied_absence_and_the_code_of_another_system_state_no_absence():
    assert absent("no-known-allergies", negation="true").absences == ()
    assert absent("no-known-allergies", system="1.2.3").absences == ()


def test_a_list_without_an_entry_that_names_something_stands_in_its_words():
    empty = document("48765-2", f'<value {XSI} xsi:type="CD"/>').replace(b'value="#p1"', b'value="#nowhere"')
    assert statements_of(empty) == Statements(worded=(Worded(ProblemKind.ALLERGY, "texte libre"),))
    long = statements_of(empty.replace(b"texte libre", b"mot " * 500)).worded[0].text
    assert len(long) == LONGEST
    assert long.endswith("…")


def test_a_list_that_names_something_is_not_told_in_words_too():
    value = f'<value {XSI} xsi:type="CD" code="I10" codeSystem="2.16.840.1.113883.6.3" displayName="HTA"/>'
    found = statements_of(document("11450-4", value))
    assert [one.label for one in found.problems] == ["HTA"]
    assert found.worded == ()
