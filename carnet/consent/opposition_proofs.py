"""Proofs of objection: a signed statement that the person keeps, and a sealed copy of it. The text is French first."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import bindparam, insert, select

from carnet.clock import to_iso
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import opposition_proof
from carnet.errors import IntegrityFailure, InvalidMetadata

LONGEST_IDENTITY = 200
_DOMAIN = b"carnet proof of objection v1\n"
_SIGNATURE = "Signature (Ed25519) : "
_REFERENCE = "Référence / reference : "
_TEXT = """\
Preuve d'opposition - Proof of objection
{mark}{reference}
Date (UTC) : {date}
Identité déclarée / identity as given : {identity}
La personne désignée ci-dessus s'est opposée à l'ouverture de son espace numérique de santé et de son dossier médical partagé
(article R. 1111-28 du code de la santé publique). Elle peut changer d'avis à tout moment.
The person named above objected to the opening of their digital health space and shared health record (article R. 1111-28 of the
French public health code). They may change their mind at any time.
"""

_ADD = prepare(
    insert(opposition_proof).values(
        patient_key=bindparam("patient"),
        reference=bindparam("name"),
        opposed_at=bindparam("now"),
        sealed_statement=bindparam("sealed"),
    )
)
_LAST = prepare(
    select(opposition_proof.c.reference, opposition_proof.c.sealed_statement)
    .where(opposition_proof.c.patient_key == bindparam("patient"))
    .order_by(opposition_proof.c.opposed_at.desc())
    .limit(1)
)


class StatementKey(Protocol):
    """What is needed of the patient's key."""

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypts for one place."""
        ...

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypts; raises IntegrityFailure."""
        ...


def one_line(identity: str) -> str:
    """An identity as given, without blanks around it. Raises InvalidMetadata for one that is empty, long or not of one line."""
    given = identity.strip()
    if not given or len(given) > LONGEST_IDENTITY or not given.isprintable():
        raise InvalidMetadata(f"The identity as given is one line of at most {LONGEST_IDENTITY} characters.")
    return given


def write_proof(
    connection: Connection,
    patient_key: int,
    *,
    identity: str,
    key: StatementKey,
    sign: Callable[[bytes], bytes],
    now: int,
) -> str:
    """Writes and keeps the statement that a person objected at a moment (microseconds UTC); `identity` is as they gave it.

    `sign` makes Ed25519 signatures. Raises InvalidMetadata as `one_line` does.
    """
    given = one_line(identity)
    reference = f"OPP-{secrets.token_hex(10).upper()}"
    body = _TEXT.format(mark=_REFERENCE, reference=reference, date=to_iso(now), identity=given)
    statement = f"{body}{_SIGNATURE}{base64.b64encode(sign(_DOMAIN + body.encode())).decode()}\n"
    sealed = key.seal(statement.encode(), f"opposition|{reference}")
    connection.execute(_ADD, {"patient": patient_key, "name": reference, "now": now, "sealed": sealed})
    return statement


def last_proof(connection: Connection, patient_key: int, key: StatementKey) -> str | None:
    """The statement of the last objection, None when the person never objected."""
    rows = connection.execute(_LAST, {"patient": patient_key})
    return key.open(rows[0][1], f"opposition|{rows[0][0]}").decode() if rows else None


def verified_reference(statement: str, public_key: bytes) -> str:
    """The reference of a statement that the holder of a key (raw Ed25519, 32 bytes) signed. Raises IntegrityFailure for any other text."""
    body, _mark, signature = statement.rpartition(_SIGNATURE)
    try:
        signed = base64.b64decode(signature.removesuffix("\n"), validate=True)
        if f"{base64.b64encode(signed).decode()}\n" != signature:
            raise InvalidSignature  # noqa: TRY301 - two ways to write one signature
        Ed25519PublicKey.from_public_bytes(public_key).verify(signed, _DOMAIN + body.encode())
        return body.splitlines()[1].removeprefix(_REFERENCE)
    except (InvalidSignature, ValueError, IndexError):
        raise IntegrityFailure("This is not a proof of objection that was given here, or it was changed.") from None
