"""The one XML parser of Carnet. No other module makes an lxml parser (a test and the lint hold it).

No DTD, no entity, no network, no huge tree, no recovery; lxml's own bounds on depth and text apply on top of ours.
"""

from __future__ import annotations

import threading
from typing import Any, Literal

from lxml import etree

from carnet.errors import MalformedMessage

_OF_THREAD = threading.local()
"""The parsers of each thread: one serves all its documents, since making one costs as much as parsing a small document."""


def parser() -> Any:
    """The parser of this thread, for a library that parses by itself (signxml); it lets a DOCTYPE through, which that library refuses."""
    return _parser(huge_text=False)


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


def pull_parser(*, events: tuple[Literal["start", "end"], ...], tag: str | tuple[str, ...] | None = None) -> Any:
    """An incremental parser with the same protections, for reading the head of a large document.

    The caller must refuse a DOCTYPE itself: it shows in `root.getroottree().docinfo` once the root element has begun.
    """
    return etree.XMLPullParser(
        events=events, tag=tag, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
    )
