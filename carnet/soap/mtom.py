"""MTOM packaging (W3C MTOM, RFC 2387 multipart/related, RFC 2046): taking a request apart and putting an answer together.

Taking apart copies no attachment: parts are views on the received bytes. Line ends are CRLF, as RFC 2046 §5.1.1 demands.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from carnet.errors import MalformedMessage, TooLarge
from carnet.soap.content_type import media_type

MULTIPART = "multipart/related"
XOP_XML = "application/xop+xml"
SOAP_XML = "application/soap+xml"
TEXT_XML = "text/xml"
ENVELOPE_TYPES = frozenset({SOAP_XML, TEXT_XML})
"""SOAP 1.2, and SOAP 1.1 as some test tools send it."""

MAXIMUM_HEADER_BYTES = 8192
MAXIMUM_BOUNDARY = 70
"""RFC 2046 §5.1.1."""

_BLANK = b" \t"


@dataclass(frozen=True, slots=True)
class Part:
    """One attachment: its bytes, after its Content-Transfer-Encoding, and its Content-Type as written ('' when absent)."""

    content: memoryview
    content_type: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message taken apart: the envelope's bytes, the media type of the envelope, the attachments by Content-ID (bare)."""

    root: bytes
    root_type: str
    parts: Mapping[str, Part] = field(default_factory=dict)
    multipart: bool = False


def split(content_type: str, body: bytes, *, maximum_parts: int) -> Message:
    """Takes a request body apart; `maximum_parts` counts the envelope too.

    Accepts a bare envelope (application/soap+xml, text/xml) or multipart/related. Raises TooLarge before any part is read when there
    are too many, MalformedMessage for every other defect of the packaging.
    """
    kind, parameters = media_type(content_type)
    if kind in ENVELOPE_TYPES:
        _check_charset(parameters)
        return Message(root=body, root_type=kind)
    if kind != MULTIPART:
        raise MalformedMessage("The Content-Type is neither a SOAP envelope nor multipart/related.")
    read = [_read_part(body, start, stop) for start, stop in _bounds(body, _boundary(parameters), maximum_parts)]
    return _assemble(read, parameters)


def _boundary(parameters: Mapping[str, str]) -> bytes:
    boundary = parameters.get("boundary", "")
    if not 0 < len(boundary) <= MAXIMUM_BOUNDARY or not boundary.isascii() or not boundary.isprintable():
        raise MalformedMessage("The multipart boundary is missing or not a boundary.")
    return boundary.encode("ascii")


def _check_charset(parameters: Mapping[str, str]) -> None:
    if parameters.get("charset", "utf-8").lower() not in {"utf-8", "utf8", "us-ascii"}:
        raise MalformedMessage("The envelope must be in UTF-8.")


def _bounds(body: bytes, boundary: bytes, maximum_parts: int) -> list[tuple[int, int]]:
    """Where each part starts (its headers) and stops, in order; nothing inside the parts is read."""
    delimiter = b"\r\n--" + boundary
    position = 0 if body.startswith(delimiter[2:]) else body.find(delimiter) + 2
    if position == 1:
        raise MalformedMessage("The multipart boundary of the Content-Type does not occur in the body.")
    start = _after_delimiter(body, position + len(delimiter) - 2)
    if start <= 0:
        raise MalformedMessage("The multipart body does not begin with a part.")
    bounds: list[tuple[int, int]] = []
    search = start - 2
    while True:
        stop = body.find(delimiter, search)
        if stop < 0:
            raise MalformedMessage("The multipart body has no closing boundary.")
        after = _after_delimiter(body, stop + len(delimiter))
        if after == 0:
            search = stop + len(delimiter)
            continue
        if len(bounds) == maximum_parts:
            raise TooLarge(f"The message has more than {maximum_parts} parts.")
        bounds.append((start, stop))
        if after < 0:
            return bounds
        start, search = after, after - 2


def _after_delimiter(body: bytes, position: int) -> int:
    """The start of the part after a delimiter; -1 at the closing one; 0 when the bytes only look like a delimiter."""
    closing = body.startswith(b"--", position)
    position += 2 * closing
    limit = min(len(body), position + MAXIMUM_BOUNDARY)
    while position < limit and body[position] in _BLANK:
        position += 1
    if closing and (position == len(body) or body.startswith((b"\r\n", b"\n"), position)):
        return -1
    return position + 2 if not closing and body.startswith(b"\r\n", position) else 0


def _read_part(body: bytes, start: int, stop: int) -> tuple[dict[str, str], memoryview]:
    """A part's headers (names in lower case) and its decoded bytes."""
    if body.startswith(b"\r\n", start):
        return {}, memoryview(body)[start + 2 : max(stop, start + 2)]
    end = body.find(b"\r\n\r\n", start, min(stop, start + MAXIMUM_HEADER_BYTES + 4))
    if end < 0:
        if stop - start > MAXIMUM_HEADER_BYTES:
            raise TooLarge("The headers of a part are too long.")
        raise MalformedMessage("The headers of a part do not end.")
    headers = _headers(body[start:end])
    return headers, _decoded(memoryview(body)[end + 4 : stop], headers)


