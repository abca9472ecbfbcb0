"""Adding documents by the pages, for tests: begun, described, confirmed, and the file that is inside."""

from __future__ import annotations

import base64
import io
import re
import sys
from pathlib import Path

from PIL import Image

from carnet.demo.payloads import pdf
from carnet.demo.people import PAT_TROIS
from carnet.record.own_documents import OwnDocuments
from carnet.record.retrieval import read

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "viewing"))


REPORT = pdf("Laboratoire du Plateau. Prelevement du 12/03/2025. Glycemie 0,92 g/L, cholesterol, numeration.")


def photograph(colour=(240, 240, 240), size=(900, 1200)):
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, "JPEG")
    return written.getvalue()


def begun(browser, *files, page="/ajouter"):
    """The address of a document whose first files were sent."""
    shown = browser.get(page)
    answer = browser.send_files("/ajouter", shown.fields("/ajouter"), *files)
    assert answer.status == 303, answer.words
    return answer.headers["location"]


def described(browser, here, **fields):
    """Goes on to the description and says what it is."""
    pages = browser.get(here)
    answer = browser.send(f"{here}/assembler", pages.fields(f"{here}/assembler"))
    assert answer.status == 303, answer.words
    page = browser.get(f"{here}/description")
    said = {"type": "DOCPAT05", "titre": "Prise de sang", "date": "2025-03-12", **fields}
    return browser.send(f"{here}/description", {**page.fields(f"{here}/description"), **said})


def confirm(browser, here):
    page = browser.get(f"{here}/verification")
    return browser.send(f"{here}/verification", page.fields(f"{here}/verification"))


def added(browser, *files, page="/ajouter", **fields):
    """The uniqueId of a document that was added by the pages."""
    here = begun(browser, *files, page=page)
    answer = described(browser, here, **fields)
    assert answer.status == 303, answer.words
    done = confirm(browser, here)
    assert done.status == 303, done.words
    return re.fullmatch(r"/documents/([0-9.]+)\?fait=ajoute", done.headers["location"])[1]


def wrapped(house, unique_id, patient=PAT_TROIS, acting=None):
    """The file inside a document of the record, by the patient's own way to it, and the document around it."""
    located, _about = OwnDocuments(house.gate, "operator:tests", acting).original(patient.identifier, unique_id)
    content = read(house.platform, located)
    return base64.b64decode(re.search(rb'representation="B64">([^<]*)<', content)[1]), content
