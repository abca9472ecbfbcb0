import json
from pathlib import Path

import pytest

from carnet.terminology.value_sets import NAMES, class_of, code_systems, value_set

LOINC = "2.16.840.1.113883.6.1"
ANS_TYPES = "1.2.250.1.213.1.1.4.12"
IHE_FORMATS = "1.3.6.1.4.1.19376.1.2.3"
VISIBILITY = "1.2.250.1.213.1.1.4.13"
PUBLISHED = Path(__file__).parents[2].parent / "shared" / "terminology"

FILES = {
    "J01": "J01_authorSpecialty.json",
    "J02": "J02_healthcareFacilityTypeCode.json",
    "J04": "J04_practiceSettingCode.json",
    "J06": "J06_classCode.json",
    "J07": "J07_typeCode.json",
    "J08": "J08_confidentialityCode.json",
    "J10": "J10_formatCode.json",
    "J47": "J47_functionCode.json",
    "J57": "J57_classCode_DMP.json",
    "J65": "J65_subjectRole_DMP.json",
    "J66": "J66_typeCode_DMP.json",
    "J231": "J231_referenceIdTypes_DMP.json",
    "TRE_A07": "TRE_A07_statutVisibilite.json",
}


def published(file):
    path = PUBLISHED / file
    if not path.exists():
        pytest.skip("the published terminology is not beside the repository")
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_every_table_says_where_it_comes_from_and_names_only_known_schemes(name):
    found = value_set(name)
    assert found.name.startswith(("JDV_", "TRE_"))
    assert found.version
    assert found.source
    assert {concept.system for concept in found.codes} <= set(code_systems())
    assert len({(concept.code, concept.system) for concept in found.codes}) == len(found.codes)


@pytest.mark.parametrize("name", FILES)
def test_a_table_has_every_published_code_with_its_label_and_no_active_code_beside_them(name):
    document = published(FILES[name])
    found = value_set(name)
    pairs = {(c["code"], c["codeSystem"] or "URN"): c["display"].strip() for c in document["concepts"]}
    assert found.version == document["version"]
    assert found.oid == document.get("oid", "")
    assert {pair: found.display(*pair) for pair in pairs} == pairs
    assert {(c.code, c.system) for c in found.codes if c.active} <= set(pairs)


@pytest.mark.parametrize("file", ["ASS_X16_typeCode_to_classCode_DMP.json", "ASS_X04_typeCode_to_classCode_CISIS.json"])
def test_each_type_has_the_class_that_the_published_map_gives(file):
    wanted = {c["code"]: c["classCode"] for c in published(file)["concepts"]}
    assert {code: class_of(code) for code in wanted} == wanted


def test_a_discharge_letter_is_a_report_and_the_class_is_one_of_the_dmp_s():
    assert class_of("11490-0") == "10"
    classes = {concept.code for concept in value_set("J57").codes}
    assert {class_of(concept.code) for concept in value_set("J66").codes} <= classes


def test_an_unknown_type_has_no_class():
    assert class_of("0000-0") is None


@pytest.mark.parametrize("code", ["11493-4", "27899-4", "29551-9", "52521-2", "29550-1"])
def test_a_retired_type_stays_readable_but_is_not_for_new_documents(code):
    types = value_set("J07")
    assert types.contains(code, LOINC)
    assert not types.active(code, LOINC)
    assert class_of(code) is not None


def test_a_code_under_another_scheme_is_another_code():
    types = value_set("J66")
    assert types.active("11490-0", LOINC)
    assert not types.contains("11490-0", ANS_TYPES)
    assert types.display("11490-0", ANS_TYPES) == ""


def test_the_dmp_s_formats_have_unstructured_bodies_and_the_signature_s_urn_scheme():
    formats = value_set("J60")
    assert formats.active("urn:ihe:iti:xds-sd:pdf:2008", IHE_FORMATS)
    assert formats.active("http://www.w3.org/2000/09/xmldsig#", "URN")
    assert not formats.contains("urn:ihe:iti:xds-sd:pdf:2008", "URN")


def test_the_signature_s_class_and_type_are_there():
    assert value_set("J57").active("urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "URN")
    assert value_set("J66").active("E1762", "ASTM")


def test_the_dmp_knows_three_masks_and_the_code_system_five():
    assert sum(concept.system == VISIBILITY for concept in value_set("J58").codes) == 3
    assert len(value_set("TRE_A07").codes) == 5


def test_content_types_are_marked_derived_and_have_activities_sectors_and_the_patient():
    content_types = value_set("J59")
    assert content_types.version == "derived"
    assert content_types.active("07", "1.2.250.1.213.2.2")
    assert content_types.active("SA07", "1.2.250.1.71.4.2.4")
    assert content_types.active("EXP_PATIENT", "1.2.250.1.213.1.1.4.6")


def test_a_dmp_list_that_was_not_found_is_stood_in_for_by_its_superset():
    assert value_set("J61") == value_set("J02")
    assert value_set("J62") == value_set("J04")


def test_an_unknown_name_is_a_programming_error():
    with pytest.raises(KeyError):
        value_set("J999")
