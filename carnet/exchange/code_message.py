"""The e-mails and the letter that carry a code: the code, what it is for, and that nobody asks for it; nothing of health."""

from __future__ import annotations

import secrets
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum
from pathlib import Path

from carnet.clock import to_datetime
from carnet.exchange.notice_message import Letterhead

_DATA = Path(__file__).parent / "data"
LETTER = (_DATA / "activation-letter.txt").read_text(encoding="utf-8")


class CodeKind(StrEnum):
    """What a code is for: the name of its text."""

    ONE_TIME = "one-time"
    PROVISIONAL = "provisional"


_TEXTS = {kind: (_DATA / f"code-{kind.value}.txt").read_text(encoding="utf-8") for kind in CodeKind}
SUBJECT = "Votre code {service} / Your {service} code"


def compose_code(letterhead: Letterhead, kind: CodeKind, address: str, code: str, *, now: int) -> bytes:
    """The whole message with CRLF. The code stands in the text alone: subjects are shown on locked phones."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(letterhead.service, addr_spec=letterhead.sender)
    message["To"] = Address(addr_spec=address)
    message["Subject"] = SUBJECT.format(service=letterhead.service)
    message["Date"] = format_datetime(to_datetime(now))
    message["Message-ID"] = f"<{secrets.token_hex(16)}@{letterhead.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834
    text = _TEXTS[kind].format(code=code, service=letterhead.service, space=letterhead.space)
    message.set_content(text, charset="utf-8", cte="quoted-printable")
    return message.as_bytes()


def activation_letter(letterhead: Letterhead, name: str, code: str, *, expires_at: int) -> str:
    """The letter that is printed. `expires_at` in microseconds UTC."""
    day = to_datetime(expires_at).strftime("%d/%m/%Y")
    space = letterhead.space.rstrip("/")
    return LETTER.format(service=letterhead.service, name=name, code=code, space=space, day=day)
