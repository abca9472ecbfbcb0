"""The space under admission: its pages wait in turn with care software's requests, each person in a line of their own; masks go first."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from carnet.config import Settings
from carnet.demo.people import NESSI, PAT_TROIS
from carnet.portal.form_protection import MAXIMUM_FORM
from carnet.portal.person import Person
from carnet.record.step_up import Assurance, Level
from carnet.server.admission import Admission
from carnet.server.space_turns import AT_ONCE, STRANGERS, SpaceInTurn, claims_urgency, neighbourhood

PEOPLE = {b"who=patient": PAT_TROIS, b"who=mother": NESSI}
OTHERS = {b"client=a", b"client=b"}


RECORD = "/pro/patients/0123"


def response(status):
    async def answered(_scope, _receive, send):
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return answered


@dataclass
class Pages:
    """A space whose pages last until the test says; `began` are their paths in the order in which they began."""

    began: list = field(default_factory=list)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    bodies: list = field(default_factory=list)

    def __post_init__(self):
        space = SimpleNamespace(
            busy=lambda _request, _seconds: response(503),
            mishap=lambda _request, told: response(told.status),
            somebody=lambda request: PEOPLE.get(request.headers.get("cookie", "").encode()),
        )
        self.state = SimpleNamespace(space=space)

    async def __call__(self, scope, receive, send):
        self.began.append(scope["path"])
        self.bodies.append((await receive())["body"])
        cookie = dict(scope["headers"]).get(b"cookie", b"")
        if cookie in PEOPLE:
            scope.setdefault("state", {})["person"] = Person(
                PEOPLE[cookie].identifier, cookie, Assurance(Level.STRONG, 0)
            )
        if scope["path"].startswith("/slow"):
            await self.release.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"page"})


@dataclass
class House:
    """The space in turn over pages of the test's, and what was answered."""

    settings: dict = field(default_factory=dict)
    pages: Pages = field(default_factory=Pages)
    shed: list = field(default_factory=list)
    measured: list = field(default_factory=list)
    answers: dict = field(default_factory=dict)
    tasks: list = field(default_factory=list)

    def __post_init__(self):
        usual = {"maximum_requests_in_progress": 1, "maximum_waiting_requests": 100, "maximum_waiting_seconds": 60.0}
        settings = Settings(**{**usual, **self.settings})
        operation = SimpleNamespace(
            platform=SimpleNamespace(settings=settings),
            measure=lambda *told: self.measured.append(told[:2]),
            refused=lambda *told: self.shed.append(told),
        )
        self.admission = Admission(settings, shed=lambda *told: self.shed.append(told))
        self.door = SpaceInTurn(self.pages, self.admission, operation)

    async def ask(self, path, *, method="GET", cookie=b"", body=b"", peer="192.0.2.1", slow_reader=None):
        scope = {
            "type": "http", "method": method, "path": path, "query_string": b"", "client": (peer, 1),
            "headers": [(b"cookie", cookie)] if cookie else [],
        }  # fmt: skip
        statuses = []

        async def receive():
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message):
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            elif slow_reader is not None:
                await slow_reader.wait()

        await self.door(scope, receive, send)
        return statuses[0]

    async def later(self, name, path, **how):
        """Asks without waiting for the answer."""

        async def asking():
            self.answers[name] = await self.ask(path, **how)

        self.tasks.append(asyncio.ensure_future(asking()))
        for _ in range(5):
            await asyncio.sleep(0)

    async def finish(self):
        self.pages.release.set()
        await asyncio.gather(*self.tasks)
        assert (self.door.in_progress, self.admission.in_progress) == (0, 0)
        assert not self.door._of_person


def run(test):
    def wrapped():
        asyncio.run(asyncio.wait_for(test(), 60))

    wrapped.__name__ = test.__name__
    return wrapped


