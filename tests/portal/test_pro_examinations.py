"""The page of examinations already done: what is found, with which likeness and source, and what is not said."""

from __future__ import annotations

import pytest
from health_house import put
from pro_house import ProHouse

from carnet.clock import DAY, to_dtm
from carnet.demo.care_documents import (
    BODY_LOCATION,
    CHEST,
    CHEST_SCAN,
    IMAGING_REPORT,
    MODALITY,
    SCANNER,
    imaging_report,
)
from carnet.demo.documents import Draft
from carnet.demo.lab_reports import Measured, lab_draft, lab_report
from carnet.demo.people import MEDECIN_TRAITANT, PAT_TROIS

PAGE = "/examens-deja-faits"


@pytest.fixture
def pro(open_house):
    return ProHouse(open_house())


def report(house, days, digits, **about):
    at = house.now - days * DAY
    name = "Potassium [Moles/Volume] Sérum/Plasma"
    put(
        house,
        lab_report(lab_draft(at), [Measured("2823-3", name, digits, "mmol/L", to_dtm(at)[:8], "3.5", "5.1")]),
        **about,
    )


def scan(house, days):
    said = ((MODALITY, SCANNER), (BODY_LOCATION, CHEST))
    draft = Draft(house.now - days * DAY, type=IMAGING_REPORT, event=CHEST_SCAN, event_about=said)
    put(house, imaging_report(draft, "1.2.3", modality="CT", display="Scanner", address="", began="20260105"))


def asked(browser, root, **question):
    query = "&".join(f"{name}={value}" for name, value in question.items())
    return browser.get(f"{root}{PAGE}?{query}" if query else f"{root}{PAGE}")


def doctor(pro):
    browser = pro.browser(MEDECIN_TRAITANT)
    return browser, pro.opened(browser, PAT_TROIS)


def test_a_result_of_the_same_code_is_shown_with_its_digits_reference_and_source(pro):
    report(pro.house, 40, "4.20")
    page = asked(*doctor(pro), examen="2823-3")
    for words in ("Potassium", "4,20", "mmol/L", "3,5", "même examen", "1 examen, d'après"):
        assert words in page.plain.replace("\u2019", "'")


def test_imaging_is_found_by_its_modality_and_told_as_to_be_checked(pro):
    scan(pro.house, 20)
    page = asked(*doctor(pro), modalite="CT")
    assert CHEST_SCAN.display in page.plain
    assert "à vérifier" in page.plain.replace("\u00a0", " ")
    assert CHEST_SCAN.display not in asked(*doctor(pro), modalite="MR").plain


def test_older_than_the_time_chosen_is_not_shown_and_nothing_found_is_not_nothing_done(pro):
    report(pro.house, 100, "4.20")
    browser, root = doctor(pro)
    page = asked(browser, root, examen="potassium", jours="90")
    assert "4,20" not in page.plain
    assert "Il peut avoir été fait sans être au dossier" in page.plain
    assert "4,20" in asked(browser, root, examen="potassium", jours="180").plain


def test_nothing_is_looked_for_before_a_question_and_a_letter_is_none(pro):
    report(pro.house, 40, "4.20")
    browser, root = doctor(pro)
    assert "4,20" not in asked(browser, root).plain
    assert "trois lettres" in asked(browser, root, examen="po").plain
    assert asked(browser, root, examen="potassium", jours="99999").status == 200
