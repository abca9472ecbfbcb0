"""Files that the script sends in parts: taken in once, whole, and by their maker alone."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from carnet.audit.trail import read_trail
from carnet.demo.people import NESSI, PAT_TROIS
from carnet.errors import UnknownDocument
from carnet.record.draft_keeping import unique_id_of
from carnet.record.operator_line import known_patient
from carnet.record.own_drafts import OwnDrafts

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "viewing"))

from adding import photograph
from hostile_files import zipped


@pytest.fixture
def browser(house):
    return house.browser(PAT_TROIS)


# --- parts, which the script sends ---------------------------------------------------------------------------------------

FILE = "0123456789abcdef" * 2


def part(browser, here, number, count, data, token, name=FILE):
    headers = {"origin": "https://space.test", "content-type": "application/octet-stream", "x-jeton": token}
    address = f"{here}/partie?fichier={name}&partie={number}&parties={count}"
    return browser.ask("POST", address, headers=headers, content=data)


def in_parts(browser):
    token = browser.get("/ajouter").fields("/ajouter")["jeton"]
    begun_by_script = browser.ask(
        "POST", "/ajouter/parties", headers={"origin": "https://space.test", "x-jeton": token}
    )
    return re.search(r'"draft":"([^"]*)"', begun_by_script.text)[1], token


def test_a_file_in_parts_is_taken_in_when_the_last_one_comes_in_any_order_and_twice(browser):
    here, token = in_parts(browser)
    photo = photograph()
    cut = len(photo) // 2
    assert '"held":[1]' in part(browser, here, 1, 2, photo[cut:], token).text
    assert '"held":[1]' in part(browser, here, 1, 2, photo[cut:], token).text
    assert '"held":[1]' in browser.get(f"{here}/partie?fichier={FILE}").text
    assert '"done":true' in part(browser, here, 0, 2, photo[:cut], token).text
    assert len(re.findall(r'id="page-([0-9a-f]{16})"', browser.get(here).text)) == 1
    assert '"held":[]' in browser.get(f"{here}/partie?fichier={FILE}").text


def test_a_bad_file_in_parts_is_refused_with_its_cause_and_forgotten(browser):
    here, token = in_parts(browser)
    answer = part(browser, here, 0, 1, zipped(10), token)
    assert answer.status == 422
    assert '"cause":"ARCHIVE"' in answer.text
    told = browser.get(f"{here}?refus=ARCHIVE")
    assert "qui en contient d'autres" in told.words
    assert 'role="alert"' not in browser.get(f"{here}?refus=<b>").text
    assert '"held":[]' in browser.get(f"{here}/partie?fichier={FILE}").text


def test_parts_are_bounded_each_and_together(open_house):
    house = open_house(upload_file_bytes=1_500_000, upload_document_bytes=1_000_000)
    browser = house.browser(PAT_TROIS)
    here, token = in_parts(browser)
    assert part(browser, here, 0, 2, bytes(1024 * 1024 + 1), token).status == 413
    assert part(browser, here, 0, 3, bytes(1_000_000), token).status == 200
    answer = part(browser, here, 1, 3, bytes(1_000_000), token)
    assert answer.status == 422
    assert '"cause":"file"' in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "fichier=x",
        "fichier=../../etc",
        f"fichier={FILE}&partie=-1&parties=2",
        f"fichier={FILE}&partie=5&parties=2",
        f"fichier={FILE}&partie=0&parties=9999",
    ],
)
def test_a_part_of_no_file_is_refused(browser, query):
    here, token = in_parts(browser)
    headers = {"origin": "https://space.test", "content-type": "application/octet-stream", "x-jeton": token}
    assert browser.ask("POST", f"{here}/partie?{query}", headers=headers, content=b"x").status == 400


def test_a_part_without_the_pages_token_is_refused(browser):
    here, _token = in_parts(browser)
    assert part(browser, here, 0, 1, photograph(), "x").status == 403


def test_nobody_elses_draft_takes_parts(house, browser):
    here, _token = in_parts(browser)
    other = house.browser(NESSI)
    _theirs, token = in_parts(other)
    assert part(other, here, 0, 1, photograph(), token).status == 404


def test_unknown_drafts_are_not_found(browser):
    for path in ("/ajouter/x", "/ajouter/" + "0" * 32, "/ajouter/" + "0" * 32 + "/description"):
        assert browser.get(path).status == 404
    with pytest.raises(UnknownDocument):
        unique_id_of("x")


def kept_lines(house):
    found = house.gate.read(lambda connection: own_lines(house, connection))
    return [one for one in found if one["action"] == "patient/prepare-document"]


def own_lines(house, connection):
    known = known_patient(house.platform, connection, PAT_TROIS.identifier)
    return read_trail(connection, known.patient_key, house.platform.keyring.patient_key(known.pseudonym))


def test_a_file_in_parts_leaves_one_line_and_is_taken_in_once_though_its_answer_was_lost(house, browser):
    here, token = in_parts(browser)
    before = len(kept_lines(house))
    photo = photograph()
    third = len(photo) // 3
    cuts = [photo[:third], photo[third : 2 * third], photo[2 * third :]]
    for number, data in enumerate(cuts):
        answer = part(browser, here, number, 3, data, token)
    assert '"done":true' in answer.text
    assert '"done":true' in part(browser, here, 2, 3, cuts[2], token).text, "sent again: its answer was lost"
    assert '"done":true' in browser.get(f"{here}/partie?fichier={FILE}").text
    added = kept_lines(house)[before:]
    assert [one["detail"] for one in added] == ["added pages"]
    page = browser.get(here)
    (piece,) = re.findall(r'id="page-([0-9a-f]{16})"', page.text)
    OwnDrafts(house.gate, "operator:tests").remove(PAT_TROIS.identifier, here.rpartition("/")[2], piece)
    assert '"held":[0]' in part(browser, here, 0, 3, cuts[0], token).text, "a page that was removed may come again"
