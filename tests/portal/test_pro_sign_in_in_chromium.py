"""A professional's sign-in in a real Chromium, by the keyboard alone: the provider's page, the choice of a situation, the way back, the end."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from carnet.demo.people import BIOLOGIST, HOSPITAL, PAT_TROIS

sys.path.insert(0, str(Path(__file__).parent))

from chromium import FLAGS, PATIENCE, PROGRAM
from pro_sign_in_house import ProSignInHouse
from served_sign_in import Served

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed: `make packages` installs it"),
    pytest.mark.slow,
]
WIDTHS = (320, 768, 1280)
TOO_WIDE = """document.documentElement.scrollWidth <= window.innerWidth ? [] :
[...document.querySelectorAll('body, body *')]
.filter(one => one.clientWidth && one.scrollWidth > one.clientWidth || one.getBoundingClientRect().right > window.innerWidth)
.map(one => one.tagName + '.' + one.className)"""
"""What makes a page scroll to the side, if it does."""


@pytest.fixture
def served(home):
    found = Served(home, {}, ProSignInHouse)
    yield found
    found.close()


def press(page, name):
    """Goes to a link or a button by its words, and presses Enter."""
    found = page.get_by_role("link", name=name).or_(page.get_by_role("button", name=name)).first
    found.focus()
    page.keyboard.press("Enter")


def fits(page):
    """The page needs no scrolling to the side at any width."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(TOO_WIDE) == [], (page.url, width)


def test_a_doctor_comes_from_care_software_signs_in_chooses_and_leaves(served):
    complaints, addresses = [], []
    with sync_playwright() as player:
        chromium = player.chromium.launch(executable_path=PROGRAM, args=list(FLAGS), timeout=PATIENCE)
        page = chromium.new_context(locale="fr-FR").new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: (
                complaints.append(said.text)
                if said.type in {"error", "warning"} and said.location.get("url", "").startswith(served.address)
                else None
            ),
        )
        page.on("framenavigated", lambda frame: addresses.append(frame.url))
        page.goto(f"{served.address}/AccesDirect/GestionDMPPatient/{PAT_TROIS.identifier.value}")
        fits(page)
        press(page, "S\N{RIGHT SINGLE QUOTATION MARK}identifier avec Pro Santé Connect")
        press(page, BIOLOGIST.family_name)
        page.wait_for_url("**/pro/situation")
        fits(page)
        page.locator("label", has_text=HOSPITAL.name).locator("input").focus()
        page.keyboard.press("Space")
        press(page, "Exercer dans cette situation")
        page.wait_for_url("**/pro/patients/*/entree")  # nobody has authorised the biologist
        expect(page.locator(".pro-who")).to_contain_text(HOSPITAL.name)
        press(page, "Se déconnecter")
        fits(page)
        press(page, "Me déconnecter")
        page.wait_for_url(f"{served.address}/pro/connexion**")
        page.goto(f"{served.address}/pro")
        page.wait_for_url("**/pro/connexion")
        chromium.close()
    assert complaints == []
    assert not [one for one in addresses if PAT_TROIS.identifier.value in one]
