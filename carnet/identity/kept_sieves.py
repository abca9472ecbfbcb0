"""How a professional last filtered lists of documents: theirs alone, sealed, found by a keyed digest, naming no patient."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from carnet.crypto.keyring import Keyring
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import kept_sieve
from carnet.errors import IntegrityFailure

_READ = prepare(select(kept_sieve.c.sealed_sieve).where(kept_sieve.c.keeper == bindparam("keeper")))
_UPSERT = insert(kept_sieve).values({one.name: bindparam(one.name) for one in kept_sieve.c})
_KEEP = prepare(
    _UPSERT.on_conflict_do_update(
        index_elements=["keeper"],
        set_={name: _UPSERT.excluded[name] for name in ("sealed_sieve", "kept_at")},
    )
)


def kept(connection: Connection, keyring: Keyring, professional: str) -> Mapping[str, bool]:
    """What was kept for a professional (PS_IdNat), by the names of its choices; {} for nothing, or what cannot be read any more."""
    keeper = _keeper(keyring, professional)
    rows = connection.execute(_READ, {"keeper": keeper})
    try:
        plain = keyring.actor_key().open(rows[0][0], _context(keeper)) if rows else b"{}"
        return msgspec.json.decode(plain, type=dict[str, bool])
    except (IntegrityFailure, msgspec.DecodeError):
        return {}


def keep(connection: Connection, keyring: Keyring, professional: str, choices: Mapping[str, bool], now: int) -> None:
    """Keeps the choices of a professional in place of the former ones. `now` in microseconds UTC."""
    keeper = _keeper(keyring, professional)
    sealed = keyring.actor_key().seal(msgspec.json.encode(dict(choices)), _context(keeper))
    connection.execute(_KEEP, {"keeper": keeper, "sealed_sieve": sealed, "kept_at": now})


def _keeper(keyring: Keyring, professional: str) -> str:
    return keyring.blind_index(f"sieve|{professional}".encode()).hex()


def _context(keeper: str) -> str:
    return f"sieve|{keeper}"
