"""The patient's space within this process, on a home of the test's own; who is signed in is what the test says.

The product has no such thing: sessions are given to the space when it is built, and here a test builds it.
"""

from __future__ import annotations

import asyncio
import re
import sys
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest

from carnet.client.feeding import from_cda, submission_of
from carnet.clock import DAY, SECOND, system_clock
from carnet.config import load
from carnet.demo import documents
from carnet.demo.documents import Draft
from carnet.demo.people import MEDECIN_TRAITANT, PAT_TROIS
from carnet.identity.sessions import Level
from carnet.platform import build
from carnet.portal.mounting import patient_space
from carnet.portal.person import Person
from carnet.record.extract_filling import fill_fresh
from carnet.record.gate import Gate
from carnet.record.patient_acts import PatientActs
from carnet.record.retrieval import Wanted, retrieve
from carnet.record.step_up import Assurance
from carnet.record.submission import prepare_submission, submit
from carnet.requester import Authentication, CardClass, Requester

sys.path.insert(0, str(Path(__file__).parent))

from pro_sign_in_house import ProSignInHouse
from sign_in_house import SignInHouse

from carnet.soap.ebrim_render import EbrimRenderer

ADDRESS = "https://space.test"
JUST_NOW = Assurance(Level.STRONG, 2**62)
"""Somebody who has always just signed in by two factors."""


class Doorkeeper:
    """Says who the browser of a test is: the person whose INS stands under its cookie."""

    def __init__(self) -> None:
        self.known: dict[str, Person] = {}

    def sign_in(self, patient) -> str:
        name = f"session-{len(self.known)}"
        self.known[name] = Person(patient.identifier, name.encode() * 4, JUST_NOW)
        return name

    def person(self, request):
        return self.known.get(request.cookies.get("who", ""))

    def routes(self):
        return ()


