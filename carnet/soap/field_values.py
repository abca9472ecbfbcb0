"""Forms of values that metadata and query parameters share (ITI TF-3 table 4.2.3.1.7-2): identifiers, times. Nothing here raises."""

from __future__ import annotations

import datetime as dt
import re

from carnet.metadata import PatientIdentifier

_CX = re.compile(r"([^\^&|]+)\^[^\^]*\^[^\^]*\^[^\^&]*&([0-9.]+)&ISO(?:\^.*)?", re.DOTALL)
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+")
_DTM = re.compile(r"[0-9]{4}(?:[0-9]{2}){0,5}")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
MAXIMUM_OID = 64
"""ITI TF-3 table 4.2.3.1.7-2, OID."""


def patient_identifier(cx: str) -> PatientIdentifier | None:
    """CX.1 and the OID of CX.4 of `value^^^&OID&ISO[^NH[^^date]]`; the rest, CX.7 included, is dropped. None when it is no such CX."""
    found = _CX.fullmatch(cx.strip())
    if found is None or not is_oid(found[2]):
        return None
    return PatientIdentifier(found[1], found[2])


def is_oid(value: str) -> bool:
    """A dotted OID of at most 64 characters, without extension: the DMP refuses `OID^extension`."""
    return len(value) <= MAXIMUM_OID and _OID.fullmatch(value) is not None


def is_media_type(value: str) -> bool:
    """`type/subtype` of RFC 6838 §4.2, without parameters."""
    return _MEDIA_TYPE.fullmatch(value) is not None


def is_dtm(value: str) -> bool:
    """4, 6, 8, 10, 12 or 14 digits that name a moment of the Gregorian calendar, from the year 1 on; no offset, no leap second."""
    if _DTM.fullmatch(value) is None:
        return False
    try:
        dt.date(int(value[:4]), int(value[4:6] or "1"), int(value[6:8] or "1"))
    except ValueError:
        return False
    return value[8:10] <= "23" and value[10:12] <= "59" and value[12:] <= "59"
