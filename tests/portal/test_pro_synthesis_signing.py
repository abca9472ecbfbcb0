"""The signature of a synthesis on the pages, in either content model: what was shown is what every door gives, whatever comes late, twice or from elsewhere."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from health_house import put
from pro_house import ProHouse
from test_pro_synthesis import STATED, content_of, lines, mark, newest, opened, send, sign

from carnet.cda.header import read_header
from carnet.cda.synthesis_model import Model, Part, Stated, SynthesisLine, Told
from carnet.cda.synthesis_reading import stated_in
from carnet.clock import DAY, HOUR
from carnet.demo.people import MEDECIN_TRAITANT, OTHER_GP, PAT_TROIS
from tests.record.synthesis_work import summary, told

VACCINATED = told(
    Part.VACCINATIONS, SynthesisLine("REVAXIS", start="20090928", lot="4456672", rank="2", note="bras gauche")
)
ADDED = "Le VSM n'a pas de rubrique pour :"


@pytest.fixture
def signing(open_house):
    """A doctor with a draft, and the pages' root."""
    pro = ProHouse(open_house())
    put(pro.house, summary((*STATED, VACCINATED), by=OTHER_GP, at=pro.house.now - DAY), by=OTHER_GP)
    pro.house.index()
    browser, root = opened(pro)
    assert browser.get(f"{root}/synthese/brouillon").status == 200
    return pro, browser, root


def shown(browser, root, model=""):
    page = browser.get(f"{root}/synthese/relire{model and '?modele='}{model}")
    return page, page.fields(f"{root}/synthese/relire")


def archived(browser, root, unique_id):
    """The document in an XDM archive."""
    form = f"{root}/documents/exporter"
    fields = browser.get(f"{root}/documents").fields(form) | {f"document-{unique_id}": "1"}
    with zipfile.ZipFile(io.BytesIO(browser.send(form, fields).content)) as whole:
        return whole.read("IHE_XDM/SUBSET01/DOC00001.XML")


def taken_away(patient):
    """The documents in what the patient takes away."""
    page = patient.get("/export")
    where = patient.send("/export", page.fields("/export")).headers["location"]
    with zipfile.ZipFile(io.BytesIO(patient.get(where).content)) as whole:
        return [whole.read(name) for name in whole.namelist() if name.startswith("documents/")]


@pytest.mark.parametrize(("model", "type_code"), [(Model.IPS_FR, "60591-5"), (Model.VSM, "SYNTH")])
def test_the_bytes_that_were_signed_come_through_every_door_in_either_model(signing, model, type_code):
    pro, browser, root = signing
    _page, fields = shown(browser, root, model)
    assert browser.send(f"{root}/synthese/relire", fields).headers["location"].endswith("fait=signer")
    unique_id = newest(browser, root)
    content = content_of(pro.house, unique_id)
    patient = pro.house.browser(PAT_TROIS)
    assert browser.get(f"{root}/documents/{unique_id}/original").content == content
    assert patient.get(f"/documents/{unique_id}/original").content == content
    assert archived(browser, root, unique_id) == content
    assert content in taken_away(patient)
    assert read_header(content).code.code == type_code
    read = {one.part: one for one in stated_in(content) if one.told is Told.LINES}
    assert read == {one.part: one for one in (*STATED, VACCINATED)}
    assert "REVAXIS" in patient.get(f"/documents/{unique_id}/lecture/cadre").plain


def test_the_page_of_a_vsm_names_the_parts_that_it_has_no_section_for(signing):
    _pro, browser, root = signing
    european, _fields = shown(browser, root)
    assert ADDED not in european.plain.replace("\u2019", "'")
    page, fields = shown(browser, root, "vsm")
    named = page.plain.replace("\u2019", "'").partition(ADDED)[2].partition(".")[0]
    assert [one.strip() for one in named.split(",")] == ["Mesures", "Vaccinations"]
    assert fields["modele"] == "vsm"
    frame = re.search(r'<iframe[^>]*src="([^"]*)"', page.text)[1]
    assert frame.endswith("/cadre?modele=vsm")
    assert "Pathologies en cours, antécédents, allergies" in browser.get(frame).plain
    assert "Pathologies en cours, antécédents, allergies" not in browser.get(frame.partition("?")[0]).plain


