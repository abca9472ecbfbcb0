"""The people whose records these are: found by their INS, known by traits that only their own key opens.

The INS itself is not in clear in the database: its blind index finds it, its sealed form shows it. A person keeps one internal key and one
pseudonym whatever becomes of their INS. A former INS is kept with the moment at which it ended; it finds nobody any more and is never given
to somebody else.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update

from carnet.crypto.envelope import PatientKey
from carnet.crypto.keyring import Keyring
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import patient, patient_identifier
from carnet.errors import PatientMismatch, UnknownPatient
from carnet.identity import trait_index
from carnet.metadata import PatientIdentifier

TRAITS_CONTEXT = "traits"


@dataclass(frozen=True, slots=True)
class Patient:
    """A known person: the internal key of all their rows, and the pseudonym that names their encryption key."""

    patient_key: int
    pseudonym: str


@dataclass(frozen=True, slots=True)
class Traits:
    """The identity traits of the RNIV. `birth_given_names` is the whole list, blank-separated; `sex` is M, F or I (undetermined).

    `birth_date` is of 4, 6 or 8 digits (yyyy, yyyymm, yyyymmdd); `birth_place` is an INSEE code, 99xxx abroad, '' when unknown.
    The used names are '' when they are those of birth.
    """

    birth_name: str
    birth_given_names: str
    sex: str
    birth_date: str
    birth_place: str = ""
    used_name: str = ""
    used_given_name: str = ""

    @property
    def names(self) -> tuple[str, str]:
        """The family names under which the person may be looked for."""
        return self.birth_name, self.used_name


@dataclass(frozen=True, slots=True)
class KnownIdentifier:
    """An INS of a person while it held: microseconds UTC; `until` is None for the current one."""

    identifier: PatientIdentifier
    since: int
    until: int | None


_FIND = prepare(
    select(patient.c.patient_key, patient.c.pseudonym)
    .join(patient_identifier, patient_identifier.c.patient_key == patient.c.patient_key)
    .where(patient_identifier.c.blind_index == bindparam("blind_index"), patient_identifier.c.until.is_(None))
)
_AT_ONCE = 16
_KEYS = prepare(
    select(patient_identifier.c.blind_index, patient_identifier.c.patient_key).where(
        patient_identifier.c.blind_index.in_([bindparam(f"blind{number}") for number in range(_AT_ONCE)]),
        patient_identifier.c.until.is_(None),
    )
)
_BY_KEY = prepare(
    select(patient.c.patient_key, patient.c.pseudonym).where(patient.c.patient_key == bindparam("patient_key"))
)
_BY_PSEUDONYM = prepare(
    select(patient.c.patient_key, patient.c.pseudonym).where(patient.c.pseudonym == bindparam("pseudonym"))
)
_OWNER = prepare(
    select(patient_identifier.c.patient_key, patient_identifier.c.until, patient.c.pseudonym)
    .join(patient, patient.c.patient_key == patient_identifier.c.patient_key)
    .where(patient_identifier.c.blind_index == bindparam("blind_index"))
)
_TRAITS = prepare(select(patient.c.sealed_traits).where(patient.c.patient_key == bindparam("patient_key")))
_PSEUDONYM = prepare(select(patient.c.pseudonym).where(patient.c.patient_key == bindparam("patient_key")))
_HISTORY = prepare(
    select(
        patient_identifier.c.blind_index,
        patient_identifier.c.sealed_value,
        patient_identifier.c.since,
        patient_identifier.c.until,
    )
    .where(patient_identifier.c.patient_key == bindparam("patient_key"))
    .order_by(patient_identifier.c.since, patient_identifier.c.until.is_(None), patient_identifier.c.until)
)
_ADD_PATIENT = prepare(
    insert(patient)
    .values({name: bindparam(name) for name in ("pseudonym", "sealed_traits", "updated_at", "index_form")})
    .returning(patient.c.patient_key)
)
_CHANGE_TRAITS = prepare(
    update(patient)
    .where(patient.c.patient_key == bindparam("of_patient"))
    .values(sealed_traits=bindparam("sealed_traits"), updated_at=bindparam("updated_at"))
)
_ADD_IDENTIFIER = prepare(
    insert(patient_identifier).values(
        {name: bindparam(name) for name in ("blind_index", "patient_key", "sealed_value", "since")}
    )
)
_RELEASE = prepare(delete(patient_identifier).where(patient_identifier.c.patient_key == bindparam("patient_key")))
_END_IDENTIFIERS = prepare(
    update(patient_identifier)
    .where(patient_identifier.c.patient_key == bindparam("of_patient"), patient_identifier.c.until.is_(None))
    .values(until=bindparam("ended_at"))
)


def find(connection: Connection, keyring: Keyring, identifier: PatientIdentifier) -> Patient | None:
    """The person whose current INS this is, None when there is none. One statement; the number is not checked here."""
    rows = connection.execute(_FIND, {"blind_index": _blind_index(keyring, identifier)})
    return Patient(*rows[0]) if rows else None


def keys_known(
    connection: Connection, keyring: Keyring, identifiers: Collection[PatientIdentifier]
) -> dict[PatientIdentifier, int]:
    """The internal keys of the people whose current INS these are; who is not known is left out."""
    named = {_blind_index(keyring, identifier): identifier for identifier in identifiers}
    found: dict[PatientIdentifier, int] = {}
    for values in _in_parts(list(named)):
        found |= {named[bytes(blind)]: key for blind, key in connection.execute(_KEYS, values)}
    return found


def foresee(connection: Connection, keyring: Keyring, identifiers: Collection[PatientIdentifier]) -> None:
    """Says that `keys_known` comes for all of them, and `find` for each time that one is among them, in this transaction, which changes nobody's INS."""
    named = [_blind_index(keyring, identifier) for identifier in identifiers]
    for blind in named:
        connection.foresee(_FIND, {"blind_index": blind}, unchanging=True)
    for values in _in_parts(list(dict.fromkeys(named))):
        connection.foresee(_KEYS, values)


