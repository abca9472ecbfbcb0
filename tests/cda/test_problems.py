import pytest

from carnet.cda.problems import (
    LONGEST,
    ProblemKind,
    StatedAbsence,
    Statements,
    Worded,
    problems_of,
    statements_of,
)
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
    assert (one.kind, one.label, one.code.code, one.nature.display) == (
        ProblemKind.ACTIVE,
        "AIT",
        "G45.9",
        "diagnostic",
    )
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
    assert absent(code).absences == (StatedAbsence(ProblemKind.ALLERGY, absence),)
    assert absent(code).problems == absent(code).worded == ()


def test_a_denied_absence_and_the_code_of_another_system_state_no_absence():
    assert absent("no-known-allergies", negation="true").absences == ()
    assert absent("no-known-allergies", system="1.2.3").absences == ()


def test_a_list_without_an_entry_that_names_something_stands_in_its_words():
    empty = document("48765-2", f'<value {XSI} xsi:type="CD"/>').replace(b'value="#p1"', b'value="#nowhere"')
    worded = (Worded(ProblemKind.ALLERGY, "texte libre"),)
    assert statements_of(empty) == Statements(worded=worded, lists=(ProblemKind.ALLERGY,))
    long = statements_of(empty.replace(b"texte libre", b"mot " * 500)).worded[0].text
    assert len(long) == LONGEST
    assert long.endswith("…")


def test_a_list_that_names_something_is_not_told_in_words_too():
    value = f'<value {XSI} xsi:type="CD" code="I10" codeSystem="2.16.840.1.113883.6.3" displayName="HTA"/>'
    found = statements_of(document("11450-4", value))
    assert [one.label for one in found.problems] == ["HTA"]
    assert found.worded == ()


# --- what is no statement about the patient, and what is said of a statement ----------------------------------------------

DIABETES = f'<value {XSI} xsi:type="CD" code="E11" codeSystem="2.16.840.1.113883.6.3" displayName="Diabète"/>'
OF_A_CHILD = '<subject><relatedSubject classCode="PRS"><code code="CHILD" codeSystem="2.16.840.1.113883.5.111"/></relatedSubject></subject>'


def about(inner, where=b"<statusCode", section="11450-4"):
    """A list with one problem, and what is put before a part of it."""
    return document(section, DIABETES).replace(where, inner.encode() + where, 1)


def within(code, value, relation="REFR", section="11450-4"):
    """A problem, and an observation of that code inside it."""
    told = f'<value {XSI} xsi:type="CD" code="{value}" codeSystem="2.16.840.1.113883.4.642.1.1074" displayName="{value} !"/>'
    inside = f'<entryRelationship typeCode="{relation}"><observation classCode="OBS" moodCode="EVN"><code code="{code}"/>{told}</observation></entryRelationship>'
    return problems_of(document(section, DIABETES + inside))


@pytest.mark.parametrize("where", [b"<statusCode", b'<code code="1" ', b'<text><content ID="p1"'])
def test_what_is_said_of_a_child_is_not_said_of_its_mother(where):
    assert problems_of(about(OF_A_CHILD, where)) == ()
    assert len(problems_of(about(OF_A_CHILD.replace("CHILD", "SELF"), where))) == 1


def test_what_was_entered_in_error_is_no_statement():
    for status, count in (("nullified", 0), ("completed", 1), ("aborted", 1)):
        assert (
            len(problems_of(document("11450-4", DIABETES).replace(b'code="active"', f'code="{status}"'.encode())))
            == count
        )
    assert within("66455-7", "entered-in-error") == ()


def test_what_is_asked_for_or_planned_is_no_statement():
    said = document("11450-4", DIABETES)
    assert b'moodCode="EVN"' in said
    assert len(problems_of(said)) == 1
    for mood in (b"INT", b"RQO", b"PRMS"):
        assert problems_of(said.replace(b'moodCode="EVN"', b'moodCode="' + mood + b'"')) == ()


def test_a_refuted_statement_is_a_denial_and_a_doubtful_one_says_so():
    (refuted,), (doubtful,), (sure,) = (within("66455-7", value) for value in ("refuted", "unconfirmed", "confirmed"))
    assert [one.denied for one in (refuted, doubtful, sure)] == [True, False, False]
    assert [one.certainty.display for one in (doubtful, sure)] == ["unconfirmed !", "confirmed !"]


def test_what_is_no_more_says_so():
    (one,) = within("33999-4", "inactive")
    assert (one.standing.code, one.standing.display, one.denied) == ("inactive", "inactive !", False)


@pytest.mark.parametrize(
    ("answer", "negation", "denied"),
    [("true", "false", False), ("false", "false", True), ("true", "true", True), ("false", "true", False)],
)
def test_an_answer_yes_or_no_is_about_what_is_asked(answer, negation, denied):
    one = only(document("11450-4", f'<value {XSI} xsi:type="BL" value="{answer}"/>', negation=negation))
    assert (one.label, one.nature.display, one.text, one.denied) == ("diagnostic", "", "", denied)


def test_a_measured_value_beside_a_problem_is_none():
    assert problems_of(document("11450-4", f'<value {XSI} xsi:type="PQ" value="2.5" unit="{{INR}}"/>')) == ()


def test_a_concern_that_is_denied_denies_what_it_holds():
    assert only(
        document("11450-4", DIABETES).replace(b'<act classCode="ACT"', b'<act negationInd="true" classCode="ACT"')
    ).denied


def test_an_agent_without_a_code_is_told_by_its_name_and_a_wider_name_stands_beside_the_code():
    agent = '<participant typeCode="CSM"><participantRole><playingEntity>{}<name>Bêta-lactamines</name></playingEntity></participantRole></participant>'
    one = only(document("48765-2", agent.format("")))
    assert (one.label, one.code.code) == ("Bêta-lactamines", "")
    one = only(document("48765-2", agent.format('<code code="J01DE01" displayName="céfépime"/>')))
    assert (one.label, one.text) == ("céfépime", "Bêta-lactamines")


def test_how_an_allergy_showed_itself_is_told_unless_it_is_denied():
    assert [one.reactions for one in within("1", "urticaire", "MFST", "48765-2")] == [("urticaire !",)]
    content = document("48765-2", DIABETES + '<entryRelationship typeCode="MFST"><observation classCode="OBS" moodCode="EVN" negationInd="true">'
                       f'<code code="1"/>{DIABETES}</observation></entryRelationship>')  # fmt: skip
    assert only(content).reactions == ()


def test_an_absence_belongs_to_the_list_that_states_it():
    content = document(
        "11348-0", f'<value {XSI} xsi:type="CD" code="no-known-problems" codeSystem="2.16.840.1.113883.5.1150.1"/>'
    )
    assert statements_of(content).absences == (StatedAbsence(ProblemKind.PAST, Absence("problems", known=True)),)
