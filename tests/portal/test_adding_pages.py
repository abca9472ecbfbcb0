"""Adding a document in the space, step by step and without a script: what comes out of it is a document like any other."""

from __future__ import annotations

import base64
import html
import io
import re
import sys
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from carnet.authorization import patient_side
from carnet.authorization.patient_side import Cell, PatientRight
from carnet.clock import DAY, HOUR
from carnet.consent.acting_links import Representation
from carnet.consent.choices import Choice
from carnet.database.statements import Statement
from carnet.demo.payloads import pdf, plain
from carnet.demo.people import HOSPITAL_DOCTOR, MIRABELLE, NESSI, PAT_TROIS
from carnet.portal.patient import describing_pages
from carnet.record.custody import Custody
from carnet.record.delegations import Delegations
from carnet.record.due import run_due
from carnet.record.own_drafts import OwnDrafts
from carnet.record.retrieval import read

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "viewing"))

from adding import REPORT, added, begun, confirm, described, photograph, wrapped
from health_house import act_for_child
from hostile_files import ACTIVE_PDFS, POLYGLOTS, REFUSED, zipped


@pytest.fixture
def browser(house):
    return house.browser(PAT_TROIS)


# --- the whole way ---------------------------------------------------------------------------------------------------


def test_a_pdf_is_added_described_and_told_as_the_patients_own(house, browser):
    unique_id = added(browser, REPORT)
    page = browser.get(f"/documents/{unique_id}?fait=ajoute")
    assert "Le document est dans le dossier" in page.words
    assert "Prise de sang" in page.words
    assert "Ajoutés par vous" in page.words
    assert re.search(r"Date du document\s+12 mars 2025", page.words)
    assert "Date de l'acte" not in page.words
    assert "original signé" not in page.words
    assert "12 mars 2025" in browser.get("/documents").words
    assert "Remplacer par une nouvelle version" in page.words
    file, cda = wrapped(house, unique_id)
    assert file.startswith(b"%PDF-")
    assert b"EXP_PATIENT" in cda
    assert "Prise de sang" in browser.get("/documents?famille=own").words
    assert "ajouté un document" in browser.get("/acces?qui=mine").words


def test_professionals_find_and_read_it_as_any_other(house, browser):
    unique_id = added(browser, REPORT)
    entry = type("Named", (), {"unique_id": unique_id})
    located = house.read(entry)
    assert type(located).__name__ == "Located"
    assert b"Prise de sang" in read(house.platform, located)


def test_what_was_prepared_is_gone_once_it_is_added(house, browser):
    here = begun(browser, REPORT)
    described(browser, here)
    confirm(browser, here)
    assert browser.get(here).status == 404
    assert house.platform.connection.execute(_rows("upload_piece")) == [(0,)]
    assert house.platform.connection.execute(_rows("upload_draft")) == [(0,)]


def _rows(table):
    return Statement(f"SELECT count(*) FROM {table}")


def test_a_form_that_is_sent_twice_adds_once(house, browser):
    here = begun(browser, REPORT)
    described(browser, here)
    fields = browser.get(f"{here}/verification").fields(f"{here}/verification")
    first, second = (browser.send(f"{here}/verification", fields) for _ in range(2))
    assert first.status == second.status == 303
    assert first.headers["location"] == second.headers["location"]
    assert "1 document" in browser.get("/documents").words


def test_photographs_become_the_pages_of_one_pdf_in_the_order_chosen(house, browser):
    here = begun(browser, photograph((250, 20, 20)), photograph((20, 20, 250)))
    pages = browser.get(here)
    second = re.findall(r'id="page-([0-9a-f]{16})"', pages.text)[1]
    fields = pages.fields(f"{here}/page")
    assert browser.send(f"{here}/page", {**fields, "page": second, "action": "avant"}).status == 303
    assert re.findall(r'id="page-([0-9a-f]{16})"', browser.get(here).text)[0] == second
    assert browser.send(f"{here}/page", {**fields, "page": second, "action": "droite"}).status == 303
    assert described(browser, here, titre="Deux pages").status == 303
    assert "2 pages" in browser.get(f"{here}/verification").words
    unique_id = confirm(browser, here).headers["location"].split("/")[-1].split("?")[0]
    shown = browser.get(f"/documents/{unique_id}/lecture")
    pictures = re.findall(r'src="data:image/webp;base64,([^"]*)" width="(\d+)" height="(\d+)"', shown.text)
    assert [int(width) > int(height) for _data, width, height in pictures] == [True, False]
    first = Image.open(io.BytesIO(base64.b64decode(pictures[0][0]))).convert("RGB").getpixel((50, 50))
    assert first[2] > 200 > first[0]


