"""The README's pictures: the demonstration's own patient and attending doctor, in Chromium, from the sign-in on. Run by `make pictures`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from carnet.cli.demonstration import free_port, running_professionals_provider, running_provider, running_server
from carnet.cli.operator_gate import operator_gate
from carnet.demo.journey import Journey
from carnet.demo.people import MEDECIN_TRAITANT, PAT_TROIS
from carnet.demo.stage import Stage, set_stage
from carnet.demo.story import Story

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
PAGES = {"home": "/", "documents": "/documents", "result-over-time": "/resultats", "access": "/acces"}
PROFESSIONAL_PAGES = {
    "pro-summary": "",
    "pro-results": "/resultats",
    "pro-document": "/documents",
    "pro-synthesis": "/synthese",
}
"""Paths in an open record; a document is the first of the list, a synthesis what is drafted of the record."""
SCREEN = ViewportSize(width=1440, height=900)
PHONE = ViewportSize(width=390, height=844)
FLAGS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars")


def main() -> int:
    """Sets the demonstration up in a folder of its own, signs in, takes the pictures."""
    program = shutil.which("chromium")
    if program is None:
        print("chromium is not installed: `make packages` installs it.", file=sys.stderr)
        return 2
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        stage = set_stage(
            Path(folder) / "home",
            port=free_port(),
            samples=(),
            provider=free_port(),
            professionals_provider=free_port(),
        )
        providers = (running_provider(stage), running_professionals_provider(stage))
        with running_server(stage), providers[0], providers[1], sync_playwright() as playwright:
            _play(stage)
            browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
            page = _signed_in(browser, stage)
            for name, path in PAGES.items():
                _take(page, stage, name, path)
            page, record = _professional(browser, stage)
            for name, path in PROFESSIONAL_PAGES.items():
                _take_of_record(page, record, name, path)
            browser.close()
    return 0


def _play(stage: Stage) -> None:
    """Documents of the demonstration's own making alone: nobody else's go into a picture."""
    journey = Journey(stage, (), _quiet)
    journey.walk()
    with operator_gate(stage.home) as gate:
        Story(journey, gate, _quiet).tell()


def _quiet(_line: str) -> None:
    """Says nothing."""


def _signed_in(browser: Browser, stage: Stage) -> Page:
    context = browser.new_context(
        ignore_https_errors=True, viewport=PHONE, locale="fr-FR", device_scale_factor=2, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(stage.settings.space_origin + "/")
    page.get_by_text("Continuer avec mon identité numérique").click()
    page.locator(f'button[value="{PAT_TROIS.identifier.value}"]').click()
    page.get_by_role("checkbox").check()
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_load_state()
    return page


def _take(page: Page, stage: Stage, name: str, path: str) -> None:
    page.goto(stage.settings.space_origin + path)
    if name == "result-over-time":
        page.locator('main a[href^="/resultats/"]').first.click()
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    page.screenshot(path=str(PICTURES / f"{name}.png"))
    print(f"{name}: {page.title()}")


def _professional(browser: Browser, stage: Stage) -> tuple[Page, str]:
    """The attending doctor, signed in, in the patient's record; the address of the record."""
    context = browser.new_context(ignore_https_errors=True, viewport=SCREEN, locale="fr-FR", reduced_motion="reduce")
    page = context.new_page()
    page.goto(stage.settings.space_origin + "/pro")
    page.locator("main form button, main a.ds-button").first.click()
    page.locator(f'button[value="{MEDECIN_TRAITANT.identifier}"]').click()
    page.locator('input[name="ins"]').fill(PAT_TROIS.identifier.value)
    page.keyboard.press("Enter")
    page.wait_for_url("**/pro/patients/**")
    return page, page.url.partition("?")[0]


def _take_of_record(page: Page, record: str, name: str, path: str) -> None:
    page.goto(record + path)
    if name == "pro-document":
        page.locator('main table a[href*="/documents/"]').first.click()
    if name == "pro-synthesis":
        page.locator("main form button, main a.ds-button").first.click()
        page.locator("#controle").check()  # before a synthesis is drafted the identity is stated
        page.locator("main form:has(#controle) button").click()
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    page.screenshot(path=str(PICTURES / f"{name}.png"))
    print(f"{name}: {page.title()}")


if __name__ == "__main__":
    sys.exit(main())
