"""Creating the space or objecting to it, by the letter's code: with equal weight, in every state, and the code when it is wrong or late."""

from __future__ import annotations

import re
import sqlite3
import sys
from pathlib import Path

import pytest

from carnet.clock import DAY, MINUTE
from carnet.demo.people import MIRABELLE, NESSI, PAT_TROIS
from carnet.errors import RecordClosed
from carnet.identity.patients import find
from carnet.portal.patient.activation_pages import birth_digits
from carnet.record.code_sending import issue_letter
from carnet.record.life import SYSTEM, happen, person_of

sys.path.insert(0, str(Path(__file__).parent))


SESSION = "__Host-seance"
CODE = re.compile(r"\b([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})\b")


@pytest.fixture
def house(open_sign_in_house):
    return open_sign_in_house()


def to_state(house, patient, *events):
    """Leads a person's record, which the stage opened, through events."""

    def work(connection):
        person = person_of(house.platform, connection, find(connection, house.platform.keyring, patient.identifier))
        connection_state(house, person.patient.patient_key, "informed")
        for event in events:
            happen(connection, person, event, by=SYSTEM, now=house.now())

    house.gate.administer(work)


def connection_state(house, patient_key, state):
    """As if the person had been informed, and no more: the stage opens every record at once."""
    house.platform.connection.execute(
        statement("UPDATE health_record SET state = :state WHERE patient_key = :person"),
        {"state": state, "person": patient_key},
    )


def statement(text):
    from carnet.database.statements import Statement

    return Statement(text)


def code_for(house, patient):
    return CODE.search(issue_letter(house.gate, patient.identifier, operator="operator:test"))[1]


def enter(house, patient, code, *, born="28/03/1979", browser=None):
    browser = browser or house.browser()
    page = browser.get("/activation")
    form = {"numero": patient.identifier.value, "naissance": born, "code": code}
    return browser, browser.send("/activation", page, form)


def state_of(house, patient):
    return house.custody().history(patient.identifier)[-1].after


def test_the_letter_says_both_and_carries_the_code(house):
    letter = issue_letter(house.gate, PAT_TROIS.identifier, operator="operator:test")
    assert "créer cet espace dès maintenant, ou vous y opposer" in letter
    assert CODE.search(letter)
    kept = sqlite3.connect(house.platform.settings.database).execute("SELECT code, channel FROM provisional_code")
    ((hashed, channel),) = kept.fetchall()
    assert channel == "post"
    assert CODE.search(letter)[1].replace("-", "").encode() not in hashed


def test_the_space_is_created_with_the_code(house):
    to_state(house, PAT_TROIS)
    browser, answer = enter(house, PAT_TROIS, code_for(house, PAT_TROIS).lower().replace("-", " "))
    assert (answer.status_code, answer.headers["location"]) == (303, "/activation/choix")
    page = browser.get("/activation/choix")
    done = browser.send("/activation/creer", page, {"conditions": "oui"})
    assert done.headers["location"] == "/"
    assert browser.get("/").status_code == 200
    assert state_of(house, PAT_TROIS) == "activated"
    assert [one.event for one in house.custody().history(PAT_TROIS.identifier)][-2:] == ["open", "activate"]


def test_objecting_takes_no_more_than_creating_and_gives_a_proof(house):
    to_state(house, PAT_TROIS)
    browser, _ = enter(house, PAT_TROIS, code_for(house, PAT_TROIS))
    page = browser.get("/activation/choix")
    buttons = re.findall(r'<button class="([^"]*)" data-variant="(primary)" type="submit">([^<]*)', page.text)
    assert [text for _, _, text in buttons] == ["Créer mon espace", "M\u2019opposer"]
    assert len({(kind, variant) for kind, variant, _ in buttons}) == 1, "two buttons of one size and one kind"
    browser.send("/activation/refuser", page)
    assert state_of(house, PAT_TROIS) == "opposed"
    after = browser.get("/activation/choix")
    assert "opposition est enregistrée" in after.text
    proof = browser.get("/activation/preuve")
    assert "attachment" in proof.headers["content-disposition"]
    assert house.custody().verify_proof(proof.text).startswith("OPP-")
    assert browser.send("/activation/creer", after, {"conditions": "oui"}).headers["location"] == "/"
    assert state_of(house, PAT_TROIS) == "activated", "one may change one's mind"


def test_a_space_that_the_delay_opened_is_closed_instead(house):
    browser, _ = enter(house, PAT_TROIS, code_for(house, PAT_TROIS))
    page = browser.get("/activation/choix")
    assert "Fermer mon espace" in page.text
    browser.send("/activation/refuser", page)
    assert state_of(house, PAT_TROIS) == "closed"
    assert "Votre espace est fermé" in browser.get("/activation/choix").text
    assert browser.get("/activation/preuve").status_code == 404


def test_a_suspended_space_leaves_nothing_to_choose(house):
    house.custody().suspend(PAT_TROIS.identifier, "fraude")
    browser = house.sign_in(PAT_TROIS).browser
    page = browser.get("/activation/choix")
    assert "suspendu" in page.text
    assert "/activation/creer" not in page.text
    assert "/activation/refuser" not in page.text


