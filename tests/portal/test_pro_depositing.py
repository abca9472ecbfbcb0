"""Depositing by the professional's pages, step by step and without a script: what is acknowledged is in the record, and nothing else is."""

from __future__ import annotations

import base64
import html
import io
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from pro_house import ProHouse

from carnet.cda.header import read_header
from carnet.clock import DAY
from carnet.demo import documents
from carnet.demo.documents import Draft
from carnet.demo.payloads import pdf
from carnet.demo.people import HOSPITAL_DOCTOR, MEDECIN_TRAITANT, MIRABELLE, NESSI, OTHER_GP, PAT_TROIS
from carnet.record.draft_keeping import unique_id_of
from carnet.record.due import run_due
from carnet.record.own_documents import Chosen, OwnDocuments
from carnet.record.own_trail import OwnTrail
from carnet.record.retrieval import Wanted, read, retrieve

sys.path.insert(0, str(Path(__file__).parents[1] / "viewing"))

from hostile_files import ACTIVE_PDFS, REFUSED

WORDS = "Cher confrere, je vous adresse ce patient. Merci de le recevoir."
LETTER = WORDS.encode()
WRAPPED = re.compile(rb'representation="B64">([^<]*)')


def picture(size=(300, 200)):
    written = io.BytesIO()
    Image.new("RGB", size, (200, 220, 240)).save(written, "PNG")
    return written.getvalue()


@pytest.fixture
def pro(open_house):
    return ProHouse(open_house(submission_signature_required=True))


def entered(pro, who=MEDECIN_TRAITANT, patient=PAT_TROIS):
    """A browser, and the root of a record whose identity was checked."""
    browser = pro.browser(who)
    root = pro.opened(browser, patient)
    page = browser.get(f"{root}/identite")
    answer = browser.send(f"{root}/identite", page.fields(f"{root}/identite") | {"controle": "oui"})
    assert answer.status == 303, answer.plain
    return browser, root


def begun(browser, root, *files, query=""):
    """The address of a deposit whose file was sent."""
    page = browser.get(f"{root}/deposer{query}")
    answer = browser.send_files(f"{root}/deposer", page.fields(f"{root}/deposer"), *files)
    assert answer.status == 303, answer.plain
    return answer.headers["location"].removesuffix("/description")


def describe(browser, at, **fields):
    page = browser.get(f"{at}/description")
    form = page.text[page.text.index('class="stack"') :]
    chosen = dict(re.findall(r'<select[^>]* name="(\w+)".*?<option value="([^"]*)"[^>]* selected', form, re.DOTALL))
    typed = dict(re.findall(r'<input class="ds-input" id="\w+" name="(\w+)"[^>]*? value="([^"]*)"', form))
    said = {name: html.unescape(value) for name, value in {**typed, **chosen}.items()}
    sent = {**page.fields(f"{at}/description"), **said, "visibilite": "normale", **fields}
    return browser.send(f"{at}/description", {name: value for name, value in sent.items() if value is not None})


def confirm(browser, at):
    page = browser.get(f"{at}/verification")
    return browser.send(f"{at}/verification", page.fields(f"{at}/verification"))


def deposited(pro, browser, root, *files, query="", **fields):
    """The uniqueId of a document that was deposited by the pages."""
    at = begun(browser, root, *files, query=query)
    assert describe(browser, at, **fields).status == 303
    done = confirm(browser, at)
    assert (done.status, done.headers["location"]) == (303, f"{at}/fait"), done.plain
    assert "Le document est dans le dossier." in browser.get(f"{at}/fait").plain
    return unique_id_of(at.rpartition("/")[2])


def bytes_of(pro, unique_id, who=MEDECIN_TRAITANT, patient=PAT_TROIS):
    platform = pro.house.platform
    wanted = (Wanted(platform.settings.repository_unique_id, unique_id),)
    (found,) = pro.house.gate.perform_now(pro.house.caller(who, patient), retrieve(wanted))
    return read(platform, found)


def patient_sees(pro, patient=PAT_TROIS):
    shelf = OwnDocuments(pro.house.gate, "operator:tests").shelf(patient.identifier, Chosen())
    return [one.title for one in shelf.documents]


# --- what becomes of a file ---------------------------------------------------------------------------------------


