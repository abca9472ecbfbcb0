"""Searching in the space: found by words inside, shown with the passage and the page; the hidden leaves nothing, and what was asked is nowhere."""

from __future__ import annotations

import asyncio
import logging
import re
import sqlite3
from functools import partial

import pytest

from carnet.audit.trail import read_trail
from carnet.clock import DAY
from carnet.consent.acting_links import Representation
from carnet.demo import documents
from carnet.demo.documents import LAB_REPORT
from carnet.demo.payloads import pdf_of_pages
from carnet.demo.people import HOSPITAL_DOCTOR, MIRABELLE, NESSI, PAT_TROIS
from carnet.identity.patients import find
from carnet.metadata import INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX
from carnet.record.delegations import Delegations
from carnet.record.document_search import PAGE
from carnet.record.extract_filling import fill_everything, fill_fresh
from carnet.repository.extract_rows import documents_after
from carnet.server.reading_documents import keep_reading


@pytest.fixture
def browser(house):
    return house.browser(PAT_TROIS)


def saying(text):
    """What makes a letter whose text is not its title."""
    return partial(wrapped_text, text=text)


def wrapped_text(draft, *, text):
    return documents.wrapping(draft, "text/plain", text.encode())


def asked(browser, question, **more):
    query = "&".join(f"{name}={value}" for name, value in {"q": question.replace(" ", "+"), **more}.items())
    return browser.get(f"/recherche?{query}")


def titles(page):
    return [re.sub(r"<[^>]*>", "", one).strip() for one in re.findall(r'<h2 class="line-title">(.*?)</h2>', page.text)]


def marks(page):
    return re.findall(r"<mark>(.*?)</mark>", page.text)


LETTER = "Patiente opérée du genou droit. Hémoglobine 12,4 g/dL. Allergie aux pénicillines signalée. Paracétamol 1 g si douleur."


def test_a_word_inside_is_found_with_its_passage_and_who_sees_it(house, browser):
    entry = house.add("Lettre de liaison", by=HOSPITAL_DOCTOR, made=saying(LETTER))
    house.add("Certificat")
    assert house.index() == 2
    page = asked(browser, "allergies")
    assert page.status == 200
    assert titles(page) == ["Lettre de liaison"]
    assert marks(page) == ["Allergie"]
    assert "pénicillines signalée" in page.words
    assert "KERVADEC" in page.words
    assert "Visible des professionnels" in page.words
    assert f"/documents/{entry.unique_id}/lecture" in page.text
    assert "1 document répond" in page.words


@pytest.mark.parametrize("question", ["GENOUX", "operee", "12,4", "doliprane", "liaison genou", "kervadec", "penicil"])
def test_accents_endings_figures_brands_and_names_find_it(house, browser, question):
    house.add("Lettre de liaison", by=HOSPITAL_DOCTOR, made=saying(LETTER))
    house.index()
    assert titles(asked(browser, question)) == ["Lettre de liaison"]


def test_a_lab_report_is_found_as_a_blood_test(house, browser):
    house.add("Résultats du laboratoire", type=LAB_REPORT, made=documents.level_3)
    house.add("Certificat")
    house.index()
    page = asked(browser, "prise de sang")
    assert titles(page) == ["Résultats du laboratoire"]
    assert titles(asked(browser, "potassium")) == ["Résultats du laboratoire"]


def test_a_hit_in_a_pdf_leads_to_its_page(house, browser):
    pages = ["Première page sans rien", "Deuxième page", "Conclusion : fracture du scaphoïde"]
    entry = house.add(
        "Compte rendu", made=lambda draft: documents.wrapping(draft, "application/pdf", pdf_of_pages(pages))
    )
    house.index()
    page = asked(browser, "scaphoide")
    assert "Lire à la page 3" in page.words
    (address,) = re.findall(rf'href="(/documents/{entry.unique_id}/lecture\?page=\d+)"', page.text)
    reading = browser.get(address)
    assert reading.status == 200
    assert "Page 3 sur 3" in reading.words


def test_filters_are_kept_and_count_what_they_lead_to(house, browser):
    house.add("Genou 1", made=saying("genou"))
    house.add("Genou 2", made=saying("genou"), created=house.now - 800 * DAY)
    house.add("Genou 3", by=HOSPITAL_DOCTOR, made=saying("genou"))
    house.index()
    page = asked(browser, "genou")
    assert len(titles(page)) == 3
    for name in ("annee", "auteur", "famille"):
        links = re.findall(
            rf'href="(/recherche\?[^"]*{name}=[^"]+)"[^>]*>[^<]*<span class="value">(\d+)</span>', page.text
        )
        assert links, name
        for address, count in links:
            shown = browser.get(address.replace("&amp;", "&"))
            assert len(titles(shown)) == int(count)
            assert f'type="hidden" name="{name}"' in shown.text


