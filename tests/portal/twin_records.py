"""Two homes that are alike to the byte but for documents that are hidden from a nurse in the second, and what she is answered in each."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
import ssl
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from health_house import potassium, put, report, stamp
from pro_house import ProHouse

from carnet.clock import DAY
from carnet.demo import documents
from carnet.demo.care_documents import Ordered, Product, prescription
from carnet.demo.documents import CONSULTATION, LAB_REPORT, PRESCRIPTION, Draft
from carnet.demo.lab_reports import Measured, lab_report
from carnet.demo.people import COMMUNITY_NURSE, PAT_TROIS
from carnet.hooks.hooks_door import HookAnswer, HookCall, HooksDoor
from carnet.metadata import MASQUE_PS, Code
from carnet.record.document_changes import ChangeKind, changing
from tests.record.stated_documents import ACTIVE, ALLERGIES, entry, section, stating

NOT_FOR_NURSES = Code("89601-9", "2.16.840.1.113883.6.1", "Note d'hospitalisation")
BY_NATURE = {
    # what no two answers to the same question share, and where it stands; the session's name for the record besides
    "the token of a form": r'(?<=name="jeton" value=")[^"]+',
    "the name of a deposit that may begin": r'(?<=name="brouillon" value=")[0-9a-f]{32}',
    "the reference of an error": r"[0-9a-f]{8}(?=</p>)",
}
AS_LONG_AS_IT_IS = {"accept-encoding": "identity"}
"""Lengths are compared too, and those of compressed tokens differ."""
END = "-----END CERTIFICATE-----\n"
IDENTIFIER = r"urn:uuid:[0-9a-f-]{36}|2\.25\.\d{20,}"


@dataclass
class Asked:
    """One home, asked by a nurse of the team who checked the person's identity."""

    house: object
    registered: frozenset
    """Identifiers that documents have."""
    statements: list = field(default_factory=list)

    def __post_init__(self):
        self.browser = ProHouse(self.house).browser(COMMUNITY_NURSE)
        page = self.browser.get("/pro")
        found = self.browser.send("/pro", page.fields("/pro") | {"ins": PAT_TROIS.identifier.value})
        self.root = found.headers["location"].removesuffix("/entree")
        page = self.browser.get(f"{self.root}/identite")
        answer = self.browser.send(f"{self.root}/identite", page.fields(f"{self.root}/identite") | {"controle": "oui"})
        assert answer.status == 303, answer.plain
        fields = self.browser.get(f"{self.root}/deposer").fields(f"{self.root}/deposer")
        self.token = {"jeton": fields["jeton"]}
        self._listen()

    def _listen(self):
        """Keeps the text of each statement that the home's connection runs, and of the transactions around them."""
        connection = self.house.platform.connection
        for name in ("execute", "execute_many", "apart", "sweep", "control"):
            run = getattr(connection, name)

            def heard(statement, *rest, run=run):
                self.statements.append(getattr(statement, "sqlite", statement))
                return run(statement, *rest)

            setattr(connection, name, heard)

    def get(self, rest):
        return self._told(lambda: self.browser.get(self.root + rest, **AS_LONG_AS_IT_IS))

    def send(self, rest, fields):
        return self._told(lambda: self.browser.send(self.root + rest, self.token | fields, **AS_LONG_AS_IT_IS))

    def order(self, code):
        """What the door of decision support answers who orders an examination by its LOINC code."""
        door, call = HooksDoor(self.house.platform, self.house.gate), self._ordering(code)
        return self._told(lambda: asyncio.run(door.handle(call)))

    def _ordering(self, code):
        house, caller = self.house, self.house.stage.callers[COMMUNITY_NURSE.identifier]
        coded = {"coding": [{"system": "http://loinc.org", "code": code, "display": "x"}]}
        order = {"resource": {"resourceType": "ServiceRequest", "id": "1", "code": coded}}
        orders = {"resourceType": "Bundle", "entry": [order]}
        context = {"userId": "Practitioner/1", "patientId": "42", "draftOrders": orders}
        return HookCall(
            service="examens-deja-faits",
            media_type="application/json",
            authorization="Bearer "
            + base64.urlsafe_b64encode(caller.assertion(PAT_TROIS.identifier, house.now)).decode(),
            body=json.dumps({"hook": "order-select", "hookInstance": "d1577c69", "context": context}).encode(),
            certificate=ssl.PEM_cert_to_DER_cert(Path(caller.connection_files[0]).read_text().partition(END)[0] + END),
            address="127.0.0.1",
        )

    def _told(self, ask):
        """Status, headers, content, and the statements that were run for them; what differs by nature is named in its place."""
        self.statements.clear()
        answer = ask()
        headers = dict(getattr(answer, "headers", {}))
        text = self._text(answer.body if isinstance(answer, HookAnswer) else answer.content, headers)
        for what, where in BY_NATURE.items():
            text = re.sub(where, f"[{what}]", text)
        headers["location"] = headers.get("location", "").replace(self.root, "[the record]")
        return {
            "status": answer.status,
            "headers": headers,
            "text": text.replace(self.root.rpartition("/")[2], "[the record]"),
            "statements": tuple(self.statements),
        }

    def _text(self, content, headers):
        """What is told; of an archive what its files hold, without the identifiers that are made for it: their compressed length is no secret."""
        if not content.startswith(b"PK"):
            return content.decode()
        del headers["content-length"]
        whole = zipfile.ZipFile(io.BytesIO(content))
        text = "\n".join(f"{name}\n{whole.read(name).decode()}" for name in whole.namelist())
        return re.sub(IDENTIFIER, lambda found: found[0] if found[0] in self.registered else "[made now]", text)


