"""Provisional codes: in the letter or the e-mail by which a person learns of the space, to say yes or no to it. Moments: microseconds UTC.

Sixty random bits, kept as a keyed hash; a person has one at a time.
"""

from __future__ import annotations

import hmac
import secrets

from sqlalchemy import bindparam, insert, select, update

from carnet.crypto.keyring import Keyring
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import provisional_code
from carnet.errors import SignInFailed

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: no letter that is taken for a digit."""
LENGTH, GROUP = 12, 4
TRIES = 10
"""Wrong codes after which a code is worth nothing."""
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})


class CodeExpired(SignInFailed):
    """The code is the person's, and its time is over: they may have another."""


_ROW = provisional_code.c
_MINE = (_ROW.patient_key == bindparam("person"), _ROW.ended_at.is_(None))
_ADD = prepare(
    insert(provisional_code).values(
        {
            name: bindparam(name)
            for name in ("patient_key", "code_id", "code", "channel", "issued_at", "expires_at", "tries")
        }
    )
)
_CURRENT = prepare(select(_ROW.code_id, _ROW.code, _ROW.tries, _ROW.expires_at, _ROW.channel).where(*_MINE))
_TRIED = prepare(update(provisional_code).where(*_MINE).values(tries=_ROW.tries + 1))
_END = prepare(update(provisional_code).where(*_MINE).values(ended_at=bindparam("moment"), ended_by=bindparam("whom")))


def issue_code(
    connection: Connection, keyring: Keyring, patient_key: int, *, channel: str, now: int, expires_at: int
) -> str:
    """Makes a code, which ends the one before, and returns it as it is written in the letter (`XXXX-XXXX-XXXX`); it is kept nowhere.

    `channel` is email or post.
    """
    plain = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    code_id = secrets.token_hex(12)
    end_codes(connection, patient_key, by="another code", now=now)
    row = {"patient_key": patient_key, "code_id": code_id, "code": _hash(keyring, code_id, plain), "channel": channel}
    connection.execute(_ADD, {**row, "issued_at": now, "expires_at": expires_at, "tries": 0})
    return "-".join(plain[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def try_code(connection: Connection, keyring: Keyring, patient_key: int, code: str, *, now: int) -> str:
    """Holds a code against the person's, and returns by which channel it went. A right one stays good until it is ended or expires.

    Raises SignInFailed for a wrong one, which is counted; CodeExpired for the right one too late.
    """
    rows = connection.execute(_CURRENT, {"person": patient_key})
    if not rows:
        raise SignInFailed("the person has no provisional code")
    code_id, hashed, tries, expires_at, channel = rows[0]
    if tries >= TRIES or not hmac.compare_digest(_hash(keyring, code_id, written(code)), hashed):
        connection.execute(_TRIED, {"person": patient_key})
        raise SignInFailed("the provisional code is wrong")
    if now >= expires_at:
        raise CodeExpired("the provisional code's time is over")
    return str(channel)


def end_codes(connection: Connection, patient_key: int, *, by: str, now: int) -> None:
    """Ends a person's code: it was used, or another was made."""
    connection.execute(_END, {"person": patient_key, "moment": now, "whom": by})


def written(code: str) -> str:
    """A code as a person may type it: case, blanks and hyphens do not matter, nor O for 0, I and L for 1."""
    return "".join(one for one in code.upper().translate(_READ_AS) if one.isalnum())[: 2 * LENGTH]


def _hash(keyring: Keyring, code_id: str, plain: str) -> bytes:
    return keyring.blind_index(f"provisional code|{code_id}|{plain}".encode("utf-8", "surrogatepass"))