def test_pages_follow_each_other_without_loss_or_repetition(house, browser):
    for number in range(PAGE + 2):
        house.add(f"Genou {number}", created=house.now - (number + 1) * DAY)
    house.index()
    found = titles(asked(browser, "genou")) + titles(asked(browser, "genou", depuis=PAGE))
    assert found == [f"Genou {number}" for number in range(PAGE + 2)]


@pytest.mark.parametrize(
    "query", ["", "q=", "q=%20", "q=%00", "q=de+la", "q=x&depuis=-1", "q=x&depuis=99999999", "q=" + "é" * 400]
)
def test_a_strange_question_is_no_failure(house, browser, query):
    house.add()
    house.index()
    assert browser.get(f"/recherche?{query}").status == 200


def test_what_is_typed_is_text_on_the_page(house, browser):
    house.add("<script>alert(1)</script> genou")
    house.index()
    for question in ("%22%3E%3Cscript%3Ealert(2)%3C/script%3E", "genou"):
        page = browser.get(f"/recherche?q={question}")
        assert page.status == 200
        assert "<script>alert" not in page.text


def test_nothing_found_suggests_what_is_there(house, browser):
    house.add("Ordonnance", by=HOSPITAL_DOCTOR)
    house.index()
    page = asked(browser, "licorne")
    assert "Aucun document ne répond" in page.words
    suggested = re.findall(r'href="/recherche\?q=([^"]+)"', page.text)
    assert any("KERVADEC" in one for one in suggested)
    for word in suggested:
        assert titles(browser.get(f"/recherche?q={word}"))


# --- late, and what cannot be read -------------------------------------------------------------------------------------


def test_what_was_not_read_yet_is_told_and_read_soon(house, browser):
    house.add("Genou", made=saying("genou"))
    house.index()
    house.add("Genou encore", made=saying("genou"))
    page = asked(browser, "genou")
    assert titles(page) == ["Genou"]
    assert "1 document n'est pas encore cherchable" in page.words
    house.index()
    assert len(titles(asked(browser, "genou"))) == 2
    assert "cherchable" not in asked(browser, "genou").words


def test_what_a_process_forgot_is_read_when_it_is_asked_for_or_by_the_walk(house, browser):
    house.add("Genou", made=saying("genou"))
    house.platform.fresh.take(10)
    assert house.index() == 0
    asked(browser, "genou")
    assert house.index() == 1
    house.add("Genou bis", made=saying("genou"))
    house.platform.fresh.take(10)
    walk = asyncio.run(fill_everything(house.gate))
    assert walk.read == 1
    assert len(titles(asked(browser, "genou"))) == 2
    assert asyncio.run(fill_everything(house.gate)).read == 0


def test_the_server_reads_by_itself(house, browser, monkeypatch):
    monkeypatch.setattr("carnet.server.reading_documents.BETWEEN", 0.01)
    house.add("Genou", made=saying("genou"))

    asyncio.run(until_read(house, lambda: 0))
    assert titles(asked(browser, "genou")) == ["Genou"]


def test_a_busy_server_reads_one_document_now_and_then(house, browser, monkeypatch):
    monkeypatch.setattr("carnet.server.reading_documents.BETWEEN", 0.001)
    house.add("Genou", made=saying("genou"))
    asyncio.run(until_read(house, lambda: 1_000))
    assert titles(asked(browser, "genou")) == ["Genou"]


async def until_read(house, in_progress):
    task = asyncio.create_task(keep_reading(house.gate, in_progress))
    for _ in range(6_000):
        await asyncio.sleep(0.01)
        page = house.gate.read(lambda connection: documents_after(connection, "terms", 1, (0, ""), count=10))
        if not any(lacks for *_, lacks in page):
            break
    task.cancel()


def test_a_hostile_file_is_found_by_its_title_and_not_tried_for_ever(house, browser):
    for title, kind, content in (
        ("Pdf abîmé", "application/pdf", b"%PDF-1.7\n" + bytes(300)),
        ("Programme", "application/pdf", b"%PDF-1.4\n" + b"MZ" * 50),
        ("Image abîmée", "image/jpeg", b"\xff\xd8\xff" + bytes(300)),
    ):
        house.add(title, made=partial(documents.wrapping, media_type=kind, content=content))
    assert house.index() == 3
    page = asked(browser, "pdf")
    assert titles(page) == ["Pdf abîmé"]
    assert "n'a pas pu être lu" in page.words
    assert asyncio.run(fill_everything(house.gate)).read == 0
    assert asyncio.run(fill_everything(house.gate, again=True)).read == 3


# --- the hidden is not there -------------------------------------------------------------------------------------------

QUESTIONS = ("genou", "provisoire", "licorne", "kervadec", "2019", "secret", "prise de sang")


def without_what_changes(text):
    return re.sub(r'value="[^"]{20,}"|\d+ h \d\d', "", text.replace("\u00a0", " "))


def all_answers(browser):
    return {question: without_what_changes(asked(browser, question).text) for question in QUESTIONS}


