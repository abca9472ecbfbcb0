"""Every page that a link leads to, as a patient, a mother in her child's record, a carer and a newcomer, on a small phone, a phone and a computer.

The pages are found by following links from the first one, so a page that is added is walked without a word here.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Error, expect, sync_playwright
from starlette.routing import compile_path

from carnet.clock import DAY, HOUR, system_clock
from carnet.consent.acting_links import Representation
from carnet.demo import documents
from carnet.demo.people import (
    BIOLOGIST,
    BOUSSOLE,
    GIROUETTE,
    HOSPITAL_DOCTOR,
    LANTERNE,
    MIRABELLE,
    NESSI,
    OTHER_GP,
    PAT_TROIS,
)
from carnet.portal.patient.routes import PAGES
from carnet.record.custody import Custody
from carnet.record.delegations import Delegations
from carnet.requester import AccessMode

sys.path.insert(0, str(Path(__file__).parent))

from chromium import FLAGS, PATIENCE, PROGRAM
from served_sign_in import Served
from soundness import WIDTHS, Looker

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed: `make packages` installs it"),
    pytest.mark.slow,
]
PHONE = 390
OF_ONE_SHAPE = 2
"""Pages of one shape that the patient walks: two documents, two years, two professionals; others walk one of each path."""
MOST = 80
ASKED = ("/recherche?q=bilan", "/recherche?q=introuvable")
"""Pages to which a form leads, and no link."""
LEADS_AWAY = {"/connexion/fournisseur"}
"""Paths that lead to another host, as they are meant to."""
_LINKS = "[...document.querySelectorAll('a[href]')].filter(one => !one.hasAttribute('download')).map(one => one.href)"


SHAPES = [(compile_path(path)[0], path) for method, path, _page in PAGES if method == "GET"]
"""The paths of the pages as their routes write them: all kinds of a measure are one."""


def shape(address: str) -> tuple[str, str]:
    """What pages of the same make have in common: the path of their route, and the first of the things that are asked."""
    parts = urlsplit(address)
    path = next((written for found, written in SHAPES if found.fullmatch(parts.path)), parts.path)
    path = re.sub(r"\{[a-z]*\}", "*", path)
    return re.sub(r"[^/]*\d[^/]*", "*", path), next((name for name, _ in parse_qsl(parts.query)), "")


@dataclass
class Walker:
    """Somebody in front of a browser, who follows every link and notes what is not right.

    `sound` is what axe looked at so far, of everybody who shares it: a page of each shape at the three widths once, and for each person at 390.
    """

    served: Served
    chromium: object
    name: str
    script: bool = True
    of_one_shape: int = 1
    sound: set[tuple[object, ...]] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    walked: dict[str, int] = field(default_factory=dict)
    here: str = ""
    most: int = MOST

    def __post_init__(self):
        view = {"width": 390, "height": 844}
        self.context = self.chromium.new_context(locale="fr-FR", viewport=view, java_script_enabled=self.script)
        self.context.set_default_timeout(PATIENCE)
        self.page, self.aside = self.context.new_page(), self.context.new_page()

    def watch(self):
        """From now on nothing but the space may be asked, and nothing may be complained of."""
        self.context.on("request", self._asked)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(f"{self.here}: {error}"))

    def _asked(self, request):
        parts = urlsplit(request.url)
        if parts.scheme != "data" and f"{parts.scheme}://{parts.netloc}" not in {self.served.address, "about://"}:
            self.faults.append(f"{self.here}: another host: {request.url[:100]}")

    def _said(self, message):
        if message.type in {"error", "warning"}:
            self.faults.append(f"{self.here}: console: {message.text[:200]}")

    def signs_in(self, person):
        """By the provider's page; who has no space yet stands before the choice."""
        self.page.goto(self.served.address + "/connexion/fournisseur")
        self.page.locator(f'button[value="{person.identifier.value}"]').click()
        self.page.wait_for_load_state()
        return self

    def opens_the_record_of_another(self):
        self.page.goto(self.served.address + "/")
        self.page.locator("input[name=dossier]:not(:checked)").first.check()
        with self.page.expect_navigation():
            self.page.locator("form[action='/dossier'] button").first.click()
        return self

    def crawls(self, *starts):
        """Follows links from these paths on, looks at each page, and returns the shapes that were met."""
        waiting, met = [self.served.address + one for one in starts], {}
        while waiting and len(self.walked) < self.most:
            address = waiting.pop(0).partition("#")[0]
            path, asked = shape(address)
            known = met.setdefault((path, asked if self.of_one_shape > 1 else ""), set())
            ours = address.startswith(self.served.address + "/")
            if not ours or address in known or len(known) >= self.of_one_shape or self._passed_over(address):
                continue
            known.add(address)
            if self._open(address):
                waiting += self.page.evaluate(_LINKS)
        return set(met)

    def _passed_over(self, address):
        path = urlsplit(address).path
        return path.startswith(("/langue/", "/static/")) or path in LEADS_AWAY

    def _open(self, address):
        self.here = f"{self.name} {address.removeprefix(self.served.address)}"
        try:
            answer = self.page.goto(address)
        except Error as error:
            if "Download is starting" in error.message or "ERR_ABORTED" in error.message:
                return False
            raise
        self.walked[address] = answer.status
        if answer.status != 200:
            self.faults.append(f"{self.here}: a link to {answer.status}")
        self._look(answer)
        return True

    def _look(self, answer):
        sandboxed = "sandbox" in answer.headers.get("content-security-policy", "")
        looker = Looker(self.page, self.aside, self.faults)
        news = tuple(width for width in WIDTHS if self._is_to_be_looked_at(answer.url, width))
        looker.look(self.here, frame=answer.text() if sandboxed else "", touch=False, under_axe=news)

    def _is_to_be_looked_at(self, address, width):
        kind = shape(address)[0], self.script
        wanted = {(*kind, width)} | ({(*kind, self.name)} if width == PHONE else set())
        news = wanted - self.sound
        self.sound |= wanted
        return bool(news)


