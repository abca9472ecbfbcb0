"""Reading a document in the space: our view, in which nothing of the document runs, and nothing of what is hidden is shown."""

from __future__ import annotations

import pytest

from carnet.cda.rendering import PAGE_POLICY
from carnet.demo import documents
from carnet.demo.people import PAT_TROIS
from carnet.metadata import INVISIBLE_PATIENT


@pytest.fixture
def browser(house):
    return house.browser(PAT_TROIS)


def lecture(entry):
    return f"/documents/{entry.unique_id}/lecture"


def test_a_structured_document_stands_in_a_frame_without_permissions(house, browser, monkeypatch):
    monkeypatch.setattr(documents, "level_1", lambda draft, **_about: documents.level_3(draft))
    entry = house.add("Suivi du diabète")
    page = browser.get(lecture(entry))
    assert page.status == 200
    assert f'<iframe class="paper" sandbox src="{lecture(entry)}/cadre"' in page.text
    framed = browser.get(f"{lecture(entry)}/cadre")
    assert framed.status == 200
    assert framed.headers["content-security-policy"] == PAGE_POLICY
    assert framed.headers["x-frame-options"] == "SAMEORIGIN"
    assert framed.headers["cache-control"] == "no-store"
    assert "Suivi du diab" in framed.text
    assert "<script" not in framed.text


def test_a_wrapped_text_is_shown_as_text(house, browser):
    entry = house.add("Note <b>simple</b>")
    page = browser.get(lecture(entry))
    assert page.status == 200
    assert '<pre class="plain"' in page.text
    assert "<b>simple" not in page.text


def test_a_document_that_the_patient_may_not_see_is_read_by_no_address(house, browser):
    hidden = house.add("Secret-provisoire", masks=(INVISIBLE_PATIENT,))
    for path in (lecture(hidden), f"{lecture(hidden)}/cadre"):
        answer = browser.get(path)
        assert answer.status == 404
        assert "Secret-provisoire" not in answer.text


def test_reading_is_told_in_the_trail(house, browser):
    entry = house.add()
    browser.get(lecture(entry))
    assert "lu un document" in browser.get("/acces?qui=mine").words
