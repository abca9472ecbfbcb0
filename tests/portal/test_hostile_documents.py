"""Documents made to do harm, put into a record as any other and opened in Chromium on every page that shows them (security T15).

No script runs, no dialog opens, no other host is asked, and nothing leaves the portal under a kind that browsers act on.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from lxml import etree

from carnet.cda import contents
from carnet.client.feeding import from_cda, submission_of
from carnet.clock import DAY, SECOND
from carnet.demo.people import MEDECIN_TRAITANT, PAT_TROIS
from carnet.errors import CarnetError
from carnet.portal.patient import reading_pages
from carnet.record.submission import prepare_submission, submit

sys.path.insert(0, str(Path(__file__).parent))

from chromium import PATIENCE, PROGRAM, browse
from hostile_documents import refused_at_the_door, sent

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed: `make packages` installs it"),
    pytest.mark.slow,
]
ONE_PROCESS = "--disable-features=IsolateSandboxedIframes"
"""A sandboxed frame stays in its page's process: what it may do is the same, and no process is started for each."""
QUIET_KINDS = {
    "application/octet-stream",
    "application/pdf",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "text/plain; charset=utf-8",
}
ACTIVE = """() => {
  const found = document.documentElement.dataset.ran ? ['ran'] : [];
  const elements = ['script', 'iframe', 'frame', 'object', 'embed', 'applet', 'base', 'svg', 'math', 'template', 'video', 'audio'];
  const places = ['href', 'src', 'srcdoc', 'data', 'action', 'formaction', 'background', 'xlink:href'];
  for (const one of document.querySelectorAll('*')) {
    const paper = one.localName === 'iframe' && one.className === 'paper' && one.getAttribute('sandbox') === '';
    const ours = paper || (one.getAttribute('src') || '').startsWith('/static/');
    if (elements.includes(one.localName) && !ours) found.push(one.localName);
    for (const { name, value } of one.attributes) {
      if (name.startsWith('on') || name === 'srcdoc' || name === 'style') found.push(name);
      const scheme = places.includes(name) && /^[\\s\\0]*([a-z.+-]+):/i.exec(value.replace(/[\\t\\r\\n]/g, ''));
      if (scheme && scheme[1] !== 'https' && !value.startsWith('data:image/webp;base64,')) found.push(`${name}=${scheme[1]}`);
    }
  }
  return found;
}"""
"""What of a page could act, or did. Pages of ours hold the scripts under /static/ and one frame without permissions."""


def put(house, content):
    """The document in the record, by the act of any submission; its uniqueId."""
    house.now += SECOND
    requester = house.caller(MEDECIN_TRAITANT, PAT_TROIS)
    caller = house.stage.callers[MEDECIN_TRAITANT.identifier]
    made = submission_of((from_cda(content),), caller, house.now, signed=False)
    act = submit(prepare_submission(house.platform, requester, made), requester)
    return house.gate.perform_now(requester, act).entries[0].unique_id


@pytest.fixture
def space(open_house):
    return open_house(tls_enabled=False, declared_proxies=())


