"""Adding and taking away in a browser: a network that is lost and comes back, and the same without a script."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("playwright.sync_api")

import io
import sys
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from chromium import PATIENCE, PROGRAM, browse

from carnet.demo.payloads import pdf
from carnet.demo.people import PAT_TROIS

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed")


def photograph():
    written = io.BytesIO()
    Image.effect_noise((1800, 1400), 80).convert("RGB").save(written, "JPEG", quality=95)
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": written.getvalue()}


LAB = {"name": "labo.pdf", "mimeType": "application/pdf", "buffer": pdf("Laboratoire, prelevement du 12/03/2025")}


@pytest.fixture
def plain_house(open_house):
    return open_house(tls_enabled=False, declared_proxies=())


def opened(chromium, address, who, **options):
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="fr-FR", **options)
    context.set_default_timeout(PATIENCE)
    context.add_cookies([{"name": "who", "value": who, "url": address}])
    return context, context.new_page()


def test_what_is_sent_goes_on_by_itself_when_the_network_comes_back(plain_house):
    who = plain_house.doorkeeper.sign_in(PAT_TROIS)

    def walk(chromium, address):
        context, page = opened(chromium, address, who)
        page.goto(f"{address}/ajouter")
        page.locator("input[name=fichiers]").first.set_input_files(photograph())
        lost = []

        def fail(route):
            lost.append(route.request.url)
            route.abort("internetdisconnected")

        context.route("**/partie?**", fail)
        page.get_by_role("button", name="Envoyer et voir les pages").click()
        page.get_by_text("Le réseau est perdu").wait_for()
        assert lost
        context.unroute("**/partie?**")
        page.wait_for_url(re.compile(r"/ajouter/[0-9a-f]{32}"))
        assert page.locator(".sheets > li").count() == 1
        context.close()

    browse(plain_house.app, walk)


def test_a_file_that_is_refused_says_why_on_the_page_it_was_for(plain_house):
    who = plain_house.doorkeeper.sign_in(PAT_TROIS)

    def walk(chromium, address):
        context, page = opened(chromium, address, who)
        page.goto(f"{address}/ajouter")
        bad = {"name": "a.zip", "mimeType": "application/zip", "buffer": b"PK\x03\x04" + bytes(90)}
        page.locator("input[name=fichiers]").first.set_input_files([LAB, bad])
        page.get_by_role("button", name="Envoyer et voir les pages").click()
        page.get_by_role("alert").wait_for()
        assert "en contient d\u2019autres" in page.get_by_role("alert").inner_text()
        assert page.locator(".sheets > li").count() == 1
        context.close()

    browse(plain_house.app, walk)


def test_adding_and_taking_away_need_no_script(plain_house):
    who = plain_house.doorkeeper.sign_in(PAT_TROIS)

    def walk(chromium, address):
        context, page = opened(chromium, address, who, java_script_enabled=False, accept_downloads=True)
        page.goto(f"{address}/ajouter")
        page.locator("input[name=fichiers]").first.set_input_files(LAB)
        for name in (
            "Envoyer et voir les pages",
            "Continuer : décrire le document",
            "Continuer : vérifier",
            "Ajouter au dossier",
        ):
            with page.expect_navigation():
                page.get_by_role("button", name=re.compile(name.replace(" : ", r"\W+"))).click()
        assert "/documents/" in page.url
        page.goto(f"{address}/export")
        with page.expect_download() as found:
            page.get_by_role("button", name="Télécharger tout le dossier").click()
        assert found.value.suggested_filename.endswith(".zip")
        assert Path(found.value.path()).read_bytes().startswith(b"PK")
        context.close()

    browse(plain_house.app, walk)
