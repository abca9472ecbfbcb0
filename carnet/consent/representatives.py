"""Who acts for a patient: legal representatives, the person in charge of protection, carers; invited, accepted, refused, ended.

The links themselves are those of `acting_links`. Moments are microseconds UTC.
"""

from __future__ import annotations

from collections.abc import Callable

from carnet.consent.acting_links import (
    INVITED,
    Acting,
    Dates,
    Representation,
    State,
    acted_for,
    end_link,
    links_between,
    lives,
    living_links,
    write_link,
)
from carnet.database.connection import Connection
from carnet.errors import Refused

MAXIMUM_CARERS = 3
"""Carers whom one holder has or invited."""
MAXIMUM_CARED_FOR = 5
"""People for whom one carer acts or was invited to."""
MajorityOf = Callable[[int], int | None]
"""(patient_key) -> when that patient comes or came of age, None when unknown."""


def _unknown(_patient_key: int) -> None:
    return None


def link_between(
    connection: Connection, patient_key: int, acting_key: int, *, now: int, majority: int | None = None
) -> Acting | None:
    """The link by which one person acts for another, None when there is none: what is in force first, then what can still come to be.

    So a delegation whose dates have passed, or that majority ended, stands before no later one. `majority` as for `Acting.in_force`.
    """

    def rank(one: Acting) -> tuple[bool, bool, bool, int]:
        living = lives(one, now) and not one.lapsed(now, majority=majority)
        return not one.in_force(now, majority=majority), not living, one.state is not State.ACCEPTED, -one.since

    return min(links_between(connection, patient_key, acting_key, now), key=rank, default=None)


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
    same = [one for one in living_links(connection, patient_key, now) if one.kind is kind]
    if [one.acting_key for one in same] == [acting_key]:
        return False
    for one in same:
        end_link(connection, one, by="declaration", now=now)
    _end_lapsed(connection, patient_key, acting_key, now=now, majority=majority)
    write_link(connection, patient_key, acting_key, kind, State.ACCEPTED, dates=Dates(now), source=source, now=now)
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
    living = living_links(connection, patient_key, now, majority)
    if any(one.acting_key == acting_key for one in living):
        return False
    _within_limits(connection, acting_key, kind, living, now=now, majority_of=majority_of_another)
    _end_lapsed(connection, patient_key, acting_key, now=now, majority=majority)
    dates = Dates(begins, ends_at, answer_by)
    write_link(connection, patient_key, acting_key, kind, State.PENDING, dates=dates, source=source, now=now)
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
    waiting = [one for one in links_between(connection, patient_key, acting_key, now) if one.state is State.PENDING]
    if not waiting:
        return False
    one = waiting[0]
    if accepted and one.lapsed(now, majority=majority):
        raise Refused("The invitation ended when the patient came of age.", rules=("named-before-majority",))
    end_link(connection, one, by="representative", now=now)
    state = State.ACCEPTED if accepted else State.REFUSED
    dates = Dates(one.starts_at, one.ends_at, one.answer_by)
    write_link(connection, patient_key, acting_key, one.kind, state, dates=dates, source="invitation", now=now)
    return True


def revoke(connection: Connection, patient_key: int, acting_key: int, *, by: str, now: int) -> bool:
    """Ends what one person may do or was asked to do for another; `by` is `holder` or `representative`: either side may."""
    links = [one for one in links_between(connection, patient_key, acting_key, now) if one.state is not State.REFUSED]
    for one in links:
        end_link(connection, one, by=by, now=now)
    return bool(links)


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
    cared_for = [one for one in acted_for(connection, acting_key, now) if one.kind is kind and lives(one, now)]
    if len(cared_for) >= MAXIMUM_CARED_FOR:  # what majority ended is looked for only where it matters
        cared_for = [one for one in cared_for if not one.lapsed(now, majority=majority_of(one.patient_key))]
    if len(cared_for) >= MAXIMUM_CARED_FOR:
        raise Refused(f"A carer acts for at most {MAXIMUM_CARED_FOR} people.", rules=("maximum-cared-for",))


def _end_lapsed(connection: Connection, patient_key: int, acting_key: int, *, now: int, majority: int | None) -> None:
    for one in links_between(connection, patient_key, acting_key, now):
        if one.state is not State.REFUSED and one.lapsed(now, majority=majority):
            end_link(connection, one, by="majority", now=now)