def test_a_page_that_is_removed_is_not_in_the_document(house, browser):
    here = begun(browser, photograph(), photograph((20, 20, 250)))
    pages = browser.get(here)
    first = re.findall(r'id="page-([0-9a-f]{16})"', pages.text)[0]
    browser.send(f"{here}/page", {**pages.fields(f"{here}/page"), "page": first, "action": "retirer"})
    assert len(re.findall(r'id="page-([0-9a-f]{16})"', browser.get(here).text)) == 1


def test_further_pages_are_added_to_what_was_begun(browser):
    here = begun(browser, photograph())
    answer = browser.send_files(here, browser.get(here).fields(here), photograph(), REPORT)
    assert answer.status == 303
    assert len(re.findall(r'id="page-([0-9a-f]{16})"', browser.get(here).text)) == 3


def test_a_text_is_added_alone(house, browser):
    unique_id = added(browser, plain("Ma tension, le soir : 13/8"), type="EXPPAT_2", titre="Carnet")
    file, cda = wrapped(house, unique_id)
    assert file.decode() == "Ma tension, le soir : 13/8"
    assert b'mediaType="text/plain"' in cda
    here = begun(browser, plain("seul"))
    answer = browser.send_files(here, browser.get(here).fields(here), photograph())
    assert answer.status == 422
    assert "Un texte s'ajoute seul" in answer.words


def test_what_the_document_seems_to_be_is_suggested_and_the_person_decides(browser):
    here = begun(browser, REPORT)
    browser.send(f"{here}/assembler", browser.get(here).fields(f"{here}/assembler"))
    page = browser.get(f"{here}/description")
    assert '<option value="DOCPAT05" selected>' in page.text
    assert 'value="2025-03-12"' in page.text
    assert "Proposé d'après les mots" in page.words
    said = {"type": "DOCPAT07", "titre": "", "date": "2024-01-02"}
    browser.send(f"{here}/description", {**page.fields(f"{here}/description"), **said})
    unique_id = confirm(browser, here).headers["location"].split("/")[-1].split("?")[0]
    assert "Certificat déposé par le patient" in browser.get(f"/documents/{unique_id}").words


def test_a_masked_document_is_masked_from_its_first_moment(house, browser):
    house.acts.authorise(PAT_TROIS.identifier, HOSPITAL_DOCTOR.identifier)
    entry = type("Named", (), {"unique_id": added(browser, REPORT, masque="oui")})
    assert type(house.read(entry, by=HOSPITAL_DOCTOR)).__name__ == "UnknownDocument"
    assert "Masqué aux professionnels" in browser.get(f"/documents/{entry.unique_id}").words
    other = type("Named", (), {"unique_id": added(browser, REPORT)})
    assert type(house.read(other, by=HOSPITAL_DOCTOR)).__name__ == "Located"


def test_who_masks_everything_is_told_so_before_adding(house, browser):
    house.acts.choose(PAT_TROIS.identifier, Choice.MASKS_EVERYTHING, value=True)
    here = begun(browser, REPORT)
    described(browser, here)
    assert "Vous avez choisi de masquer tout document nouveau" in browser.get(f"{here}/verification").words