def test_what_the_person_may_not_see_leaves_no_hit_count_or_suggestion(house, browser):
    house.add("Genou", made=saying("genou"))
    house.index()
    before = all_answers(browser)
    about = {"by": HOSPITAL_DOCTOR, "type": LAB_REPORT, "created": house.now - 2_500 * DAY}
    hidden = house.add("Secret-provisoire", masks=(INVISIBLE_PATIENT,), made=saying("genou provisoire secret"), **about)
    assert all_answers(browser) == before
    assert house.index() == 1
    assert all_answers(browser) == before
    assert hidden.unique_id not in "".join(all_answers(browser).values())


def test_control_a_rule_that_forgets_the_announcement_is_caught(house, browser, monkeypatch):
    house.add("Genou", made=saying("genou"))
    house.index()
    before = all_answers(browser)
    house.add("Secret-provisoire", masks=(INVISIBLE_PATIENT,), made=saying("genou provisoire secret"))
    house.index()
    monkeypatch.setattr("carnet.record.own_documents.decide", lambda *_given: type("Yes", (), {"allowed": True}))
    after = all_answers(browser)
    assert "Secret-" in asked(browser, "genou").text
    assert after["provisoire"] != before["provisoire"]


def test_a_representative_finds_nothing_of_what_was_kept_from_parents(house):
    Delegations(house.gate, "operator:tests").declare(
        MIRABELLE.identifier, NESSI.identifier, Representation.FIRST_REPRESENTATIVE
    )
    house.add("Vaccination", patient=MIRABELLE, made=saying("rougeole"))
    house.add("Secret-de-Zoe", patient=MIRABELLE, masks=(INVISIBLE_REPRESENTANTS_LEGAUX,), made=saying("contraception"))
    house.index()
    browser = house.browser(NESSI)
    page = browser.get("/")
    names = re.findall(r'name="dossier"[^>]*value="([0-9a-f]{32})"', page.text)
    browser.send("/dossier", {**page.fields("/dossier"), "dossier": names[1]})
    assert titles(asked(browser, "rougeole")) == ["Vaccination"]
    for question in ("contraception", "secret", "zoe"):
        page = asked(browser, question)
        assert titles(page) == []
        assert "Secret-de-Zoe" not in page.text


def test_nobody_searches_in_the_record_of_another(house):
    house.add("Genou", made=saying("genou"))
    house.index()
    assert titles(asked(house.browser(NESSI), "genou")) == []
    assert house.browser().get("/recherche?q=genou").status == 303


# --- what was asked is health data -------------------------------------------------------------------------------------


def test_what_was_asked_stands_in_no_trace_no_log_and_no_redirection(house, browser, caplog):
    caplog.set_level(logging.DEBUG)
    house.add("Genou", made=saying("genou"))
    house.index()
    asked(browser, "sclérose genou")
    asked(browser, "genou sclerose", depuis="x")
    patient = find(house.platform.connection, house.platform.keyring, PAT_TROIS.identifier)
    lines = read_trail(
        house.platform.connection, patient.patient_key, house.platform.keyring.patient_key(patient.pseudonym)
    )
    searches = [line for line in lines if line["action"] == "patient/search-documents"]
    assert len(searches) == 2
    assert "scl" not in repr(lines)
    ours = [record for record in caplog.records if record.name.startswith(("carnet", "uvicorn"))]
    assert "scl" not in repr([(record.getMessage(), vars(record)) for record in ours])
    assert "cherché dans les documents" in browser.get("/acces?qui=mine").words
    assert "scl" not in house.browser().get("/recherche?q=sclerose").headers["location"]


def test_control_the_trail_would_show_it(house, browser):
    entry = house.add("Genou", made=saying("genou"))
    house.index()
    asked(browser, "genou")
    patient = find(house.platform.connection, house.platform.keyring, PAT_TROIS.identifier)
    lines = read_trail(
        house.platform.connection, patient.patient_key, house.platform.keyring.patient_key(patient.pseudonym)
    )
    assert entry.unique_id in repr(lines)


def test_no_word_of_a_document_stands_in_the_database(house):
    house.add("Genou", made=saying("sclérose ZZQUATRAINZZ"))
    assert house.index() == 1
    settings = house.platform.settings
    if isinstance(settings.database_place, str):
        pytest.skip("looks into the file of the embedded database")
    house.platform.connection.control("PRAGMA wal_checkpoint(TRUNCATE)")
    with sqlite3.connect(settings.database) as raw:
        (count,) = raw.execute("SELECT count(*) FROM document_extract").fetchone()
    assert count > 1
    for path in settings.home.rglob("*"):
        if path.is_file():
            assert b"ZZQUATRAINZZ" not in path.read_bytes(), path.name
            assert b"zzquatrainzz" not in path.read_bytes(), path.name


def test_fill_fresh_takes_no_more_than_it_is_given(house):
    for number in range(5):
        house.add(f"Document {number}")
    assert asyncio.run(fill_fresh(house.gate, 2)) == 2
    assert house.index() == 3
