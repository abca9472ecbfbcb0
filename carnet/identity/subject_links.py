"""Which person a subject of an identity provider is: written at the first sign-in, held against every later one. Moments: microseconds UTC.

The traits decide each time; the link makes sure that a subject never becomes somebody else, and that a person has one subject at a provider.
"""

from __future__ import annotations

import secrets

from sqlalchemy import bindparam, insert, select, update

from carnet.crypto.keyring import Keyring
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import subject_link
from carnet.errors import SignInFailed

_LINK = subject_link.c
_OWNERS = prepare(select(_LINK.patient_key, _LINK.until).where(_LINK.subject == bindparam("of_subject")))
_ADD = prepare(
    insert(subject_link).values({name: bindparam(name) for name in ("patient_key", "link_id", "subject", "since")})
)
_END = prepare(
    update(subject_link)
    .where(_LINK.patient_key == bindparam("person"), _LINK.until.is_(None))
    .values(until=bindparam("moment"), ended_by=bindparam("whom"))
)


def link(connection: Connection, keyring: Keyring, patient_key: int, *, issuer: str, subject: str, now: int) -> bool:
    """Writes that a subject is this person; False when it stood so. A person's former subject at the provider ends.

    Raises SignInFailed when the subject is, or ever was, somebody else's.
    """
    blind = keyring.blind_index(f"subject|{issuer}|{subject}".encode())
    rows = connection.execute(_OWNERS, {"of_subject": blind})
    if any(owner != patient_key for owner, _until in rows):
        raise SignInFailed("the provider's subject is linked to another person")
    if any(until is None for _owner, until in rows):
        return False
    unlink(connection, patient_key, by="another subject", now=now)
    row = {"patient_key": patient_key, "link_id": secrets.token_hex(12), "subject": blind, "since": now}
    connection.execute(_ADD, row)
    return True


def unlink(connection: Connection, patient_key: int, *, by: str, now: int) -> None:
    """Ends a person's link."""
    connection.execute(_END, {"person": patient_key, "moment": now, "whom": by})
