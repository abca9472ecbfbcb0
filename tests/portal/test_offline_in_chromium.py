"""Without a network, in a real Chromium: the card that somebody kept, behind its code or open; nothing of it after signing out or for the next person."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from playwright.sync_api import Error, expect, sync_playwright
from pypdfium2 import PdfDocument

from carnet.demo.people import NESSI, PAT_TROIS
from carnet.record.own_card import OwnCard
from carnet.record.own_profile import OwnProfile

sys.path.insert(0, str(Path(__file__).parent))

from chromium import FLAGS, PROGRAM
from served_sign_in import PATIENCE, Served

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed: `make packages` installs it"),
    pytest.mark.slow,
]
AXE = Path(__file__).parent / "axe" / "axe.min.js"
CODE = "une phrase de six mots"
CARDS = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const one of await cache.keys()) found.push([name.split("-")[1], new URL(one.url).pathname, await (await cache.match(one)).text()]);
  }
  return found;
}"""
WORKERS = "async () => (await navigator.serviceWorker.getRegistrations()).length"


def prepare(house):
    for patient in (PAT_TROIS, NESSI):
        house.custody().activate(patient.identifier)
    ins, desk = PAT_TROIS.identifier, OwnProfile(house.gate, "operator:tests")
    named = [desk.declare(ins, "allergies", {"name": "Pénicilline"}), desk.declare(ins, "blood", {"group": "O-"})]
    desk.declare(ins, "diseases", {"name": "Maladiemarquante"})
    OwnCard(house.gate, "operator:tests").choose(ins, frozenset({*named, "name"}))


@pytest.fixture
def served(home):
    found = Served(home, {})
    found.ask(prepare)
    yield found
    found.close()


@pytest.fixture
def context():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=list(FLAGS))
        context = browser.new_context(locale="fr-FR", viewport={"width": 390, "height": 844})
        context.set_default_timeout(PATIENCE * 1000)
        yield context
        browser.close()


def sign_in(served, page, name):
    page.goto(f"{served.address}/connexion")
    page.get_by_role("link", name="Continuer avec mon identité numérique").click()
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_url(f"{served.address}/")


def at_the_card(served, context):
    """The page of the card, where the worker is at work."""
    page = context.new_page()
    sign_in(served, page, "DOMINIQUE MARIE-LOUISE PAT-TROIS")
    page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    page.goto(f"{served.address}/urgence")
    return page


def keep(page, code=""):
    if code:
        page.get_by_label("Code de la carte").fill(code)
    else:
        page.get_by_label("Toute personne qui a ce téléphone").check()
    page.get_by_role("button", name="Garder sur ce téléphone").click()
    expect(page.locator("[data-told=kept]")).to_be_visible()


def kept_cards(page):
    return [text for cache, _path, text in page.evaluate(CARDS) if cache == "cartes"]


def test_the_card_opens_offline_by_its_code_alone(served, context):
    page = at_the_card(served, context)
    page.get_by_label("Code de la carte").fill("court")
    page.get_by_role("button", name="Garder sur ce téléphone").click()
    expect(page.locator("[data-told=short]")).to_be_visible()
    assert kept_cards(page) == []
    keep(page, CODE)
    (sealed,) = kept_cards(page)
    assert "Pénicilline" not in sealed
    assert "PAT-TROIS" not in sealed
    assert CODE not in sealed
    context.set_offline(True)
    page.goto(f"{served.address}/documents")
    expect(page.get_by_role("heading", name="Sans réseau")).to_be_visible()
    assert "Pénicilline" not in page.content()
    page.get_by_label("Code de cette carte").fill("une autre phrase")
    page.get_by_role("button", name="Ouvrir la carte").click()
    expect(page.locator("[data-wrong]")).to_be_visible()
    assert "Pénicilline" not in page.content()
    page.get_by_label("Code de cette carte").fill(CODE)
    page.get_by_role("button", name="Ouvrir la carte").click()
    expect(page.locator(".card-sheet")).to_contain_text("Pénicilline")
    expect(page.locator(".card-sheet")).not_to_contain_text("Maladiemarquante")


def test_nothing_but_the_card_and_a_page_of_nobodys_is_kept(served, context):
    page = at_the_card(served, context)
    for path in ("/", "/documents", "/profil", "/acces", "/urgence"):
        page.goto(served.address + path)
    paths = sorted(path for _cache, path, _text in page.evaluate(CARDS))
    assert [one for one in paths if not one.startswith("/static/")] == ["/hors-ligne"]
    assert not [text for _cache, _path, text in page.evaluate(CARDS) if "PAT-TROIS" in text or "Pénicilline" in text]
    context.set_offline(True)
    page.goto(f"{served.address}/profil")
    expect(page.get_by_text("Aucune carte d\u2019urgence n\u2019est gardée sur cet appareil.")).to_be_visible()


def test_an_open_card_is_read_offline_after_the_session_ended_and_is_gone_after_signing_out(served, context):
    page = at_the_card(served, context)
    keep(page)
    context.set_offline(True)
    page.goto(served.address)
    expect(page.locator(".card-sheet")).to_contain_text("Pénicilline")
    context.set_offline(False)
    page.goto(f"{served.address}/deconnexion")
    page.route("**/*", lambda route: route.abort() if "127.0.0.1" in route.request.url else route.continue_())
    page.get_by_role("button", name="Me déconnecter", exact=True).click()
    page.goto(f"{served.address}/aide")
    assert page.evaluate(CARDS) == []
    assert page.evaluate(WORKERS) == 0
    context.set_offline(True)
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        page.goto(f"{served.address}/urgence")


