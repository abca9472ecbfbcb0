"""Depositing in Debian's chromium: by keys alone, without a script on the way, and each page sound at every width."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from carnet.demo.people import MIRABELLE, OTHER_GP
from carnet.record.draft_keeping import unique_id_of

sys.path.insert(0, str(Path(__file__).parent))

from chromium import PATIENCE, PROGRAM, Seen, browse
from pro_house import ProHouse
from test_in_chromium import WIDTHS, look, watched
from test_pro_depositing import confirm, describe, entered

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed: `make packages` installs it")


def tab_to(page, selector):
    for _ in range(120):
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by Tab")


def deposit_by_keys(page, address, root, file):
    """From the file to the last page; a file is chosen in a window of the system, which has no keys of ours."""
    page.goto(f"{address}{root}/deposer")
    page.set_input_files("#fichiers", files=[{"name": "lettre.txt", "mimeType": "text/plain", "buffer": file}])
    tab_to(page, "form[enctype] button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/description", timeout=PATIENCE)
    tab_to(page, "#visibilite-normale")
    page.keyboard.press("Space")
    tab_to(page, "#representants-visible")
    page.keyboard.press("Space")
    tab_to(page, "form.stack button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/verification", timeout=PATIENCE)
    tab_to(page, "main form button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/fait", timeout=PATIENCE)
    assert "Le document est dans le dossier." in page.inner_text("main")


@pytest.mark.timeout(900)
def test_a_letter_is_deposited_by_keys_and_every_page_is_sound(open_house):
    pro = ProHouse(open_house(submission_signature_required=True, tls_enabled=False))
    seen = Seen()
    browser, root = entered(pro, OTHER_GP, MIRABELLE)
    at = waiting(browser, root)
    done = waiting(browser, root)
    assert confirm(browser, done).status == 303
    deleted = f"{root}/depots/{unique_id_of(done.rpartition('/')[2])}/supprimer"
    paths = (
        *(f"{root}/deposer", f"{root}/deposer?activite=sejour", f"{at}/description", f"{at}/verification"),
        *(f"{done}/fait", f"{root}/depots", deleted, "/pro/depots"),
    )

    def walk(chromium, address):
        page = watched(chromium, address, browser.cookies["who"], 1440, seen)
        deposit_by_keys(page, address, root, b"Cher confrere, je vous adresse ce patient.")
        page.context.close()
        for width in WIDTHS:
            page = watched(chromium, address, browser.cookies["who"], width, seen)
            for path in paths:
                look(page, address, path, seen, axe=width != 320)
            page.context.close()

    browse(pro.app, walk)
    assert not seen.faults, "\n".join(seen.faults)
    assert seen.walked == len(WIDTHS) * len(paths)


def waiting(browser, root):
    """A deposit that was described and waits."""
    page = browser.get(f"{root}/deposer")
    answer = browser.send_files(f"{root}/deposer", page.fields(f"{root}/deposer"), b"Compte rendu de consultation.")
    at = answer.headers["location"].removesuffix("/description")
    assert describe(browser, at, representants="visible", visibilite="invisible").status == 303
    return at