WRONG = {
    "a wrong code": {"code": "0000-0000-0000"},
    "no code": {"code": ""},
    "another date of birth": {"born": "29/03/1979"},
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_alike(house, name):
    good = code_for(house, PAT_TROIS)
    browser, answer = enter(house, PAT_TROIS, **{"code": good, **WRONG[name]})
    assert answer.status_code == 403
    assert "La connexion n" in answer.text
    assert SESSION not in browser.cookies
    unknown = enter(house, NESSI, good)[1]
    assert "La connexion n" in unknown.text
    assert house.trail(PAT_TROIS)[-1][:2] == ("sign-in/provisional-code", "refused")


def test_a_code_that_is_late_leads_to_another_and_a_wrong_one_does_not_tell_it(house):
    code = code_for(house, PAT_TROIS)
    house.offset += 61 * DAY
    assert "délai est passé" in enter(house, PAT_TROIS, code)[1].text
    assert "délai est passé" not in enter(house, PAT_TROIS, "0000-0000-0000")[1].text


def test_a_code_is_worth_nothing_once_another_was_made_or_the_space_activated(house):
    first, second = code_for(house, PAT_TROIS), code_for(house, PAT_TROIS)
    assert enter(house, PAT_TROIS, first)[1].status_code == 403
    browser, _ = enter(house, PAT_TROIS, second)
    browser.send("/activation/creer", browser.get("/activation/choix"), {"conditions": "oui"})
    assert enter(house, PAT_TROIS, second)[1].status_code == 403
    with pytest.raises(RecordClosed):
        issue_letter(house.gate, PAT_TROIS.identifier, operator="operator:test")


def test_tries_for_one_person_are_counted_whoever_makes_them(open_sign_in_house):
    house = open_sign_in_house(sign_in_tries_account=3)
    good = code_for(house, PAT_TROIS)
    for _ in range(3):
        assert enter(house, PAT_TROIS, "0000-0000-0000")[1].status_code == 403
    assert enter(house, PAT_TROIS, good)[1].status_code == 429
    house.offset += 61 * MINUTE
    assert enter(house, PAT_TROIS, good)[1].status_code == 303


def test_a_minor_is_told_that_the_representatives_come(house):
    code = code_for(house, MIRABELLE)
    answer = enter(house, MIRABELLE, code, born="20/04/2011")[1]
    assert answer.status_code == 403
    assert "représentants légaux" in answer.text


def test_a_session_for_activation_lasts_half_an_hour(open_sign_in_house):
    house = open_sign_in_house(session_idle_minutes=60)
    browser, _ = enter(house, PAT_TROIS, code_for(house, PAT_TROIS))
    house.offset += 29 * MINUTE
    assert browser.get("/activation/choix").status_code == 200
    house.offset += 2 * MINUTE
    assert browser.get("/activation/choix").status_code == 303


# --- another code --------------------------------------------------------------------------------------------------


def ask(house, patient, born="28/03/1979"):
    browser = house.browser()
    page = browser.get("/activation/code")
    return browser.send("/activation/code", page, {"numero": patient.identifier.value, "naissance": born})


def without_token(text):
    return re.sub(r'value="[^"]*"', "", text)


def test_another_code_goes_to_the_known_address_and_works(open_sign_in_house, mail_server):
    house = open_sign_in_house(**mail_server.settings())
    give_address(house, PAT_TROIS, "dominique@example.org")
    asked = ask(house, PAT_TROIS)
    assert mail_server.recipients == ["dominique@example.org"]
    (message,) = mail_server.messages
    assert not CODE.search(message["subject"])
    code = CODE.search(message.get_content())[1]
    assert code not in asked.text
    assert enter(house, PAT_TROIS, code)[1].headers["location"] == "/activation/choix"


def test_whoever_asks_for_another_code_is_told_the_same_whether_there_is_anybody(open_sign_in_house, mail_server):
    house = open_sign_in_house(**mail_server.settings())
    give_address(house, PAT_TROIS, "dominique@example.org")
    house.activated(NESSI)
    answers = [ask(house, PAT_TROIS), ask(house, PAT_TROIS, "01/01/1980"), ask(house, NESSI), ask(house, MIRABELLE)]
    assert len({(one.status_code, without_token(one.text)) for one in answers}) == 1
    assert mail_server.recipients == ["dominique@example.org"]


def test_without_an_address_a_letter_becomes_due(house):
    assert ask(house, PAT_TROIS).status_code == 200
    due = sqlite3.connect(house.platform.settings.database).execute(
        "SELECT kind, state FROM notice WHERE kind LIKE 'enrolment-code%'"
    )
    assert due.fetchall() == [("enrolment-code-asked", "due")]


def give_address(house, patient, address):
    from carnet.identity.contacts import set_address

    def work(connection):
        known = find(connection, house.platform.keyring, patient.identifier)
        key = house.platform.keyring.patient_key(known.pseudonym)
        set_address(connection, known.patient_key, address, key=key, source="operator:test", now=house.now())

    house.gate.administer(work)


# --- a code to sign in ---------------------------------------------------------------------------------------------

DIGITS = re.compile(r"\b([0-9]{8})\b")


@pytest.fixture
def by_mail(open_sign_in_house, mail_server):
    house = open_sign_in_house(**mail_server.settings())
    house.activated(PAT_TROIS)
    give_address(house, PAT_TROIS, "dominique@example.org")
    return house


def ask_code(house, number=PAT_TROIS.identifier.value, address="Dominique@example.org", browser=None):
    browser = browser or house.browser()
    page = browser.get("/connexion/code")
    return browser, browser.send("/connexion/code", page, {"numero": number, "adresse": address})


def give(browser, page, code):
    return browser.send("/connexion/code/verifier", page, {"code": code})


def test_a_code_sent_by_mail_lets_in_once(by_mail, mail_server):
    browser, page = ask_code(by_mail)
    code = DIGITS.search(mail_server.messages[0].get_content())[1]
    assert give(browser, page, code).headers["location"] == "/"
    assert browser.get("/").status_code == 200
    assert give(by_mail.browser(**browser.cookies), page, code).status_code == 403
    assert by_mail.trail(PAT_TROIS)[-1][:2] == ("sign-in/one-time-code", "done")


def test_a_code_is_for_the_browser_that_asked(by_mail, mail_server):
    browser, page = ask_code(by_mail)
    code = DIGITS.search(mail_server.messages[0].get_content())[1]
    thief, theirs = ask_code(by_mail, address="thief@example.org")
    assert give(thief, theirs, code).status_code == 403
    assert give(browser, page, code).status_code == 303


def test_who_asks_for_a_code_is_told_the_same_whether_there_is_an_account(by_mail, mail_server):
    by_mail.activated(NESSI)
    give_address(by_mail, NESSI, "ruth@example.org")
    asked = [
        ask_code(by_mail)[1],
        ask_code(by_mail, address="other@example.org")[1],
        ask_code(by_mail, address="ruth@example.org")[1],
        ask_code(by_mail, number="000000000000000")[1],
        ask_code(by_mail, number=MIRABELLE.identifier.value)[1],
        ask_code(by_mail, number="")[1],
    ]
    assert len({(one.status_code, without_token(one.text)) for one in asked}) == 1
    assert mail_server.recipients == ["dominique@example.org"]


def test_five_wrong_codes_end_it_and_ten_minutes_too(by_mail, mail_server):
    browser, page = ask_code(by_mail)
    code = DIGITS.search(mail_server.messages[0].get_content())[1]
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    for _ in range(5):
        assert give(browser, page, wrong).status_code == 403
    assert give(browser, page, code).status_code == 403
    browser, page = ask_code(by_mail)
    code = DIGITS.search(mail_server.messages[1].get_content())[1]
    by_mail.offset += 10 * MINUTE
    assert give(browser, page, code).status_code == 403


def test_codes_for_one_person_are_sent_so_often_and_no_more_and_nobody_is_told(open_sign_in_house, mail_server):
    house = open_sign_in_house(**mail_server.settings(), sign_in_tries_account=2)
    house.activated(PAT_TROIS)
    give_address(house, PAT_TROIS, "dominique@example.org")
    pages = [ask_code(house)[1] for _ in range(4)]
    assert len({(one.status_code, without_token(one.text)) for one in pages}) == 1
    assert len(mail_server.messages) == 2


def test_without_a_mail_server_or_where_it_is_switched_off_no_code_is_offered(open_sign_in_house, mail_server):
    house = open_sign_in_house(**mail_server.settings(), one_time_codes=False)
    assert house.browser().get("/connexion/code").status_code == 404
    assert "/connexion/code" not in house.browser().get("/connexion").text


@pytest.mark.parametrize(
    ("text", "digits"),
    [("28/03/1979", "19790328"), ("1-2-1980", "19800201"), ("00/00/1938", "19380000"), ("28/03/79", ""), ("x", "")],
)
def test_dates_are_read_as_people_write_them(text, digits):
    assert birth_digits(text) == digits


def test_a_mailbox_is_worth_no_passkey(by_mail, mail_server):
    browser, page = ask_code(by_mail)
    give(browser, page, DIGITS.search(mail_server.messages[0].get_content())[1])
    devices = browser.get("/securite")
    assert devices.status_code == 200
    form = re.search(r'name="jeton" value="([^"]*)"', devices.text)[1]
    begun = browser.ask("POST", "/securite/cle/debut", data={"jeton": form}, origin="https://space.test")
    assert (begun.status_code, begun.json()) == (403, {"told": "level"})


def test_codes_tried_without_end_do_not_tell_whether_anybody_has_the_address(open_sign_in_house, mail_server):
    house = open_sign_in_house(**mail_server.settings(), sign_in_tries_account=3)
    house.activated(PAT_TROIS)
    give_address(house, PAT_TROIS, "dominique@example.org")
    told = []
    for address in ("dominique@example.org", "other@example.org"):
        browser, page = ask_code(house, address=address)
        told.append([give(browser, page, "x").status_code for _ in range(8)])
    assert told[0] == told[1]