def test_a_new_version_takes_the_place_of_the_old_one(house, browser):
    old = added(browser, REPORT, masque="oui")
    page = browser.get(f"/ajouter?remplace={old}")
    assert "Prise de sang" in page.words
    new = added(browser, REPORT, page=f"/ajouter?remplace={old}", titre="Prise de sang corrigée", masque="oui")
    assert new != old
    listed = browser.get("/documents").words
    assert "Prise de sang corrigée" in listed
    assert "1 document" in listed
    _file, cda = wrapped(house, new)
    _old_file, old_cda = _replaced_cda(house, old)
    assert b'<versionNumber value="2"/>' in cda
    assert re.search(rb'<setId root="([^"]*)"', cda)[1] == re.search(rb'<setId root="([^"]*)"', old_cda)[1]
    assert b'typeCode="RPLC"' in cda


def _replaced_cda(house, unique_id):
    entry = type("Named", (), {"unique_id": unique_id})
    return b"", read(house.platform, house.read(entry))


def test_only_what_the_patients_side_added_can_be_replaced(house, browser):
    theirs = house.add("Compte rendu du médecin")
    shown = browser.get(f"/documents/{theirs.unique_id}")
    assert "Remplacer par une nouvelle version" not in shown.words
    page = browser.get(f"/ajouter?remplace={theirs.unique_id}")
    answer = browser.send_files("/ajouter", page.fields("/ajouter"), REPORT)
    assert answer.status == 403


def test_what_was_added_can_be_deleted_by_the_patients_side(browser):
    unique_id = added(browser, REPORT)
    here = f"/documents/{unique_id}"
    assert browser.send(f"{here}/supprimer", browser.get(here).fields(f"{here}/supprimer")).status == 303
    assert browser.get(here).status == 404


# --- what is wrong is said, and what was typed stays -------------------------------------------------------------------


def test_nothing_chosen_is_said(browser):
    page = browser.get("/ajouter")
    answer = browser.send_files("/ajouter", page.fields("/ajouter"))
    assert answer.status == 422
    assert "Aucun fichier n'a été choisi" in answer.words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zipped(1000), "qui en contient d'autres"),
        (REFUSED["page"], "page web"),
        (REFUSED["drawing"], "page web ou un dessin"),
        (REFUSED["program for Windows"], "programme"),
        (POLYGLOTS["GIF and archive (GIFAR)"], "format n'est pas accepté"),
        (b"%PDF-1.7\n" + bytes(50), "abîmé"),
    ],
)
def test_a_refused_file_is_named_with_the_reason_and_nothing_is_begun(browser, content, words):
    page = browser.get("/ajouter")
    answer = browser.send_files("/ajouter", page.fields("/ajouter"), ("<b>mon fichier</b>.pdf", content))
    assert answer.status == 422
    assert words in answer.words
    assert html.escape("<b>mon fichier</b>.pdf") in answer.text
    assert "Ajouts commencés" not in browser.get("/ajouter").words


def test_of_several_files_the_good_ones_are_kept(browser):
    page = browser.get("/ajouter")
    answer = browser.send_files("/ajouter", page.fields("/ajouter"), photograph(), ("x.zip", zipped(10)))
    assert answer.status == 422
    assert "x.zip" in answer.words
    assert len(re.findall(r'id="page-([0-9a-f]{16})"', answer.text)) == 1
    assert "Ajouts commencés" in browser.get("/ajouter").words


def test_a_wrong_description_is_told_beside_and_stays(browser):
    here = begun(browser, REPORT)
    answer = described(browser, here, type="", titre="Mon titre à moi", date="2999-01-01", masque="oui")
    assert answer.status == 422
    for words in ("Dites de quel genre", "dans l'avenir"):
        assert words in answer.words
    assert 'value="Mon titre à moi"' in answer.text
    assert 'id="masque" name="masque" value="oui" aria-describedby="masque-effet" checked' in answer.text
    assert browser.get(f"{here}/verification").status == 303


@pytest.mark.parametrize("date", ["", "12/03/2025", "2025-02-30", "0001-01-01", "²025-01-01"])
def test_a_date_that_is_none_is_asked_for(browser, date):
    answer = described(browser, begun(browser, REPORT), date=date)
    assert answer.status == 422
    assert "Donnez la date" in answer.words


