"""Reports: an error in a document goes to its author's structure, an access that is not recognised to the operator; the answer comes back."""

from __future__ import annotations

import re

import pytest

from carnet.clock import DAY
from carnet.consent.acting_links import Representation
from carnet.demo.people import HOSPITAL, HOSPITAL_DOCTOR, MIRABELLE, NESSI, OTHER_GP, PAT_TROIS
from carnet.metadata import INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX
from carnet.record.delegations import Delegations
from carnet.record.report_office import ReportOffice
from carnet.requester import AccessMode

WORDS = "Je n'ai jamais eu d'allergie à la pénicilline."
ANSWER = "La ligne a été retirée du compte rendu, avec nos excuses."


@pytest.fixture
def browser(house):
    return house.browser(PAT_TROIS)


@pytest.fixture
def office(house):
    return ReportOffice(house.gate, "operator:tests")


def report_document(browser, entry, motif="wrong", texte=WORDS):
    action = f"/documents/{entry.unique_id}/signaler"
    page = browser.get(action)
    return browser.send(action, {**page.fields(action), "motif": motif, "texte": texte})


def report_access(browser, containing, motif="unknown-person", texte=""):
    page = browser.get("/acces?qui=all")
    lines = re.findall(r"<li class=[^>]*>(.*?)</li>", page.text, re.DOTALL)
    line = next(one for one in lines if containing in one)
    link = re.search(r'href="(/acces/signaler\?ligne=[0-9a-f]{32})"', line)[1]
    form = browser.get(link)
    return form, browser.send("/acces/signaler", {**form.fields("/acces/signaler"), "motif": motif, "texte": texte})


def test_an_error_goes_to_the_author_s_structure_and_its_answer_comes_back(house, browser, office):
    entry = house.add("Compte rendu", by=HOSPITAL_DOCTOR)
    assert "Signaler une erreur" in browser.get(f"/documents/{entry.unique_id}").words
    assert report_document(browser, entry).headers["location"] == "/signalements?fait=envoye"
    page = browser.get("/signalements")
    for words in ("Compte rendu", "Une information est fausse", "pénicilline", HOSPITAL.name, "Pas encore de réponse"):
        assert words in page.words
    (waiting,) = office.waiting(HOSPITAL.identifier)
    assert office.waiting("") == []
    opened = office.show(waiting.report_id)
    assert (opened.told.words, opened.told.about) == (WORDS, "Compte rendu")
    assert "Lu le" in browser.get("/signalements").words
    office.answer(waiting.report_id, ANSWER)
    page = browser.get("/signalements")
    assert ANSWER in page.words
    assert "Un de vos signalements a reçu une réponse" in browser.get("/avis").words
    assert office.waiting() == []
    close = f"/signalements/{waiting.report_id}/clore"
    assert browser.send(close, page.fields(close)).status == 303
    assert "Clos le" in browser.get("/signalements").words


def test_an_access_goes_to_the_operator_with_who_and_when(house, browser, office):
    entry = house.add()
    house.read(entry, by=OTHER_GP, mode=AccessMode.BRIS_DE_GLACE, reason="Patient inconscient aux urgences")
    form, answer = report_access(browser, "inconscient")
    assert "SAULNIER" in form.words
    assert answer.headers["location"] == "/signalements?fait=envoye"
    (waiting,) = office.waiting("")
    told = office.show(waiting.report_id).told
    assert (told.requester, told.structure) == (OTHER_GP.identifier, OTHER_GP.organization.identifier)
    assert "SAULNIER" in told.about
    assert "SAULNIER" in browser.get("/signalements").words


def test_what_is_missing_in_a_report_is_told_beside_its_field_and_nothing_is_sent(house, browser, office):
    entry = house.add()
    for motif, texte, said in (
        ("", "", "Choisissez"),
        ("other", "  ", "quelques mots"),
        ("wrong", "x" * 2_001, "longueur"),
    ):
        answer = report_document(browser, entry, motif, texte)
        assert answer.status == 422
        assert said in answer.words
    assert report_document(browser, entry, "unknown-person").status == 422
    assert office.waiting() == []


def test_words_are_shown_as_words(house, browser):
    entry = house.add()
    report_document(browser, entry, texte="<script>alert(1)</script>")
    assert "<script>alert" not in browser.get("/signalements").text


def test_no_more_than_twenty_reports_a_day(house, browser, office):
    entry = house.add()
    assert [report_document(browser, entry).status for _ in range(21)] == [303] * 20 + [403]
    house.now += DAY
    assert report_document(browser, entry).status == 303


# --- what is hidden stays hidden ----------------------------------------------------------------------------------


def as_mother(house):
    kind = Representation.FIRST_REPRESENTATIVE
    Delegations(house.gate, "operator:tests").declare(MIRABELLE.identifier, NESSI.identifier, kind)
    browser = house.browser(NESSI)
    page = browser.get("/")
    names = re.findall(r'name="dossier"[^>]*value="([0-9a-f]{32})"', page.text)
    browser.send("/dossier", {**page.fields("/dossier"), "dossier": names[1]})
    return browser


