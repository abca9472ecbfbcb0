"""When a professional last saw the summary of a record: theirs alone. Moments are microseconds UTC.

Who it was stands as a keyed mark, and the moments are sealed under the patient's key: whoever holds the database learns how many have
looked, which the trace's lines tell as well, and not who or when.
"""

from __future__ import annotations

import struct
from typing import Protocol

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from carnet.clock import MINUTE
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import professional_look

SAME_LOOK = 30 * MINUTE
"""Who comes back within this time is still looking: what was new stays new."""
_MOMENTS = struct.Struct(">qq")
_NEVER = -1
_READ = prepare(
    select(professional_look.c.sealed_moments).where(
        professional_look.c.patient_key == bindparam("patient"), professional_look.c.looker == bindparam("who")
    )
)
_UPSERT = insert(professional_look).values({one.name: bindparam(one.name) for one in professional_look.c})
_KEEP = prepare(
    _UPSERT.on_conflict_do_update(
        index_elements=["patient_key", "looker"], set_={"sealed_moments": _UPSERT.excluded.sealed_moments}
    )
)


class SealingKey(Protocol):
    """What is needed of `crypto.envelope.PatientKey`."""

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypts for one place, which `context` names."""
        ...

    def open(self, sealed: bytes, context: str) -> bytes:
        """The plain bytes; raises IntegrityFailure for any other context or key."""
        ...


class Marking(Protocol):
    """What is needed of `crypto.keyring.Keyring`."""

    def blind_index(self, data: bytes) -> bytes:
        """A keyed mark of some bytes."""
        ...


def look(
    connection: Connection, keyring: Marking, key: SealingKey, patient_key: int, professional: str, *, now: int
) -> int | None:
    """Notes that a professional (PS_IdNat) sees the summary now, and returns when the look before this one was; None at the first.

    Raises IntegrityFailure for a row that is not of its place.
    """
    who = keyring.blind_index(f"look|{patient_key}|{professional}".encode())
    context = f"look|{who.hex()}"
    rows = connection.execute(_READ, {"patient": patient_key, "who": who})
    former, latest = _MOMENTS.unpack(key.open(rows[0][0], context)) if rows else (_NEVER, _NEVER)
    if latest != _NEVER and now - latest >= SAME_LOOK:
        former = latest
    moments = key.seal(_MOMENTS.pack(former, max(now, latest)), context)
    connection.execute(_KEEP, {"patient_key": patient_key, "looker": who, "sealed_moments": moments})
    return None if former == _NEVER else former
