"""Resolving documents in a message: XOP references to its own attachments, or base64 in place (W3C XOP §3, ITI TF-2 §3.41.4.1.2).

A reference may only be `cid:` of this very message: no URL is ever fetched and no file opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from carnet.errors import MalformedMessage
from carnet.soap.mtom import XOP_XML, Part, decode_base64
from carnet.soap.namespaces import DOCUMENT, XOP_INCLUDE


def document_contents(root: Any, parts: Mapping[str, Part]) -> list[tuple[Any, bytes]]:
    """Every `ihe:Document` element below `root` (the envelope) with its bytes, in the order of the message.

    Raises MalformedMessage when a reference is not `cid:`, names no part, is used twice, nests, or stands outside an `ihe:Document`;
    when an attachment is left over; when base64 in place is truncated or not base64.
    """
    unused = dict(parts)
    references = 0
    found: list[tuple[Any, bytes]] = []
    for element in root.iter(DOCUMENT, XOP_INCLUDE):
        if element.tag == XOP_INCLUDE:
            references += 1
            continue
        include = _include(element)
        if include is None:
            found.append((element, _inline(element)))
            continue
        references -= 1
        found.append((element, _attached(include, unused)))
    if references:
        raise MalformedMessage("An xop:Include stands elsewhere than directly in an ihe:Document.")
    if unused:
        raise MalformedMessage("The message carries an attachment that nothing refers to.")
    return found


def _include(element: Any) -> Any | None:
    """The one xop:Include of a Document; None when its content is in place."""
    if not len(element):
        return None
    include = element[0]
    alone = len(element) == 1 and include.tag == XOP_INCLUDE and not len(include)
    if not alone or (element.text or "").strip() or (include.tail or "").strip() or (include.text or "").strip():
        raise MalformedMessage(f"{_name(element)} holds something else than base64 or one xop:Include.")
    return include


def _attached(include: Any, unused: dict[str, Part]) -> bytes:
    href = include.get("href", "")
    if href[:4].lower() != "cid:":
        raise MalformedMessage("An xop:Include refers to something else than an attachment of this message.")
    try:
        identifier = unquote(href[4:], errors="strict")
    except UnicodeDecodeError as error:
        raise MalformedMessage("The reference of an xop:Include cannot be read.") from error
    part = unused.pop(identifier, None)
    if part is None:
        raise MalformedMessage("An xop:Include refers to an attachment that is missing or used already.")
    if part.content_type.lstrip()[: len(XOP_XML)].lower() == XOP_XML:
        raise MalformedMessage("An attachment is itself an XOP package, which is not allowed.")
    return bytes(part.content)


def _inline(element: Any) -> bytes:
    text = element.text or ""
    if not text.isascii():
        raise MalformedMessage(f"{_name(element)} is truncated or not base64.")
    return decode_base64(text.encode("ascii"), what=_name(element))


def _name(element: Any) -> str:
    """How an error names a document: by its id when it is short and plain."""
    identifier = element.get("id", "")
    plain = len(identifier) <= 128 and identifier.isascii() and identifier.isprintable()
    return f"Document {identifier}" if identifier and plain else "A Document"