def test_the_next_person_on_the_device_finds_nothing(served, context):
    page = at_the_card(served, context)
    keep(page)

    context.clear_cookies(name="__Host-seance")
    assert len(kept_cards(page)) == 1, "a session that ended by itself takes nothing away"
    sign_in(served, page, "RUTH ISABELLE NESSI")
    assert kept_cards(page) == []
    context.set_offline(True)
    page.wait_for_timeout(500)
    try:
        page.goto(served.address)
    except Error:
        return
    assert "Pénicilline" not in page.content()


def test_the_script_alone_removes_what_another_kept(served, context):
    """Where a browser does not know the header, the first page of the next person does it."""
    page = at_the_card(served, context)
    keep(page)
    page.evaluate(
        """async () => {
            const cache = await caches.open("carnet-cartes");
            const [request] = await cache.keys();
            const kept = await (await cache.match(request)).json();
            await cache.put(request, new Response(JSON.stringify({ ...kept, keeper: "0".repeat(32) })));
        }"""
    )
    page.goto(f"{served.address}/documents")
    page.wait_for_function("async () => (await (await caches.open('carnet-cartes')).keys()).length === 0")


def test_removing_it_is_one_button(served, context):
    page = at_the_card(served, context)
    keep(page)
    page.get_by_role("button", name="Retirer de ce téléphone").click()
    expect(page.locator("[data-told=absent]")).to_be_visible()
    assert kept_cards(page) == []


def test_a_card_that_changed_says_so(served, context):
    page = at_the_card(served, context)
    keep(page)
    served.ask(
        lambda house: OwnCard(house.gate, "operator:tests").choose(
            PAT_TROIS.identifier, frozenset({"name"}) | shown(house)
        )
    )
    page.reload()
    expect(page.locator("[data-told=changed]")).to_be_visible()


def shown(house):
    return {one.item_id for one in OwnCard(house.gate, "operator:tests").desk(PAT_TROIS.identifier).candidates}


def test_the_space_can_be_installed(served, context):
    page = at_the_card(served, context)
    session = context.new_cdp_session(page)
    found = session.send("Page.getAppManifest")
    assert found["errors"] == []
    assert found["url"] == f"{served.address}/manifest.webmanifest"
    errors = [one["errorId"] for one in session.send("Page.getInstallabilityErrors")["installabilityErrors"]]
    assert [one for one in errors if one != "in-incognito"] == []


@pytest.mark.parametrize("path", ["/urgence/carte", "code"])
def test_the_printed_card_is_one_page_without_forms_and_menus(served, context, path):
    def fill(house):
        desk, ins = OwnProfile(house.gate, "operator:tests"), PAT_TROIS.identifier
        for number in range(5):
            desk.declare(ins, "treatments", {"name": f"Traitement {number}", "dose": "matin et soir", "since": "2020"})
            desk.declare(ins, "contacts", {"name": f"Proche {number}", "relation": "amie", "phone": "01 99 00 12 34"})
        OwnCard(house.gate, "operator:tests").choose(ins, frozenset({"name", "birth"}) | shown(house))

    served.ask(fill)
    page = at_the_card(served, context)
    if path == "code":
        page.get_by_role("button", name="Imprimer un code").click()
        expect(page.locator(".qr")).to_be_visible()
    else:
        page.goto(served.address + path)
    printed = PdfDocument(page.pdf(format="A4", prefer_css_page_size=True))
    pages, words = len(printed), printed[0].get_textpage().get_text_range()
    printed.close()
    assert pages == 1
    assert "Proche 4" in words
    assert "Se déconnecter" not in words
    assert "Profil de santé" not in words


def sound(page, what):
    """What axe and the width of the screen say of a page."""
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    wide = [f"{what}: wider than the screen by {over}"] if over > 0 else []
    return wide + [f"{what}: {one['id']}: {one['nodes'][0]['html'][:160]}" for one in found]


@pytest.mark.parametrize("width", [320, 390])
def test_what_others_see_and_what_stands_without_network_is_sound(served, context, width):
    page = at_the_card(served, context)
    page.set_viewport_size({"width": width, "height": 844})
    complaints = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    keep(page, CODE)
    faults = sound(page, "card, kept")
    page.get_by_role("button", name="Montrer un code").click()
    expect(page.locator(".qr")).to_be_visible()
    faults += sound(page, "code")
    token = served.ask(
        lambda house: OwnCard(house.gate, "operator:tests").make_code(PAT_TROIS.identifier, "screen").token
    )
    page.goto(f"{served.address}/urgence/lecture/{token}")
    expect(page.locator(".card-sheet")).to_be_visible()
    faults += sound(page, "read")
    page.goto(f"{served.address}/hors-ligne")
    expect(page.get_by_label("Code de cette carte")).to_be_visible()
    faults += sound(page, "offline, closed")
    page.get_by_label("Code de cette carte").fill(CODE)
    page.get_by_role("button", name="Ouvrir la carte").click()
    expect(page.locator(".card-sheet")).to_be_visible()
    faults += sound(page, "offline, open")
    assert complaints == []
    page.goto(f"{served.address}/urgence/lecture/none")
    faults += sound(page, "nothing")
    assert faults == []
