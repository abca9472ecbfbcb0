"""Sessions of professionals in the portal: rows of ours, found by the hash of an opaque cookie, ended by time, by them, by the provider, by the card.

A session never changes hands. Who shows again who they are keeps the session under a new cookie. Moments are microseconds UTC.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import ColumnElement, bindparam, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_update

from carnet.crypto.envelope import PatientKey
from carnet.crypto.keyring import Keyring
from carnet.database.connection import Connection
from carnet.database.statements import Statement, prepare
from carnet.database.tables import practice_choice, professional_session
from carnet.identity.browser_secrets import digest, new_token
from carnet.identity.practice_situations import Situation
from carnet.identity.session_rows import TOKEN, Limits, alive, ending, found_by, provider_index, read_row

KIND = "professional session"
PROVIDER, CARD = "provider", "card"
"""How a session began."""


@dataclass(frozen=True, slots=True)
class ProDetails:
    """What is sealed under the key of actors: the person's name and situations as they were at sign-in, how well they were identified, where from."""

    name: str
    situations: tuple[Situation, ...]
    address: str = ""
    acr: str = ""
    methods: tuple[str, ...] = ()
    id_token: str = ""


@dataclass(frozen=True, slots=True)
class ProOpening:
    """How a session begins. `method` is provider or card; `certificate` SHA-256 of the card's certificate, '' without; `situation` a key, '' until one is chosen."""

    professional: str
    method: str
    details: ProDetails
    situation: str = ""
    certificate: str = ""
    issuer: str = ""
    provider_session: str = ""
    provider_subject: str = ""


@dataclass(frozen=True, slots=True)
class ProSession:
    """A row of the table, without the hash of its cookie."""

    session_id: str
    professional: str
    method: str
    certificate: str
    situation: str
    began_at: int
    shown_at: int
    seen_at: int
    ends_at: int
    ended_at: int | None
    sealed_details: bytes = field(repr=False)

    def lives(self, now: int, limits: Limits) -> bool:
        """See session_rows."""
        return alive(self, now, limits)

    def details(self, key: PatientKey) -> ProDetails:
        """Opens what is sealed, under the key of actors. Raises IntegrityFailure."""
        return msgspec.json.decode(key.open(self.sealed_details, _context(self.session_id)), type=ProDetails)


_ROW, _CHOICE = professional_session.c, practice_choice.c
_COLUMNS = (
    _ROW.session_id,
    _ROW.professional_id,
    _ROW.method,
    _ROW.certificate,
    _ROW.situation,
    _ROW.began_at,
    _ROW.shown_at,
    _ROW.seen_at,
    _ROW.ends_at,
    _ROW.ended_at,
    _ROW.sealed_details,
)
_NAMES = [one.name for one in professional_session.c if one.name not in {"ended_at", "ended_by"}]
_ADD = prepare(insert(professional_session).values({name: bindparam(name) for name in _NAMES}))
_BY_TOKEN = prepare(select(*_COLUMNS).where(_ROW.token == bindparam(TOKEN)))
_RENEW = prepare(
    update(professional_session)
    .where(_ROW.session_id == bindparam("name"), _ROW.ended_at.is_(None))
    .values(
        token=bindparam("new_token"),
        shown_at=bindparam("moment"),
        seen_at=bindparam("moment"),
        sealed_details=bindparam("sealed"),
        provider_session=bindparam("of_session"),
        provider_subject=bindparam("of_subject"),
    )
    .returning(_ROW.session_id)
)
_SEEN = prepare(
    update(professional_session)
    .where(_ROW.session_id == bindparam("name"), _ROW.seen_at < bindparam("moment"))
    .values(seen_at=bindparam("moment"))
)
_PRACTISE = prepare(
    update(professional_session)
    .where(_ROW.session_id == bindparam("name"), _ROW.ended_at.is_(None))
    .values(situation=bindparam("chosen"))
    .returning(_ROW.session_id)
)
_CHOSEN = prepare(select(_CHOICE.situation).where(_CHOICE.professional_id == bindparam("person")))
_NEW_CHOICE = insert_or_update(practice_choice).values(
    {name: bindparam(name) for name in ("professional_id", "situation", "chosen_at")}
)
_CHOOSE = prepare(
    _NEW_CHOICE.on_conflict_do_update(
        index_elements=["professional_id"],
        set_={name: _NEW_CHOICE.excluded[name] for name in ("situation", "chosen_at")},
    )
)
_FORGET = prepare(delete(professional_session).where(_ROW.ends_at < bindparam("before")).returning(_ROW.session_id))


def _ending(which: ColumnElement[bool]) -> Statement:
    return ending(professional_session, (which,), _ROW.professional_id)


