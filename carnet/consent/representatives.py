"""Who acts for a patient: legal representatives, the person in charge of protection, carers; invited, accepted, refused, ended.

One row is one state of one link while it held; a state is ended and another begun, never changed. Moments are microseconds UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, bindparam, insert, or_, select, update

from carnet.consent.rights_version import bump
from carnet.database.connection import Connection, Row
from carnet.database.statements import prepare
from carnet.database.tables import representation
from carnet.errors import Refused


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


MAXIMUM_CARERS = 3
"""Carers whom one holder has or invited."""
MAXIMUM_CARED_FOR = 5
"""People for whom one carer acts or was invited to."""
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
class _Dates:
    starts_at: int
    ends_at: int | None = None
    answer_by: int | None = None


MajorityOf = Callable[[int], int | None]
"""(patient_key) -> when that patient comes or came of age, None when unknown."""


def _unknown(_patient_key: int) -> None:
    return None


_COLUMNS = tuple(representation.c[name] for name in Acting.__slots__)


def _held() -> Select[Any]:
    return select(*_COLUMNS).where(
        representation.c.since <= bindparam("now"),
        or_(representation.c.until.is_(None), representation.c.until > bindparam("now")),
    )


_OF_PATIENT = prepare(_held().where(representation.c.patient_key == bindparam("patient")))
_OF_ACTING = prepare(_held().where(representation.c.acting_key == bindparam("acting")))
_ENDED_BY = prepare(
    select(*_COLUMNS)
    .where(
        or_(
            representation.c.patient_key == bindparam("person"),
            representation.c.acting_key == bindparam("person"),
        ),
        representation.c.until == bindparam("moment"),
        representation.c.ended_by == bindparam("by"),
    )
    .order_by(representation.c.patient_key, representation.c.link_id)
)
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
    return tuple(sorted((_acting(row, now) for row in rows), key=lambda one: (one.since, one.link_id)))


def link_between(
    connection: Connection, patient_key: int, acting_key: int, *, now: int, majority: int | None = None
) -> Acting | None:
    """The link by which one person acts for another, None when there is none: what is in force first, then what can still come to be.

    So a delegation whose dates have passed, or that majority ended, stands before no later one. `majority` as for `Acting.in_force`.
    """

    def rank(one: Acting) -> tuple[bool, bool, bool, int]:
        living = _lives(one, now) and not one.lapsed(now, majority=majority)
        return not one.in_force(now, majority=majority), not living, one.state is not State.ACCEPTED, -one.since

    return min(_of_acting(connection, patient_key, acting_key, now), key=rank, default=None)


def declare(
    connection: Connection,
    patient_key: int,
    acting_key: int,
    kind: Representation,
    *,
    source: str,
    now: int,
    majority: int | None = None,
) -> bool:
    """Writes a first legal representative or a person in charge of protection, whose word is not asked; a former one's link ends.

    So do the links of the same person that the patient's majority ended (`majority` as for `Acting.in_force`).
    """
    if kind in INVITED:
        raise ValueError("this representation begins by an invitation")
    _not_oneself(patient_key, acting_key)
    same = [one for one in _living(connection, patient_key, now) if one.kind is kind]
    if [one.acting_key for one in same] == [acting_key]:
        return False
    for one in same:
        _end(connection, one, by="declaration", now=now)
    _end_lapsed(connection, patient_key, acting_key, now=now, majority=majority)
    _write(connection, patient_key, acting_key, kind, State.ACCEPTED, dates=_Dates(now), source=source, now=now)
    return True


def invite(
    connection: Connection,
    patient_key: int,
    acting_key: int,
    kind: Representation,
    *,
    answer_by: int,
    source: str,
    now: int,
    starts_at: int | None = None,
    ends_at: int | None = None,
    majority: int | None = None,
    majority_of_another: MajorityOf = _unknown,
) -> bool:
    """Asks a second representative or a carer; nothing may be done before it is accepted. False when the person is asked or acts already.

    What the patient's majority ended (`majority` as for `Acting.in_force`) counts no more, and is ended for the person invited;
    `majority_of_another` tells the same of those for whom the carer acts already. Raises Refused beyond the limits of carers, or for a second representative when there is one or no first; ValueError for dates that
    make no sense.
    """
    if kind not in INVITED:
        raise ValueError("this representation is declared, not invited")
    _not_oneself(patient_key, acting_key)
    begins = now if starts_at is None else starts_at
    if answer_by <= now or (ends_at is not None and ends_at <= max(now, begins)):
        raise ValueError("an invitation and a delegation end after they begin")
    living = _living(connection, patient_key, now, majority)
    if any(one.acting_key == acting_key for one in living):
        return False
    _within_limits(connection, acting_key, kind, living, now=now, majority_of=majority_of_another)
    _end_lapsed(connection, patient_key, acting_key, now=now, majority=majority)
    dates = _Dates(begins, ends_at, answer_by)
    _write(connection, patient_key, acting_key, kind, State.PENDING, dates=dates, source=source, now=now)
    return True


def answer(
    connection: Connection,
    patient_key: int,
    acting_key: int,
    *,
    accepted: bool,
    now: int,
    majority: int | None = None,
) -> bool:
    """The invited person's answer; False when no invitation waits for it (none, expired, answered).

    Raises Refused for an acceptance once the patient's majority ended the invitation: its moment counts, not that of the answer.
    """
    waiting = [one for one in _of_acting(connection, patient_key, acting_key, now) if one.state is State.PENDING]
    if not waiting:
        return False
    one = waiting[0]
    if accepted and one.lapsed(now, majority=majority):
        raise Refused("The invitation ended when the patient came of age.", rules=("named-before-majority",))
    _end(connection, one, by="representative", now=now)
    state = State.ACCEPTED if accepted else State.REFUSED
    dates = _Dates(one.starts_at, one.ends_at, one.answer_by)
    _write(connection, patient_key, acting_key, one.kind, state, dates=dates, source="invitation", now=now)
    return True


def revoke(connection: Connection, patient_key: int, acting_key: int, *, by: str, now: int) -> bool:
    """Ends what one person may do or was asked to do for another; `by` is `holder` or `representative`: either side may."""
    links = [one for one in _of_acting(connection, patient_key, acting_key, now) if one.state is not State.REFUSED]
    for one in links:
        _end(connection, one, by=by, now=now)
    return bool(links)


def end_all(connection: Connection, person: int, *, by: str, now: int) -> tuple[Acting, ...]:
    """Ends every link of somebody whose life, or whose record, has ended: those who act for them, and those for whom they act.

    Returns what was ended. `by` is BY_DEATH or BY_DESTRUCTION.
    """
    links = (*acting_for(connection, person, now=now), *_acted_for(connection, person, now))
    ended = tuple(one for one in links if one.state is not State.REFUSED)
    for one in ended:
        _end(connection, one, by=by, now=now)
    return ended


def give_back(connection: Connection, person: int, *, died_at: int, now: int) -> tuple[Acting, ...]:
    """Begins again the links that a death ended which did not happen, but those that others have taken the place of; returns them."""
    parameters = {"person": person, "moment": died_at, "by": BY_DEATH}
    ended = [_acting(row, now) for row in connection.execute(_ENDED_BY, parameters)]
    again = tuple(one for one in ended if not _taken(connection, one, now))
    for one in again:
        dates = _Dates(one.starts_at, one.ends_at, one.answer_by)
        state = State.PENDING if one.state is State.EXPIRED else one.state
        _write(
            connection, one.patient_key, one.acting_key, one.kind, state, dates=dates, source="death withdrawn", now=now
        )
    return tuple(replace(one, since=now, until=None) for one in again)


def _taken(connection: Connection, one: Acting, now: int) -> bool:
    """Whether the person acts again already, or somebody else in what one person alone can be."""
    living = _living(connection, one.patient_key, now)
    return any(
        other.acting_key == one.acting_key or (other.kind is one.kind is not Representation.CARER) for other in living
    )


def _acted_for(connection: Connection, acting_key: int, now: int) -> list[Acting]:
    rows = connection.execute(_OF_ACTING, {"acting": acting_key, "now": now})
    return sorted((_acting(row, now) for row in rows), key=lambda one: (one.patient_key, one.link_id))


def _not_oneself(patient_key: int, acting_key: int) -> None:
    if patient_key == acting_key:
        raise ValueError("nobody acts for himself or herself")


def _within_limits(
    connection: Connection,
    acting_key: int,
    kind: Representation,
    living: list[Acting],
    *,
    now: int,
    majority_of: MajorityOf,
) -> None:
    if kind is Representation.SECOND_REPRESENTATIVE:
        kinds = {one.kind for one in living}
        if Representation.FIRST_REPRESENTATIVE not in kinds or kind in kinds:
            raise Refused("A second representative is invited once, by a first one.", rules=("second-representative",))
        return
    carers = [one for one in living if one.kind is kind]
    if len(carers) >= MAXIMUM_CARERS:
        raise Refused(f"A patient has at most {MAXIMUM_CARERS} carers.", rules=("maximum-carers",))
    cared_for = [one for one in _acted_for(connection, acting_key, now) if one.kind is kind and _lives(one, now)]
    if len(cared_for) >= MAXIMUM_CARED_FOR:  # what majority ended is looked for only where it matters
        cared_for = [one for one in cared_for if not one.lapsed(now, majority=majority_of(one.patient_key))]
    if len(cared_for) >= MAXIMUM_CARED_FOR:
        raise Refused(f"A carer acts for at most {MAXIMUM_CARED_FOR} people.", rules=("maximum-cared-for",))


def _living(connection: Connection, patient_key: int, now: int, majority: int | None = None) -> list[Acting]:
    held = acting_for(connection, patient_key, now=now)
    return [one for one in held if _lives(one, now) and not one.lapsed(now, majority=majority)]


def _lives(one: Acting, now: int) -> bool:
    if one.state not in {State.PENDING, State.ACCEPTED}:
        return False
    return one.ends_at is None or now < one.ends_at


def _of_acting(connection: Connection, patient_key: int, acting_key: int, now: int) -> list[Acting]:
    return [one for one in acting_for(connection, patient_key, now=now) if one.acting_key == acting_key]


def _acting(row: Row, now: int) -> Acting:
    patient_key, link_id, acting_key, kind, state, since, until, answer_by, starts_at, ends_at = row
    expired = state == State.PENDING.value and answer_by is not None and now >= answer_by
    return Acting(
        patient_key=patient_key,
        link_id=link_id,
        acting_key=acting_key,
        kind=Representation(kind),
        state=State.EXPIRED if expired else State(state),
        since=since,
        until=until,
        answer_by=answer_by,
        starts_at=starts_at,
        ends_at=ends_at,
    )


def _end(connection: Connection, one: Acting, *, by: str, now: int) -> None:
    bump(connection, one.patient_key)
    connection.execute(_END, {"patient": one.patient_key, "link": one.link_id, "now": now, "by": by})


def _end_lapsed(connection: Connection, patient_key: int, acting_key: int, *, now: int, majority: int | None) -> None:
    for one in _of_acting(connection, patient_key, acting_key, now):
        if one.state is not State.REFUSED and one.lapsed(now, majority=majority):
            _end(connection, one, by="majority", now=now)


def _write(
    connection: Connection,
    patient_key: int,
    acting_key: int,
    kind: Representation,
    state: State,
    *,
    dates: _Dates,
    source: str,
    now: int,
) -> None:
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