def _in_parts(named: list[bytes]) -> Iterator[dict[str, bytes]]:
    for some in (named[start : start + _AT_ONCE] for start in range(0, len(named), _AT_ONCE)):
        yield {f"blind{number}": some[min(number, len(some) - 1)] for number in range(_AT_ONCE)}


def turn_key(keyring: Keyring, identifier: PatientIdentifier) -> int:
    """The number (64-bit signed) that says whose turn it is to write on this person, known here or not: a person has one current INS."""
    return int.from_bytes(_blind_index(keyring, identifier)[:8], "big", signed=True)


def pseudonym_of(connection: Connection, patient_key: int) -> str | None:
    """The pseudonym of an internal key, None when nobody has it; it is not erased with the person's key."""
    rows = connection.execute(_PSEUDONYM, {"patient_key": patient_key})
    return str(rows[0][0]) if rows else None


def by_key(connection: Connection, patient_key: int) -> Patient:
    """The person of an internal key. Raises UnknownPatient."""
    rows = connection.execute(_BY_KEY, {"patient_key": patient_key})
    if not rows:
        raise UnknownPatient("No person is known by this key.")
    return Patient(*rows[0])


def by_pseudonym(connection: Connection, pseudonym: str) -> Patient | None:
    """The person of a pseudonym, None when there is none."""
    rows = connection.execute(_BY_PSEUDONYM, {"pseudonym": pseudonym})
    return Patient(*rows[0]) if rows else None


def register(
    connection: Connection,
    keyring: Keyring,
    traits: Traits,
    identifier: PatientIdentifier,
    now: int,
    *,
    replaces: PatientIdentifier | None = None,
) -> int:
    """Makes the person known, or brings their traits up to date, and returns their internal key. Doing it again changes nothing.

    `replaces` is the INS that the person had before: it is ended at `now`, and the person keeps key and record. It is not read when
    `identifier` is known already as theirs. `identifier` must have been checked. Raises PatientMismatch when the identifier, now or
    formerly, is of another person, or is one that this person had and lost; UnknownPatient when the person's key was destroyed.
    """
    known = _owner(connection, keyring, identifier)
    previous = _owner(connection, keyring, replaces) if replaces is not None else None
    if known is not None:
        if known.ended or (previous is not None and previous.patient_key != known.patient_key):
            raise PatientMismatch("This INS was given to another person, or was withdrawn: it is not given again.")
        return _keep_up(connection, keyring, known, traits, now)
    if previous is None:
        return _add(connection, keyring, traits, identifier, now)
    if previous.ended:
        raise PatientMismatch("The INS to replace is no longer the person's current one.")
    # First what may fail on the person's key, then the writes: a feed goes on after a failed line, in the same transaction.
    _keep_up(connection, keyring, previous, traits, now)
    added = _identifier_row(keyring, keyring.patient_key(previous.pseudonym), identifier)
    connection.execute(_END_IDENTIFIERS, {"of_patient": previous.patient_key, "ended_at": now})
    connection.execute(_ADD_IDENTIFIER, {**added, "patient_key": previous.patient_key, "since": now})
    return previous.patient_key


