"""The documents in the space: found by links, told in words, masked and undone, given as they were signed; the hidden is not there."""

from __future__ import annotations

import re

import pytest

from carnet.clock import DAY
from carnet.consent.acting_links import Representation
from carnet.consent.choices import Choice
from carnet.demo.people import HOSPITAL_DOCTOR, MEDECIN_TRAITANT, MIRABELLE, NESSI, PAT_TROIS
from carnet.metadata import INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX
from carnet.portal.patient.document_pages import file_name
from carnet.record.delegations import Delegations
from carnet.record.document_families import Family
from carnet.record.own_documents import PAGE, SpaceDocument


def where(entry):
    return f"/documents/{entry.unique_id}"


@pytest.fixture
def browser(house):
    return house.browser(PAT_TROIS)


def test_a_document_is_told_in_words_and_never_by_a_code(house, browser):
    entry = house.add("Suivi du diabète")
    for path in ("/documents", where(entry)):
        page = browser.get(path)
        assert page.status == 200
        assert "Suivi du diabète" in page.words
        assert "MONTRIEUX" in page.words
        assert entry.type_code.code not in page.words
    assert entry.unique_id not in browser.get("/documents").words


def test_filters_are_links_and_count_what_they_lead_to(house, browser):
    house.acts.authorise(PAT_TROIS.identifier, HOSPITAL_DOCTOR.identifier)
    house.add("De cette année")
    house.add("Ancien", created=house.now - 800 * DAY)
    house.add("De l'hôpital", by=HOSPITAL_DOCTOR)
    page = browser.get("/documents")
    assert "3 documents" in page.words
    for name in ("famille", "annee", "auteur"):
        links = re.findall(
            rf'href="([^"]*[?&;]{name}=[^"]+)"[^>]*>([^<]*)(?:<span class="value">(\d+)</span>)?', page.text
        )
        assert links, name
        for address, _label, count in links:
            shown = browser.get(address.replace("&amp;", "&"))
            number = re.search(r"(\d+) documents?\b", re.sub(r".*role=\"status\">", "", shown.text, flags=re.DOTALL))[1]
            assert shown.status == 200
            assert count in {"", number}
            assert len(re.findall(r'class="entry ', shown.text)) == int(number)


def test_what_no_document_matches_says_so_and_leads_back(house, browser):
    house.add()
    page = browser.get("/documents?annee=1900")
    assert "Aucun document ne répond à ce choix" in page.words
    assert 'href="/documents"' in page.text


@pytest.mark.parametrize(
    "query", ["depuis=-1", "depuis=x", "depuis=99999999999999999999", "famille=%00", "annee=%27%20OR", "auteur=x"]
)
def test_a_strange_filter_is_no_failure(house, browser, query):
    house.add()
    assert browser.get(f"/documents?{query}").status == 200


def test_pages_follow_each_other_without_loss_or_repetition(house, browser):
    for number in range(PAGE + 2):
        house.add(f"Document-{number}-fin", created=house.now - (number + 1) * DAY)
    first, second = browser.get("/documents"), browser.get(f"/documents?depuis={PAGE}")
    titles = [re.findall(r"Document-(\d+)-fin", page.text) for page in (first, second)]
    assert [int(one) for one in titles[0] + titles[1]] == list(range(PAGE + 2))
    assert len(titles[0]) == PAGE


# --- masking ---------------------------------------------------------------------------------------------------------


def test_a_document_is_masked_by_its_form_and_unmasked_by_the_undo(house, browser):
    house.acts.authorise(PAT_TROIS.identifier, HOSPITAL_DOCTOR.identifier)
    entry = house.add()
    page = browser.get(where(entry))
    assert "Visible des professionnels" in page.words
    assert "KERVADEC" in page.words
    answer = browser.send(f"{where(entry)}/masquer", page.fields(f"{where(entry)}/masquer"))
    assert answer.status == 303
    after = browser.get(answer.headers["location"])
    assert "Masqué aux professionnels" in after.words
    assert "KERVADEC" not in after.words
    assert type(house.read(entry, by=HOSPITAL_DOCTOR)).__name__ == "UnknownDocument"
    undone = browser.send(f"{where(entry)}/demasquer", after.fields(f"{where(entry)}/demasquer"))
    assert "Visible des professionnels" in browser.get(undone.headers["location"]).words
    assert type(house.read(entry, by=HOSPITAL_DOCTOR)).__name__ == "Located"


