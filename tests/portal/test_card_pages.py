"""The emergency card: chosen thing by thing, shown, printed, shared by a code that ends; and read by that code alone, by anybody who has it."""

from __future__ import annotations

import re
import sqlite3

import pytest

from carnet.audit.trail import read_trail
from carnet.clock import DAY, MINUTE
from carnet.consent.acting_links import Representation
from carnet.consent.choices import Choice
from carnet.demo.people import MIRABELLE, NESSI, PAT_TROIS
from carnet.errors import InvalidMetadata, Refused, TooManyTries, UnknownDocument
from carnet.identity.patients import find
from carnet.portal.patient import qr_picture
from carnet.record.card_reading import CardReading
from carnet.record.custody import Custody
from carnet.record.delegations import Delegations
from carnet.record.due import run_due
from carnet.record.own_card import OwnCard
from carnet.record.own_profile import OwnProfile

INS = PAT_TROIS.identifier
ORIGIN = "https://space.test"
SECRET = "Maladiemarquante"


@pytest.fixture
def house(open_house):
    return open_house(space_origin=ORIGIN)


@pytest.fixture
def browser(house):
    return house.browser(PAT_TROIS)


@pytest.fixture
def drawn(monkeypatch):
    """What was put into QR codes, in order."""
    texts = []
    make = qr_picture.segno.make

    def noting(text, **how):
        texts.append(text)
        return make(text, **how)

    monkeypatch.setattr(qr_picture.segno, "make", noting)
    return texts


def declare(house, patient=PAT_TROIS, acting=None, **extra):
    desk = OwnProfile(house.gate, "operator:tests", acting)
    named = {
        "allergies": desk.declare(patient.identifier, "allergies", {"name": "Pénicilline"}),
        "blood": desk.declare(patient.identifier, "blood", {"group": "O-"}),
        "diseases": desk.declare(patient.identifier, "diseases", {"name": SECRET}),
    }
    return named | {name: desk.declare(patient.identifier, name, given) for name, given in extra.items()}


def put(house, *names, patient=PAT_TROIS, acting=None):
    """Declares three things and puts two of them, and the name, on the card."""
    named = declare(house, patient, acting)
    OwnCard(house.gate, "operator:tests", acting).choose(
        patient.identifier, frozenset({named["allergies"], named["blood"], "name", *names})
    )
    return named


def make(browser, kind="screen"):
    return browser.send("/urgence/code", {**browser.get("/urgence").fields("/urgence/code"), "sorte": kind})


def token_of(drawn):
    return drawn[-1].rpartition("/")[2]


def read(house, token, address="192.0.2.1"):
    return CardReading(house.gate, address).read(token)


def lines(house, patient=PAT_TROIS):
    def found(connection):
        known = find(connection, house.platform.keyring, patient.identifier)
        return list(read_trail(connection, known.patient_key, house.platform.keyring.patient_key(known.pseudonym)))

    return house.gate.read(found)


# --- what stands on it ---------------------------------------------------------------------------------------------


def test_there_is_no_card_before_two_things_are_ticked(house, browser):
    page = browser.get("/urgence")
    assert "Elle n'existe pas encore" in page.words
    named = declare(house)
    assert "card-sheet" not in browser.get("/urgence").text
    fields = browser.get("/urgence").fields("/urgence/choix")
    browser.send("/urgence/choix", {**fields, f"montre-{named['blood']}": "oui", "montre-name": "oui"})
    page = browser.get("/urgence")
    assert "1 information est cochée" in page.words
    assert browser.get("/urgence/carte").status == 422
    with pytest.raises(InvalidMetadata, match="too little"):
        OwnCard(house.gate, "operator:tests").make_code(INS, "screen")


def test_what_is_ticked_is_on_the_card_and_nothing_else(house, browser):
    named = declare(house)
    fields = browser.get("/urgence").fields("/urgence/choix")
    ticked = {f"montre-{named[one]}": "oui" for one in ("allergies", "blood")}
    answer = browser.send("/urgence/choix", {**fields, **ticked, "montre-doctor": "oui", "montre-unknown": "oui"})
    assert answer.headers["location"] == "/urgence?fait=carte"
    sheet = browser.get("/urgence/carte").words
    assert "Pénicilline" in sheet
    assert "O\u2212" in sheet
    assert "MONTRIEUX" in sheet
    assert SECRET not in sheet
    assert "PAT-TROIS" not in sheet
    assert "sans vérification par un professionnel" in sheet


