"""Results in the space: every value with the digits received, what compares and why not, and nothing of what is hidden."""

from __future__ import annotations

import html
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from carnet.cda.header import read_header
from carnet.cda.result_model import Report
from carnet.cda.results import is_lab_report, report_of
from carnet.clock import DAY
from carnet.demo.lab_reports import Measured, lab_draft, lab_report
from carnet.demo.people import MIRABELLE, NESSI, PAT_TROIS
from carnet.demo.samples import read_samples
from carnet.measures.measure_kinds import KINDS
from carnet.metadata import INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX, AvailabilityStatus
from carnet.record.extractors import ExtractKind
from carnet.record.measurement_changes import Declared
from carnet.record.own_measurements import OwnMeasurements

sys.path.insert(0, str(Path(__file__).parent))

from health_house import act_for_child, potassium, put, report, shape, stamp

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples" / "cda"
HISTORY = "/resultats/2823-3"


@pytest.fixture
def browser(house):
    return house.browser(PAT_TROIS)


def digits_of(text: str) -> set[str]:
    """What stands as a value on a page, entities resolved, without the unit."""
    return {html.unescape(one) for one in re.findall(r'class="value"[^>]*>([^<]*)<', text)}


def test_the_newest_value_stands_with_unit_reference_date_laboratory_and_who_can_see_it(house, browser):
    report(house, potassium("4.0", "20240105"), days_ago=900)
    report(house, potassium("4.30", "20260309"))
    page = browser.get("/resultats")
    assert page.status == 200
    assert "4,30" in digits_of(page.text)
    assert "4,0" not in digits_of(page.text)
    for said in ("mmol/L", "3,5 – 5,1 mmol/L", "9 mars 2026", "Cabinet du docteur Alizé Montrieux", "Dans l'intervalle de référence",  # noqa: RUF001
                 "Visible des professionnels", "Se compare : valeurs à 2 dates", "Biochimie", "Potassium"):  # fmt: skip
        assert said in page.plain, said
    assert 'class="rule"' in page.text


def test_digits_are_those_received_in_both_languages(house, browser):
    report(house, Measured("22664-7", "Urée", "10.020", "mmol/L", stamp("20260102"), "3.50", "8.0"))
    assert {"10,020", "3,50 – 8,0 mmol/L"} <= digits_of(browser.get("/resultats").text)  # noqa: RUF001
    browser.cookies["langue"] = "en"
    assert {"10.020", "3.50 – 8.0 mmol/L"} <= digits_of(browser.get("/resultats").text)  # noqa: RUF001
    assert "above the reference range" in browser.get("/resultats").plain.lower()


def test_without_a_reference_nothing_is_said_of_where_the_value_stands(house, browser):
    report(house, potassium("9.9", "20260102", low="", high="", interpretation="HH"))
    page = browser.get("/resultats")
    assert "intervalle de référence" not in page.plain
    assert 'class="rule"' not in page.text
    assert "n'indique pas de valeurs de référence" in page.plain
    assert "Indiqué par le laboratoire : très haut" in page.plain


def test_what_came_since_the_last_visit_is_marked(house, browser):
    report(house, potassium("4.0", "20240105"))
    browser.get("/")
    assert "Nouveau" not in browser.get("/resultats").plain
    house.now += DAY
    report(house, Measured("3016-3", "TSH", "2.10", "m[IU]/L", stamp("20260102")))
    house.now += DAY
    page = browser.get("/resultats")
    assert "1 nouveau depuis votre dernière visite" in page.plain
    assert len(re.findall(r'class="new">Nouveau<', page.text)) == 1
    browser.get("/")
    house.now += DAY
    browser.get("/")
    assert "Nouveau" not in browser.get("/resultats").plain


def test_without_a_report_and_without_a_readable_one_the_page_says_which(house, browser):
    assert "Aucun compte rendu de biologie" in browser.get("/resultats").plain
    entry = house.add("Bilan scanné", type=lab_draft(house.now).type)
    page = browser.get("/resultats")
    assert "Aucun résultat ne peut être comparé" in page.plain
    assert "1 compte rendu lisible, mais pas comparable" in page.plain
    assert f"/documents/{entry.unique_id}" in page.text
    report(house, potassium("4.0", "20240105"))
    page = browser.get("/resultats")
    assert "Rien ne se compare encore" in page.plain
    assert "1 compte rendu lisible" in page.plain


