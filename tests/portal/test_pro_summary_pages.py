"""The pages that open a record for a professional: summary, comparison, one result over time, timeline. What is hidden leaves no mark on any."""

from __future__ import annotations

import html
import re
import sys
from pathlib import Path

import pytest
from pro_house import ProHouse

from carnet.clock import DAY, HOUR
from carnet.demo.care_documents import Ordered, Product, prescription
from carnet.demo.documents import CONSULTATION, LAB_REPORT, PRESCRIPTION, Draft
from carnet.demo.lab_reports import Measured, lab_report
from carnet.demo.people import COMMUNITY_NURSE, HOSPITAL_DOCTOR, MEDECIN_TRAITANT, PAT_TROIS
from carnet.metadata import INVISIBLE_PATIENT, MASQUE_PS, Code

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "record"))

from chromium import PATIENCE, PROGRAM, Seen, browse
from health_house import potassium, put, report, stamp
from stated_documents import ACTIVE, ALLERGIES, PAST, absent, entry, section, stating
from test_in_chromium import look, watched

HISTORY = "/resultats/2823-3"
PAGES = ("", "/resultats", HISTORY, "/chronologie")
NOT_FOR_NURSES = Code("89601-9", "2.16.840.1.113883.6.1", "Note d'hospitalisation")
PENICILLIN = entry("Z88.0", "Pénicilline", start="20190102", nature="allergie médicamenteuse")
CHANGING = re.compile(r'name="jeton" value="[^"]*"|[0-9a-f]{8}</p>')
"""Tokens of forms, and the reference of a page that is not there."""


@pytest.fixture
def pro(house):
    return ProHouse(house)


@pytest.fixture
def nurse(pro):
    """A browser of a nurse of the team, and the root of the record that is open in it."""
    return opened(pro, COMMUNITY_NURSE)


def opened(pro, who):
    browser = pro.browser(who)
    return browser, pro.opened(browser, PAT_TROIS)


def shapes(nurse):
    browser, root = nurse
    return {path: CHANGING.sub("", browser.get(root + path).text) for path in PAGES}


def lived(house):
    """Some years of a record: what a nurse may read."""
    put(
        house,
        stating(
            house.now - 90 * DAY,
            section(ALLERGIES, PENICILLIN),
            section(ACTIVE, entry("I10", "Hypertension")),
            author=MEDECIN_TRAITANT,
        ),
    )
    put(
        house,
        stating(house.now - 500 * DAY, section(PAST, entry("I21", "Infarctus")), type=CONSULTATION, title="Lettre"),
    )
    report(house, potassium("4.0", "20240105"), days_ago=300)
    report(house, potassium("5.3", "20250105"), days_ago=2)
    house.index()


def test_the_summary_tells_each_line_with_a_link_to_its_source(house, pro, nurse):
    lived(house)
    source = put(
        house,
        prescription(
            Draft(house.now - DAY, type=PRESCRIPTION), [Ordered(Product("PRODUIT A"), "1 le soir", "20260101")]
        ),
    )
    house.index()
    browser, root = nurse
    page = browser.get(root)
    assert page.status == 200
    for words in (
        "Pénicilline",
        "Hypertension",
        "Infarctus",
        "PRODUIT A",
        "5,3",
        "au-dessus de l'intervalle de référence",
        "Calculé à partir de 5 documents",
    ):
        assert words in page.plain, words
    assert f'{root}/documents/{source.unique_id}"' in page.text
    assert "Synthèse du médecin traitant" in page.plain
    assert (
        "Non renseigné. Aucun document ne parle de vaccination. Cela ne veut pas dire qu'il n'y en a pas." in page.plain
    )
    assert "première fois" in page.plain
    links = {html.unescape(one) for one in re.findall(r'href="([^"]+)"', page.text)}
    assert f"{root}{HISTORY}" in links


def test_an_empty_record_and_one_of_which_all_is_masked_are_one_page(house, pro, nurse):
    before = shapes(nurse)
    assert "Aucun document accessible" in before[""]
    put(house, stating(house.now - DAY, section(ALLERGIES, PENICILLIN)), masks=(MASQUE_PS,))
    report(house, potassium("6.66", "20240105"), masks=(MASQUE_PS,))
    house.index()
    assert shapes(nurse) == before


def test_absence_is_told_with_who_states_it_and_contradictions_are_both_there(house, nurse):
    put(house, stating(house.now - DAY, section(ALLERGIES, absent("no-known-allergies"))))
    house.index()
    browser, root = nurse
    page = browser.get(root).plain
    assert "« Pas d'allergie connue » selon Alize MONTRIEUX" in page
    assert "se contredisent" not in page
    put(house, stating(house.now - DAY, section(ALLERGIES, PENICILLIN)))
    house.index()
    page = browser.get(root).plain
    assert "se contredisent" in page
    assert "Pénicilline" in page
    assert "« Pas d'allergie connue »" in page


def test_what_is_no_more_or_not_sure_says_so_in_its_author_s_words(house, nurse):
    told = '<entryRelationship typeCode="REFR"><observation classCode="OBS" moodCode="EVN"><code code="33999-4"/><value xsi:type="CE" code="inactive" displayName="Inactif"/></observation></entryRelationship></observation>'
    put(house, stating(house.now - DAY, section(ALLERGIES, PENICILLIN.replace("</observation>", told))))
    house.index()
    browser, root = nurse
    assert (
        '<strong lang="fr">Pénicilline</strong> <strong class="sum-mark" lang="fr">Inactif</strong>'
        in browser.get(root).text
    )


