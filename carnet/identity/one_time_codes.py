"""Codes of a few minutes sent to a person's address: kept as a keyed hash, for one browser, a few tries, once. Moments: microseconds UTC.

A code is written down whether or not there is anybody to send it to, so that neither the answer nor its time tells who has an account.
"""

from __future__ import annotations

import hmac
import secrets

from sqlalchemy import bindparam, delete, insert, select, update

from carnet.clock import MINUTE
from carnet.crypto.keyring import Keyring
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import one_time_code
from carnet.errors import SignInFailed
from carnet.identity.browser_secrets import digest

DIGITS = 8
LIFE = 10 * MINUTE
TRIES = 5
"""Wrong codes after which the code is worth nothing."""

_CODE = one_time_code.c
_ADD = prepare(
    insert(one_time_code).values(
        {name: bindparam(name) for name in ("code_id", "browser", "patient_key", "code", "tries", "expires_at")}
    )
)
_FORGET = prepare(
    delete(one_time_code).where((_CODE.expires_at < bindparam("now")) | (_CODE.browser == bindparam("of_browser")))
)
_OF_BROWSER = prepare(
    select(_CODE.code_id, _CODE.patient_key, _CODE.code, _CODE.tries, _CODE.expires_at).where(
        _CODE.browser == bindparam("of_browser")
    )
)
_TRIED = prepare(update(one_time_code).where(_CODE.code_id == bindparam("name")).values(tries=_CODE.tries + 1))
_USE = prepare(delete(one_time_code).where(_CODE.code_id == bindparam("name")).returning(_CODE.code_id))


def write_code(connection: Connection, keyring: Keyring, patient_key: int | None, *, browser: str, now: int) -> str:
    """Makes a code for a browser, in the place of its former one, and returns it. `patient_key` None: of nobody, no code will fit."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    code_id = secrets.token_hex(12)
    connection.execute(_FORGET, {"now": now, "of_browser": digest(browser)})
    row = {"code_id": code_id, "browser": digest(browser), "patient_key": patient_key}
    hashed = _hash(keyring, code_id, code)
    connection.execute(_ADD, {**row, "code": hashed, "tries": 0, "expires_at": now + LIFE})
    return code


def code_of(connection: Connection, keyring: Keyring, code: str, *, browser: str, now: int) -> int:
    """The internal key of the person to whom this browser's code was sent, once. A wrong one is counted.

    Raises SignInFailed: the caller keeps the count all the same.
    """
    rows = connection.execute(_OF_BROWSER, {"of_browser": digest(browser)})
    if not rows:
        raise SignInFailed("this browser asked for no code")
    code_id, patient_key, hashed, tries, expires_at = rows[0]
    fits = hmac.compare_digest(_hash(keyring, code_id, "".join(code.split())), hashed)
    if now >= expires_at or tries >= TRIES:
        raise SignInFailed("the code's time or its tries are over")
    if not fits or patient_key is None:
        connection.execute(_TRIED, {"name": code_id})
        raise SignInFailed("the code is wrong")
    if not connection.execute(_USE, {"name": code_id}):
        raise SignInFailed("the code was used")
    return int(patient_key)


def holder_of_code(connection: Connection, browser: str) -> int | None:
    """The internal key of the person to whom this browser's code was sent, None when there is none: before anything is proved."""
    rows = connection.execute(_OF_BROWSER, {"of_browser": digest(browser)})
    return rows[0][1] if rows else None


def _hash(keyring: Keyring, code_id: str, code: str) -> bytes:
    return keyring.blind_index(f"one-time code|{code_id}|{code}".encode("utf-8", "surrogatepass"))
