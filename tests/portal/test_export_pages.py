"""Taking the whole record away: all that the space lists is in it, what the person may not see is nowhere in it, and the trail proves itself."""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
import zipfile
from pathlib import Path

import pytest

from carnet.audit.export_verification import verify_export
from carnet.clock import MINUTE
from carnet.consent.acting_links import Representation
from carnet.consent.lifecycle import Event, move
from carnet.database.statements import Statement
from carnet.demo import documents
from carnet.demo.people import LANTERNE, MIRABELLE, NESSI, PAT_TROIS
from carnet.errors import IntegrityFailure
from carnet.identity.patients import find
from carnet.metadata import INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX
from carnet.portal.patient import export_pages
from carnet.record import own_export
from carnet.record.custody import Custody
from carnet.record.delegations import Delegations
from carnet.record.retrieval import read
from carnet.record.trail_export import trace_key

sys.path.insert(0, str(Path(__file__).parent))

from health_house import act_for_child


@pytest.fixture
def browser(house):
    return house.browser(PAT_TROIS)


def asked(browser):
    page = browser.get("/export")
    answer = browser.send("/export", page.fields("/export"))
    assert answer.status == 303, answer.words
    return answer.headers["location"]


def taken(browser):
    """The files of an export, by their names, each of them as its digest says."""
    answer = browser.get(asked(browser))
    assert answer.status == 200, answer.words
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    digests = dict(reversed(line.split("  ", 1)) for line in files["sha256.txt"].decode().splitlines())
    assert digests == {name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != "sha256.txt"}
    return files


def bundle(files):
    return json.loads(files["fhir/bundle.json"])


def test_all_that_the_space_lists_is_in_it_as_signed_and_readable(house, browser, monkeypatch):
    first = house.add("Suivi du diabète")
    monkeypatch.setattr(documents, "level_1", lambda draft, **_about: documents.level_3(draft))
    second = house.add("Bilan structuré")
    files = taken(browser)
    originals = {name: data for name, data in files.items() if name.startswith("documents/")}
    assert len(originals) == 2 == browser.get("/documents").text.count('class="entry ')
    for entry in (first, second):
        signed = read(house.platform, house.read(entry))
        assert signed in originals.values()
    readable = {name for name in files if name.startswith("lisible/")}
    assert {name.rpartition(".")[2] for name in readable} == {"txt", "html"}
    index = files["index.html"].decode()
    for words in ("Suivi du diabète", "Bilan structuré", "MONTRIEUX"):
        assert words in index
    for link in re.findall(r'(?:href|src)="([^"]*)"', index):
        assert link in files


def test_the_index_runs_nothing_asks_nobody_and_is_in_both_languages(house, browser):
    house.add("<script>alert(1)</script>")
    files = taken(browser)
    for name, words in (("index.html", "Qui est entré"), ("index-en.html", "Who entered the record")):
        text = files[name].decode()
        assert words in text
        assert "<script" not in text
        assert "http" not in text.replace("http-equiv", "")
    assert "onload" not in files["index.css"].decode()


def test_the_list_for_other_software_names_each_document_and_where_it_is(house, browser):
    entry = house.add("Suivi")
    files = taken(browser)
    found = bundle(files)
    assert (found["resourceType"], found["type"]) == ("Bundle", "collection")
    (one,) = found["entry"]
    assert one["resource"]["masterIdentifier"]["value"] == f"urn:oid:{entry.unique_id}"
    attachment = one["resource"]["content"][0]["attachment"]
    assert attachment["size"] == len(files[attachment["url"]])
    assert one["fullUrl"] == f"urn:uuid:{one['resource']['id']}"


def test_the_trail_is_in_it_in_sentences_and_proves_itself(house, browser):
    house.add()
    files = taken(browser)
    report = verify_export(files["historique/historique.jsonl"], key=trace_key(house.gate))
    assert report.wrong is None
    assert "exporté votre dossier entier" in files["historique/historique.txt"].decode()
    assert "exporté votre dossier entier" in browser.get("/acces?qui=mine").words


def test_an_empty_record_is_exported_too(house):
    files = taken(house.browser(LANTERNE))
    assert bundle(files)["entry"] == []
    assert "Aucun document" in files["index.html"].decode()


def test_a_record_that_was_closed_can_still_be_taken_away(house, browser):
    house.add("Suivi")
    Custody(house.gate, "operator:tests").close_record(PAT_TROIS.identifier, "FERMETURE_DEMANDE_PATIENT")
    assert browser.get("/documents").status == 403
    assert "Suivi" in taken(browser)["index.html"].decode()


# --- what the person may not see -----------------------------------------------------------------------------------


def everything(files):
    return b"\n".join([*files.values(), *(name.encode() for name in files)])


def test_what_waits_for_its_announcement_is_nowhere_in_it(house, browser):
    house.add("Visible")
    hidden = house.add("Secret-provisoire", masks=(INVISIBLE_PATIENT,))
    house.read(hidden)
    page = browser.get("/export")
    assert "1 document" in page.words
    files = taken(browser)
    for word in (b"Secret-provisoire", hidden.unique_id.encode(), hidden.hash.encode()):
        assert word not in everything(files)
    report = verify_export(files["historique/historique.jsonl"], key=trace_key(house.gate))
    assert report.wrong is None
    assert report.withheld == 2
    assert len(bundle(files)["entry"]) == 1