@run
async def test_pages_wait_in_turn_and_none_is_begun_beyond_the_limit():
    house = House()
    await house.later("one", "/slow/1", peer="192.0.2.1")
    await house.later("two", "/slow/2", peer="192.0.2.9")
    assert house.pages.began == ["/slow/1"]
    assert house.door.in_progress == 1
    await house.finish()
    assert house.answers == {"one": 200, "two": 200}
    assert house.measured == [("space", "success")] * 2


@run
async def test_what_a_page_is_dressed_with_needs_no_turn():
    house = House()
    await house.later("one", "/slow/1")
    assert await house.ask("/static/space.css") == 200
    await house.finish()


@run
async def test_who_is_refused_gets_a_page_that_says_so_and_nothing_is_begun():
    house = House({"maximum_waiting_requests": 1})
    await house.later("one", "/slow/1")
    await house.later("two", "/slow/2")
    assert await house.ask("/documents") == 503
    assert "/documents" not in house.pages.began
    assert ("ordinary", "full") in house.shed
    await house.finish()


async def full(house):
    """A person is known; one page runs, and the line is full of reads."""
    assert await house.ask("/", cookie=b"who=patient") == 200
    await house.later("running", "/slow/1", peer="192.0.2.7")
    await house.later("read", "/documents", peer="192.0.2.9")


@run
async def test_a_mask_is_not_shed_before_a_read():
    house = House({"maximum_waiting_requests": 1})
    await full(house)
    await house.later("mask", "/documents/1.2.3/masquer", method="POST", cookie=b"who=patient")
    await house.finish()
    assert (house.answers["mask"], house.answers["read"]) == (200, 503)


@run
async def test_control_another_form_is_shed_like_a_read():
    house = House({"maximum_waiting_requests": 1})
    await full(house)
    await house.later("form", "/reglages/adresse", method="POST", cookie=b"who=patient")
    await house.finish()
    assert (house.answers["form"], house.answers["read"]) == (503, 200)


@run
async def test_a_person_has_a_line_of_their_own_whatever_the_network_and_a_stranger_that_of_the_address():
    house = House()
    lines = house.door.lines
    scope = {"headers": [(b"cookie", b"who=patient")], "client": ("192.0.2.1", 1)}
    assert lines.person(scope) == b""
    assert await house.ask("/", cookie=b"who=patient", peer="192.0.2.1") == 200
    known = lines.person(scope)
    assert known
    assert lines.person({**scope, "client": ("203.0.113.4", 9)}) == known
    assert lines.person({**scope, "headers": [(b"cookie", b"who=somebody")]}) == b""
    many = {
        lines.stranger({"headers": [], "client": (f"198.51.{high}.{low}", 1)}) for high in range(8) for low in range(99)
    }
    assert 1 < len(many) <= STRANGERS


def test_an_ipv6_subscriber_is_one_neighbour_and_an_ipv4_address_another():
    assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ffff") != neighbourhood("2001:db8:1::1")
    assert neighbourhood("::ffff:192.0.2.1") == neighbourhood("192.0.2.1") != neighbourhood("192.0.2.2")
    assert neighbourhood("nowhere") == ""


@run
async def test_one_person_has_so_many_pages_at_once_and_takes_none_of_anothers():
    house = House({"maximum_requests_in_progress": 16})
    for cookie in PEOPLE:
        assert await house.ask("/", cookie=cookie) == 200
    for number in range(AT_ONCE):
        await house.later(number, f"/slow/{number}", cookie=b"who=patient")
    assert await house.ask("/one-more", cookie=b"who=patient") == 503
    assert await house.ask("/", cookie=b"who=mother") == 200
    await house.finish()


@run
async def test_a_page_that_is_read_slowly_holds_no_turn():
    house, reading = House(), asyncio.Event()
    await house.later("slow", "/page", slow_reader=reading)
    assert house.pages.began == ["/page"]
    assert house.door.in_progress == 0
    assert await house.ask("/other") == 200
    reading.set()
    await house.finish()