def test_a_model_that_was_not_shown_is_not_signed(signing):
    _pro, browser, root = signing
    _page, fields = shown(browser, root)
    answer = browser.send(f"{root}/synthese/relire", fields | {"modele": "vsm"})
    assert (answer.status, "Le brouillon a changé" in answer.plain) == (409, True)


def test_a_form_that_comes_again_when_the_next_is_being_written_was_done(signing):
    pro, browser, root = signing
    _page, fields = shown(browser, root)
    assert browser.send(f"{root}/synthese/relire", fields).status == 303
    assert browser.get(f"{root}/synthese/relire").headers["location"] == f"{root}/synthese"
    first = newest(browser, root)
    pro.house.now += HOUR
    pro.house.index()
    assert browser.get(f"{root}/synthese/brouillon").status == 200
    again = browser.send(f"{root}/synthese/relire", fields)
    assert (again.status, again.headers["location"]) == (303, f"{root}/synthese?fait=signer")
    assert newest(browser, root) == first
    assert browser.send(f"{root}/synthese/relire", fields | {"brouillon": "0" * 32}).status == 409


def test_a_synthesis_of_ones_own_that_came_from_elsewhere_since_is_named_and_replaced(signing):
    pro, browser, root = signing
    assert "dernière synthèse" not in shown(browser, root)[0].plain
    pro.house.now += HOUR
    mine = put(pro.house, summary([told(Part.PROBLEMS, "Ailleurs")], by=MEDECIN_TRAITANT, at=pro.house.now))
    page, fields = shown(browser, root)
    assert "Ce brouillon n'a pas été fait à partir de votre dernière synthèse" in page.plain.replace("\u2019", "'")
    assert f'href="{root}/documents/{mine.unique_id}"' in page.text
    assert "Un document est arrivé depuis ce brouillon" in browser.get(f"{root}/synthese/brouillon").plain
    assert browser.send(f"{root}/synthese/relire", fields).status == 303
    header = read_header(content_of(pro.house, newest(browser, root)))
    assert header.related[0].ids[0].root == mine.unique_id


def test_a_line_corrected_on_one_page_is_not_taken_back_by_an_older_one(signing):
    _pro, browser, root = signing
    page = browser.get(f"{root}/synthese/brouillon")
    path = f"lignes/{lines(page)['METFORMINE 1000 mg']}"
    older = page.fields(f"{root}/synthese/{path}") | mark(page, path) | {"action": "corriger"}
    said = {"libelle": "METFORMINE 1000 mg", "debut": "01/2020", "fin": ""}
    assert send(browser, root, path, action="corriger", **said, precision="2 par jour").status == 303
    answer = browser.send(f"{root}/synthese/{path}", older | said | {"precision": "3 par jour"})
    assert (answer.status, "a été changée dans une autre page" in answer.plain) == (422, True)
    assert 'value="3 par jour"' in answer.text
    assert "2 par jour" in browser.get(f"{root}/synthese/brouillon").plain
    assert send(browser, root, path, action="corriger", **(said | {"fin": "2019"}), precision="").status == 422


def test_a_page_whose_draft_was_signed_in_another_tab_says_that_it_saved_nothing(signing):
    _pro, browser, root = signing
    page = browser.get(f"{root}/synthese/brouillon")
    path = f"{root}/synthese/lignes/{lines(page)['Asthme']}"
    forms = [page.fields(path) | {"action": one} for one in ("retirer", "corriger")]
    assert sign(browser, root).status == 303
    for form in forms:
        answer = browser.send(path, form)
        assert (answer.status, answer.headers["location"]) == (303, f"{root}/synthese?fait=ailleurs")
        assert "Rien n'est enregistré" in browser.get(answer.headers["location"]).plain.replace("\u2019", "'")


def test_what_another_s_vsm_has_to_watch_is_drafted(open_house):
    pro = ProHouse(open_house())
    content = summary(
        [told(Part.ALERTS, "Vit seule"), Stated(Part.WORK)], by=OTHER_GP, at=pro.house.now - DAY, model=Model.VSM
    )
    put(pro.house, content, by=OTHER_GP)
    pro.house.index()
    browser, root = opened(pro)
    assert set(lines(browser.get(f"{root}/synthese/brouillon"))) == {"Vit seule"}
    assert sign(browser, root).status == 303
