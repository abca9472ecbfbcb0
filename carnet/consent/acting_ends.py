"""What the end of a life, or of a record, does to the links of those who act for others; and what a death that did not happen gives back."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import bindparam, or_, select

from carnet.consent.acting_links import (
    BY_DEATH,
    COLUMNS,
    Acting,
    Dates,
    Representation,
    State,
    acted_for,
    acting_for,
    end_link,
    link_of_row,
    living_links,
    write_link,
)
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import representation

_ENDED_BY = prepare(
    select(*COLUMNS)
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


def end_all(connection: Connection, person: int, *, by: str, now: int) -> tuple[Acting, ...]:
    """Ends every link of somebody whose life, or whose record, has ended: those who act for them, and those for whom they act.

    Returns what was ended. `by` is BY_DEATH or BY_DESTRUCTION.
    """
    links = (*acting_for(connection, person, now=now), *acted_for(connection, person, now))
    ended = tuple(one for one in links if one.state is not State.REFUSED)
    for one in ended:
        end_link(connection, one, by=by, now=now)
    return ended


def give_back(connection: Connection, person: int, *, died_at: int, now: int) -> tuple[Acting, ...]:
    """Begins again the links that a death ended which did not happen, but those that others have taken the place of; returns them."""
    parameters = {"person": person, "moment": died_at, "by": BY_DEATH}
    ended = [link_of_row(row, now) for row in connection.execute(_ENDED_BY, parameters)]
    again = tuple(one for one in ended if not _taken(connection, one, now))
    for one in again:
        dates = Dates(one.starts_at, one.ends_at, one.answer_by)
        state = State.PENDING if one.state is State.EXPIRED else one.state
        write_link(
            connection, one.patient_key, one.acting_key, one.kind, state, dates=dates, source="death withdrawn", now=now
        )
    return tuple(replace(one, since=now, until=None) for one in again)


def _taken(connection: Connection, one: Acting, now: int) -> bool:
    """Whether the person acts again already, or somebody else in what one person alone can be."""
    living = living_links(connection, one.patient_key, now)
    return any(
        other.acting_key == one.acting_key or (other.kind is one.kind is not Representation.CARER) for other in living
    )
