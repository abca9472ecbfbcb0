"""Sign-ins that a browser began: what must come back with its end, used once and bound to that browser; and how often somebody tried."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from carnet.crypto.envelope import PatientKey
from carnet.crypto.keyring import Keyring
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import sign_in_attempt, sign_in_count
from carnet.errors import SignInFailed, TooManyTries
from carnet.identity.browser_secrets import digest

_ATTEMPT, _COUNT = sign_in_attempt.c, sign_in_count.c
_NEW = insert(sign_in_attempt).values(
    {name: bindparam(name) for name in ("state", "kind", "browser", "sealed_secrets", "expires_at")}
)
_ADD = prepare(
    _NEW.on_conflict_do_update(
        index_elements=["state"],
        set_={name: _NEW.excluded[name] for name in ("kind", "browser", "sealed_secrets", "expires_at")},
    )
)
_TAKE = prepare(
    delete(sign_in_attempt)
    .where(_ATTEMPT.state == bindparam("of_state"))
    .returning(_ATTEMPT.kind, _ATTEMPT.browser, _ATTEMPT.sealed_secrets, _ATTEMPT.expires_at)
)
_FORGET = prepare(delete(sign_in_attempt).where(_ATTEMPT.expires_at < bindparam("now")))
_UPSERT = insert(sign_in_count).values(subject=bindparam("subject"), began_at=bindparam("began_at"), number=1)
_ONE_MORE = prepare(
    _UPSERT.on_conflict_do_update(index_elements=["subject", "began_at"], set_={"number": _COUNT.number + 1})
)
_SUM = prepare(
    select(func.coalesce(func.sum(_COUNT.number), 0)).where(
        _COUNT.subject == bindparam("of_subject"), _COUNT.began_at > bindparam("after")
    )
)
_FORGET_COUNTS = prepare(delete(sign_in_count).where(_COUNT.began_at < bindparam("before")))
SLICES = 6
"""A span is counted in so many parts, so that it moves with time instead of beginning anew at once."""


def begin(
    connection: Connection,
    key: PatientKey,
    kind: str,
    *,
    state: str,
    browser: str,
    values: Mapping[str, str],
    now: int,
    expires_at: int,
) -> None:
    """Keeps what a browser began, in the place of what it began under the same state. `state` and `browser` are what the browser holds: only their hashes are kept; `key` seals `values`."""
    connection.execute(_FORGET, {"now": now})
    sealed = key.seal(msgspec.json.encode(dict(values)), _context(kind, state))
    row = {"state": digest(state), "kind": kind, "browser": digest(browser)}
    connection.execute(_ADD, {**row, "sealed_secrets": sealed, "expires_at": expires_at})


def take(connection: Connection, key: PatientKey, kind: str, *, state: str, browser: str, now: int) -> dict[str, str]:
    """What was kept, and forgets it: it comes once. Raises SignInFailed for another kind, another browser, too late, or never begun."""
    rows = connection.execute(_TAKE, {"of_state": digest(state)})
    if not rows:
        raise SignInFailed("this sign-in was not begun here, or it ended")
    was, held_by, sealed, expires_at = rows[0]
    if was != kind or held_by != digest(browser) or now >= expires_at:
        raise SignInFailed("this sign-in was begun by another browser, for something else, or too long ago")
    return msgspec.json.decode(key.open(sealed, _context(kind, state)), type=dict[str, str])


def count_try(
    connection: Connection, keyring: Keyring, what: str, whom: str, *, maximum: int, span: int, now: int
) -> None:
    """Counts one try of an account or an address. Raises TooManyTries when it made `maximum` within `span` microseconds already.

    Where the database is spread it stays counted whatever becomes of what was tried.
    """
    slice_of_span = span // SLICES
    if tries(connection, keyring, what, whom, span=span, now=now) >= maximum:
        raise TooManyTries(f"too many tries: {what}")
    connection.apart(_ONE_MORE, {"subject": _subject(keyring, what, whom), "began_at": now - now % slice_of_span})


def tries(connection: Connection, keyring: Keyring, what: str, whom: str, *, span: int, now: int) -> int:
    """How many tries of an account or an address were counted within `span` microseconds."""
    values = {"of_subject": _subject(keyring, what, whom), "after": now - span}
    return int(connection.execute(_SUM, values)[0][0])


def forget_counts(connection: Connection, before: int) -> None:
    """Forgets counts of spans that ended before a moment (microseconds UTC)."""
    connection.execute(_FORGET_COUNTS, {"before": before})


def _subject(keyring: Keyring, what: str, whom: str) -> bytes:
    return keyring.blind_index(f"sign-in count|{what}|{whom}".encode())


def _context(kind: str, state: str) -> str:
    return f"sign-in|{kind}|{digest(state).hex()}"