def test_an_examination_over_time_is_a_curve_with_its_values_in_a_table(house, browser):
    for day, digits in (("20240105", "4.0"), ("20250206", "5.60"), ("20260309", "4.30")):
        report(house, potassium(digits, day))
    page = browser.get(HISTORY)
    assert page.status == 200
    assert page.text.count('class="curve"') == 1
    assert len(re.findall(r'class="point"', page.text)) == 3
    assert {"4,0", "5,60", "4,30"} <= digits_of(page.text)
    assert "au-dessus de l'intervalle de référence" in page.plain
    assert "3 valeurs" in page.plain
    assert "Code LOINC de l'examen" in page.plain


def test_one_value_is_a_rule_and_no_curve(house, browser):
    report(house, potassium("4.0", "20240105"))
    page = browser.get(HISTORY)
    assert 'class="curve"' not in page.text
    assert 'class="rule"' in page.text
    assert "Une seule valeur dans cette unité" in page.plain


def test_an_earlier_value_that_a_report_repeats_is_marked_and_counted_once(house, browser):
    report(house, potassium("4.0", "20240105"), days_ago=900)
    report(house, potassium("4.3", "20260309", before=(potassium("4.0", "20240105"), potassium("3.8", "20190102"))))
    page = browser.get(HISTORY)
    assert len(re.findall(r'class="point"', page.text)) == 2
    assert len(re.findall(r'class="repeated"', page.text)) == 1
    assert "3 valeurs" in page.plain
    assert "rapporté par le laboratoire comme antérieur" in page.plain
    assert page.plain.count("Le compte rendu d'origine n'est pas dans ce qui est montré ici.") == 1


def test_another_unit_is_another_series_and_says_why(house, browser):
    report(house, potassium("4.0", "20240105"))
    report(house, potassium("4.3", "20250105"))
    report(house, potassium("15.6", "20250601", unit="mg/dL", low="", high=""))
    page = browser.get(HISTORY)
    assert "En mmol/L" in page.plain
    assert "En mg/dL" in page.plain
    assert "L'unité est différente." in page.plain
    assert page.text.count('class="curve"') == 1


def test_a_value_below_what_can_be_measured_keeps_its_sign_and_one_without_a_date_its_reason(house, browser):
    report(house, potassium("0.5", "20240105", comparator="<"))
    report(house, potassium("4.0", "20250105"))
    report(house, replace(potassium("4.1", "20250105"), taken="20092012"))
    page = browser.get(HISTORY)
    assert "< 0,5" in digits_of(page.text)
    assert 'class="bound"' in page.text
    assert "Ce qui n'est pas comparé, et pourquoi" in page.plain
    assert "La date de l'examen manque ou n'est pas lisible." in page.plain
    assert "4,1" in digits_of(page.text)


def test_different_references_are_not_drawn_as_one_band(house, browser):
    report(house, potassium("4.0", "20240105"))
    report(house, potassium("4.3", "20250105", high="5.0"))
    page = browser.get(HISTORY)
    assert "Les valeurs de référence ne sont pas les mêmes" in page.plain
    curve = page.text[page.text.index('class="curve"') :]
    assert 'class="band"' not in curve[: curve.index("</svg>")]


def test_an_examination_without_a_code_has_a_page_that_compares_nothing(house, browser):
    entry = lab_report(lab_draft(house.now), [potassium("7.77", "20240105")])
    put(
        house,
        entry.replace(b'<code code="2823-3" codeSystem="2.16.840.1.113883.6.1"', b'<code code="K" codeSystem="1.2.3"'),
    )
    page = browser.get("/resultats")
    link = re.search(r'href="(/resultats/sans-code-[0-9a-f]+)"', page.text)[1]
    history = browser.get(link)
    assert "7,77" in digits_of(history.text)
    assert "n'a pas indiqué le code LOINC" in history.plain
    assert 'class="curve"' not in history.text


def test_own_readings_of_the_same_code_join_the_curve_of_their_unit_marked_as_theirs(house):
    path = "/resultats/4548-4"
    report(house, Measured("4548-4", "HbA1c", "6.4", "%", stamp("20250105")))
    assert "Votre mesure" not in house.browser(PAT_TROIS).get(path).plain
    note(house, PAT_TROIS, "6.2", "%")
    page = house.browser(PAT_TROIS).get(path)
    assert page.text.count('class="own"') == 1
    assert {"6,4", "6,2"} <= digits_of(page.text)
    assert page.plain.count("Votre mesure, saisie par vous") == 1
    assert "dans une autre unité" not in page.plain


