"""The page behind a code, as a stranger's phone gets it; and what goes from a device when somebody signs out or somebody else signs in."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from carnet.clock import MINUTE
from carnet.demo.people import NESSI, PAT_TROIS
from carnet.record.own_card import OwnCard
from carnet.record.own_profile import OwnProfile

sys.path.insert(0, str(Path(__file__).parent))

from sign_in_house import ADDRESS

READING = "/urgence/lecture/"
WIPED = '"cache", "storage"'


@pytest.fixture
def house(open_sign_in_house):
    house = open_sign_in_house()
    house.activated(PAT_TROIS)
    house.activated(NESSI)
    desk = OwnProfile(house.gate, "operator:tests")
    for patient, allergy in ((PAT_TROIS, "Pénicilline"), (NESSI, "Arachide")):
        ins = patient.identifier
        named = [desk.declare(ins, "allergies", {"name": allergy}), desk.declare(ins, "blood", {"group": "O-"})]
        desk.declare(ins, "diseases", {"name": "Maladiemarquante"})
        OwnCard(house.gate, "operator:tests").choose(ins, frozenset({*named, "name"}))
    return house


def code(house, patient=PAT_TROIS, kind="screen"):
    return OwnCard(house.gate, "operator:tests").make_code(patient.identifier, kind).token


def test_a_stranger_reads_the_card_and_nothing_else(house):
    stranger = house.browser()
    answer = stranger.get(READING + code(house))
    assert answer.status_code == 200
    assert "Pénicilline" in answer.text
    assert "Dominique PAT-TROIS" in answer.text
    assert "Maladiemarquante" not in answer.text
    assert PAT_TROIS.identifier.value not in answer.text
    assert 'href="/' not in answer.text.replace('href="/static/', "")
    assert stranger.cookies == {}


def test_the_page_is_kept_indexed_and_referred_by_nobody(house):
    for token in (code(house), "A" * 32):
        answer = house.browser().get(READING + token)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"].startswith("noindex")
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "<script" not in answer.text
        assert token not in answer.text


def test_expired_stopped_and_guessed_get_the_same_answer(house):
    expired = code(house)
    house.offset += 16 * MINUTE
    stopped = code(house)
    desk = OwnCard(house.gate, "operator:tests")
    desk.end_code(PAT_TROIS.identifier, desk.desk(PAT_TROIS.identifier).codes[0].code_id)
    answers = [house.browser().get(READING + token) for token in (expired, stopped, "A" * 32, "x", "%00", "A" * 500)]
    assert {(one.status_code, one.text) for one in answers} == {(404, answers[0].text)}
    assert "Ce code ne montre rien" in answers[0].text
    assert "appelez le 15" in answers[0].text


def test_who_tries_too_many_is_told_to_come_back(open_sign_in_house, house):
    limited = open_sign_in_house(sign_in_tries_address=2)
    for status in (404, 404, 429):
        assert limited.browser().get(f"{READING}{'A' * 32}").status_code == status
    assert limited.browser().get(READING + code(limited)).status_code == 429


@pytest.mark.parametrize(
    "header", [{"sec-purpose": "prefetch"}, {"sec-purpose": "prefetch;prerender"}, {"purpose": "prefetch"}]
)
def test_a_browser_that_fetches_ahead_is_given_nothing_and_leaves_no_line(house, header):
    token = code(house)
    for answer in (house.browser().get(READING + token, **header), house.browser().ask("HEAD", READING + token)):
        assert (answer.status_code, answer.content) == (503, b"")
    assert OwnCard(house.gate, "operator:tests").desk(PAT_TROIS.identifier).codes[0].readings == 0


def test_a_signed_in_stranger_reads_as_a_stranger(house):
    other = house.sign_in(NESSI).browser
    answer = other.get(READING + code(house))
    assert "Pénicilline" in answer.text
    assert "Arachide" not in answer.text
    assert "/deconnexion" not in answer.text


def test_the_page_speaks_the_readers_language(house):
    answer = house.browser().get(READING + code(house), **{"accept-language": "en"})
    assert "Emergency card" in answer.text
    assert "Blood group" in answer.text


# --- what a device keeps --------------------------------------------------------------------------------------------


def kept(house, browser):
    page = browser.get("/urgence")
    token = page.text.partition('name="jeton" value="')[2].partition('"')[0]
    return browser.ask("POST", "/urgence/garder", data={"jeton": token}, origin=ADDRESS)


def test_signing_out_wipes_what_the_device_keeps(house):
    browser = house.sign_in(PAT_TROIS).browser
    assert kept(house, browser).status_code == 200
    assert any("gardee" in name for name in browser.cookies)
    answer = browser.send("/deconnexion", browser.get("/deconnexion"))
    assert answer.headers["clear-site-data"] == WIPED
    assert not any("gardee" in name for name in browser.cookies)


def test_somebody_else_who_signs_in_wipes_it_and_the_same_person_does_not(house):
    browser = house.sign_in(PAT_TROIS).browser
    kept(house, browser)
    del browser.cookies["__Host-seance"]  # the session ended by itself: nobody signed out
    assert browser.get("/").status_code == 303
    again = house.sign_in(PAT_TROIS, browser)
    assert again.answer.headers["location"] == "/"
    assert "clear-site-data" not in again.answer.headers
    del browser.cookies["__Host-seance"]
    other = house.sign_in(NESSI, browser)
    assert other.answer.headers["clear-site-data"] == WIPED
    assert not any("gardee" in name for name in browser.cookies)


def test_nothing_is_wiped_where_nothing_was_kept(house):
    assert "clear-site-data" not in house.sign_in(PAT_TROIS).answer.headers


# --- what makes it an application -----------------------------------------------------------------------------------


def test_the_manifest_names_what_an_installation_needs(house):
    stranger = house.browser()
    answer = stranger.get("/manifest.webmanifest")
    assert answer.headers["content-type"] == "application/manifest+json"
    said = answer.json()
    assert (said["start_url"], said["scope"], said["display"]) == ("/", "/", "standalone")
    assert {"192x192", "512x512"} <= {one["sizes"] for one in said["icons"]}
    assert "maskable" in {one["purpose"] for one in said["icons"]}
    for icon in said["icons"]:
        served = stranger.get(icon["src"])
        assert served.headers["content-type"] == icon["type"]
        if icon["type"] == "image/png":
            width, height = (int.from_bytes(served.content[at : at + 4]) for at in (16, 20))
            assert f"{width}x{height}" == icon["sizes"]


def test_the_worker_and_its_page_know_nobody(house):
    signed = house.sign_in(PAT_TROIS).browser
    for path in ("/travailleur.js", "/hors-ligne", "/manifest.webmanifest"):
        assert signed.get(path).content == house.browser().get(path).content
        assert "PAT-TROIS" not in signed.get(path).text
    worker = house.browser().get("/travailleur.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    assert worker.headers["cache-control"] == "no-cache"
    named = worker.text.partition("ASSETS = [")[2].partition("]")[0].replace('"', "").split(", ")
    assert len(named) == 5
    for one in named:
        assert house.browser().get(one).status_code == 200
