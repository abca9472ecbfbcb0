"""TD0.9: care software leads to a page; the INS leaves the address at once, and what is closed, absent or blocked looks alike."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from carnet.clock import MINUTE
from carnet.demo.people import (
    BOUSSOLE,
    COMMUNITY_NURSE,
    LANTERNE,
    MEDECIN_TRAITANT,
    NESSI,
    OTHER_GP,
    PAT_TROIS,
    PHARMACIST_OWNER,
)
from carnet.portal.professional.direct_access_pages import OF_A_RECORD
from carnet.record.administration import Administration

INS = PAT_TROIS.identifier.value
NOBODY = "155112A99900221"
"""A number with a good key that nobody has."""


@pytest.fixture
def house(open_pro_sign_in_house):
    return open_pro_sign_in_house()


def follow(browser, path):
    """The answers from an address on, until a page."""
    answers = [browser.get(path)]
    while answers[-1].status_code == 303 and len(answers) < 6:
        answers.append(browser.get(answers[-1].headers["location"]))
    return answers


def told(answer):
    """What a page says, without what is made anew for each."""
    return answer.status_code, re.sub(r'(name="jeton" value|Référence[^<]*|suite)="?[^"<]*', "", answer.text)


def test_each_page_of_a_record_leads_into_it_and_is_traced(house):
    browser = house.sign_in(MEDECIN_TRAITANT).browser
    for page, rest in OF_A_RECORD.items():
        answers = [browser.get(f"/AccesDirect/{page}/{INS}")]
        answers.append(browser.get(answers[0].headers["location"]))
        where = answers[1].headers["location"]
        assert re.fullmatch(r"/pro/patients/[0-9a-f]{32}" + re.escape(rest), where)
    lines = [(one["action"], one["outcome"], one["detail"], one["requester_id"]) for one in house.lines(PAT_TROIS)]
    for page in OF_A_RECORD:
        assert ("td0.9", "done", page, MEDECIN_TRAITANT.identifier) in lines


def test_pages_of_no_record_lead_to_the_dashboard_and_the_settings(house):
    browser = house.sign_in(MEDECIN_TRAITANT).browser
    assert browser.get("/AccesDirect/TableauDeBord").headers["location"] == "/pro"
    assert browser.get("/AccesDirect/Parametrages").headers["location"] == "/pro/situation"
    assert browser.get("/AccesDirect/Autre").status_code == 404
    assert "/AccesDirect/TableauDeBord" in browser.get("/AccesDirect/Documents").text
    assert [line["detail"] for line in house.lines() if line["action"] == "td0.9"] == ["TableauDeBord", "Parametrages"]


def test_who_is_not_signed_in_signs_in_first_and_comes_back_without_the_number_in_any_address(house, caplog):
    caplog.set_level("DEBUG")
    browser = house.browser()
    first = browser.get(f"/AccesDirect/HistoriqueAcces/{INS}")
    assert first.headers["referrer-policy"] == "no-referrer"
    second = browser.get(first.headers["location"])
    third = browser.get(second.headers["location"])
    back = house.sign_in(MEDECIN_TRAITANT, browser).answer
    fourth = browser.get(back.headers["location"])
    last = browser.get(fourth.headers["location"])
    assert last.status_code == 200
    for answer in (first, second, third, back, fourth):
        assert INS not in answer.headers.get("location", "") + answer.text + str(answer.headers.get_list("set-cookie"))
    ours = [one for one in caplog.records if not one.name.startswith(("httpx", "httpcore"))]  # the test's own client
    assert INS not in str([record.__dict__ for record in ours])


def test_an_address_is_used_once_and_by_the_browser_that_arrived(house):
    browser = house.sign_in(MEDECIN_TRAITANT).browser
    on = browser.get(f"/AccesDirect/Documents/{INS}").headers["location"]
    assert house.sign_in(OTHER_GP).browser.get(on).status_code == 404
    assert browser.get(on).status_code == 404
    on = browser.get(f"/AccesDirect/Documents/{INS}").headers["location"]
    house.offset = 11 * MINUTE
    assert browser.get(on).status_code == 404


def test_a_record_that_is_closed_absent_or_blocked_looks_alike_and_leads_to_the_dashboard(house):
    operator = Administration(house.gate, "operator:test")
    operator.close_record(NESSI.identifier, "asked")
    operator.block(LANTERNE.identifier, OTHER_GP.identifier)
    browser = house.sign_in(OTHER_GP).browser
    pages = [
        told(follow(browser, f"/AccesDirect/DossierPatient/{one}")[-1])
        for one in (NESSI.identifier.value, LANTERNE.identifier.value, NOBODY, "12", BOUSSOLE.identifier.value[:-1])
    ]
    assert pages[0][0] == 404
    assert "/AccesDirect/TableauDeBord" in pages[0][1]
    assert len(set(pages)) == 1
    operator.unblock(LANTERNE.identifier, OTHER_GP.identifier)  # the control: it was the block alone
    assert told(follow(browser, f"/AccesDirect/DossierPatient/{LANTERNE.identifier.value}")[-1]) != pages[0]
    for one in (NESSI.identifier.value, NOBODY, PAT_TROIS.identifier.value):
        assert [step.headers.get("location") for step in follow(browser, f"/AccesDirect/TableauDeBord/{one}")][
            1
        ] == "/pro"


def test_who_arrives_without_authorisation_is_asked_to_confirm_it(house):
    browser = house.sign_in(PHARMACIST_OWNER).browser
    for page in OF_A_RECORD:
        answers = follow(browser, f"/AccesDirect/{page}/{INS}")
        assert urlsplit(answers[1].headers["location"]).path.endswith("/entree")
        assert answers[-1].status_code == 200
    assert "td0.9" in {line["action"] for line in house.lines(PAT_TROIS)}


def test_after_the_lawful_entry_comes_the_page_that_was_asked_for(house):
    browser = house.sign_in(PHARMACIST_OWNER).browser
    for page, rest in OF_A_RECORD.items():
        asked = follow(browser, f"/AccesDirect/{page}/{INS}")
        at = asked[1].headers["location"]
        answer = browser.send(at, asked[-1], {"acces": "consentement", "declare": "oui"})
        where = browser.get(answer.headers["location"]).headers["location"]
        assert re.fullmatch(r"/pro/patients/[0-9a-f]{32}" + re.escape(rest), where), page
        root = at.partition("/entree")[0]
        browser.send(f"{root}/equipe", browser.get(f"{root}/equipe"), {"action": "quitter"})


def test_an_address_of_a_hospital_is_no_limit_for_who_is_signed_in(open_pro_sign_in_house):
    house = open_pro_sign_in_house(pro_sign_in_tries_address=3)
    browser = house.sign_in(MEDECIN_TRAITANT).browser
    assert {browser.get(f"/AccesDirect/Documents/{INS}").status_code for _ in range(5)} == {303}
    assert [house.browser().get(f"/AccesDirect/Documents/{INS}").status_code for _ in range(4)] == [303, 303, 303, 429]


def test_who_may_read_is_asked_nothing(house):
    known = house.sign_in(COMMUNITY_NURSE).browser
    assert follow(known, f"/AccesDirect/Documents/{INS}")[1].headers["location"].endswith("/documents")
