"""The pages of measurements in a real browser, with a short life in them: what axe finds, what is wider than a phone, and adding without JavaScript."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

from carnet.clock import DAY, HOUR
from carnet.consent.acting_links import Representation
from carnet.demo.people import MIRABELLE, NESSI, PAT_TROIS
from carnet.measures.measure_kinds import BLOOD_GLUCOSE, BLOOD_PRESSURE, HEIGHT, INTERSTITIAL, WEIGHT
from carnet.record.delegations import Delegations
from carnet.record.measurement_changes import Declared
from carnet.record.own_measurements import OwnMeasurements

sys.path.insert(0, str(Path(__file__).parent))

from chromium import PROGRAM, Seen, browse
from test_in_chromium import look, watched

PARIS = "Europe/Paris"
PATHS = ("/mesures", "/mesures/poids", "/mesures/tension", "/mesures/glycemie", "/mesures/imc", "/mesures/igg", "/mesures/pas",
         "/mesures/glucose-interstitiel", "/mesures/tension/carnet")  # fmt: skip
OF_A_CHILD = ("/mesures", "/mesures/taille", "/mesures/taille?reperes=ecarts", "/mesures/imc?reperes=iotf")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed: `make packages` installs it")


@pytest.fixture
def lived(open_house):
    """A space without TLS, with a year of measurements of a patient, and some of a child."""
    house = open_house(tls_enabled=False, declared_proxies=())
    desk, ins = OwnMeasurements(house.gate, "operator:tests"), PAT_TROIS.identifier
    for first in range(0, 52, 26):
        weeks = range(first, first + 26)
        desk.add(ins, [Declared(WEIGHT, (f"{72 + math.sin(week):.1f}",), "kg", house.now - week * 7 * DAY - HOUR, PARIS) for week in weeks])  # fmt: skip
        desk.add(ins, [Declared(BLOOD_PRESSURE, (str(130 + week % 9), str(82 + week % 5)), "mm[Hg]", house.now - week * 7 * DAY - HOUR, PARIS, context="left-arm") for week in weeks])  # fmt: skip
    desk.add(ins, [Declared(HEIGHT, ("168",), "cm", house.now - 90 * DAY, PARIS, note="une remarque un peu longue, pour voir comment elle se replie dans le tableau")])  # fmt: skip
    desk.add(ins, [Declared(BLOOD_GLUCOSE, (value,), unit, house.now - ago * DAY, PARIS, context="after-meal") for value, unit, ago in (("95", "mg/dL", 9), ("1,02", "g/L", 2), ("0,95", "g/L", 1))])  # fmt: skip
    desk.add(ins, [Declared(INTERSTITIAL, ("1,28",), "g/L", house.now - DAY, PARIS, days=14, coverage=92)])
    desk.set_target(ins, BLOOD_PRESSURE, (("", "135"), ("", "85")), "mm[Hg]")
    child, kind = MIRABELLE.identifier, Representation.FIRST_REPRESENTATIVE
    Delegations(house.gate, "operator:tests").declare(child, NESSI.identifier, kind)
    mother = OwnMeasurements(house.gate, "operator:tests", NESSI.identifier)
    years = range(1, 14)
    mother.add(child, [Declared(HEIGHT, (f"{160 - year * 5.2:.1f}",), "cm", house.now - year * 365 * DAY, PARIS) for year in years])  # fmt: skip
    mother.add(child, [Declared(WEIGHT, (f"{52 - year * 3.1:.1f}",), "kg", house.now - year * 365 * DAY, PARIS) for year in years])  # fmt: skip
    return house


@pytest.mark.timeout(900)
def test_every_page_of_measurements_is_sound_on_a_phone_and_on_a_computer(lived):
    seen = Seen()
    who, mother = lived.doorkeeper.sign_in(PAT_TROIS), lived.doorkeeper.sign_in(NESSI)

    def walk(chromium, address):
        page = watched(chromium, address, who, 390, seen)
        for path in PATHS:
            look(page, address, path, seen)
        page.context.close()
        page = watched(chromium, address, mother, 390, seen)
        page.goto(address)
        page.locator("input[name=dossier]").nth(1).check()
        with page.expect_navigation():
            page.locator("form[action='/dossier'] button").click()
        for path in OF_A_CHILD:
            look(page, address, path, seen)
        page.context.close()

    browse(lived.app, walk)
    assert seen.faults == []
    assert seen.walked == len(PATHS) + len(OF_A_CHILD)


def test_a_slip_is_put_right_and_a_reading_corrected_without_javascript(lived):
    seen = Seen()
    who = lived.doorkeeper.sign_in(PAT_TROIS)
    said = []

    def walk(chromium, address):
        page = watched(chromium, address, who, 390, seen, script=False)
        page.goto(f"{address}/mesures/poids")
        page.locator("#ajouter > summary").click()
        page.fill("#value-0", "72500")
        with page.expect_navigation():
            page.locator("#ajouter button").click()
        said.append(page.locator(".wrong").inner_text())
        said.append(page.input_value("#value-0"))
        page.fill("#value-0", "72,5")
        with page.expect_navigation():
            page.locator("#ajouter button").click()
        said.append(page.locator(".said").inner_text())
        with page.expect_navigation():
            page.locator(".readings .reach").first.click()
        page.fill("#value-0", "73,25")
        with page.expect_navigation():
            page.locator("main form button").first.click()
        said.append(page.locator(".measured .value").inner_text())

    browse(lived.app, walk)
    assert [one for one in seen.faults if "422" not in one] == []
    assert "grammes" in said[0]
    assert said[1] == "72500"
    assert "enregistrée" in said[2]
    assert said[3] == "73,25"
