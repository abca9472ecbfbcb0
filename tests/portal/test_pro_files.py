"""The documents of an open record on a professional's pages: listed, previewed, read, searched, changed, taken away; the hidden absent."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from urllib.parse import quote

import pytest
from hostile_documents import sent
from lxml import etree, html
from pro_house import ProHouse

from carnet import hardened_xml
from carnet.client.feeding import from_cda, submission_of
from carnet.clock import DAY, SECOND
from carnet.demo import documents
from carnet.demo.people import COMMUNITY_NURSE, HOSPITAL_DOCTOR, MEDECIN_TRAITANT, PAT_TROIS
from carnet.metadata import INVISIBLE_PATIENT
from carnet.portal.professional import pro_document_page
from carnet.record.own_trail import OwnTrail
from carnet.record.signature_findings import signatures_of
from carnet.record.submission import prepare_submission, submit

QUIET_KINDS = {
    "application/octet-stream",
    "application/pdf",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "text/plain; charset=utf-8",
}


@pytest.fixture
def pro(open_house):
    return ProHouse(open_house())


def entered(pro, who=MEDECIN_TRAITANT):
    """A browser, and the root of the record that is open in it."""
    browser = pro.browser(who)
    found = pro.find(browser, PAT_TROIS)
    assert found.status == 303, found.plain
    return browser, "/".join(found.headers["location"].split("/")[:4])


def at(root, entry, rest=""):
    return f"{root}/documents/{quote(entry.unique_id, safe='')}{rest}"


def test_the_table_lists_what_is_current_with_its_states_and_previews_beside_it(pro):
    first = pro.house.add("Compte rendu du matin")
    second = pro.house.add("Compte rendu du soir", masks=(INVISIBLE_PATIENT,))
    browser, root = entered(pro)
    page = browser.get(f"{root}/documents")
    assert page.status == 200
    for words in ("Compte rendu du matin", "Compte rendu du soir", "Non visible du patient"):
        assert words in page.plain
    rows = re.findall(r"<tr data-row.*?</tr>", page.text, re.DOTALL)
    assert [("soir" in row, "matin" in row) for row in rows[:2]] == [(True, False), (False, True)]
    peeks = re.findall(r'href="([^"]*apercu=[^"]*)#apercu"', page.text)
    beside = browser.get(peeks[0].replace("&amp;", "&"))
    assert "Seul l'original signé fait foi" in beside.plain
    assert 'rel="next"' in beside.text
    assert 'rel="prev"' not in beside.text
    assert f"{at(root, second)}/original" in beside.text
    following = browser.get(peeks[1].replace("&amp;", "&"))
    assert 'rel="prev"' in following.text
    assert f"{at(root, first)}/original" in following.text


def test_filters_stand_in_the_address_and_come_back_by_themselves(pro):
    entry = pro.house.add("Ancien compte rendu")
    browser, root = entered(pro)
    send(browser, root, entry, "archiver")
    assert "Ancien compte rendu" not in browser.get(f"{root}/documents").plain
    found = browser.get(f"{root}/documents?filtres=1&archives=1&masques=1&invisibles=1")
    assert "Ancien compte rendu" in found.plain
    assert "Archivé" in found.plain
    assert "Ancien compte rendu" in browser.get(f"{root}/documents").plain
    other, elsewhere = entered(pro, COMMUNITY_NURSE)
    assert "Ancien compte rendu" not in other.get(f"{elsewhere}/documents").plain


def send(browser, root, entry, what):
    page = browser.get(at(root, entry))
    return browser.send(at(root, entry, "/changer"), page.fields(at(root, entry, "/changer")) | {"quoi": what})


def test_a_document_opens_with_its_facts_its_versions_and_its_signature_state(pro):
    draft_of = documents.level_3
    entry = pro.house.add("Bilan sanguin", made=draft_of, type=documents.LAB_REPORT)
    browser, root = entered(pro)
    page = browser.get(at(root, entry))
    for words in (
        "Bilan sanguin",
        "Lecture",
        "Qui peut voir ce document",
        "Signatures",
        "Versions",
        "Fiche",
        "Celle-ci",
    ):
        assert words in page.plain
    assert "L'envoi de ce document ne porte pas de signature" in page.plain
    assert "<iframe" in page.text
    assert "sandbox src=" in page.text
    frame = browser.get(at(root, entry, "/lecture/cadre"))
    assert "default-src 'none'" in frame.headers["content-security-policy"]
    original = browser.get(at(root, entry, "/original"))
    assert len(original.content) == entry.size
    assert original.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in original.headers["content-security-policy"]
    english = browser.get(at(root, entry), **{"accept-language": "en"})
    assert "Who can see this document" in english.plain


def test_changes_say_their_effect_are_done_by_a_form_and_refused_in_a_sentence(pro):
    entry = pro.house.add("Annonce", masks=(INVISIBLE_PATIENT,))
    browser, root = entered(pro)
    assert "il le deviendra de lui-même le" in browser.get(at(root, entry)).plain
    done = send(browser, root, entry, "montrer")
    assert (done.status, done.headers["location"]) == (303, f"{at(root, entry)}?fait=montre")
    shown = browser.get(done.headers["location"])
    assert "C'est fait : le patient voit ce document." in shown.plain
    assert "il le deviendra" not in shown.plain
    late = send(browser, root, entry, "montrer")
    assert late.status == 409
    assert "Rien n'a été changé" in late.plain
    nurse, elsewhere = entered(pro, COMMUNITY_NURSE)
    assert "Supprimer : Seul l'auteur du document peut le faire." in nurse.get(at(elsewhere, entry)).plain
    fields = nurse.get(f"{elsewhere}/documents").fields(f"{elsewhere}/documents/exporter")
    refused = nurse.send(at(elsewhere, entry, "/changer"), fields | {"quoi": "supprimer"})
    assert refused.status == 403
    assert "Seul l'auteur du document peut le faire" in refused.plain
    foreign = browser.send(at(root, entry, "/changer"), {"jeton": "x", "quoi": "supprimer"})
    assert foreign.status == 403
    gone = send(browser, root, entry, "supprimer")
    assert gone.headers["location"] == f"{root}/documents?fait=supprime"
    assert browser.get(at(root, entry)).status == 404
    sentences = " ".join(
        one.sentence for one in OwnTrail(pro.house.gate, "operator:tests").told(PAT_TROIS.identifier, "fr").lines
    )
    assert "rendu un document visible" in sentences
    assert "supprimé un document" in sentences


def test_a_search_shows_the_passage_and_leads_to_the_page(pro):
    entry = pro.house.add("Radiographie du thorax")
    pro.house.add("Autre chose")
    pro.house.index()
    browser, root = entered(pro)
    page = browser.get(f"{root}/recherche?q=thorax")
    assert "1 document répond" in page.plain
    assert "<mark>thorax</mark>" in page.text
    assert f"{at(root, entry)}#lecture" in page.text
    assert browser.get(f"{root}/recherche").status == 200


def test_chosen_documents_leave_as_an_xdm_archive_and_each_is_traced(pro):
    one, two = pro.house.add("Lettre"), pro.house.add("Bilan", by=HOSPITAL_DOCTOR)
    browser, root = entered(pro)
    form = f"{root}/documents/exporter"
    fields = browser.get(f"{root}/documents").fields(form)
    nothing = browser.send(form, fields)
    assert nothing.headers["location"].endswith("fait=rien-choisi")
    answer = browser.send(form, fields | {f"document-{one.unique_id}": "1", f"document-{two.unique_id}": "1"})
    assert answer.headers["content-type"] == "application/zip"
    whole = zipfile.ZipFile(io.BytesIO(answer.content))
    assert whole.testzip() is None
    folder = "IHE_XDM/SUBSET01"
    assert whole.namelist()[:3] == ["INDEX.HTM", "README.TXT", f"{folder}/METADATA.XML"]
    metadata = hardened_xml.parse(whole.read(f"{folder}/METADATA.XML"))
    slots = [
        {slot.get("name"): "".join(slot.itertext()).strip() for slot in entry.iterchildren("{*}Slot")}
        for entry in metadata.iter("{*}ExtrinsicObject")
    ]
    assert [slot["URI"] for slot in slots] == ["DOC00001.XML", "DOC00002.XML"]
    original = browser.get(at(root, one, "/original")).content
    assert whole.read(f"{folder}/DOC00001.XML") == original
    assert [int(slot["size"]) for slot in slots] == [
        whole.getinfo(f"{folder}/{slot['URI']}").file_size for slot in slots
    ]
    assert b"DOC00002.XML" in whole.read("INDEX.HTM")
    lines = OwnTrail(pro.house.gate, "operator:tests").told(PAT_TROIS.identifier, "fr").lines
    assert any("exporté des documents" in line.sentence for line in lines)


def test_a_signature_that_does_not_hold_is_a_banner_and_a_damaged_document_is_not_shown(pro, monkeypatch):
    house = pro.house
    house.now += SECOND
    content = documents.level_1(
        documents.Draft(created=house.now - DAY, title="Lettre signée"), media_type="text/plain"
    )
    made = submission_of((from_cda(content),), house.stage.callers[MEDECIN_TRAITANT.identifier], house.now, signed=True)
    act = submit(prepare_submission(house.platform, house.caller(), made), house.caller())
    entry = next(one for one in house.gate.perform_now(house.caller(), act).entries if not one.is_signature)
    browser, root = entered(pro)
    sound = browser.get(at(root, entry)).plain
    assert "Envoi : signature valide. Signé par ALIZE MONTRIEUX (carte)" in sound
    assert "Le certificat est valide aujourd'hui" in sound
    assert "pas valide" not in sound

    def of_another(platform, parts, content, signature):
        return signatures_of(platform, parts, content.replace(b"Lettre", b"Autre", 1), signature)

    with monkeypatch.context() as changed:
        changed.setattr(pro_document_page, "signatures_of", of_another)
        false = browser.get(at(root, entry))
    assert "Une signature de ce document n'est pas valide." in false.plain
    assert 'class="pro-alert" role="alert"' in false.text
    for segment in (house.platform.settings.home / "documents").glob("*.seg"):
        held = bytearray(segment.read_bytes())
        held[64:] = bytes(len(held) - 64)
        segment.write_bytes(held)
    damaged = browser.get(at(root, entry))
    assert (damaged.status, "Le document conservé est abîmé" in damaged.plain) == (200, True)
    beside = browser.get(f"{root}/documents?apercu={entry.unique_id}")
    assert (beside.status, "Le document conservé est abîmé" in beside.plain) == (200, True)
    assert "data-row" in beside.text


# --- documents made to do harm (security T15) -----------------------------------------------------------------------

PLACES = ("href", "src", "data", "action", "formaction", "background", "{http://www.w3.org/1999/xlink}href")
ACTS = {"object", "embed", "applet", "base", "svg", "math", "template", "video", "audio", "frame"}


def active(text):
    """What of a page could act: everything but our own scripts, and one frame without permissions."""
    found = []
    for one in html.fromstring(text.encode()).iter(etree.Element):
        ours = one.get("src", "").startswith("/static/") or one.get("sandbox") == ""
        if one.tag in ACTS or (one.tag in {"script", "iframe"} and not ours):
            found.append(one.tag)
        found += [name for name in one.attrib if name.startswith("on") or name in {"srcdoc", "style"}]
        schemes = (re.match(r"[\s\0]*([a-zA-Z.+-]+):", one.get(name, "")) for name in PLACES)
        found += [scheme[1] for scheme in schemes if scheme and not scheme.string.startswith("data:image/webp;base64,")]
    return found


def test_hostile_documents_open_harmlessly_in_the_professional_s_reader(pro):
    created = pro.house.now - DAY
    of_kind = Counter()
    kept = {}
    for name, content in sent(created).items():
        kind = name.partition(": ")[0]
        of_kind[kind] += 1
        if kind not in {"picture", "PDF", "two at once", "in disguise"} or of_kind[kind] == 1:
            kept[name] = put(
                pro.house, content
            )  # files have a process each: one of a kind here, all of them in the space's walk
    browser, root = entered(pro)
    faults = []
    for name, unique_id in kept.items():
        here = f"{root}/documents/{quote(unique_id, safe='')}"
        page = browser.get(here)
        faults += [f"{name}: {one}" for one in active(page.text)]
        if "<iframe" in page.text:
            frame = browser.get(f"{here}/lecture/cadre")
            faults += [f"{name} in its frame: {one}" for one in active(frame.text)]
            assert frame.headers["content-security-policy"].startswith("default-src 'none'")
        taken = browser.get(f"{here}/original").headers
        assert taken["content-disposition"].startswith('attachment; filename="')
        assert taken["content-type"] in QUIET_KINDS
        assert page.status == 200
    faults += [f"list: {one}" for one in active(browser.get(f"{root}/documents?apercu={unique_id}").text)]
    assert faults == []
    assert len(kept) > 30


def put(house, content):
    """The document in the record, by the act of any submission; its uniqueId."""
    house.now += SECOND
    made = submission_of(
        (from_cda(content),), house.stage.callers[MEDECIN_TRAITANT.identifier], house.now, signed=False
    )
    act = submit(prepare_submission(house.platform, house.caller(), made), house.caller())
    return house.gate.perform_now(house.caller(), act).entries[0].unique_id


def test_the_look_for_what_could_act_finds_it():
    for text in (
        "<p onclick=x>",
        "<script>x</script>",
        '<a href=" javascript:x">',
        "<iframe src=/x>",
        "<p style=x>",
        "<svg/>",
    ):
        assert active(f"<html><body>{text}</body></html>"), text
    assert not active(
        '<html><body><iframe sandbox src="/x"></iframe><script src="/static/a.js"></script></body></html>'
    )
