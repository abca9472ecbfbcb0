"""Where one requester stands with one record at one moment, read in one statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Table, Text, bindparam, cast, literal_column, null, or_, select, union_all

from carnet.consent.care_links import Link
from carnet.consent.choices import NO, YES, Choice
from carnet.consent.lifecycle import state_at
from carnet.database.connection import Connection, Row
from carnet.database.statements import Statement, prepare
from carnet.database.tables import care_link, health_record, patient_choice

Authorisation = Literal["valid", "none", "expired"]


@dataclass(frozen=True, slots=True)
class Standing:
    """The facts that the rules read, field by field those of authorization.facts.RecordFacts but two.

    That one adds regulation_centre, which no table knows; this one adds rights_version, to know whether anything changed since.
    """

    state: str
    blocked: bool
    authorisation: Authorisation
    medecin_traitant: bool
    administrator: bool
    opposes_bris_de_glace: bool
    opposes_centre_15: bool
    masked_in_emergency: bool
    care_team: bool
    authorised_by_name: bool
    feeding_opposed: bool
    masks_everything: bool
    rights_version: int


def _rows(*, at_a_moment: bool) -> Statement:
    """The statement: rows that hold now, whatever the clock says, or that held at the moment `now`."""
    record = select(
        literal_column("'record'").label("what"),
        health_record.c.state.label("name"),
        cast(null(), Text).label("value"),
        health_record.c.rights_version.label("number"),
    ).where(health_record.c.patient_key == bindparam("patient"))
    links = select(literal_column("'link'"), care_link.c.kind, care_link.c.party, care_link.c.expires_at).where(
        care_link.c.patient_key == bindparam("patient"),
        care_link.c.party.in_([bindparam("professional"), bindparam("organization")]),
        *_held(care_link, at_a_moment=at_a_moment),
    )
    choices = select(literal_column("'choice'"), patient_choice.c.kind, patient_choice.c.value, null()).where(
        patient_choice.c.patient_key == bindparam("patient"), *_held(patient_choice, at_a_moment=at_a_moment)
    )
    return prepare(union_all(record, links, choices))


def _held(table: Table, *, at_a_moment: bool) -> tuple[ColumnElement[bool], ...]:
    if not at_a_moment:
        return (table.c.until.is_(None),)
    return (table.c.since <= bindparam("now"), or_(table.c.until.is_(None), table.c.until > bindparam("now")))


_NOW = _rows(at_a_moment=False)
_AT = _rows(at_a_moment=True)


def current_standing(
    connection: Connection, patient_key: int, *, professional: str, organization: str, now: int
) -> Standing | None:
    """Where a requester stands by what was last committed; `now` only says what has expired.

    For decisions: a clock that was set back, or lags behind another worker's, never brings back what was ended or blocked.
    """
    rows = connection.execute(_NOW, _named(patient_key, professional, organization))
    return _standing(rows, professional=professional, now=now)


def foresee(connection: Connection, patient_key: int, *, professional: str, organization: str) -> None:
    """Says that `current_standing` comes, and that nobody changes before it where anybody stands."""
    connection.foresee(_NOW, _named(patient_key, professional, organization))


def _named(patient_key: int, professional: str, organization: str) -> dict[str, int | str]:
    return {"patient": patient_key, "professional": professional, "organization": organization}


def standing(
    connection: Connection, patient_key: int, *, professional: str, organization: str, now: int
) -> Standing | None:
    """Where a person (PS_IdNat) acting for a structure (Struct_IdNat, may be blank) stood at a moment; None without a record.

    A block, an authorisation, a place in the team or an opposition to feeding of either counts; being médecin traitant or
    administrator is the person's alone. `now` is that moment, past or present, in microseconds UTC; rights_version is today's.
    """
    rows = connection.execute(
        _AT, {"patient": patient_key, "professional": professional, "organization": organization, "now": now}
    )
    return _standing(rows, professional=professional, now=now, state=state_at(connection, patient_key, now).value)


def _standing(rows: list[Row], *, professional: str, now: int, state: str | None = None) -> Standing | None:
    record: Row | None = None
    links: list[Row] = []
    choices: dict[str, set[str]] = {}
    for row in rows:
        what, kind, value, _ = row
        if what == "link":
            if value:
                links.append(row)
        elif what == "choice":
            choices.setdefault(kind, set()).add(value)
        else:
            record = row
    if record is None:
        return None
    kinds = {row[1] for row in links}
    valid = {row[1] for row in links if row[3] is None or row[3] > now}
    personal = [row for row in links if row[2] == professional]
    held = {row[1] for row in personal}
    return Standing(
        state=str(record[1]) if state is None else state,
        blocked=Link.BLOCKED in kinds,
        authorisation="valid" if Link.AUTHORISED in valid else "expired" if Link.AUTHORISED in kinds else "none",
        medecin_traitant=Link.MEDECIN_TRAITANT in held,
        administrator=Link.ADMINISTRATOR in held,
        opposes_bris_de_glace=_opposes(choices, Choice.OPPOSES_BRIS_DE_GLACE),
        opposes_centre_15=_opposes(choices, Choice.OPPOSES_CENTRE_15),
        masked_in_emergency=choices.get(Choice.MASKED_IN_EMERGENCY) == {YES},
        care_team=Link.CARE_TEAM in valid,
        authorised_by_name=any(row[1] == Link.AUTHORISED and (row[3] is None or row[3] > now) for row in personal),
        feeding_opposed=Link.FEEDING_OPPOSED in kinds,
        masks_everything=_opposes(choices, Choice.MASKS_EVERYTHING),
        rights_version=record[3],
    )


def _opposes(choices: Mapping[str, set[str]], choice: Choice) -> bool:
    """An opposition, or a default mask, that cannot be read as a plain no holds."""
    return not choices.get(choice, set()) <= {NO}