def test_control_a_rule_that_forgets_the_announcement_is_caught(house, browser, monkeypatch):
    hidden = house.add("Secret-provisoire", masks=(INVISIBLE_PATIENT,))
    allowed = type("Yes", (), {"allowed": True})
    monkeypatch.setattr("carnet.record.own_documents.decide", lambda *_given: allowed)
    monkeypatch.setattr(own_export, "decide", lambda *_given: allowed)
    files = taken(browser)
    assert b"Secret-provisoire" in everything(files)
    assert hidden.unique_id.encode() in files["fhir/bundle.json"]


def test_control_a_trail_that_withholds_nothing_is_caught(house, browser, monkeypatch):
    hidden = house.add("Secret-provisoire", masks=(INVISIBLE_PATIENT,))
    monkeypatch.setattr("carnet.record.trail_export.hidden_documents", lambda *_given: frozenset())
    assert hidden.unique_id.encode() in taken(browser)["historique/historique.jsonl"]


def test_parents_take_away_nothing_that_their_child_kept_from_them(house):
    house.add("Vaccination", patient=MIRABELLE)
    hidden = house.add("Secret-de-Zoe", patient=MIRABELLE, masks=(INVISIBLE_REPRESENTANTS_LEGAUX,))
    house.read(hidden, patient=MIRABELLE)
    browser = act_for_child(house)
    assert "1 document" in browser.get("/export").words
    files = taken(browser)
    assert b"Vaccination" in files["index.html"]
    for word in (b"Secret-de-Zoe", hidden.unique_id.encode(), hidden.hash.encode()):
        assert word not in everything(files)
    assert "historique/historique.jsonl" not in files
    assert "au seul titulaire" in files["index.html"].decode()


def test_a_document_that_is_hidden_while_it_is_sent_is_left_out(house, browser, monkeypatch):
    house.add("Premier")
    entry = house.add("Dernier-venu")
    monkeypatch.setattr(export_pages, "TOGETHER", 1)
    told = own_export.OwnExport.documents

    def hiding(desk, patient, unique_ids):
        if unique_ids == (entry.unique_id,):
            house.acts.gate.platform.connection.execute(_HIDE, {"one": entry.unique_id})
        return told(desk, patient, unique_ids)

    monkeypatch.setattr(own_export.OwnExport, "documents", hiding)
    assert b"Dernier-venu" not in everything(taken(browser))


_HIDE = Statement("UPDATE document_entry SET masks = 'INVISIBLE_PATIENT' WHERE unique_id = :one")


# --- its address ------------------------------------------------------------------------------------------------------


def test_another_session_and_another_record_get_nothing(house, browser):
    house.add("Suivi")
    address = asked(browser)
    assert house.browser(NESSI).get(address).status == 404
    assert house.browser(PAT_TROIS).get(address).status == 404
    assert house.browser().get(address).status == 303
    assert browser.get(address).status == 200
    for other in (address[:-1] + "0", "/export/1-x", "/export/²-" + "0" * 32, "/export/" + "9" * 40):
        assert browser.get(other).status == 404


def test_an_address_dies_after_its_time_and_says_so(open_house):
    house = open_house(export_minutes=10)
    browser = house.browser(PAT_TROIS)
    address = asked(browser)
    house.now += 9 * MINUTE
    assert browser.get(address).status == 200
    house.now += 2 * MINUTE
    answer = browser.get(address)
    assert answer.status == 410
    assert "Cette adresse ne sert plus" in answer.words
    assert 'action="/export"' in answer.text


def _activate(house, patient):
    def work(connection):
        key = find(connection, house.platform.keyring, patient.identifier).patient_key
        move(connection, key, Event.ACTIVATE, now=house.now, actor="tests")

    house.gate.administer(work)


def test_who_only_cares_for_somebody_takes_nothing_away(open_house):
    house = open_house(carers=True)
    _activate(house, NESSI)
    Delegations(house.gate, "operator:tests").invite(PAT_TROIS.identifier, NESSI.identifier, Representation.CARER)
    Delegations(house.gate, "operator:tests", NESSI.identifier).answer(PAT_TROIS.identifier, accepted=True)
    browser = house.browser(NESSI)
    page = browser.get("/")
    names = re.findall(r'name="dossier"[^>]*value="([0-9a-f]{32})"', page.text)
    browser.send("/dossier", {**page.fields("/dossier"), "dossier": names[1]})
    assert "Vous êtes dans le dossier" in browser.get("/").words
    assert browser.get("/export").status == 403


def test_a_document_that_cannot_be_read_is_told_and_the_rest_is_given(house, browser, monkeypatch):
    house.add("Bon")
    bad = house.add("Abîmé")
    fetch = export_pages.fetch

    async def failing(platform, located):
        if located.wanted.document_unique_id == bad.unique_id:
            raise IntegrityFailure("damaged")
        return await fetch(platform, located)

    monkeypatch.setattr(export_pages, "fetch", failing)
    files = taken(browser)
    assert len([name for name in files if name.startswith("documents/")]) == 1
    index = files["index.html"].decode()
    assert "Abîmé" in index
    assert "n\u2019a pas pu être lu" in index


def test_so_many_exports_at_a_time_and_no_more(house, browser):
    space = house.app.state.space
    address = asked(browser)
    with space.departures.counted(), space.departures.counted():
        assert browser.get(address).status == 503
    assert browser.get(address).status == 200
    assert space.departures.held == 0
