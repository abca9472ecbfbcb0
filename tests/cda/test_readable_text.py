"""The words of a CDA for the search: every character of the narrative, labels that it leaves out, the file that it wraps."""

from __future__ import annotations

import pytest

from carnet.cda.contents import clinical_document
from carnet.cda.readable_text import readable_text
from carnet.demo import documents
from carnet.errors import InvalidDocument


def source_text(content):
    """The text of every narrative block, read by a path of its own."""
    path = './/*[local-name()="section"]/*[local-name()="text"]//text()'
    return squeezed("".join(clinical_document(content).xpath(path)))


def squeezed(text):
    return "".join(text.split())


def narrative(content):
    return squeezed("".join(text for _, text in readable_text(content).sections))


def section(text):
    return (
        f'<component><section><code code="18719-5"/><title>Biochimie</title><text>{text}</text></section></component>'
    )


def test_no_character_of_a_public_example_is_lost(sample):
    content = sample.read_bytes()
    assert narrative(content) == source_text(content)
    found = readable_text(content)
    assert bool(found.sections) != (found.wrapped is not None)


def test_control_a_lost_character_is_noticed(report):
    assert narrative(report) == source_text(report) != ""
    assert narrative(report)[1:] != source_text(report)


def test_words_do_not_run_together_between_cells_and_lines(draft):
    table = "<table><tbody><tr><td>TSH</td><td>2,1</td></tr><tr><td>T4</td><td>15</td></tr></tbody></table>"
    content = documents.structured_lab_report(
        draft, section(f"<paragraph>Bilan<br/>du jour</paragraph>{table}H<sub>2</sub>O")
    )
    assert readable_text(content).sections == (("Biochimie", "Bilan\ndu jour\nTSH\t2,1\t\nT4\t15\t\nH2O"),)


def test_comments_are_no_text(draft):
    content = documents.structured_lab_report(draft, section("avant<!-- caché -->après"))
    assert readable_text(content).sections == (("Biochimie", "avantaprès"),)


def test_labels_that_the_narrative_leaves_out_are_kept_once(report):
    found = readable_text(report)
    assert found.labels
    told = "".join(text for _, text in found.sections).casefold()
    assert not [label for label in found.labels if label.casefold() in told]
    assert len(set(found.labels)) == len(found.labels)


def test_a_self_presenting_document_is_unwrapped(report):
    assert readable_text(documents.self_presenting(report)) == readable_text(report)


def test_the_file_of_a_letter_is_given(letter):
    found = readable_text(letter)
    assert found.wrapped.content.startswith(b"%PDF-")
    assert found.sections == ()


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4", b"<a/>", b"<!DOCTYPE a><a/>"])
def test_what_is_no_cda_is_refused(content):
    with pytest.raises(InvalidDocument):
        readable_text(content)
