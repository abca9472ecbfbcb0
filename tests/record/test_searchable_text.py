"""Documents as they are searched: the public examples with all of their words, and made ones of each kind."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from carnet.cda.contents import clinical_document
from carnet.client.feeding import from_cda
from carnet.demo import documents
from carnet.demo.documents import LAB_REPORT, Draft
from carnet.demo.journey import SCANNED
from carnet.demo.samples import read_samples
from carnet.demo.scanned_page import scanned_page
from carnet.record import searchable_text
from carnet.record.searchable_text import text_and_terms
from carnet.searching.asked import answers, read_question
from carnet.searching.paged_text import read
from carnet.viewing.optical_reader import installed_reader

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples" / "cda"
NOW = 1_790_000_000_000_000
FILES = read_samples(SAMPLES)
ABSENT = pytest.param(
    None,
    marks=pytest.mark.skip(
        reason="../shared/samples/cda is not here: the documents that tests make are read all the same"
    ),
)
needs_tesseract = pytest.mark.skipif(installed_reader() is None, reason="Tesseract with French is not installed")


def squeezed(text):
    return "".join(text.split())


def searched(content):
    return text_and_terms(content, from_cda(content).entry, own=False)


def found(question, searchable):
    return answers(searchable.terms, read_question(question))


@pytest.mark.parametrize("sample", FILES or [ABSENT], ids=lambda one: one.name if one else "absent")
def test_a_public_example_is_searched_with_all_of_its_text(sample, monkeypatch):
    monkeypatch.setattr(searchable_text, "installed_reader", lambda: None)
    made = searched(sample.content)
    text = read(made.text)
    path = './/*[local-name()="section"]/*[local-name()="text"]'
    kept = squeezed("".join(page.text for page in text.pages))
    for block in clinical_document(sample.content).xpath(path):
        assert squeezed("".join(block.xpath(".//text()"))) in kept
    assert made.obstacle in {"", "scanned"}
    assert kept or text.unread
    assert found(from_cda(sample.content).entry.title, made)


@needs_tesseract
def test_the_public_example_without_a_letter_of_text_is_read_optically():
    sample = next((one for one in FILES if "Niveau-1" in one.name), None)
    if sample is None:
        pytest.skip("../shared/samples/cda is not here: the documents that tests make are read all the same")
    made = searched(sample.content)
    assert made.obstacle == ""
    assert all(len(page.text) > 100 for page in read(made.text).pages)


@needs_tesseract
def test_a_scanned_letter_is_found_by_its_words():
    content = documents.wrapping(Draft(NOW), "image/jpeg", scanned_page(SCANNED))
    made = searched(content)
    assert found("spirométrie", made)
    assert found("ventoline", made)
    assert [page.number for page in read(made.text).pages] == [1]


def test_without_tesseract_a_scan_is_found_by_its_headings_and_says_so(monkeypatch):
    monkeypatch.setattr(searchable_text, "installed_reader", lambda: None)
    made = searched(documents.wrapping(Draft(NOW, title="Courrier numérisé"), "image/jpeg", scanned_page(SCANNED)))
    assert made.obstacle == "scanned"
    assert found("courrier numerise", made)
    assert found("montrieux", made)
    assert not found("spirométrie", made)


@pytest.mark.parametrize("self_presenting", [False, True])
def test_a_lab_report_is_found_by_labels_that_its_narrative_leaves_out(self_presenting):
    content = documents.level_3(Draft(NOW, type=LAB_REPORT))
    made = searched(documents.self_presenting(content) if self_presenting else content)
    assert found("potassium", made)
    assert found("kaliémie", made)
    assert found("prise de sang", made) == 2
    assert not found("sodium", made)


def test_a_document_is_found_by_its_month_and_its_year():
    made = searched(documents.level_1(Draft(NOW, title="Bilan"), media_type="text/plain"))
    assert found("bilan septembre 2026", made)
    assert not found("bilan octobre 2026", made)


def test_what_the_patient_added_is_of_the_family_of_its_type_too():
    content = documents.level_3(Draft(NOW, type=LAB_REPORT))
    made = text_and_terms(content, from_cda(content).entry, own=True)
    assert found("prise de sang", made)


@pytest.mark.parametrize("content", [b"", b"\x00", b"%PDF-1.4", b"MZ", b"<html>"])
def test_what_is_no_document_is_found_by_its_metadata(content):
    entry = from_cda(documents.level_1(Draft(NOW, title="Bilan"))).entry
    made = text_and_terms(content, entry, own=False)
    assert made.obstacle == "unreadable"
    assert found("bilan", made)


def test_a_text_that_never_ends_is_cut():
    wrapped = partial(documents.wrapping, Draft(NOW), "text/plain")
    made = searched(wrapped(b"genou " + b"mot " * 300_000 + b"cheville"))
    assert read(made.text).cut
    assert found("genou", made)
