"""Reading and writing the two proprietary services: an element of named texts, in its namespace or in none (protocols §1.1).

The two WSDL do not say alike whether children are qualified, and clients write both: names are compared without namespace.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from carnet.soap.hl7v3 import is_nil
from carnet.soap.xml_text import shown, text

LONGEST_VALUE = 1024


def value(element: Any, name: str) -> str:
    """The text of the first child of that name that says something, '' for none."""
    return next((content(one) for one in named(element, name)), "")


def named(element: Any, name: str) -> list[Any]:
    """The children of that local name that say something."""
    return [child for child in element.iterchildren(f"{{*}}{name}") if not is_nil(child)]


def content(element: Any) -> str:
    """An element's text without blanks around it."""
    return "".join(element.itertext()).strip()[:LONGEST_VALUE]


def written(pairs: Iterable[tuple[str, str]]) -> str:
    """Elements of text; a pair without text is left out."""
    return "".join(f"<{name}>{text(said)}</{name}>" for name, said in pairs if said)


def response(name: str, namespace: str, content: str, status: str, context: str) -> bytes:
    """A response: what was asked for, then status and context."""
    return (
        f'<ns:{name}Response xmlns:ns="{namespace}">{content}<status>{text(status)}</status>'
        f"<context>{shown(context)}</context></ns:{name}Response>"
    ).encode()


def request(name: str, namespace: str, pairs: Iterable[tuple[str, str]]) -> bytes:
    """A request as care software writes it."""
    return f'<ns:{name} xmlns:ns="{namespace}">{written(pairs)}</ns:{name}>'.encode()
