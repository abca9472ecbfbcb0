"""Access and settings: who entered in sentences, who may, what the person decides there holds at once, and what only the holder may do."""

from __future__ import annotations

import re

import pytest

from carnet.audit.export_verification import verify_export
from carnet.client.feeding import from_cda, submission_of
from carnet.clock import DAY, SECOND
from carnet.consent.acting_links import Representation
from carnet.demo import documents
from carnet.demo.documents import Draft
from carnet.demo.people import HOSPITAL_DOCTOR, MEDECIN_TRAITANT, MIRABELLE, NESSI, OTHER_GP, PAT_TROIS
from carnet.errors import CarnetError
from carnet.metadata import INVISIBLE_REPRESENTANTS_LEGAUX
from carnet.portal.patient import access_pages
from carnet.record import own_trail
from carnet.record.delegations import Delegations
from carnet.record.own_settings import OwnSettings
from carnet.record.own_trail import OwnTrail
from carnet.record.submission import prepare_submission, submit
from carnet.record.trail_export import trace_key
from carnet.requester import AccessMode


@pytest.fixture
def browser(house):
    return house.browser(PAT_TROIS)


def as_mother(house):
    """A mother's browser in which her child's record is open."""
    kind = Representation.FIRST_REPRESENTATIVE
    Delegations(house.gate, "operator:tests").declare(MIRABELLE.identifier, NESSI.identifier, kind)
    browser = house.browser(NESSI)
    page = browser.get("/")
    names = re.findall(r'name="dossier"[^>]*value="([0-9a-f]{32})"', page.text)
    browser.send("/dossier", {**page.fields("/dossier"), "dossier": names[1]})
    return browser


def decide(browser, action, number):
    """Follows a professional's page and sends one of its forms."""
    page = browser.get(f"/acces/professionnel?numero={number}")
    forms = {"numero": number, "action": action, "jeton": page.fields("/acces/professionnel")["jeton"]}
    return browser.send("/acces/professionnel", forms)


def reads(house, entry, by):
    try:
        return type(house.read(entry, by=by)).__name__ == "Located"
    except CarnetError:
        return False


def test_an_emergency_comes_first_with_its_reason_and_way_to_block(house, browser):
    entry = house.add()
    house.read(entry)
    house.read(entry, by=OTHER_GP, mode=AccessMode.BRIS_DE_GLACE, reason="Patient inconscient aux urgences")
    page = browser.get("/acces")
    assert page.words.index("Patient inconscient aux urgences") < page.words.index("Du plus récent")
    assert f"/acces/professionnel?numero={OTHER_GP.identifier}" in page.text
    assert "SAULNIER" in page.words


def test_a_record_that_nobody_opened_says_so(house):
    assert "a ouvert ce dossier" in house.browser(PAT_TROIS).get("/acces?qui=professionals").words


def test_lines_of_one_person_on_one_day_stand_together(house, browser):
    entry = house.add()
    for _ in range(3):
        house.read(entry)
    text = browser.get("/acces?qui=professionals").words
    assert "lignes de la même personne ce jour-là" in text


def test_a_block_holds_at_once_and_ends(house, browser):
    house.acts.authorise(PAT_TROIS.identifier, HOSPITAL_DOCTOR.identifier)
    entry = house.add()
    assert reads(house, entry, HOSPITAL_DOCTOR)
    assert decide(browser, "bloquer", HOSPITAL_DOCTOR.identifier).status == 303
    assert not reads(house, entry, HOSPITAL_DOCTOR)
    assert "bloqué" in browser.get("/acces/qui").words
    decide(browser, "debloquer", HOSPITAL_DOCTOR.identifier)
    assert not reads(house, entry, HOSPITAL_DOCTOR)
    decide(browser, "autoriser", HOSPITAL_DOCTOR.identifier)
    assert reads(house, entry, HOSPITAL_DOCTOR)
    decide(browser, "retirer", HOSPITAL_DOCTOR.identifier)
    assert not reads(house, entry, HOSPITAL_DOCTOR)


def test_a_professional_is_found_by_the_number_on_the_prescription(browser):
    page = browser.get(f"/acces/professionnel?numero={HOSPITAL_DOCTOR.identifier[1:]}")
    assert "KERVADEC" in page.words
    wrong = browser.get("/acces/professionnel?numero=00000000000")
    assert wrong.status == 404
    assert 'aria-invalid="true"' in wrong.text


