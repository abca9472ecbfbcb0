"""The professional's portal in Debian's chromium, served with its identity provider: a doctor's round by keys alone, and every page sound at every width."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright
from starlette.routing import Route

from carnet.demo.people import BIOLOGIST, HOSPITAL, LANTERNE, NESSI, PAT_TROIS

sys.path.insert(0, str(Path(__file__).parent))

import pro_steps
from chromium import FLAGS, PATIENCE, PROGRAM
from keyboard import Keys
from pro_addresses import BEFORE, PAGES, RECORD, gone, not_looked_at
from pro_round import Round
from pro_stage import STEP_UP_MINUTES, stage
from soundness import HEIGHT, WIDTHS, Looker, watch

needs_chromium = pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed: `make packages` installs it")
ELSEWHERE = "https://elsewhere.test"


@pytest.fixture(scope="module")
def portal(open_home, first_stage, tmp_path_factory):
    found = stage(open_home, first_stage, tmp_path_factory.mktemp("portal"))
    yield found
    found.served.close()


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=PROGRAM, args=list(FLAGS), timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium):
    made = chromium.new_context(locale="fr-FR", viewport={"width": 1440, "height": HEIGHT})
    made.set_default_timeout(PATIENCE)
    yield made
    made.close()


@needs_chromium
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_doctor_does_a_whole_round_by_keys_alone(portal, context):
    faults = []
    context.clock.set_fixed_time(dt.datetime.now(dt.UTC))  # two keys in a row are in time on any machine
    page = context.new_page()
    watch(page, faults, portal.address, portal.issuer, expected=("status of 403",))
    keys = Keys(page, portal.address, faults)
    page.goto(f"{portal.address}/pro")
    pro_steps.sign_in(keys, BIOLOGIST, HOSPITAL)
    pro_steps.find(keys, PAT_TROIS, "**/entree")
    typed = keys.acts - 1, keys.moves
    pro_steps.enter_with_consent(keys)
    assert keys.acts - typed[0] <= 3
    assert keys.moves - typed[1] <= 2
    assert "mmol/L" in pro_steps.read_the_last_result(keys)
    assert len(set(pro_steps.compare(keys))) == 2
    pro_steps.look_through_documents(keys, "genou")
    pro_steps.deposit_a_letter(keys)
    pro_steps.leave(keys)
    pro_steps.find(keys, LANTERNE, pro_steps.RECORD)
    pro_steps.draft_a_synthesis(keys)
    pro_steps.read_again_and_sign(keys, portal.ahead(STEP_UP_MINUTES + 1), BIOLOGIST)
    pro_steps.leave(keys)
    pro_steps.find(keys, NESSI, "**/entree")
    pro_steps.break_the_glass(keys)
    keys.tab_to(".pro-bar a[href='/pro']:not(.mark)")
    with context.expect_page() as opened:
        keys.press("Control+Enter")
    other = Keys(opened.value, portal.address, faults)
    watch(opened.value, faults, portal.address)
    pro_steps.open_another_in_a_second_tab(keys, other, PAT_TROIS, "NESSI")
    opened.value.close()
    pro_steps.leave(keys)
    keys.press("Escape")
    keys.to("**/pro/aide", "?")
    pro_steps.sign_out(keys)
    assert faults == []


@needs_chromium
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_page_is_sound_at_every_width(portal, context):
    page, addresses = context.new_page(), []
    looker = Looker(page, context.new_page())
    expected = ("status of 404", "status of 422")
    watch(page, looker.faults, portal.address, portal.issuer, expected=expected)
    page.on("framenavigated", lambda frame: addresses.append(frame.url))
    everything = Round(portal, page, looker)
    everything.signs_in()
    everything.prepares()
    everything.looks_at_everything()
    assert looker.faults == []
    names = {name for one in (*BEFORE.values(), *PAGES.values()) for name in one}
    assert looker.looked >= {(name, width) for name in names for width in WIDTHS}
    assert not [one for one in addresses if PAT_TROIS.identifier.value in one]


@needs_chromium
@pytest.mark.slow
def test_without_a_script_the_preview_and_its_neighbours_are_links(portal, chromium):
    context = chromium.new_context(locale="fr-FR", java_script_enabled=False)
    context.set_default_timeout(PATIENCE)
    looker = Looker(context.new_page(), context.new_page())
    everything = Round(portal, looker.page, looker)
    everything.comes()
    page = looker.page
    page.goto(f"{portal.address}{everything.names['inside']}/documents")
    page.click("tr:nth-child(2) .doc-peek")
    page.wait_for_selector("#apercu h2")
    page.click('#apercu a[rel="next"]')
    page.wait_for_selector('#apercu a[rel="prev"]')
    context.close()


def test_every_route_of_the_portal_is_looked_at_or_says_why_not(open_pro_sign_in_house):
    routes = open_pro_sign_in_house().app.routes
    assert not_looked_at(routes) == set()
    assert gone(routes) == set()
    assert not_looked_at([*routes, Route(f"{RECORD}/nouveau", lambda _request: None)]) == {f"{RECORD}/nouveau"}


def broken(context, body):
    """A page of another make at the address of one of ours."""
    page = f'<html lang="fr"><head><title>Carnet</title></head><body>{body}</body></html>'
    context.route(f"{ELSEWHERE}/**", lambda route: route.fulfill(body=page, content_type="text/html"))
    shown = context.new_page()
    shown.goto(f"{ELSEWHERE}/page")
    return shown


@needs_chromium
def test_control_a_page_that_is_not_sound_is_noticed(context):
    page = broken(context, '<main><h1>t</h1><p style="width:1500px">wide</p><a href="/x">x</a><button></button></main>')
    looker = Looker(page, page)
    watch(page, looker.faults, ELSEWHERE)
    page.evaluate("console.error('broken'); fetch('https://another.test/x', {mode: 'no-cors'}).catch(() => 0)")
    looker.look("page")
    said = " ".join(looker.faults)
    for width in WIDTHS:
        assert f"page: at {width} wider by" in said
        assert f"page: at {width} button-name" in said
        assert f"page: at {width} too small to touch" in said
    assert "another host: https://another.test/x" in said


@needs_chromium
def test_control_a_focus_that_cannot_be_seen_is_noticed(context):
    cover = '<div style="position:fixed;inset:0;background:white"></div>'
    for body, fault in (
        ('<h1>t</h1><a href="/x" style="outline:none">bare</a>', "no ring"),
        (f'<h1>t</h1><a href="/x" style="outline:3px solid">under</a>{cover}', "covered"),
        ('<h1>t</h1><a href="/x" style="outline:3px solid;position:fixed;left:-900px">away</a>', "off the screen"),
        ("<h1>t</h1><p>nothing</p>", "nowhere"),
    ):
        keys = Keys(broken(context, body), ELSEWHERE)
        keys.press("Tab")
        assert len(keys.faults) == 1
        assert fault in keys.faults[0]
    keys = Keys(broken(context, "<p>no heading</p>"), ELSEWHERE)
    keys.arrived()
    assert "0 headings" in keys.faults[0]
