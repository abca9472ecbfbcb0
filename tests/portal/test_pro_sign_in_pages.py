"""Professionals sign in by Pro Santé Connect and by card, choose where they practise, and stay only as long as all of it holds."""

from __future__ import annotations

import pytest
from pro_sign_in_house import ADDRESS, claims_of_token, key_of, request_of
from sign_in_house import query_of
from sqlalchemy import bindparam, update

from carnet.clock import HOUR, MINUTE, SECOND, system_clock
from carnet.database.statements import prepare
from carnet.database.tables import professional, professional_session, professional_situation
from carnet.demo.people import (
    BIOLOGIST,
    COMMUNITY_NURSE,
    HOSPITAL,
    LABORATORY,
    MEDECIN_TRAITANT,
    OCCUPATIONAL_DOCTOR,
    OTHER_GP,
    PAT_TROIS,
    PHARMACIST_OWNER,
)
from carnet.demo.pki import TestAuthority
from carnet.record import gate, pro_presence

SESSION = "__Host-seance-pro"


@pytest.fixture
def house(open_pro_sign_in_house):
    return open_pro_sign_in_house()


def write(house, statement, **values):
    house.gate.administer(lambda connection: connection.execute(prepare(statement), values))


def leave_directory(house, person):
    table = professional
    write(
        house, update(table).where(table.c.professional_id == bindparam("who")).values(active=0), who=person.identifier
    )


def actions(house):
    """What signing in left in the trace of nobody."""
    return [(line["action"], line["outcome"]) for line in house.lines() if line["action"].startswith("sign-in/")]


def is_in(browser):
    return browser.get("/pro").status_code == 200


# --- Pro Santé Connect ----------------------------------------------------------------------------------------------


def test_a_doctor_signs_in_and_acts_are_theirs_in_their_situation(house):
    browser = house.browser()
    away = browser.get("/pro/journal")
    assert away.headers["location"] == "/pro/connexion?suite=/pro/journal"
    assert "Pro Santé Connect" in browser.get(away.headers["location"]).text
    asked = query_of(browser.get("/pro/connexion/psc").headers["location"])
    assert (asked["scope"], asked["acr_values"], asked["code_challenge_method"]) == (
        "openid scope_all",
        "eidas1",
        "S256",
    )
    assert not {"prompt", "max_age"} & asked.keys()
    answer = house.sign_in(MEDECIN_TRAITANT, browser).answer
    assert answer.headers["location"] == "/pro/journal"
    assert all("Secure" in line and "HttpOnly" in line for line in answer.headers.get_list("set-cookie"))
    page = browser.get("/pro")
    assert MEDECIN_TRAITANT.family_name in page.text
    assert MEDECIN_TRAITANT.organization.name.split()[-1] in page.text
    line = next(one for one in reversed(house.lines()) if one["action"].startswith("pro/"))
    assert (line["requester_id"], line["organization_id"]) == (
        MEDECIN_TRAITANT.identifier,
        MEDECIN_TRAITANT.organization.identifier,
    )
    assert actions(house) == [("sign-in/pro-provider", "done")]


@pytest.mark.parametrize("person", [PHARMACIST_OWNER, COMMUNITY_NURSE, OTHER_GP], ids=lambda one: one.family_name)
def test_other_professions_have_their_own_situation(house, person):
    signed_in = house.sign_in(person)
    assert signed_in.answer.headers["location"] == "/pro"
    assert is_in(signed_in.browser)


def test_who_has_several_situations_chooses_first_and_is_remembered(house):
    signed_in = house.sign_in(BIOLOGIST)
    browser = signed_in.browser
    assert signed_in.answer.headers["location"] == "/pro/situation"
    assert browser.get("/pro").headers["location"] == "/pro/connexion"
    assert browser.get("/pro/connexion").headers["location"] == "/pro/situation"
    page = browser.get("/pro/situation")
    chosen = browser.send("/pro/situation", page, {"situation": key_of(page.text, HOSPITAL.name)})
    assert chosen.headers["location"] == "/pro"
    assert HOSPITAL.name in browser.get("/pro").text
    again = house.sign_in(BIOLOGIST)
    assert again.answer.headers["location"] == "/pro"
    assert HOSPITAL.name in again.browser.get("/pro").text


