"""A synthesis against the published rules of its template, where they are at hand."""

import pytest
from lxml import etree

from carnet.cda.synthesis_document import write_synthesis
from carnet.cda.synthesis_model import Stated, Told
from carnet.cda.synthesis_templates import ABSENCES
from tests.cda.cisis_rules import Rules, published_rules
from tests.cda.syntheses import EVERY_PART, synthesis


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    return Rules(published_rules(), tmp_path_factory.mktemp("rules"))


@pytest.mark.parametrize(
    ("parts", "fired"),
    [
        (EVERY_PART, 100),
        ([Stated(part, Told.NONE_KNOWN) for part in ABSENCES], 40),
        ([], 30),
        ([Stated(part, one.told, one.lines * 8) for part, one in ((one.part, one) for one in EVERY_PART)], 400),
    ],
    ids=["every part", "none known", "nothing stated", "very long"],
)
def test_the_document_is_valid_against_the_rules_of_its_template(rules, tmp_path, parts, fired):
    path = tmp_path / "synthesis.xml"
    path.write_bytes(write_synthesis(synthesis(parts, version=2, replaces="2.25.11")))
    rules.schema.assertValid(etree.parse(path))
    told = rules.told(path)
    assert {name: failed for name, (_count, failed) in told.items() if failed} == {}
    assert sum(count for count, _failed in told.values()) >= fired


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'root="1.3.6.1.4.1.19376.1.5.3.1.3.13"', b'root="1.3.6.1.4.1.19376.1.5.3.1.3.130"'),
        (b'<code nullFlavor="NA"/>', b'<code code="x"/>'),
        (b'code="60591-5"', b'code="60591-9"'),
    ],
    ids=["no allergies", "a concern with a code", "another type"],
)
def test_the_rules_refuse_a_document_that_is_broken_on_purpose(rules, tmp_path, before, after):
    content = write_synthesis(synthesis())
    assert before in content
    path = tmp_path / "synthesis.xml"
    path.write_bytes(content.replace(before, after))
    assert any(failed for _count, failed in rules.told(path).values())
