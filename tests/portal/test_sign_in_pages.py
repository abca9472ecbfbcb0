"""Signing in by the pages, at a real OpenID provider: the whole way, and the ways that are barred."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
from pathlib import Path
from urllib.parse import urlencode

import pytest

from carnet.clock import DAY, HOUR, MINUTE
from carnet.demo.identity_provider import of_home
from carnet.demo.people import BOUSSOLE, GIROUETTE, LANTERNE, MIRABELLE, NESSI, PAT_TROIS
from carnet.errors import ConfigurationError

sys.path.insert(0, str(Path(__file__).parent))

from sign_in_house import ADDRESS, query_of

SESSION, DEVICE = "__Host-seance", "__Host-appareil"


@pytest.fixture
def house(open_sign_in_house):
    return open_sign_in_house()


# --- the way in ----------------------------------------------------------------------------------------------------


def test_somebody_signs_in_at_the_provider_accepts_the_terms_and_is_at_home(house):
    came = house.sign_in(PAT_TROIS)
    assert (came.answer.status_code, came.answer.headers["location"]) == (303, "/activation/choix")
    assert came.browser.get("/").status_code == 303, "a session for activation opens nothing else"
    page = came.browser.get("/activation/choix")
    assert "Votre choix, DOMINIQUE PAT-TROIS" in page.text
    without = came.browser.send("/activation/creer", page)
    assert without.status_code == 400
    before = came.browser.cookies[SESSION]
    done = came.browser.send("/activation/creer", page, {"conditions": "oui"})
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert came.browser.cookies[SESSION] != before
    assert came.browser.get("/").status_code == 200
    assert [line[:2] for line in house.trail(PAT_TROIS)] == [
        ("sign-in/provider", "done"),
        ("sign-in/create", "failed"),
        ("sign-in/create", "done"),
    ]


def test_who_is_activated_goes_where_they_wanted_to(house):
    house.activated(PAT_TROIS)
    browser = house.browser()
    asked = browser.get("/connexion?suite=/securite")
    assert asked.status_code == 200
    came = house.sign_in(PAT_TROIS, browser)
    assert came.answer.headers["location"] == "/securite"
    page = browser.get("/securite")
    assert page.status_code == 200
    assert "Firefox, Android" in page.text
    assert browser.get("/connexion").headers["location"] == "/"


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "/\\evil.example", "/a\nb"])
def test_nobody_is_led_elsewhere_after_signing_in(house, wanted):
    house.activated(PAT_TROIS)
    browser = house.browser()
    browser.get(f"/connexion?{urlencode({'suite': wanted})}")
    assert house.sign_in(PAT_TROIS, browser).answer.headers["location"] == "/"


def test_people_born_abroad_and_in_corsica_are_matched(house):
    for person in (LANTERNE, BOUSSOLE, NESSI):
        assert house.sign_in(person).answer.headers["location"] == "/activation/choix"


def test_cookies_are_ours_alone(house):
    house.activated(PAT_TROIS)
    came = house.sign_in(PAT_TROIS)
    lines = [line for line in came.answer.headers.get_list("set-cookie") if "max-age=0" not in line.lower()]
    assert {line.partition("=")[0] for line in lines} >= {SESSION, DEVICE}
    for line in lines:
        assert line.startswith("__Host-")
        for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
            assert word in line
        assert "domain" not in line.lower()
    kept = sqlite3.connect(house.platform.settings.database).execute("SELECT token FROM space_session").fetchall()
    assert len(kept) == 1
    assert came.browser.cookies[SESSION].encode() not in kept[0][0]


# --- what is barred ------------------------------------------------------------------------------------------------


def refused(answer):
    return answer.status_code == 403 and "La connexion n" in answer.text


def test_a_minor_is_told_that_the_representatives_sign_in(house):
    came = house.sign_in(MIRABELLE)
    assert came.answer.status_code == 403
    assert "représentants légaux" in came.answer.text
    assert SESSION not in came.browser.cookies
    assert house.trail(MIRABELLE)[-1][:2] == ("sign-in/provider", "refused")


def test_somebody_whose_traits_are_not_whole_in_our_registry_is_nobody_by_them(house):
    house.idp.server.context.userinfo.db[PAT_TROIS.identifier.value]["birthplace"] = "51216"
    assert refused(house.sign_in(PAT_TROIS).answer)
    assert house.sign_in(GIROUETTE).answer.headers["location"] == "/activation/choix"


def test_a_state_comes_once_and_to_its_own_browser(house):
    house.activated(PAT_TROIS)
    browser, thief = house.browser(), house.browser()
    back = house.choose(browser.get("/connexion/fournisseur").headers["location"], PAT_TROIS)
    thief.get("/connexion/fournisseur")
    assert refused(thief.get(back)), "a code is brought to another browser"
    assert refused(browser.get(back)), "and the state is gone with it"
    came = house.sign_in(PAT_TROIS, browser)
    assert came.answer.status_code == 303
    again = query_of(back)
    assert refused(browser.get(f"/connexion/retour?{urlencode(again)}"))


def test_a_code_of_another_sign_in_is_refused_by_the_provider_and_here(house):
    house.activated(PAT_TROIS)
    browser, other = house.browser(), house.browser()
    mine = query_of(house.choose(browser.get("/connexion/fournisseur").headers["location"], PAT_TROIS))
    stolen = query_of(house.choose(other.get("/connexion/fournisseur").headers["location"], NESSI))
    mixed = urlencode({"state": mine["state"], "code": stolen["code"]})
    assert refused(browser.get(f"/connexion/retour?{mixed}")), "PKCE and nonce are of the other"
    assert SESSION not in browser.cookies


def test_a_sign_in_that_took_too_long_is_refused(house):
    browser = house.browser()
    back = house.choose(browser.get("/connexion/fournisseur").headers["location"], PAT_TROIS)
    house.offset += 11 * MINUTE
    assert refused(browser.get(back))


@pytest.mark.parametrize(
    ("said", "words"), [("access_denied", "Vous avez interrompu"), ("server_error", "a pas abouti")]
)
def test_what_the_provider_says_went_wrong_is_told_without_its_words(house, said, words):
    browser = house.browser()
    state = query_of(browser.get("/connexion/fournisseur").headers["location"])["state"]
    answer = browser.get(f"/connexion/retour?{urlencode({'state': state, 'error': said, 'error_description': '<b>x'})}")
    assert words in answer.text
    assert "<b>x" not in answer.text


def test_another_site_does_not_begin_a_sign_in(house):
    browser = house.browser()
    answer = browser.get("/connexion/fournisseur", **{"sec-fetch-site": "cross-site"})
    assert answer.status_code == 200
    assert "__Host-visite" not in browser.cookies


def test_a_provider_that_is_away_is_told_with_the_hour_and_other_ways(house):
    house.provider.fetcher.transport = None
    answer = house.browser().get("/connexion/fournisseur")
    assert answer.status_code == 503
    assert "ne répond pas depuis" in answer.text
    assert "clé d" in answer.text


@pytest.mark.parametrize("cookie", ["", "x", "a" * 43, "%01", "a" * 5000])
def test_a_cookie_that_is_no_session_is_nobody(house, cookie):
    assert house.browser(**{SESSION: cookie}).get("/").status_code == 303


# --- the life of a session -----------------------------------------------------------------------------------------


def test_a_session_ends_when_it_is_not_used_and_in_any_case_after_its_hours(house):
    house.activated(PAT_TROIS)
    browser = house.sign_in(PAT_TROIS).browser
    house.offset += 14 * MINUTE
    assert browser.get("/").status_code == 200
    house.offset += 14 * MINUTE
    assert browser.get("/").status_code == 200, "its use was noted"
    house.offset += 16 * MINUTE
    assert browser.get("/").status_code == 303


def test_no_use_makes_a_session_last_beyond_its_hours(open_sign_in_house):
    house = open_sign_in_house(session_hours=1)
    house.activated(PAT_TROIS)
    browser = house.sign_in(PAT_TROIS).browser
    for _ in range(5):
        house.offset += 10 * MINUTE
        assert browser.get("/").status_code == 200
    house.offset += 11 * MINUTE
    assert browser.get("/").status_code == 303


def test_a_clock_put_back_does_not_wake_a_session(house):
    house.activated(PAT_TROIS)
    browser = house.sign_in(PAT_TROIS).browser
    house.offset -= HOUR
    assert browser.get("/").status_code == 303


def test_signing_in_again_gives_another_cookie_and_the_device_is_known(house):
    house.activated(PAT_TROIS)
    browser = house.sign_in(PAT_TROIS).browser
    first, device = browser.cookies[SESSION], browser.cookies[DEVICE]
    house.sign_in(PAT_TROIS, browser)
    assert browser.cookies[SESSION] != first
    assert browser.cookies[DEVICE] == device
    told = sqlite3.connect(house.platform.settings.database).execute(
        "SELECT kind FROM notice WHERE kind LIKE 'sign-in-%'"
    )
    assert told.fetchall() == [("sign-in-new-device",)]
    house.sign_in(PAT_TROIS)
    told = sqlite3.connect(house.platform.settings.database).execute(
        "SELECT count(*) FROM notice WHERE kind = 'sign-in-new-device'"
    )
    assert told.fetchone() == (2,)


def test_signing_out_ends_the_session_here_and_at_the_provider(house):
    house.activated(PAT_TROIS)
    browser = house.sign_in(PAT_TROIS).browser
    stolen = dict(browser.cookies)
    page = browser.get("/securite")
    answer = browser.send("/deconnexion", page)
    assert SESSION not in browser.cookies
    thief = house.browser(**stolen)
    assert thief.get("/").status_code == 303
    link = re.search(r'href="(http://127[^"]*)"', answer.text)[1].replace("&amp;", "&")
    assert answer.headers["refresh"] == f"0;url={link}"
    ended = house.at_provider(link)
    assert ended.headers["location"].startswith(f"{ADDRESS}/connexion")


def test_signing_out_everywhere_ends_every_session_of_that_person_alone(house):
    house.activated(PAT_TROIS)
    house.activated(NESSI)
    here, there = house.sign_in(PAT_TROIS).browser, house.sign_in(PAT_TROIS).browser
    other = house.sign_in(NESSI).browser
    here.send("/deconnexion", here.get("/securite"), {"partout": "oui"})
    assert there.get("/").status_code == 303
    assert other.get("/").status_code == 200


def test_another_device_is_ended_from_the_list_and_nobody_elses(house):
    house.activated(PAT_TROIS)
    house.activated(NESSI)
    here, there = house.sign_in(PAT_TROIS).browser, house.sign_in(PAT_TROIS).browser
    other = house.sign_in(NESSI).browser
    page = here.get("/securite")
    theirs = sqlite3.connect(house.platform.settings.database).execute(
        "SELECT session_id FROM space_session WHERE method = 'provider' ORDER BY began_at"
    )
    names = [row[0] for row in theirs]
    here.send("/securite/session", page, {"session": names[2]})
    assert other.get("/").status_code == 200
    here.send("/securite/session", page, {"session": names[1]})
    assert there.get("/").status_code == 303
    assert here.get("/").status_code == 200


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"origin": "null"}, {"origin": ""}])
def test_a_form_of_another_site_does_nothing(house, headers):
    house.activated(PAT_TROIS)
    browser = house.sign_in(PAT_TROIS).browser
    page = browser.get("/securite")
    assert browser.send("/deconnexion", page, **headers).status_code == 403
    assert browser.get("/").status_code == 200


def test_a_form_without_the_sessions_token_does_nothing(house):
    house.activated(PAT_TROIS)
    browser, other = house.sign_in(PAT_TROIS).browser, house.sign_in(PAT_TROIS).browser
    assert browser.send("/deconnexion", other.get("/securite")).status_code == 403
    assert browser.get("/").status_code == 200


# --- the provider's word -------------------------------------------------------------------------------------------


def test_the_providers_word_ends_the_session_once(house):
    house.activated(PAT_TROIS)
    browser = house.sign_in(PAT_TROIS).browser
    other = house.sign_in(NESSI).browser
    sid = house.provider_session(browser.cookies[SESSION])
    place, token = house.idp.backchannel(sid)["carnet"]
    assert place == f"{ADDRESS}/connexion/fin"
    machine = house.browser()
    assert machine.ask("POST", "/connexion/fin", data={"logout_token": token}).status_code == 200
    assert browser.get("/").status_code == 303
    assert other.get("/activation/choix").status_code == 200
    assert machine.ask("POST", "/connexion/fin", data={"logout_token": token}).status_code == 400, "it comes once"
    assert machine.ask("POST", "/connexion/fin", data={"logout_token": "x"}).status_code == 400
    assert house.trail(PAT_TROIS)[-1][:2] == ("sign-in/provider-logout", "done")


# --- limits --------------------------------------------------------------------------------------------------------


def test_one_address_begins_so_many_sign_ins_and_no_more(open_sign_in_house):
    house = open_sign_in_house(sign_in_tries_address=5)
    answers = [house.browser().get("/connexion/fournisseur").status_code for _ in range(7)]
    assert answers == [303] * 5 + [429] * 2
    house.offset += 61 * MINUTE
    assert house.browser().get("/connexion/fournisseur").status_code == 303


def test_our_public_keys_are_served_without_their_secrets(house):
    keys = house.browser().get("/connexion/jwks.json").json()["keys"]
    assert [one["alg"] for one in keys] == ["ECDH-ES"]
    assert not {"d", "p", "q"} & set(keys[0])


# --- the demonstration's provider ----------------------------------------------------------------------------------


def written(home, **changes):
    settings = {
        "space_origin": "http://localhost:8443",
        "oidc_issuer": "http://127.0.0.1:8600",
        "oidc_client_id": "carnet",
        "oidc_client_secret_file": "oidc-secret",
        "oidc_decryption_keys": ["oidc.pem"],
        **changes,
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    text = (home / "carnet.toml").read_text()
    (home / "carnet.toml").write_text("\n".join(lines) + "\n" + text)
    return home


def test_the_demonstrations_provider_is_made_of_a_homes_settings(house):
    _app, host, port = of_home(written(house.home))
    assert (host, port) == ("127.0.0.1", 8600)


def test_the_demonstrations_provider_is_for_loopback_alone(house):
    with pytest.raises(ConfigurationError):
        of_home(written(house.home, oidc_issuer="http://10.0.0.1:8600"))


def test_the_providers_word_ends_a_session_that_activation_made_anew(house):
    browser = house.sign_in(PAT_TROIS).browser
    browser.send("/activation/creer", browser.get("/activation/choix"), {"conditions": "oui"})
    assert browser.get("/").status_code == 200
    _place, token = house.idp.backchannel(house.provider_session(browser.cookies[SESSION]))["carnet"]
    assert house.browser().ask("POST", "/connexion/fin", data={"logout_token": token}).status_code == 200
    assert browser.get("/").status_code == 303


def lines_of_nobody(house):
    rows = sqlite3.connect(house.platform.settings.database).execute(
        "SELECT count(*) FROM audit_event WHERE patient_key IS NULL"
    )
    return rows.fetchone()[0]


@pytest.mark.parametrize("knock", ["/connexion/retour?state=x", "/connexion/fin"])
def test_nobody_fills_the_trace_by_knocking(open_sign_in_house, knock):
    house = open_sign_in_house(sign_in_tries_address=5)
    before = lines_of_nobody(house)
    for _ in range(20):
        method, data = ("POST", {"logout_token": "x"}) if knock.endswith("fin") else ("GET", None)
        assert house.browser().ask(method, knock, data=data).status_code in {400, 403, 429}
    assert lines_of_nobody(house) - before == 5


def test_a_path_to_come_back_to_that_no_header_holds_is_no_path(house):
    answer = house.browser().get("/connexion?suite=/%CE%A9")
    assert answer.status_code == 200
    assert "suite" not in "".join(answer.headers.get_list("set-cookie"))


def test_the_other_language_of_an_answer_to_a_form_is_that_of_the_page_it_stood_on(house):
    browser = house.browser()
    page = browser.get("/activation")
    told = browser.send("/activation", page, {"naissance": "x"}, referer=f"{ADDRESS}/activation")
    assert 'href="/langue/en?suite=/activation"' in told.text
    elsewhere = browser.send("/activation", page, {"naissance": "x"}, referer="https://evil.example/x")
    assert 'href="/langue/en?suite=/"' in elsewhere.text


def test_a_card_kept_on_a_device_goes_when_its_session_is_ended_from_another_and_not_when_it_ran_out(house):
    house.activated(PAT_TROIS)
    lost, here = house.sign_in(PAT_TROIS).browser, house.sign_in(PAT_TROIS).browser
    for browser in (lost, here):
        browser.cookies["__Host-gardee"] = "0" * 32
    page = here.get("/securite")
    other = next(one for one in re.findall(r'name="session" value="([0-9a-f]{24})"', page.text))
    here.send("/securite/session", page, {"session": other})
    told = lost.get("/connexion")
    assert '"storage"' in told.headers["clear-site-data"]
    assert "clear-site-data" not in here.get("/aide").headers
    house.offset += DAY
    assert "clear-site-data" not in here.get("/connexion").headers, "a session that ran out takes nothing away"
