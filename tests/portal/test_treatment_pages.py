"""Medicines and vaccinations in the space: each document by itself, « none » apart from « not stated », and nothing of what is hidden."""

from __future__ import annotations

import html
import re
import sys
from pathlib import Path

import pytest

from carnet.cda.medication import medicine_lines
from carnet.clock import DAY, to_dtm
from carnet.demo.care_documents import (
    DISPENSING,
    SUMMARY,
    VACCINATIONS,
    Jab,
    Ordered,
    Product,
    dispensing,
    prescription,
    summary,
    vaccination_history,
)
from carnet.demo.documents import PRESCRIPTION
from carnet.demo.people import MIRABELLE, NESSI, PAT_TROIS
from carnet.demo.samples import read_samples
from carnet.metadata import INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX
from carnet.record.own_card import OwnCard
from carnet.record.own_profile import OwnProfile

sys.path.insert(0, str(Path(__file__).parent))

from health_house import act_for_child, draft_of, put, shape

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples" / "cda"
STATIN = Product("ROSUVASTATINE 5 mg", atc="C10AA07", atc_name="Rosuvastatine")
TETANUS = Product("VACCIN DTP", atc="J07CA01", atc_name="Diphtérie, poliomyélite, tétanos", batch="V7714-02")


@pytest.fixture
def browser(house):
    return house.browser(PAT_TROIS)


def prescribe(house, *lines, title="Ordonnance", **about):
    patient = about.get("patient", PAT_TROIS)
    return put(house, prescription(draft_of(house, PRESCRIPTION, title, patient=patient), lines), **about)


def vaccinate(house, *jabs, title="Carnet de vaccination", **about):
    patient = about.get("patient", PAT_TROIS)
    return put(house, vaccination_history(draft_of(house, VACCINATIONS, title, patient=patient), jabs), **about)


def section(page, name: str) -> str:
    """The words of one section of a page."""
    inner = re.search(rf'<section aria-labelledby="{name}">(.*?)</section>', page.text, flags=re.DOTALL)[1]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", inner))).replace("\u2019", "'")


# --- medicines -------------------------------------------------------------------------------------------------------


def test_prescribed_dispensed_and_stated_are_kept_apart_with_source_and_date(house, browser):
    prescribe(house, Ordered(STATIN, "1 le soir", "20260105", "20260405", "1.2.3.4", quantity="90"))
    answer = Ordered(STATIN, "1 le soir", "20260106", quantity="30.0", answers="1.2.3.4")
    put(house, dispensing(draft_of(house, DISPENSING, "Délivrance"), [answer]))
    put(house, summary(draft_of(house, SUMMARY, "Synthèse"), [Ordered(Product("AUTRE PRODUIT"), "matin")]))
    page = browser.get("/medicaments")
    assert page.status == 200
    prescribed, dispensed, stated = (section(page, f"groupe-{one}") for one in ("prescribed", "dispensed", "stated"))
    assert "Ordonnance" in prescribed
    assert "ROSUVASTATINE 5 mg" in prescribed
    assert "1 le soir" in prescribed
    assert "Du 5 janvier 2026 au 5 avril 2026" in prescribed
    assert "Visible des professionnels" in prescribed
    assert "ROSUVASTATINE" in dispensed
    assert "30,0" in dispensed
    assert "Répond à l'ordonnance" in dispensed
    assert "AUTRE PRODUIT" in stated
    assert "ROSUVASTATINE" not in stated
    assert "Non renseigné." in section(page, "groupe-given")


def test_a_treatment_that_was_stopped_says_so_and_one_without_dates_too(house, browser):
    prescribe(house, Ordered(STATIN, "1 le soir", status="aborted"), Ordered(Product("SUITE"), "2", status="suspended"))
    words = section(browser.get("/medicaments"), "groupe-prescribed")
    assert "Interrompu, selon le document" in words
    assert "Suspendu, selon le document" in words
    assert "Dates non renseignées" in words


@pytest.mark.parametrize(
    ("code", "said", "unsaid"),
    [
        ("no-known-medications", "Aucun traitement connu", "Pas d'information sur les traitements"),
        ("no-medication-info", "Pas d'information sur les traitements", "Aucun traitement connu"),
    ],
)
def test_none_known_is_a_statement_and_not_the_absence_of_one(house, browser, code, said, unsaid):
    empty = browser.get("/medicaments").plain
    assert "Non renseigné." in empty
    assert said not in empty
    put(house, summary(draft_of(house, SUMMARY, "Synthèse"), [], absence=code))
    page = browser.get("/medicaments")
    assert said in page.plain
    assert unsaid not in page.plain
    assert "Produit non nommé" not in page.plain


