"""Finding people by traits (TD0.5), and by the internal key of their rows.

Traits are sealed under each person's own key. The index (`trait_index`) finds those of one name and one date of birth, and they alone are
opened, so that a search is as long among a nation as among a village.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from carnet.crypto.keyring import Keyring
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import patient
from carnet.errors import TooManyResults, Unavailable, UnknownPatient
from carnet.identity.patients import Patient, Traits, read_traits
from carnet.identity.trait_index import behind, folded, people_named

_OF_KEY = prepare(
    select(patient.c.patient_key, patient.c.pseudonym).where(patient.c.patient_key == bindparam("person"))
)


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
    """Everybody whose traits are exactly the criteria, which must give name and birth date; people whose key was destroyed are nobody.

    Raises TooManyResults when more than `maximum` people have that name and that date: opening their traits would hold up everybody else;
    Unavailable while somebody is missing from the index, for who is looked for may be just that person.
    """
    if not (criteria.name and criteria.birth_date):
        raise ValueError("people are looked for by name and birth date at least")
    if behind(connection, limit=1):
        raise Unavailable("The index of traits is not whole: run `carnet index-traits`.")
    people = people_named(connection, keyring, criteria.name, criteria.birth_date, limit=maximum + 1)
    if len(people) > maximum:
        raise TooManyResults("More people have this name and date of birth than are searched through.")
    for patient_key, pseudonym, sealed in people:
        with contextlib.suppress(UnknownPatient):
            traits = read_traits(sealed, keyring.patient_key(pseudonym))
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


def _given_names(traits: Traits) -> set[str]:
    whole = folded(traits.birth_given_names)
    one_by_one = {folded(name) for name in traits.birth_given_names.split()}
    return {whole, folded(traits.used_given_name)} | one_by_one
