"""Imaging in the space: a report with the manifest of its images, where they are, and nothing of what is hidden."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from carnet.demo.care_documents import IMAGING_REPORT, imaging_report
from carnet.demo.documents import new_oid
from carnet.demo.people import MIRABELLE, PAT_TROIS
from carnet.metadata import INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX
from carnet.record.own_imaging import PAGE

sys.path.insert(0, str(Path(__file__).parent))

from health_house import act_for_child, draft_of, put, put_manifest, shape

STUDY = "1.2.250.1.999.7.1"


@pytest.fixture
def browser(house):
    return house.browser(PAT_TROIS)


def scan(house, title="Scanner thoracique", study=STUDY, *, patient=PAT_TROIS, host="images.test", **about):
    draft = draft_of(house, IMAGING_REPORT, title, patient=patient)
    address = f"https://{host}/wado?study={study}"
    content = imaging_report(
        draft, study, modality="CT", display="Tomodensitométrie", address=address, began="20260105103000+0100"
    )
    return put(house, content, patient=patient, **about)


def test_a_report_says_what_was_done_and_where_the_images_are_without_leading_there(house, browser):
    entry = scan(house)
    page = browser.get("/imagerie")
    assert page.status == 200
    for said in ("Scanner thoracique", "Tomodensitométrie", "5 janvier 2026", "1 image citée", "images.test", STUDY, "Cabinet du docteur Alizé Montrieux", "Visible des professionnels"):  # fmt: skip
        assert said in page.plain, said
    assert "wado" not in page.text
    assert 'href="https://' not in page.text
    assert f"/documents/{entry.unique_id}" in page.text


def test_a_report_and_the_manifest_of_its_images_are_one_examination(house, browser):
    scan(house)
    assert "1 examen." in browser.get("/imagerie").plain
    draft = draft_of(house, IMAGING_REPORT, "Références", days_ago=2)
    put_manifest(house, draft, STUDY)
    page = browser.get("/imagerie")
    assert "1 examen." in page.plain
    assert page.text.count('class="entry family-imaging"') == 1
    assert "3 images citées" in page.plain or "1 image citée" in page.plain


def test_a_manifest_alone_and_a_report_without_structure_say_what_is_missing(house, browser):
    put_manifest(house, draft_of(house, IMAGING_REPORT, "Références"), new_oid())
    assert "Le compte rendu n'est pas dans ce qui est montré ici" in browser.get("/imagerie").plain
    house.add("Radiographie du genou", type=IMAGING_REPORT)
    page = browser.get("/imagerie")
    assert "2 examens." in page.plain
    assert "Ce document ne dit pas où sont les images" in page.plain


def test_without_any_the_page_says_who_can_send_one(browser):
    assert "Aucun examen d'imagerie" in browser.get("/imagerie").plain


@pytest.mark.parametrize("query", ["depuis=-1", "depuis=x", "depuis=99999999999", "depuis=40"])
def test_a_strange_page_number_is_no_failure(house, browser, query):
    scan(house)
    assert browser.get(f"/imagerie?{query}").status == 200


def test_pages_follow_each_other(house, browser):
    for number in range(PAGE + 2):
        scan(house, f"Examen-{number}", f"{STUDY}.{number}")
    assert browser.get("/imagerie").text.count('class="entry family-imaging"') == PAGE
    assert browser.get(f"/imagerie?depuis={PAGE}").text.count('class="entry family-imaging"') == 2


def test_what_is_hidden_changes_nothing_even_of_the_same_examination(house, browser):
    scan(house)
    before = shape(browser.get("/imagerie").text)
    scan(house, "Secret-addendum", host="secret.test", masks=(INVISIBLE_PATIENT,))
    scan(house, "Secret-scanner", f"{STUDY}.9", masks=(INVISIBLE_PATIENT,))
    assert shape(browser.get("/imagerie").text) == before


def test_control_a_rule_that_forgets_the_announcement_is_caught(house, browser, monkeypatch):
    scan(house, "Secret-scanner", masks=(INVISIBLE_PATIENT,))
    allowed = type("Yes", (), {"allowed": True})
    monkeypatch.setattr("carnet.record.own_documents.decide", lambda *_given: allowed)
    assert "Secret-scanner" in browser.get("/imagerie").text


def test_a_mother_does_not_see_what_her_child_keeps_from_her(house):
    scan(house, patient=MIRABELLE)
    scan(house, "Secret-de-Zoe", f"{STUDY}.9", patient=MIRABELLE, masks=(INVISIBLE_REPRESENTANTS_LEGAUX,))
    page = act_for_child(house).get("/imagerie")
    assert "Scanner thoracique" in page.plain
    assert "Secret-de-Zoe" not in page.text
    assert "1 examen." in page.plain
