"""The health profile by its pages: declared, corrected, withdrawn, said to be none; who, when, who reads it; sealed, traced without content, gone with the record."""

from __future__ import annotations

import re
import sqlite3

import pytest

from carnet.audit.trail import read_trail
from carnet.consent.acting_links import Representation
from carnet.demo.people import MIRABELLE, NESSI, PAT_TROIS
from carnet.identity.patients import find
from carnet.metadata import INVISIBLE_PATIENT, Code
from carnet.record.delegations import Delegations
from carnet.record.own_profile import OwnProfile


@pytest.fixture
def browser(house):
    return house.browser(PAT_TROIS)


def add(browser, section, **values):
    action = f"/profil/{section}/ajouter"
    return browser.send(action, {**browser.get(f"/profil/{section}").fields(action), **values})


def item_of(page, action):
    return page.fields(action)["element"]


def lines(house, patient=PAT_TROIS):
    def read(connection):
        known = find(connection, house.platform.keyring, patient.identifier)
        return list(read_trail(connection, known.patient_key, house.platform.keyring.patient_key(known.pseudonym)))

    return house.gate.read(read)


def rows(house, query, *values):
    with sqlite3.connect(house.platform.settings.database) as database:
        found = database.execute(query, values).fetchall()
    database.close()
    return found


def test_what_is_declared_says_by_whom_and_when_and_who_reads_it(browser):
    assert add(browser, "allergies", name="Pénicilline", reaction="œdème").status == 303
    page = browser.get("/profil/allergies")
    assert "Pénicilline" in page.words
    assert "œdème" in page.words
    assert "Déclaré par le titulaire le" in page.words
    assert "Lu par vous et par qui agit pour vous, par aucun professionnel" in page.words
    assert "Pénicilline" in browser.get("/profil").words


def test_not_stated_is_not_none(browser):
    assert "Non renseigné" in browser.get("/profil/allergies").words
    action = "/profil/allergies/rien"
    assert browser.send(action, browser.get("/profil/allergies").fields(action)).status == 303
    page = browser.get("/profil/allergies")
    assert "Aucune allergie connue" in page.words
    assert "Non renseigné" not in page.words
    assert "Déclaré par le titulaire" in page.words
    assert "Aucune allergie connue" in browser.get("/profil").words


def test_a_statement_takes_the_place_of_nothing_to_report(browser):
    action = "/profil/allergies/rien"
    browser.send(action, browser.get("/profil/allergies").fields(action))
    add(browser, "allergies", name="Arachide")
    page = browser.get("/profil/allergies")
    assert "Aucune allergie connue" not in page.words
    assert 'action="/profil/allergies/rien"' not in page.text


def test_nothing_to_report_is_refused_beside_a_statement(browser):
    fields = browser.get("/profil/allergies").fields("/profil/allergies/rien")
    add(browser, "allergies", name="Arachide")
    answer = browser.send("/profil/allergies/rien", fields)
    assert answer.status == 422
    assert "Quelque chose est déclaré ici" in answer.words


@pytest.mark.sqlite_only
def test_a_correction_keeps_what_was_said_before(house, browser):
    add(browser, "diseases", name="Diabete")
    page = browser.get("/profil/diseases")
    action = "/profil/diseases/corriger"
    assert browser.send(action, {**page.fields(action), "name": "Diabète de type 2"}).status == 303
    after = browser.get("/profil/diseases")
    assert "Diabète de type 2" in after.words
    assert "Diabete" not in after.words
    assert "1 déclaration corrigée ou retirée" in browser.get("/profil").words
    assert rows(house, "SELECT version, until IS NULL FROM profile_item ORDER BY version") == [(1, 0), (2, 1)]


def test_what_is_withdrawn_is_not_stated_any_more(browser):
    add(browser, "blood", group="O-")
    action = "/profil/blood/retirer"
    assert browser.send(action, browser.get("/profil/blood").fields(action)).status == 303
    assert "Non renseigné" in browser.get("/profil/blood").words


@pytest.mark.sqlite_only
def test_a_section_of_one_item_puts_the_new_one_in_its_place(house, browser):
    fields = browser.get("/profil/blood").fields("/profil/blood/ajouter")
    for group in ("O-", "A+"):
        browser.send("/profil/blood/ajouter", {**fields, "group": group})
    assert "A+" in browser.get("/profil/blood").words
    assert rows(house, "SELECT count(*) FROM profile_item WHERE until IS NULL") == [(1,)]


def test_a_wrong_field_is_said_beside_it_and_keeps_what_was_typed(browser):
    answer = add(browser, "contacts", name="Camille", phone="pas un numéro")
    assert answer.status == 422
    assert "pas la forme d'un numéro de téléphone" in answer.words
    assert 'value="Camille"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "Non renseigné" in browser.get("/profil/contacts").words


def test_three_thousand_letters_are_kept_and_one_more_is_not(browser):
    assert add(browser, "comments", text="a" * 3001).status == 422
    assert add(browser, "comments", text="a" * 3000).status == 303


@pytest.mark.parametrize("path", ["/profil/card", "/profil/nothing", "/profil/%00"])
def test_a_section_that_is_none_is_not_there(browser, path):
    assert browser.get(path).status == 404


def test_an_unknown_section_takes_nothing(browser):
    fields = browser.get("/profil/blood").fields("/profil/blood/ajouter")
    assert browser.send("/profil/card/ajouter", {**fields, "shown": "name birth"}).status == 404


def test_markup_is_text(browser):
    add(browser, "diseases", name="<script>alert(1)</script>")
    for path in ("/profil", "/profil/diseases", "/urgence"):
        page = browser.get(path)
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;" in page.text


# --- sealed, traced, gone -------------------------------------------------------------------------------------------