def test_own_readings_that_a_laboratory_codes_otherwise_stay_off_its_curve(house):
    report(house, Measured("4548-4", "HbA1c", "6.4", "%", stamp("20250105")))
    note(house, PAT_TROIS, "46", "mmol/mol")
    note(house, NESSI, "6.2", "%")
    page = house.browser(PAT_TROIS).get("/resultats/4548-4")
    assert not {"46", "6,2"} & digits_of(page.text)
    assert "Votre mesure" not in page.plain


def note(house, patient, value, unit):
    """Somebody's own reading of HbA1c."""
    declared = Declared(KINDS["hba1c"], (value,), unit, house.now - DAY, "Europe/Paris", confirmed=True)
    assert OwnMeasurements(house.gate, "operator:tests").add(patient.identifier, [declared]) == 1


# --- home ------------------------------------------------------------------------------------------------------------


def test_home_tells_the_last_result_that_compares(house, browser):
    report(house, potassium("4.0", "20240105"))
    browser.get("/resultats")
    assert "Dernier résultat qui se compare" not in browser.get("/").plain
    report(house, potassium("4.30", "20260309"))
    browser.get("/resultats")
    page = browser.get("/")
    assert "Dernier résultat qui se compare" in page.plain
    assert {"4,30", "4,0"} <= digits_of(page.text)
    assert HISTORY in page.text


# --- the hidden is not there ------------------------------------------------------------------------------------------

PAGES_OF_RESULTS = ("/", "/resultats", HISTORY)


def look(browser):
    return {path: shape(browser.get(path).text) for path in PAGES_OF_RESULTS}


def test_a_report_that_waits_for_its_announcement_changes_nothing_on_any_page(house, browser):
    report(house, potassium("4.0", "20240105"))
    report(house, potassium("4.3", "20250105"))
    look(browser)
    before = look(browser)
    assert "Dernier résultat qui se compare" in before["/"]
    hidden = report(
        house,
        potassium("6.66", "20260105"),
        Measured("999-1", "Secret-examen", "1", "g", stamp("20260101")),
        masks=(INVISIBLE_PATIENT,),
    )
    assert look(browser) == before
    unknown, secret = browser.get("/resultats/999-9"), browser.get("/resultats/999-1")
    assert unknown.status == secret.status == 404
    assert shape(unknown.text).replace("999-9", "999-1") == shape(secret.text)
    assert hidden.unique_id not in "".join(look(browser).values())


def test_a_hidden_replacement_does_not_bring_back_what_it_replaced(house, browser):
    draft = lab_draft(house.now - DAY)
    first = report(house, potassium("6.66", "20260105"), draft=draft)
    report(house, potassium("4.0", "20240105"))
    assert "6,66" in browser.get(HISTORY).text
    report(
        house,
        potassium("4.9", "20260105"),
        draft=draft.next_version(house.now),
        replaces=first,
        masks=(INVISIBLE_PATIENT,),
    )
    for path in PAGES_OF_RESULTS:
        text = browser.get(path).text
        assert "6,66" not in text, path
        assert "4,9" not in text, path
        assert first.unique_id not in text


def test_control_reports_out_of_use_would_bring_it_back(house, browser, monkeypatch):
    draft = lab_draft(house.now - DAY)
    first = report(house, potassium("6.66", "20260105"), draft=draft)
    browser.get(HISTORY)
    report(
        house,
        potassium("4.9", "20260105"),
        draft=draft.next_version(house.now),
        replaces=first,
        masks=(INVISIBLE_PATIENT,),
    )
    assert browser.get(HISTORY).status == 404
    monkeypatch.setattr("carnet.record.own_documents.CURRENT", tuple(AvailabilityStatus)[:3])
    monkeypatch.setattr("carnet.record.own_results.in_use", list)
    assert "6,66" in browser.get(HISTORY).text


def test_control_a_rule_that_forgets_the_announcement_is_caught(house, browser, monkeypatch):
    report(house, potassium("6.66", "20260105"), masks=(INVISIBLE_PATIENT,))
    assert "6,66" not in browser.get("/resultats").text
    allowed = type("Yes", (), {"allowed": True})
    monkeypatch.setattr("carnet.record.own_documents.decide", lambda *_given: allowed)
    assert "6,66" in browser.get("/resultats").text


def test_a_mother_does_not_see_the_results_that_her_child_keeps_from_her(house):
    report(house, potassium("4.0", "20240105"), patient=MIRABELLE)
    report(house, potassium("6.66", "20260105"), patient=MIRABELLE, masks=(INVISIBLE_REPRESENTANTS_LEGAUX,))
    browser = act_for_child(house)
    for path in PAGES_OF_RESULTS:
        page = browser.get(path)
        assert page.status == 200
        assert "6,66" not in page.text, path
        assert "Vous êtes dans le dossier de Zoe" in page.plain
    assert "4,0" in digits_of(browser.get("/resultats").text)


