"""Escaping of text that goes into XML written by hand. Values come back from a parser exactly as they were."""

from __future__ import annotations

import re
from collections.abc import Sequence

from carnet.errors import InvalidMetadata

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 §2.2 cannot carry: controls and half surrogates."""
_ESCAPED = re.compile('[&<>"]')
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)


def text(value: str) -> str:
    """Character data, fit between double quotes too: blanks survive the normalisation of attributes (XML 1.0 §3.3.3).

    Raises InvalidMetadata for a character that XML cannot carry.
    """
    if not value.isprintable():
        if _FORBIDDEN.search(value) is not None:
            raise InvalidMetadata("A value holds a character that XML cannot carry.")
        return value.translate(_ESCAPES)
    if "&" in value:
        value = value.replace("&", "&amp;")
    if "<" in value:
        value = value.replace("<", "&lt;")
    if ">" in value:
        value = value.replace(">", "&gt;")
    return value.replace('"', "&quot;") if '"' in value else value


def attribute(value: str) -> str:
    """An attribute's value with its quotes. Raises as `text`."""
    return f'"{text(value)}"'


def texts(values: Sequence[str]) -> Sequence[str]:
    """Many values as `text` makes each of them; those that need no escaping, all together, are looked at once. Raises as `text`."""
    together = "".join(values)
    if together.isprintable() and _ESCAPED.search(together) is None:
        return values
    return [text(value) for value in values]


def shown(value: str, limit: int = 1024) -> str:
    """Character data for an error's sentence: never raises, cut at `limit` characters."""
    return _FORBIDDEN.sub("\ufffd", value[:limit]).translate(_ESCAPES)
