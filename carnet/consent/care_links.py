"""Who is tied to a record: authorised, of the care team, blocked, médecin traitant … A party is a PS_IdNat or a Struct_IdNat.

A link's row is ended, never changed; each function says by False that nothing had to change. Moments are microseconds UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import bindparam, insert, or_, select, update

from carnet.consent.rights_version import bump
from carnet.database.connection import Connection
from carnet.database.statements import Statement, prepare
from carnet.database.tables import care_link
from carnet.errors import Refused


class Link(StrEnum):
    """care_link.kind."""

    AUTHORISED = "authorised"
    BLOCKED = "blocked"
    MEDECIN_TRAITANT = "medecin_traitant"
    ADMINISTRATOR = "administrator"
    CARE_TEAM = "care_team"
    """Deemed authorised for a stay or an episode of care, once the patient was informed and did not object (R1111-46 CSP)."""
    FEEDING_OPPOSED = "feeding_opposed"
    """Kept from feeding by the patient, for a legitimate reason (R1111-47 CSP)."""


ENDED_BY_A_BLOCK = (Link.AUTHORISED, Link.CARE_TEAM, Link.ADMINISTRATOR)
"""What unblocking does not give back."""
BY_SOFTWARE = "TD0.3"
"""How the source of a link begins that a professional's own software declared."""
HIDDEN_FROM_REPRESENTATIVES = "connexion secrète"
"""How it ends when that was in a minor's secret connection (rules §1.3)."""


_OF_KIND = (
    care_link.c.patient_key == bindparam("patient"),
    care_link.c.kind == bindparam("link_kind"),
    or_(care_link.c.until.is_(None), care_link.c.until > bindparam("now")),
)
_OF_PARTY = (*_OF_KIND, care_link.c.party == bindparam("link_party"))

_STANDING = prepare(select(care_link.c.expires_at).where(*_OF_PARTY))
_SOURCES = prepare(select(care_link.c.source).where(*_OF_PARTY))
_HOLDERS = prepare(select(care_link.c.party).where(*_OF_KIND).order_by(care_link.c.since))
_DECLARED = prepare(
    select(care_link.c.patient_key, care_link.c.party, care_link.c.since)
    .where(
        care_link.c.kind == Link.MEDECIN_TRAITANT.value,
        care_link.c.patient_key > bindparam("after"),
        or_(care_link.c.until.is_(None), care_link.c.until > bindparam("now")),
    )
    .order_by(care_link.c.patient_key, care_link.c.since)
    .limit(bindparam("most"))
)
_SINCE = prepare(select(care_link.c.since).where(*_OF_PARTY).order_by(care_link.c.since.desc()))
_END = prepare(update(care_link).where(*_OF_PARTY).values(until=bindparam("now")))
_END_ALL = prepare(update(care_link).where(*_OF_KIND).values(until=bindparam("now")))
_TIE = prepare(
    insert(care_link).values(
        patient_key=bindparam("patient"),
        link_id=bindparam("name"),
        party=bindparam("link_party"),
        kind=bindparam("link_kind"),
        since=bindparam("now"),
        expires_at=bindparam("expiry"),
        source=bindparam("link_source"),
        collected_by=bindparam("collector"),
        sealed_reason=bindparam("sealed"),
    )
)


def authorise(
    connection: Connection,
    patient_key: int,
    party: str,
    *,
    until: int | None,
    source: str,
    now: int,
    collected_by: str = "",
) -> bool:
    """Lets a professional or a structure read until a moment (None: until it is ended); an older authorisation gives way (TD0.3).

    `source` says how the word was given; `collected_by` is the PS_IdNat of a professional who took it for this one, to whom part of the
    care is entrusted (L1111-17 II CSP). Raises Refused while the party is blocked, ValueError for a blank party or a moment passed.
    """
    given = {"source": source, "collected_by": collected_by}
    return _admit(connection, patient_key, Link.AUTHORISED, party, until=until, now=now, **given)


def join_team(
    connection: Connection, patient_key: int, party: str, *, until: int, source: str, now: int, collected_by: str = ""
) -> bool:
    """Notes that a professional or a structure takes part in the care of a stay or an episode, until its end as foreseen.

    Raises as `authorise`: a party that the patient blocked joins no team.
    """
    given = {"source": source, "collected_by": collected_by}
    return _admit(connection, patient_key, Link.CARE_TEAM, party, until=until, now=now, **given)


