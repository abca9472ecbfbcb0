"""Where one requester stands with one record at one moment, read in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Text, bindparam, cast, literal_column, null, or_, select, union_all

from carnet.consent.care_links import Link
from carnet.consent.choices import NO, YES, Choice
from carnet.database.connection import Connection, Row
from carnet.database.statements import prepare
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
    rights_version: int


_RECORD = select(
    literal_column("'record'").label("what"),
    health_record.c.state.label("name"),
    cast(null(), Text).label("value"),
    health_record.c.rights_version.label("number"),
).where(health_record.c.patient_key == bindparam("patient"))

_LINKS = select(
    literal_column("'link'"),
    care_link.c.kind,
    care_link.c.party,
    care_link.c.expires_at,
).where(
    care_link.c.patient_key == bindparam("patient"),
    care_link.c.party.in_([bindparam("professional"), bindparam("organization")]),
    care_link.c.since <= bindparam("now"),
    or_(care_link.c.until.is_(None), care_link.c.until > bindparam("now")),
)

_CHOICES = select(
    literal_column("'choice'"),
    patient_choice.c.kind,
    patient_choice.c.value,
    null(),
).where(
    patient_choice.c.patient_key == bindparam("patient"),
    patient_choice.c.since <= bindparam("now"),
    or_(patient_choice.c.until.is_(None), patient_choice.c.until > bindparam("now")),
)

_STANDING = prepare(union_all(_RECORD, _LINKS, _CHOICES))


def standing(
    connection: Connection, patient_key: int, *, professional: str, organization: str, now: int
) -> Standing | None:
    """Where a person (PS_IdNat) acting for a structure (Struct_IdNat, may be blank) stands; None when the patient has no record.

    A block or an authorisation of either counts; being médecin traitant or administrator is the person's alone. Moments are
    microseconds UTC.
    """
    rows = connection.execute(
        _STANDING,
        {"patient": patient_key, "professional": professional, "organization": organization, "now": now},
    )
    record = next((row for row in rows if row[0] == "record"), None)
    if record is None:
        return None
    links = [row for row in rows if row[0] == "link" and row[2]]
    personal = {row[1] for row in links if row[2] == professional}
    return Standing(
        state=record[1],
        blocked=any(row[1] == Link.BLOCKED for row in links),
        authorisation=_authorisation(links, now),
        medecin_traitant=Link.MEDECIN_TRAITANT in personal,
        administrator=Link.ADMINISTRATOR in personal,
        opposes_bris_de_glace=_opposes(rows, Choice.OPPOSES_BRIS_DE_GLACE),
        opposes_centre_15=_opposes(rows, Choice.OPPOSES_CENTRE_15),
        masked_in_emergency=_values(rows, Choice.MASKED_IN_EMERGENCY) == {YES},
        rights_version=record[3],
    )


def _authorisation(links: list[Row], now: int) -> Authorisation:
    given = [row[3] for row in links if row[1] == Link.AUTHORISED]
    if any(expires_at is None or expires_at > now for expires_at in given):
        return "valid"
    return "expired" if given else "none"


def _values(rows: list[Row], choice: Choice) -> set[str]:
    return {row[2] for row in rows if row[0] == "choice" and row[1] == choice}


def _opposes(rows: list[Row], choice: Choice) -> bool:
    """An opposition that cannot be read as a plain no holds."""
    return not _values(rows, choice) <= {NO}
