"""What of a CDA narrative block may reach a page, as literal tables (HL7 CDA R2 §4.3.5, NarrativeBlock.xsd).

Whatever stands in no table here is not passed: of an unknown element the text alone, of an unknown attribute nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

STYLES: Mapping[str, str] = MappingProxyType(
    {
        "bold": "bold",
        "emphasis": "italic",
        "italics": "italic",
        "bolditalics": "bold italic",
        "underline": "underline",
        "lrule": "line-left",
        "rrule": "line-right",
        "toprule": "line-top",
        "botrule": "line-bottom",
        "arabic": "count-arabic",
        "littleroman": "count-roman",
        "bigroman": "count-upper-roman",
        "littlealpha": "count-alpha",
        "bigalpha": "count-upper-alpha",
        "disc": "mark-disc",
        "circle": "mark-circle",
        "square": "mark-square",
        "xmono": "mono",
    }
)
"""Class names of a styleCode token, in lower case: real documents write `bold` and `Bold`. Other tokens are local and mean nothing here."""

ALIGNMENTS = frozenset({"left", "center", "right", "justify", "top", "middle", "bottom"})
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}", re.ASCII)
_ANCHOR = re.compile(r"[\w.:-]{1,100}")
_SPAN_LIMIT = 100
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_TELLABLE = re.compile(r"(?:https?://|mailto:|tel:)[^\s]{1,500}|[\w%()+,./ -]{1,200}", re.IGNORECASE)
_SCOPES = frozenset({"row", "col", "rowgroup", "colgroup"})
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def escaped(text: str) -> str:
    """Text as it may stand in HTML, between tags and in a quoted attribute."""
    return text.translate(_ESCAPES)


def language_of(element: Any) -> str:
    """The BCP 47 tag of an element (`language`, as CDA has it, or xml:lang); '' when there is none or it is no tag."""
    named = (element.get("language") or element.get(_XML_LANG) or "").strip()
    return named if _LANGUAGE.fullmatch(named) else ""


def anchor_of(name: str | None) -> str:
    """The id under which an element of the narrative stands in our page; '' when the source's cannot serve as one."""
    return f"c-{name}" if name and _ANCHOR.fullmatch(name) else ""


def classes_of(element: Any) -> str:
    """Our class names for an element's styleCode, align and valign."""
    tokens = [STYLES.get(token.lower(), "") for token in (element.get("styleCode") or "").split()]
    tokens += [
        f"at-{place}" for name in ("align", "valign") if (place := (element.get(name) or "").lower()) in ALIGNMENTS
    ]
    return " ".join(dict.fromkeys(one for token in tokens for one in token.split()))


def attributes_of(element: Any, *own: str) -> str:
    """The attributes of the HTML element for `element`: id, lang and class (with the classes `own`), each only when it has a value."""
    classes = " ".join((*own, classes_of(element))).strip()
    pairs = (("id", anchor_of(element.get("ID"))), ("lang", language_of(element)), ("class", classes))
    return "".join(f' {name}="{escaped(value)}"' for name, value in pairs if value)


def cell_attributes(element: Any) -> str:
    """Colspan and rowspan, at most a hundred, and scope where the source says one."""
    written = []
    for name in ("colspan", "rowspan"):
        value = (element.get(name) or "").strip()
        if value.isascii() and value.isdigit() and len(value) <= 3 and 1 < int(value) <= _SPAN_LIMIT:
            written.append(f' {name}="{int(value)}"')
    scope = (element.get("scope") or "").lower()
    return "".join(written) + (f' scope="{scope}"' if scope in _SCOPES else "")


def link_of(address: str | None) -> str:
    """What `href` may hold: an https address with a host and without a user's name, or a place in the same page; '' otherwise."""
    target = (address or "").strip()
    if target.startswith("#"):
        anchor = anchor_of(target[1:])
        return f"#{anchor}" if anchor else ""
    if len(target) > 2000 or not target.isprintable() or " " in target or "\\" in target:
        return ""
    try:
        parts = urlsplit(target)
        safe = parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return ""
    return target if safe else ""


def tellable(address: str | None) -> str:
    """An address that is shown as text where it may not be a link: http, mail, telephone or a file's name; '' for anything else."""
    target = (address or "").strip()
    return target if _TELLABLE.fullmatch(target) else ""
