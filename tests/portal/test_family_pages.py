"""Family and carers: both sides of a link see it, end it, and are told; a child's space is created or refused with equal weight; rights expire."""

from __future__ import annotations

import re

import pytest

from carnet.clock import DAY
from carnet.consent.acting_links import Representation
from carnet.demo.people import LANTERNE, MIRABELLE, NESSI, OTHER_GP, PAT_TROIS
from carnet.record.custody import Custody
from carnet.record.delegations import Delegations

BORN = "03/11/1955"
EIGHTEEN = 1_871_337_600_000_000
"""2029-04-20T00:00Z: MIRABELLE is of age by then, anywhere."""


@pytest.fixture
def family(open_house):
    """A home where carers are open, LANTERNE uses his space, and NESSI represents MIRABELLE."""
    house = open_house(carers=True)
    custody = Custody(house.gate, "operator:tests")
    for person in (PAT_TROIS, LANTERNE, NESSI):
        custody.activate(person.identifier)
    declare(house, MIRABELLE, NESSI)
    return house


def declare(house, child, parent):
    kind = Representation.FIRST_REPRESENTATIVE
    Delegations(house.gate, "operator:tests").declare(child.identifier, parent.identifier, kind)


def invite(browser, person=LANTERNE, born=BORN, **more):
    page = browser.get("/proches")
    fields = {**page.fields("/proches/inviter"), "numero": person.identifier.value, "naissance": born, **more}
    return browser.send("/proches/inviter", fields)


def button(browser, action, **wanted):
    """Sends the form of the page of families that goes there and has these values."""
    page = browser.get("/proches")
    forms = re.findall(rf'<form method="post" action="{action}">(.*?)</form>', page.text, re.DOTALL)
    hidden = [dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)) for form in forms]
    fields = next(one for one in hidden if wanted.items() <= one.items())
    return browser.send(action, fields)


def opened(browser, name):
    """Opens another's record."""
    page = browser.get("/")
    choices = re.findall(r'name="dossier" id="[^"]*" value="([0-9a-f]{32})"[^>]*><label[^>]*>([^<]*)', page.text)
    handle = next(value for value, label in choices if name in label)
    browser.send("/dossier", {**page.fields("/dossier"), "dossier": handle})
    return browser


def notices(house, who):
    return house.browser(who).get("/avis").words


def test_a_carer_is_named_accepts_acts_and_is_ended(family):
    holder, carer = family.browser(PAT_TROIS), family.browser(LANTERNE)
    assert invite(holder).headers["location"] == "/proches?fait=invite"
    assert "Invitation envoyée" in holder.get("/proches").words
    assert "demande d'agir" in notices(family, LANTERNE)
    assert "Dominique Pat-Trois" in carer.get("/proches").words
    assert button(carer, "/proches/repondre", reponse="oui").headers["location"] == "/proches?fait=accepte"
    assert "a accepté" in notices(family, PAT_TROIS)
    assert "Ange Lanterne" in holder.get("/proches").words
    assert "sans date de fin" in holder.get("/proches").words
    opened(carer, "Dominique")
    assert "Vous êtes dans le dossier de Dominique" in carer.get("/documents").words
    assert button(holder, "/proches/retirer").status == 303
    assert "Vous êtes dans le dossier" not in carer.get("/documents").words
    assert "n'agit plus" in notices(family, LANTERNE)


def test_an_invitation_is_declined_and_a_carer_stops(family):
    holder, carer = family.browser(PAT_TROIS), family.browser(LANTERNE)
    invite(holder)
    button(carer, "/proches/repondre", reponse="non")
    assert "Lanterne" not in holder.get("/proches").words
    assert "a refusé" in notices(family, PAT_TROIS)
    invite(holder)
    button(carer, "/proches/repondre", reponse="oui")
    assert button(carer, "/proches/cesser").headers["location"] == "/proches?fait=cesse"
    assert "Vous n'agissez pour personne" in carer.get("/proches").words


@pytest.mark.parametrize("person", [LANTERNE, OTHER_GP, NESSI])
def test_who_is_unknown_born_another_day_or_without_a_space_is_told_apart_by_nothing(family, person):
    """The answer is the same, and so is the line in the history, so that nobody learns who has a space."""
    if person is NESSI:
        Custody(family.gate, "operator:tests").close_record(NESSI.identifier, "FERMETURE_DEMANDE_PATIENT")
    born = "14/07/1977" if person is NESSI else "04/11/1955"
    who = PAT_TROIS if person is OTHER_GP else person
    browser = family.browser(PAT_TROIS)
    page = browser.get("/proches")
    number = "155112A99900199" if person is OTHER_GP else who.identifier.value
    answer = browser.send("/proches/inviter", {**page.fields("/proches/inviter"), "numero": number, "naissance": born})
    assert answer.status == 422
    assert "Nous ne trouvons personne que vous puissiez inviter" in answer.words
    assert "inviter un aidant ; cela n'a pas abouti" in browser.get("/acces?qui=mine").words


