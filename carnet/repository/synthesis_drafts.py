"""Syntheses that doctors are writing: sealed by the caller, their makers by a keyed digest. Moments are microseconds UTC."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import synthesis_draft

_S = synthesis_draft.c
_MINE = (_S.patient_key == bindparam("patient"), _S.maker == bindparam("who"))
_FIND = prepare(select(_S.began_at, _S.expires_at, _S.sealed_content).where(*_MINE, _S.expires_at > bindparam("now")))
_ADD = insert(synthesis_draft).values({name: bindparam(name) for name in _S.keys()})  # noqa: SIM118
_WRITE = prepare(
    _ADD.on_conflict_do_update(
        index_elements=["patient_key", "maker"],
        set_={name: _ADD.excluded[name] for name in ("began_at", "expires_at", "sealed_content")},
    )
)
_DROP = prepare(delete(synthesis_draft).where(*_MINE))
_EXPIRED = prepare(select(_S.patient_key, _S.maker).where(_S.expires_at <= bindparam("now")).order_by(_S.expires_at))


@dataclass(frozen=True, slots=True)
class WrittenDraft:
    """A synthesis in writing; `sealed_content` is sealed by the caller."""

    began_at: int
    expires_at: int
    sealed_content: bytes = field(repr=False)


def find_synthesis_draft(connection: Connection, patient_key: int, maker: bytes, *, now: int) -> WrittenDraft | None:
    """What that doctor is writing for that patient, unless it is past its end."""
    rows = connection.execute(_FIND, {"patient": patient_key, "who": maker, "now": now})
    return WrittenDraft(rows[0][0], rows[0][1], bytes(rows[0][2])) if rows else None


def write_synthesis_draft(connection: Connection, patient_key: int, maker: bytes, draft: WrittenDraft) -> None:
    """Writes it, in the place of one that is there."""
    connection.execute(
        _WRITE,
        {
            "patient_key": patient_key,
            "maker": maker,
            "began_at": draft.began_at,
            "expires_at": draft.expires_at,
            "sealed_content": draft.sealed_content,
        },
    )


def drop_synthesis_draft(connection: Connection, patient_key: int, maker: bytes) -> None:
    """Removes it; nothing happens when there is none."""
    connection.execute(_DROP, {"patient": patient_key, "who": maker})


def expired_synthesis_drafts(connection: Connection, now: int) -> list[tuple[int, bytes]]:
    """Whose (internal key) and by whom those past their end are, of everybody. Not for a path of care."""
    return [(int(key), bytes(maker)) for key, maker in connection.execute(_EXPIRED, {"now": now})]
