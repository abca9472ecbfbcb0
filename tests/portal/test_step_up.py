"""What widens who sees a record is asked of somebody who has just shown by two factors that it is they (security §2, row 26)."""

from __future__ import annotations

import sqlite3

import pytest

from carnet.clock import MINUTE
from carnet.consent.acting_links import Representation
from carnet.demo.people import COMMUNITY_NURSE, MIRABELLE, NESSI, PAT_TROIS
from carnet.identity.sessions import Level
from carnet.portal.person import Person
from carnet.record.delegations import Delegations
from carnet.record.step_up import Assurance

INS = PAT_TROIS.identifier
CONFIRM = "Confirmez que c"


def came(house, level=Level.STRONG, since=0):
    """A browser in which the patient signed in so, so many minutes ago."""
    browser = house.browser(PAT_TROIS)
    name = browser.cookies["who"]
    known = house.doorkeeper.known[name]
    house.doorkeeper.known[name] = Person(
        known.identifier, known.form_key, Assurance(level, house.now - since * MINUTE)
    )
    return browser


def asks_to_authorise(browser):
    party = f"/acces/professionnel?numero={COMMUNITY_NURSE.identifier}"
    fields = {**browser.get(party).fields("/acces/professionnel"), "action": "autoriser"}
    return browser.send("/acces/professionnel", fields, referer=f"https://space.test{party}")


def has_access(house):
    page = house.browser(PAT_TROIS).get(f"/acces/professionnel?numero={COMMUNITY_NURSE.identifier}")
    return "Autorisé par son nom" in page.words


@pytest.mark.parametrize(("level", "since", "done"), [
    (Level.STRONG, 0, True), (Level.STRONG, 14, True), (Level.STRONG, 15, False), (Level.PLAIN, 0, False),
])  # fmt: skip
def test_letting_somebody_in_asks_for_a_fresh_sign_in_by_two_factors(house, level, since, done):
    house.acts.end_authorisation(INS, COMMUNITY_NURSE.identifier)
    answer = asks_to_authorise(came(house, level, since))
    assert (answer.status == 303) is done
    assert has_access(house) is done
    assert done or (answer.status == 403 and CONFIRM in answer.text)


def test_the_way_to_confirm_comes_back_to_the_page(house):
    answer = asks_to_authorise(came(house, since=60))
    assert 'href="/connexion?encore=oui&amp;suite=/acces/professionnel"' in answer.text


def test_hiding_and_blocking_are_never_held_up(house):
    entry = house.add()
    browser = came(house, Level.PLAIN, 60)
    here = f"/documents/{entry.unique_id}"
    page = browser.get(here)
    assert browser.send(f"{here}/masquer", page.fields(f"{here}/masquer")).status == 303
    party = browser.get(f"/acces/professionnel?numero={COMMUNITY_NURSE.identifier}")
    fields = {**party.fields("/acces/professionnel"), "action": "bloquer"}
    assert browser.send("/acces/professionnel", fields).headers["location"] == "/acces/qui?fait=bloque"
    assert browser.send(f"{here}/demasquer", browser.get(here).fields(f"{here}/demasquer")).status == 403


@pytest.mark.parametrize(
    ("page", "action", "more"),
    [
        ("/acces/qui", "/acces/choix", {"masked_in_emergency": "oui"}),
        ("/reglages", "/reglages/adresse", {"adresse": "thief@example.org"}),
        ("/reglages", "/reglages/avis", {}),
        ("/reglages/fermer", "/reglages/fermer", {"compris": "oui"}),
        ("/acces/export", "/acces/export", {}),
    ],
)
def test_other_acts_that_widen_or_take_away_ask_it_too(house, page, action, more):
    late, fresh = came(house, since=60), came(house)
    refused = late.send(action, {**late.get(page).fields(action), **more})
    assert (refused.status, CONFIRM in refused.text) == (403, True)
    assert fresh.send(action, {**fresh.get(page).fields(action), **more}).status in {200, 303}


def test_what_was_asked_in_vain_is_in_the_trail(house):
    asks_to_authorise(came(house, since=60))
    assert "cela vous a été refusé" in house.browser(PAT_TROIS).get("/acces?qui=mine").words


# --- signing in again ----------------------------------------------------------------------------------------------


def test_somebody_who_signs_in_again_is_offered_two_factors_alone_and_comes_back(open_sign_in_house, mail_server):
    house = open_sign_in_house(**mail_server.settings())
    house.activated(PAT_TROIS)
    browser = house.sign_in(PAT_TROIS).browser
    with sqlite3.connect(house.platform.settings.database) as database:
        database.execute("UPDATE space_session SET began_at = began_at - ?", (16 * MINUTE,))
    page = browser.get("/acces/export")
    refused = browser.send("/acces/export", page, referer="https://space.test/acces/export")
    assert refused.status_code == 403
    again = browser.get("/connexion?encore=oui&suite=/acces/export")
    assert again.status_code == 200
    assert "/connexion/fournisseur" in again.text
    assert "/connexion/code" not in again.text
    assert house.sign_in(PAT_TROIS, browser).answer.headers["location"] == "/acces/export"
    assert browser.send("/acces/export", browser.get("/acces/export")).status_code == 200


def test_the_record_of_another_stays_open_for_the_same_person_alone(open_sign_in_house):
    house = open_sign_in_house()
    for person in (NESSI, PAT_TROIS):
        house.activated(person)
    kind = Representation.FIRST_REPRESENTATIVE
    Delegations(house.gate, "operator:tests").declare(MIRABELLE.identifier, NESSI.identifier, kind)
    browser = house.sign_in(NESSI).browser
    home = browser.get("/")
    name = home.text.split('name="dossier"')[2].split('value="')[1].split('"')[0]
    browser.send("/dossier", home, {"dossier": name})
    banner = "Vous êtes dans le dossier de"
    assert banner in browser.get("/documents").text
    house.sign_in(NESSI, browser)
    assert banner in browser.get("/documents").text
    house.sign_in(PAT_TROIS, browser)
    assert banner not in browser.get("/documents").text


def test_a_new_sign_in_ends_the_session_that_the_browser_had(open_sign_in_house):
    house = open_sign_in_house()
    for person in (NESSI, PAT_TROIS):
        house.activated(person)
    browser = house.sign_in(PAT_TROIS).browser
    for who in (PAT_TROIS, NESSI):
        former = dict(browser.cookies)
        house.sign_in(who, browser)
        assert house.browser(**former).get("/").status_code == 303, "its cookie is worth nothing any more"
        assert browser.get("/").status_code == 200


def test_an_export_asks_it_before_there_is_an_address_and_leads_back_to_the_page(house):
    old = came(house, since=60)
    answer = old.send("/export", old.get("/export").fields("/export"), referer="https://space.test/export")
    assert answer.status == 403
    assert 'href="/connexion?encore=oui&amp;suite=/export"' in answer.text
    fresh = came(house)
    address = fresh.send("/export", fresh.get("/export").fields("/export")).headers["location"]
    house.now += 20 * MINUTE
    late = fresh.get(address)
    assert late.status == 403
    assert 'suite=/export"' in late.text, "the address of the file is worth nothing in the session that comes"


def test_a_table_taken_away_leads_back_to_the_page_that_offers_it(house):
    answer = came(house, since=60).get("/mesures/poids/tableau.csv")
    assert answer.status == 403
    assert 'suite=/mesures/poids"' in answer.text
    assert "en emporte une copie" in answer.words
    assert came(house).get("/mesures/poids/tableau.csv").status == 200