def leave_team(connection: Connection, patient_key: int, party: str, *, now: int) -> bool:
    """Ends a party's place in the care team: the stay is over, or the patient objects."""
    return _end(connection, patient_key, Link.CARE_TEAM, party, now=now)


def end_authorisation(connection: Connection, patient_key: int, party: str, *, now: int) -> bool:
    """Takes the authorisation back; from then on its state is `none`, not `expired`."""
    return _end(connection, patient_key, Link.AUTHORISED, party, now=now)


def block(connection: Connection, patient_key: int, party: str, *, source: str, now: int) -> bool:
    """Keeps a party out, and ends its authorisation, its place in the care team and its role of administrator for good.

    A médecin traitant by a declaration of his or her own (TD0.3) is none any more: only the insurer's declaration stands against a block.
    """
    if _standing(connection, patient_key, Link.BLOCKED, party, now):
        return False
    _tie(connection, patient_key, Link.BLOCKED, party, source=source, now=now)
    declared = {"patient": patient_key, "link_kind": Link.MEDECIN_TRAITANT.value, "link_party": party, "now": now}
    by_software = any(str(row[0]).startswith(BY_SOFTWARE) for row in connection.execute(_SOURCES, declared))
    for kind in (*ENDED_BY_A_BLOCK, *((Link.MEDECIN_TRAITANT,) if by_software else ())):
        _end(connection, patient_key, kind, party, now=now)
    return True


def unblock(connection: Connection, patient_key: int, party: str, *, now: int) -> bool:
    """Lets a party be authorised again; it is not authorised by that."""
    return _end(connection, patient_key, Link.BLOCKED, party, now=now)


def declare_medecin_traitant(connection: Connection, patient_key: int, party: str, *, source: str, now: int) -> bool:
    """Makes a doctor (PS_IdNat) the one médecin traitant of the record (L162-5-3 CSS); the former one's link ends."""
    if _holders(connection, patient_key, Link.MEDECIN_TRAITANT, now) == [party]:
        return False
    _tie(connection, patient_key, Link.MEDECIN_TRAITANT, party, source=source, now=now, replaces=_END_ALL)
    return True


def end_medecin_traitant(connection: Connection, patient_key: int, party: str, *, now: int) -> bool:
    """Ends a declaration, for instance when the doctor stops being it (TD0.3)."""
    return _end(connection, patient_key, Link.MEDECIN_TRAITANT, party, now=now)


def medecin_traitant(connection: Connection, patient_key: int, *, now: int) -> str:
    """The PS_IdNat of the médecin traitant, '' when none is declared."""
    holders = _holders(connection, patient_key, Link.MEDECIN_TRAITANT, now)
    return holders[-1] if holders else ""


def medecin_traitant_since(connection: Connection, patient_key: int, party: str, *, now: int) -> int | None:
    """Since when a professional is the declared médecin traitant, None for one who is not."""
    wanted = {"patient": patient_key, "link_kind": Link.MEDECIN_TRAITANT.value, "link_party": party, "now": now}
    rows = connection.execute(_SINCE, wanted)
    return int(rows[0][0]) if rows else None


def declared_medecins_traitants(
    connection: Connection, *, after: int, count: int, now: int
) -> list[tuple[int, str, int]]:
    """Declarations that stand, by the patient's internal key from the one after `after` on: key, PS_IdNat, since when. Not for a path of care."""
    rows = connection.execute(_DECLARED, {"after": after, "most": count, "now": now})
    return [(int(key), str(party), int(since)) for key, party, since in rows]


def name_administrator(connection: Connection, patient_key: int, party: str, *, source: str, now: int) -> bool:
    """Makes a professional an administrator, who sees masked documents; there may be several."""
    if _standing(connection, patient_key, Link.ADMINISTRATOR, party, now):
        return False
    _tie(connection, patient_key, Link.ADMINISTRATOR, party, source=source, now=now)
    return True


def end_administrator(connection: Connection, patient_key: int, party: str, *, now: int) -> bool:
    """Takes the role of administrator back."""
    return _end(connection, patient_key, Link.ADMINISTRATOR, party, now=now)


