"""Finding people by traits (TD0.5), and by the internal key of their rows.

Traits are sealed under each person's own key, so that a search opens them one by one: it is for an installation of bounded size.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from sqlalchemy import bindparam, func, select

from carnet.crypto.keyring import Keyring
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import patient
from carnet.errors import TooManyResults, UnknownPatient
from carnet.identity.patients import TRAITS_CONTEXT, Patient, Traits

_OF_KEY = prepare(
    select(patient.c.patient_key, patient.c.pseudonym).where(patient.c.patient_key == bindparam("person"))
)
_COUNT = prepare(select(func.count()).select_from(patient))
_EVERYBODY = prepare(
    select(patient.c.patient_key, patient.c.pseudonym, patient.c.sealed_traits).order_by(patient.c.patient_key)
)
_BETWEEN_WORDS = re.compile(r"[^A-Z0-9]+")


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a person is looked for by; each that is not '' must be exactly the person's.

    `name` is the birth name or the used name, `given_name` one of the given names of birth or the used one, `sex` M or F, `birth_date`
    of 4, 6 or 8 digits. Names are compared without case, accents and marks between words.
    """

    name: str = ""
    given_name: str = ""
    birth_date: str = ""
    sex: str = ""


def person_of(connection: Connection, patient_key: int) -> Patient | None:
    """The person of that internal key."""
    rows = connection.execute(_OF_KEY, {"person": patient_key})
    return Patient(*rows[0]) if rows else None


def people_with(
    connection: Connection, keyring: Keyring, criteria: Criteria, *, maximum: int
) -> Iterator[tuple[Patient, Traits]]:
    """Everybody whose traits are exactly the criteria; people whose key was destroyed are nobody.

    Raises TooManyResults when more than `maximum` people are known: reading through them would hold up everybody else.
    """
    if connection.execute(_COUNT, {})[0][0] > maximum:
        raise TooManyResults("More people are known to this service than it searches through by traits.")
    for patient_key, pseudonym, sealed in connection.execute(_EVERYBODY, {}):
        with contextlib.suppress(UnknownPatient):
            clear = keyring.patient_key(pseudonym).open(sealed, TRAITS_CONTEXT)
            traits = msgspec.json.decode(clear, type=Traits)
            if matches(criteria, traits):
                yield Patient(patient_key, pseudonym), traits


def matches(criteria: Criteria, traits: Traits) -> bool:
    """Whether every criterion given is exactly the person's; none given matches nobody."""
    asked = (
        (folded(criteria.name), {folded(traits.birth_name), folded(traits.used_name)}),
        (folded(criteria.given_name), _given_names(traits)),
        (criteria.birth_date, {traits.birth_date}),
        (criteria.sex, {traits.sex}),
    )
    return any(value for value, _ in asked) and all(value in known for value, known in asked if value)


def folded(name: str) -> str:
    """A name as it is compared: upper case, without accents, one blank between words."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    return _BETWEEN_WORDS.sub(" ", plain.upper()).strip()


def _given_names(traits: Traits) -> set[str]:
    whole = folded(traits.birth_given_names)
    one_by_one = {folded(name) for name in traits.birth_given_names.split()}
    return {whole, folded(traits.used_given_name)} | one_by_one