@pytest.mark.parametrize("mask", [INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX])
def test_a_document_that_is_hidden_can_no_more_be_reported_than_one_that_never_was(house, mask):
    hidden = house.add("Test de grossesse", patient=MIRABELLE, masks=(mask,))
    shown = house.add("Vaccination", patient=MIRABELLE)
    mother = as_mother(house)
    action = f"/documents/{shown.unique_id}/signaler"
    token = mother.get(action).fields(action)
    answers = []
    for name in (hidden.unique_id, "1.2.3.4.5.6.7"):
        asked = f"/documents/{name}/signaler"
        got, sent = mother.get(asked), mother.send(asked, {**token, "motif": "wrong", "texte": ""})
        answers.append((got.status, sent.status, re.sub(r"[0-9a-f]{8}", "", sent.words)))
        assert "grossesse" not in got.text + sent.text
    assert answers[0] == answers[1]
    assert answers[0][:2] == (404, 404)
    assert "Aucun signalement" in mother.get("/signalements").words
    assert report_document(mother, shown).status == 303  # the control: what is seen is taken


@pytest.mark.sqlite_only
def test_what_is_hidden_after_it_was_reported_is_named_no_more(house, office):
    entry = house.add("Test de grossesse", patient=MIRABELLE)
    mother = as_mother(house)
    report_document(mother, entry)
    (waiting,) = office.waiting()
    office.answer(waiting.report_id, "Le resultatmarquant est bien le sien.")
    assert "grossesse" in mother.get("/signalements").words
    assert "resultatmarquant" in mother.get("/signalements").words
    hide(house, entry)
    page = mother.get("/signalements")
    assert "resultatmarquant" not in page.text
    assert "grossesse" not in page.text
    assert entry.unique_id not in page.text
    assert "pénicilline" in page.words  # her own words stay


def hide(house, entry):
    """The child asks that the parents see it no more."""
    raw = house.platform.connection._raw
    raw.execute(
        "UPDATE document_entry SET masks = ? WHERE unique_id = ?", (INVISIBLE_REPRESENTANTS_LEGAUX, entry.unique_id)
    )


def test_a_line_of_a_secret_connection_cannot_be_reported_by_the_mother(house):
    entry = house.add("Vaccination", patient=MIRABELLE)
    house.read(entry, patient=MIRABELLE)
    mother = as_mother(house)

    def lines():
        return mother.get("/acces?qui=all").text.count("/acces/signaler")

    first = lines()
    own = lines() - first  # the mother's own reading of the page
    before = lines()
    house.read(entry, patient=MIRABELLE, secret_connection=True)
    assert lines() - before == own
    before = lines()
    house.read(entry, patient=MIRABELLE)
    assert lines() - before == own + 1, "the control: a connection that is not secret is a line more"
    assert mother.get("/acces/signaler?ligne=" + "0" * 32).status == 404


def test_a_representative_is_not_shown_what_another_reported(house):
    entry = house.add("Vaccination", patient=MIRABELLE)
    mother = as_mother(house)
    report_document(mother, entry)
    desk = Delegations(house.gate, "operator:tests")
    desk.declare(MIRABELLE.identifier, PAT_TROIS.identifier, Representation.FIRST_REPRESENTATIVE)
    father = house.browser(PAT_TROIS)
    page = father.get("/")
    names = re.findall(r'name="dossier"[^>]*value="([0-9a-f]{32})"', page.text)
    father.send("/dossier", {**page.fields("/dossier"), "dossier": names[1]})
    assert "pénicilline" not in father.get("/signalements").text


def test_a_report_of_another_record_is_not_there(house, browser, office):
    entry = house.add()
    report_document(browser, entry)
    (waiting,) = office.waiting()
    other = house.browser(NESSI)
    token = other.get("/reglages").fields("/reglages/avis")
    assert other.send(f"/signalements/{waiting.report_id}/clore", token).status == 404
    assert "Aucun signalement" in other.get("/signalements").words


@pytest.mark.sqlite_only
def test_what_is_reported_is_sealed_and_goes_with_the_record(house, browser, office):
    report_document(browser, house.add())
    raw = house.platform.connection._raw
    ((sealed,),) = raw.execute("SELECT sealed_words FROM anomaly_report").fetchall()
    assert "pénicilline".encode() not in sealed
    assert b"wrong" not in sealed
    from_table = raw.execute("SELECT * FROM anomaly_report").fetchall()
    assert not any("pénicilline" in str(value) for row in from_table for value in row)


def test_an_answer_needs_a_sentence_and_a_report_that_waits(house, browser, office):
    report_document(browser, house.add())
    (waiting,) = office.waiting()
    for wrong in ("", "ok"):
        with pytest.raises(Exception, match="sentence"):
            office.answer(waiting.report_id, wrong)
    with pytest.raises(Exception, match="answered"):
        office.close(waiting.report_id)
    office.answer(waiting.report_id, ANSWER)
    with pytest.raises(Exception, match="waits for no answer"):
        office.answer(waiting.report_id, ANSWER)
    office.close(waiting.report_id)
    with pytest.raises(Exception, match="No such report"):
        office.show("nothing")
    assert "répondu à un signalement" in browser.get("/acces?qui=service").words


def test_a_report_is_overdue_after_a_month(house, browser, office):
    report_document(browser, house.add())
    (waiting,) = office.waiting()
    assert not waiting.overdue(office.now())
    house.now += 31 * DAY
    assert waiting.overdue(office.now())
