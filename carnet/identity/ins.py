"""The INS, the national health identity number: its form, its control key, its authorities, and how a message writes it.

Fifteen digits: sex, year, month, department, commune or country, order, then a key of two digits. A department of Corsica has a letter.
Messages of this module never repeat the number: it is a trait of identity.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from carnet.errors import InvalidMetadata
from carnet.metadata import PatientIdentifier

NIR = "1.2.250.1.213.1.4.8"
NIA = "1.2.250.1.213.1.4.9"
NIR_TEST = "1.2.250.1.213.1.4.10"
NIR_DEMONSTRATION = "1.2.250.1.213.1.4.11"
AUTHORITIES = frozenset({NIR, NIA, NIR_TEST, NIR_DEMONSTRATION})
"""The four OIDs that a French document header may carry."""
TEST_AUTHORITIES = frozenset({NIR_TEST, NIR_DEMONSTRATION})
LEGACY_INS_C = "1.2.250.1.213.1.4.2"
"""The computed INS of before 2021: 22 digits, no longer an identity."""

_FORM = re.compile(
    r"(?P<body>"
    r"[123478]"  # 1, 2 registered; 3, 4 temporary; 7, 8 waiting for registration
    r"[0-9]{2}"  # year
    r"(?:0[1-9]|1[0-2]|20|3[0-9]|4[0-2]|[5-9][0-9])"  # month, or a value that says it is not known
    r"(?:[0-9]{2}|2[AB])"  # department
    r"[0-9]{3}"  # commune or country
    r"[0-9]{3})"  # order in the register
    r"(?P<key>[0-9]{2})",
    re.ASCII,
)
_WORD = re.compile(r"[0-9A-Za-z]+", re.ASCII)
_CORSICA: Mapping[str, str] = MappingProxyType({"2A": "19", "2B": "18"})
_EFFECTIVE_DATE = re.compile(r"[0-9]{8}(?:[0-9]{2,6})?", re.ASCII)


def key_of(body: str) -> str:
    """The two digits that control the first thirteen characters: 97 - (N mod 97), where 2A counts as 19 and 2B as 18."""
    department = body[5:7]
    number = int(body[:5] + _CORSICA.get(department, department) + body[7:])
    return f"{97 - number % 97:02d}"


def check(value: str, authority: str, *, test_identities: bool) -> PatientIdentifier:
    """The identifier, once its authority, form and key are right.

    `authority` is a bare OID. `test_identities` admits the OIDs of test and demonstration, which no production service does.
    Raises InvalidMetadata.
    """
    if authority == LEGACY_INS_C:
        raise InvalidMetadata(
            "The patient identifier is an INS-C, which is no longer an identity: send the INS (NIR or NIA)."
        )
    if authority not in AUTHORITIES:
        raise InvalidMetadata("The patient identifier's assigning authority is not one of the OIDs of the INS.")
    if authority in TEST_AUTHORITIES and not test_identities:
        raise InvalidMetadata("The patient identifier is a test identity, which this service does not admit.")
    form = _FORM.fullmatch(value)
    if form is None:
        raise InvalidMetadata(
            "The patient identifier is not of the form of an INS: 15 digits, or 2A or 2B as the department."
        )
    if form["key"] != key_of(form["body"]):
        raise InvalidMetadata("The patient identifier's control key does not match its number.")
    return PatientIdentifier(value, authority)


def numbers_in(text: str) -> frozenset[str]:
    """The numbers in a text that have the form of an INS and its control key, whatever stands around them but letters and digits, spaces within them or not."""
    words = (*_WORD.findall(text), *_WORD.findall("".join(text.split())))
    found = map(_FORM.fullmatch, words)
    return frozenset(one[0] for one in found if one is not None and one["key"] == key_of(one["body"]))


def parse_cx(text: str) -> PatientIdentifier:
    """Reads `INS^^^&OID&ISO^NH`, with or without the effective date of CX.7, as one identifier whose number is not checked yet.

    CX.5 may be absent, CX.4's namespace is not read. Raises InvalidMetadata for another form.
    """
    value, scheme_digit, scheme, authority, kind, facility, effective, *more = [*text.split("^"), *[""] * 6]
    _namespace, oid, oid_type, *parts = [*authority.split("&"), "", ""]
    if not value or not oid or scheme_digit or scheme or facility or any(more) or any(parts):
        raise InvalidMetadata("A patient identifier is written INS^^^&OID&ISO^NH.")
    if oid_type != "ISO":
        raise InvalidMetadata("A patient identifier's assigning authority is written &OID&ISO.")
    if kind not in {"", "NH"}:
        raise InvalidMetadata("A patient identifier's type is NH, the national health identifier.")
    if effective and not _EFFECTIVE_DATE.fullmatch(effective):
        raise InvalidMetadata("A patient identifier's effective date is written yyyymmdd.")
    return PatientIdentifier(value, oid)
