"""The pages of results, medicines, vaccinations and imaging in Debian's chromium, with axe, at the three widths, and printed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from carnet.demo.lab_reports import Measured
from carnet.demo.people import LANTERNE, PAT_TROIS
from carnet.demo.years_of_care import years_of_care

sys.path.insert(0, str(Path(__file__).parent))

from chromium import PROGRAM, Seen, browse
from health_house import put, report, stamp
from test_in_chromium import look, watched

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed: `make packages` installs it")
LONG = "Papillomavirus 31+33+35+39+45+51+52+56+58+59+66+68+70+73+82+ADN:Interprétation:Ponctuel:Col"
PATHS = (
    "/",
    "/resultats",
    "/resultats/2823-3",
    "/resultats/14682-9",
    "/resultats/1-8",
    "/medicaments",
    "/vaccins",
    "/imagerie",
)


@pytest.fixture
def lived(open_house):
    house = open_house(tls_enabled=False, declared_proxies=())
    for _name, content in years_of_care(house.now):
        put(house, content)
    long = Measured(
        "1-8",
        LONG,
        "0.000000000000123456789",
        "10*3/uL{some.very.long.annotation}",
        stamp("20260101"),
        "0.1",
        "123456.789",
    )
    report(house, long)
    house.add("Bilan scanné", type=report(house, long).type_code)
    return house


@pytest.mark.timeout(900)
def test_the_pages_about_health_are_sound_at_every_width(lived):
    seen = Seen()
    who, newcomer = lived.doorkeeper.sign_in(PAT_TROIS), lived.doorkeeper.sign_in(LANTERNE)

    def walk(chromium, address):
        page = watched(chromium, address, who, 390, seen)
        for path in PATHS:
            look(page, address, path, seen)
        page.context.close()
        page = watched(chromium, address, newcomer, 390, seen)
        for path in ("/resultats", "/medicaments", "/vaccins", "/imagerie"):
            look(page, address, path, seen)
        page.context.close()

    browse(lived.app, walk)
    assert seen.faults == []
    assert seen.walked == len(PATHS) + 4


def test_the_vaccination_card_prints_with_whose_it_is_and_without_the_frame(lived):
    shown = {}
    who = lived.doorkeeper.sign_in(PAT_TROIS)

    def walk(chromium, address):
        page = watched(chromium, address, who, 1440, Seen())
        page.goto(f"{address}/vaccins")
        shown["screen"] = page.locator(".printed").is_visible()
        page.emulate_media(media="print")
        shown["printed"] = page.locator(".printed").inner_text() if page.locator(".printed").is_visible() else ""
        shown["bars"] = [page.locator(one).first.is_visible() for one in (".tabs", ".foot", ".bar", ".more")]

    browse(lived.app, walk)
    assert shown["screen"] is False
    assert "Dominique Pat-Trois" in shown["printed"]
    assert shown["bars"] == [False] * 4