@pytest.mark.parametrize("missing", ["token", "origin", "session"])
def test_a_form_that_is_not_ours_changes_nothing(house, browser, missing):
    entry = house.add()
    action = f"{where(entry)}/masquer"
    fields = browser.get(where(entry)).fields(action)
    headers = {}
    if missing == "token":
        fields = {"jeton": ""}
    if missing == "origin":
        headers = {"origin": "https://evil.test"}
    if missing == "session":
        other = house.browser(NESSI)
        fields = other.get("/acces/qui").fields("/acces/choix")
    answer = browser.send(action, fields, **headers)
    assert answer.status == 403
    assert "Visible des professionnels" in browser.get(where(entry)).words


def test_no_browsers_silence_about_where_a_form_comes_from_passes(house, browser):
    entry = house.add()
    action = f"{where(entry)}/masquer"
    fields = browser.get(where(entry)).fields(action)
    assert browser.ask("POST", action, data=fields).status == 403
    assert browser.ask("POST", action, data=fields, headers={"sec-fetch-site": "cross-site"}).status == 403
    assert browser.ask("POST", action, data=fields, headers={"sec-fetch-site": "same-origin"}).status == 303


def test_a_professionals_document_is_not_deleted_by_the_patient(house, browser):
    entry = house.add()
    page = browser.get(where(entry))
    assert "/supprimer" not in page.text
    fields = page.fields(f"{where(entry)}/masquer")
    assert browser.send(f"{where(entry)}/supprimer", fields).status == 403
    assert browser.get(where(entry)).status == 200


# --- the original ----------------------------------------------------------------------------------------------------


def test_the_original_is_given_byte_for_byte_and_never_shown(house, browser):
    entry = house.add()
    located = house.read(entry)
    answer = browser.get(f"{where(entry)}/original")
    assert answer.status == 200
    assert len(answer.text.encode()) == located.stored.size
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("kind", ['CR"; filename=x.html', "../../etc/passwd", "\u202elmth.exe", "", "é" * 300])
def test_the_name_of_the_file_is_plain(kind):
    about = SpaceDocument("1.2", "t", kind, Family.REPORT, "20260105", 0, "", "", masked=False)
    assert re.fullmatch(r"20260105-[a-z0-9-]{1,60}\.xml", file_name(about, "text/xml"))
    assert file_name(about, "text/html").endswith(".bin")


# --- the hidden is not there -----------------------------------------------------------------------------------------

PAGES = ("/", "/documents", "/documents?famille=report", "/acces?qui=all", "/acces/qui", "/avis", "/reglages")


def without_what_changes(text: str) -> str:
    """A page without its tokens, references and clock times."""
    return re.sub(r'value="[^"]{20,}"|\d+ h \d\d|Référence[^<]*', "", text.replace("\u00a0", " "))


def same_for(browser, pages):
    return {path: without_what_changes(browser.get(path).text) for path in pages}


def test_what_waits_for_its_announcement_is_absent_from_every_page(house, browser):
    house.add("Visible")
    pages = [path for path in PAGES if not path.startswith("/acces?")]
    same_for(browser, pages)
    before = same_for(browser, pages)
    hidden = house.add("Secret-provisoire", masks=(INVISIBLE_PATIENT,))
    assert same_for(browser, pages) == before
    for path in PAGES:
        text = browser.get(path).text
        assert "Secret-provisoire" not in text
        assert hidden.unique_id not in text
    for path in (where(hidden), f"{where(hidden)}/original"):
        answer, unknown = browser.get(path), browser.get(path.replace(hidden.unique_id, "1.2.3.4"))
        assert answer.status == unknown.status == 404
        assert without_what_changes(answer.text).replace(hidden.unique_id, "1.2.3.4") == without_what_changes(
            unknown.text
        )
    for act in ("masquer", "demasquer", "supprimer"):
        other = house.add()
        token = browser.get(where(other)).fields(f"{where(other)}/masquer")
        assert browser.send(f"{where(hidden)}/{act}", token).status == 404