def test_a_prescription_without_structure_is_a_link(house, browser):
    entry = house.add("Ordonnance scannée", type=PRESCRIPTION)
    page = browser.get("/medicaments")
    assert "1 ordonnance ou délivrance lisible" in page.plain
    assert entry.unique_id in page.text


# --- vaccinations ----------------------------------------------------------------------------------------------------


def test_done_due_and_undated_vaccinations_have_product_batch_date_and_source(house, browser):
    later = to_dtm(house.now + 30 * DAY)[:8]
    flu = Product("VACCIN GRIPPAL")
    vaccinate(house, Jab(TETANUS, "20240105", "5"), Jab(flu), Jab(Product("Vaccin à venir"), later, due=True))
    page = browser.get("/vaccins")
    done, due = section(page, "faites"), section(page, "a-faire")
    for said in ("VACCIN DTP", "Lot V7714-02", "Dose n° 5", "5 janvier 2024", "Carnet de vaccination", "Visible des professionnels", "Date non renseignée", "VACCIN GRIPPAL", "Lot non renseigné"):  # fmt: skip
        assert said in done, said
    assert "Vaccin à venir" in due
    assert "Vaccin à venir" not in done
    assert "calendrier vaccinal officiel n'est pas comparé" in page.plain
    assert "Vaccin à venir" in browser.get("/").text


def test_what_is_over_is_no_next_vaccine(house, browser):
    vaccinate(house, Jab(Product("Vaccin ancien"), "20200105", due=True))
    assert "Vaccin ancien" in section(browser.get("/vaccins"), "a-faire")
    assert "Prochain vaccin" not in browser.get("/").plain


def test_the_same_vaccination_in_two_documents_is_told_once_with_both(house, browser):
    first = vaccinate(house, Jab(TETANUS, "20240105", "5"), title="Carnet ancien")
    second = vaccinate(house, Jab(TETANUS, "20240105", "5"), Jab(TETANUS, "20140105", "4"), title="Carnet nouveau")
    page = browser.get("/vaccins")
    assert page.text.count('class="entry family-other vaccine"') == 2
    assert first.unique_id in page.text
    assert second.unique_id in page.text


def test_a_vaccination_that_was_not_done_stands_apart(house, browser):
    vaccinate(house, Jab(Product("VACCIN REFUSÉ"), "20240105", refused=True))
    page = browser.get("/vaccins")
    assert "VACCIN REFUSÉ" in section(page, "non-faites")
    assert "VACCIN REFUSÉ" not in section(page, "faites")
    assert "Cela ne veut pas dire qu'il n'y en a pas eu" in section(page, "faites")


def test_no_known_vaccine_is_a_statement(house, browser):
    assert "Aucun vaccin connu" not in browser.get("/vaccins").plain
    put(house, summary(draft_of(house, SUMMARY, "Synthèse"), [], absence="no-known-immunizations"))
    assert "Aucun vaccin connu" in browser.get("/vaccins").plain
    assert "Aucun traitement connu" not in browser.get("/medicaments").plain


# --- the hidden is not there -----------------------------------------------------------------------------------------

PAGES = ("/", "/medicaments", "/vaccins")


def add_hidden(house, masks, patient=PAT_TROIS):
    later = to_dtm(house.now + 3 * DAY)[:8]
    secret = Ordered(Product("PRODUIT-SECRET"), "1", identifier="1.2.3.4")
    prescribe(house, secret, title="Secret-ordonnance", masks=masks, patient=patient)
    jabs = (Jab(Product("VACCIN-SECRET"), "20260105"), Jab(Product("VACCIN-SECRET-DU"), later, due=True))
    vaccinate(house, *jabs, title="Secret-carnet", masks=masks, patient=patient)
    hidden = summary(draft_of(house, SUMMARY, "Secret-synthèse", patient=patient), [], absence="no-known-medications")
    put(house, hidden, masks=masks, patient=patient)


def add_seen(house, patient=PAT_TROIS):
    prescribe(house, Ordered(STATIN, "1 le soir"), patient=patient)
    answer = Ordered(STATIN, "1", answers="1.2.3.4")
    put(house, dispensing(draft_of(house, DISPENSING, "Délivrance", patient=patient), [answer]), patient=patient)
    vaccinate(house, Jab(TETANUS, "20240105"), patient=patient)


