"""The header of a CDA R2 document (CI-SIS, structuration minimale), read without building the tree of its body.

Level 1 and level 3 documents, and the self-presenting ones, whose root is an `xsl:stylesheet` with the document inside. What is
read here is read once for the whole of Carnet: metadata are compared with it and, for the client, made from it.
"""

from __future__ import annotations

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
_BODIES = {HL7 + LEVEL_1: LEVEL_1.encode(), HL7 + LEVEL_3: LEVEL_3.encode()}
_TEXT = f"{HL7}text"
_CHUNK = 256 * 1024
_LONGEST_TEXT = 10_000_000
"""libxml2's own bound on a text node, which is lifted, with that on depth, only for documents that may need it."""

_DECLARED_ENCODING = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_SPACE = rb"(?:\s++|<!--(?:[^-]++|-[^-])*+-->)*+"
_CLOSING = rb"</(?:[\w.-]++:)?%s\s*>" + _SPACE
_END = re.compile(rb"\s*>" + _SPACE + _CLOSING % b"component" + _CLOSING % b"ClinicalDocument")
_FILE = re.compile(rb"%s\s*><(?:[\w.-]++:)?text[^<>]*+>" % LEVEL_1.encode())
"""A level 1 body up to the file that its text wraps: what follows is characters until the next `<`."""
_END_OF_FILE = re.compile(_CLOSING % b"text" + rb"</(?:[\w.-]++:)?%s" % LEVEL_1.encode() + _END.pattern)


def read_header(content: bytes) -> CdaHeader:
    """The header of a document, from its bytes: UTF-8 (a byte order mark is tolerated), no DOCTYPE.

    Of a plain CDA only what precedes the body is parsed: whether the body is well-formed is not established here. Where the bytes
    leave a doubt that nothing follows the body, and for self-presenting documents, the whole is parsed.
    Raises InvalidDocument.
    """
    _check_encoding(content)
    try:
        document = _head(content)
    except etree.XMLSyntaxError as error:
        raise InvalidDocument(f"The document is not well-formed XML (line {error.lineno or 0}).") from error
    if document is None:
        return header_of(parse_document(content).root)
    return header_from(document, self_presenting=False)


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


def _head(content: bytes) -> Any:
    """ClinicalDocument with its header and the start of its body; None when the whole document must be parsed."""
    parser = hardened_xml.pull_parser(events=("start",), tag=(_DOCUMENT, _STYLESHEET, *_BODIES, _TEXT))
    hint = _first_mention(content)
    fed, until = 0, hint + 1024 if hint >= 0 else _CHUNK
    document = body = None
    while fed < min(len(content), HEADER_LIMIT):
        parser.feed(content[fed:until])
        fed, until = until, until + _CHUNK
        for _, element in parser.read_events():
            if document is None:
                document = element
                if not _is_plain(document):
                    return None
            if element.tag in _BODIES:
                body = element
            if body is not None and element.tag == (_TEXT if body.tag == HL7 + LEVEL_1 else HL7 + LEVEL_3):
                if element.tag == _TEXT and len(element.text or "") < BEGINNING:
                    parser.feed(content[fed:until])
                return document if _nothing_follows(content, body, hint) else None
    if document is not None and len(content) > HEADER_LIMIT:
        raise InvalidDocument(f"The document's body does not begin within its first {HEADER_LIMIT} bytes.")
    return None


def _first_mention(content: bytes) -> int:
    """Where the bytes first name a body, -1 when not within the first chunk: a hint, never relied upon."""
    first = -1
    for name in _BODIES.values():
        place = content.find(name, 0, _CHUNK if first < 0 else first)
        first = place if place >= 0 else first
    return first


def _is_plain(document: Any) -> bool:
    return document.tag == _DOCUMENT and document.getparent() is None and not document.getroottree().docinfo.doctype


def _nothing_follows(content: bytes, body: Any, begins: int) -> bool:
    """Whether the bytes prove that the body ends the document: named once where it begins, once more in the closing tags.

    Then no second component and no part of a header can stand after it. Anything else is settled by a full parse. Within the
    characters of a wrapped file nothing can stand: they are not looked through.
    """
    name = _BODIES[body.tag]
    if not content.startswith(name, begins):
        return False
    file = _FILE.match(content, begins)
    if file is not None and _END_OF_FILE.fullmatch(content, content.find(b"<", file.end())) is not None:
        return True
    ends = content.find(name, begins + len(name))
    return ends >= 0 and _END.fullmatch(content, ends + len(name)) is not None