def test_a_title_is_what_the_person_typed_and_runs_nothing(browser):
    title = '"><script>alert(1)</script> & ]]> \u202elmth'
    unique_id = added(browser, REPORT, titre=title)
    page = browser.get(f"/documents/{unique_id}")
    assert "<script>alert" not in page.text
    assert "\u202e" not in page.text
    assert html.escape("<script>alert(1)</script> & ]]>") in page.text


def test_a_document_larger_than_allowed_is_said_with_its_size_and_kept(open_house):
    house = open_house(upload_document_bytes=20_000)
    browser = house.browser(PAT_TROIS)
    here = begun(browser, pdf("Gros", size=60_000))
    first = browser.send(f"{here}/assembler", browser.get(here).fields(f"{here}/assembler"))
    noisy = Image.effect_noise((800, 800), 90).convert("RGB")
    written = io.BytesIO()
    noisy.save(written, "JPEG")
    here = begun(browser, written.getvalue())
    answer = browser.send(f"{here}/assembler", browser.get(here).fields(f"{here}/assembler"))
    assert first.status == 303, "what no page shows is not kept, and the PDF is small without it"
    assert answer.status == 422
    assert "la limite est de" in answer.words
    assert browser.get(here).status == 200


def test_sizes_at_the_bound_of_one_sending(open_house):
    house = open_house(upload_file_bytes=100_000, upload_document_bytes=100_000)
    browser = house.browser(PAT_TROIS)
    fields = browser.get("/ajouter").fields("/ajouter")
    assert browser.send_files("/ajouter", fields, plain("a" * 99_999)).status == 303
    over = browser.send_files("/ajouter", fields, plain("a" * 200_000))
    assert over.status == 413
    assert "trop gros pour un seul envoi" in over.words


def test_what_is_added_in_a_day_is_limited_and_kept_for_tomorrow(open_house):
    house = open_house(upload_daily_documents=2)
    browser = house.browser(PAT_TROIS)
    for _ in range(2):
        added(browser, REPORT)
    here = begun(browser, REPORT)
    described(browser, here)
    answer = confirm(browser, here)
    assert answer.status == 422
    assert "revenez demain" in answer.words
    house.now += DAY
    assert confirm(browser, here).status == 303


# --- a lost network, another window, another person --------------------------------------------------------------------


def test_what_was_begun_is_there_when_one_comes_back(house, browser):
    here = begun(browser, REPORT)
    again = house.browser(PAT_TROIS)
    assert f'href="{here}"' in again.get("/ajouter").text
    assert again.get(here).status == 200


def test_what_was_begun_is_dropped_after_its_time(house, browser):
    here = begun(browser, REPORT)
    house.now += 49 * HOUR
    assert browser.get(here).status == 404
    assert house.platform.connection.execute(_rows("upload_draft")) == [(1,)]
    assert run_due(house.gate).counts["draft-dropped"] == 1
    assert house.platform.connection.execute(_rows("upload_piece")) == [(0,)]


def test_giving_up_erases_it(house, browser):
    here = begun(browser, REPORT)
    answer = browser.send(f"{here}/abandonner", browser.get(here).fields(f"{here}/abandonner"))
    assert answer.headers["location"] == "/ajouter?fait=abandonne"
    assert browser.get(here).status == 404
    assert house.platform.connection.execute(_rows("upload_piece")) == [(0,)]


def test_a_change_in_another_window_is_noticed(house, browser, monkeypatch):
    here = begun(browser, REPORT)
    described(browser, here)
    fields = browser.get(f"{here}/verification").fields(f"{here}/verification")
    make = describing_pages.make

    def meanwhile(platform, basis):
        about = msgspec.structs.replace(basis.preparation.about, title="Autre")
        OwnDrafts(house.gate, "operator:tests").describe(PAT_TROIS.identifier, basis.preparation.draft_id, about)
        return make(platform, basis)

    monkeypatch.setattr(describing_pages, "make", meanwhile)
    monkeypatch.setattr("carnet.portal.patient.describing_pages.asyncio.to_thread", _here)
    answer = browser.send(f"{here}/verification", fields)
    assert answer.status == 422
    assert "a changé depuis" in answer.words


async def _here(work, *given):
    return work(*given)