def test_dates_are_read_as_people_write_them_or_told_to_be_wrong(family):
    browser = family.browser(PAT_TROIS)
    assert invite(browser, born="1955").status == 422
    assert invite(browser, fin="01/01/2020").status == 422
    assert invite(browser, fin="hier").status == 422
    assert invite(browser, fin="31/12/2099").status == 303
    assert "2100" not in browser.get("/proches").words


def test_a_right_whose_date_has_passed_is_told_to_be_expired_on_both_sides(family):
    holder, carer = family.browser(PAT_TROIS), family.browser(LANTERNE)
    desk = Delegations(family.gate, "operator:tests")
    ends = family.now + 10 * DAY
    desk.invite(PAT_TROIS.identifier, LANTERNE.identifier, Representation.CARER, ends_at=ends)
    button(carer, "/proches/repondre", reponse="oui")
    family.now = ends + DAY
    assert "Droit expiré le" in holder.get("/proches").words
    page = carer.get("/proches")
    assert "Droit expiré le" in page.words
    assert "Ouvrir ce dossier" not in page.words


def test_majority_ends_the_parents_right_in_words(family):
    mother = family.browser(NESSI)
    assert "Jusqu'à ses dix-huit ans, le 20 avril 2029" in mother.get("/proches").words
    opened(mother, "Zoe")
    assert "Zoe Mirabelle sera majeur" in mother.get("/proches").words
    family.now = EIGHTEEN
    assert "la majorité, le 20 avril 2029, y a mis fin" in mother.get("/proches").words
    assert "Vous êtes dans le dossier" not in mother.get("/").words


def test_a_carer_is_not_shown_who_else_acts(family):
    holder, carer = family.browser(PAT_TROIS), family.browser(LANTERNE)
    invite(holder)
    button(carer, "/proches/repondre", reponse="oui")
    desk = Delegations(family.gate, "operator:tests")
    desk.invite(PAT_TROIS.identifier, NESSI.identifier, Representation.CARER)
    opened(carer, "Dominique")
    page = carer.get("/proches")
    assert "Ruth" not in page.words
    assert "C'est au titulaire de voir" in page.words


def test_a_form_of_another_session_names_nobody(family):
    holder, carer, other = family.browser(PAT_TROIS), family.browser(LANTERNE), family.browser(PAT_TROIS)
    invite(holder)
    button(carer, "/proches/repondre", reponse="oui")
    stolen = re.search(r'name="proche" value="([0-9a-f]{32})"', other.get("/proches").text)[1]
    fields = {**holder.get("/proches").fields("/proches/retirer"), "proche": stolen}
    assert holder.send("/proches/retirer", fields).status == 404
    assert "Ange Lanterne" in holder.get("/proches").words


def test_where_carers_are_not_open_the_page_says_so_and_the_form_does_nothing(open_house):
    house = open_house()
    Custody(house.gate, "operator:tests").activate(LANTERNE.identifier)
    browser = house.browser(PAT_TROIS)
    page = browser.get("/proches")
    assert "Nommer un aidant n'est pas ouvert" in page.words
    token = browser.get("/reglages").fields("/reglages/avis")
    fields = {**token, "numero": LANTERNE.identifier.value, "naissance": BORN}
    assert browser.send("/proches/inviter", fields).status == 403


# --- a child's space ----------------------------------------------------------------------------------------------


def choose(browser, action, **more):
    link = re.search(r'href="(/proches/enfant\?dossier=[0-9a-f]{32})"', browser.get("/proches").text)[1]
    page = browser.get(link)
    return page, browser.send(action, {**page.fields(action), **more})


def test_a_parent_creates_a_child_s_space_once_they_certify_to_represent_it(family):
    mother = family.browser(NESSI)
    page, answer = choose(mother, "/proches/enfant/creer")
    assert answer.status == 422
    assert "Cochez la case" in answer.words
    buttons = re.findall(r'<button class="ds-button" data-variant="primary" type="submit">', page.text)
    assert len(buttons) == 2
    _page, answer = choose(mother, "/proches/enfant/creer", certifie="oui")
    assert answer.headers["location"] == "/proches?fait=cree"
    opened(mother, "Zoe")
    assert mother.get("/documents").status == 200
    assert "accepté les conditions" in mother.get("/acces?qui=mine").words


def test_a_parent_refuses_a_child_s_space(family):
    mother = family.browser(NESSI)
    _page, answer = choose(mother, "/proches/enfant/refuser")
    assert answer.headers["location"] == "/proches?fait=refuse"
    history = Custody(family.gate, "operator:tests").history(MIRABELLE.identifier)
    assert history[-1].event == "close"


def test_nobody_creates_the_space_of_somebody_they_do_not_represent(family):
    mother, stranger = family.browser(NESSI), family.browser(LANTERNE)
    link = re.search(r"/proches/enfant\?dossier=([0-9a-f]{32})", mother.get("/proches").text)[0]
    assert stranger.get(link).status == 404
    token = stranger.get("/reglages").fields("/reglages/avis")
    handle = link.partition("=")[2]
    for action in ("creer", "refuser"):
        assert stranger.send(f"/proches/enfant/{action}", {**token, "dossier": handle, "certifie": "oui"}).status == 404