def test_what_waits_for_its_announcement_changes_nothing_on_any_page(house, browser):
    add_seen(house)
    browser.get("/medicaments")
    browser.get("/")
    before = {path: shape(browser.get(path).text) for path in PAGES}
    add_hidden(house, (INVISIBLE_PATIENT,))
    assert {path: shape(browser.get(path).text) for path in PAGES} == before


def test_control_a_rule_that_forgets_the_announcement_is_caught(house, browser, monkeypatch):
    add_seen(house)
    add_hidden(house, (INVISIBLE_PATIENT,))
    allowed = type("Yes", (), {"allowed": True})
    monkeypatch.setattr("carnet.record.own_documents.decide", lambda *_given: allowed)
    assert "PRODUIT-SECRET" in browser.get("/medicaments").text
    assert "Répond à l'ordonnance" in browser.get("/medicaments").plain
    assert "VACCIN-SECRET" in browser.get("/vaccins").text


def test_a_mother_does_not_see_what_her_child_keeps_from_her(house):
    add_seen(house, MIRABELLE)
    add_hidden(house, (INVISIBLE_REPRESENTANTS_LEGAUX,), MIRABELLE)
    browser = act_for_child(house)
    for path in PAGES:
        page = browser.get(path)
        assert page.status == 200
        assert "SECRET" not in page.text.upper(), path
        assert "Vous êtes dans le dossier de Zoe" in page.plain
    assert "VACCIN DTP" in browser.get("/vaccins").text


def test_a_masked_document_says_so_to_its_holder(house, browser):
    entry = prescribe(house, Ordered(STATIN, "1 le soir"))
    house.acts.mask(PAT_TROIS.identifier, entry.unique_id)
    assert "Masqué aux professionnels" in section(browser.get("/medicaments"), "groupe-prescribed")


# --- the public examples ---------------------------------------------------------------------------------------------


@pytest.mark.skipif(
    not SAMPLES.exists(),
    reason="../shared/samples/cda is not here: the documents that tests make are read all the same",
)
def test_every_medicine_and_vaccine_of_the_public_examples_is_on_the_pages(house, browser, monkeypatch):
    monkeypatch.setattr(
        "carnet.portal.patient.extract_waiting.PATIENCE", 600
    )  # a page waits for all of them, on any machine
    wanted = set()
    for sample in read_samples(SAMPLES):
        if sample.identifier == PAT_TROIS.identifier and sample.name.startswith(("VAC", "eP-MED", "eDISP", "VSM", "IPS", "CNAM")):  # fmt: skip
            put(house, sample.content)
            wanted |= {line.name for line in medicine_lines(sample.content) if line.name}
            wanted |= {
                line.lot for line in medicine_lines(sample.content) if line.lot and line.kind.value == "injected"
            }
    assert wanted
    house.index()  # not within the seconds that a page gives to reading
    texts = browser.get("/medicaments").text + browser.get("/vaccins").text
    shown = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", texts)).split())
    assert {one for one in wanted if " ".join(one.split()) not in shown} == set()


# --- declared --------------------------------------------------------------------------------------------------------


def test_what_the_profile_declares_stands_apart_with_who_said_it_and_who_sees_it(house, browser):
    prescribe(house, Ordered(STATIN, "1 le soir"))
    empty = section(browser.get("/medicaments"), "groupe-declared")
    assert "Non renseigné." in empty
    desk, ins = OwnProfile(house.gate, "operator:tests"), PAT_TROIS.identifier
    item = desk.declare(ins, "treatments", {"name": "Tisanemarquante", "dose": "le soir"})
    OwnCard(house.gate, "operator:tests").choose(ins, frozenset({item, "name"}))
    page = browser.get("/medicaments")
    declared = section(page, "groupe-declared")
    assert "Tisanemarquante , le soir" in declared
    assert "Déclaré par le titulaire" in declared
    assert "Sur la carte d'urgence" in declared
    assert "ROSUVASTATINE" not in declared
    assert page.words.count("Tisanemarquante") == 1
    desk.withdraw(ins, "treatments", item)
    assert "Tisanemarquante" not in browser.get("/medicaments").text
    desk.nothing(ins, "treatments")
    assert "Aucun traitement" in section(browser.get("/medicaments"), "groupe-declared")


def test_somebody_elses_declared_medicines_are_not_shown(house, browser):
    mother = act_for_child(house)
    desk = OwnProfile(house.gate, "operator:tests", NESSI.identifier)
    desk.declare(MIRABELLE.identifier, "treatments", {"name": "Sirop de l'enfant"})
    assert "Sirop" not in browser.get("/medicaments").text
    declared = section(mother.get("/medicaments"), "groupe-declared")
    assert "Lu par" in declared
    assert "Sirop" in declared
