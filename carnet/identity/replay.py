"""The memory of assertions that were used, shared by all workers and kept over restarts: one row in `replay` each.

Where the database is spread over several servers a row lies by its assertion, and is kept before the act begins: what fails after that has used the
assertion up, what succeeds has never left it unused.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import replay
from carnet.errors import AssertionInvalid
from carnet.identity.vihf_structure import deny
from carnet.requester import AssertionUse

_REMEMBER = prepare(
    insert(replay)
    .values(key=bindparam("key"), certificate=bindparam("certificate"), expires_at=bindparam("expires_at"))
    .on_conflict_do_nothing()
    .returning(replay.c.key)
)
_WHO_USED = prepare(select(replay.c.certificate).where(replay.c.key == bindparam("key")))
_FORGET = prepare(delete(replay).where(replay.c.expires_at < bindparam("now")))


def remember(connection: Connection, use: AssertionUse, certificate: str) -> None:
    """Notes that an assertion is used now, over the connection of this certificate (SHA-256 of its DER, hexadecimal).

    Raises AssertionInvalid when it was used before; a reusable one may come again, over the same certificate only.
    """
    if connection.apart(_REMEMBER, _row(use, certificate)):
        return
    rows = connection.apart(_WHO_USED, {"key": use.key})
    if not (use.reusable and rows and rows[0][0] == certificate):
        raise replayed()


def foresee(connection: Connection, use: AssertionUse, certificate: str) -> None:
    """Says that `remember` comes, in this transaction: not where that is one by itself."""
    if not connection.spread:
        connection.foresee(_REMEMBER, _row(use, certificate))


def _row(use: AssertionUse, certificate: str) -> dict[str, Any]:
    return {"key": use.key, "certificate": certificate, "expires_at": use.expires_at}


def replayed() -> AssertionInvalid:
    """The uniform error for an assertion that comes again."""
    return deny("the assertion was used before")


def forget_expired(connection: Connection, now: int) -> None:
    """Drops what need not be remembered after `now` (microseconds UTC)."""
    connection.sweep(_FORGET, {"now": now})
