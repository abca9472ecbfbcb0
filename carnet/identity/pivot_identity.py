"""Who in our registry is the person whom an identity provider describes: by the traits of the pivot identity alone, exactly, or nobody.

FranceConnect's traits are those of the RNIPP, the INS's too. A name is compared without case, accents and marks between words; everything
else as it is. One person fits or the answer is no: never by e-mail, never the nearest. Rules §1, security §5.5.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from carnet.crypto.keyring import Keyring
from carnet.database.connection import Connection
from carnet.errors import SignInFailed, TooManyResults
from carnet.identity.patient_search import Criteria, people_with
from carnet.identity.patients import Patient, Traits
from carnet.identity.trait_index import folded

FRANCE = "99100"
"""INSEE code of the country: who was born there has a commune as place of birth, who was not has none."""
_SEXES = {"female": "F", "male": "M"}
_DATE = re.compile(r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})-(?P<day>[0-9]{2}))?", re.ASCII)
_PLACE = re.compile(r"[0-9][0-9AB][0-9]{3}", re.ASCII)
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Pivot:
    """The traits, in the form in which ours are kept: `birth_date` of 4, 6 or 8 digits, `birth_place` an INSEE code (99xxx abroad)."""

    birth_name: str
    birth_given_names: str
    sex: str
    birth_date: str
    birth_place: str


def read_pivot(claims: Mapping[str, Any]) -> Pivot:
    """Reads the verified claims of a person. Raises SignInFailed when a trait is missing or not of its form."""
    family, given = _name(claims, "family_name"), _name(claims, "given_name")
    sex = _SEXES.get(_text(claims, "gender"))
    date = _DATE.fullmatch(_text(claims, "birthdate"))
    if sex is None or date is None:
        raise SignInFailed("the provider's gender or date of birth is not of its form")
    country, place = _text(claims, "birthcountry"), _text(claims, "birthplace")
    born_at = place if country == FRANCE else country if not place else ""
    if not _PLACE.fullmatch(born_at) or (country != FRANCE and not country.startswith("99")):
        raise SignInFailed("the provider's place of birth is not of its form")
    return Pivot(family, given, sex, _known_digits(date), born_at)


def person_described(connection: Connection, keyring: Keyring, pivot: Pivot, *, maximum: int) -> Patient:
    """The one person whose birth traits these are. Raises SignInFailed when there is none, or more than one."""
    criteria = Criteria(name=pivot.birth_name, birth_date=pivot.birth_date, sex=pivot.sex)
    try:
        found = [
            person
            for person, traits in people_with(connection, keyring, criteria, maximum=maximum)
            if describes(pivot, traits)
        ]
    except TooManyResults as error:
        raise SignInFailed("too many people have this name and date of birth") from error
    if len(found) != 1:
        raise SignInFailed(f"{len(found)} people have the traits that the provider gave")
    return found[0]


def describes(pivot: Pivot, traits: Traits) -> bool:
    """Whether every trait is the person's: names of birth, never used ones; a place that we do not know fits nobody."""
    return (
        folded(pivot.birth_name) == folded(traits.birth_name)
        and folded(pivot.birth_given_names) == folded(traits.birth_given_names)
        and pivot.sex == traits.sex
        and pivot.birth_date == traits.birth_date
        and bool(traits.birth_place)
        and pivot.birth_place == traits.birth_place
    )


def _known_digits(date: re.Match[str]) -> str:
    """yyyy, yyyymm or yyyymmdd: a month or day of 00 is not known (people of whom the day of birth is presumed)."""
    month, day = date["month"] or "00", date["day"] or "00"
    return date["year"] + (("" if month == "00" else month) + ("" if "00" in {month, day} else day))


def _name(claims: Mapping[str, Any], name: str) -> str:
    value = _text(claims, name).strip()
    if not folded(value) or len(value) > LONGEST_NAME:
        raise SignInFailed(f"the provider gave no {name}")
    return value


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name, "")
    if not isinstance(value, str):
        raise SignInFailed(f"the provider's {name} is no text")
    return value
