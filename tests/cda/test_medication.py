from pathlib import Path

import pytest
from lxml import etree

from carnet.cda.medication import PRESCRIPTION, LineKind, medicine_lines
from carnet.cda.participants import Identifier
from carnet.demo import documents
from carnet.demo.documents import Draft

HL7 = {"c": "urn:hl7-org:v3"}
NOW = 1_790_000_000_000_000
MATERIAL = (
    '<manufacturedProduct><manufacturedMaterial><code code="63107752" codeSystem="1.2.250.1.213.2.3.1" displayName="PARACETAMOL 500 mg">'
    '<translation code="N02BE01" codeSystem="2.16.840.1.113883.6.73" displayName="paracetamol"/></code>{name}<lotNumberText>L1</lotNumberText>'
    "</manufacturedMaterial></manufacturedProduct>"
)


def document(entry, *, section="57828-6", prescribes=True):
    code = f'<code code="{section}" codeSystem="2.16.840.1.113883.6.1"/>'
    text = '<text><table><tbody><tr ID="m1"><td>1 comprimé<br/>le matin</td></tr></tbody></table><content ID="i1">au repas</content></text>'
    content = documents.structured_lab_report(
        Draft(NOW), f"<component><section>{code}{text}<entry>{entry}</entry></section></component>"
    )
    return content.replace(b"1.3.6.1.4.1.19376.1.3.3", PRESCRIPTION.encode()) if prescribes else content


def given(mood="INT", more="", name="", negation="false"):
    return (
        f'<substanceAdministration classCode="SBADM" moodCode="{mood}" negationInd="{negation}"><id root="1.2.3"/><text><reference value="#m1"/></text>'
        '<statusCode code="completed"/><effectiveTime xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="IVL_TS">'
        '<low value="20231201"/><high value="20231206"/></effectiveTime><repeatNumber value="3"/>'
        f"<consumable>{MATERIAL.format(name=name)}</consumable>{more}</substanceAdministration>"
    )


def only(content):
    lines = medicine_lines(content)
    assert len(lines) == 1
    return lines[0]


def test_a_prescribed_line_has_what_its_author_wrote():
    instruction = (
        '<entryRelationship typeCode="SUBJ"><act classCode="ACT" moodCode="INT"><code code="PINSTRUCT"/><text><reference value="#i1"/></text></act>'
        '</entryRelationship><entryRelationship typeCode="COMP"><supply moodCode="RQO"><quantity value="2.0" unit="30009000"/></supply></entryRelationship>'
    )
    line = only(document(given(more=instruction)))
    assert (line.kind, line.name, line.product.code, line.classes[0].code) == (
        LineKind.PRESCRIBED,
        "PARACETAMOL 500 mg",
        "63107752",
        "N02BE01",
    )
    assert (line.start, line.end, line.repeats, line.quantity, line.quantity_unit) == (
        "20231201",
        "20231206",
        "3",
        "2.0",
        "30009000",
    )
    assert (line.texts, line.instructions) == (("1 comprimé le matin",), ("au repas",))
    assert (line.lot, line.status, line.ids) == ("L1", "completed", (Identifier("1.2.3"),))


def test_the_name_of_the_product_stands_before_that_of_its_code():
    assert only(document(given(name="<name>DOLIPRANE</name>"))).name == "DOLIPRANE"


def test_outside_a_prescription_a_treatment_is_stated():
    assert only(document(given(), prescribes=False)).kind is LineKind.STATED
    assert only(document(given("EVN"))).kind is LineKind.STATED


def test_a_dispensing_names_the_line_that_it_answers():
    answered = (
        '<entryRelationship typeCode="REFR"><substanceAdministration moodCode="INT"><id root="9.9"/><reference typeCode="XCRPT"/></substanceAdministration>'
        "</entryRelationship>"
    )
    supply = (
        '<supply classCode="SPLY" moodCode="EVN"><id root="1.2.4"/><quantity value="1" unit="30015500"/>'
        f"<product>{MATERIAL.format(name='')}</product>{answered}</supply>"
    )
    line = only(document(supply))
    assert (line.kind, line.quantity, line.answers) == (LineKind.DISPENSED, "1", (Identifier("9.9"),))
    assert medicine_lines(document(supply.replace('moodCode="EVN"', 'moodCode="RQO"'))) == ()