def test_what_is_prepared_is_its_makers_alone(house, browser):
    here = begun(browser, REPORT)
    other = house.browser(NESSI)
    assert other.get(here).status == 404
    assert other.get(f"{here}/description").status == 404


def test_a_mother_adds_to_her_childs_record_without_being_named_in_the_document(house):
    browser = act_for_child(house)
    here = begun(browser, REPORT)
    described(browser, here, titre="Carnet de vaccination")
    page = browser.get(f"{here}/verification")
    assert "Zoe Mirabelle" in page.words
    unique_id = confirm(browser, here).headers["location"].split("/")[-1].split("?")[0]
    shown = browser.get(f"/documents/{unique_id}")
    assert "Ajouté par un représentant légal" in shown.words
    _file, cda = wrapped(house, unique_id, MIRABELLE, NESSI.identifier)
    assert NESSI.identifier.value.encode() not in cda
    assert MIRABELLE.identifier.value.encode() in cda


def test_a_form_of_another_record_begins_nothing(house):
    browser = house.browser(NESSI)
    own = browser.get("/ajouter").fields("/ajouter")
    Delegations(house.gate, "operator:tests").declare(
        MIRABELLE.identifier, NESSI.identifier, Representation.FIRST_REPRESENTATIVE
    )
    page = browser.get("/")
    names = re.findall(r'name="dossier"[^>]*value="([0-9a-f]{32})"', page.text)
    browser.send("/dossier", {**page.fields("/dossier"), "dossier": names[1]})
    assert browser.send_files("/ajouter", own, REPORT).status == 409
    assert "Ajouts commencés" not in browser.get("/ajouter").words


@pytest.mark.parametrize("missing", ["token", "origin"])
def test_a_form_that_is_not_ours_begins_nothing(browser, missing):
    fields = browser.get("/ajouter").fields("/ajouter")
    headers = {"origin": "https://evil.test" if missing == "origin" else "https://space.test"}
    if missing == "token":
        fields = {"jeton": ""}
    answer = browser.ask("POST", "/ajouter", headers=headers, data=fields, files=[("fichiers", ("a", REPORT))])
    assert answer.status == 403
    assert "Ajouts commencés" not in browser.get("/ajouter").words


def test_nothing_is_added_to_a_record_that_is_closed(house, browser):
    here = begun(browser, REPORT)
    described(browser, here)
    fields = browser.get(f"{here}/verification").fields(f"{here}/verification")
    Custody(house.gate, "operator:tests").close_record(PAT_TROIS.identifier, "FERMETURE_DEMANDE_PATIENT")
    assert browser.send(f"{here}/verification", fields).status == 403
    assert browser.get("/ajouter").status == 403


def test_every_step_asks_for_the_right_to_add(house, browser, monkeypatch):
    here = begun(browser, REPORT)
    cells = {**patient_side.CELLS, PatientRight.ADD: dict.fromkeys(patient_side.Actor, Cell.NO)}
    monkeypatch.setattr(patient_side, "CELLS", cells)
    for path in ("/ajouter", here, f"{here}/description", f"{here}/verification"):
        assert browser.get(path).status == 403


# --- what acts, and where it was taken ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["javascript when opened", "program started", "embedded program", "xfa form"])
def test_nothing_that_acts_is_in_the_document(house, browser, name):
    file, _cda = wrapped(house, added(browser, ACTIVE_PDFS[name]))
    for word in (b"/JavaScript", b"/Launch", b"/EmbeddedFile", b"/XFA", b"calc.exe", b"MZ\x00"):
        assert word not in file
    assert word in ACTIVE_PDFS[name] or b"/S/" in ACTIVE_PDFS[name] or b"/XFA" in ACTIVE_PDFS[name]


@pytest.mark.parametrize("name", ["JPEG and page", "PDF and archive", "JPEG with a page in its comment"])
def test_of_a_file_that_is_two_things_one_is_in_the_document(house, browser, name):
    file, _cda = wrapped(house, added(browser, POLYGLOTS[name]))
    assert b"<script" not in file
    assert b"PK\x03\x04" not in file
