"""The links by which one person acts for another, as rows: what they say, how they are read, begun and ended.

One row is one state of one link while it held; a state is ended and another begun, never changed. Moments are microseconds UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, bindparam, insert, or_, select, update

from carnet.consent.rights_version import bump
from carnet.database.connection import Connection, Row
from carnet.database.statements import prepare
from carnet.database.stored_words import word
from carnet.database.tables import representation


class Representation(StrEnum):
    """representation.kind."""

    FIRST_REPRESENTATIVE = "first_representative"
    SECOND_REPRESENTATIVE = "second_representative"
    PROTECTION = "protection"
    CARER = "carer"


class State(StrEnum):
    """Where a link stands; EXPIRED is no row of its own: an invitation whose time to answer has passed."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    EXPIRED = "expired"


BY_DEATH, BY_DESTRUCTION = "death", "destruction"
"""representation.ended_by of a link that ended with a life, or with a record."""
INVITED = frozenset({Representation.SECOND_REPRESENTATIVE, Representation.CARER})
"""Kinds that begin by an invitation; the others are declared, by the insurer or on a court's decision."""
OF_A_MINOR = frozenset({Representation.FIRST_REPRESENTATIVE, Representation.SECOND_REPRESENTATIVE})
"""Kinds that end when the holder comes of age."""


@dataclass(frozen=True, slots=True)
class Acting:
    """One link. `starts_at` and `ends_at` (None: open) are the dates of the delegation, `answer_by` that of the invitation."""

    patient_key: int
    link_id: str
    acting_key: int
    kind: Representation
    state: State
    since: int
    until: int | None
    answer_by: int | None
    starts_at: int
    ends_at: int | None

    def in_force(self, now: int, *, majority: int | None) -> bool:
        """Whether the person acts for the patient at a moment; `majority` is when the patient comes or came of age, None when unknown.

        INFERRED from the consents that a new adult gives again: a carer whom the representatives named acts no longer either.
        """
        if self.state is not State.ACCEPTED or not self.starts_at <= now:
            return False
        if self.ends_at is not None and now >= self.ends_at:
            return False
        if self.kind in OF_A_MINOR and majority is None:
            return False
        return not self.lapsed(now, majority=majority)

    def lapsed(self, now: int, *, majority: int | None) -> bool:
        """Whether majority ended it: a representative of a minor, a carer named or invited before. False while `majority` is unknown."""
        if majority is None or now < majority:
            return False
        return self.kind in OF_A_MINOR or (self.kind is Representation.CARER and self.since < majority)


@dataclass(frozen=True, slots=True)
class Dates:
    """Of a delegation: from when, to when (None: open), and until when its invitation may be answered (None: there is none)."""

    starts_at: int
    ends_at: int | None = None
    answer_by: int | None = None


COLUMNS = tuple(representation.c[name] for name in Acting.__slots__)
"""What a query selects for `link_of_row`."""


def _held() -> Select[Any]:
    return select(*COLUMNS).where(
        representation.c.since <= bindparam("now"),
        or_(representation.c.until.is_(None), representation.c.until > bindparam("now")),
    )


_OF_PATIENT = prepare(_held().where(representation.c.patient_key == bindparam("patient")))
_OF_ACTING = prepare(_held().where(representation.c.acting_key == bindparam("acting")))
_ADD = prepare(
    insert(representation).values({name: bindparam(name) for name in (*Acting.__slots__, "source") if name != "until"})
)
_END = prepare(
    update(representation)
    .where(
        representation.c.patient_key == bindparam("patient"),
        representation.c.link_id == bindparam("link"),
        representation.c.until.is_(None),
    )
    .values(until=bindparam("now"), ended_by=bindparam("by"))
)


def acting_for(connection: Connection, patient_key: int, *, now: int) -> tuple[Acting, ...]:
    """The links of one patient at a moment, refused and expired ones included."""
    rows = connection.execute(_OF_PATIENT, {"patient": patient_key, "now": now})
    return tuple(sorted((link_of_row(row, now) for row in rows), key=lambda one: (one.since, one.link_id)))


def acted_for(connection: Connection, acting_key: int, now: int) -> list[Acting]:
    """The links of one person to those for whom he or she acts, or was asked to, refused and expired ones included."""
    rows = connection.execute(_OF_ACTING, {"acting": acting_key, "now": now})
    return sorted((link_of_row(row, now) for row in rows), key=lambda one: (one.patient_key, one.link_id))


def living_links(connection: Connection, patient_key: int, now: int, majority: int | None = None) -> list[Acting]:
    """The links of one patient that hold or can still come to be; `majority` as for `Acting.in_force`."""
    held = acting_for(connection, patient_key, now=now)
    return [one for one in held if lives(one, now) and not one.lapsed(now, majority=majority)]


def lives(one: Acting, now: int) -> bool:
    """Whether a link is accepted, or waits for its answer, and its dates have not passed."""
    if one.state not in {State.PENDING, State.ACCEPTED}:
        return False
    return one.ends_at is None or now < one.ends_at


def links_between(connection: Connection, patient_key: int, acting_key: int, now: int) -> list[Acting]:
    """The links of one patient to one person, refused and expired ones included."""
    return [one for one in acting_for(connection, patient_key, now=now) if one.acting_key == acting_key]


def link_of_row(row: Row, now: int) -> Acting:
    """A row of COLUMNS as a link; an invitation whose time to answer has passed is expired."""
    patient_key, link_id, acting_key, kind, state, since, until, answer_by, starts_at, ends_at = row
    expired = state == State.PENDING.value and answer_by is not None and now >= answer_by
    return Acting(
        patient_key=patient_key,
        link_id=link_id,
        acting_key=acting_key,
        kind=Representation(kind),
        state=State.EXPIRED if expired else word(State, state),
        since=since,
        until=until,
        answer_by=answer_by,
        starts_at=starts_at,
        ends_at=ends_at,
    )


def end_link(connection: Connection, one: Acting, *, by: str, now: int) -> None:
    """Ends the state in which a link stands; `by` says who or what ended it."""
    bump(connection, one.patient_key)
    connection.execute(_END, {"patient": one.patient_key, "link": one.link_id, "now": now, "by": by})


def write_link(
    connection: Connection,
    patient_key: int,
    acting_key: int,
    kind: Representation,
    state: State,
    *,
    dates: Dates,
    source: str,
    now: int,
) -> None:
    """Begins a state of a link; `source` says on whose word."""
    version = bump(connection, patient_key)
    row = {
        "patient_key": patient_key,
        "link_id": f"{kind.value}-{version}",
        "acting_key": acting_key,
        "kind": kind.value,
        "state": state.value,
        "since": now,
        "answer_by": dates.answer_by,
        "starts_at": dates.starts_at,
        "ends_at": dates.ends_at,
        "source": source,
    }
    connection.execute(_ADD, row)