def test_a_letter_is_deposited_and_read_back_and_the_patient_sees_it(pro):
    browser, root = entered(pro)
    unique_id = deposited(pro, browser, root, pdf(WORDS), titre="Lettre au cardiologue")
    header = read_header(bytes_of(pro, unique_id))
    assert (header.code.code, header.title) == ("96349-6", "Lettre au cardiologue")
    assert patient_sees(pro) == ["Lettre au cardiologue"]
    assert "Lettre au cardiologue" in browser.get(f"{root}/depots").plain
    assert "Lettre au cardiologue" in browser.get("/pro/depots").plain


KINDS = (
    ((picture(),), "image/jpeg", b"\xff\xd8\xff"),
    ((picture(), picture((200, 300))), "application/pdf", b"%PDF-"),
    ((b"Compte rendu : tout va bien.",), "text/plain", b"Compte"),
    ((rb"{\rtf1 Compte rendu {\object\objdata 4d5a} bref}",), "text/plain", b"Compte"),
)


def test_each_kind_of_file_becomes_one_that_a_level_1_document_may_wrap(pro):
    browser, root = entered(pro)
    for files, media_type, beginning in KINDS:
        content = bytes_of(pro, deposited(pro, browser, root, *files))
        assert read_header(content).body.media_type == media_type
        inside = base64.b64decode(WRAPPED.search(content).group(1))
        assert inside.startswith(beginning)
        assert b"objdata" not in inside


def test_what_acts_in_a_pdf_is_gone_from_what_is_deposited(pro):
    browser, root = entered(pro)
    name, file = next((name, file) for name, file in ACTIVE_PDFS.items() if b"/JavaScript" in file)
    content = bytes_of(pro, deposited(pro, browser, root, file))
    inside = base64.b64decode(WRAPPED.search(content).group(1))
    for act in (b"/JavaScript", b"/JS", b"/OpenAction", b"/Launch", b"/EmbeddedFile"):
        assert act not in inside, name


def test_hostile_files_are_refused_with_a_sentence_and_leave_nothing(pro):
    browser, root = entered(pro)
    fields = browser.get(f"{root}/deposer").fields(f"{root}/deposer")
    for name in ("archive", "entity bomb", "page", "program for Windows"):
        answer = browser.send_files(f"{root}/deposer", fields, (name, REFUSED[name]))
        assert answer.status == 422, name
        assert "Rien n'est déposé" in answer.plain, name
    assert browser.get(f"{root}/depots").plain.count("Pas encore déposés") == 0


def test_a_web_page_is_told_to_be_one_and_no_cda_with_faults(pro):
    browser, root = entered(pro)
    fields = browser.get(f"{root}/deposer").fields(f"{root}/deposer")
    answer = browser.send_files(f"{root}/deposer", fields, ("page.html", b"<!doctype html><p>Bonjour</p>"))
    assert (answer.status, "C'est une page web ou un dessin" in answer.plain) == (422, True)


def test_no_file_and_a_text_among_pictures_are_told(pro):
    browser, root = entered(pro)
    page = browser.get(f"{root}/deposer")
    fields = page.fields(f"{root}/deposer")
    assert "Aucun fichier n'a été choisi." in browser.send_files(f"{root}/deposer", fields).plain
    answer = browser.send_files(f"{root}/deposer", fields, picture(), b"Un texte.")
    assert "Un texte se dépose seul, sans autre fichier." in answer.plain


# --- a CDA --------------------------------------------------------------------------------------------------------


def cda(pro, **about):
    return documents.level_1(Draft(**{"created": pro.house.now - DAY, **about}), media_type="application/pdf")


def test_a_cda_is_deposited_as_it_came(pro):
    browser, root = entered(pro)
    content = cda(pro, title="Mon compte rendu")
    at = begun(browser, root, content)
    assert describe(browser, at, titre="Autre titre").status == 303
    assert confirm(browser, at).status == 303
    assert bytes_of(pro, read_header(content).id.root) == content


def test_each_rule_that_a_cda_breaks_is_told_in_words_with_its_field(pro):
    browser, root = entered(pro)
    page = browser.get(f"{root}/deposer")
    bad = cda(pro, author=OTHER_GP).replace(b'languageCode code="fr-FR"', b'languageCode code="de-DE"')
    answer = browser.send_files(f"{root}/deposer", page.fields(f"{root}/deposer"), ("rapport.xml", bad))
    assert answer.status == 422
    for words in (
        "rapport.xml",
        "pour 2 raisons",
        "Langue languageCode",
        "Auteur author",
        "ni vous ni votre structure",
    ):
        assert words in answer.plain, words


