"""The pages in a real browser: no violation that axe finds, no error in the console, nothing asked of another host, nothing wider than a phone."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from carnet.consent.acting_links import Representation
from carnet.demo.health_profiles import declare_profiles
from carnet.demo.people import HOSPITAL_DOCTOR, LANTERNE, MIRABELLE, NESSI, OTHER_GP, PAT_TROIS
from carnet.record.custody import Custody
from carnet.record.delegations import Delegations
from carnet.record.own_reports import OwnReports, Wrong
from carnet.record.report_office import ReportOffice
from carnet.requester import AccessMode

sys.path.insert(0, str(Path(__file__).parent))

from chromium import PATIENCE, PROGRAM, Seen, browse
from soundness import AXE, Looker

AXE_DIGEST = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed: `make packages` installs it")


def paths(document):
    return ("/", "/documents", "/recherche", "/recherche?q=suivi+diabete", "/recherche?q=licorne", f"/documents/{document}", f"/documents/{document}/lecture", "/acces", "/acces/qui", f"/acces/professionnel?numero={OTHER_GP.identifier}",
            "/acces/export", f"/documents/{document}/signaler", "/signalements", "/proches", "/resultats", "/medicaments", "/vaccins", "/imagerie", "/mesures", "/mesures/poids", "/mesures/tension", "/ajouter", "/export", "/profil", "/profil/allergies", "/profil/blood", "/profil/contacts", "/profil/comments", "/urgence", "/urgence/carte", "/avis", "/reglages", "/reglages/fermer", "/aide", "/mentions", "/accessibilite", "/nothing")  # fmt: skip


@pytest.fixture
def lived(open_house):
    """A space without TLS, where a patient, a mother with a child and a newcomer are at home."""
    house = open_house(tls_enabled=False, declared_proxies=(), space_origin="https://space.test", carers=True)
    ins = PAT_TROIS.identifier
    declare_profiles(house.gate)
    house.acts.authorise(ins, HOSPITAL_DOCTOR.identifier)
    title = "Lettre de liaison à la sortie de l'hôpital après une intervention programmée du genou droit"
    house.add(title, by=HOSPITAL_DOCTOR, created=house.now - 70_000_000_000_000)
    house.entry = house.add("Suivi du diabète")
    house.acts.mask(ins, house.entry.unique_id)
    house.index()
    browser = house.browser(PAT_TROIS)
    browser.get("/")
    house.now += 3_600_000_000
    house.read(house.entry, by=OTHER_GP, mode=AccessMode.BRIS_DE_GLACE, reason="Patient inconscient aux urgences")
    house.add("Certificat", patient=MIRABELLE)
    Custody(house.gate, "operator:tests").activate(LANTERNE.identifier)
    Delegations(house.gate, "operator:tests").invite(ins, LANTERNE.identifier, Representation.CARER)
    reports = OwnReports(house.gate, "operator:tests")
    report_id = reports.report_document(ins, house.entry.unique_id, Wrong("missing", "Il manque le second feuillet."))
    ReportOffice(house.gate, "operator:tests").answer(report_id, "Le second feuillet a été ajouté le lendemain.")
    return house


def watched(chromium, address, who, width, seen, *, script=True):
    """A page of a browser in which somebody is signed in, whose every fault is noted."""
    context = chromium.new_context(viewport={"width": width, "height": 844}, locale="fr-FR", java_script_enabled=script)
    context.set_default_timeout(PATIENCE)
    context.add_cookies([{"name": "who", "value": who, "url": address}])
    page = context.new_page()
    host = urlsplit(address).netloc

    def asked(request):
        if not request.url.startswith("data:") and urlsplit(request.url).netloc != host:
            seen.faults.append(f"another host: {request.url}")

    def said(message):
        if message.type in {"error", "warning"} and "404" not in message.text:
            seen.faults.append(f"console: {message.text}")

    page.on("request", asked)
    page.on("console", said)
    page.on("pageerror", lambda error: seen.faults.append(f"error: {error}"))
    return page


def look(page, address, path, seen):
    """Opens a page and looks at it at each width."""
    page.goto(address + path)
    Looker(page, page, seen.faults).look(path)
    seen.walked += 1


def test_axe_is_the_file_that_was_vendored():
    assert hashlib.sha256(AXE.encode()).hexdigest() == AXE_DIGEST


@pytest.mark.timeout(900)
def test_every_page_is_sound_on_a_phone_and_on_a_computer(lived):
    seen = Seen()
    who = lived.doorkeeper.sign_in(PAT_TROIS)
    newcomer, mother = lived.doorkeeper.sign_in(LANTERNE), lived.doorkeeper.sign_in(NESSI)

    def walk(chromium, address):
        page = watched(chromium, address, who, 390, seen)
        for path in paths(lived.entry.unique_id):
            look(page, address, path, seen)
        page.context.close()
        page = watched(chromium, address, newcomer, 390, seen)
        for path in (
            "/",
            "/documents",
            "/acces",
            "/profil",
            "/profil/diseases",
            "/urgence",
            "/avis",
            "/proches",
            "/signalements",
        ):
            look(page, address, path, seen)
        page.context.close()
        page = watched(chromium, address, mother, 390, seen)
        page.goto(address)
        page.locator("input[name=dossier]").nth(1).check()
        with page.expect_navigation():
            page.locator("form[action='/dossier'] button").click()
        for path in ("/", "/documents", "/acces/qui", "/profil", "/urgence", "/proches"):
            look(page, address, path, seen)
        choice = page.locator("a[href^='/proches/enfant']").get_attribute("href")
        look(page, address, choice, seen)
        page.goto(f"{address}/acces?qui=all")
        look(page, address, page.locator("a[href^='/acces/signaler']").first.get_attribute("href"), seen)
        page.context.close()

    browse(lived.app, walk)
    assert seen.faults == []
    assert seen.walked == len(paths("")) + 17


def test_masking_and_its_undo_need_no_javascript_and_two_taps(lived):
    seen = Seen()
    who = lived.doorkeeper.sign_in(PAT_TROIS)
    said = []

    def walk(chromium, address):
        page = watched(chromium, address, who, 390, seen, script=False)
        page.goto(f"{address}/documents/{lived.entry.unique_id}")
        for _ in range(2):
            page.locator("main summary").first.click()
            with page.expect_navigation():
                page.locator("details[open] button").first.click()
            said.append(page.locator(".said").inner_text())
        with page.expect_navigation():
            page.locator(".said button").click()
        said.append(page.locator("p.seen").inner_text())

    browse(lived.app, walk)
    assert seen.faults == []
    assert "voient ce document" in said[0]
    assert "ne voient plus" in said[1]
    assert "Visible" in said[2]


def test_control_a_broken_page_is_noticed(lived):
    seen = Seen()
    who = lived.doorkeeper.sign_in(PAT_TROIS)

    def walk(chromium, address):
        page = watched(chromium, address, who, 390, seen)
        page.goto(f"{address}/aide")
        page.evaluate(
            """() => {
                document.querySelector('main').innerHTML +=
                    '<img src="https://elsewhere.test/x.png"><p style="width:900px">wide</p><button></button>';
                console.error('broken');
            }"""
        )
        Looker(page, page, seen.faults).look("broken page")

    browse(lived.app, walk)
    assert any("broken" in one for one in seen.faults)
    assert any("Content Security Policy" in one for one in seen.faults)
    assert any("at 390 button-name" in one for one in seen.faults)