def test_what_is_declared_later_does_not_come_by_itself(house, browser):
    put(house)
    OwnProfile(house.gate, "operator:tests").declare(INS, "allergies", {"name": "Arachide"})
    assert "Arachide" not in browser.get("/urgence/carte").words
    assert "Pénicilline" in browser.get("/urgence/carte").words


def test_the_choices_on_emergencies_are_changed_here_by_the_same_act(house, browser):
    fields = browser.get("/urgence").fields("/urgence/acces")
    browser.send("/urgence/acces", {**fields, Choice.OPPOSES_CENTRE_15.value: "oui"})
    page = browser.get("/acces/qui")
    assert re.search(r'id="opposes_centre_15"[^>]*checked', page.text)
    assert not re.search(r'id="opposes_bris_de_glace"[^>]*checked', page.text)
    assert any(one["action"] == "patient/choose-opposes_centre_15" for one in lines(house))
    fields = browser.get("/urgence").fields("/urgence/acces")
    browser.send("/urgence/acces", fields)
    assert not re.search(r'id="opposes_centre_15"[^>]*checked', browser.get("/urgence").text)


# --- the code ------------------------------------------------------------------------------------------------------


def test_the_code_holds_an_address_and_nothing_of_the_person(house, browser, drawn):
    put(house)
    page = make(browser)
    assert page.status == 200
    assert re.fullmatch(rf"{ORIGIN}/urgence/lecture/[A-Za-z0-9_-]{{32}}", drawn[-1])
    assert token_of(drawn) not in page.text
    assert "<svg" in page.text
    assert "style=" not in page.text.partition("<svg")[2].partition("</svg>")[0]
    assert len({make(browser) and token_of(drawn) for _ in range(3)}) == 3


def test_the_drawing_is_of_that_address(house, browser, drawn):
    put(house)
    page = make(browser)
    again = str(qr_picture.qr_svg(drawn[-1]))
    assert again in page.text
    assert str(qr_picture.qr_svg(f"{ORIGIN}/urgence/lecture/x")) not in page.text


def test_a_code_shows_the_card_as_it_stands_and_nothing_else(house, browser, drawn):
    named = put(house)
    make(browser)
    card = read(house, token_of(drawn))
    assert [one.values.get("name", one.values.get("group")) for one in card.lines] == ["O-", "Pénicilline"]
    assert SECRET not in repr(card)
    OwnProfile(house.gate, "operator:tests").correct(INS, "allergies", named["allergies"], {"name": "Aspirine"})
    assert read(house, token_of(drawn)).lines[1].values == {"name": "Aspirine"}


@pytest.mark.sqlite_only
def test_the_token_is_kept_as_a_hash_alone(house, browser, drawn):
    put(house)
    make(browser)
    whole = b"".join(one.read_bytes() for one in house.platform.settings.home.rglob("carnet.db*"))
    assert token_of(drawn).encode() not in whole
    assert b"card_code" in whole, "the control"


def test_each_reading_is_a_line_that_says_so_and_a_notice(house, browser, drawn):
    put(house)
    make(browser)
    for _ in range(2):
        house.now += MINUTE
        read(house, token_of(drawn), "192.0.2.7")
    told = [one for one in lines(house) if one["action"] == "card/read"]
    assert [(one["outcome"], one["address"]) for one in told] == [("done", "192.0.2.7")] * 2
    assert "Pénicilline" not in repr(told)
    words = browser.get("/acces?qui=service").words
    assert "que le service ne connaît pas a lu la carte d'urgence avec son code" in words
    assert browser.get("/avis").words.count("a lu votre carte d'urgence") == 1
    assert "Lu 2 fois" in browser.get("/urgence").words


def test_a_code_of_the_screen_ends_after_its_minutes(house, browser, drawn):
    put(house)
    make(browser)
    house.now += 15 * MINUTE - 1
    read(house, token_of(drawn))
    house.now += 1
    with pytest.raises(Refused) as refused:
        read(house, token_of(drawn))
    assert refused.value.rules == ("code-expired",)
    assert "valable en ce moment" in browser.get("/urgence").words
    (line,) = [one for one in lines(house) if one["action"] == "card/read" and one["outcome"] == "refused"]
    assert line["rules"] == ("code-expired",)


