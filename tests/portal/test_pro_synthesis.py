"""From the record to a signed synthesis by pages alone, without a script: drafted with its sources, corrected, read again, signed once."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from health_house import put
from pro_house import ProHouse

from carnet.cda.synthesis_model import LOINC, Part, Stated, SynthesisLine, Told
from carnet.cda.synthesis_reading import stated_in
from carnet.clock import DAY
from carnet.demo.people import MEDECIN_TRAITANT, OTHER_GP, PAT_TROIS
from carnet.metadata import MASQUE_PS, Code
from carnet.record.administration import Administration
from carnet.record.retrieval import read
from tests.record.synthesis_work import CIM_10, summary, told

HOSTILE = "<script>alert(1)</script>\"' & {{ 7*7 }}\x07\u202e"
SHOWN = "<script>alert(1)</script>\"' & {{ 7*7 }}"
STATED = (
    told(Part.PROBLEMS, SynthesisLine("Diabète de type 2", Code("E11", CIM_10), start="2015"), "Asthme"),
    told(Part.TREATMENTS, SynthesisLine("METFORMINE 1000 mg", note="1 matin et soir", start="202001")),
    told(Part.MEASUREMENTS, SynthesisLine("Poids", Code("29463-7", LOINC), start="20260102", value="82.50", unit="kg")),
)


@pytest.fixture
def pro(open_house):
    """The pages, a record in which another doctor stated things, and the identity checked."""
    return ProHouse(open_house())


def opened(pro, who=MEDECIN_TRAITANT, **caller):
    browser = pro.browser(who)
    for name, value in caller.items():
        porter = pro.porter
        key = browser.cookies["who"]
        porter.known[key] = replace(porter.known[key], **{name: value})
    root = pro.opened(browser, PAT_TROIS)
    page = browser.get(f"{root}/identite")
    if f"{root}/identite" in page.text:
        browser.send(f"{root}/identite", page.fields(f"{root}/identite") | {"controle": "oui"})
    return browser, root


@pytest.fixture
def drafted(pro):
    source = put(pro.house, summary(STATED, by=OTHER_GP, at=pro.house.now - DAY), by=OTHER_GP)
    pro.house.index()
    browser, root = opened(pro)
    page = browser.get(f"{root}/synthese/brouillon")
    assert page.status == 200, page.plain
    return pro, browser, root, source


def lines(page):
    """The lines of the draft page: their names by the words that are strong in them."""
    found = re.findall(r'<li id="ligne-([0-9a-f-]+)".*?<strong>(.*?)</strong>', page.text, re.DOTALL)
    return {html.unescape(words): name for name, words in found}


def send(browser, root, rest, **fields):
    path = f"{root}/synthese/{rest}"
    page = browser.get(f"{root}/synthese/brouillon")
    return browser.send(path, {**page.fields(path), **mark(page, rest), **fields})


def mark(page, rest):
    """What the form that corrects a line says of the line as it was shown."""
    found = re.search(rf'action="[^"]*/{rest}">(?:(?!</form>).)*name="vue" value="(\w+)"', page.text, re.DOTALL)
    return {"vue": found[1]} if found else {}


def sign(browser, root):
    path = f"{root}/synthese/relire"
    return browser.send(path, browser.get(path).fields(path))


def newest(browser, root):
    page = browser.get(f"{root}/synthese")
    return re.search(rf'href="{re.escape(root)}/documents/([^"]+)"', page.text)[1]


def content_of(house, unique_id):
    return read(house.platform, house.read(SimpleNamespace(unique_id=unique_id)))


def test_each_line_of_the_draft_leads_to_its_document(drafted):
    _pro, browser, root, source = drafted
    page = browser.get(f"{root}/synthese/brouillon")
    assert set(lines(page)) == {"Diabète de type 2", "Asthme", "METFORMINE 1000 mg", "Poids"}
    assert page.text.count(f'href="{root}/documents/{source.unique_id}"') == 4
    assert "82.50 kg" in page.plain
    assert "CIM-10 E11" in page.plain
    assert "Préparée à partir d'un document" in page.plain.replace("\u2019", "'")


def test_drafting_correcting_and_signing_without_a_script_reads_back_identical_through_every_door(drafted):
    pro, browser, root, _source = drafted
    names = lines(browser.get(f"{root}/synthese/brouillon"))
    assert send(browser, root, f"lignes/{names['Asthme']}", action="retirer").status == 303
    noted = {"libelle": "Diabète de type 2", "debut": "2015", "precision": "équilibré", "action": "corriger"}
    assert send(browser, root, f"lignes/{names['Diabète de type 2']}", **noted).status == 303
    assert send(browser, root, "parties/allergies", action="dire", dit="none-known").status == 303
    alert = {"action": "ajouter", "libelle": "Vit seule"}
    assert send(browser, root, "parties/alerts", **alert).status == 303
    measured = {"action": "ajouter", "mesure": "8302-2", "valeur": "160,5", "debut": "02/2026", "precision": ""}
    assert send(browser, root, "parties/measurements", **measured).status == 303
    answer = sign(browser, root)
    assert (answer.status, answer.headers["location"]) == (303, f"{root}/synthese?fait=signer")
    unique_id = newest(browser, root)
    content = content_of(pro.house, unique_id)
    wanted = {
        Part.ALLERGIES: Stated(Part.ALLERGIES, Told.NONE_KNOWN),
        Part.PROBLEMS: told(
            Part.PROBLEMS, SynthesisLine("Diabète de type 2", Code("E11", CIM_10), start="2015", note="équilibré")
        ),
        Part.TREATMENTS: STATED[1],
        Part.ALERTS: told(Part.ALERTS, "Vit seule"),
        Part.MEASUREMENTS: told(
            Part.MEASUREMENTS,
            *STATED[2].lines,
            SynthesisLine("Taille", Code("8302-2", LOINC), start="202602", value="160.5", unit="cm"),
        ),
        Part.PROCEDURES: Stated(Part.PROCEDURES),
        Part.DEVICES: Stated(Part.DEVICES),
    }
    assert {one.part: one for one in stated_in(content)} == wanted
    patient = pro.house.browser(PAT_TROIS)
    original = patient.get(f"/documents/{unique_id}/original")
    assert (original.status, original.content) == (200, content)
    assert "Diabète de type 2" in patient.get(f"/documents/{unique_id}/lecture/cadre").plain


def test_what_is_previewed_is_what_is_signed_and_nothing_else(drafted):
    _pro, browser, root, _source = drafted
    path = f"{root}/synthese/relire"
    shown = browser.get(path).fields(path)
    assert "METFORMINE 1000 mg" in browser.get(f"{path}/cadre").plain
    send(browser, root, "parties/alerts", action="ajouter", libelle="Autre chose")
    answer = browser.send(path, {**browser.get(path).fields(path), "montre": shown["montre"]})
    assert answer.status == 409
    assert "Rien n'est signé" in answer.plain.replace("\u2019", "'")
    assert sign(browser, root).status == 303


def test_a_form_sent_twice_signs_once(drafted):
    _pro, browser, root, _source = drafted
    path = f"{root}/synthese/relire"
    fields = browser.get(path).fields(path)
    first, second = browser.send(path, fields), browser.send(path, fields)
    assert first.headers["location"] == second.headers["location"] == f"{root}/synthese?fait=signer"
    assert browser.get(f"{root}/synthese").text.count("/documents/2.25.") == 2


def test_who_has_not_just_shown_who_they_are_is_asked_to_and_loses_nothing(pro):
    put(pro.house, summary(STATED, by=OTHER_GP, at=pro.house.now - DAY), by=OTHER_GP)
    pro.house.index()
    browser, root = opened(pro, shown_at=0)
    browser.get(f"{root}/synthese/brouillon")
    answer = sign(browser, root)
    assert answer.status == 403
    assert "/pro/connexion?encore=oui" in answer.text
    assert "Reprendre le brouillon" in browser.get(f"{root}/synthese").plain


def test_hostile_words_are_words_on_every_page_and_in_the_document(drafted):
    pro, browser, root, _source = drafted
    assert send(browser, root, "parties/problems", action="ajouter", libelle=HOSTILE, precision=HOSTILE).status == 303
    page = browser.get(f"{root}/synthese/brouillon")
    assert SHOWN in lines(page)
    for text in (
        page.text,
        browser.get(f"{root}/synthese/relire").text,
        browser.get(f"{root}/synthese/relire/cadre").text,
    ):
        assert "<script>alert" not in text
    assert sign(browser, root).status == 303
    content = content_of(pro.house, newest(browser, root))
    problems = next(one for one in stated_in(content) if one.part is Part.PROBLEMS)
    assert (problems.lines[-1].label, problems.lines[-1].note) == (SHOWN, SHOWN)


WRONG = [
    ("problems", {"libelle": " \x00 "}, "Ce champ est à remplir"),
    ("problems", {"libelle": "Asthme", "debut": "hier"}, "Écrivez la date"),
    ("problems", {"libelle": "Asthme", "debut": "31/02/2020"}, "Écrivez la date"),
    ("problems", {"libelle": "Asthme", "debut": "1492"}, "Écrivez la date"),
    ("problems", {"libelle": "A" * 301}, "trop long"),
    ("measurements", {"mesure": "29463-7", "valeur": "lourd"}, "Écrivez un nombre"),
    ("measurements", {"mesure": "29463-7", "valeur": ""}, "Ce champ est à remplir"),
    ("measurements", {"mesure": "autre", "valeur": "3"}, "Choisissez dans la liste"),
    ("family", {"parent": "voisin", "libelle": "Asthme"}, "Choisissez dans la liste"),
]


def test_what_cannot_be_a_line_is_told_at_its_field_and_what_was_typed_stays(drafted):
    _pro, browser, root, _source = drafted
    before = lines(browser.get(f"{root}/synthese/brouillon"))
    for part, fields, words in WRONG:
        answer = send(browser, root, f"parties/{part}", action="ajouter", **fields)
        assert (answer.status, words in answer.plain) == (422, True), (part, fields)
        assert 'aria-invalid="true"' in answer.text
        for value in fields.values():
            if value.strip(" \x00"):
                assert html.escape(value) in answer.text
    assert lines(browser.get(f"{root}/synthese/brouillon")) == before


def test_a_contradiction_is_shown_with_its_document(pro):
    put(
        pro.house, summary([told(Part.ALLERGIES, "Amoxicilline")], by=OTHER_GP, at=pro.house.now - 9 * DAY), by=OTHER_GP
    )
    none = summary([Stated(Part.ALLERGIES, Told.NONE_KNOWN)], by=OTHER_GP, at=pro.house.now - DAY)
    denying = put(pro.house, none, by=OTHER_GP)
    pro.house.index()
    browser, root = opened(pro)
    page = browser.get(f"{root}/synthese/brouillon")
    assert "Amoxicilline" in lines(page)
    told_otherwise = re.search(r'class="syn-against">(.*?)</p>', page.text, re.DOTALL)[1]
    assert "aucun élément connu" in told_otherwise
    assert denying.unique_id in told_otherwise


def test_documents_not_read_yet_are_read_before_the_draft_is_made(pro):
    put(pro.house, summary(STATED, by=OTHER_GP, at=pro.house.now - DAY), by=OTHER_GP)
    browser, root = opened(pro)
    assert "METFORMINE 1000 mg" in browser.get(f"{root}/synthese/brouillon").plain


def test_another_doctor_reads_the_last_synthesis_and_writes_none(drafted):
    pro, browser, root, _source = drafted
    assert sign(browser, root).status == 303
    mine = newest(browser, root)
    Administration(pro.house.gate, "operator:tests").authorise(PAT_TROIS.identifier, OTHER_GP.identifier, None)
    other, theirs = opened(pro, OTHER_GP)
    page = other.get(f"{theirs}/synthese")
    assert mine in page.text
    assert "/synthese/brouillon" not in page.text
    for path in ("brouillon", "relire", "relire/cadre"):
        assert other.get(f"{theirs}/synthese/{path}").status == 403


def test_a_masked_synthesis_is_absent_for_another_doctor(pro):
    office = Administration(pro.house.gate, "operator:tests")
    office.authorise(PAT_TROIS.identifier, OTHER_GP.identifier, None)
    other, theirs = opened(pro, OTHER_GP)
    before = other.get(f"{theirs}/synthese")
    put(pro.house, summary(STATED, by=MEDECIN_TRAITANT, at=pro.house.now - DAY), masks=(MASQUE_PS,))
    pro.house.index()
    after = other.get(f"{theirs}/synthese")
    assert _shape(after) == _shape(before)
    assert "60591" not in after.text
    browser, root = opened(pro)
    assert "Synthèse médicale" in browser.get(f"{root}/synthese").plain


def _shape(page):
    return page.status, re.sub(r'value="[^"]*"', "", page.text)


def test_the_page_says_that_the_yearly_synthesis_is_due(drafted):
    pro, browser, root, _source = drafted
    words = "La synthèse annuelle est à rédiger"
    assert words not in browser.get(f"{root}/synthese").plain + browser.get(root).plain
    pro.house.now += 366 * DAY
    browser, root = opened(pro)
    assert words in browser.get(f"{root}/synthese").plain
    assert f'href="{root}/synthese"><strong>{words}' in browser.get(root).text


def test_a_page_of_one_patient_changes_nothing_for_another(drafted):
    _pro, browser, root, _source = drafted
    page = browser.get(f"{root}/synthese/brouillon")
    fields = page.fields(f"{root}/synthese/parties/alerts") | {"action": "ajouter", "libelle": "Vit seule"}
    other = "/pro/patients/" + "0" * 32
    assert browser.send(f"{other}/synthese/parties/alerts", fields).status in {404, 409}
    assert "Vit seule" not in lines(browser.get(f"{root}/synthese/brouillon"))