def test_a_masked_report_is_the_holders_to_see_and_says_that_it_is_masked(house, browser):
    entry = report(house, potassium("4.0", "20240105"))
    house.acts.mask(PAT_TROIS.identifier, entry.unique_id)
    for path in ("/resultats", HISTORY):
        assert "Masqué aux professionnels" in browser.get(path).plain


def test_looking_is_told_in_the_trail_with_the_documents_that_were_shown(house, browser):
    report(house, potassium("4.0", "20240105"))
    browser.get("/resultats")
    browser.get(HISTORY)
    words = browser.get("/acces?qui=mine").plain
    assert "consulté les résultats d'examens" in words
    assert "consulté un résultat d'examen dans le temps" in words


def test_somebody_elses_results_are_nobodys(house):
    report(house, potassium("6.66", "20260105"))
    other = house.browser(MIRABELLE)
    assert "6,66" not in other.get("/resultats").text
    assert other.get(HISTORY).status in {403, 404}


# --- the public examples ---------------------------------------------------------------------------------------------


def when_read(browser, path: str):
    """A page once it says no more that documents are not read yet."""
    for _ in range(30):
        page = browser.get(path)
        if 'role="status"' not in page.text:
            return page
    raise AssertionError("documents are still not read")


def shown_of(found: Report, language: str) -> set[str]:
    """Every number of a report in the characters that a page must show."""
    digits = {one for result in found.results for value in result.values for one in (value.digits, value.low.digits, value.high.digits) if one}  # fmt: skip
    return {one.replace(".", ",") for one in digits} if language == "fr" else digits


@pytest.mark.skipif(
    not SAMPLES.exists(),
    reason="../shared/samples/cda is not here: the documents that tests make are read all the same",
)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_value_of_every_public_laboratory_report_is_on_the_pages(house, language):
    wanted, texts = set(), set()
    for sample in read_samples(SAMPLES):
        if sample.identifier != PAT_TROIS.identifier or not is_lab_report(read_header(sample.content)):
            continue
        put(house, sample.content)
        found = report_of(sample.content)
        wanted |= shown_of(found, language)
        texts |= {
            " ".join(value.text.split())
            for result in found.results
            for value in result.values
            if value.text and not value.digits
        }
    assert wanted
    browser = house.browser(PAT_TROIS, langue=language)
    overview = when_read(browser, "/resultats").text
    links = set(re.findall(r'href="(/resultats/[^"#?]+)"', overview))
    told = overview + "".join(browser.get(f"{link}?tout=oui").text for link in sorted(links))
    shown = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", told)).split())
    pieces = set(re.split(r"[\s()]+", shown))
    assert {one for one in wanted if one not in pieces} == set()
    assert {one for one in texts if one not in shown} == set()


def test_control_a_value_that_is_missing_would_be_noticed():
    made = lab_report(lab_draft(0), [potassium("4.0", "20240105")])
    assert shown_of(report_of(made), "fr") == {"4,0"}


def test_the_kinds_of_extracts_are_those_that_pages_ask_for():
    assert {"report", "medication", "imaging"} <= set(ExtractKind)


# --- a long page -----------------------------------------------------------------------------------------------------


def test_a_long_page_folds_what_is_neither_new_nor_outside_its_reference(house, browser):
    def measured(number, digits="4.0"):
        return Measured(
            f"{1000 + number}-1", f"Examen {number}", digits, "mmol/L", "202601050830+0100", low="3.5", high="5.1"
        )

    report(house, *(measured(number, "9.9" if number == 4 else "4.0") for number in range(12)))
    browser.get("/")
    house.now += 2 * DAY
    browser.get("/")
    page = browser.get("/resultats").text
    folded = "".join(re.findall(r"<details.*?</details>", page, flags=re.DOTALL))
    assert folded.count('class="entry family-biology result"') == 11
    assert page.count('class="entry family-biology result"') == 12
    assert "Examen 4<" not in folded
    assert "11\u00a0examens qui ne sont" in page or "11 examens qui ne sont" in page
    report(house, measured(7), days_ago=0)
    again = browser.get("/resultats").text
    fresh = "".join(re.findall(r"<details.*?</details>", again, flags=re.DOTALL))
    assert "Examen 7<" not in fresh


def test_a_short_page_is_not_folded(house, browser):
    report(house, potassium("4.0", "20260105"))
    assert "<details" not in browser.get("/resultats").text
