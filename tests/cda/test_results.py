from collections import Counter

import pytest
from lxml import etree

from carnet.cda.header import read_header
from carnet.cda.participants import Identifier
from carnet.cda.result_model import Bound, Value, number_of
from carnet.cda.results import is_lab_report, report_of
from carnet.demo import documents
from carnet.demo.documents import Draft
from carnet.demo.lab_reports import Measured, lab_draft, lab_report
from carnet.errors import InvalidDocument

NOW = 1_790_000_000_000_000
HL7 = {"c": "urn:hl7-org:v3"}
TAKEN = "20240104073500+0100"
UREA = Measured("22664-7", "Urée [Moles/Volume] Sérum", "10.020", "mmol/L", "20240104101000+0100", "3.50", "8", "H")


def raw_values(content):
    """Every value of every observation but those on attached files, read by XPath alone: code, then the attributes that hold digits."""
    root = etree.fromstring(content)
    found = Counter()
    attached = '[not(ancestor::c:organizer/c:code[@code="55107-7"])]'
    for value in root.xpath(f"//c:structuredBody//c:observation{attached}/c:value", namespaces=HL7):
        code = "".join(value.xpath("../c:code/@code", namespaces=HL7))
        ends = value.xpath("c:low/@value | c:high/@value", namespaces=HL7)
        written = " ".join("".join(value.xpath("text()")).split())
        found[(code, value.get("value", ""), value.get("unit", ""), tuple(ends), value.get("code", ""), written)] += 1
    return found


def read_values(report):
    found = Counter()
    for result in report.results:
        for value in result.values:
            ends = tuple(end.digits for end in (value.low, value.high) if end.digits)
            written = value.text if value.kind in ("ED", "ST") else ""
            found[(result.code.code, value.digits, value.unit, ends, value.code.code, written)] += 1
    return found


def raw_ranges(content):
    path = "//c:observation[not(ancestor::c:organizer/c:code[@code='55107-7'])]/c:referenceRange//c:value/*/@value"
    return Counter(etree.fromstring(content).xpath(path, namespaces=HL7))


def test_every_value_of_every_laboratory_example_appears_with_the_characters_received(sample):
    content = sample.read_bytes()
    if not is_lab_report(read_header(content)):
        assert "CR-BIO" not in sample.name or "Niveau-1" in sample.name
        assert "TROD" not in sample.name
        return
    report = report_of(content)
    assert read_values(report) == raw_values(content)
    assert raw_values(content)
    ranges = Counter(
        end.digits for one in report.results for usual in one.ranges for end in (usual.value.low, usual.value.high)
    )
    assert ranges - Counter({"": ranges[""]}) == raw_ranges(content)


def test_control_a_digit_that_is_lost_is_noticed():
    content = lab_report(lab_draft(NOW), [UREA])
    assert read_values(report_of(content)) == raw_values(content)
    assert read_values(report_of(content)) != raw_values(content.replace(b'"10.020"', b'"10.02"'))


def test_earlier_results_of_an_example_are_told_from_new_ones(sample):
    if "2024.01_Electrophorese" not in sample.name:
        return
    results = report_of(sample.read_bytes()).results
    earlier = [one for one in results if one.earlier]
    assert len(earlier) == 20
    assert {one.observed[:4] for one in earlier} == {"2009", "2020"}
    assert {one.laboratory.name for one in earlier} == {""}
    assert {one.laboratory.name for one in results} == {"", "Laboratoire des charmes", "LABORATOIRE SOUS-TRAITANT"}


def test_a_result_has_what_stands_around_it():
    old = Measured("22664-7", "Urée", "8.5", "mmol/L", "202009120815+0100")
    one = Measured(**{**vars_of(UREA), "before": (old,)})
    report = report_of(lab_report(lab_draft(NOW), [one], collected=TAKEN))
    new, earlier = report.results
    assert (new.values[0].shown, new.values[0].shown_unit) == ("10.020", "mmol/L")
    assert (new.label, new.status, new.interpretations[0].code) == ("Urée [Moles/Volume] Sérum", "completed", "H")
    assert new.ranges[0].value.shown.split() == ["3.50", "\u2013", "8"]
    assert new.ranges[0].interpretation.code == "N"
    assert (new.specimen.material.display, new.taken, new.observed) == ("Sang", TAKEN, "20240104101000+0100")
    assert new.group == ("Biochimie",)
    assert new.laboratory.ids
    assert (earlier.earlier, earlier.values[0].shown, earlier.taken) == (True, "8.5", "202009120815+0100")
    assert not earlier.laboratory.ids


def vars_of(one):
    return {name: getattr(one, name) for name in one.__slots__}


@pytest.mark.parametrize(
    ("comparator", "shown"), [("<", "< 0.128"), ("<=", "≤ 0.128"), (">", "> 0.128"), (">=", "≥ 0.128")]
)
def test_what_is_beyond_measuring_keeps_its_sign(comparator, shown):
    one = Measured("28-1", "Ampicilline", "0.128", "ug/mL", TAKEN, comparator=comparator)
    value = report_of(lab_report(lab_draft(NOW), [one])).results[0].values[0]
    assert (value.shown, value.shown_unit, str(value.number)) == (shown, "ug/mL", "0.128")


def with_value(value, status="completed"):
    content = lab_report(lab_draft(NOW), [UREA])
    written = b'<value xsi:type="PQ" value="10.020" unit="mmol/L"/>'
    assert written in content
    return report_of(content.replace(written, value.encode())).results[0]