def test_control_a_rule_that_forgets_the_announcement_is_caught(house, browser, monkeypatch):
    hidden = house.add("Secret-provisoire", masks=(INVISIBLE_PATIENT,))
    rules = "carnet.record.own_documents.decide"
    allowed = type("Yes", (), {"allowed": True})
    monkeypatch.setattr(rules, lambda *_given: allowed)
    assert "Secret-provisoire" in browser.get("/documents").text
    assert browser.get(where(hidden)).status == 404


def test_a_representative_sees_the_childs_record_without_what_was_kept_from_parents(house):
    Delegations(house.gate, "operator:tests").declare(
        MIRABELLE.identifier, NESSI.identifier, Representation.FIRST_REPRESENTATIVE
    )
    house.add("Vaccination", patient=MIRABELLE)
    hidden = house.add("Secret-de-Zoe", patient=MIRABELLE, masks=(INVISIBLE_REPRESENTANTS_LEGAUX,))
    browser = house.browser(NESSI)
    page = browser.get("/")
    assert "Vaccination" not in page.text
    names = re.findall(r'name="dossier"[^>]*value="([0-9a-f]{32})"', page.text)
    assert len(names) == 2
    answer = browser.send("/dossier", {**page.fields("/dossier"), "dossier": names[1]})
    assert answer.status == 303
    for path in ("/", "/documents", "/acces?qui=all", "/avis"):
        page = browser.get(path)
        assert "Vous êtes dans le dossier de Zoe Mirabelle" in page.words
        assert "Secret-de-Zoe" not in page.text
        assert hidden.unique_id not in page.text
    assert "Vaccination" in browser.get("/documents").text
    assert "1 document" in browser.get("/documents").words
    assert browser.get(where(hidden)).status == 404


def test_a_form_of_another_tab_made_for_another_record_changes_nothing(house):
    Delegations(house.gate, "operator:tests").declare(
        MIRABELLE.identifier, NESSI.identifier, Representation.FIRST_REPRESENTATIVE
    )
    browser = house.browser(NESSI)
    own = browser.get("/acces/qui").fields("/acces/choix")
    page = browser.get("/")
    names = re.findall(r'name="dossier"[^>]*value="([0-9a-f]{32})"', page.text)
    browser.send("/dossier", {**page.fields("/dossier"), "dossier": names[1]})
    answer = browser.send("/acces/choix", {**own, "masks_everything": "oui"})
    assert answer.status == 409
    assert "Vous avez changé de dossier" in answer.words
    assert " checked" not in browser.get("/acces/qui").text


def test_somebody_elses_record_opens_for_nobody_who_does_not_act_for_them(house):
    entry = house.add()
    browser = house.browser(NESSI)
    assert browser.get(where(entry)).status == 404
    page = browser.get("/")
    assert "dossier-2" not in page.text
    browser.cookies["__Host-dossier"] = "0" * 32
    assert "Bilan" not in browser.get("/documents").text


def test_everything_masked_by_default_is_said_on_each_document(house, browser):
    entry = house.add()
    house.acts.choose(PAT_TROIS.identifier, Choice.MASKS_EVERYTHING, value=True)
    assert "Masqué aux professionnels" in browser.get("/documents").words
    assert "Masqué aux professionnels" in browser.get(where(entry)).words
    assert MEDECIN_TRAITANT.identifier not in browser.get(where(entry)).words


def test_a_title_does_not_turn_what_stands_beside_it(house, browser):
    entry = house.add("Facture \u202efdp.exe\u202c \u2067x\u2069")
    for path in ("/documents", f"/documents/{entry.unique_id}", f"/documents/{entry.unique_id}/lecture"):
        page = browser.get(path)
        assert "Facture fdp.exe x" in page.text
        assert not set(page.text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
