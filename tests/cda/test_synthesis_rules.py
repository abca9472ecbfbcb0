"""A synthesis against the published rules of its template, where they are at hand."""

from dataclasses import replace

import pytest
from lxml import etree

from carnet.cda.synthesis_document import write_synthesis
from carnet.cda.synthesis_fitting import fitted
from carnet.cda.synthesis_model import LOINC, NO_CODE, Model, Part, Stated, SynthesisLine, Told
from carnet.cda.synthesis_templates import ABSENCES
from carnet.metadata import Code
from tests.cda.cisis_rules import Rules, published_rules
from tests.cda.syntheses import EVERY_PART, joined, synthesis, told

ODD = SynthesisLine(
    "Dit <ailleurs> & autrement", Code("G 1", "CIM"), Code("G-1009", "1.2.250.1.213.2.12", "Diagnostic"), Code("X", "1.2"),
    "2018-01", "20190203", "82,5", "mm Hg", Code("?", "x"), "lot", "٢", "note",
)  # fmt: skip
ENDED = SynthesisLine("Fini", start="2010", end="201203", note="guéri")
FROM_OTHERS = fitted(
    [
        told(part, replace(one, code=code))
        for part in Part
        for one in (ODD, ENDED)
        for code in (
            NO_CODE,
            Code("72166-2", LOINC),
            Code("29463-7", LOINC),
            Code("3400938022209", "1.2.250.1.213.2.3.2"),
        )
    ]
)
"""What documents of others may state, made to fit: a line with everything wrong in it and one that is over, in every part."""


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    return Rules(published_rules(), tmp_path_factory.mktemp("rules"))


@pytest.mark.parametrize("model", list(Model))
@pytest.mark.parametrize(
    ("parts", "fired"),
    [
        (EVERY_PART, 200),
        (joined(FROM_OTHERS), 200),
        ([Stated(part, Told.NONE_KNOWN) for part in ABSENCES], 100),
        ([], 80),
        ([Stated(part, one.told, one.lines * 8) for part, one in ((one.part, one) for one in EVERY_PART)], 800),
    ],
    ids=["every part", "from others", "none known", "nothing stated", "very long"],
)
def test_the_document_is_valid_against_the_rules_of_its_template(rules, tmp_path, parts, fired, model):
    path = tmp_path / "synthesis.xml"
    path.write_bytes(write_synthesis(synthesis(parts, version=2, replaces="2.25.11", model=model)))
    rules.schema.assertValid(etree.parse(path))
    found = rules.told(path, model)
    assert {name: failed for name, (_count, failed) in found.items() if failed} == {}
    assert all(count for count, _failed in found.values())
    assert sum(count for count, _failed in found.values()) >= fired


@pytest.mark.parametrize(
    ("model", "before", "after"),
    [
        (Model.IPS_FR, b'root="1.3.6.1.4.1.19376.1.5.3.1.3.13"', b'root="1.3.6.1.4.1.19376.1.5.3.1.3.130"'),
        (Model.IPS_FR, b'<code nullFlavor="NA"/>', b'<code code="x"/>'),
        (Model.IPS_FR, b'code="60591-5"', b'code="60591-9"'),
        (Model.VSM, b'code="SYNTH"', b'code="60591-5"'),
        (Model.VSM, b'root="1.2.250.1.213.1.1.2.32"', b'root="1.2.250.1.213.1.1.2.320"'),
        (Model.VSM, b'code="57207-3"', b'code="57207-4"'),
        (Model.VSM, b'code="E11"', b'code="E999"'),
        (Model.VSM, b'<realmCode code="FR"/>', b'<realmCode code="US"/>'),
    ],
    ids=[
        "no allergies",
        "a concern with a code",
        "another type",
        "no VSM",
        "no treatments",
        "no risks",
        "no such code",
        "another country",
    ],
)
def test_the_rules_refuse_a_document_that_is_broken_on_purpose(rules, tmp_path, model, before, after):
    content = write_synthesis(synthesis(model=model))
    assert before in content
    path = tmp_path / "synthesis.xml"
    path.write_bytes(content.replace(before, after))
    assert any(failed for _count, failed in rules.told(path, model).values())
