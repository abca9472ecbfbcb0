"""The pages of measurements: forms that keep what was typed, tables and curves that say the same, and nothing of another record."""

from __future__ import annotations

import csv
import io
import re

import pytest

from carnet.clock import DAY, HOUR
from carnet.consent.acting_links import Representation
from carnet.demo.people import LANTERNE, MIRABELLE, NESSI, PAT_TROIS
from carnet.measures.growth import MONTH
from carnet.measures.measure_kinds import BLOOD_GLUCOSE, BLOOD_PRESSURE, HEIGHT, KINDS, STEPS, WEIGHT
from carnet.portal.patient.measure_form import moment_of
from carnet.record.delegations import Delegations
from carnet.record.measurement_changes import Declared
from carnet.record.own_measurements import OwnMeasurements

INS = PAT_TROIS.identifier
PARIS = "Europe/Paris"
DAY_TYPED = {"date": "2026-01-05", "time": "08:15"}


@pytest.fixture
def browser(house):
    return house.browser(PAT_TROIS)


@pytest.fixture
def desk(house):
    return OwnMeasurements(house.gate, "operator:tests")


def send(browser, path="/mesures/poids", /, action="", **fields):
    page = browser.get(path)
    return browser.send(action or path, {**page.fields(action or path), **{name.replace("_", "-"): value for name, value in fields.items()}})  # fmt: skip


def kept(desk, kind=WEIGHT):
    return [one.said.values for one in desk.series(INS, kind).readings]


def weight(house, value="72,5", *, ago=HOUR, **about):
    return Declared(WEIGHT, (value,), "kg", house.now - ago, PARIS, **about)


# --- the overview -------------------------------------------------------------------------------------------------


def test_a_new_record_says_that_nothing_is_stated_and_leads_to_every_kind(browser):
    page = browser.get("/mesures")
    assert "Aucune mesure n'est renseignée" in page.words
    links = re.findall(r'href="/mesures/([a-z0-9-]+)"', page.text)
    assert set(links) == set(KINDS) - {"perimetre-cranien"}
    for slug in KINDS:
        assert browser.get(f"/mesures/{slug}").status == 200


def test_the_newest_value_stands_with_its_unit_moment_author_and_who_sees_it(house, browser, desk):
    desk.add(INS, (weight(house, "72,50"), weight(house, "75,1", ago=20 * DAY)))
    page = browser.get("/mesures")
    assert re.search(r"72,50</strong> kg", page.text)
    assert "75,1" not in page.words
    assert "noté par Dominique Pat-Trois" in page.words
    assert "Les professionnels ne voient pas ces mesures" in page.words
    assert "<svg" in page.text
    assert "/mesures" in browser.get("/").text


def test_numbers_have_a_point_in_english(house, desk):
    desk.add(INS, (weight(house, "72,50"),))
    english = house.browser(PAT_TROIS, langue="en").get("/mesures")
    assert "72.50" in english.words
    assert "Measurements" in english.words


# --- adding -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["72,50", "72.50", " 72,50 "])
def test_a_weight_is_noted_with_a_comma_or_a_point(browser, desk, typed):
    answer = send(browser, value_0=typed, **DAY_TYPED)
    assert (answer.status, answer.headers["location"]) == (303, "/mesures/poids?fait=ajout")
    assert kept(desk) == [("72.50",)]
    page = browser.get("/mesures/poids?fait=ajout")
    assert "La mesure est enregistrée" in page.words
    assert "5 janvier 2026 à 8 h 15" in page.words


def test_a_slip_is_told_in_a_summary_and_at_the_field_and_what_was_typed_is_kept(browser, desk):
    answer = send(browser, value_0="1,72 <m>", note="à jeun", **DAY_TYPED)
    assert answer.status == 422
    assert 'href="#value-0"' in answer.text
    assert 'id="value-0-faux"' in answer.text
    assert 'value="1,72 &lt;m&gt;"' in answer.text
    assert 'value="à jeun"' in answer.text
    assert re.search(r'id="value-0"[^>]*aria-invalid="true"', answer.text)
    assert "<title>Erreur" in answer.text
    assert kept(desk) == []