def _headers(block: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    name = ""
    for line in block.decode("latin-1").split("\r\n"):
        if line[:1] in {" ", "\t"} and name:
            headers[name] += " " + line.strip()
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not colon or not name or name in headers:
            raise MalformedMessage("The headers of a part cannot be read.")
        headers[name] = value.strip()
    return headers


def _decoded(content: memoryview, headers: Mapping[str, str]) -> memoryview:
    encoding = headers.get("content-transfer-encoding", "binary").lower()
    if encoding in {"binary", "8bit", "7bit"}:
        return content
    if encoding == "base64":
        return memoryview(decode_base64(bytes(content), what="A part in base64"))
    raise MalformedMessage("The Content-Transfer-Encoding of a part is not supported; send it binary.")


def decode_base64(text: bytes, *, what: str) -> bytes:
    """The bytes behind base64 with blanks and line ends anywhere; raises MalformedMessage, beginning with `what`, for all else."""
    try:
        return binascii.a2b_base64(text.translate(None, b" \t\r\n"), strict_mode=True)
    except binascii.Error as error:
        raise MalformedMessage(f"{what} is truncated or not base64.") from error


def _assemble(read: list[tuple[dict[str, str], memoryview]], parameters: Mapping[str, str]) -> Message:
    """Names the parts and finds the envelope: the part that `start` names, else the first (RFC 2387 §3.2)."""
    identifiers = [_content_id(headers) for headers, _ in read]
    start = _bare(parameters.get("start", ""))
    if start and start not in identifiers:
        raise MalformedMessage("No part has the Content-ID that the start parameter names.")
    root = identifiers.index(start) if start else 0
    parts: dict[str, Part] = {}
    for index, (headers, content) in enumerate(read):
        identifier = identifiers[index]
        if identifiers.count(identifier) > 1:
            raise MalformedMessage("Two parts have the same Content-ID, or none.")
        if index == root:
            continue
        if not identifier:
            raise MalformedMessage("An attachment has no Content-ID.")
        parts[identifier] = Part(content, headers.get("content-type", ""))
    headers, content = read[root]
    return Message(bytes(content), _root_type(headers, parameters), parts, multipart=True)


def _content_id(headers: Mapping[str, str]) -> str:
    return _bare(headers.get("content-id", ""))


def _bare(identifier: str) -> str:
    identifier = identifier.strip()
    return identifier[1:-1] if identifier[:1] == "<" and identifier[-1:] == ">" else identifier


def _root_type(headers: Mapping[str, str], parameters: Mapping[str, str]) -> str:
    """The media type of the envelope inside the root part (MTOM §3.2: the `type` of application/xop+xml)."""
    kind, own = media_type(headers.get("content-type", parameters.get("type", "")))
    _check_charset(own)
    if kind == XOP_XML:
        kind, _ = media_type(own.get("type") or parameters.get("start-info") or SOAP_XML)
    if kind not in ENVELOPE_TYPES:
        raise MalformedMessage("The root part of the message is not a SOAP envelope.")
    return kind


def cid(content_id: str) -> str:
    """The `cid:` URL of a Content-ID (RFC 2392), percent-encoded as CXF does: `cid:…-2@urn%3Aihe%3Aiti%3Axds-b%3A2007`."""
    return "cid:" + quote(content_id, safe="@")


def write(
    envelope: bytes, parts: Iterable[tuple[str, str, bytes]], boundary: str, *, action: str = ""
) -> tuple[str, list[bytes]]:
    """An MTOM message as its Content-Type and the chunks of its body; documents are chunks of their own, never copied.

    `parts` are (Content-ID, Content-Type, content). `boundary` must be unguessable, for nothing looks for it in the documents.
    """
    root_id = f"root.{boundary}@carnet"
    suffix = f'; action="{action}"' if action else ""
    content_type = f'multipart/related; type="{XOP_XML}"; start="<{root_id}>"; start-info="{SOAP_XML}"; boundary="{boundary}"{suffix}'
    root_type = f'{XOP_XML}; charset=UTF-8; type="{SOAP_XML}"{suffix}'
    chunks = [_part_head(boundary, root_type, root_id, first=True), envelope]
    for content_id, kind, content in parts:
        chunks += (_part_head(boundary, kind, content_id), content)
    chunks.append(f"\r\n--{boundary}--\r\n".encode("ascii"))
    return content_type, chunks


def _part_head(boundary: str, content_type: str, content_id: str, *, first: bool = False) -> bytes:
    if not (content_type + content_id).isprintable():
        raise ValueError("a part header cannot hold this Content-Type or Content-ID")
    lead = "" if first else "\r\n"
    return (
        f"{lead}--{boundary}\r\nContent-Type: {content_type}\r\n"
        f"Content-Transfer-Encoding: binary\r\nContent-ID: <{content_id}>\r\n\r\n"
    ).encode("ascii")
