"""From signing in to being lawfully in a record: found, entered, left; what may not be known is not told; one patient's form never acts on another."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from pro_house import ProHouse
from sqlalchemy import bindparam, update

from carnet.clock import DAY, HOUR
from carnet.consent.choices import Choice
from carnet.database.connection import SqliteConnection
from carnet.database.statements import prepare
from carnet.database.tables import health_record
from carnet.demo.people import (
    HOSPITAL_DOCTOR,
    LANTERNE,
    MEDECIN_TRAITANT,
    MIRABELLE,
    NESSI,
    OTHER_GP,
    PAT_TROIS,
    REGULATOR,
    SAMU,
)
from carnet.identity.ins import NIR_TEST
from carnet.identity.patients import find
from carnet.portal.professional import pro_visit
from carnet.portal.professional.pro_routes import PATIENT_PAGES
from carnet.record.administration import Administration
from carnet.record.own_trail import OwnTrail

TRAITS = {
    "birth_name": "Pat-Trois",
    "given_name": "Dominique",
    "sex": "F",
    "birth_date": "28/03/1979",
    "birth_place": "",
}
MAKING = ("/deposer", "/synthese/")
URGENT = {"motif": "INCONSCIENT", "phrase": "Patient inconscient aux urgences"}


@pytest.fixture
def open_pro(open_house):
    return lambda **settings: ProHouse(open_house(**settings))


@pytest.fixture
def pro(open_pro):
    return open_pro()


def unalike(page):
    """What differs between two answers for another reason than what they say: the token and the reference."""
    return page.status, re.sub(r'value="[^"]*"|[0-9a-f]{32}|[0-9a-f]{8}</p>', "", page.text), sorted(page.headers)


def by_traits(browser, **changes):
    return browser.send("/pro/traits", browser.get("/pro").fields("/pro/traits") | TRAITS | changes)


def trail(pro, patient=PAT_TROIS):
    return [
        line.sentence
        for line in OwnTrail(pro.house.gate, "operator:tests").told(patient.identifier, "fr", limit=10_000).lines
    ]


# --- finding -------------------------------------------------------------------------------------------------------


def test_a_number_leads_to_the_ways_in_and_a_way_in_to_the_record(pro):
    browser = pro.browser(OTHER_GP)
    root = pro.opened(browser, PAT_TROIS)
    page = browser.get(f"{root}/entree")
    for words in ("PAT-TROIS", "DOMINIQUE MARIE-LOUISE", "28/03/1979", "INS non qualifiée", "Documents non ouverts"):
        assert words in page.plain
    assert browser.get(f"{root}/documents").status in {303, 404}
    taken = pro.choose(browser, root, "consentement", declare="oui")
    assert taken.status == 303
    assert browser.get(f"{root}/entree").status == 303
    assert "Autorisé par la personne" in browser.get(f"{root}/equipe").plain
    assert any("déclaré ou retiré un accès" in line for line in trail(pro))


def test_who_may_read_goes_straight_on(pro):
    browser = pro.browser(MEDECIN_TRAITANT)
    root = pro.opened(browser, PAT_TROIS)
    assert browser.get(f"{root}/entree").status == 303
    assert "Médecin traitant" in browser.get(f"{root}/acces").plain


def test_the_number_is_read_as_typed_or_scanned_and_what_is_none_asks_for_nobody(pro):
    browser = pro.browser(OTHER_GP)
    matrix = f"IS01{'0' * 22}S1279035121518989S2{NIR_TEST.ljust(20)}S3DOMINIQUES4PAT-TROISS5FS628-03-1979S751215"
    fields = browser.get("/pro").fields("/pro")
    for typed in ("2 79 03 51 215 189 89", "279035121518989", matrix):
        assert browser.send("/pro", fields | {"ins": typed}).status == 303, typed
    before = len(trail(pro))
    for typed in ("279035121518988", "27903512151898", "", "x" * 700):
        page = browser.send("/pro", fields | {"ins": typed})
        assert (page.status, "Ce n'est pas un matricule INS" in page.plain) == (422, True), typed
    assert len(trail(pro)) == before


def test_a_scan_of_somebody_elses_date_opens_nothing(pro):
    browser = pro.browser(OTHER_GP)
    typed = f"IS01{'0' * 22}S1279035121518989S2{NIR_TEST.ljust(20)}S3DOMINIQUES4PAT-TROISS5FS629-03-1979S751215"
    page = browser.send("/pro", browser.get("/pro").fields("/pro") | {"ins": typed})
    assert (page.status, "ne concorde pas" in page.plain) == (409, True)


def test_absent_closed_and_blocked_are_one_page(pro):
    browser = pro.browser(OTHER_GP)
    pro.house.acts.block(PAT_TROIS.identifier, OTHER_GP.identifier)
    Administration(pro.house.gate, "operator:tests").close_record(NESSI.identifier, reason="test")
    nobody = replace(PAT_TROIS, identifier=replace(PAT_TROIS.identifier, value=_unknown_number()))
    blocked, closed, absent = (pro.find(browser, patient) for patient in (PAT_TROIS, NESSI, nobody))
    assert absent.status == 404
    assert unalike(blocked) == unalike(closed) == unalike(absent)


def _objecting(pro):
    """Somebody who objected to having a record: there is none."""
    row = health_record.c
    objected = prepare(update(health_record).where(row.patient_key == bindparam("whose")).values(state="opposed"))

    def write(connection):
        person = find(connection, pro.house.gate.platform.keyring, LANTERNE.identifier)
        connection.execute(objected, {"whose": person.patient_key})

    pro.house.gate.administer(write)
    return LANTERNE


def _unknown_number():
    body = "1930899999002"
    return f"{body}{97 - int(body) % 97:02d}"


def statements(monkeypatch, work):
    """How many statements a piece of work runs."""
    count, real = [], SqliteConnection.execute

    def counted(self, *given):
        count.append(given[0])
        return real(self, *given)

    with monkeypatch.context() as patched:
        patched.setattr(SqliteConnection, "execute", counted)
        work()
    return len(count)


@pytest.mark.sqlite_only
def test_absent_closed_objected_and_blocked_cost_as_many_statements(pro, monkeypatch):
    browser = pro.browser(OTHER_GP)
    operator = Administration(pro.house.gate, "operator:tests")
    pro.house.acts.block(PAT_TROIS.identifier, OTHER_GP.identifier)
    operator.close_record(NESSI.identifier, reason="test")
    nobody = replace(PAT_TROIS, identifier=replace(PAT_TROIS.identifier, value=_unknown_number()))
    kept_out = (PAT_TROIS, NESSI, nobody, _objecting(pro))
    asked = [browser.get("/pro").fields("/pro") | {"ins": one.identifier.value} for one in kept_out]
    found = [statements(monkeypatch, lambda fields=fields: browser.send("/pro", fields)) for fields in asked]
    assert len(set(found)) == 1, found
    traits = [
        statements(monkeypatch, lambda fields=fields: by_traits(browser, **fields))
        for fields in ({}, {"birth_name": "Personne"})
    ]
    assert len(set(traits)) == 1, traits


def test_every_trait_shows_one_person_and_picks_nobody(pro):
    browser = pro.browser(OTHER_GP)
    page = by_traits(browser)
    assert "Ouvrir le dossier de PAT-TROIS DOMINIQUE" in page.plain
    assert any("recherche sur tous les traits" in line for line in trail(pro))
    assert browser.send("/pro", page.fields("/pro")).status == 303


def test_a_trait_that_is_not_exact_shows_nobody_and_one_that_misses_is_no_search(pro):
    browser, before = pro.browser(OTHER_GP), len(trail(pro))
    for name, value in (
        ("birth_name", "Pat"),
        ("given_name", "Marie-Louise"),
        ("sex", "M"),
        ("birth_date", "1979"),
        ("birth_place", "75056"),
    ):
        assert "Personne n'a exactement ces traits" in by_traits(browser, **{name: value}).plain, name
    for name in ("birth_name", "given_name", "sex", "birth_date"):
        page = by_traits(browser, **{name: ""})
        assert (page.status, f'id="{name}-faux"' in page.text) == (422, True), name
    assert len(trail(pro)) == before


def test_somebody_who_blocked_is_not_found_by_traits(pro):
    browser = pro.browser(OTHER_GP)
    pro.house.acts.block(PAT_TROIS.identifier, OTHER_GP.identifier)
    blocked = by_traits(browser)
    assert "Personne n'a exactement ces traits" in blocked.plain
    assert "PAT-TROIS" not in blocked.text
    assert unalike(blocked) == unalike(by_traits(browser, birth_name="Personne"))


def test_searches_are_counted(open_pro):
    pro = open_pro(identity_search_tries=1)
    browser = pro.browser(OTHER_GP)
    assert by_traits(browser, birth_name="Personne").status == 200
    assert (by_traits(browser).status, by_traits(pro.browser(HOSPITAL_DOCTOR)).status) == (429, 200)


def test_searches_of_a_regulation_centre_have_an_hourly_limit_which_the_page_tells(open_pro):
    pro = open_pro(regulation_centres=(SAMU.identifier,), candidate_searches_hour=1)
    browser = pro.browser(REGULATOR)
    assert by_traits(browser, given_name="", sex="").status == 200
    refused = by_traits(browser, given_name="", sex="")
    assert (refused.status, "Trop de demandes en une heure" in refused.plain) == (429, True)


def test_a_regulation_centre_is_shown_candidates(open_pro):
    pro = open_pro(regulation_centres=(SAMU.identifier,))
    browser = pro.browser(REGULATOR)
    page = by_traits(browser, given_name="", sex="")
    assert "Ouvrir le dossier de PAT-TROIS" in page.plain
    root = browser.send("/pro", page.fields("/pro")).headers["location"].removesuffix("/entree")
    assert pro.choose(browser, root, "centre_15").status == 303
    assert "Accès du centre 15" in browser.get(f"{root}/acces").plain


def test_recent_records_are_listed_opened_and_emptied(pro):
    browser = pro.browser(OTHER_GP)
    pro.opened(browser, PAT_TROIS)
    page = browser.get("/pro")
    assert "PAT-TROIS" in page.plain
    assert PAT_TROIS.identifier.value not in page.text
    assert browser.send("/pro/recents", page.fields("/pro/recents")).status == 303
    other = pro.browser(HOSPITAL_DOCTOR)
    stolen = page.fields("/pro/recents") | other.get("/pro").fields("/pro")
    assert other.send("/pro/recents", stolen).status == 404
    pro.house.acts.block(PAT_TROIS.identifier, OTHER_GP.identifier)
    assert "PAT-TROIS" not in browser.get("/pro").text
    pro.house.acts.unblock(PAT_TROIS.identifier, OTHER_GP.identifier)
    assert browser.send("/pro/recents/vider", page.fields("/pro/recents/vider")).status == 303
    assert "PAT-TROIS" not in browser.get("/pro").text


# --- entering ------------------------------------------------------------------------------------------------------


def test_the_glass_is_broken_told_and_left(pro):
    browser = pro.browser(OTHER_GP)
    root = pro.opened(browser, PAT_TROIS)
    assert pro.choose(browser, root, "bris_de_glace", **URGENT | {"phrase": "x"}).status == 422
    assert pro.choose(browser, root, "bris_de_glace", **URGENT | {"motif": ""}).status == 422
    assert pro.choose(browser, root, "bris_de_glace", **URGENT).status == 303
    page = browser.get(f"{root}/acces")
    for words in ("Bris de glace", "jusqu'au", "INCONSCIENT: Patient inconscient", "Quitter l'accès en urgence"):
        assert words in page.plain
    told = OwnTrail(pro.house.gate, "operator:tests").told(PAT_TROIS.identifier, "fr").emergencies
    assert "Patient inconscient aux urgences" in told[0].sentence
    assert browser.send(f"{root}/quitter", page.fields(f"{root}/quitter")).status == 303
    assert browser.get(f"{root}/acces").status == 404


def test_who_opposes_is_told_soberly_and_nothing_begins(pro):
    pro.house.acts.choose(PAT_TROIS.identifier, Choice.OPPOSES_BRIS_DE_GLACE, value=True)
    browser = pro.browser(OTHER_GP)
    root = pro.opened(browser, PAT_TROIS)
    page = browser.get(f"{root}/entree")
    assert "L'accès en urgence n'est pas possible" in page.plain
    assert "oppos" not in page.plain.split("Urgence")[1].lower()
    forced = browser.send(f"{root}/entree", page.fields(f"{root}/entree") | {"acces": "bris_de_glace", **URGENT})
    assert (forced.status, "Cet accès n'est pas possible" in forced.plain) == (403, True)
    assert "Documents non ouverts" in forced.plain


def test_a_statement_that_was_not_ticked_declares_nothing(pro):
    browser = pro.browser(OTHER_GP)
    root = pro.opened(browser, PAT_TROIS)
    for way in ("consentement", "equipe", "medecin-traitant"):
        assert pro.choose(browser, root, way).status == 400
    assert "Documents non ouverts" in browser.get(f"{root}/entree").plain


def test_the_team_is_joined_listed_with_its_end_and_left(pro):
    browser = pro.browser(OTHER_GP)
    root = pro.opened(browser, PAT_TROIS)
    assert pro.choose(browser, root, "equipe", declare="oui").status == 303
    page = browser.get(f"{root}/equipe")
    assert "(vous)" in page.plain
    fields = {**page.fields(f"{root}/equipe"), "action": "quitter"}
    assert browser.send(f"{root}/equipe", fields).status == 303
    left = browser.get(f"{root}/equipe")
    assert "(vous)" not in left.plain
    assert "Documents non ouverts" in left.plain


def test_a_minors_record_is_entered_in_secret_and_representatives_are_not_told(pro):
    browser = pro.browser(OTHER_GP)
    root = pro.opened(browser, MIRABELLE)
    assert pro.choose(browser, root, "consentement", declare="oui", secret="oui").status == 303
    assert "Connexion secrète" in browser.get(f"{root}/acces").plain
    adult = pro.opened(browser, PAT_TROIS)
    assert "secret" not in browser.get(f"{adult}/entree").plain.lower()
    assert pro.choose(browser, adult, "consentement", declare="oui", secret="oui").status == 403


def test_the_identity_is_checked_before_anything_is_fed(pro):
    browser = pro.browser(OTHER_GP)
    root = pro.opened(browser, PAT_TROIS)
    page = browser.get(f"{root}/identite")
    assert browser.send(f"{root}/identite", page.fields(f"{root}/identite")).status == 422
    assert browser.send(f"{root}/identite", page.fields(f"{root}/identite") | {"controle": "oui"}).status == 303
    assert "INS qualifiée" in browser.get(f"{root}/entree").plain
    assert any("contrôlé l'identité" in line for line in trail(pro))


def test_who_is_led_aside_comes_back_to_the_page_that_was_asked_for(pro):
    browser = pro.browser(OTHER_GP)
    root = pro.opened(browser, PAT_TROIS)
    aside = browser.get(f"{root}/documents?famille=biology").headers["location"]
    assert aside == f"{root}/entree?suite=%2Fdocuments%3Ffamille%3Dbiology"
    taken = browser.send(aside, browser.get(aside).fields(aside) | {"acces": "consentement", "declare": "oui"})
    assert browser.get(taken.headers["location"]).headers["location"] == f"{root}/documents?famille=biology"
    aside = browser.get(f"{root}/deposer").headers["location"]
    assert aside == f"{root}/identite?suite=%2Fdeposer"
    stated = browser.send(aside, browser.get(aside).fields(aside) | {"controle": "oui"})
    assert stated.headers["location"] == f"{root}/deposer"


@pytest.mark.parametrize(
    "wish", ["//evil.test", "/../../x", "/%2e%2e/x", "https://evil.test", "evil", "/a\b", "/" + "x" * 1000]
)
def test_a_way_back_leads_nowhere_else(pro, wish):
    browser = pro.browser(MEDECIN_TRAITANT)
    root = pro.opened(browser, PAT_TROIS)
    where = browser.get(f"{root}/entree?{urlencode({'suite': wish})}").headers["location"]
    assert where in {root, f"{root}{wish}"}
    assert where == root or wish == "//evil.test"  # below the root of the record, where there is no such page


def test_what_prepares_a_document_asks_for_the_identity_first(pro):
    """Whatever is a page of depositing or of writing a synthesis; what only shows, and what takes away, is not."""
    browser = pro.browser(MEDECIN_TRAITANT)
    root = pro.opened(browser, PAT_TROIS)
    first = {
        path
        for method, path, _page in PATIENT_PAGES
        if method == "GET" and "/identite?" in browser.get(f"{root}{path}").headers.get("location", "")
    }
    assert first == {path for method, path, _page in PATIENT_PAGES if method == "GET" and path.startswith(MAKING)}


# --- one record, one session ---------------------------------------------------------------------------------------


def test_a_handle_of_another_session_ended_or_unknown_is_a_page_that_never_was(pro):
    browser, other = pro.browser(OTHER_GP), pro.browser(OTHER_GP)
    root = pro.opened(browser, PAT_TROIS)
    left = pro.opened(browser, PAT_TROIS)
    browser.send(f"{left}/quitter", browser.get(f"{left}/entree").fields(f"{left}/quitter"))
    never = browser.get(f"/pro/patients/{'0' * 32}/acces")
    assert never.status == 404
    assert unalike(browser.get(f"{left}/acces")) == unalike(never)
    pages = [other.get(f"{root}/acces"), other.get(f"/pro/patients/{'0' * 32}/acces")]
    assert unalike(pages[0]) == unalike(pages[1])
    pro.house.acts.block(PAT_TROIS.identifier, OTHER_GP.identifier)
    assert unalike(browser.get(f"{root}/acces")) == unalike(browser.get(f"/pro/patients/{'1' * 32}/acces"))


def forms_across(pro):
    """What a form of one patient does under the address of another."""
    browser = pro.browser(OTHER_GP)
    first, second = pro.opened(browser, PAT_TROIS), pro.opened(browser, NESSI)
    fields = browser.get(f"{first}/entree").fields(f"{first}/entree") | {"acces": "consentement", "declare": "oui"}
    return browser.send(f"{second}/entree", fields).status


def test_a_form_of_one_patient_never_acts_on_another(pro):
    assert forms_across(pro) == 409


def test_forms_that_are_bound_to_the_session_alone_are_caught(pro, monkeypatch):
    """Negative control: with a token of no record, a form acts on another patient, which is what the test above sees."""

    async def unbound(self):
        return await pro_visit.form_fields(self.request)

    monkeypatch.setattr(
        pro_visit, "form_fields", __import__("carnet.portal.form_protection", fromlist=["x"]).form_fields, raising=False
    )
    monkeypatch.setattr(pro_visit.ProVisit, "form", unbound)
    assert forms_across(pro) == 303


def test_openings_that_forget_their_session_are_caught(pro, monkeypatch):
    """Negative control: a handle that is of any session opens the record in another one, which the test of handles sees."""
    browser, other = pro.browser(OTHER_GP), pro.browser(HOSPITAL_DOCTOR)
    root = pro.opened(browser, PAT_TROIS)
    session = next(iter(pro.porter.known))
    real = pro_visit.opening_of
    monkeypatch.setattr(
        pro_visit, "opening_of", lambda gate, requester, _session, handle: real(gate, requester, session, handle)
    )
    assert other.get(f"{root}/acces").status == 200


# --- answering -----------------------------------------------------------------------------------------------------


def test_the_history_is_whole_for_the_medecin_traitant_and_ones_own_for_others(pro):
    other, doctor = pro.browser(OTHER_GP), pro.browser(MEDECIN_TRAITANT)
    mine = pro.opened(other, PAT_TROIS)
    pro.choose(other, mine, "bris_de_glace", **URGENT)
    seen = doctor.get(f"{pro.opened(doctor, PAT_TROIS)}/acces").plain
    assert OTHER_GP.name in seen
    assert "Patient inconscient aux urgences" in seen
    own = other.get(f"{mine}/acces").plain
    assert OTHER_GP.name in own
    assert MEDECIN_TRAITANT.name not in own.split("Historique des accès")[-1]


def test_the_journal_has_the_sentences_that_the_patient_reads(pro):
    pro.house.now += DAY - pro.house.now % DAY + 12 * HOUR  # no day ends while the test runs
    browser = pro.browser(OTHER_GP)
    root = pro.opened(browser, PAT_TROIS)
    pro.choose(browser, root, "consentement", declare="oui")
    page = browser.get("/pro/journal")
    mine = [line for line in trail(pro) if OTHER_GP.name in line]
    plain = page.plain.replace("\u202f", " ").replace("\u00a0", " ")
    assert len(mine) == 2
    assert all(line.replace("\u202f", " ").replace("\u00a0", " ") in plain for line in mine)
    pro.house.acts.block(PAT_TROIS.identifier, OTHER_GP.identifier)
    after = browser.get("/pro/journal").plain
    assert "PAT-TROIS" not in after
    assert "Un dossier qui ne vous est plus ouvert" in after
    assert "Aucun accès ce jour-là" in pro.browser(HOSPITAL_DOCTOR).get("/pro/journal").plain


def test_single_keys_can_be_turned_off(pro):
    browser = pro.browser(OTHER_GP)
    page = browser.get("/pro/aide")
    assert "pro_keys" in page.text
    assert browser.send("/pro/aide", page.fields("/pro/aide") | {"raccourcis": "non"}).status == 303
    assert "pro_keys" not in browser.get("/pro").text