def test_metres_for_centimetres_are_named(browser):
    answer = send(browser, "/mesures/taille", value_0="1,72", **DAY_TYPED)
    assert "Avez-vous écrit des mètres" in answer.words
    assert "entre 20 et 272" in answer.words


def test_an_unusual_value_waits_for_a_tick_that_is_of_this_value_alone(browser, desk):
    asked = send(browser, value_0="260", **DAY_TYPED)
    assert asked.status == 422
    proof = re.search(r'name="confirm" value="([^"]*)"', asked.text)[1]
    assert send(browser, value_0="261", confirm=proof, **DAY_TYPED).status == 422
    assert kept(desk) == []
    assert send(browser, value_0="260", confirm=proof, **DAY_TYPED).status == 303
    assert kept(desk) == [("260",)]


@pytest.mark.parametrize(
    ("date", "time", "told"),
    [("2999-01-01", "08:00", "à venir"), ("1900-01-01", "08:00", "avant la naissance"), ("hier", "08:00", "par exemple"), ("2026-01-05", "", "par exemple"), ("2026-03-29", "02:30", "par exemple")],
)  # fmt: skip
def test_a_moment_that_cannot_be_is_told(browser, date, time, told):
    answer = send(browser, value_0="72", date=date, time=time)
    assert answer.status == 422
    assert told in answer.words
    assert 'href="#date"' in answer.text


@pytest.mark.parametrize(
    ("date", "time", "zone", "utc"),
    [("2026-01-05", "08:15", PARIS, "2026-01-05T07:15"), ("05/01/2026", "8h15", PARIS, "2026-01-05T07:15"), ("2026-07-05", "08:15", PARIS, "2026-07-05T06:15"),
     ("2026-01-05", "08:15", "Indian/Reunion", "2026-01-05T04:15"), ("2026-10-25", "02:30", PARIS, "2026-10-25T00:30")],
)  # fmt: skip
def test_a_day_and_an_hour_are_a_moment_where_they_were(date, time, zone, utc):
    from carnet.clock import to_iso

    assert to_iso(moment_of(date, time, zone)).startswith(utc)


def test_a_reading_of_overseas_says_so(browser, desk):
    send(browser, value_0="72", zone="Indian/Reunion", **DAY_TYPED)
    assert "heure locale : La Réunion" in browser.get("/mesures/poids").words
    assert "5 janvier 2026 à 8 h 15" in browser.get("/mesures/poids").words


def test_steps_are_of_a_day(browser, desk):
    assert 'name="time"' not in browser.get("/mesures/pas").text
    send(browser, "/mesures/pas", value_0="8 500", date="2026-01-05")
    assert kept(desk, STEPS) == [("8500",)]
    assert "5 janvier 2026 à" not in browser.get("/mesures/pas").words


def test_a_form_from_elsewhere_adds_nothing(browser, desk):
    fields = browser.get("/mesures/poids").fields("/mesures/poids")
    assert browser.ask("POST", "/mesures/poids", headers={"origin": "https://elsewhere.test"}, data={**fields, "value-0": "72", **DAY_TYPED}).status == 403  # fmt: skip
    assert kept(desk) == []


def test_there_are_no_other_kinds_and_computed_ones_take_nothing(browser):
    assert browser.get("/mesures/cholesterol").status == 404
    assert '<form method="post" action="/mesures/imc"' not in browser.get("/mesures/imc").text
    token = browser.get("/mesures/poids").fields("/mesures/poids")
    assert browser.send("/mesures/imc", {**token, "value-0": "22", **DAY_TYPED}).status == 422


# --- the page of a kind -------------------------------------------------------------------------------------------


