"""Structured documents for tests of pages: put in by software as it does, about one patient; and what pages must not say."""

from __future__ import annotations

import re
from dataclasses import replace

from carnet.cda.formats import DICOM, KOS_FORMAT
from carnet.client.feeding import from_cda, submission_of
from carnet.clock import SECOND
from carnet.consent.acting_links import Representation
from carnet.demo.dicom_manifest import manifest
from carnet.demo.documents import Draft, level_1
from carnet.demo.lab_reports import Measured, lab_draft, lab_report
from carnet.demo.people import MEDECIN_TRAITANT, MIRABELLE, NESSI, PAT_TROIS
from carnet.metadata import Code
from carnet.record.delegations import Delegations
from carnet.record.submission import prepare_submission, submit

POTASSIUM = ("2823-3", "Potassium [Moles/Volume] Sérum/Plasma")


def put(house, content, *, by=MEDECIN_TRAITANT, patient=PAT_TROIS, masks=(), replaces=None, sent=None):
    """A document of any kind; its entry as registered. `replaces` is an entry."""
    house.now += SECOND
    sent = sent or from_cda(content, masks=masks)
    links = {sent.entry.entry_uuid: replaces.entry_uuid} if replaces else None
    made = submission_of((sent,), house.stage.callers[by.identifier], house.now, signed=False, replaces=links)
    requester = house.caller(by, patient)
    act = submit(prepare_submission(house.platform, requester, made), requester)
    return house.gate.perform_now(requester, act).entries[0]


def put_manifest(house, draft, study, **about):
    """A DICOM manifest."""
    sent = from_cda(level_1(draft))
    image = {
        "type_code": Code("IMG-KOS", "1.2.250.1.213.1.1.4.12"),
        "class_code": Code("31", "1.2.250.1.213.1.1.4.1"),
        "format_code": KOS_FORMAT,
        "mime_type": DICOM,
        "reference_ids": (f"{study}^^^&1.2.840.10008.2.6.1&ISO^urn:ihe:iti:xds:2016:studyInstanceUID",),
    }
    sent = replace(sent, content=manifest(draft, study), entry=replace(sent.entry, **image))
    return put(house, b"", sent=sent, **about)


def stamp(day: str) -> str:
    return f"{day}0830+0100"


def potassium(digits, day, **about):
    """One potassium with its reference, taken on a day (YYYYMMDD)."""
    made = {"low": "3.5", "high": "5.1", **about}
    return Measured(*POTASSIUM, digits, made.pop("unit", "mmol/L"), stamp(day), **made)


def report(house, *results, days_ago=1, patient=PAT_TROIS, draft=None, **about):
    """A laboratory report with these results."""
    made = draft or lab_draft(house.now - days_ago * 86_400 * SECOND)
    made = replace(made, patient=patient)
    return put(house, lab_report(made, results), patient=patient, **about)


def act_for_child(house):
    """A mother's browser in her child's record."""
    kind = Representation.FIRST_REPRESENTATIVE
    Delegations(house.gate, "operator:tests").declare(MIRABELLE.identifier, NESSI.identifier, kind)
    browser = house.browser(NESSI)
    page = browser.get("/")
    names = re.findall(r'name="dossier"[^>]*value="([0-9a-f]{32})"', page.text)
    assert browser.send("/dossier", {**page.fields("/dossier"), "dossier": names[1]}).status == 303
    return browser


def draft_of(house, kind, title, *, patient=PAT_TROIS, days_ago=1):
    """A draft of a type."""
    return Draft(house.now - days_ago * 86_400 * SECOND, type=kind, title=title, patient=patient)


def shape(text: str) -> str:
    """A page without its tokens, references and clock times."""
    return re.sub(r'value="[^"]{20,}"|\d+ h \d\d|: [0-9a-f]{8}<', "", text.replace("\u00a0", " "))
