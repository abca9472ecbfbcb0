"""The professional's pages in Debian's chromium: found, entered and left by keys alone, and sound at every width."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from carnet.demo.people import MEDECIN_TRAITANT, NESSI, OTHER_GP, PAT_TROIS

sys.path.insert(0, str(Path(__file__).parent))

from chromium import PATIENCE, PROGRAM, Seen, browse
from pro_house import ProHouse
from test_in_chromium import WIDTHS, look, watched

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed: `make packages` installs it")
ENOUGH_TABS = 120


def tab_to(page, selector):
    """Goes to an element by the Tab key alone."""
    for _ in range(ENOUGH_TABS):
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by Tab")


def find_by_keys(page, address, patient):
    """From the first page to the ways in: the number is typed into the field that has the focus already."""
    page.goto(f"{address}/pro")
    page.wait_for_function("document.activeElement.id === 'ins'", timeout=PATIENCE)
    page.keyboard.type(patient.identifier.value)
    page.keyboard.press("Enter")
    page.wait_for_url("**/pro/patients/**", timeout=PATIENCE)


def leave_by_keys(page):
    """G and q go to the button that leaves, Enter presses it."""
    page.keyboard.press("g")
    page.keyboard.press("q")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pro?fait=quitte", timeout=PATIENCE)


def enter_with_consent(page, address, seen):
    find_by_keys(page, address, PAT_TROIS)
    tab_to(page, "#consentement-declare")
    page.keyboard.press("Space")
    tab_to(page, "form:has(#consentement-declare) button")
    page.keyboard.press("Enter")
    page.wait_for_selector(".pro-mode:has-text('Autorisé par la personne')", timeout=PATIENCE)
    seen.walked += 1


def break_the_glass(page, address, seen):
    find_by_keys(page, address, NESSI)
    tab_to(page, "#motif")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("Patient inconscient aux urgences j k /")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".pro-urgent .pro-mode:has-text('Bris de glace')", timeout=PATIENCE)
    assert "Patient inconscient aux urgences j k /" in page.inner_text(".pro-reason")
    seen.walked += 1


def second_tab(page, address, root, seen):
    """Another record in another tab of the same browser is said loudly, and nothing but the handle goes from tab to tab."""
    other = page.context.new_page()
    other.set_default_timeout(PATIENCE)
    find_by_keys(other, address, PAT_TROIS)
    page.wait_for_selector("#pro-guard[open]", timeout=PATIENCE)
    assert "NESSI" in page.inner_text("#pro-guard")
    other_root = other.get_attribute("[data-opened]", "data-opened")
    assert page.get_attribute("#pro-guard a", "href").endswith(f"/pro/patients/{other_root}/entree")
    page.keyboard.press("Enter")
    page.wait_for_selector("#pro-guard:not([open])", state="attached", timeout=PATIENCE)
    other.wait_for_selector("#pro-guard[open]", timeout=PATIENCE)
    assert page.url.startswith(address + root)
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    with page.expect_navigation(timeout=PATIENCE):  # shown again as the browser kept it: the server is asked
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    other.close()
    seen.walked += 1


@pytest.mark.timeout(900)
def test_a_record_is_found_entered_and_left_by_keys_alone(open_house):
    pro = ProHouse(open_house(tls_enabled=False, declared_proxies=()))
    seen = Seen()
    doctor = pro.signed_in(OTHER_GP)
    treating = pro.signed_in(MEDECIN_TRAITANT)

    def walk(chromium, address):
        page = watched(chromium, address, doctor, 1440, seen)
        enter_with_consent(page, address, seen)
        leave_by_keys(page)
        break_the_glass(page, address, seen)
        root = page.evaluate("'/pro/patients/' + document.querySelector('[data-opened]').dataset.opened")
        second_tab(page, address, root, seen)
        leave_by_keys(page)
        page.wait_for_function("document.activeElement.id === 'ins'", timeout=PATIENCE)
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        page.wait_for_url("**/pro/aide", timeout=PATIENCE)
        page.context.close()
        for width in WIDTHS:
            page = watched(chromium, address, treating, width, seen)
            find_by_keys(page, address, PAT_TROIS)
            inside = page.evaluate("'/pro/patients/' + document.querySelector('[data-opened]').dataset.opened")
            find_by_keys(page, address, NESSI)
            outside = page.evaluate("'/pro/patients/' + document.querySelector('[data-opened]').dataset.opened")
            paths = ("/pro", "/pro/journal", "/pro/aide", f"{inside}/equipe", f"{inside}/acces", f"{inside}/identite")
            for path in (*paths, f"{outside}/entree"):
                look(page, address, path, seen, axe=width != 320)
            page.context.close()

    browse(pro.app, walk)
    assert seen.faults == []
    assert seen.walked == 3 + 3 * 7