def test_the_curve_has_its_words_and_the_table_the_same_values(house, browser, desk):
    desk.add(INS, tuple(weight(house, f"7{number},5", ago=number * DAY) for number in range(1, 5)))
    page = browser.get("/mesures/poids")
    assert re.search(r"<title>Poids\W*: courbe de 4 valeurs</title>", page.text)
    assert page.text.count('class="spot"') == 4
    assert re.findall(r'<td><a class="reach" href="[^"]*"><span class="value">([^<]*)</span>', page.text) == [
        "71,5",
        "72,5",
        "73,5",
        "74,5",
    ]


def test_another_unit_is_in_the_table_and_not_on_the_curve(house, browser, desk):
    for value, unit, ago in (("95", "mg/dL", 3 * DAY), ("0,95", "g/L", DAY), ("1,02", "g/L", HOUR)):
        desk.add(INS, (Declared(BLOOD_GLUCOSE, (value,), unit, house.now - ago, PARIS, context="fasting"),))
    page = browser.get("/mesures/glycemie")
    assert page.text.count('class="spot"') == 2
    assert "1 valeur dans une autre unité" in page.words
    assert "95</span> mg/dL" in page.text


def test_more_than_five_hundred_points_are_thinned_and_said_to_be(house, browser, desk):
    for first in range(0, 520, 40):
        many = tuple(Declared(BLOOD_PRESSURE, (str(110 + number % 40), "70"), "mm[Hg]", house.now - (first + number + 1) * HOUR, PARIS) for number in range(40))  # fmt: skip
        desk.add(INS, many)
    page = browser.get("/mesures/tension")
    assert "trop de valeurs pour les dessiner toutes" in page.words
    assert "1 à 20 sur 520" in page.words
    assert "21 à 40 sur 520" in browser.get("/mesures/tension?depuis=20").words


def test_a_target_is_a_band_and_words_beside_the_value(house, browser, desk):
    desk.add(INS, (weight(house, "72,5"), weight(house, "69,5", ago=DAY)))
    assert (
        send(browser, "/mesures/poids", action="/mesures/poids/objectif", target_0_low="60", target_0_high="70").status
        == 303
    )
    page = browser.get("/mesures/poids")
    assert 'class="aim"' in page.text
    assert "de 60 à 70 kg" in page.words
    assert "au-dessus de l'objectif" in page.words
    wrong = send(browser, "/mesures/poids", action="/mesures/poids/objectif", target_0_low="80", target_0_high="70")
    assert wrong.status == 422
    assert "plus grand que le haut" in wrong.words
    assert 'value="80"' in wrong.text
    send(browser, "/mesures/poids", action="/mesures/poids/objectif", target_0_low="60", target_0_high="70", sans="oui")
    assert 'class="aim"' not in browser.get("/mesures/poids").text


def test_a_computed_index_names_its_readings(house, browser, desk):
    desk.add(INS, (weight(house, "70"), Declared(HEIGHT, ("175",), "cm", house.now - DAY, PARIS)))
    words = browser.get("/mesures/imc").words
    assert "22,9" in words
    assert "Poids 70 kg" in words
    assert "Taille 175 cm" in words
    assert "Calculé par nous" in words