def hidden(house):
    """Documents that the nurse may not read, each of which would change a page."""
    secret = section(ALLERGIES, entry("Z88.8", "SECRET")), section(ACTIVE, entry("Z99", "SECRET"))
    examination = Measured("999-1", "SECRET", "1", "g", stamp("20260101"))
    yield stating(house.now - DAY, *secret), (MASQUE_PS,)
    yield stating(house.now - DAY, *secret, type=NOT_FOR_NURSES), ()
    yield (
        lab_report(Draft(house.now - DAY, type=LAB_REPORT), [examination, potassium("6.66", "20260101")]),
        (MASQUE_PS,),
    )
    yield lab_report(Draft(house.now - 3_000 * DAY, type=LAB_REPORT), [potassium("6.66", "20180101")]), (MASQUE_PS,)


def test_no_hidden_document_changes_any_page_by_a_character(house, nurse):
    lived(house)
    browser, root = nurse
    browser.get(root)
    house.now += HOUR
    before = shapes(nurse)
    for content, masks in hidden(house):
        entry_ = put(house, content, masks=masks)
        assert shapes(nurse) == before  # not read yet
        house.index()
        assert shapes(nurse) == before
        assert entry_.unique_id not in "".join(before.values())
    unknown, secret = browser.get(f"{root}/resultats/999-9"), browser.get(f"{root}/resultats/999-1")
    assert unknown.status == secret.status == 404
    owner, theirs = opened(ProHouse(house), MEDECIN_TRAITANT)
    assert "SECRET" in owner.get(theirs).text


def test_control_a_viewer_that_sees_everything_is_caught(house, nurse, monkeypatch):
    lived(house)
    before = shapes(nurse)
    for content, masks in hidden(house):
        put(house, content, masks=masks)
    house.index()
    monkeypatch.setattr("carnet.authorization.engine.Viewer.sees", lambda *_given: True)
    after = shapes(nurse)
    assert all(after[path] != before[path] for path in PAGES)


def test_what_the_patient_may_not_see_yet_is_marked(house, nurse):
    put(house, stating(house.now - DAY, section(ALLERGIES, PENICILLIN)), masks=(INVISIBLE_PATIENT,))
    house.index()
    browser, root = nurse
    assert "invisible au patient" in browser.get(root).plain


def test_what_is_new_is_told_once_the_professional_has_looked(house, pro, nurse):
    lived(house)
    browser, root = nurse
    browser.get(root)
    house.now += HOUR
    put(house, stating(house.now - DAY, section(ALLERGIES, PENICILLIN), type=CONSULTATION, title="Lettre toute neuve"))
    house.index()
    again, root = opened(pro, COMMUNITY_NURSE)
    page = again.get(root).plain
    assert "1 document depuis le" in page
    assert "Lettre toute neuve" in page
    other, theirs = opened(pro, HOSPITAL_DOCTOR)
    assert "première fois" in other.get(theirs).plain


def test_the_comparison_is_a_grid_with_its_text_to_copy(house, nurse):
    lived(house)
    browser, root = nurse
    page = browser.get(f"{root}/resultats")
    assert re.search(r'<span class="value">5,3</span> <span aria-hidden="true">▲</span>', page.text)
    text = html.unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", page.text, re.DOTALL)[1])
    rows = [line.split("\t") for line in text.splitlines()]
    assert rows[1][1:4] == ["mmol/L", "3,5 – 5,1 mmol/L", "5,3 ▲"]  # noqa: RUF001 - the dash of an interval
    assert rows[1][4] == "4,0"
    none = browser.get(f"{root}/resultats?jusqu=2000-01-01")
    assert "Rien à comparer dans ce qui est choisi." in none.plain
    assert 'class="curve"' in browser.get(root + HISTORY).text


def test_the_timeline_has_its_years_and_says_what_is_a_gap(house, nurse):
    lived(house)
    browser, root = nurse
    page = browser.get(f"{root}/chronologie")
    assert page.text.count("aria-current") >= 2
    years = sorted(set(re.findall(r"annee=(\d{4})", page.text)))
    assert len(years) >= 2
    assert "Lettre" in browser.get(f"{root}/chronologie?annee={years[0]}").plain
    assert browser.get(f"{root}/chronologie?annee=x&depuis=-1&famille=nothing").status == 200


def test_every_page_is_there_in_english(house, pro):
    lived(house)
    browser = pro.browser(COMMUNITY_NURSE)
    browser.cookies["langue"] = "en"
    root = pro.opened(browser, PAT_TROIS)
    for path, words in (
        ("", "Computed from 4 documents"),
        ("/resultats", "Comparison of results"),
        ("/chronologie", "Timeline"),
    ):
        assert words in browser.get(root + path).plain


@pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed: `make packages` installs it")
@pytest.mark.timeout(900)
def test_the_pages_are_sound_at_every_width_and_the_summary_is_one_screen(open_house):
    house = open_house(tls_enabled=False, declared_proxies=())
    lived(house)
    pro, seen, high = ProHouse(house), Seen(), {}
    browser, root = opened(pro, COMMUNITY_NURSE)

    def walk(chromium, address):
        page = watched(chromium, address, browser.cookies["who"], 1440, seen)
        for path in PAGES:
            look(page, address, root + path, seen)
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(address + root, timeout=PATIENCE)
        high["summary"] = page.evaluate("document.querySelector('.sum-grid').getBoundingClientRect().bottom")
        page.goto(f"{address}{root}/resultats", timeout=PATIENCE)
        page.get_by_text("Copier comme texte").click()
        high["button"] = page.get_by_role("button", name="Copier", exact=True).is_visible()
        page.context.close()

    browse(pro.app, walk)
    assert seen.faults == [], "\n".join(seen.faults)
    assert seen.walked == len(PAGES)
    assert high["summary"] <= 900
    assert high["button"]