class Onlooker:
    """A browser in which the patient is signed in, and what went wrong in it."""

    def __init__(self, chromium, address, who):
        self.address, self.faults, self.opened = address, [], 0
        self.context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="fr-FR")
        self.context.set_default_timeout(PATIENCE)
        self.context.add_cookies([{"name": "who", "value": who, "url": address}])
        self.context.on("request", self._asked)
        self.page = self.context.new_page()
        self.page.on("dialog", self._opened)
        self.name = ""

    def _asked(self, request):
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "about"} and f"{parts.scheme}://{parts.netloc}" != self.address:
            self.faults.append(f"{self.name}: asked {request.url[:80]}")

    def _opened(self, dialog):
        self.faults.append(f"{self.name}: dialog {dialog.message}")
        dialog.dismiss()

    def look(self, name, path):
        """Opens a page, and looks at it and at the frames in it."""
        self.name = f"{name} at {path.rpartition('/')[2]}"
        self.page.goto(self.address + path)
        self.opened += 1
        for frame in self.page.frames:
            self.faults += [f"{self.name}: {one}" for one in frame.evaluate(ACTIVE)]
        return len(self.page.frames) > 1

    def take(self, name, path):
        """Asks for the original as a link does, and as a page that is opened."""
        answer = self.context.request.get(self.address + path)
        headers = answer.headers
        sound = (
            headers["content-type"] in QUIET_KINDS
            and re.fullmatch(r'attachment; filename="[a-z0-9][a-z0-9.-]*"', headers["content-disposition"])
            and headers["x-content-type-options"] == "nosniff"
            and "sandbox" in headers["content-security-policy"]
            and "script-src" not in headers["content-security-policy"]
        )
        if not sound:
            self.faults.append(f"{name}: original as {headers}")

    def visit(self, name, unique_id):
        """Every page of one document; the page about it, which knows nothing of its body, where something else is hostile."""
        here = f"/documents/{quote(unique_id, safe='')}"
        if not name.startswith(("narrative: ", "picture: ", "in disguise: ")):
            self.look(name, here)
        if self.look(name, f"{here}/lecture"):
            self.look(name, f"{here}/lecture/cadre")
        self.take(name, f"{here}/original")


def looked_at(space, kept):
    """Chromium on every page of these documents and on those that list them."""
    who, found = space.doorkeeper.sign_in(PAT_TROIS), []

    def walk(chromium, address):
        onlooker = Onlooker(chromium, address, who)
        found.append(onlooker)
        for name, unique_id in kept.items():
            onlooker.visit(name, unique_id)
        for path in ("/", *(f"/documents?depuis={start}" for start in range(0, len(kept), 30))):
            onlooker.look("list", path)

    browse(space.app, walk, ONE_PROCESS)
    return found[0]


@pytest.mark.timeout(600)
def test_nothing_of_a_hostile_document_runs_on_any_page(space):
    kept = {name: put(space, content) for name, content in sent(space.now - DAY).items()}
    assert len(kept) >= 60
    seen = looked_at(space, kept)
    assert seen.faults == []
    assert seen.opened >= len(kept) + 80


def test_what_the_door_turns_away_would_be_as_harmless_inside(space):
    for name, content in refused_at_the_door(space.now - DAY).items():
        with pytest.raises(CarnetError):
            put(space, content)
        view = reading_pages.view_of(content, 1, "fr")
        assert view.kind == "nothing", name


def _copied(element, _figure):
    """A renderer without its filter, as stylesheets of 2014 were: what stands in the document stands in the page."""
    inner = b"".join(etree.tostring(one) for one in element).decode()
    return re.sub(r' xmlns(:\w+)?="[^"]*"|(?<=<)(/?)\w+:', r"\2", (element.text or "") + inner)


@pytest.mark.parametrize("framed", [True, False], ids=["in its frame", "without its frame"])
def test_control_a_renderer_without_its_filter_is_caught(space, monkeypatch, framed):
    monkeypatch.setattr(contents, "safe_html", _copied)
    if not framed:
        monkeypatch.setattr(reading_pages, "PAGE_POLICY", "default-src * data: 'unsafe-inline'")
    chosen = ("narrative: script", "narrative: attributes of a table", "narrative: media")
    hostile = sent(space.now - DAY)
    seen = looked_at(space, {name: put(space, hostile[name]) for name in chosen})
    assert any("narrative: script at cadre: script" in one for one in seen.faults)
    assert any("onclick" in one for one in seen.faults)
    ran = [one for one in seen.faults if "dialog" in one or "ran" in one]
    assert bool(ran) is not framed


def test_control_an_original_that_is_served_to_be_shown_is_caught(space, monkeypatch):
    monkeypatch.setattr("carnet.portal.patient.document_pages.NOTHING_RUNS", "default-src 'self'; script-src 'self'")
    hostile = sent(space.now - DAY)
    seen = looked_at(space, {"page": put(space, hostile["in disguise: page"])})
    assert len(seen.faults) == 1
