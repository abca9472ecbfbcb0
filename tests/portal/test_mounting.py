"""The space as it is mounted: every page needs a person but those that say so, every answer has its headers, every error is a sentence."""

from __future__ import annotations

import httpx
import pytest

from carnet.demo.people import PAT_TROIS
from carnet.portal.security_headers import ALWAYS

PUBLIC = {"/static/{name}", "/langue/{code}", "/connexion", "/aide", "/mentions", "/accessibilite"}
PUBLIC |= {"/manifest.webmanifest", "/travailleur.js", "/hors-ligne"}
"""What anybody may ask for."""


def routes(house):
    return house.app.routes


def test_every_page_needs_a_person_but_those_that_are_listed(house):
    browser = house.browser()
    asked = set()
    for route in routes(house):
        path = route.path
        if path in PUBLIC:
            continue
        address = path.replace("{document}", "1.2.3").replace("{name}", "x")
        for method in route.methods - {"HEAD"}:
            answer = browser.ask(method, address, data={} if method == "POST" else None)
            assert answer.status == 303, (method, path)
            assert answer.headers["location"].startswith("/connexion")
            asked.add(path)
    assert "/" in asked


def test_every_answer_has_the_headers(house):
    browser = house.browser(PAT_TROIS)
    for path in ("/", "/connexion", "/nothing", "/static/nothing.css"):
        answer = browser.get(path)
        for name, value in ALWAYS.items():
            assert answer.headers[name] == value, (path, name)
    assert "unsafe" not in ALWAYS["content-security-policy"]


def test_who_is_not_signed_in_is_led_to_sign_in_and_back(house):
    browser = house.browser()
    assert browser.get("/").headers["location"] == "/connexion"
    assert browser.get("/connexion").status == 503


@pytest.mark.parametrize("path", ["/nothing", "/static/x.css", "/.env", "/../etc/passwd", "/%2e%2e/x", "/connexion/"])
def test_what_is_not_there_is_a_page_that_says_so(house, path):
    answer = house.browser(PAT_TROIS).get(path)
    assert answer.status == 404
    if not path.startswith("/static"):
        assert "existe pas" in answer.text


def test_what_fails_is_a_sentence_with_a_reference_that_the_log_has(house, caplog):
    def broken(_request):
        raise ZeroDivisionError

    browser = house.browser(PAT_TROIS)
    house.doorkeeper.person = broken
    answer = browser.get("/")
    assert answer.status == 500
    assert "La panne est de notre côté" in answer.words
    reference = answer.words.split("Référence à donner si vous nous écrivez")[1].split(":")[1].split()[0]
    assert reference in str([record.__dict__ for record in caplog.records])
    assert "ZeroDivisionError" not in answer.text


@pytest.mark.parametrize("suite", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:1", "/a\r\nb"])
def test_a_change_of_language_leads_nowhere_else(house, suite):
    answer = house.browser().get(f"/langue/en?{httpx.QueryParams({'suite': suite})}")
    assert answer.headers["location"] == "/"


def test_pages_speak_the_language_that_was_chosen_then_the_browsers_then_french(house):
    browser = house.browser()
    assert '<html lang="fr"' in browser.get("/connexion").text
    assert '<html lang="en"' in browser.get("/connexion", **{"accept-language": "de,en-GB;q=0.8"}).text
    answer = browser.get("/langue/en?suite=/connexion")
    assert answer.headers["location"] == "/connexion"
    assert '<html lang="en"' in browser.get("/connexion").text


def test_assets_are_kept_for_ever_and_compressed(house):
    browser = house.browser()
    page = browser.get("/connexion").text
    sheet = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = browser.get(sheet)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert "http://" not in answer.text.replace("http://www.w3.org/", "")
    assert "https://" not in answer.text