def fill_for_everybody(house):
    """A document of each kind that the pages tell of; two of them, a report and a letter."""
    lists = section(ALLERGIES, entry("Z88.0", "Pénicilline")), section(ACTIVE, entry("I10", "Hypertension"))
    ordered = [Ordered(Product("PRODUIT A"), "1 le soir", "20260101")]
    put(house, stating(house.now - 90 * DAY, *lists))
    report(house, potassium("4.0", "20240105"), days_ago=300)
    measured = report(house, potassium("5.3", "20250105"), days_ago=2)
    put(house, prescription(Draft(house.now - 3 * DAY, type=PRESCRIPTION), ordered))
    return measured, house.add("Lettre de sortie", type=CONSULTATION)


def fill_for_others(house):
    """A document of each kind that a nurse may not see: masked, of a type that is not hers, archived, masked later, replaced."""
    lists = section(ALLERGIES, entry("Z88.8", "SECRET")), section(ACTIVE, entry("Z99", "SECRET"))
    results = [Measured("999-1", "SECRET", "1", "g", stamp("20260101")), potassium("6.66", "20260101")]
    ordered = [Ordered(Product("SECRET"), "1 le soir", "20260101")]
    masked = {"masks": (MASQUE_PS,)}
    archived = house.add("Archive SECRET", type=CONSULTATION, **masked)
    later = house.add("SECRET depuis", type=CONSULTATION)
    replaced = house.add("Version SECRET", type=CONSULTATION, **masked)
    again = documents.level_1(
        Draft(house.now - DAY, title="Version SECRET", type=CONSULTATION), media_type="text/plain"
    )
    for one, kind in ((archived, ChangeKind.ARCHIVE), (later, ChangeKind.MASK)):
        house.gate.perform_now(house.caller(), changing(one.unique_id, kind))
    return (
        put(house, lab_report(Draft(house.now - DAY, type=LAB_REPORT), results), **masked),
        put(house, stating(house.now - DAY, *lists), **masked),
        put(house, stating(house.now - DAY, *lists, type=NOT_FOR_NURSES)),
        put(house, prescription(Draft(house.now - DAY, type=PRESCRIPTION), ordered), **masked),
        archived,
        later,
        replaced,
        put(house, again, replaces=replaced, **masked),
    )