class Fields(HTMLParser):
    """The hidden fields of a page's forms, form by form, by their actions."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        about = dict(attrs)
        if tag == "form":
            self.forms.append((about.get("action", ""), {}))
        elif tag == "input" and self.forms and about.get("type") == "hidden":
            self.forms[-1][1][about["name"]] = about.get("value", "")


@dataclass
class Page:
    """What a browser got."""

    status: int
    text: str
    headers: httpx.Headers
    content: bytes = b""

    @property
    def words(self) -> str:
        """The text without tags, blanks made one, with plain apostrophes."""
        return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", self.text)).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")

    @property
    def plain(self) -> str:
        """The same with plain blanks and apostrophes."""
        return re.sub(r"\s+", " ", self.words).replace("\u2019", "'")

    def fields(self, action: str) -> dict[str, str]:
        """The hidden fields of the first form that goes there."""
        return next(fields for target, fields in Fields(self.text).forms if target == action)


@dataclass
class Browser:
    """One browser: keeps its cookies, follows nothing by itself."""

    app: Any
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, *, headers=None, data=None, **sent) -> Page:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url=ADDRESS, cookies=self.cookies) as client:
                return await client.request(method, path, headers=headers, data=data, **sent)

        answer = asyncio.run(asked())
        self.cookies.update(answer.cookies)
        return Page(answer.status_code, answer.text, answer.headers, answer.content)

    def get(self, path: str, **headers: str) -> Page:
        return self.ask("GET", path, headers=headers)

    def send(self, path: str, fields: dict[str, str], **headers: str) -> Page:
        """Sends a form from a page of ours."""
        return self.ask("POST", path, headers={"origin": ADDRESS, **headers}, data=fields)

    def send_files(self, path: str, fields: dict[str, str], *files: bytes | tuple[str, bytes]) -> Page:
        """Sends a form with files from a page of ours; a file is bytes, or a name with bytes."""
        named = [("fichiers", one if isinstance(one, tuple) else (f"f{n}", one)) for n, one in enumerate(files)]
        given = named or [("fichiers", ("", b""))]
        return self.ask("POST", path, headers={"origin": ADDRESS}, data=fields, files=given)


@dataclass
class House:
    """A space on a home, browsers on it, and professionals who put documents in and read them; time is as the test says."""

    stage: Any
    platform: Any = None
    gate: Any = None
    doorkeeper: Doorkeeper = field(default_factory=Doorkeeper)
    app: Any = None
    now: int = field(default_factory=system_clock)

    def caller(self, who=MEDECIN_TRAITANT, patient=PAT_TROIS, **changes):
        """A requester as authentication would give it."""
        about = {
            "identifier": who.identifier,
            "name": who.name,
            "organization_id": who.organization.identifier,
            "sector": who.organization.sector,
            "authentication": Authentication.DIRECT,
            "card": CardClass.PROFESSIONAL,
            "profession": who.profession,
            "specialty": who.specialty,
            "patient": patient.identifier,
            "certificate": "c" * 64,
        }
        return Requester(**{**about, **changes})

    def add(self, title="Bilan", *, by=MEDECIN_TRAITANT, patient=PAT_TROIS, masks=(), made=None, **about):
        """A document, put in by a professional as software does; its entry as registered. `made` makes its bytes from its draft."""
        self.now += SECOND
        draft = Draft(**{"created": self.now - DAY, "title": title, "author": by, "patient": patient, **about})
        content = made(draft) if made is not None else documents.level_1(draft, media_type="text/plain")
        sent = from_cda(content, masks=masks)
        requester = self.caller(by, patient)
        made = submission_of((sent,), self.stage.callers[by.identifier], self.now, signed=False)
        act = submit(prepare_submission(self.platform, requester, made), requester)
        return self.gate.perform_now(requester, act).entries[0]

    def index(self):
        """Reads for the search what was put in, as the server does a second later; how many documents were read."""
        return asyncio.run(fill_fresh(self.gate, 1_000))

    def read(self, entry, *, by=MEDECIN_TRAITANT, patient=PAT_TROIS, **changes):
        """A professional reads a document; what is given, or why not."""
        self.now += SECOND
        wanted = (Wanted(self.platform.settings.repository_unique_id, entry.unique_id),)
        return self.gate.perform_now(self.caller(by, patient, **changes), retrieve(wanted))[0]

    @property
    def acts(self):
        """The acts of the patient's side by another hand than the space's."""
        return PatientActs(self.gate, "operator:tests")

    def browser(self, patient=None, **cookies: str) -> Browser:
        """A browser in which a patient is signed in, or nobody."""
        who = {"who": self.doorkeeper.sign_in(patient)} if patient is not None else {}
        return Browser(self.app, {**who, **cookies})


@pytest.fixture
def open_house(first_stage, home):
    """Opens the home's space with some settings."""
    opened = []

    def open_it(**settings):
        opened.append(opened_home(first_stage, home, **settings))
        return opened[-1]

    yield open_it
    for house in opened:
        house.platform.close()


def opened_home(stage, home, **settings):
    """The space over a home, with some settings. Whoever opens it closes its platform."""
    house = House(stage)
    chosen = replace(load(home, {}), **{"submission_signature_required": False, **settings})
    house.platform = build(chosen, EbrimRenderer(), clock=lambda: house.now)
    house.gate = Gate(house.platform)
    house.app = patient_space(house.gate, house.doorkeeper)
    return house


@pytest.fixture(scope="module")
def open_home(first_stage):
    """Opens homes that a module made, each with its time."""
    opened = []

    def open_it(home, now):
        opened.append(opened_home(first_stage, home))
        opened[-1].now = now
        return opened[-1]

    yield open_it
    for house in opened:
        house.platform.close()


@pytest.fixture
def house(open_house):
    return open_house()


@pytest.fixture
def open_sign_in_house(home):
    """Opens the space over a demonstration's home with the settings given, as often as a test asks."""
    opened = []

    def open_it(**settings):
        opened.append(SignInHouse(home, settings))
        return opened[-1]

    yield open_it
    for house in opened:
        house.close()


@pytest.fixture
def open_pro_sign_in_house(home):
    """Opens the professional's pages over a demonstration's home with the settings given, as often as a test asks."""
    opened = []

    def open_it(**settings):
        opened.append(ProSignInHouse(home, settings))
        return opened[-1]

    yield open_it
    for house in opened:
        house.close()
