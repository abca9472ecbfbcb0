"""SOAP 1.2 envelopes with WS-Addressing headers (SOAP 1.2 Part 1, WS-Addressing 1.0 Core and SOAP Binding), read and written.

SOAP 1.1 envelopes are read too, because test tools send them inside MTOM; every answer is SOAP 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from carnet import hardened_xml
from carnet.errors import MalformedMessage, TooLarge, UnsupportedOperation
from carnet.soap.namespaces import SECURITY, SOAP11, SOAP12, WSA, WSA_ANONYMOUS, WSA_NONE
from carnet.soap.xml_text import attribute, text

MAXIMUM_DEPTH = 64
MAXIMUM_ATTRIBUTES = 256
MAXIMUM_PLAIN_TEXT = 10_000_000
"""libxml2's own bound of one text node; a larger message is parsed with that bound lifted."""
MAXIMUM_HEADER_TEXT = 1024

_TOO_DEEP = etree.XPath(f"boolean({'/*' * (MAXIMUM_DEPTH + 1)})")
_TOO_WIDE = etree.XPath(f"boolean(descendant-or-self::*/@*[{MAXIMUM_ATTRIBUTES + 1}])")
_DECLARED_ENCODING = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_UTF8 = frozenset({b"utf-8", b"utf8", b"us-ascii"})

_ADDRESSING = frozenset(
    f"{{{WSA}}}{name}" for name in ("Action", "MessageID", "To", "From", "ReplyTo", "FaultTo", "RelatesTo")
)
"""Header blocks that may be marked mustUnderstand, beside wsse:Security, which is judged elsewhere."""
_OUR_ROLES = {
    SOAP12: frozenset({"", f"{SOAP12}/role/next", f"{SOAP12}/role/ultimateReceiver"}),
    SOAP11: frozenset({"", "http://schemas.xmlsoap.org/soap/actor/next"}),
}
_ROLE_ATTRIBUTE = {SOAP12: f"{{{SOAP12}}}role", SOAP11: f"{{{SOAP11}}}actor"}


class NotUnderstood(UnsupportedOperation):
    """A header block is marked mustUnderstand and is not one of ours (SOAP 1.2 Part 1 §5.4.8); `subject` is its name."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message as read. `header` may be None only when addressing was not asked for; `body_element` is the one child of Body."""

    root: Any
    header: Any
    body_element: Any
    action: str
    message_id: str
    to: str = ""
    reply_to: str = ""
    relates_to: str = ""


def parse(data: bytes, *, addressing: bool = True) -> Envelope:
    """Reads an envelope whose size is bounded already.

    `addressing=False` leaves out the demand for wsa:MessageID and wsa:Action, for a client that reads answers.
    Raises MalformedMessage, TooLarge (depth 64, 256 attributes an element), NotUnderstood, UnsupportedOperation (ReplyTo elsewhere).
    """
    root = _tree(data)
    namespace, _, name = root.tag[1:].partition("}")
    if name != "Envelope" or namespace not in _OUR_ROLES:
        raise MalformedMessage("The message is not a SOAP 1.2 envelope.")
    header, body = _header_and_body(root, namespace)
    declaration = data.find(b"?>") + 2 if b"<?xml" in data[:8] else 0
    if b"!" in data or data.find(b"?", declaration) >= 0:
        _make_plain(body)
    if len(body) != 1:
        raise MalformedMessage("The SOAP body must hold exactly one element.")
    blocks = _addressing_blocks(header, namespace)
    if addressing:
        _check_addressing(blocks)
    return Envelope(
        root=root,
        header=header,
        body_element=body[0],
        action=blocks.get("Action", ""),
        message_id=blocks.get("MessageID", ""),
        to=blocks.get("To", ""),
        reply_to=blocks.get("ReplyTo", ""),
        relates_to=blocks.get("RelatesTo", ""),
    )


def _tree(data: bytes) -> Any:
    declared = _DECLARED_ENCODING.match(data[:256].removeprefix(b"\xef\xbb\xbf"))
    if b"\x00" in data[:4] or data[:2] in {b"\xff\xfe", b"\xfe\xff"} or (declared and declared[1].lower() not in _UTF8):
        raise MalformedMessage("The envelope must be in UTF-8.")
    if b"!" in data and b"<!DOCTYPE" in data:
        raise MalformedMessage("The envelope carries a document type declaration, which is not allowed.")
    root = hardened_xml.parse(data, what="envelope", huge_text=len(data) > MAXIMUM_PLAIN_TEXT)
    if _TOO_DEEP(root):
        raise TooLarge(f"The envelope is nested deeper than {MAXIMUM_DEPTH} elements.")
    if _TOO_WIDE(root):
        raise TooLarge(f"An element of the envelope has more than {MAXIMUM_ATTRIBUTES} attributes.")
    return root


