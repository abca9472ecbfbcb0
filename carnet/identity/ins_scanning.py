"""What a bar code reader types: the Datamatrix of the INS, or the number alone as somebody reads it aloud.

The Datamatrix begins with `IS01` and 22 characters, then fields named by two characters: S1 the fifteen characters of the INS, S2 its OID in
twenty, S3 given names and S4 birth name of any length, S5 the sex, S6 the birth date (dd-mm-yyyy), S7 the INSEE code of the place. A reader
that types like a keyboard may lose the separators (GS) of the fields of any length, so what has no fixed place is looked for by its form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from carnet.identity.ins import NIA, NIR, NIR_DEMONSTRATION, NIR_TEST, check
from carnet.metadata import PatientIdentifier

LONGEST = 600
_MATRIX = re.compile(r"IS01.{22}S1(?P<value>[0-9AB]{15})S2(?P<authority>[0-9.]{3,20}) *", re.ASCII | re.DOTALL)
_SEX_AND_DATE = re.compile(r"S5(?P<sex>[MFI])S6(?P<day>[0-9]{2})-(?P<month>[0-9]{2})-(?P<year>[0-9]{4})")
_BETWEEN = re.compile(r"[\s.\u00a0\u202f-]+")


@dataclass(frozen=True, slots=True)
class ScannedIdentity:
    """An INS as it was read, checked by its key. `authority` is '' where the number alone was typed.

    `sex` (M, F, I) and `birth_date` (yyyymmdd) are '' where the reading had none; they must be those of the person.
    """

    value: str
    authority: str = ""
    sex: str = ""
    birth_date: str = ""


def read_ins(text: str) -> ScannedIdentity:
    """What was typed or scanned. Raises InvalidMetadata for what is no INS, or fails its control key."""
    text = text.strip()[:LONGEST]
    matrix = _MATRIX.match(text.upper())
    if matrix is None:
        value = _BETWEEN.sub("", text).upper()
        check(value, NIR, test_identities=True)
        return ScannedIdentity(value)
    check(matrix["value"], matrix["authority"], test_identities=True)
    told = _SEX_AND_DATE.search(text.upper(), matrix.end())
    if told is None:
        return ScannedIdentity(matrix["value"], matrix["authority"])
    born = f"{told['year']}{told['month']}{told['day']}"
    return ScannedIdentity(matrix["value"], matrix["authority"], told["sex"], born)


def possible_identifiers(scanned: ScannedIdentity, *, test_identities: bool) -> tuple[PatientIdentifier, ...]:
    """The identifiers that a reading can mean: one where it names its authority. Raises InvalidMetadata for an authority not admitted here."""
    if scanned.authority:
        return (check(scanned.value, scanned.authority, test_identities=test_identities),)
    admitted = (NIR, NIA, NIR_TEST, NIR_DEMONSTRATION) if test_identities else (NIR, NIA)
    return tuple(PatientIdentifier(scanned.value, authority) for authority in admitted)