def test_a_cda_of_another_patient_is_refused(pro):
    browser, root = entered(pro)
    page = browser.get(f"{root}/deposer")
    answer = browser.send_files(f"{root}/deposer", page.fields(f"{root}/deposer"), cda(pro, patient=NESSI))
    assert answer.status == 422


# --- visibility ---------------------------------------------------------------------------------------------------


def test_who_sees_it_is_asked_every_time_and_nothing_is_chosen_beforehand(pro):
    browser, root = entered(pro)
    at = begun(browser, root, LETTER)
    assert "checked" not in browser.get(f"{at}/description").text
    answer = describe(browser, at, visibilite=None)
    assert (answer.status, "Dites qui peut voir ce document." in answer.plain) == (422, True)
    assert browser.get(f"{at}/verification").status == 303


def test_what_is_hidden_until_announced_shows_its_dates_and_the_patient_sees_it_after_a_month(pro):
    browser, root = entered(pro)
    deposited(pro, browser, root, LETTER, titre="Annonce", visibilite="invisible")
    assert patient_sees(pro) == []
    assert "Invisible du patient, averti le" in browser.get(f"{root}/depots").plain
    pro.house.now += 32 * DAY
    run_due(pro.house.gate, pro.house.now)
    assert patient_sees(pro) == ["Annonce"]


def test_a_new_version_of_what_is_hidden_is_hidden_unless_it_is_said_otherwise_and_keeps_its_dates(pro):
    browser, root = entered(pro)
    first = deposited(pro, browser, root, LETTER, titre="Annonce", visibilite="invisible")
    dates = re.search(r"averti le ([^,]+), visible le (\w+ \w+ \w+)", browser.get(f"{root}/depots").plain)
    pro.house.now += 2 * DAY
    browser, root = entered(pro)
    at = begun(browser, root, LETTER, query=f"?remplace={first}")
    page = browser.get(f"{at}/description")
    assert re.search(r'value="invisible"[^>]* checked', page.text)
    assert all(one in page.plain for one in dates.groups())
    describe(browser, at, titre="Annonce corrigée", visibilite="invisible")
    confirm(browser, at)
    assert all(one in browser.get(f"{at}/fait").plain for one in dates.groups())
    assert browser.get(f"{root}/depots").plain.count(dates[2]) == 2
    assert dates[2] in browser.get("/pro/depots").plain
    pro.house.now += 30 * DAY
    run_due(pro.house.gate, pro.house.now)
    assert patient_sees(pro) == ["Annonce corrigée"]


def test_after_the_announcement_the_patient_sees_it(pro):
    browser, root = entered(pro)
    unique_id = deposited(pro, browser, root, LETTER, titre="Annonce", visibilite="invisible")
    act(browser, root, unique_id, "montrer-au-patient")
    assert patient_sees(pro) == ["Annonce"]


def test_a_masked_deposit_is_absent_for_other_professionals_and_there_for_the_patient(pro):
    browser, root = entered(pro, OTHER_GP)
    deposited(pro, browser, root, LETTER, titre="Masqué", visibilite="masque")
    assert patient_sees(pro) == ["Masqué"]
    other, there = entered(pro, HOSPITAL_DOCTOR)
    assert "Masqué" not in other.get(f"{there}/depots").plain
    assert "Masqué aux autres professionnels" in browser.get(f"{root}/depots").plain


def test_for_a_minor_the_representatives_are_asked_for_too(pro):
    browser, root = entered(pro, OTHER_GP, MIRABELLE)
    at = begun(browser, root, LETTER)
    answer = describe(browser, at)
    assert "Dites si les représentants légaux peuvent voir ce document." in answer.plain
    assert describe(browser, at, representants="invisible").status == 303
    assert "Invisible des représentants légaux." in browser.get(f"{at}/verification").plain
    assert confirm(browser, at).status == 303
    adult, there = entered(pro)
    at = begun(adult, there, LETTER)
    assert 'name="representants"' not in adult.get(f"{at}/description").text


# --- once, and in the right record --------------------------------------------------------------------------------


def test_a_form_sent_twice_makes_one_document(pro):
    browser, root = entered(pro)
    at = begun(browser, root, LETTER)
    assert describe(browser, at, titre="Une fois").status == 303
    page = browser.get(f"{at}/verification")
    answers = [browser.send(f"{at}/verification", page.fields(f"{at}/verification")) for _ in range(2)]
    assert [(one.status, one.headers["location"]) for one in answers] == [(303, f"{at}/fait")] * 2
    assert patient_sees(pro) == ["Une fois"]