_END_ONE = _ending(_ROW.session_id == bindparam("name"))
_END_ALL = _ending(_ROW.professional_id == bindparam("person"))
_END_BY_SESSION = _ending(_ROW.provider_session == bindparam("of_provider"))
_END_BY_SUBJECT = _ending(_ROW.provider_subject == bindparam("of_provider"))


def open_pro_session(
    connection: Connection, keyring: Keyring, opening: ProOpening, *, now: int, limits: Limits
) -> tuple[str, ProSession]:
    """Begins a session and returns the value of its cookie, which is kept nowhere, with it."""
    token, session_id = new_token(), secrets.token_hex(12)
    row = {
        "session_id": session_id,
        "token": digest(token),
        "professional_id": opening.professional,
        "method": opening.method,
        "certificate": opening.certificate,
        "situation": opening.situation,
        "sealed_details": _sealed(keyring, session_id, opening.details),
        "provider_session": provider_index(keyring, KIND, opening.issuer, "sid", opening.provider_session),
        "provider_subject": provider_index(keyring, KIND, opening.issuer, "sub", opening.provider_subject),
        "began_at": now,
        "shown_at": now,
        "seen_at": now,
        "ends_at": now + limits.whole,
    }
    connection.execute(_ADD, row)
    return token, read_row(ProSession, connection.execute(_BY_TOKEN, {TOKEN: row["token"]})[0])


def renew_pro_session(
    connection: Connection, keyring: Keyring, session: ProSession, opening: ProOpening, *, now: int
) -> tuple[str, ProSession] | None:
    """The same session under a new cookie, for somebody who has shown again who they are; None when it ended meanwhile."""
    token = new_token()
    values = {
        "name": session.session_id,
        "new_token": digest(token),
        "moment": now,
        "sealed": _sealed(keyring, session.session_id, opening.details),
        "of_session": provider_index(keyring, KIND, opening.issuer, "sid", opening.provider_session),
        "of_subject": provider_index(keyring, KIND, opening.issuer, "sub", opening.provider_subject),
    }
    if not connection.execute(_RENEW, values):
        return None
    return token, read_row(ProSession, connection.execute(_BY_TOKEN, {TOKEN: values["new_token"]})[0])


def pro_session_of(connection: Connection, token: str, *, now: int, limits: Limits) -> ProSession | None:
    """The living session whose cookie this is, None for any other text."""
    row = found_by(connection, _BY_TOKEN, token)
    found = read_row(ProSession, row) if row is not None else None
    return found if found is not None and found.lives(now, limits) else None


def note_pro_use(connection: Connection, session: ProSession, *, now: int) -> None:
    """Writes that a session is in use."""
    connection.execute(_SEEN, {"name": session.session_id, "moment": now})


def practise(connection: Connection, session: ProSession, situation: str, *, now: int) -> bool:
    """The session goes on in a situation, which is remembered for the next sign-in; False when it ended."""
    if not connection.execute(_PRACTISE, {"name": session.session_id, "chosen": situation}):
        return False
    row = {"professional_id": session.professional, "situation": situation, "chosen_at": now}
    connection.execute(_CHOOSE, row)
    return True


def chosen_situation(connection: Connection, professional: str) -> str:
    """The key of the situation that a professional chose last, '' for none."""
    rows = connection.execute(_CHOSEN, {"person": professional})
    return str(rows[0][0]) if rows else ""


def end_pro_session(connection: Connection, session_id: str, *, by: str, now: int) -> bool:
    """Ends one session; False when it is ended."""
    return bool(connection.execute(_END_ONE, {"name": session_id, "moment": now, "whom": by}))


def end_pro_sessions(connection: Connection, professional: str, *, by: str, now: int) -> int:
    """Ends every session of a professional; returns how many."""
    return len(connection.execute(_END_ALL, {"person": professional, "moment": now, "whom": by}))


def end_pro_by_provider(
    connection: Connection, keyring: Keyring, issuer: str, *, session: str, subject: str, now: int
) -> list[tuple[str, str]]:
    """Ends what a provider says is ended: its session when it names one, else all of its subject. Returns (PS_IdNat, session_id)."""
    what, value, statement = ("sid", session, _END_BY_SESSION) if session else ("sub", subject, _END_BY_SUBJECT)
    values = {"moment": now, "whom": "provider", "of_provider": provider_index(keyring, KIND, issuer, what, value)}
    return sorted((str(row[0]), str(row[1])) for row in connection.execute(statement, values))


def forget_pro_sessions(connection: Connection, before: int) -> int:
    """Deletes sessions whose time was over before a moment; returns how many."""
    return len(connection.execute(_FORGET, {"before": before}))


def _sealed(keyring: Keyring, session_id: str, details: ProDetails) -> bytes:
    return keyring.actor_key().seal(msgspec.json.encode(details), _context(session_id))


def _context(session_id: str) -> str:
    return f"{KIND}|{session_id}"