@pytest.fixture
def lived(open_house, monkeypatch):
    """Records in which something has happened, and people who come to them by their own right."""
    house = open_house(carers=True)
    house.now = system_clock() - 2 * DAY
    ins = PAT_TROIS.identifier
    for person in (PAT_TROIS, NESSI, BOUSSOLE, LANTERNE, MIRABELLE):
        Custody(house.gate, "operator:tests").activate(person.identifier)
    house.acts.authorise(ins, HOSPITAL_DOCTOR.identifier)
    house.add(
        "Lettre de liaison à la sortie de l'hôpital après une intervention programmée du genou", by=HOSPITAL_DOCTOR
    )
    masked = house.add("Suivi du diabète", created=house.now - 400 * DAY)
    house.acts.mask(ins, masked.unique_id)
    with monkeypatch.context() as patched:
        patched.setattr(documents, "level_1", lambda draft, **_about: documents.level_3(draft))
        house.add("Bilan de biologie", by=BIOLOGIST, type=documents.LAB_REPORT)
    house.now += HOUR
    house.read(masked, by=OTHER_GP, mode=AccessMode.BRIS_DE_GLACE, reason="Patient inconscient aux urgences")
    house.acts.block(ins, OTHER_GP.identifier)
    operator = Delegations(house.gate, "operator:tests")
    operator.declare(MIRABELLE.identifier, NESSI.identifier, Representation.FIRST_REPRESENTATIVE)
    house.add("Certificat de vaccination", patient=MIRABELLE)
    operator.invite(ins, BOUSSOLE.identifier, Representation.CARER)
    Delegations(house.gate, "operator:tests", BOUSSOLE.identifier).answer(ins, accepted=True)
    return house


@pytest.fixture
def served(lived, home):
    found = Served(home, {"carers": True, "smtp_host": "localhost", "smtp_security": "none"})
    yield found
    found.close()


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=PROGRAM, args=list(FLAGS), timeout=PATIENCE)
        yield browser
        browser.close()


def paths(shapes):
    return {path for path, _ in shapes}


