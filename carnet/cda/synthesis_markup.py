"""Small pieces of the XML of a CDA that a doctor signs: elements, codes, texts, moments. Texts are clean of what no document may hold."""

from __future__ import annotations

import unicodedata
from typing import Any

from lxml import etree

from carnet.cda.participants import HL7
from carnet.metadata import Code

XSI = "http://www.w3.org/2001/XMLSchema-instance"
NAMESPACES = {None: "urn:hl7-org:v3", "xsi": XSI}


def element(name: str, *children: Any, text: str = "", kind: str = "", **attributes: str) -> Any:
    """An element of CDA with what stands in it; `kind` is its xsi:type. Children that are None are left out."""
    made = etree.Element(HL7 + name, {}, nsmap=NAMESPACES)
    if kind:
        made.set(f"{{{XSI}}}type", kind)
    for key, value in attributes.items():
        made.set(key, clean(value))
    made.text = clean(text) or None
    made.extend([one for one in children if one is not None])
    return made


def templates(*roots: str) -> list[Any]:
    """One templateId a root."""
    return [element("templateId", root=root) for root in roots]


def coded(name: str, code: Code, *children: Any, kind: str = "", missing: str = "UNK") -> Any:
    """A coded element; one without a code carries `missing` as its nullFlavor."""
    if not code.code:
        return element(name, *children, kind=kind, nullFlavor=missing)
    said = {"displayName": code.display} if code.display else {}
    return element(name, *children, kind=kind, code=code.code, codeSystem=code.system, **said)


def original(anchor: str) -> Any:
    """OriginalText that names its place in the narrative."""
    return element("originalText", element("reference", value=f"#{anchor}"))


def referring(anchor: str) -> Any:
    """The `text` of an entry that names its place in the narrative."""
    return element("text", element("reference", value=f"#{anchor}"))


def moment(name: str, stamp: str, *, missing: str = "UNK") -> Any:
    """A point in time, or that it is not known."""
    return element(name, value=stamp) if stamp else element(name, nullFlavor=missing)


def period(start: str, end: str, *, kind: str = "IVL_TS") -> Any:
    """EffectiveTime from a beginning, which may not be known, to an end where there is one."""
    high = element("high", value=end) if end else None
    return element("effectiveTime", moment("low", start), high, kind=kind)


def clean(text: str) -> str:
    """One line, without control characters, surrogates and other signs that no reader sees; white space normalised."""
    kept = "".join(one if unicodedata.category(one)[0] != "C" else " " for one in text)
    return " ".join(kept.split())