def test_a_form_that_names_no_act_does_nothing(browser):
    assert decide(browser, "dynamiter", HOSPITAL_DOCTOR.identifier).status == 400


def test_general_choices_are_written_as_ticked_and_only_when_they_change(house, browser):
    page = browser.get("/acces/qui")
    fields = page.fields("/acces/choix")
    browser.send("/acces/choix", {**fields, "opposes_bris_de_glace": "oui"})
    page = browser.get("/acces/qui?fait=choix")
    assert re.findall(r'name="(\w+)" value="oui"[^>]*checked', page.text) == ["opposes_bris_de_glace"]
    entry = house.add()
    refused = {"mode": AccessMode.BRIS_DE_GLACE, "reason": "Patient inconscient aux urgences"}
    with pytest.raises(CarnetError):
        house.read(entry, by=OTHER_GP, **refused)
    browser.send("/acces/choix", browser.get("/acces/qui").fields("/acces/choix"))
    assert "checked" not in browser.get("/acces/qui").text
    mine = browser.get("/acces?qui=mine").words
    assert mine.count("changé le choix") == 2


def test_the_trail_is_taken_away_whole_and_proves_itself(house, browser):
    house.add()
    answer = browser.send("/acces/export", browser.get("/acces/export").fields("/acces/export"))
    assert answer.status == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    assert verify_export(answer.text.encode(), key=trace_key(house.gate)).intact


def test_who_acts_for_another_does_not_take_the_whole_trail(house):
    browser = as_mother(house)
    assert "/acces/export" not in browser.get("/acces").text
    fields = browser.get("/acces/qui").fields("/acces/choix")
    assert browser.send("/acces/export", fields).status == 403


# --- notices and settings ----------------------------------------------------------------------------------------------


def test_an_emergency_is_among_the_notices_and_on_the_first_page(house, browser):
    entry = house.add()
    browser.get("/")
    house.now += 3_600_000_000
    house.read(entry, by=OTHER_GP, mode=AccessMode.BRIS_DE_GLACE, reason="Patient inconscient aux urgences")
    page = browser.get("/")
    assert "Nouveau depuis" in page.words
    assert "1 accès en urgence" in page.words
    assert "1 avis" in page.words
    assert "bris de glace" in browser.get("/avis").words


def test_what_is_new_stays_new_through_a_visit_and_is_old_at_the_next(house, browser):
    browser.get("/")
    house.now += 3_600_000_000
    house.add("Tout neuf")
    for _ in range(2):
        assert "1 document nouveau" in browser.get("/").words
    house.now += 3_600_000_000
    page = browser.get("/")
    assert "Rien de nouveau" in page.words
    assert "Tout neuf" in page.words


def test_an_address_is_written_or_told_to_be_wrong_beside_its_field(browser):
    fields = browser.get("/reglages").fields("/reglages/adresse")
    assert browser.send("/reglages/adresse", {**fields, "adresse": "dominique@exemple.test"}).status == 303
    assert 'value="dominique@exemple.test"' in browser.get("/reglages").text
    wrong = browser.send("/reglages/adresse", {**fields, "adresse": 'a"><script>@'})
    assert wrong.status == 422
    assert "<script>@" not in wrong.text
    assert 'aria-invalid="true"' in wrong.text
    assert 'value="dominique@exemple.test"' in browser.get("/reglages").text


def test_topics_of_emails_are_written_as_ticked(browser):
    fields = browser.get("/reglages").fields("/reglages/avis")
    browser.send("/reglages/avis", {**fields, "emergency": "oui"})
    ticked = re.findall(r'id="avis-(\w+)"[^>]*checked', browser.get("/reglages").text)
    assert ticked == ["emergency"]


def test_a_record_is_closed_only_by_who_said_that_they_read_what_it_does(house, browser):
    entry = house.add()
    fields = browser.get("/reglages/fermer").fields("/reglages/fermer")
    assert browser.send("/reglages/fermer", fields).status == 422
    assert browser.get("/documents").status == 200
    assert browser.send("/reglages/fermer", {**fields, "compris": "oui"}).status == 303
    assert browser.get("/documents").status == 403
    assert "fermé" in browser.get("/reglages").words
    assert browser.get("/acces").status == 200
    assert not reads(house, entry, MEDECIN_TRAITANT)