@pytest.mark.parametrize(
    ("written", "shown", "unit", "kind"),
    [
        ('<c:value xmlns:c="urn:hl7-org:v3" xsi:type="c:PQ" value="1.950" unit="m[IU]/L"/>', "1.950", "m[IU]/L", "PQ"),
        ('<value xsi:type="REAL" value="2.0"/>', "2.0", "", "REAL"),
        ('<value xsi:type="INT" value="007"/>', "007", "", "INT"),
        ('<value xsi:type="PQ" value="45.0" unit="1"/>', "45.0", "", "PQ"),
        ('<value xsi:type="ST">traces</value>', "traces", "", "ST"),
        ('<value xsi:type="ED">&lt;1.0 <!-- x -->mg/L</value>', "<1.0 mg/L", "", "ED"),
        ('<value xsi:type="CD" code="1" codeSystem="2" displayName="négatif"/>', "négatif", "", "CD"),
        ('<value xsi:type="CD"><originalText><reference value="#r0"/></originalText></value>', None, "", "CD"),
        (
            '<value xsi:type="CD" nullFlavor="UNK"><translation code="3" displayName="trouble"/></value>',
            "trouble",
            "",
            "CD",
        ),
        (
            '<value xsi:type="IVL_PQ"><low value="1.0" unit="g"/><high value="2.00" unit="g"/></value>',
            None,
            "g",
            "IVL_PQ",
        ),
        (
            '<value xsi:type="RTO_PQ_PQ"><numerator value="1" unit="g"/><denominator value="160"/></value>',
            "1 / 160",
            "",
            "RTO_PQ_PQ",
        ),
        ('<value xsi:type="PQ" nullFlavor="NAV"/>', "", "", "PQ"),
        ('<value value="3" unit="g"/>', "3", "g", "PQ"),
        ('<value xsi:type="XYZ">lisible</value>', "lisible", "", "XYZ"),
    ],
)
def test_values_of_every_type_are_shown_as_received(written, shown, unit, kind):
    value = with_value(written).values[0]
    assert (value.kind, value.shown_unit) == (kind, unit)
    if shown is not None:
        assert value.shown == shown


def test_a_reference_into_the_narrative_is_followed_with_and_without_its_sign():
    for name in ("#r0", "r0"):
        value = with_value(
            f'<value xsi:type="CD"><originalText><reference value="{name}"/></originalText></value>'
        ).values[0]
        assert value.text.startswith("Urée")


def test_an_interval_shows_both_ends():
    value = with_value(
        '<value xsi:type="IVL_PQ"><low value="1.0" unit="g"/><high value="2.00" unit="g"/></value>'
    ).values[0]
    assert value.shown.split() == ["1.0", "\u2013", "2.00"]
    assert (value.low, value.high.digits, value.number) == (Bound("1.0", "g"), "2.00", None)


@pytest.mark.parametrize(
    "digits", ["", "1,5", "1.5.2", "NaN", "Infinity", "0x10", "1e999", "\uff11\uff12", "9" * 31, " 1", "1_0"]
)
def test_what_is_no_number_of_the_standard_is_none(digits):
    assert number_of(digits) is None


def test_a_number_keeps_its_zeros_and_has_its_place():
    assert str(number_of("45.0")) == "45.0"
    assert number_of("1.5e3") == 1500
    assert Value("PQ", "-0.50").number < 0


def test_a_comment_goes_with_its_result():
    act = '<act classCode="ACT" moodCode="EVN"><code code="48767-8" codeSystem="2.16.840.1.113883.6.1"/><text>hémolysé</text></act>'
    result = with_value(
        f'<value xsi:type="INT" value="1"/><entryRelationship typeCode="SUBJ">{act}</entryRelationship>'
    )
    assert result.comments == ("hémolysé",)


def test_the_document_and_what_it_replaces_are_named():
    first = lab_draft(NOW)
    second = first.next_version(NOW)
    report = report_of(lab_report(second, [UREA]))
    assert (report.id, report.version, report.replaces) == (
        Identifier(second.unique_id),
        2,
        (Identifier(first.unique_id),),
    )
    assert report.set_id == Identifier(first.set_id)


def test_the_report_of_the_demonstration_is_read_and_a_level_1_document_has_no_results():
    report = documents.level_3(Draft(NOW))
    assert is_lab_report(read_header(report))
    assert [(one.code.code, one.values[0].shown) for one in report_of(report).results] == [("2823-3", "3.5")]
    assert report_of(documents.self_presenting(report)).results == report_of(report).results
    assert not is_lab_report(read_header(documents.level_1(Draft(NOW))))
    assert report_of(documents.level_1(Draft(NOW))).results == ()


def test_entries_inside_each_other_without_end_are_refused():
    deep = '<entryRelationship typeCode="COMP"><act>' * 60 + "</act></entryRelationship>" * 60
    with pytest.raises(InvalidDocument, match="deep"):
        with_value(f'<value xsi:type="INT" value="1"/></observation>{deep}<observation>')


def test_observations_inside_each_other_without_end_are_refused():
    inner = (
        '<entryRelationship typeCode="REFR"><observation><code code="1"/>' * 90
        + "</observation></entryRelationship>" * 90
    )
    with pytest.raises(InvalidDocument, match="deep"):
        with_value(f'<value xsi:type="INT" value="1"/>{inner}')
