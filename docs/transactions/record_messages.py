"""Records the messages of the transaction pages: `python docs/transactions/record_messages.py` walks the journey and writes messages/*.txt.

What is recorded went through a real server. For the reader's sake XML is indented, and certificates, signature values and the bytes of
documents are cut to their first characters; nothing else is changed.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from lxml import etree

from carnet import hardened_xml
from carnet.cli.demonstration import free_port, running_server
from carnet.client.patient_service import PatientService
from carnet.demo.journey import Journey
from carnet.demo.people import LANTERNE, NESSI, OTHER_GP, REGULATOR
from carnet.demo.stage import set_stage
from carnet.identity.patient_search import Criteria
from carnet.requester import AccessMode

HERE = Path(__file__).parent / "messages"
TRANSACTIONS = ("iti41", "iti18", "iti43", "iti57")
PATIENT_TRANSACTIONS = ("td0.2", "td0.3", "td0.4", "td0.5", "td1.1", "td1.3a", "td1.3b", "td1.4", "td1.6")
SETTINGS = 'attached_to_mon_espace_sante = "activated"\n'
"""So that the records of the demonstration, which nobody activated, may be changed and closed by software."""
CUT = re.compile(r">([A-Za-z0-9+/=]{48})[A-Za-z0-9+/=]{16,}<")


def shown(message: bytes) -> str:
    """A message as text: an envelope alone indented, or the parts of an MTOM message with their headers."""
    if not message.startswith(b"--"):
        return pretty(message)
    boundary = message.split(b"\r\n", 1)[0]
    lines = []
    for part in message.split(boundary)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        lines.append(boundary.decode() + head.decode() + "\n")
        lines.append(pretty(content) if b"xop+xml" in head else content[:200].decode("utf-8", "replace") + " …")
    return "\n".join([*lines, boundary.decode() + "--"]).replace("\r\n", "\n")


def pretty(xml: bytes) -> str:
    """XML indented, long base64 cut."""
    root = hardened_xml.parse(xml.strip())
    etree.indent(root)
    return CUT.sub(r">\1…<", etree.tostring(root, encoding="unicode")) + "\n"


def ask_of_patients(journey: Journey) -> None:
    """Calls each of the patient services once, as a doctor of whom the patients know nothing yet, and as a regulation centre."""
    about = NESSI.identifier
    with journey.service(OTHER_GP.identifier) as exchange:
        service = PatientService(exchange)
        service.exists(about)
        service.set_authorization(about, "AJOUT")
        service.list_authorized(about, "TOUTE")
        service.list_patients(0, "LASTAUTORIZATION")
        service.administrative_data(about)
        service.change(
            about, names=[("family", "SP", "NESSI-DECOURCY")], observations=[("OPPOSITION_BRIS_DE_GLACE", True)]
        )
        service.open(about, "CREA_RD", [("CONSENTEMENT_OUVERTURE_DMP", True)])
        service.close(about, "Ne souhaite plus de dossier")
    with journey.service(REGULATOR.identifier, purpose=AccessMode.CENTRE_15) as exchange:
        PatientService(exchange).find(Criteria(name="Lanterne", birth_date=LANTERNE.traits.birth_date))


def main() -> None:
    """Walks the journey, asks of patients, and keeps the first complete exchange of each transaction."""
    HERE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        stage = set_stage(Path(directory) / "home", port=free_port(), extra_settings=SETTINGS)
        journey = Journey(stage, (), lambda _: None)
        with running_server(stage):
            journey.walk()
            ask_of_patients(journey)
    for transaction in (*TRANSACTIONS, *PATIENT_TRANSACTIONS):
        _, request, answer = next(one for one in journey.recorder if one[0] == transaction)
        (HERE / f"{transaction}-request.txt").write_text(shown(request), encoding="utf-8")
        (HERE / f"{transaction}-answer.txt").write_text(shown(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