def oppose_feeding(
    connection: Connection, patient_key: int, party: str, *, source: str, sealed_reason: bytes, now: int
) -> bool:
    """Keeps a party from feeding (R1111-47 CSP); `sealed_reason` is the legitimate reason under the patient's key (`reason_context`)."""
    if _standing(connection, patient_key, Link.FEEDING_OPPOSED, party, now):
        return False
    _tie(connection, patient_key, Link.FEEDING_OPPOSED, party, source=source, now=now, sealed_reason=sealed_reason)
    return True


def allow_feeding(connection: Connection, patient_key: int, party: str, *, now: int) -> bool:
    """Ends an opposition to feeding."""
    return _end(connection, patient_key, Link.FEEDING_OPPOSED, party, now=now)


def reason_context(party: str) -> str:
    """What the reason of an opposition to feeding is sealed for."""
    return f"feeding-opposed|{party}"


@dataclass(frozen=True, slots=True)
class Tie:
    """One row of consent: who was what to the record, since when, until when it was ended or would expire; microseconds UTC."""

    kind: Link
    party: str
    since: int
    until: int | None
    expires_at: int | None
    source: str
    collected_by: str

    @property
    def in_secret(self) -> bool:
        """Whether it must not be told to legal representatives."""
        return self.source.startswith(BY_SOFTWARE) and self.source.endswith(HIDDEN_FROM_REPRESENTATIVES)


_TIES = prepare(
    select(
        care_link.c.kind,
        care_link.c.party,
        care_link.c.since,
        care_link.c.until,
        care_link.c.expires_at,
        care_link.c.source,
        care_link.c.collected_by,
    )
    .where(
        care_link.c.patient_key == bindparam("patient"),
        care_link.c.since <= bindparam("now"),
        or_(care_link.c.until.is_(None), care_link.c.until > bindparam("now")),
    )
    .order_by(care_link.c.since, care_link.c.link_id)
)


def ties(connection: Connection, patient_key: int, *, now: int) -> tuple[Tie, ...]:
    """Every link that held at a moment, past or present, expired ones included, the oldest first."""
    rows = connection.execute(_TIES, {"patient": patient_key, "now": now})
    return tuple(Tie(Link(row[0]), *row[1:]) for row in rows)


def _admit(
    connection: Connection,
    patient_key: int,
    kind: Link,
    party: str,
    *,
    until: int | None,
    source: str,
    collected_by: str,
    now: int,
) -> bool:
    if until is not None and until <= now:
        raise ValueError("an authorisation ends after it begins")
    if _standing(connection, patient_key, Link.BLOCKED, party, now):
        raise Refused("The patient has blocked this professional or structure.", rules=("blocked-by-patient",))
    if _standing(connection, patient_key, kind, party, now) == [until]:
        return False
    _tie(connection, patient_key, kind, party, source=source, now=now, expires_at=until, collected_by=collected_by)
    return True


def _standing(connection: Connection, patient_key: int, kind: Link, party: str, now: int) -> list[int | None]:
    parameters = {"patient": patient_key, "link_kind": kind.value, "link_party": party, "now": now}
    return [row[0] for row in connection.execute(_STANDING, parameters)]


def _holders(connection: Connection, patient_key: int, kind: Link, now: int) -> list[str]:
    return [
        row[0] for row in connection.execute(_HOLDERS, {"patient": patient_key, "link_kind": kind.value, "now": now})
    ]


def _end(connection: Connection, patient_key: int, kind: Link, party: str, *, now: int) -> bool:
    if not _standing(connection, patient_key, kind, party, now):
        return False
    bump(connection, patient_key)
    parameters = {"patient": patient_key, "link_kind": kind.value, "link_party": party, "now": now}
    connection.execute(_END, parameters)
    return True


def _tie(
    connection: Connection,
    patient_key: int,
    kind: Link,
    party: str,
    *,
    source: str,
    now: int,
    expires_at: int | None = None,
    collected_by: str = "",
    sealed_reason: bytes = b"",
    replaces: Statement = _END,
) -> None:
    """Ends what the new link replaces (of this kind, for the party unless said otherwise) and writes it, named after its version."""
    if not party.strip() or " " in party:
        raise ValueError("a party is one PS_IdNat or Struct_IdNat")
    version = bump(connection, patient_key)
    parameters = {"patient": patient_key, "link_kind": kind.value, "link_party": party, "now": now}
    connection.execute(replaces, parameters)
    name = f"{kind.value}-{version}"
    how = {"expiry": expires_at, "link_source": source, "collector": collected_by, "sealed": sealed_reason}
    connection.execute(_TIE, {**parameters, "name": name, **how})