@pytest.mark.parametrize(("negation", "refused"), [("false", False), ("true", True)])
def test_a_vaccination_has_its_rank_and_may_have_been_refused(negation, refused):
    rank = (
        '<entryRelationship typeCode="SUBJ"><observation><code code="30973-2"/>'
        '<value xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="INT" value="2"/></observation></entryRelationship>'
    )
    line = only(document(given("EVN", rank, negation=negation), section="11369-6"))
    assert (line.kind, line.rank, line.refused) == (LineKind.INJECTED, "2", refused)
    assert medicine_lines(document(given("INT", rank), section="11369-6")) == ()


def test_what_names_no_product_is_no_line():
    assert (
        medicine_lines(document('<substanceAdministration moodCode="INT"><id root="1"/></substanceAdministration>'))
        == ()
    )
    assert medicine_lines(documents.level_1(Draft(NOW))) == ()


def raw_products(content):
    """How many entries of the document are about a product, by XPath alone."""
    path = (
        "//c:section/c:entry/c:substanceAdministration[c:consumable/c:manufacturedProduct/c:manufacturedMaterial]"
        " | //c:section/c:entry/c:supply[@moodCode='EVN'][c:product/c:manufacturedProduct/c:manufacturedMaterial]"
    )
    return len(etree.fromstring(content).xpath(path, namespaces=HL7))


def test_every_medicine_of_the_public_examples_is_a_line_with_its_kind(sample):
    kinds = {
        "eP-MED-DM": LineKind.PRESCRIBED,
        "eDISP-MED": LineKind.DISPENSED,
        "VAC_": LineKind.INJECTED,
        "VSM": LineKind.STATED,
    }
    kind = next((kind for start, kind in kinds.items() if Path(sample).name.startswith(start)), None)
    if kind is None:
        return
    content = sample.read_bytes()
    lines = medicine_lines(content)
    assert {line.kind for line in lines} == {kind}
    assert len(lines) == raw_products(content)
    assert all(line.name for line in lines)


def test_what_was_given_to_the_child_is_not_told_of_its_mother_nor_what_was_entered_in_error():
    child = '<subject><relatedSubject classCode="PRS"><code code="CHILD"/></relatedSubject></subject><repeatNumber'
    assert medicine_lines(document(given().replace("<repeatNumber", child))) == ()
    assert medicine_lines(document(given().replace('code="completed"', 'code="nullified"'))) == ()


def test_a_dispensing_has_the_period_of_its_dosage_and_not_of_what_it_answers():
    dosage = '<entryRelationship typeCode="COMP"><substanceAdministration classCode="SBADM" moodCode="INT">{}<effectiveTime><low value="20230125"/></effectiveTime></substanceAdministration></entryRelationship>'
    supply = '<supply classCode="SPLY" moodCode="EVN"><product>{}</product>{}</supply>'
    line = only(document(supply.format(MATERIAL.format(name=""), dosage.format(""))))
    assert (line.kind, line.start) == (LineKind.DISPENSED, "20230125")
    answered = dosage.format('<reference typeCode="XCRPT"/>')
    assert only(document(supply.format(MATERIAL.format(name=""), answered))).start == ""


def test_a_form_left_empty_is_no_medicine():
    empty = '<substanceAdministration classCode="SBADM" moodCode="EVN"><effectiveTime><low value="2020"/></effectiveTime><consumable><manufacturedProduct><manufacturedMaterial><code nullFlavor="UNK"/></manufacturedMaterial></manufacturedProduct></consumable></substanceAdministration>'
    assert medicine_lines(document(empty, prescribes=False)) == ()
