"""What professionals prepare and deposit by the portal, as rows: sealed by the caller, makers by a keyed digest. Moments are microseconds UTC."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import deposit_draft, portal_deposit

_D, _L = deposit_draft.c, portal_deposit.c
_ONE = (_D.patient_key == bindparam("patient"), _D.draft_id == bindparam("draft"))
_MINE = (_D.patient_key == bindparam("patient"), _D.maker == bindparam("maker"), _D.expires_at > bindparam("now"))
_SHORT = (_D.draft_id, _D.began_at, _D.expires_at, _D.size, _D.sealed_about, _D.sealed_preview)

_BEGIN = prepare(insert(deposit_draft).values({name: bindparam(name) for name in _D.keys()}))  # noqa: SIM118
_FIND = prepare(select(*_SHORT).where(*_MINE, _D.draft_id == bindparam("draft")))
_OF_MAKER = prepare(select(*_SHORT).where(*_MINE).order_by(_D.began_at, _D.draft_id))
_CONTENT = prepare(select(_D.sealed_content).where(*_ONE))
_WRITE = prepare(update(deposit_draft).where(*_ONE).values(sealed_about=bindparam("about")))
_DROP = prepare(delete(deposit_draft).where(*_ONE))
_EXPIRED = prepare(select(_D.patient_key, _D.draft_id).where(_D.expires_at <= bindparam("now")).order_by(_D.expires_at))
_NEW = upsert(portal_deposit).values({name: bindparam(name) for name in _L.keys()})  # noqa: SIM118
_NOTE = prepare(
    _NEW.on_conflict_do_update(
        index_elements=["patient_key", "deposit_id"],
        set_={name: _NEW.excluded[name] for name in ("depositor", "unique_id", "deposited_at")},
    )
)
_LINES = prepare(
    select(_L.deposit_id, _L.patient_key, _L.unique_id, _L.deposited_at)
    .where(
        _L.depositor == bindparam("depositor"),
        _L.deposited_at > bindparam("since"),
        _L.deposited_at <= bindparam("before"),
    )
    .order_by(_L.deposited_at.desc(), _L.deposit_id)
    .limit(bindparam("most"))
)
_NAMED = prepare(
    select(_L.unique_id).where(_L.patient_key == bindparam("patient"), _L.deposit_id == bindparam("deposit"))
)
_FORGET = prepare(
    delete(portal_deposit).where(_L.depositor == bindparam("depositor"), _L.deposited_at <= bindparam("until"))
)


@dataclass(frozen=True, slots=True)
class DepositDraft:
    """A document that is being prepared, without its bytes. `size` is theirs before sealing; the two other texts are sealed by the caller."""

    draft_id: str
    began_at: int
    expires_at: int
    size: int
    sealed_about: bytes = field(repr=False)
    sealed_preview: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class DepositLine:
    """One document deposited by the portal: in whose record (internal key), which, and when."""

    deposit_id: str
    patient_key: int
    unique_id: str
    deposited_at: int


def begin(
    connection: Connection, patient_key: int, draft: DepositDraft, *, maker: bytes, sealed_content: bytes
) -> None:
    """Writes a new one."""
    connection.execute(
        _BEGIN,
        {
            "patient_key": patient_key,
            "draft_id": draft.draft_id,
            "maker": maker,
            "began_at": draft.began_at,
            "expires_at": draft.expires_at,
            "size": draft.size,
            "sealed_about": draft.sealed_about,
            "sealed_content": sealed_content,
            "sealed_preview": draft.sealed_preview,
        },
    )


def find_deposit_draft(
    connection: Connection, patient_key: int, draft_id: str, *, maker: bytes, now: int
) -> DepositDraft | None:
    """The one of that name, of that maker and not past its end."""
    rows = connection.execute(_FIND, {"patient": patient_key, "draft": draft_id, "maker": maker, "now": now})
    return DepositDraft(*rows[0]) if rows else None


def deposit_drafts_of(connection: Connection, patient_key: int, *, maker: bytes, now: int) -> list[DepositDraft]:
    """What that maker prepares for that record, the oldest first."""
    rows = connection.execute(_OF_MAKER, {"patient": patient_key, "maker": maker, "now": now})
    return [DepositDraft(*row) for row in rows]


def sealed_deposit(connection: Connection, patient_key: int, draft_id: str) -> bytes | None:
    """The sealed bytes of a draft; None when there is none of that name."""
    rows = connection.execute(_CONTENT, {"patient": patient_key, "draft": draft_id})
    return bytes(rows[0][0]) if rows else None


def write_about(connection: Connection, patient_key: int, draft_id: str, sealed_about: bytes) -> None:
    """Writes what is said of it now."""
    connection.execute(_WRITE, {"patient": patient_key, "draft": draft_id, "about": sealed_about})


def drop_deposit_draft(connection: Connection, patient_key: int, draft_id: str) -> None:
    """Removes it; nothing happens when there is none of that name."""
    connection.execute(_DROP, {"patient": patient_key, "draft": draft_id})


def expired_deposit_drafts(connection: Connection, now: int) -> list[tuple[int, str]]:
    """Whose (internal key) and which are past their end, of everybody. Not for a path of care."""
    return [(int(key), str(name)) for key, name in connection.execute(_EXPIRED, {"now": now})]


def note_deposit(connection: Connection, line: DepositLine, *, depositor: bytes, forget_until: int) -> None:
    """Notes what was deposited, and forgets the depositor's lines up to a moment.

    Where the database is spread the line is kept before the deposit. Alone it tells of no document, and a second try writes over it.
    """
    connection.apart(_FORGET, {"depositor": depositor, "until": forget_until})
    connection.apart(
        _NOTE,
        {
            "deposit_id": line.deposit_id,
            "depositor": depositor,
            "patient_key": line.patient_key,
            "unique_id": line.unique_id,
            "deposited_at": line.deposited_at,
        },
    )


def deposits_of(connection: Connection, depositor: bytes, *, since: int, before: int, most: int) -> list[DepositLine]:
    """What was deposited after `since` and up to `before`, the newest first, at most so many."""
    rows = connection.execute(_LINES, {"depositor": depositor, "since": since, "before": before, "most": most})
    return [DepositLine(*row) for row in rows]


def deposit_named(connection: Connection, patient_key: int, deposit_id: str) -> str:
    """The uniqueId of the document that was deposited under a name, '' where none was."""
    rows = connection.execute(_NAMED, {"patient": patient_key, "deposit": deposit_id})
    return str(rows[0][0]) if rows else ""