def test_a_minor_is_shown_nothing_by_the_space_but_a_sentence(house):
    house.add("Vaccination", patient=MIRABELLE)
    browser = house.browser(MIRABELLE)
    for path in ("/", "/documents", "/acces", "/acces/qui", "/avis", "/reglages"):
        answer = browser.get(path)
        assert answer.status == 403
        assert "Vaccination" not in answer.text


def test_from_a_record_that_is_closed_one_goes_back_to_ones_own(house):
    browser = as_mother(house)
    names = re.findall(r'name="dossier"[^>]*value="([0-9a-f]{32})"', browser.get("/").text)
    OwnSettings(house.gate, "operator:tests", NESSI.identifier).close(MIRABELLE.identifier)
    assert browser.get("/").headers["location"] == "/proches"
    closed = browser.get("/proches")
    assert closed.status == 200
    assert "Zoe MIRABELLE".lower() in closed.words.lower()
    browser.send("/dossier", {**closed.fields("/dossier"), "dossier": names[0]})
    assert browser.get("/").status == 200


@pytest.mark.parametrize("signed", [False, True])
def test_a_mother_reads_nothing_of_a_document_that_is_kept_from_her(house, signed):
    browser = as_mother(house)
    house.now += SECOND
    draft = Draft(created=house.now - DAY, title="Contraception", patient=MIRABELLE)
    sent = from_cda(documents.level_1(draft), masks=(INVISIBLE_REPRESENTANTS_LEGAUX,))
    requester = house.caller(patient=MIRABELLE)
    made = submission_of((sent,), house.stage.callers[MEDECIN_TRAITANT.identifier], house.now, signed=signed)
    house.gate.perform_now(requester, submit(prepare_submission(house.platform, requester, made), requester))
    for path in ("/", "/documents", "/acces?qui=professionals", "/acces?qui=all", "/avis"):
        text = browser.get(path).words
        assert "Contraception" not in text
        assert "ajouté des documents" not in text
        assert "consultation par" not in text
    house.add("Certificat", patient=MIRABELLE)
    told = browser.get("/acces?qui=professionals").words
    assert told.count("ajouté des documents") == 1


def test_who_acts_for_another_has_no_more_lines_opened_than_a_page_needs(house, monkeypatch):
    house.add("Certificat", patient=MIRABELLE)
    mother = as_mother(house)
    for _ in range(70):
        mother.get("/avis")
    count = []
    real = own_trail.opened
    monkeypatch.setattr(own_trail, "opened", lambda line, key: count.append(1) or real(line, key))
    first = mother.get("/acces?qui=all")
    assert len(count) <= access_pages.PAGE + 1
    assert "1 à 30" in first.plain
    assert " sur " not in first.plain[first.plain.index("1 à 30") :][:20]
    assert "Plus anciens" in first.plain
    last = mother.get("/acces?qui=all&depuis=60")
    assert "61 à" in last.plain
    assert "Plus récents" in last.plain
    assert "Plus anciens" not in mother.get("/acces?qui=all&depuis=90").plain


def test_pages_of_the_trail_for_who_acts_for_another_leave_no_line_out_and_none_in_twice(house):
    mother = as_mother(house)
    for number in range(40):
        mother.get("/avis" if number % 3 else "/proches")
    desk = OwnTrail(house.gate, "operator:tests", NESSI.identifier)
    whole = desk.told(MIRABELLE.identifier, "fr", who="all", limit=10_000)
    pages = [desk.told(MIRABELLE.identifier, "fr", who="all", offset=at, limit=7) for at in (1, 9, 17)]
    tickets = [one.ticket for one in whole.lines]
    # each look leaves a line of its own, so that the next one is a place further on
    for page, at in zip(pages, (0, 7, 14), strict=True):
        assert [one.ticket for one in page.lines] == tickets[at : at + 7]
    assert all(page.more for page in pages)


def test_the_page_before_closing_says_how_one_opens_again(house, browser):
    words = browser.get("/reglages/fermer").words
    assert "vous pouvez le rouvrir vous-même" in words
    assert "demande au service" not in words
    assert "un représentant légal peut le rouvrir" in as_mother(house).get("/reglages/fermer").words