def test_a_form_of_one_situation_does_nothing_in_another_and_a_situation_of_nobody_is_none(house):
    browser = house.in_situation(BIOLOGIST, LABORATORY)
    before = browser.get("/pro/aide")
    page = browser.get("/pro/situation")
    assert browser.send("/pro/situation", page, {"situation": "0" * 24}).status_code == 422
    browser.send("/pro/situation", page, {"situation": key_of(page.text, HOSPITAL.name)})
    assert browser.send("/pro/aide", before).status_code == 403
    assert browser.send("/pro/aide", browser.get("/pro/aide")).status_code == 303


def test_a_role_that_is_not_entitled_is_told_the_line_of_the_matrix(house):
    signed_in = house.sign_in(OCCUPATIONAL_DOCTOR)
    assert signed_in.answer.headers["location"] == "/pro/situation"
    page = signed_in.browser.get("/pro/situation")
    assert page.status_code == 403
    assert "PDT-INF-526, ligne TD0.9" in page.text
    assert not is_in(signed_in.browser)
    forced = signed_in.browser.send("/pro/situation", page, {"situation": key_of(page.text, "Service de prévention")})
    assert forced.status_code == 403
    assert not is_in(signed_in.browser)


def test_control_the_same_role_is_entitled_where_the_operator_opens_it(open_pro_sign_in_house):
    house = open_pro_sign_in_house(occupational_doctors=True)
    assert is_in(house.sign_in(OCCUPATIONAL_DOCTOR).browser)


def test_who_is_not_in_the_directory_is_told_so_and_gets_no_session(house):
    leave_directory(house, OTHER_GP)
    signed_in = house.sign_in(OTHER_GP)
    assert signed_in.answer.status_code == 403
    assert "annuaire" in signed_in.answer.text
    assert SESSION not in signed_in.browser.cookies
    assert actions(house) == [("sign-in/pro-provider", "refused")]


def test_who_leaves_the_directory_or_the_structure_acts_no_more_at_once(house):
    browser, other = house.sign_in(OTHER_GP).browser, house.sign_in(COMMUNITY_NURSE).browser
    assert is_in(browser)
    assert is_in(other)
    leave_directory(house, OTHER_GP)
    told = browser.get("/pro")
    assert (told.status_code, "annuaire" in told.text) == (403, True)
    link = professional_situation.c
    away = update(professional_situation).where(link.professional_id == bindparam("who")).values(active=0)
    write(house, away, who=COMMUNITY_NURSE.identifier)
    assert other.get("/pro").status_code == 403


WRONG = [
    {"SubjectNameID": BIOLOGIST.identifier},
    {"SubjectNameID": "899970000016 "},
    {"SubjectNameID": ["899970000016"]},
    {"otherIds": [{"identifiant": BIOLOGIST.identifier, "origine": "RPPS"}]},
    {"otherIds": "none"},
    {"family_name": ""},
    {"SubjectRole": ["60^1.2.250.1.213.1.1.5.5"]},
    {"SubjectRefPro": {"exercices": []}},
    {"SubjectRefPro": {"exercices": [{"codeProfession": "10", "activities": [{"numeroFinessSite": "990000028"}]}]}},
]
"""Claims of another person, in another form, in another role, or of nowhere."""


def test_claims_that_say_something_else_let_nobody_in(house):
    known = house.idp.server.context.userinfo.db
    right = known[MEDECIN_TRAITANT.identifier]
    for wrong in WRONG:
        known[MEDECIN_TRAITANT.identifier] = {**right, **wrong}
        signed_in = house.sign_in(MEDECIN_TRAITANT)
        assert signed_in.answer.status_code == 403, wrong
        assert SESSION not in signed_in.browser.cookies
    known[MEDECIN_TRAITANT.identifier] = right
    assert is_in(house.sign_in(MEDECIN_TRAITANT).browser)