def test_the_table_is_taken_away_with_iso_dates_and_a_point(house, browser, desk):
    house_note = "=HYPERLINK(1)"
    desk.add(
        INS, (Declared(WEIGHT, ("72,50",), "kg", moment_of("2026-01-05", "08:15", PARIS), PARIS, note=house_note),)
    )
    answer = browser.get("/mesures/poids/tableau.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    head, line = csv.reader(io.StringIO(answer.text))
    told = dict(zip(head, line, strict=True))
    assert told["date_heure"] == "2026-01-05T08:15+01:00"
    assert (told["valeur"], told["unite_ucum"], told["loinc"]) == ("72.50", "kg", "29463-7")
    assert told["remarque"] == "'=HYPERLINK(1)"


# --- one reading --------------------------------------------------------------------------------------------------


def test_a_reading_is_corrected_and_withdrawn_and_its_history_stays(house, browser, desk):
    desk.add(INS, (weight(house, "72,5"),))
    path = re.search(r'href="(/mesures/poids/[0-9a-f]{24})"', browser.get("/mesures/poids").text)[1]
    page = browser.get(path)
    assert 'value="72,5"' in page.text
    assert send(browser, path, value_0="7250", **DAY_TYPED).status == 422
    assert send(browser, path, value_0="73,1", **DAY_TYPED).status == 303
    assert kept(desk) == [("73.1",)]
    assert "72,5" in browser.get(path).words
    assert "corrigé le" in browser.get(path).words
    assert browser.send(f"{path}/retirer", browser.get(path).fields(f"{path}/retirer")).status == 303
    assert kept(desk) == []
    gone = browser.get(path)
    assert "Cette mesure est retirée" in gone.words
    assert f'action="{path}"' not in gone.text
    assert browser.get(path.replace("poids", "taille")).status == 404


# --- a diary ------------------------------------------------------------------------------------------------------


def test_a_day_of_a_diary_is_kept_as_readings_a_minute_apart(browser, desk):
    answer = send(browser, "/mesures/tension/carnet", date="2026-01-05", morning_time="08:00", evening_time="20:00",
                  morning_0_0="128", morning_0_1="81", morning_1_0="126", morning_1_1="80", evening_2_0="131", evening_2_1="83")  # fmt: skip
    assert answer.status == 303
    found = desk.series(INS, BLOOD_PRESSURE).readings
    assert [one.said.values for one in found] == [("128", "81"), ("126", "80"), ("131", "83")]
    assert [(one.measured_at - found[0].measured_at) // (HOUR // 60) for one in found] == [0, 1, 12 * 60 + 2]


def test_a_slip_in_a_diary_keeps_everything_typed_and_saves_nothing(browser, desk):
    answer = send(browser, "/mesures/tension/carnet", date="2026-01-05", morning_time="08:00",
                  morning_0_0="128", morning_0_1="81", morning_1_0="12", morning_1_1="8")  # fmt: skip
    assert answer.status == 422
    assert "Matin, mesure 2" in answer.words
    assert 'href="#morning-1-0"' in answer.text
    assert answer.text.count('value="128"') == 1
    assert kept(desk, BLOOD_PRESSURE) == []
    assert "au moins une mesure" in send(browser, "/mesures/tension/carnet", date="2026-01-05").words


# --- a child ------------------------------------------------------------------------------------------------------


def as_mother(house):
    kind = Representation.FIRST_REPRESENTATIVE
    Delegations(house.gate, "operator:tests").declare(MIRABELLE.identifier, NESSI.identifier, kind)
    browser = house.browser(NESSI)
    page = browser.get("/")
    names = re.findall(r'name="dossier"[^>]*value="([0-9a-f]{32})"', page.text)
    browser.send("/dossier", {**page.fields("/dossier"), "dossier": names[1]})
    return browser


def test_a_mother_notes_her_child_s_height_and_sees_its_place_among_the_curves(house):
    browser = as_mother(house)
    page = browser.get("/mesures/taille")
    assert "Vous êtes dans le dossier de" in page.words
    assert "titulaire de ce dossier" in page.words
    # born 2011-04-20; on 2021-04-19 she is 120 months old, where the WHO's median for girls is 138.6 cm
    assert send(browser, "/mesures/taille", value_0="138,6", date="2021-04-19", time="10:00").status == 303
    page = browser.get("/mesures/taille")
    assert "centile 50" in page.words
    assert page.text.count('class="reference"') == 7
    assert "C50" in page.text
    assert "Organisation mondiale de la santé" in page.words
    assert ">+2<" in browser.get("/mesures/taille?reperes=ecarts").text
    assert "Tout est noté par Ruth Decourcy" in page.words


def test_the_index_of_a_child_offers_the_iotf_curves(house):
    browser = as_mother(house)
    send(browser, "/mesures/taille", value_0="138,6", date="2021-04-19", time="10:00")
    send(browser, "/mesures/poids", value_0="32", date="2021-04-19", time="10:00")
    page = browser.get("/mesures/imc?reperes=iotf")
    assert page.text.count('class="reference"') == 8
    assert "Cole" in page.words
    assert "centile 5" in browser.get("/mesures/imc").words


def test_a_height_in_the_wrong_position_has_no_place_on_the_curve(house):
    browser = as_mother(house)
    send(browser, "/mesures/taille", value_0="138,6", date="2021-04-19", time="10:00", context="lying")
    page = browser.get("/mesures/taille")
    assert "sans place sur la courbe" in page.words
    assert "centile" not in page.words.replace("Centiles", "")


def test_an_adult_has_no_growth_curve(house, browser, desk):
    desk.add(INS, (weight(house),))
    assert "croissance" not in browser.get("/mesures/poids").text


def test_control_months_are_those_of_the_who():
    assert 30.4375 * 12 == 365.25
    assert MONTH == 30.4375


# --- nobody else --------------------------------------------------------------------------------------------------


def test_nothing_of_a_record_is_seen_from_another_session_or_record(house, browser, desk):
    desk.add(
        INS,
        (
            weight(house, "72,50", note="secret"),
            Declared(BLOOD_PRESSURE, ("128", "81"), "mm[Hg]", house.now - HOUR, PARIS),
        ),
    )
    path = re.search(r'href="(/mesures/poids/[0-9a-f]{24})"', browser.get("/mesures/poids").text)[1]
    assert "72,50" in browser.get("/mesures").words  # control: it is there for whose it is
    for other in (house.browser(LANTERNE), as_mother(house)):
        for page in ("/mesures", "/mesures/poids", "/mesures/poids/tableau.csv", "/mesures/tension"):
            answer = other.get(page)
            assert answer.status == 200
            assert not any(word in answer.text for word in ("72,50", "72.50", "secret", "128/81", path))
        missing = other.get(path)
        unknown = other.get("/mesures/poids/0123456789abcdef01234567")
        strip = re.compile(r"[0-9a-f]{8}</p>|jeton\" value=\"[^\"]*\"|suite=[^\"]*\"")
        assert missing.status == unknown.status == 404
        assert strip.sub("", missing.text) == strip.sub("", unknown.text)
        form = other.get("/mesures/poids").fields("/mesures/poids")
        assert other.send(path, {**form, "value-0": "70", **DAY_TYPED}).status == 404
        assert other.send(f"{path}/retirer", form).status == 404
    assert kept(desk) == [("72.50",)]
    for page in ("/mesures", "/mesures/poids", path, "/mesures/poids/tableau.csv"):
        assert house.browser().get(page).status == 303


def test_a_form_of_another_record_changes_nothing(house, browser, desk):
    mother = as_mother(house)
    foreign = mother.get("/mesures/poids").fields("/mesures/poids")
    page = mother.get("/")
    own = re.findall(r'name="dossier"[^>]*value="([0-9a-f]{32})"', page.text)[0]
    mother.send("/dossier", {**page.fields("/dossier"), "dossier": own})
    assert mother.send("/mesures/poids", {**foreign, "value-0": "52", **DAY_TYPED}).status == 409


def test_a_carer_is_offered_no_file(open_house):
    house = open_house(carers=True)
    desk = OwnMeasurements(house.gate, "operator:tests")
    with house.gate.platform.connection._raw as raw:
        raw.execute("UPDATE health_record SET state = 'activated'")
    Delegations(house.gate, "operator:tests").invite(INS, LANTERNE.identifier, Representation.CARER)
    Delegations(house.gate, "operator:tests", LANTERNE.identifier).answer(INS, accepted=True)
    desk.add(INS, (weight(house),))
    browser = house.browser(LANTERNE)
    page = browser.get("/")
    names = re.findall(r'name="dossier"[^>]*value="([0-9a-f]{32})"', page.text)
    browser.send("/dossier", {**page.fields("/dossier"), "dossier": names[1]})
    page = browser.get("/mesures/poids")
    assert "72,5" in page.words
    assert "tableau.csv" not in page.text
    assert browser.get("/mesures/poids/tableau.csv").status == 403
    assert send(browser, value_0="73", **DAY_TYPED).status == 303
