"""The index by which a person is found by name and date of birth in a whole nation, without either standing in clear.

A row is an HMAC under a key of the service over one of the person's names and the date: who has the database without the key can neither
read it nor try names. It tells that two people have a name and a date in common, nothing more. Which form of it a person's rows have stands
with the person, so that a change of how names are compared, or a database of before, is noticed and filled anew.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from sqlalchemy import bindparam, delete, insert, select, update

from carnet.crypto.keyring import Keyring
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import patient, trait_index

FORM = 1
"""Of how names are folded and what is hashed: raise it when either changes, and `carnet index-traits` writes every row anew."""
_BETWEEN_WORDS = re.compile(r"[^A-Z0-9]+")

_ADD = prepare(
    insert(trait_index).values(blind_index=bindparam("blind_index"), patient_key=bindparam("person")),
)
_ERASE = prepare(delete(trait_index).where(trait_index.c.patient_key == bindparam("person")))
_INDEXED = prepare(update(patient).where(patient.c.patient_key == bindparam("person")).values(index_form=FORM))
_FIND = prepare(
    select(patient.c.patient_key, patient.c.pseudonym, patient.c.sealed_traits)
    .join(trait_index, trait_index.c.patient_key == patient.c.patient_key)
    .where(trait_index.c.blind_index == bindparam("blind_index"))
    .order_by(patient.c.patient_key)
    .limit(bindparam("count"))
)
_BEHIND = prepare(
    select(patient.c.patient_key, patient.c.pseudonym, patient.c.sealed_traits)
    .where(patient.c.index_form < FORM)
    .order_by(patient.c.index_form, patient.c.patient_key)
    .limit(bindparam("count"))
)


def folded(name: str) -> str:
    """A name as it is compared: upper case, without accents, one blank between words."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    return _BETWEEN_WORDS.sub(" ", plain.upper()).strip()


def add(connection: Connection, keyring: Keyring, person: int, names: Iterable[str], birth_date: str) -> None:
    """Writes the rows of somebody who has none; names that are compared alike are one, and '' is none."""
    values = sorted({_blind(keyring, name, birth_date) for name in map(folded, names) if name})
    connection.execute_many(_ADD, [{"blind_index": value, "person": person} for value in values])


def write_anew(connection: Connection, keyring: Keyring, person: int, names: Iterable[str], birth_date: str) -> None:
    """Writes somebody's rows in the place of those they had."""
    connection.execute(_ERASE, {"person": person})
    add(connection, keyring, person, names, birth_date)
    connection.execute(_INDEXED, {"person": person})


def erase(connection: Connection, person: int) -> None:
    """Removes somebody's rows for ever: they are destroyed, or their traits cannot be read."""
    connection.execute(_ERASE, {"person": person})
    connection.execute(_INDEXED, {"person": person})


def people_named(
    connection: Connection, keyring: Keyring, name: str, birth_date: str, *, limit: int
) -> list[tuple[int, str, bytes]]:
    """Who has this name, of birth or used, and this date of birth: internal key, pseudonym, sealed traits; `limit` people at most."""
    found = connection.execute(_FIND, {"blind_index": _blind(keyring, folded(name), birth_date), "count": limit})
    return [(row[0], row[1], row[2]) for row in found]


def behind(connection: Connection, *, limit: int) -> list[tuple[int, str, bytes]]:
    """People whose rows are missing or of an older form: internal key, pseudonym, sealed traits; `limit` people at most."""
    return [(row[0], row[1], row[2]) for row in connection.execute(_BEHIND, {"count": limit})]


def _blind(keyring: Keyring, name: str, birth_date: str) -> bytes:
    """No authority of an INS is called `traits`, so that no row of one index is of the other."""
    return keyring.blind_index(f"traits|{FORM}|{name}|{birth_date}".encode())