def test_a_code_on_paper_ends_after_its_days(house, browser, drawn):
    put(house)
    page = make(browser, "print")
    assert "card-sheet" in page.text
    house.now += 90 * DAY - 1
    read(house, token_of(drawn))
    house.now += 1
    with pytest.raises(Refused):
        read(house, token_of(drawn))


def test_no_paper_where_the_setting_says_none(open_house):
    house = open_house(space_origin=ORIGIN, card_print_days=0)
    put(house)
    browser = house.browser(PAT_TROIS)
    assert 'value="print"' not in browser.get("/urgence").text
    assert make(browser, "print").status == 422


def test_a_code_that_was_stopped_shows_nothing_and_the_others_still_do(house, browser, drawn):
    put(house)
    make(browser)
    first = token_of(drawn)
    house.now += 1
    make(browser)
    second = token_of(drawn)
    newest, _oldest = re.findall(r'name="code" value="([0-9a-f]{16})"', browser.get("/urgence").text)
    browser.send("/urgence/code/arreter", {**browser.get("/urgence").fields("/urgence/code/arreter"), "code": newest})
    assert read(house, first).ready
    with pytest.raises(Refused) as refused:
        read(house, second)
    assert refused.value.rules == ("code-stopped",)


def test_nobody_stops_or_reads_anothers_code(house, browser, drawn):
    put(house)
    make(browser)
    (name,) = re.findall(r'name="code" value="([0-9a-f]{16})"', browser.get("/urgence").text)
    put(house, patient=NESSI)
    other = house.browser(NESSI)
    make(other)
    fields = other.get("/urgence").fields("/urgence/code/arreter")
    other.send("/urgence/code/arreter", {**fields, "code": name})
    assert read(house, drawn[0].rpartition("/")[2]).name == "Dominique PAT-TROIS"
    assert read(house, drawn[1].rpartition("/")[2]).name == "Ruth DECOURCY"
    assert [one["patient"].partition("^")[0] for one in lines(house) if one["action"] == "card/read"] == [INS.value]


def test_ten_codes_live_at_most(house, browser, drawn):
    put(house)
    for _ in range(10):
        assert make(browser).status == 200
    answer = make(browser)
    assert answer.status == 422
    assert "Dix codes sont déjà valables" in answer.words
    house.now += 15 * MINUTE
    assert make(browser).status == 200


@pytest.mark.parametrize("end", ["closed", "emptied"])
def test_a_code_shows_nothing_of_a_closed_record_or_of_an_empty_card(house, browser, drawn, end):
    put(house)
    make(browser)
    if end == "closed":
        Custody(house.gate, "operator:tests").close_record(INS, "FERMETURE_DEMANDE_PATIENT")
    else:
        OwnCard(house.gate, "operator:tests").choose(INS, frozenset({"name"}))
    with pytest.raises(Refused) as refused:
        read(house, token_of(drawn))
    assert refused.value.rules == ({"closed": "record-not-open", "emptied": "card-withdrawn"}[end],)


def test_who_guesses_is_counted_and_given_nothing_more(open_house, drawn):
    house = open_house(space_origin=ORIGIN, sign_in_tries_address=3)
    put(house)
    make(house.browser(PAT_TROIS))
    token = token_of(drawn)
    for guess in ("A" * 32, token[:-1] + ("A" if token[-1] != "A" else "B"), "x"):
        with pytest.raises(UnknownDocument):
            read(house, guess)
    for guess in ("B" * 32, token):
        with pytest.raises(TooManyTries):
            read(house, guess)
    assert read(house, token, "192.0.2.9").ready, "others are not kept from it"
    house.now += 60 * MINUTE
    make(house.browser(PAT_TROIS))
    assert read(house, token_of(drawn)).ready


def test_what_was_read_leaves_no_count_of_misses(open_house, drawn):
    house = open_house(space_origin=ORIGIN, sign_in_tries_address=3)
    put(house)
    make(house.browser(PAT_TROIS))
    for _ in range(5):
        assert read(house, token_of(drawn)).ready


# --- who may -------------------------------------------------------------------------------------------------------


def as_who_acts(house, actor, patient, kind):
    Delegations(house.gate, "operator:tests").declare(patient.identifier, actor.identifier, kind)
    browser = house.browser(actor)
    page = browser.get("/")
    names = re.findall(r'name="dossier"[^>]*value="([0-9a-f]{32})"', page.text)
    browser.send("/dossier", {**page.fields("/dossier"), "dossier": names[1]})
    return browser