def test_another_file_sent_by_the_same_form_is_another_deposit_before_and_after_the_first(pro):
    """Who goes back and chooses again deposits what they chose: nothing is acknowledged that is not in the record."""
    browser, root = entered(pro)
    fields = browser.get(f"{root}/deposer").fields(f"{root}/deposer")

    def sent(text):
        answer = browser.send_files(f"{root}/deposer", fields, text)
        assert answer.status == 303, answer.plain
        return answer.headers["location"].removesuffix("/description")

    first = sent(b"Premier texte.")
    second = sent(b"Second texte.")
    assert (first == second, sent(b"Premier texte.")) == (False, first)
    assert "Second texte." in browser.get(f"{second}/description").plain
    for at, title in ((first, "Premier"), (second, "Second")):
        describe(browser, at, titre=title)
        confirm(browser, at)
    assert sorted(patient_sees(pro)) == ["Premier", "Second"]
    assert sent(b"Premier texte.") == f"{first}/fait"
    third = sent(b"Encore un texte.")
    describe(browser, third, titre="Encore")
    assert confirm(browser, third).headers["location"] == f"{third}/fait"
    assert sorted(patient_sees(pro)) == ["Encore", "Premier", "Second"]


def test_what_changed_of_a_document_meanwhile_does_not_stop_its_new_version(pro):
    browser, root = entered(pro)
    first = deposited(pro, browser, root, LETTER, titre="Première")
    at = begun(browser, root, LETTER, query=f"?remplace={first}")
    act(browser, root, first, "masquer")
    describe(browser, at, titre="Seconde")
    assert confirm(browser, at).status == 303
    assert patient_sees(pro) == ["Seconde"]


def test_what_is_not_in_use_any_more_is_told_before_a_file_is_chosen_and_at_the_last_step(pro):
    browser, root = entered(pro)
    first = deposited(pro, browser, root, LETTER, titre="Première")
    fields = browser.get(f"{root}/deposer?remplace={first}").fields(f"{root}/deposer")
    at = begun(browser, root, LETTER, query=f"?remplace={first}")
    describe(browser, at, titre="Seconde")
    page = browser.get(f"{at}/verification")
    act(browser, root, first, "archiver")
    late = [
        browser.send(f"{at}/verification", page.fields(f"{at}/verification")),
        browser.send_files(f"{root}/deposer", fields, b"Un autre texte."),
        browser.get(f"{root}/deposer?remplace={first}"),
    ]
    assert [(one.status, "Ce document a changé depuis" in one.plain) for one in late] == [(409, True)] * 3
    assert patient_sees(pro) == ["Première"]


def test_a_form_of_one_patient_deposits_nothing_in_another_s_record(pro):
    browser, root = entered(pro)
    at = begun(browser, root, LETTER)
    describe(browser, at)
    fields = browser.get(f"{at}/verification").fields(f"{at}/verification")
    other = pro.opened(browser, NESSI)
    page = browser.get(f"{other}/identite")
    browser.send(f"{other}/identite", page.fields(f"{other}/identite") | {"controle": "oui"})
    there = at.replace(root, other)
    assert browser.send(f"{there}/verification", fields).status in {403, 409, 422}
    assert browser.get(f"{there}/description").status == 404
    assert patient_sees(pro, NESSI) == []


def test_a_deposit_given_up_is_gone(pro):
    browser, root = entered(pro)
    at = begun(browser, root, LETTER)
    fields = browser.get(f"{at}/description").fields(f"{at}/abandonner")
    assert browser.send(f"{at}/abandonner", fields).status == 303
    assert browser.get(f"{at}/description").status == 404
    assert browser.get(f"{at}/fait").status == 404


def test_without_a_seal_the_page_says_why_and_takes_nothing(pro):
    browser, root = entered(pro)
    fields = browser.get(f"{root}/deposer").fields(f"{root}/deposer")
    pro.house.gate.platform = replace(pro.house.platform, portal_seal=None)
    assert "n'a pas de cachet valide" in browser.get(f"{root}/deposer").plain
    answer = browser.send_files(f"{root}/deposer", fields, LETTER)
    assert (answer.status, "n'a pas de cachet valide" in answer.plain) == (409, True)


def test_what_is_refused_at_the_last_step_says_why_and_waits(pro, monkeypatch):
    browser, root = entered(pro)
    at = begun(browser, root, LETTER)
    describe(browser, at, titre="Essai")
    monkeypatch.setattr("carnet.record.deposit_making.setting_code", lambda _code: documents.CONSULTED)
    answer = confirm(browser, at)
    assert answer.status == 422
    assert "Cadre d'exercice practiceSettingCode" in answer.plain
    assert "Refusé" in browser.get(f"{root}/depots").plain
    assert patient_sees(pro) == []


