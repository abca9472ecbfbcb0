"""Who is tied to a record, and to which records a party is tied: what TD0.4 and TD1.6 list."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, func, literal_column, or_, select

from carnet.consent.care_links import Link
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import care_link


@dataclass(frozen=True, slots=True)
class Tie:
    """One link of a record that holds now. `party` is a PS_IdNat or a Struct_IdNat; moments in microseconds UTC."""

    party: str
    kind: str
    since: int
    expires_at: int | None


LETS_IN = ("authorised", "care_team", "medecin_traitant")
"""Kinds of links that let a party read: the patient's word, a place in the care team (R1111-46 CSP), L1111-16 CSP."""

_HOLDS = (
    care_link.c.since <= bindparam("now"),
    or_(care_link.c.until.is_(None), care_link.c.until > bindparam("now")),
    or_(care_link.c.expires_at.is_(None), care_link.c.expires_at > bindparam("now")),
)
_OF_RECORD = prepare(
    select(care_link.c.party, care_link.c.kind, care_link.c.since, care_link.c.expires_at)
    .where(care_link.c.patient_key == bindparam("patient"), *_HOLDS)
    .order_by(care_link.c.since, care_link.c.link_id)
)
_OF_PARTY = prepare(
    select(care_link.c.patient_key, func.max(care_link.c.since).label("last"))
    .where(
        care_link.c.party == bindparam("link_party"),
        care_link.c.kind.in_([literal_column(f"'{kind}'") for kind in LETS_IN]),
        *_HOLDS,
    )
    .group_by(care_link.c.patient_key)
    .having(func.max(care_link.c.since) >= bindparam("not_before"))
    .order_by(func.max(care_link.c.since).desc(), care_link.c.patient_key)
    .limit(bindparam("most"))
)
_EVER = prepare(
    select(care_link.c.link_id)
    .where(
        care_link.c.patient_key == bindparam("patient"),
        care_link.c.party == bindparam("link_party"),
        care_link.c.kind == bindparam("link_kind"),
    )
    .limit(literal_column("1"))
)


def ties_of(connection: Connection, patient_key: int, *, now: int) -> tuple[Tie, ...]:
    """Every link of a record that holds and has not expired, the oldest first."""
    return tuple(Tie(*row) for row in connection.execute(_OF_RECORD, {"patient": patient_key, "now": now}))


def records_of(connection: Connection, party: str, *, since: int, now: int, limit: int) -> tuple[tuple[int, int], ...]:
    """The records that a party may read by a link that lets it in (LETS_IN) and was tied since a moment, the newest first.

    Pairs of the patient's internal key and the moment of the last such link; `limit` pairs at most.
    """
    parameters = {"link_party": party, "not_before": since, "now": now, "most": limit}
    return tuple((row[0], row[1]) for row in connection.execute(_OF_PARTY, parameters))


def ever_tied(connection: Connection, patient_key: int, kind: Link, party: str) -> bool:
    """Whether a party was once tied to a record in this way, now or formerly."""
    parameters = {"patient": patient_key, "link_party": party, "link_kind": kind.value}
    return bool(connection.execute(_EVER, parameters))