def register_new(
    connection: Connection,
    keyring: Keyring,
    people: Mapping[PatientIdentifier, Traits],
    now: int,
) -> tuple[dict[PatientIdentifier, Patient], dict[str, PatientKey]]:
    """Makes many people known whom nobody knows yet, with keys made together; the rest of `people` is as known as before.

    Returns everybody of `people` by their INS, and the keys of those who are new by their pseudonym. A former INS of somebody is left out
    of the answer: it is not given again. Identifiers must have been checked.
    """
    owners = {identifier: _owner(connection, keyring, identifier) for identifier in people}
    new = {identifier: secrets.token_hex(16) for identifier, owner in owners.items() if owner is None}
    keys = keyring.create_patient_keys(tuple(new.values())) if new else {}
    found = {
        identifier: Patient(owner.patient_key, owner.pseudonym)
        for identifier, owner in owners.items()
        if owner is not None and not owner.ended
    }
    for identifier, pseudonym in new.items():
        key = keys[pseudonym]
        patient_key = _insert(connection, keyring, key, (people[identifier], identifier), now)
        found[identifier] = Patient(patient_key, pseudonym)
    return found, keys


def release(connection: Connection, patient_key: int) -> None:
    """Forgets every INS of somebody whose key is destroyed, so that the same human can be registered again, as a new person."""
    connection.execute(_RELEASE, {"patient_key": patient_key})


def read_traits(sealed: bytes, key: PatientKey) -> Traits:
    """Traits as they are stored, opened. Raises IntegrityFailure for another key or damaged bytes."""
    return msgspec.json.decode(key.open(sealed, TRAITS_CONTEXT), type=Traits)


def traits(connection: Connection, patient_key: int, key: PatientKey) -> Traits:
    """The person's traits, opened with their own key. Raises UnknownPatient, or IntegrityFailure for another key or damaged bytes."""
    rows = connection.execute(_TRAITS, {"patient_key": patient_key})
    if not rows:
        raise UnknownPatient("No person is known by this key.")
    return read_traits(rows[0][0], key)


def identifiers(connection: Connection, patient_key: int, key: PatientKey) -> tuple[KnownIdentifier, ...]:
    """Every INS that the person has or had, the oldest first; the last one is current."""
    rows = connection.execute(_HISTORY, {"patient_key": patient_key})
    return tuple(
        KnownIdentifier(_opened(key.open(sealed, _identifier_context(index))), since, until)
        for index, sealed, since, until in rows
    )


@dataclass(frozen=True, slots=True)
class _Owner:
    patient_key: int
    pseudonym: str
    ended: bool


def _owner(connection: Connection, keyring: Keyring, identifier: PatientIdentifier) -> _Owner | None:
    rows = connection.execute(_OWNER, {"blind_index": _blind_index(keyring, identifier)})
    return _Owner(rows[0][0], rows[0][2], rows[0][1] is not None) if rows else None


def _add(connection: Connection, keyring: Keyring, traits: Traits, identifier: PatientIdentifier, now: int) -> int:
    key = keyring.create_patient_key(secrets.token_hex(16))
    return _insert(connection, keyring, key, (traits, identifier), now)


def _insert(
    connection: Connection, keyring: Keyring, key: PatientKey, person: tuple[Traits, PatientIdentifier], now: int
) -> int:
    traits, identifier = person
    values = {"pseudonym": key.pseudonym, "sealed_traits": _sealed(key, traits), "updated_at": now}
    patient_key = int(connection.execute(_ADD_PATIENT, {**values, "index_form": trait_index.FORM})[0][0])
    added = _identifier_row(keyring, key, identifier)
    connection.execute(_ADD_IDENTIFIER, {**added, "patient_key": patient_key, "since": now})
    trait_index.add(connection, keyring, patient_key, traits.names, traits.birth_date)
    return patient_key


def _identifier_row(keyring: Keyring, key: PatientKey, identifier: PatientIdentifier) -> dict[str, bytes]:
    index = _blind_index(keyring, identifier)
    return {"blind_index": index, "sealed_value": key.seal(_clear(identifier), _identifier_context(index))}


def _keep_up(connection: Connection, keyring: Keyring, known: _Owner, wanted: Traits, now: int) -> int:
    key = keyring.patient_key(known.pseudonym)
    if traits(connection, known.patient_key, key) != wanted:
        values = {"of_patient": known.patient_key, "sealed_traits": _sealed(key, wanted), "updated_at": now}
        connection.execute(_CHANGE_TRAITS, values)
        trait_index.write_anew(connection, keyring, known.patient_key, wanted.names, wanted.birth_date)
    return known.patient_key


def _sealed(key: PatientKey, traits: Traits) -> bytes:
    return key.seal(msgspec.json.encode(traits), TRAITS_CONTEXT)


def _clear(identifier: PatientIdentifier) -> bytes:
    return f"{identifier.authority}|{identifier.value}".encode()


def _opened(clear: bytes) -> PatientIdentifier:
    authority, _bar, value = clear.decode().partition("|")
    return PatientIdentifier(value, authority)


def _blind_index(keyring: Keyring, identifier: PatientIdentifier) -> bytes:
    return keyring.blind_index(_clear(identifier))


def _identifier_context(blind_index: bytes) -> str:
    return f"identifier|{blind_index.hex()}"