@pytest.mark.timeout(900)
def test_every_page_is_sound_for_whoever_comes(served, chromium):
    sound = set()
    newcomer = Walker(served, chromium, "newcomer", sound=sound).signs_in(LANTERNE)
    patient = Walker(served, chromium, "patient", of_one_shape=OF_ONE_SHAPE, sound=sound).signs_in(PAT_TROIS)
    mother = Walker(served, chromium, "mother", sound=sound).signs_in(NESSI).opens_the_record_of_another()
    carer = Walker(served, chromium, "carer", sound=sound).signs_in(BOUSSOLE).opens_the_record_of_another()
    faults, met = [], {}
    for one in (patient, mother, carer, newcomer):
        one.watch()
        met[one.name] = paths(one.crawls("/", *ASKED))
        faults += one.faults
        one.context.close()
    assert faults == []
    assert max(len(one.walked) for one in (patient, mother, carer, newcomer)) < MOST, "the walk was cut short"
    every = {path for one in met.values() for path in one} & {key[0] for key in sound}
    assert all({(path, True, width) for width in WIDTHS} <= sound for path in every)
    assert {path for path in met["patient"] if (path, True, "patient") in sound} >= {
        "/",
        "/acces",
        "/urgence",
        "/resultats",
        "/recherche",
        "/mesures/*",
        "/profil/*",
    }
    assert met["patient"] >= {"/", "/documents", "/documents/*", "/documents/*/lecture", "/documents/*/lecture/cadre", "/acces", "/acces/qui", "/acces/professionnel", "/avis", "/reglages", "/reglages/fermer", "/deconnexion", "/securite", "/aide", "/mentions", "/accessibilite"}  # fmt: skip
    assert met["mother"] >= {"/documents/*", "/documents/*/lecture", "/acces/qui", "/reglages"}
    assert met["carer"] >= {"/documents/*", "/documents/*/lecture", "/acces"}
    assert "/documents/*" not in met["newcomer"]


@pytest.mark.timeout(900)
def test_the_pages_before_anybody_is_known_are_sound_too(served, chromium):
    nobody = Walker(served, chromium, "nobody")
    nobody.watch()
    met = paths(nobody.crawls("/connexion"))
    assert met >= {"/connexion", "/connexion/code", "/activation", "/activation/code", "/aide"}
    undecided = Walker(served, chromium, "undecided").signs_in(GIROUETTE)
    undecided.watch()
    assert "/activation/choix" in paths(undecided.crawls("/activation/choix"))
    assert nobody.faults + undecided.faults == []
    for one in (nobody, undecided):
        one.context.close()


@pytest.mark.timeout(900)
def test_without_javascript_one_finds_reads_masks_and_exports(served, chromium):
    walker = Walker(served, chromium, "unscripted", script=False).signs_in(PAT_TROIS)
    page = walker.page
    page.get_by_role("link", name="Documents", exact=True).click()
    page.locator("details.filters summary").click()
    page.locator("ul.filter a", has_text="Biologie").click()
    expect(page.locator(".count")).to_have_text(re.compile("1.document"))
    page.locator(".line-title a").click()
    page.get_by_role("link", name="Lire le document").click()
    expect(page.frame_locator("iframe.paper").locator("h1")).to_have_text("Bilan de biologie")
    with page.expect_navigation():
        page.get_by_role("link", name="Ce document").press("Enter")
    page.locator("details.act summary").first.click()
    page.get_by_role("button", name="Masquer maintenant").click()
    expect(page.locator(".said")).to_contain_text("ne voient plus")
    page.get_by_role("link", name="Accès", exact=True).click()
    page.get_by_role("link", name="Emporter cet historique").click()
    with page.expect_download() as export:
        page.get_by_role("button", name="Télécharger l").click()
    lines = Path(export.value.path()).read_text(encoding="utf-8").splitlines()
    assert len(lines) > 5
    assert all(json.loads(line) for line in lines)
    walker.context.close()


@pytest.mark.timeout(900)
def test_control_a_page_that_is_not_sound_is_noticed(served, chromium):
    walker = Walker(served, chromium, "control", most=3).signs_in(PAT_TROIS)
    walker.watch()
    broken = '<main><p style="width:900px">wide</p><button></button><a href="/nothing">x</a></main>'
    walker.context.route(
        "**/aide", lambda route: route.fulfill(body=f"<html>{broken}</html>", content_type="text/html")
    )
    walker.context.route("**/mentions", lambda route: route.fulfill(
        body='<html lang="fr"><title>t</title><main><h1>t</h1><img alt="" src="https://elsewhere.test/x"></main>',
        content_type="text/html"))  # fmt: skip
    walker.crawls("/aide", "/mentions")
    said = " ".join(walker.faults)
    for fault in (
        "wider by",
        "at 320 button-name",
        "at 1440 button-name",
        "a link to 404",
        "another host: https://elsewhere.test/x",
    ):
        assert fault in said, fault
    walker.context.close()