def test_a_level_that_is_not_accepted_lets_nobody_in(open_pro_sign_in_house):
    house = open_pro_sign_in_house(pro_oidc_accepted_acr=("eidas3",))
    assert house.sign_in(MEDECIN_TRAITANT).answer.status_code == 403
    assert actions(house) == [("sign-in/pro-provider", "refused")]


def test_a_return_is_used_once_and_in_the_browser_that_began(house):
    browser = house.browser()
    back = house.choose(browser.get("/pro/connexion/psc").headers["location"], MEDECIN_TRAITANT)
    assert house.browser().get(back).status_code == 403
    assert browser.get(back).status_code == 403  # the other browser's try used it up
    back = house.choose(browser.get("/pro/connexion/psc").headers["location"], MEDECIN_TRAITANT)
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 403


def test_another_site_neither_signs_in_nor_out(house):
    sent = house.browser().get("/pro/connexion/psc", **{"sec-fetch-site": "cross-site"})
    assert sent.status_code == 200
    browser = house.sign_in(MEDECIN_TRAITANT).browser
    page = browser.get("/pro/deconnexion")
    for where in ("https://evil.test", "null"):
        assert browser.send("/pro/deconnexion", page, origin=where).status_code == 403
    assert browser.ask("POST", "/pro/deconnexion", data={"jeton": ""}, origin=ADDRESS).status_code == 403
    assert is_in(browser)


def test_a_session_that_was_planted_is_nobodys_and_the_cookie_changes_at_sign_in(house):
    planted = "A" * 43
    browser = house.browser(**{SESSION: planted})
    assert not is_in(browser)
    house.sign_in(MEDECIN_TRAITANT, browser)
    assert browser.cookies[SESSION] != planted
    assert not is_in(house.browser(**{SESSION: planted}))


def test_nothing_of_the_session_stands_in_an_address_or_in_clear_in_the_database(house):
    signed_in = house.sign_in(MEDECIN_TRAITANT)
    token = signed_in.browser.cookies[SESSION]
    assert token not in signed_in.answer.headers["location"] + signed_in.browser.get("/pro").text
    rows = house.gate.read(lambda c: c.execute(prepare(professional_session.select()), {}))
    assert len(rows) == 1
    text = repr(rows[0])
    assert token not in text
    assert MEDECIN_TRAITANT.family_name not in text


# --- the end --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("later", "there"), [(14 * MINUTE, True), (16 * MINUTE, False)], ids=["within", "idle for too long"]
)
def test_a_session_ends_when_nobody_uses_it(house, later, there):
    browser = house.sign_in(MEDECIN_TRAITANT).browser
    house.offset = later
    assert is_in(browser) is there


def test_a_session_ends_after_its_hours_however_it_is_used(house):
    browser = house.sign_in(MEDECIN_TRAITANT).browser
    for _ in range(35):
        house.offset += 14 * MINUTE
        if house.offset < 8 * HOUR:
            assert is_in(browser)
    assert not is_in(browser)


def test_signing_out_here_or_everywhere(house):
    one, two, three = (house.sign_in(MEDECIN_TRAITANT).browser for _ in range(3))
    former = one.cookies[SESSION]
    out = one.send("/pro/deconnexion", one.get("/pro/deconnexion"))
    assert "Pro Santé Connect" in out.text
    assert "id_token_hint" in out.headers["refresh"]
    assert not is_in(house.browser(**{SESSION: former}))
    assert is_in(two)
    two.send("/pro/deconnexion", two.get("/pro/deconnexion"), {"partout": "oui"})
    assert not is_in(three)


def test_the_providers_word_ends_its_session_once_and_nobody_elses(house):
    browser, other = house.sign_in(MEDECIN_TRAITANT).browser, house.sign_in(OTHER_GP).browser
    who = house.door.present(request_of(house, browser))
    claims = claims_of_token(who.details.id_token)
    _client, (_uri, token) = next(iter(house.idp.backchannel(claims["sid"]).items()))
    send = {"data": {"logout_token": token}}
    assert house.browser().ask("POST", "/pro/connexion/fin", **send).status_code == 200
    assert not is_in(browser)
    assert is_in(other)
    assert house.browser().ask("POST", "/pro/connexion/fin", **send).status_code == 400
    assert house.browser().ask("POST", "/pro/connexion/fin", data={"logout_token": token + "x"}).status_code == 400