# --- corrections --------------------------------------------------------------------------------------------------


def act(browser, root, unique_id, name):
    page = browser.get(f"{root}/depots")
    target = f"{root}/depots/{unique_id}/{name}"
    answer = browser.send(target, page.fields(target))
    assert answer.status == 303, answer.plain
    return browser.get(answer.headers["location"]).plain


def test_a_deposit_is_replaced_by_a_new_version(pro):
    browser, root = entered(pro)
    first = deposited(pro, browser, root, LETTER, titre="Première")
    second = deposited(pro, browser, root, LETTER, query=f"?remplace={first}", titre="Seconde")
    later = read_header(bytes_of(pro, second))
    assert (later.version_number, later.set_id.root) == (2, first)
    assert patient_sees(pro) == ["Seconde"]
    page = browser.get(f"{root}/depots").plain
    assert "Remplacé par « Seconde »" in page.replace("\xa0", " ").replace("\u202f", " ")


def test_a_deposit_is_archived_and_deleted_and_deletion_is_asked_twice(pro):
    browser, root = entered(pro)
    unique_id = deposited(pro, browser, root, LETTER, titre="À ranger")
    assert "le document est archivé" in act(browser, root, unique_id, "archiver")
    assert "Archivé : il n'est plus dans les listes" in browser.get(f"{root}/depots").plain.replace("\xa0", " ")
    act(browser, root, unique_id, "desarchiver")
    target = f"{root}/depots/{unique_id}/supprimer"
    assert browser.get(f"{root}/depots").text.count(f'action="{target}"') == 0
    asked = browser.get(target)
    assert browser.send(target, asked.fields(target)).status == 303
    assert patient_sees(pro) == []
    assert "Vous n'avez rien déposé" in browser.get(f"{root}/depots").plain


def test_another_s_deposit_is_not_there_to_be_changed(pro):
    browser, root = entered(pro)
    unique_id = deposited(pro, browser, root, LETTER)
    other, there = entered(pro, HOSPITAL_DOCTOR)
    fields = other.get(f"{there}/deposer").fields(f"{there}/deposer")
    for name in ("supprimer", "archiver", "masquer"):
        assert other.send(f"{there}/depots/{unique_id}/{name}", fields).status == 404
    assert other.get(f"{there}/deposer?remplace={unique_id}").status in {403, 404}


# --- what the law asks for, and what the patient reads of it ------------------------------------------------------


def test_the_page_says_what_the_law_asks_and_what_is_missing_before_and_after(pro):
    browser, root = entered(pro)
    page = html.unescape(browser.get(f"{root}/deposer").plain)
    assert "Lettre d'adressage" in page
    assert "Le jour même" in page
    at = begun(browser, root, LETTER)
    describe(browser, at, type="96349-6")
    confirm(browser, at)
    after = browser.get(f"{at}/fait").text
    row = after[after.index("adressage</th>") :]  # the row of that type
    assert "dep-there" in row[: row.index("</tr>")]
    stay = html.unescape(browser.get(f"{root}/deposer?activite=sejour").plain)
    assert "Lettre d'adressage" not in stay


def test_a_day_that_is_none_or_to_come_counts_as_today(pro):
    browser, root = entered(pro)
    usual = browser.get(f"{root}/deposer").plain
    for day in ("2020%20101", "202001%201", "20201301", "%D9%A2%D9%A0%D9%A2%D9%A0%D9%A0%D9%A1%D9%A0%D9%A1", "99991231"):
        assert browser.get(f"{root}/deposer?jour={day}").plain == usual, day


def test_the_patient_reads_that_a_document_was_prepared_and_added(pro):
    browser, root = entered(pro)
    deposited(pro, browser, root, LETTER)
    browser.get("/pro/depots")
    told = [one.sentence for one in OwnTrail(pro.house.gate, "operator:tests").told(PAT_TROIS.identifier, "fr").lines]
    for words in ("préparé le dépôt d'un document", "ajouté des documents", "consulté ses propres dépôts"):
        assert any(words in one for one in told), words


def test_the_english_pages_speak_english(pro):
    browser, root = entered(pro)
    browser.cookies["langue"] = "en"
    page = browser.get(f"{root}/deposer").plain
    assert "Deposit a document" in page
    assert "Not yet deposited" in page
