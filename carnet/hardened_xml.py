"""The one XML parser of Carnet. No other module makes an lxml parser (a test and the lint hold it).

No DTD, no entity, no network, no huge tree, no recovery; lxml's own bounds on depth and text apply on top of ours.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from typing import Any, Literal

from lxml import etree

from carnet.errors import MalformedMessage

_OF_THREAD = threading.local()
"""The parsers of each thread: one serves all its documents, since making one costs as much as parsing a small document."""


def _parser(*, huge_text: bool) -> Any:
    name = "huge" if huge_text else "plain"
    found = getattr(_OF_THREAD, name, None)
    if found is None:
        found = _new_parser(huge_text=huge_text)
        setattr(_OF_THREAD, name, found)
    return found


def _new_parser(*, huge_text: bool) -> Any:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=huge_text,
        recover=False,
        remove_blank_text=False,
        strip_cdata=False,
    )


def parse(data: bytes, *, what: str = "message", huge_text: bool = False) -> Any:
    """The root element of an XML document.

    `huge_text` lifts libxml2's bound of 10 million characters a text node, for documents whose total size is bounded already.
    Raises MalformedMessage when it is not well-formed XML or carries a DOCTYPE, naming `what` and the line, never the content.
    """
    try:
        root = etree.fromstring(data, _parser(huge_text=huge_text))
    except etree.XMLSyntaxError as error:
        line = error.lineno or 0
        raise MalformedMessage(f"The {what} is not well-formed XML (line {line}).") from error
    except ValueError as error:
        raise MalformedMessage(f"The {what} is not XML.") from error
    if root.getroottree().docinfo.doctype:
        raise MalformedMessage(f"The {what} carries a document type declaration, which is not allowed.")
    return root


LONG_RUN = 4096
"""Bytes from which a run of plain text, such as a file in base64, is left out of a tree, but for its beginning."""
KEPT = 512
_SPECIAL = tuple(bytes([code]) for code in (*range(9), *range(11, 32), ord("&"), ord("-")))
"""ASCII that XML forbids somewhere or reads as something else; `<` and `>` bound a run, `]` and `?` mean nothing without `>`."""


@dataclass(frozen=True, slots=True)
class LeanTree:
    """The tree of a document whose longest run of plain text was cut after its first KEPT bytes: `token` stands for `left_out`.

    The run is all that stands between a `>` and the next `<`. What XML makes of a place does not depend on which plain characters
    stand there, and canonicalization writes them as they are: with the run put back, the canonical form is the document's.
    """

    root: Any
    token: bytes = b""
    left_out: bytes = field(default=b"", repr=False)

    def whole(self, written: bytes) -> bytes | None:
        """The canonical form of the document, from that of the tree; None when the run stood in what canonicalization leaves out."""
        if not self.token:
            return written
        before, token, after = written.partition(self.token)
        return b"".join((before, self.left_out, after)) if token and self.token not in after else None


def parse_lean(data: bytes, *, what: str = "message", huge_text: bool = False) -> LeanTree:
    """As `parse`, for a document that may wrap a file in base64, which no reader of its tree wants. Raises MalformedMessage."""
    start, end = _longest_run(data)
    run = data[start:end]
    if len(run) < LONG_RUN or not run.isascii() or any(special in run for special in _SPECIAL):
        return LeanTree(parse(data, what=what, huge_text=huge_text))
    token = secrets.token_hex(16).encode()
    lean = b"".join((data[: start + KEPT], token, data[end:]))
    return LeanTree(parse(lean, what=what, huge_text=huge_text), token, run[KEPT:])


def _longest_run(data: bytes) -> tuple[int, int]:
    """Where the longest piece without `<`, followed by one, has its last `>`, and where it ends; one look each LONG_RUN bytes."""
    longest, place = (0, 0), LONG_RUN
    while place < len(data) and (end := data.find(b"<", place)) >= 0:
        start = data.rfind(b">", data.rfind(b"<", 0, end) + 1, end) + 1
        longest = max(longest, (start, end), key=_length)
        place = end + LONG_RUN
    return longest if longest[0] else (0, 0)


def _length(run: tuple[int, int]) -> int:
    return run[1] - run[0]


def pull_parser(*, events: tuple[Literal["start", "end"], ...], tag: str | tuple[str, ...] | None = None) -> Any:
    """An incremental parser with the same protections, for reading the head of a large document.

    The caller must refuse a DOCTYPE itself: it shows in `root.getroottree().docinfo` once the root element has begun.
    """
    return etree.XMLPullParser(
        events=events, tag=tag, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
    )