# --- showing again who one is ---------------------------------------------------------------------------------------


def test_who_shows_again_who_they_are_keeps_the_session_under_another_cookie(house):
    browser = house.sign_in(MEDECIN_TRAITANT).browser
    former = browser.cookies[SESSION]
    before = house.door.present(request_of(house, browser)).session
    house.offset = 5 * MINUTE
    asked = query_of(browser.get("/pro/connexion/psc").headers["location"])
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    assert house.sign_in(OTHER_GP, browser).answer.status_code == 403
    assert is_in(browser)
    # the provider's own clock is the machine's: what it says of the moment is five minutes old by ours
    assert house.sign_in(MEDECIN_TRAITANT, browser).answer.status_code == 403
    house.offset = 0
    assert house.sign_in(MEDECIN_TRAITANT, browser).answer.status_code == 303
    now = house.door.present(request_of(house, browser)).session
    assert now.session_id == before.session_id
    assert now.shown_at > before.shown_at
    assert not is_in(house.browser(**{SESSION: former}))


def opened(browser):
    """The root of a record that a signed-in professional asked for."""
    page = browser.get("/pro")
    return browser.send("/pro", page, {"ins": PAT_TROIS.identifier.value}).headers["location"].removesuffix("/entree")


def test_a_record_stays_open_for_who_shows_again_who_they_are_and_not_for_who_signs_in_anew(house):
    browser = house.sign_in(MEDECIN_TRAITANT).browser
    root = opened(browser)
    browser.get(f"/pro/connexion?encore=oui&suite={root}/acces")
    assert house.sign_in(MEDECIN_TRAITANT, browser).answer.headers["location"] == f"{root}/acces"
    assert browser.get(f"{root}/acces").status_code == 200
    house.offset = 16 * MINUTE
    assert browser.get(browser.get(f"{root}/acces").headers["location"]).status_code == 200
    house.offset = 0
    del browser.cookies[SESSION]
    assert house.sign_in(MEDECIN_TRAITANT, browser).answer.headers["location"] == "/pro"
    gone = browser.get(f"{root}/acces")
    assert (gone.status_code, "ouvert dans cette session" in gone.text) == (404, True)


def test_who_changes_their_situation_leaves_the_records_that_were_open(house):
    browser = house.in_situation(BIOLOGIST, LABORATORY)
    root = opened(browser)
    page = browser.get("/pro/situation")
    browser.send("/pro/situation", page, {"situation": key_of(page.text, LABORATORY.name)})
    assert browser.get(f"{root}/acces").status_code == 200
    browser.send("/pro/situation", page, {"situation": key_of(page.text, HOSPITAL.name)})
    assert browser.get(f"{root}/acces").status_code == 404
    again = browser.get("/pro/situation")
    browser.send("/pro/situation", again, {"situation": key_of(again.text, LABORATORY.name)})
    assert browser.get(f"{root}/acces").status_code == 404


def test_a_situation_that_the_matrix_closes_meanwhile_is_none_any_more(house, monkeypatch):
    browser = house.sign_in(OTHER_GP).browser
    assert is_in(browser)
    monkeypatch.setattr(pro_presence, "is_entitled", lambda *_given: False)
    assert browser.get("/pro").headers["location"] == "/pro/connexion"
    assert browser.get("/pro/connexion").headers["location"] == "/pro/situation"


def test_signing_out_of_a_session_that_ran_out_says_so_and_another_site_does_not(house):
    browser = house.sign_in(MEDECIN_TRAITANT).browser
    page = browser.get("/pro/deconnexion")
    house.offset = 16 * MINUTE
    assert browser.send("/pro/deconnexion", page, origin="https://evil.test").status_code == 403
    out = browser.send("/pro/deconnexion", page)
    assert (out.status_code, SESSION in browser.cookies) == (200, False)


