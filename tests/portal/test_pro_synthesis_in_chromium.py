"""The synthesis in Debian's chromium: drafted and signed by keys alone, and its pages sound at every width."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from carnet.cda.synthesis_model import Part, Stated, Told
from carnet.clock import DAY
from carnet.demo.people import MEDECIN_TRAITANT, OTHER_GP, PAT_TROIS

sys.path.insert(0, str(Path(__file__).parent))

from chromium import PATIENCE, PROGRAM, Seen, browse
from health_house import put
from pro_house import ProHouse
from test_in_chromium import WIDTHS, look, watched

from tests.record.synthesis_work import summary, told

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed: `make packages` installs it")
ENOUGH_TABS = 200
STATED = (
    told(Part.PROBLEMS, "Diabète de type 2", "Asthme"),
    told(Part.TREATMENTS, "METFORMINE 1000 mg"),
    told(Part.FAMILY, "Hypertension"),
)


def tab_to(page, selector):
    """Goes to an element by the Tab key alone."""
    for _ in range(ENOUGH_TABS):
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by Tab")


def press(page, selector, url):
    tab_to(page, selector)
    page.keyboard.press("Enter")
    page.wait_for_url(url, timeout=PATIENCE)


def root_of(page):
    return page.evaluate("'/pro/patients/' + document.querySelector('[data-opened]').dataset.opened")


def find_by_keys(page, address):
    page.goto(f"{address}/pro")
    page.wait_for_function("document.activeElement.id === 'ins'", timeout=PATIENCE)
    page.keyboard.type(PAT_TROIS.identifier.value)
    page.keyboard.press("Enter")
    page.wait_for_url("**/pro/patients/**", timeout=PATIENCE)


def check_identity_by_keys(page, address):
    page.goto(f"{address}{root_of(page)}/identite")
    tab_to(page, "#controle")
    page.keyboard.press("Space")
    tab_to(page, "form:has(#controle) button")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=INS qualifiée", timeout=PATIENCE)


def draft_and_sign_by_keys(page, address):
    find_by_keys(page, address)
    check_identity_by_keys(page, address)
    page.goto(f"{address}{root_of(page)}/synthese")
    press(page, "a[href$='/synthese/brouillon']", "**/synthese/brouillon")
    press(page, ".syn-row button[value=retirer][aria-label$='Asthme']", "**/brouillon?fait=retirer*")
    tab_to(page, "#allergies-not-stated")
    page.keyboard.press("ArrowDown")
    press(page, "form:has(#allergies-none-known) button", "**/brouillon?fait=dire*")
    tab_to(page, "#partie-alerts summary")
    page.keyboard.press("Enter")
    tab_to(page, "#alerts-libelle")
    page.keyboard.type("Vit seule")
    page.keyboard.press("Enter")
    page.wait_for_url("**/brouillon?fait=ajouter*", timeout=PATIENCE)
    press(page, "a[href$='/synthese/relire']", "**/synthese/relire")
    frame = page.frame_locator("iframe.syn-paper")
    for words in ("Diabète de type 2", "Vit seule", "Aucun élément connu"):
        frame.get_by_text(words, exact=False).first.wait_for(timeout=PATIENCE)
    assert frame.get_by_text("Asthme").count() == 0
    press(page, "form:has(input[name=montre]) button", "**/synthese?fait=signer")


@pytest.mark.timeout(900)
def test_a_synthesis_is_drafted_and_signed_by_keys_alone_on_pages_that_are_sound(open_house):
    pro = ProHouse(open_house(tls_enabled=False, declared_proxies=()))
    put(pro.house, summary(STATED, by=OTHER_GP, at=pro.house.now - 9 * DAY), by=OTHER_GP)
    none = summary([Stated(Part.VACCINATIONS, Told.NONE_KNOWN)], by=OTHER_GP, at=pro.house.now - DAY)
    put(pro.house, none, by=OTHER_GP)
    pro.house.index()
    seen = Seen()
    treating = pro.signed_in(MEDECIN_TRAITANT)

    def walk(chromium, address):
        page = watched(chromium, address, treating, 1440, seen)
        draft_and_sign_by_keys(page, address)
        assert page.locator(".pro-rows li").count() == 3
        page.context.close()
        for width in WIDTHS:
            page = watched(chromium, address, treating, width, seen)
            find_by_keys(page, address)
            root = root_of(page)
            for path in ("/synthese", "/synthese/brouillon", "/synthese/relire", "/synthese/relire?modele=vsm"):
                look(page, address, root + path, seen, axe=width == 390)
            page.context.close()

    browse(pro.app, walk)
    assert seen.faults == [], "\n".join(sorted({one.split("synthese", 1)[-1] for one in seen.faults}))
    assert seen.walked == 12