@pytest.mark.sqlite_only
def test_nothing_of_it_stands_in_clear_in_the_database(house, browser):
    add(browser, "diseases", name="Maladiemarquante")
    whole = b"".join(
        path.read_bytes()
        for path in house.platform.settings.home.rglob("*")
        if path.is_file() and "carnet.db" in path.name
    )
    assert b"Maladiemarquante" not in whole
    assert b"profile_item" in whole, "the control"
    assert b"diseases" not in whole


def test_the_trace_says_that_and_never_what(house, browser):
    add(browser, "diseases", name="Maladiemarquante")
    page = browser.get("/profil/diseases")
    browser.send("/profil/diseases/retirer", page.fields("/profil/diseases/retirer"))
    told = [one for one in lines(house) if "profile" in one["action"]]
    assert [one["action"] for one in told if "show" not in one["action"]] == [
        "patient/declare-profile",
        "patient/withdraw-profile",
    ]
    assert "Maladie" not in repr(told)
    assert "disease" not in repr(told)
    assert "déclaré une information dans le profil de santé" in browser.get("/acces?qui=mine").words


# --- whose ----------------------------------------------------------------------------------------------------------


def in_the_record_of(house, actor, patient, kind):
    Delegations(house.gate, "operator:tests").declare(patient.identifier, actor.identifier, kind)
    browser = house.browser(actor)
    page = browser.get("/")
    names = re.findall(r'name="dossier"[^>]*value="([0-9a-f]{32})"', page.text)
    browser.send("/dossier", {**page.fields("/dossier"), "dossier": names[1]})
    return browser


def test_a_mother_declares_for_her_child_and_it_says_so(house):
    mother = in_the_record_of(house, NESSI, MIRABELLE, Representation.FIRST_REPRESENTATIVE)
    add(mother, "allergies", name="Arachide")
    page = mother.get("/profil/allergies")
    assert "Déclaré par un représentant légal" in page.words
    assert "Vous êtes dans le dossier de" in page.words
    own = house.browser(NESSI)
    assert "Arachide" not in own.get("/profil").words


@pytest.mark.sqlite_only
def test_what_a_minor_has_no_capacity_for_is_not_there(house):
    mother = in_the_record_of(house, NESSI, MIRABELLE, Representation.FIRST_REPRESENTATIVE)
    for name in ("directives", "trusted"):
        assert name not in re.findall(r'href="/profil/([a-z]+)"', mother.get("/profil").text)
        assert mother.get(f"/profil/{name}").status == 404
    fields = mother.get("/profil/blood").fields("/profil/blood/ajouter")
    answer = mother.send("/profil/directives/ajouter", {**fields, "statement": "written"})
    assert answer.status == 403
    assert rows(house, "SELECT count(*) FROM profile_item") == [(0,)]


def test_one_persons_profile_is_in_nobody_elses_pages(house, browser):
    add(browser, "diseases", name="Maladiemarquante")
    item = item_of(browser.get("/profil/diseases"), "/profil/diseases/retirer")
    other = house.browser(NESSI)
    for path in ("/", "/profil", "/profil/diseases", "/urgence", "/acces", "/avis"):
        assert "Maladiemarquante" not in other.get(path).text
    fields = other.get("/profil/blood").fields("/profil/blood/ajouter")
    for act in ("retirer", "corriger"):
        answer = other.send(f"/profil/diseases/{act}", {**fields, "element": item, "name": "x"})
        assert answer.status == 404
    assert "Maladiemarquante" in browser.get("/profil").text


def test_the_page_of_somebody_with_nothing_is_the_same_as_of_anybody(house, browser):
    """Length, headers and status of what another may ask for do not tell whether somebody declared something."""
    other = house.browser(NESSI)
    before = other.get("/profil")
    add(browser, "diseases", name="Maladiemarquante")
    after = other.get("/profil")
    tokens = re.compile(r'value="[^"]*"')
    assert tokens.sub("", before.text) == tokens.sub("", after.text)


@pytest.mark.sqlite_only
def test_a_form_for_another_record_changes_nothing(house, browser):
    mother = in_the_record_of(house, NESSI, MIRABELLE, Representation.FIRST_REPRESENTATIVE)
    fields = browser.get("/profil/blood").fields("/profil/blood/ajouter")
    assert mother.send("/profil/blood/ajouter", {**fields, "group": "O-"}).status == 403
    assert rows(house, "SELECT count(*) FROM profile_item") == [(0,)]


def test_english_pages_speak_english(house):
    browser = house.browser(PAT_TROIS, langue="en")
    add(browser, "diseases", name="Asthme")
    page = browser.get("/profil")
    assert "Health profile" in page.words
    assert "Not stated" in page.words
    assert "Declared by the holder" in browser.get("/profil/diseases").words


def test_too_many_statements_are_said_to_be(house, browser):
    desk = OwnProfile(house.gate, "operator:tests")
    for number in range(100):
        desk.declare(PAT_TROIS.identifier, "stays", {"name": f"séjour {number}"})
    answer = add(browser, "stays", name="de trop")
    assert answer.status == 422
    assert "Cette partie est pleine" in answer.words


@pytest.mark.parametrize(("masks", "there"), [((), True), ((INVISIBLE_PATIENT,), False)])
def test_directives_in_the_record_are_linked_and_hidden_ones_are_not_there(house, browser, masks, there):
    title = "Directivesmarquantes"
    house.add(title, type=Code("EXPPAT_3", "1.2.250.1.213.1.1.4.12", "Directives anticipées"), masks=masks)
    page = browser.get("/profil/directives")
    assert (title in page.words) is there
    assert ("1 document dans le dossier" in browser.get("/profil").words) is there
    assert ("Un document de directives anticipées est dans le dossier" in browser.get("/urgence").words) is there
