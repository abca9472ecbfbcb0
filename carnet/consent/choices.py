"""What the holder decides about the record as a whole: opening and closing (see lifecycle), and the standing choices about emergencies.

A choice's row is ended, never changed; a change that changes nothing writes nothing. Moments are microseconds UTC.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import bindparam, insert, or_, select, update

from carnet.consent.lifecycle import close_record, open_record
from carnet.consent.rights_version import bump
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import patient_choice

__all__ = ["NO", "YES", "Choice", "close_record", "open_record", "set_choice"]


class Choice(StrEnum):
    """The three switches of emergency access (L1111-17 I CSP), each independent of the others, and the default of every document."""

    OPPOSES_BRIS_DE_GLACE = "opposes_bris_de_glace"
    OPPOSES_CENTRE_15 = "opposes_centre_15"
    MASKED_IN_EMERGENCY = "masked_in_emergency"
    MASKS_EVERYTHING = "masks_everything"
    """Every document, now and to come, counts as masked unless the holder unmasks it by name (R1111-49 CSP)."""


YES, NO = "yes", "no"

_STANDING = prepare(
    select(patient_choice.c.value).where(
        patient_choice.c.patient_key == bindparam("patient"),
        patient_choice.c.kind == bindparam("choice_kind"),
        patient_choice.c.until.is_(None),
    )
)
_END = prepare(
    update(patient_choice)
    .where(
        patient_choice.c.patient_key == bindparam("patient"),
        patient_choice.c.kind == bindparam("choice_kind"),
        patient_choice.c.until.is_(None),
    )
    .values(until=bindparam("now"))
)
_CHOOSE = prepare(
    insert(patient_choice).values(
        patient_key=bindparam("patient"),
        choice_id=bindparam("name"),
        kind=bindparam("choice_kind"),
        value=bindparam("chosen"),
        since=bindparam("now"),
    )
)


def set_choice(connection: Connection, patient_key: int, choice: Choice, *, value: bool, now: int) -> bool:
    """Writes a standing choice; False when it stood so already. Raises UnknownPatient when the person has no record."""
    chosen = YES if value else NO
    parameters = {"patient": patient_key, "choice_kind": choice.value}
    if connection.execute(_STANDING, parameters) == [(chosen,)]:
        return False
    version = bump(connection, patient_key)
    connection.execute(_END, {**parameters, "now": now})
    row = {**parameters, "name": f"{choice.value}-{version}", "chosen": chosen, "now": now}
    connection.execute(_CHOOSE, row)
    return True


_HELD = prepare(
    select(patient_choice.c.kind, patient_choice.c.value, patient_choice.c.since)
    .where(
        patient_choice.c.patient_key == bindparam("patient"),
        patient_choice.c.since <= bindparam("now"),
        or_(patient_choice.c.until.is_(None), patient_choice.c.until > bindparam("now")),
    )
    .order_by(patient_choice.c.kind)
)


def choices_at(connection: Connection, patient_key: int, *, now: int) -> tuple[tuple[str, str, int], ...]:
    """The standing choices that held at a moment, past or present: kind, value, since when."""
    rows = connection.execute(_HELD, {"patient": patient_key, "now": now})
    return tuple((str(kind), str(value), int(since)) for kind, value, since in rows)
