"""The documents of an open record in Debian's chromium: chosen, read beside the table and opened by keys alone; sound at every width, without scripts too."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from carnet.clock import DAY
from carnet.demo import documents
from carnet.demo.people import HOSPITAL_DOCTOR, MEDECIN_TRAITANT, PAT_TROIS
from carnet.metadata import INVISIBLE_PATIENT, MASQUE_PS

sys.path.insert(0, str(Path(__file__).parent))

from chromium import PATIENCE, PROGRAM, Seen, browse
from pro_house import ProHouse
from test_in_chromium import WIDTHS, look, watched
from test_pro_in_chromium import find_by_keys, tab_to

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed: `make packages` installs it")
LONG = "Lettre de liaison à la sortie de l'hôpital après une intervention programmée du genou droit"


def read_by_keys(page, seen):
    """J to the second row, Tab to its preview, its neighbour, back to the table, Enter opens; Escape leads back."""
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.wait_for_url("**/documents", timeout=PATIENCE)
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#apercu:not([hidden]) h2:has-text({second!r})", timeout=PATIENCE)
    assert "apercu=" in page.url
    tab_to(page, '#apercu a[rel="prev"]')
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#apercu h2:not(:has-text({second!r}))", timeout=PATIENCE)
    assert page.evaluate("document.querySelectorAll('tr.doc-chosen').length") == 1
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector(".doc-page", timeout=PATIENCE)
    page.keyboard.press("Escape")
    page.wait_for_selector(".doc-table", timeout=PATIENCE)
    seen.walked += 1


def search_by_keys(page, seen):
    """A slash, the word, Enter; J to the answer, Enter."""
    page.keyboard.press("/")
    page.keyboard.type("genou")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hits mark:has-text('genou')", timeout=PATIENCE)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector(".doc-page h1:has-text('genou')", timeout=PATIENCE)
    seen.walked += 1


def without_scripts(page, address, root, seen):
    """The preview and its neighbours are links."""
    page.goto(f"{address}{root}/documents")
    page.click("tr:nth-child(1) .doc-peek")
    page.wait_for_selector("#apercu h2", timeout=PATIENCE)
    page.click('#apercu a[rel="next"]')
    page.wait_for_selector('#apercu a[rel="prev"]', timeout=PATIENCE)
    seen.walked += 1


@pytest.mark.timeout(900)
def test_documents_are_found_and_read_by_keys_alone_and_are_sound_at_every_width(open_house):
    house = open_house(tls_enabled=False, declared_proxies=())
    pro = ProHouse(house)
    letter = house.add(LONG, by=HOSPITAL_DOCTOR, masks=(INVISIBLE_PATIENT,))
    house.add("Consultation", masks=(MASQUE_PS,), created=house.now - 40 * DAY)
    report = house.add("Bilan sanguin", made=documents.level_3, type=documents.LAB_REPORT)
    house.index()
    doctor = pro.signed_in(MEDECIN_TRAITANT)
    seen = Seen()

    def walk(chromium, address):
        for width in reversed(WIDTHS):
            page = watched(chromium, address, doctor, width, seen)
            find_by_keys(page, address, PAT_TROIS)
            root = page.evaluate("'/pro/patients/' + document.querySelector('[data-opened]').dataset.opened")
            one, other = (quote(entry.unique_id, safe="") for entry in (letter, report))
            paths = (
                f"{root}/documents",
                f"{root}/documents?filtres=1&archives=1&masques=1&invisibles=1&apercu={other}",
                f"{root}/documents/{one}",
                f"{root}/documents/{other}",
                f"{root}/recherche?q=genou",
            )
            for path in paths:
                look(page, address, path, seen, axe=width != 320)
            if width == WIDTHS[-1]:
                page.goto(f"{address}{root}/equipe")
                read_by_keys(page, seen)
                search_by_keys(page, seen)
            page.context.close()
        page = watched(chromium, address, doctor, 1440, seen, script=False)
        without_scripts(page, address, root, seen)
        page.context.close()

    browse(pro.app, walk)
    assert not seen.faults, "\n".join(sorted(seen.faults))
    assert seen.walked == 3 * 5 + 3
