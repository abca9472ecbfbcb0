"""A space in which people really sign in: the demonstration's identity provider beside it, browsers with cookies, time as the test says."""

from __future__ import annotations

import asyncio
import base64
import html
import json
import re
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from carnet.audit.trail import read_trail
from carnet.clock import system_clock
from carnet.config import load
from carnet.demo.identity_provider import DemonstrationProvider
from carnet.demo.people import PATIENTS
from carnet.identity.patients import find
from carnet.platform import build
from carnet.portal.mounting import patient_space
from carnet.portal.patient.sign_in_setup import open_sign_in
from carnet.record.custody import Custody
from carnet.record.gate import Gate
from carnet.record.space_sessions import present
from carnet.soap.ebrim_render import EbrimRenderer

ADDRESS = "https://space.test"
ISSUER = "http://127.0.0.1:9"
SECRET = "a secret that is shared with the demonstration"
HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


@dataclass
class Browser:
    """One browser: keeps cookies, follows nothing by itself."""

    app: object
    cookies: dict[str, str] = field(default_factory=dict)
    agent: str = "Mozilla/5.0 (Android 15; Mobile) Firefox/140.0"

    def ask(self, method, path, *, data=None, **headers):
        async def asked():
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url=ADDRESS, cookies=self.cookies) as client:
                return await client.request(method, path, data=data, headers={"user-agent": self.agent, **headers})

        answer = asyncio.run(asked())
        for line in answer.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            value = rest.partition(";")[0].strip('"')
            gone = "max-age=0" in line.lower()
            self.cookies.pop(name, None)
            if not gone:
                self.cookies[name] = value
        return answer

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def send(self, path, page, fields=None, **headers):
        """Sends the form of a page that goes to this path."""
        form = next(one for one in re.split(r"<form", page.text) if f'action="{path}"' in one)
        hidden = {name: html.unescape(value) for name, value in HIDDEN.findall(form)}
        return self.ask("POST", path, data={**hidden, **(fields or {})}, **{"origin": ADDRESS, **headers})


@dataclass
class SignInHouse:
    """The space, its provider and its people. `offset` in microseconds is how far ahead of the machine's its clock is."""

    home: object
    settings: dict
    offset: int = 0
    address: str = ADDRESS
    issuer: str = ISSUER

    def __post_init__(self):
        key = generate_private_key(SECP256R1())
        (self.home / "oidc.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        (self.home / "oidc-secret").write_text(SECRET + "\n")
        usual = {
            "space_origin": self.address,
            "oidc_issuer": self.issuer,
            "oidc_client_id": "carnet",
            "oidc_client_secret_file": "oidc-secret",
            "oidc_decryption_keys": ("oidc.pem",),
        }
        settings = replace(load(self.home, {}), **{**usual, **self.settings})
        self.platform = build(settings, EbrimRenderer(), clock=self.now)
        self.gate = Gate(self.platform)
        self.door = open_sign_in(self.gate, lambda scope: scope["client"][0])
        self.app = patient_space(self.gate, self.door)
        self.provider = self.door.provider
        self.idp = DemonstrationProvider(
            self.issuer,
            PATIENTS,
            client_id="carnet",
            client_secret=SECRET,
            redirect_uri=f"{self.address}/connexion/retour",
            logout_uri=f"{self.address}/connexion",
            client_keys=self.provider.published_keys(),
            backchannel_uri=f"{self.address}/connexion/fin",
        )
        self.idp_app = self.idp.application()
        if self.issuer == ISSUER:
            self.provider.fetcher.transport = httpx.ASGITransport(app=self.idp_app)

    def now(self):
        return system_clock() + self.offset

    def browser(self, **cookies):
        return Browser(self.app, dict(cookies))

    def close(self):
        self.platform.close()

    def custody(self):
        return Custody(self.gate, "operator:test")

    def activated(self, patient):
        self.custody().activate(patient.identifier)
        return patient

    def choose(self, url, patient):
        """What a person does at the provider: chooses who to be. Returns the way back."""

        async def chosen():
            transport = httpx.ASGITransport(app=self.idp_app)
            async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
                page = await client.get(url)
                query = html.unescape(re.search(r'name="query" value="([^"]*)"', page.text)[1])
                form = {"query": query, "person": patient.identifier.value}
                return (await client.post("/choose", data=form)).headers["location"]

        back = asyncio.run(chosen())
        return back.removeprefix(ADDRESS)

    def at_provider(self, url):
        async def asked():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self.idp_app), base_url=ISSUER) as client:
                return await client.get(url)

        return asyncio.run(asked())

    def sign_in(self, patient, browser=None):
        """A browser in which the person signed in by the provider."""
        browser = browser or self.browser()
        sent = browser.get("/connexion/fournisseur")
        assert sent.status_code == 303, sent.text
        answer = browser.get(self.choose(sent.headers["location"], patient))
        return SimpleNamespace(browser=browser, answer=answer)

    def provider_session(self, cookie):
        """The `sid` of the ID token by which a session began."""
        who = present(self.gate, cookie)
        key = self.platform.keyring.patient_key(who.patient.pseudonym)
        claims = who.session.details(key).id_token.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sid"]

    def trail(self, patient):
        """The lines of a person's trace that signing in left: (action, outcome, detail)."""

        def read(connection):
            known = find(connection, self.platform.keyring, patient.identifier)
            key = self.platform.keyring.patient_key(known.pseudonym)
            return list(read_trail(connection, known.patient_key, key))

        lines = self.gate.read(read)
        return [(one["action"], one["outcome"], one["detail"]) for one in lines if one["action"].startswith("sign-in/")]


def query_of(url):
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
