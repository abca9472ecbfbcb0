"""The e-mail of a notice: that something happened in the space and how to look, in French and below in English; nothing else.

It is the same text for every kind of notice, so that neither the subject nor the length tells what happened; one kind has a text of its own,
for whoever has no space yet. No patient, professional,
specialty, document or act is named. The same notice always makes the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from carnet.clock import to_datetime

_DATA = Path(__file__).parent / "data"
TEXTS: dict[str, str] = {
    # recipient of the notice: its text
    "patient": (_DATA / "notice-patient.txt").read_text(encoding="utf-8"),
    "medecin_traitant": (_DATA / "notice-medecin-traitant.txt").read_text(encoding="utf-8"),
}
OF_KIND: dict[str, str] = {
    # kind: its text. R1111-28 CSP: that the service exists, the right to object within six weeks, and how to close it later.
    "enrolment-information": (_DATA / "notice-enrolment.txt").read_text(encoding="utf-8"),
}
SUBJECT = "Du nouveau dans {service} / Something new in {service}"
SUBJECT_OF_KIND = {"enrolment-information": "Votre espace {service} / Your {service} space"}


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes: the sender's address, the name of the service, the address where one looks."""

    sender: str
    service: str
    space: str

    @property
    def domain(self) -> str:
        """The sender's domain, which Message-IDs end with."""
        return self.sender.rpartition("@")[2]


def compose(
    letterhead: Letterhead, recipient: str, address: str, *, message_id: str, due_at: int, kind: str = ""
) -> bytes:
    """The whole message with CRLF. `recipient` is a key of TEXTS; the date is the notice's own, so that it stays the same message."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(letterhead.service, addr_spec=letterhead.sender)
    message["To"] = Address(addr_spec=address)
    message["Subject"] = SUBJECT_OF_KIND.get(kind, SUBJECT).format(service=letterhead.service)
    message["Date"] = format_datetime(to_datetime(due_at))
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers it
    text = OF_KIND.get(kind, TEXTS[recipient]).format(service=letterhead.service, space=letterhead.space)
    message.set_content(text, charset="utf-8", cte="quoted-printable")
    return message.as_bytes()
