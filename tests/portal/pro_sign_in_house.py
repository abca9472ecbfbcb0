"""The professional's pages in one process: Pro Santé Connect of the demonstration beside them, cards, browsers with cookies, time as the test says."""

from __future__ import annotations

import asyncio
import base64
import html
import json
import re
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import httpx
from cryptography.hazmat.primitives.serialization import Encoding
from sign_in_house import Browser
from starlette.requests import Request

from carnet.audit.trail import read_trail
from carnet.clock import system_clock
from carnet.config import load
from carnet.demo.identity_provider import DemonstrationProvider
from carnet.demo.people import PROFESSIONALS
from carnet.demo.professional_provider import professionals
from carnet.identity.patients import find
from carnet.platform import build
from carnet.portal.professional.pro_mounting import professional_space
from carnet.portal.professional.pro_sign_in_setup import open_pro_sign_in
from carnet.record.gate import Gate
from carnet.soap.ebrim_render import EbrimRenderer

ADDRESS = "https://space.test"
ISSUER = "http://127.0.0.1:9"
CHOICE = re.compile(r'value="([0-9a-f]{24})".*?<small>(.*?)</small>', re.DOTALL)
SECRET = "a secret that is shared with the demonstration"


@dataclass
class ProSignInHouse:
    """The pages, their provider and their people. `offset` in microseconds is how far ahead of the machine's its clock is."""

    home: object
    settings: dict = field(default_factory=dict)
    offset: int = 0
    address: str = ADDRESS
    issuer: str = ISSUER
    certificate: bytes | None = None
    """The client certificate of every connection."""

    def __post_init__(self):
        (self.home / "oidc-secret").write_text(SECRET + "\n")
        usual = {
            "space_origin": self.address,
            "pro_oidc_issuer": self.issuer,
            "pro_oidc_client_id": "carnet",
            "pro_oidc_client_secret_file": "oidc-secret",
        }
        settings = replace(load(self.home, {}), **{**usual, **self.settings})
        self.platform = build(settings, EbrimRenderer(), clock=self.now)
        self.gate = Gate(self.platform)
        self.door = open_pro_sign_in(self.gate, lambda scope: scope["client"][0], lambda _scope: self.certificate)
        self.app = professional_space(self.gate, self.door)
        self.provider = getattr(self.door, "provider", None)
        self.idp = DemonstrationProvider(
            self.issuer,
            professionals(PROFESSIONALS),
            client_id="carnet",
            client_secret=SECRET,
            redirect_uri=f"{self.address}/pro/connexion/retour",
            logout_uri=f"{self.address}/pro/connexion",
            backchannel_uri=f"{self.address}/pro/connexion/fin",
        )
        self.idp_app = self.idp.application()
        if self.provider is not None and self.issuer == ISSUER:
            self.provider.fetcher.transport = httpx.ASGITransport(app=self.idp_app)

    def now(self):
        return system_clock() + self.offset

    def browser(self, **cookies):
        return Browser(self.app, dict(cookies))

    def close(self):
        self.platform.close()

    def insert(self, credential):
        """Puts a card in the reader: every connection shows its certificate from now on; None takes it out."""
        if credential is None:
            self.certificate = None
            return
        self.certificate = credential.certificate.public_bytes(Encoding.DER)

    def choose(self, url, person):
        """What a professional does at the provider: chooses who to be. Returns the way back."""

        async def chosen():
            transport = httpx.ASGITransport(app=self.idp_app)
            async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
                page = await client.get(url)
                query = html.unescape(re.search(r'name="query" value="([^"]*)"', page.text)[1])
                form = {"query": query, "person": person.identifier}
                return (await client.post("/choose", data=form)).headers["location"]

        return asyncio.run(chosen()).removeprefix(ADDRESS)

    def sign_in(self, person, browser=None):
        """A browser in which the professional signed in by the provider."""
        browser = browser or self.browser()
        sent = browser.get("/pro/connexion/psc")
        assert sent.status_code == 303, sent.text
        answer = browser.get(self.choose(sent.headers["location"], person))
        return SimpleNamespace(browser=browser, answer=answer)

    def by_card(self, browser=None):
        """The answer to somebody who signs in by the card that is there."""
        browser = browser or self.browser()
        page = browser.get("/pro/connexion?encore=oui")
        return SimpleNamespace(browser=browser, answer=browser.send("/pro/connexion/carte", page))

    def in_situation(self, person, structure, browser=None):
        """A browser in which somebody with several situations signed in and chose the one of a structure."""
        browser = self.sign_in(person, browser).browser
        page = browser.get("/pro/situation")
        browser.send("/pro/situation", page, {"situation": key_of(page.text, structure.name)})
        return browser

    def lines(self, patient=None):
        """The lines of a person's trace, or those of nobody, as they are opened."""

        def read(connection):
            known = find(connection, self.platform.keyring, patient.identifier) if patient else None
            keyring = self.platform.keyring
            key = keyring.patient_key(known.pseudonym) if known else keyring.actor_key()
            return list(read_trail(connection, known.patient_key if known else None, key))

        return self.gate.read(read)


def key_of(text, structure):
    """The value of the radio button whose label names a structure."""
    return next(one[0] for one in CHOICE.findall(text) if structure in html.unescape(one[1]))


def request_of(house, browser):
    """A request as that browser sends it, for asking the door who it is."""
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    headers = [(b"cookie", cookies.encode())]
    return Request({"type": "http", "headers": headers, "app": house.app, "client": ("127.0.0.1", 1), "path": "/pro"})


def claims_of_token(token):
    """What a token of the provider says, unverified."""
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
