"""What the holder decides about the record as a whole: opening, closing, and the standing choices about emergencies.

A choice's row is ended, never changed; a change that changes nothing writes nothing. Moments are microseconds UTC.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import bindparam, insert, or_, select, update

from carnet.consent.rights_version import bump
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import health_record, patient_choice
from carnet.errors import RecordClosed, UnknownPatient


class Choice(StrEnum):
    """The three switches of emergency access (L1111-17 I CSP), each independent of the others, and the default of every document."""

    OPPOSES_BRIS_DE_GLACE = "opposes_bris_de_glace"
    OPPOSES_CENTRE_15 = "opposes_centre_15"
    MASKED_IN_EMERGENCY = "masked_in_emergency"
    MASKS_EVERYTHING = "masks_everything"
    """Every document, now and to come, counts as masked unless the holder unmasks it by name (R1111-49 CSP)."""


YES, NO = "yes", "no"

OPENS_FROM = frozenset({"informed", "opposed", "closed"})
"""R1111-28, R1111-36 CSP: after the delay, after a change of mind, after a closure. A suspended record is the insurer's to resume."""
CLOSES_FROM = frozenset({"open", "activated", "suspended"})
"""R1111-36 CSP: by the holder at any time, by death, or six weeks after a suspension."""

_STATE = prepare(
    select(health_record.c.state, health_record.c.opened_at).where(health_record.c.patient_key == bindparam("patient"))
)
_NEW = prepare(
    insert(health_record).values(
        patient_key=bindparam("patient"), state="open", opened_at=bindparam("now"), closing_reason="", rights_version=1
    )
)
_CHANGE_STATE = prepare(
    update(health_record)
    .where(health_record.c.patient_key == bindparam("patient"))
    .values(
        state=bindparam("new_state"),
        opened_at=bindparam("new_opened_at"),
        closed_at=bindparam("new_closed_at"),
        closing_reason=bindparam("new_reason"),
    )
)


def open_record(connection: Connection, patient_key: int, *, now: int) -> bool:
    """Opens a person's record, or opens it again; False when it is open already.

    Raises RecordClosed for a record that is suspended or destroyed.
    """
    state, _ = _state(connection, patient_key)
    if state is None:
        connection.execute(_NEW, {"patient": patient_key, "now": now})
        return True
    if state in {"open", "activated"}:
        return False
    if state not in OPENS_FROM:
        raise RecordClosed(f"A record that is {state} is not opened.")
    _change_state(connection, patient_key, "open", opened_at=now)
    return True


def close_record(connection: Connection, patient_key: int, reason: str, *, now: int) -> bool:
    """Closes a record, keeping what it holds; `reason` is a code (FERMETURE_DEMANDE_PATIENT …). False when it is closed already.

    Raises RecordClosed for one that was never opened or is destroyed, UnknownPatient when there is none.
    """
    state, opened_at = _state(connection, patient_key)
    if state is None:
        raise UnknownPatient("No record is known for this patient identifier.")
    if state == "closed":
        return False
    if state not in CLOSES_FROM:
        raise RecordClosed(f"A record that is {state} is not closed.")
    _change_state(connection, patient_key, "closed", opened_at=opened_at, closed_at=now, reason=reason)
    return True


def _state(connection: Connection, patient_key: int) -> tuple[str | None, int | None]:
    rows = connection.execute(_STATE, {"patient": patient_key})
    return (rows[0][0], rows[0][1]) if rows else (None, None)


def _change_state(
    connection: Connection,
    patient_key: int,
    state: str,
    *,
    opened_at: int | None,
    closed_at: int | None = None,
    reason: str = "",
) -> None:
    bump(connection, patient_key)
    values = {"new_state": state, "new_opened_at": opened_at, "new_closed_at": closed_at, "new_reason": reason}
    connection.execute(_CHANGE_STATE, {"patient": patient_key, **values})


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
