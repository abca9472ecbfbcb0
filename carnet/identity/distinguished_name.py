"""Distinguished names compared by structure: software writes the same name in many ways (RFC 2253, RFC 4514 and habits).

A name is a tuple of relative names in the order of the encoding (country first), each a set of (OID, normalized value), since a
multi-valued relative name has no order.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from cryptography import x509

DistinguishedName = tuple[frozenset[tuple[str, str]], ...]

_TYPES = {
    "CN": "2.5.4.3",
    "SN": "2.5.4.4",
    "SURNAME": "2.5.4.4",
    "SERIALNUMBER": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "S": "2.5.4.8",
    "STREET": "2.5.4.9",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "T": "2.5.4.12",
    "TITLE": "2.5.4.12",
    "GN": "2.5.4.42",
    "G": "2.5.4.42",
    "GIVENNAME": "2.5.4.42",
    "INITIALS": "2.5.4.43",
    "DC": "0.9.2342.19200300.100.1.25",
    "UID": "0.9.2342.19200300.100.1.1",
    "E": "1.2.840.113549.1.9.1",
    "EMAILADDRESS": "1.2.840.113549.1.9.1",
}
"""Attribute keywords of RFC 4514 §3 and those of OpenSSL, Java, .NET and BouncyCastle, upper case."""

_STRING_TAGS = {0x0C: "utf-8", 0x13: "ascii", 0x16: "ascii", 0x14: "latin-1", 0x1E: "utf-16-be"}
"""DER string types in which a directory string may be written (X.520)."""

MAXIMUM_LENGTH = 1024
_ATTRIBUTE = re.compile(
    r"""\s*(?:OID\.)?(?P<type>[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)\s*=\s*
        (?:(?P<hex>\#(?:[0-9A-Fa-f]{2})+)|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>(?!\#)(?:[^,;+"\\<>]|\\.)*))\s*
        (?P<end>[,;+]|\Z)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_ESCAPE = re.compile(rb"\\([0-9A-Fa-f]{2})|\\(.)", re.DOTALL)


def normalized(value: str) -> str:
    """A value as X.520 caseIgnoreMatch sees it: compatibility forms, case and repeated blanks make no difference."""
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def from_certificate(name: x509.Name) -> DistinguishedName:
    """The name of a certificate's subject or issuer. A value that is not text raises ValueError."""
    return tuple(
        frozenset((attribute.oid.dotted_string, normalized(_text(attribute.value))) for attribute in rdn)
        for rdn in name.rdns
    )


@lru_cache(maxsize=1024)
def parse(text: str) -> DistinguishedName:
    """Reads a written name. The order of the text is kept: `same` tries both. Raises ValueError when it cannot be read."""
    if not text.strip() or len(text) > MAXIMUM_LENGTH:
        raise ValueError("a distinguished name is empty or too long")
    names: list[frozenset[tuple[str, str]]] = []
    relative: list[tuple[str, str]] = []
    position, end = 0, ","
    while end:
        found = _ATTRIBUTE.match(text, position)
        if found is None:
            raise ValueError("a distinguished name cannot be read")
        relative.append((_oid(found["type"]), normalized(_value(found))))
        position, end = found.end(), found["end"]
        if end != "+":
            names.append(frozenset(relative))
            relative = []
    return tuple(names)


def same(one: DistinguishedName, other: DistinguishedName) -> bool:
    """Whether two names are the same, one of them perhaps written from the other end."""
    return one in (other, other[::-1])


def _oid(keyword: str) -> str:
    if keyword[0].isdigit():
        return keyword
    try:
        return _TYPES[keyword.upper()]
    except KeyError:
        raise ValueError("a distinguished name has an unknown attribute") from None


def _value(found: re.Match[str]) -> str:
    if found["hex"]:
        return _from_der(bytes.fromhex(found["hex"][1:]))
    return _unescaped(found["quoted"]) if found["quoted"] is not None else _unescaped(found["plain"])


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda one: bytes.fromhex(one[1].decode()) if one[1] else one[2], text.encode()).decode()


def _from_der(data: bytes) -> str:
    if len(data) < 2 or data[0] not in _STRING_TAGS or data[1] != len(data) - 2 or data[1] > 127:
        raise ValueError("a distinguished name has a value that is not a short string")
    return data[2:].decode(_STRING_TAGS[data[0]])


def _text(value: str | bytes) -> str:
    if isinstance(value, bytes):
        raise ValueError("a name in a certificate is not text")  # noqa: TRY004 - one kind of error for a name
    return value
