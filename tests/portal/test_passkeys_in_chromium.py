"""The whole sign-in in a real Chromium: the provider's page, the choice, passkeys by a virtual authenticator, with and without script."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

from chromium import PROGRAM
from served_sign_in import PATIENCE, Served

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed: `make packages` installs it"),
    pytest.mark.slow,
]
LAUNCH = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]


@pytest.fixture
def served(home):
    found = Served(home, {})
    yield found
    found.close()


@pytest.fixture
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=LAUNCH)
        yield browser
        browser.close()


def set_(text):
    """French as the pages set it."""
    return text.replace("'", "\u2019")


class Person:
    """Somebody in front of a browser; notes what pages complain of, and whom they ask."""

    def __init__(self, served, chromium, **options):
        self.served = served
        self.context = chromium.new_context(locale="fr-FR", viewport={"width": 390, "height": 844}, **options)
        self.context.set_default_timeout(PATIENCE * 1000)
        self.page = self.context.new_page()
        self.complaints, self.hosts = [], set()
        self.page.on("console", self._noted)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda asked: self.hosts.add("/".join(asked.url.split("/")[:3])))

    def _noted(self, said):
        ours = said.location.get("url", "").startswith(self.served.address)
        if said.type in {"error", "warning"} and ours and "status of 403" not in said.text:
            self.complaints.append(said.text)

    def go(self, path):
        self.page.goto(self.served.address + path)

    def press(self, text):
        self.page.get_by_role("button", name=set_(text), exact=True).click()

    def sees(self, text):
        expect(self.page.get_by_text(set_(text)).first).to_be_visible(timeout=PATIENCE * 1000)

    def signs_in_at_the_provider(self, name="DOMINIQUE MARIE-LOUISE PAT-TROIS"):
        self.go("/connexion")
        self.page.get_by_role("link", name="Continuer avec mon identité numérique").click()
        self.press(name)

    def creates(self):
        self.signs_in_at_the_provider()
        self.page.get_by_role("checkbox").check()
        self.press("Utiliser mon espace")
        self.page.wait_for_url(self.served.address + "/")

    def takes_an_authenticator(self):
        self.cdp = self.context.new_cdp_session(self.page)
        self.cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self.authenticator = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def tells(self, command, **values):
        return self.cdp.send(f"WebAuthn.{command}", {"authenticatorId": self.authenticator, **values})

    def adds_a_passkey(self):
        self.go("/securite")
        self.press("Ajouter une clé d'accès")
        self.sees("Retirer cette clé")

    def signs_out(self, *, came_from_the_provider=False):
        """And is at `/connexion` again: by the provider's own way out, or by the link."""
        self.go("/deconnexion")
        self.press("Me déconnecter")
        if came_from_the_provider:
            self.page.wait_for_url(f"{self.served.address}/connexion?*")
        else:
            self.sees("Vous êtes déconnecté")
            self.go("/connexion")


@pytest.fixture
def person(served, chromium):
    return Person(served, chromium)


def test_a_passkey_is_added_lets_in_and_is_removed(person):
    person.creates()
    person.takes_an_authenticator()
    person.adds_a_passkey()
    (held,) = person.tells("getCredentials")["credentials"]
    assert held["isResidentCredential"]
    assert held["rpId"] == "localhost"
    person.signs_out(came_from_the_provider=True)
    person.press("Utiliser ma clé d'accès")
    person.page.wait_for_url(person.served.address + "/")
    person.go("/securite")
    person.sees("Utilisée le")
    person.press("Retirer cette clé")
    person.sees("Vous n'avez pas de clé d'accès")
    person.signs_out()
    person.press("Utiliser ma clé d'accès")
    person.sees("La connexion n'a pas abouti")
    assert person.complaints == []
    assert person.hosts <= {person.served.address, person.served.issuer}


def test_without_user_verification_nobody_is_let_in(person):
    person.creates()
    person.takes_an_authenticator()
    person.adds_a_passkey()
    person.signs_out(came_from_the_provider=True)
    person.tells("setUserVerified", isUserVerified=False)
    person.press("Utiliser ma clé d'accès")
    person.sees("La clé d'accès n'a pas été utilisée")
    person.go("/")
    assert "/connexion" in person.page.url


def test_a_copy_whose_counter_is_behind_is_refused_and_ends_the_passkey(person):
    person.creates()
    person.takes_an_authenticator()
    person.adds_a_passkey()
    for by_provider in (True, False):
        person.signs_out(came_from_the_provider=by_provider)
        person.press("Utiliser ma clé d'accès")
        person.page.wait_for_url(person.served.address + "/")
    (held,) = person.tells("getCredentials")["credentials"]
    person.tells("clearCredentials")
    person.tells("addCredential", credential={**held, "signCount": 0})
    person.signs_out()
    person.press("Utiliser ma clé d'accès")
    person.sees("La connexion n'a pas abouti")
    person.tells("clearCredentials")
    person.tells("addCredential", credential={**held, "signCount": 100})
    with person.page.expect_navigation():
        person.press("Utiliser ma clé d'accès")
    person.sees("La connexion n'a pas abouti")
    person.signs_in_at_the_provider()
    person.go("/securite")
    person.sees("Vous n'avez pas de clé d'accès")


def test_without_script_one_signs_in_and_chooses_all_the_same(served, chromium):
    person = Person(served, chromium, java_script_enabled=False)
    person.creates()
    person.go("/securite")
    assert not person.page.get_by_role("button", name=set_("Ajouter une clé d'accès")).is_visible()
    person.sees("Votre navigateur ne sait pas ajouter une clé d'accès ici")
    person.signs_out(came_from_the_provider=True)
    person.go("/")
    assert "/connexion" in person.page.url


@pytest.mark.parametrize("width", [320, 390, 1440])
def test_pages_of_signing_in_fit_every_width(served, chromium, width):
    person = Person(served, chromium)
    person.page.set_viewport_size({"width": width, "height": 844})
    for path in ("/connexion", "/activation", "/activation/code"):
        person.go(path)
        assert person.page.evaluate("document.documentElement.scrollWidth") <= width, path
    person.signs_in_at_the_provider()
    person.sees("Votre choix")
    assert person.page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = [
        person.page.get_by_role("button", name=name, exact=True).bounding_box()
        for name in ("Utiliser mon espace", "Fermer mon espace")
    ]
    assert {round(one["width"]) for one in boxes} == {round(boxes[0]["width"])}
    assert {round(one["height"]) for one in boxes} == {round(boxes[0]["height"])}
    assert person.complaints == []
