"""The header of a CDA R2 document (CI-SIS, structuration minimale), read without building the tree of its body.

Level 1 and level 3 documents, and the self-presenting ones, whose root is an `xsl:stylesheet` with the document inside. What is
read here is read once for the whole of Carnet: metadata are compared with it and, for the client, made from it.
"""

from __future__ import annotations

import contextlib
import re
from typing import Any

from lxml import etree

from carnet import hardened_xml
from carnet.cda.header_elements import BEGINNING, header_from
from carnet.cda.header_model import LEVEL_1, LEVEL_3, Body, CdaHeader, RelatedDocument
from carnet.cda.participants import HL7
from carnet.errors import InvalidDocument, MalformedMessage
from carnet.hardened_xml import LeanTree

__all__ = ["Body", "CdaHeader", "RelatedDocument", "header_of", "parse_document", "read_header"]

HEADER_LIMIT = 1024 * 1024
"""A header is refused when its body has not begun after this many bytes (the largest of the public samples: 36 000)."""

_DOCUMENT = f"{HL7}ClinicalDocument"
_STYLESHEET = "{http://www.w3.org/1999/XSL/Transform}stylesheet"
_BODIES = (LEVEL_1.encode(), LEVEL_3.encode())
_BODY_TAGS = (HL7 + LEVEL_1, HL7 + LEVEL_3)
_FIRST_BYTES = 256 * 1024
"""Where a body is looked for that may be left out."""
_FILE_BYTES = 2 * BEGINNING
"""What is kept of a file that a document wraps."""
_LONGEST_TEXT = 10_000_000
"""libxml2's own bound on a text node, which is lifted, with that on depth, only for documents that may need it."""

_DECLARED_ENCODING = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_SPACE = rb"(?:\s++|<!--(?:[^-]++|-[^-])*+-->)*+"
_CLOSING = rb"</(?:[\w.-]++:)?%s\s*>" + _SPACE
_END = _CLOSING % b"component" + _CLOSING % b"ClinicalDocument"
_FILE = re.compile(rb"%s[^<>]*+>\s*+<(?:[\w.-]++:)?text[^<>]*+>" % _BODIES[0])
_END_OF_FILE = re.compile(_CLOSING % b"text" + _CLOSING % _BODIES[0] + _END)
_STRUCTURE = re.compile(rb"%s[^<>]*+>" % _BODIES[1])
_END_OF_STRUCTURE = re.compile(_CLOSING % _BODIES[1] + _END)


def read_header(content: bytes) -> CdaHeader:
    """The header of a document, from its bytes: UTF-8 (a byte order mark is tolerated), no DOCTYPE.

    Of a plain CDA what its body holds is not parsed: whether that is well-formed is not established here. Where the bytes
    leave a doubt that the body ends the document, and for self-presenting documents, the whole is parsed.
    Raises InvalidDocument.
    """
    _check_encoding(content)
    short = _without_body(content)
    if short is not None:
        with contextlib.suppress(MalformedMessage):  # the whole document's error says the line
            return header_of(hardened_xml.parse(short, what="document"))
    _check_beginning(content)
    return header_of(parse_document(content).root)


def parse_document(content: bytes) -> LeanTree:
    """A whole document, for callers that need its tree as well (signature), without the file that it wraps. Raises InvalidDocument."""
    _check_encoding(content)
    try:
        return hardened_xml.parse_lean(content, what="document", huge_text=len(content) > _LONGEST_TEXT)
    except MalformedMessage as error:
        raise InvalidDocument(error.message) from error


def header_of(root: Any) -> CdaHeader:
    """The header of a document whose tree exists already. `root` is a ClinicalDocument, or the xsl:stylesheet around one.

    Raises InvalidDocument when it is neither, holds several documents, or lacks a mandatory part of the header.
    """
    if root.tag == _DOCUMENT:
        return header_from(root, self_presenting=False)
    if root.tag != _STYLESHEET:
        raise InvalidDocument("The document is not a CDA: its root is neither ClinicalDocument nor xsl:stylesheet.")
    documents = list(root.iter(_DOCUMENT))
    if len(documents) != 1:
        raise InvalidDocument(
            f"A self-presenting document holds one ClinicalDocument; this one holds {len(documents)}."
        )
    return header_from(documents[0], self_presenting=True)


def _check_encoding(content: bytes) -> None:
    declared = _DECLARED_ENCODING.match(content[:256].removeprefix(b"\xef\xbb\xbf"))
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or (declared is not None and declared[1].upper() != b"UTF-8"):
        raise InvalidDocument("The document is not encoded in UTF-8.")


def _without_body(content: bytes) -> bytes | None:
    """The document without the file that it wraps, but for its beginning, or without what its structured body holds.

    None unless the bytes prove that the body ends the document. A file's characters up to the next `<` hold no element. A structured
    body is named once where it begins, once more in the closing tags: no second component and no part of a header can stand after it.
    """
    begins = _first_mention(content)
    if opened := _FILE.match(content, begins):
        kept, ends = opened.end() + _FILE_BYTES, content.find(b"<", opened.end())
        closed = _END_OF_FILE.fullmatch(content, max(ends, 0))
    elif opened := _STRUCTURE.match(content, begins):
        kept = opened.end()
        ends = content.rfind(b"</", kept, max(content.find(_BODIES[1], kept), 0))
        closed = _END_OF_STRUCTURE.fullmatch(content, max(ends, 0))
    else:
        return None
    return content[: min(kept, ends)] + content[ends:] if closed else None


def _first_mention(content: bytes) -> int:
    """Where the bytes first name a body, the end of the content when not among the first: a hint, what stands there is looked at."""
    first = -1
    for name in _BODIES:
        place = content.find(name, 0, _FIRST_BYTES if first < 0 else first)
        first = place if place >= 0 else first
    return first if first >= 0 else len(content)


def _check_beginning(content: bytes) -> None:
    """Refuses a plain CDA whose body does not begin within HEADER_LIMIT bytes, before more of it is parsed."""
    if len(content) <= HEADER_LIMIT:
        return
    parser = hardened_xml.pull_parser(events=("start",), tag=(_DOCUMENT, _STYLESHEET, *_BODY_TAGS))
    with contextlib.suppress(etree.XMLSyntaxError):  # which is told when the whole is parsed
        parser.feed(content[:HEADER_LIMIT])
        begun = [element for _, element in parser.read_events()]
        if begun and _is_plain(begun[0]) and not any(element.tag in _BODY_TAGS for element in begun):
            raise InvalidDocument(f"The document's body does not begin within its first {HEADER_LIMIT} bytes.")


def _is_plain(document: Any) -> bool:
    return document.tag == _DOCUMENT and document.getparent() is None and not document.getroottree().docinfo.doctype