@run
async def test_a_stranger_sends_no_more_than_a_form_and_a_person_may():
    house = House()
    large = b"x" * (MAXIMUM_FORM + 1)
    assert await house.ask("/connexion/code", method="POST", body=large) == 413
    assert house.pages.began == []
    assert await house.ask("/", cookie=b"who=patient") == 200
    assert await house.ask("/documents/ajouter", method="POST", body=large, cookie=b"who=patient") == 200
    assert house.pages.bodies[-1] == large
    assert await house.ask("/ajouter", method="POST", body=large, cookie=b"who=nobody") == 413


@run
async def test_a_person_whom_this_worker_did_not_see_before_may_send_a_file_too():
    house = House()
    large = b"x" * (MAXIMUM_FORM + 1)
    assert await house.ask("/ajouter", method="POST", body=large, cookie=b"who=mother") == 200
    assert house.pages.bodies == [large]


@pytest.mark.parametrize(
    ("method", "path", "urgent"),
    [
        ("POST", "/documents/1.2.3/masquer", True),
        ("POST", "/acces/professionnel", True),
        ("POST", "/acces/choix", True),
        ("GET", "/acces/professionnel", False),
        ("POST", "/documents/1.2.3/demasquer", False),
        ("POST", "/documents/1.2.3/masquer/x", False),
        ("POST", f"{RECORD}/depots/1.2.3/masquer", True),
        ("POST", f"{RECORD}/depots/1.2.3/archiver", False),
        ("POST", f"{RECORD}/documents/1.2.3/changer", False),
    ],
)
def test_what_hides_or_blocks_claims_to_be_urgent(method, path, urgent):
    assert claims_urgency({"method": method, "path": path}) is urgent


@pytest.mark.parametrize(
    ("body", "urgent"),
    [(b"jeton=x&quoi=masquer", True), (b"quoi=archiver", False), (b"quoi=archiver&autre=quoi=masquer", False)],
)
def test_a_professional_s_form_that_masks_claims_to_be_urgent_and_no_other_change(body, urgent):
    assert claims_urgency({"method": "POST", "path": f"{RECORD}/documents/1.2.3/changer"}, body) is urgent


# --- the real application -------------------------------------------------------------------------------------------


def test_the_refusal_is_a_page_with_its_headers_and_when_to_come_back(serve):
    served = serve()
    assert served.get("/aide", peer="192.0.2.1").status == 200
    served.app.state.admission.places = 0
    heard = served.get("/aide", peer="192.0.2.1")
    assert heard.status == 503
    assert 1 <= int(heard.headers[b"retry-after"]) <= 60
    assert b"default-src 'none'" in heard.headers[b"content-security-policy"]
    assert b"Trop de demandes" in heard.body
    sent = served.post(b"", path="/langue/en")
    assert sent.status == 503
    assert b"Rien n" in sent.body


def test_pages_are_counted_by_their_outcome(serve):
    served = serve()
    served.get("/aide", peer="192.0.2.1")
    served.get("/nothing", peer="192.0.2.1")
    text = served.get("/metrics").body.decode()
    assert 'carnet_requests_total{outcome="success",transaction="space"} 1.0' in text
    assert 'carnet_requests_total{outcome="refused",transaction="space"} 1.0' in text


@pytest.mark.parametrize("path", ["/health/ready", "/metrics"])
def test_strangers_are_told_that_readiness_and_figures_are_not_there(serve, path):
    served = serve(operation_addresses=("192.0.2.0/24",), declared_proxies=("127.0.0.1",))
    strange = [("x-forwarded-for", b"203.0.113.9")]
    named = [("x-forwarded-for", b"203.0.113.9, 192.0.2.77")]
    assert served.get(path, peer="203.0.113.9").status == 404
    assert served.get(path, headers=strange).status == 404
    assert served.get(path, headers=[("x-forwarded-for", b"nonsense")]).status == 404
    assert served.get(path, headers=named).status == 200
    assert served.get(path, peer="192.0.2.4").status == 200
    assert served.get(path, peer="::1").status == 200
    assert served.get("/health/live", peer="203.0.113.9").status == 200