def _header_and_body(root: Any, namespace: str) -> tuple[Any, Any]:
    children = [child for child in root if isinstance(child.tag, str)]
    names = [child.tag for child in children]
    header, body = f"{{{namespace}}}Header", f"{{{namespace}}}Body"
    if names == [header, body]:
        return children[0], children[1]
    if names == [body]:
        return None, children[0]
    raise MalformedMessage("A SOAP envelope holds one Header and one Body.")


def _make_plain(body: Any) -> None:
    """Takes comments out of the body, so that no value is cut in two by one; refuses processing instructions (Part 1 §5).

    Called only when the message holds `!`, or `?` after its XML declaration: without them there is neither.
    """
    if next(body.iter(etree.ProcessingInstruction), None) is not None:
        raise MalformedMessage("The SOAP body carries a processing instruction, which is not allowed.")
    etree.strip_tags(body, etree.Comment)


def _addressing_blocks(header: Any, namespace: str) -> dict[str, str]:
    """The text of each WS-Addressing header block that is for us, by local name (for ReplyTo its Address)."""
    blocks: dict[str, str] = {}
    for block in () if header is None else header:
        tag = block.tag
        if tag == SECURITY or not isinstance(tag, str):
            continue
        if block.get(_ROLE_ATTRIBUTE[namespace], "") not in _OUR_ROLES[namespace]:
            continue
        if tag not in _ADDRESSING:
            if block.get(f"{{{namespace}}}mustUnderstand") in {"1", "true"}:
                raise NotUnderstood("A header block is marked mustUnderstand and is not known.", subject=tag)
            continue
        local = tag.rpartition("}")[2]
        if local in blocks:
            raise MalformedMessage(f"The header wsa:{local} occurs twice.")
        blocks[local] = _block_text(block)
    return blocks


def _block_text(block: Any) -> str:
    """A header block's text; of an endpoint reference, its Address."""
    if len(block):
        address = next(block.iterchildren(f"{{{WSA}}}Address"), block)
        value = "".join(address.itertext())
    else:
        value = block.text or ""
    if len(value) > MAXIMUM_HEADER_TEXT:
        raise TooLarge("A WS-Addressing header is too long.")
    return value.strip()


def _check_addressing(blocks: dict[str, str]) -> None:
    for name in ("MessageID", "Action"):
        if not blocks.get(name):
            raise MalformedMessage(f"The WS-Addressing header wsa:{name} is missing.", subject=f"wsa:{name}")
    if blocks.get("ReplyTo", "") not in {"", WSA_ANONYMOUS, WSA_NONE}:
        raise UnsupportedOperation("Answers are given on the connection only; wsa:ReplyTo must be anonymous.")


def write(action: str, relates_to: str, body: bytes | Sequence[bytes], message_id: str) -> bytes:
    """An answer: the four WS-Addressing headers of the DMP around `body`, which is one serialized element, whole or in pieces.

    `message_id` is our own (`urn:uuid:…`); `relates_to` is the request's and is left out when ''.
    """
    return b"".join(write_in_pieces(action, relates_to, body, message_id))


def write_in_pieces(action: str, relates_to: str, body: bytes | Sequence[bytes], message_id: str) -> list[bytes]:
    """The same, not put together: a long answer is not copied."""
    related = f"<wsa:RelatesTo>{text(relates_to)}</wsa:RelatesTo>" if relates_to else ""
    return _envelope(
        f"<wsa:Action>{text(action)}</wsa:Action><wsa:MessageID>{text(message_id)}</wsa:MessageID>"
        f"<wsa:To>{WSA_ANONYMOUS}</wsa:To>{related}".encode(),
        body,
    )


def write_request(action: str, message_id: str, body: bytes, *, to: str = "", security: bytes = b"") -> bytes:
    """A request as care software sends it; `security` is a serialized wsse:Security element."""
    addressing = (
        f'<wsa:MessageID>{text(message_id)}</wsa:MessageID><wsa:To soap:mustUnderstand="true">{text(to)}</wsa:To>'
        f'<wsa:ReplyTo soap:mustUnderstand="true"><wsa:Address>{WSA_ANONYMOUS}</wsa:Address></wsa:ReplyTo>'
        f'<wsa:Action soap:mustUnderstand="true">{text(action)}</wsa:Action>'
    )
    return b"".join(_envelope(addressing.encode() + security, body))


def _envelope(header: bytes, body: bytes | Sequence[bytes]) -> list[bytes]:
    return [
        f'<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap={attribute(SOAP12)} xmlns:wsa={attribute(WSA)}>'
        "<soap:Header>".encode(),
        header,
        b"</soap:Header><soap:Body>",
        *((body,) if isinstance(body, bytes) else body),
        b"</soap:Body></soap:Envelope>",
    ]
