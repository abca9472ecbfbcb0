"""Whose record one is in, on every page of a session, and in every word: nothing of somebody else's record is called the reader's own."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from carnet.demo.people import MIRABELLE, PAT_TROIS
from carnet.portal.mounting import OPEN_PAGES
from carnet.portal.patient.routes import GET, PAGES

sys.path.insert(0, str(Path(__file__).parent))

from health_house import act_for_child

PLAIN = sorted(
    {path for method, path, _page in PAGES if method == GET and "{" not in path} | {path for path, _ in OPEN_PAGES}
)
BANNER = re.compile(r'<div class="whose" role="status"><p>Vous êtes dans le dossier de ([^.]*)\.')
OWN = re.compile(
    r"\b(vos (documents|comptes rendus|résultats|médicaments|vaccins|mesures|accès|antécédents)"
    r"|votre (carte d.urgence|dossier|médecin traitant|profil|santé de)|ajoutés? par vous)\b",
    flags=re.IGNORECASE,
)


@pytest.fixture
def mother(house):
    house.add("Certificat de vaccination", patient=MIRABELLE)
    return act_for_child(house)


def test_every_page_in_a_childs_record_says_whose_it_is_and_calls_nothing_the_mothers(mother):
    faults = []
    for path in (*PLAIN, "/profil/treatments", "/mesures/poids", "/nulle-part", "/documents/1.2.3"):
        page = mother.get(path)
        if page.headers["content-type"].startswith("text/html"):
            faults += [path] if BANNER.search(page.text) is None else []
            faults += [f"{path}: {found[0]}" for found in OWN.finditer(page.words.replace("\u2019", "'"))]
    assert faults == []


def test_control_in_ones_own_record_things_are_ones_own(house):
    browser = house.browser(PAT_TROIS)
    page = browser.get("/urgence")
    assert BANNER.search(page.text) is None
    assert OWN.search(page.words.replace("\u2019", "'"))


def test_nobody_is_told_whose_record_is_open(house):
    page = house.browser().get("/aide")
    assert page.status == 200
    assert "Vous êtes dans le dossier" not in page.words
    assert "/documents" not in page.text


@pytest.mark.parametrize("path", ["/documents", "/recherche", "/recherche?q=bilan", "/documents?famille=biology"])
def test_the_documents_tab_is_current_where_one_looks_for_documents(house, path):
    tabs = re.search(r'<nav class="tabs".*?</nav>', house.browser(PAT_TROIS).get(path).text, flags=re.DOTALL)[0]
    assert re.findall(r'<a href="([^"]*)" aria-current="page"', tabs) == ["/documents"]


def test_pages_load_no_script_that_they_do_not_use(house):
    scripts = re.findall(r'<script src="/static/([a-z]+)', house.browser(PAT_TROIS).get("/").text)
    assert scripts == ["keeping"]