# --- a card ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def world(home, open_pro_sign_in_house):
    """The house with an authority that can revoke cards."""
    authority = TestAuthority.create(home / "pki", system_clock(), shared_keys=3)
    return open_pro_sign_in_house(), authority


def card_of(authority, person):
    return authority.professional(person.identifier, person.family_name, person.given_name, person.profession.code)


def test_a_card_signs_in_and_its_session_is_of_its_connections_alone(world):
    house, authority = world
    pair = card_of(authority, MEDECIN_TRAITANT)
    house.insert(pair.authentication)
    signed_in = house.by_card()
    assert signed_in.answer.headers["location"] == "/pro"
    assert is_in(signed_in.browser)
    token = signed_in.browser.cookies[SESSION]
    house.insert(None)
    assert not is_in(house.browser(**{SESSION: token}))
    house.insert(pair.authentication)
    assert not is_in(house.browser(**{SESSION: token}))  # it ended: somebody used it without the card
    assert ("sign-in/pro-card-gone", "done") in actions(house)


def test_another_card_is_another_person(world):
    house, authority = world
    house.insert(card_of(authority, MEDECIN_TRAITANT).authentication)
    browser = house.by_card().browser
    house.insert(card_of(authority, OTHER_GP).authentication)
    assert not is_in(browser)


def test_a_card_that_is_revoked_ends_its_session_and_signs_in_no_more(world):
    house, authority = world
    card = card_of(authority, MEDECIN_TRAITANT).authentication
    house.insert(card)
    browser = house.by_card().browser
    assert is_in(browser)
    house.offset = 2 * SECOND
    authority.revoke(card)
    assert not is_in(browser)
    refused = house.by_card()
    assert refused.answer.status_code == 403
    assert "révoqué" in refused.answer.text


def test_what_is_no_professionals_card_signs_nobody_in(world):
    house, authority = world
    assert house.by_card().answer.status_code == 403
    structure = authority.organization(LABORATORY.identifier, LABORATORY.name)
    unknown = authority.professional("899970009999", "PERSONNE", "NOEL", "10")
    for credential in (structure.authentication, card_of(authority, OTHER_GP).signature, unknown.authentication):
        house.insert(credential)
        assert house.by_card().answer.status_code == 403, credential
    assert actions(house) == [("sign-in/pro-card", "refused")] * 3


def test_a_card_chooses_among_the_situations_of_the_directory(world):
    house, authority = world
    house.insert(card_of(authority, BIOLOGIST).authentication)
    signed_in = house.by_card()
    assert signed_in.answer.headers["location"] == "/pro/situation"
    text = signed_in.browser.get("/pro/situation").text
    assert LABORATORY.name in text
    assert HOSPITAL.name in text


def test_without_provider_and_cards_nobody_signs_in(open_pro_sign_in_house):
    house = open_pro_sign_in_house(pro_cards=False, pro_oidc_issuer="")
    assert house.browser().get("/pro/connexion").status_code == 503
    assert house.browser().get("/pro").headers["location"] == "/pro/connexion"


# --- what each guarantee is worth: without it the tests above would not pass ------------------------------------------


def test_control_without_the_binding_a_stolen_cookie_opens_from_anywhere(world, monkeypatch):
    house, authority = world
    house.insert(card_of(authority, MEDECIN_TRAITANT).authentication)
    token = house.by_card().browser.cookies[SESSION]
    house.insert(None)
    monkeypatch.setattr(pro_presence, "_card_is_there", lambda *_given: True)
    assert is_in(house.browser(**{SESSION: token}))


def test_control_without_the_directory_at_each_act_who_left_goes_on(house, monkeypatch):
    browser = house.sign_in(OTHER_GP).browser
    leave_directory(house, OTHER_GP)
    assert not is_in(browser)
    monkeypatch.setattr(gate, "confirm", lambda *_given: None)
    assert is_in(browser)
