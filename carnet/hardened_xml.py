"""The one XML parser of Carnet. No other module makes an lxml parser (a test and the lint hold it).

No DTD, no entity, no network, no huge tree, no recovery; lxml's own bounds on depth and text apply on top of ours.
"""

from __future__ import annotations

from typing import Any, Literal

from lxml import etree

from carnet.errors import MalformedMessage


def _parser(*, huge_text: bool = False) -> Any:
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