def test_a_mother_shares_her_childs_card(house, drawn):
    mother = as_who_acts(house, NESSI, MIRABELLE, Representation.FIRST_REPRESENTATIVE)
    put(house, patient=MIRABELLE, acting=NESSI.identifier)
    assert make(mother).status == 200
    assert read(house, token_of(drawn)).name == "Zoe MIRABELLE"
    assert "créé par un représentant légal" in mother.get("/urgence").words


def test_a_carer_reads_the_card_and_neither_chooses_nor_shares(open_house):
    house = open_house(space_origin=ORIGIN, carers=True)
    put(house)
    Custody(house.gate, "operator:tests").activate(NESSI.identifier)
    Delegations(house.gate, "operator:tests").invite(INS, NESSI.identifier, Representation.CARER)
    Delegations(house.gate, "operator:tests", NESSI.identifier).answer(INS, accepted=True)
    browser = house.browser(NESSI)
    page = browser.get("/")
    names = re.findall(r'name="dossier"[^>]*value="([0-9a-f]{32})"', page.text)
    browser.send("/dossier", {**page.fields("/dossier"), "dossier": names[1]})
    page = browser.get("/urgence")
    assert "Pénicilline" in page.words
    for action in ("/urgence/choix", "/urgence/acces", "/urgence/code"):
        assert f'action="{action}"' not in page.text
    fields = browser.get("/profil/blood").fields("/profil/blood/retirer")
    for action in ("/urgence/choix", "/urgence/code", "/urgence/acces"):
        extra = {"sorte": "screen", Choice.OPPOSES_CENTRE_15.value: "oui"}
        assert browser.send(action, {**fields, **extra}).status == 403, action
    assert "O\u2212" in house.browser(PAT_TROIS).get("/urgence/carte").words


def test_one_persons_card_is_in_nobody_elses_pages(house, browser, drawn):
    put(house, "birth")
    make(browser)
    other = house.browser(NESSI)
    for path in ("/", "/urgence", "/urgence/carte", "/profil", "/acces", "/avis"):
        text = other.get(path).text
        assert "Pénicilline" not in text
        assert "PAT-TROIS" not in text


# --- kept on a device ----------------------------------------------------------------------------------------------


def keep(browser):
    return browser.send("/urgence/garder", browser.get("/urgence").fields("/urgence/choix"))


def test_what_a_device_keeps_is_the_card_and_names_that_tell_nothing(house, browser):
    put(house)
    answer = keep(browser)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "Pénicilline" in answer.text
    assert SECRET not in answer.text
    assert INS.value not in answer.text
    about = house.browser(PAT_TROIS)
    other = keep(about)
    names = re.compile(r'"(keeper|owner|version)":"([0-9a-f]{32})"')
    assert names.findall(answer.text) == names.findall(other.text)
    assert len(dict(names.findall(answer.text))) == 3
    assert any(one["action"] == "patient/keep-card" for one in lines(house))
    assert browser.cookies["gardee"] if "gardee" in browser.cookies else browser.cookies["__Host-gardee"]


def test_keeping_needs_a_form_of_ours_and_a_card(house, browser):
    assert keep(browser).status == 422
    put(house)
    assert browser.ask("POST", "/urgence/garder", headers={"origin": "https://evil.test"}, data={}).status == 403


def test_the_version_changes_with_the_card_and_the_pages_know_it(house, browser):
    named = put(house)
    before = re.search(r'data-version="([0-9a-f]{32})"', browser.get("/urgence").text)[1]
    assert f'"version":"{before}"' in keep(browser).text
    OwnProfile(house.gate, "operator:tests").correct(INS, "allergies", named["allergies"], {"name": "Aspirine"})
    assert before not in browser.get("/urgence").text


@pytest.mark.sqlite_only
def test_a_code_goes_with_the_record(house, browser, drawn):
    put(house)
    make(browser)
    custody, second = Custody(house.gate, "operator:un"), Custody(house.gate, "operator:deux")
    custody.close_record(INS, "FERMETURE_DEMANDE_PATIENT")
    custody.order_destruction(INS)
    second.confirm_destruction(INS)
    house.now += 31 * DAY
    run_due(house.gate)
    with sqlite3.connect(house.platform.settings.database) as database:
        for table in ("card_code", "profile_item"):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchall() == [(0,)]
    database.close()
    with pytest.raises(UnknownDocument):
        read(house, token_of(drawn))
