"""Documents in preparation: what somebody is adding to a record, sealed by the caller, for a short while. Moments are microseconds UTC."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import bindparam, delete, func, insert, select, update

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import upload_draft, upload_piece

PART, PICTURE, PDF, TEXT, WHOLE = "part", "picture", "pdf", "text", "whole"
SHOWN = frozenset({PICTURE, PDF, TEXT})
"""Kinds of pieces that a person sees and arranges."""

_D, _P = upload_draft.c, upload_piece.c
_ONE = (_D.patient_key == bindparam("patient"), _D.draft_id == bindparam("draft"))
_ITS = (_P.patient_key == bindparam("patient"), _P.draft_id == bindparam("draft"))
_PIECE = (*_ITS, _P.piece_id == bindparam("piece"))
_COLUMNS = (_D.draft_id, _D.began_at, _D.expires_at, _D.sealed_about)

_BEGIN = prepare(insert(upload_draft).values({name: bindparam(name) for name in _D.keys()}))  # noqa: SIM118
_FIND = prepare(select(*_COLUMNS).where(*_ONE, _D.maker_key == bindparam("maker"), _D.expires_at > bindparam("now")))
_OF_MAKER = prepare(
    select(*_COLUMNS)
    .where(_D.patient_key == bindparam("patient"), _D.maker_key == bindparam("maker"), _D.expires_at > bindparam("now"))
    .order_by(_D.began_at)
)
_WRITE = prepare(update(upload_draft).where(*_ONE).values(sealed_about=bindparam("about")))
_DROP = prepare(delete(upload_draft).where(*_ONE))
_DROP_PIECES = prepare(delete(upload_piece).where(*_ITS))
_EXPIRED = prepare(select(_D.patient_key, _D.draft_id).where(_D.expires_at <= bindparam("now")).order_by(_D.expires_at))
_PIECES = prepare(
    select(_P.piece_id, _P.kind, _P.position, _P.turn, _P.pages, _P.size, _P.sealed_preview)
    .where(*_ITS)
    .order_by(_P.position, _P.piece_id)
)
_CONTENT = prepare(select(_P.sealed_content).where(*_PIECE))
_PUT = prepare(insert(upload_piece).values({name: bindparam(name) for name in _P.keys()}))  # noqa: SIM118
_PLACE = prepare(
    update(upload_piece)
    .where(*_PIECE)
    .values(position=bindparam("place"), turn=bindparam("turned"), sealed_preview=bindparam("shown"))
)
_REMOVE = prepare(delete(upload_piece).where(*_PIECE))
_HELD = prepare(select(func.coalesce(func.sum(_P.size), 0)).where(_P.patient_key == bindparam("patient")))


@dataclass(frozen=True, slots=True)
class Draft:
    """A document in preparation; `sealed_about` is what was said of it so far, sealed by the caller."""

    draft_id: str
    began_at: int
    expires_at: int
    sealed_about: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece without its bytes. `turn` is a quarter's multiple clockwise (0, 90, 180, 270); `size` in bytes before sealing.

    `sealed_preview` is how it looks, sealed by the caller; b'' for what is not shown.
    """

    piece_id: str
    kind: str
    position: int
    turn: int
    pages: int
    size: int
    sealed_preview: bytes = field(default=b"", repr=False)


def begin(connection: Connection, patient_key: int, draft: Draft, *, maker_key: int) -> None:
    """Writes a new one."""
    connection.execute(
        _BEGIN,
        {
            "patient_key": patient_key,
            "draft_id": draft.draft_id,
            "maker_key": maker_key,
            "began_at": draft.began_at,
            "expires_at": draft.expires_at,
            "sealed_about": draft.sealed_about,
        },
    )


def find_draft(connection: Connection, patient_key: int, draft_id: str, *, maker_key: int, now: int) -> Draft | None:
    """The one of that name, made by that person and not past its end."""
    rows = connection.execute(_FIND, {"patient": patient_key, "draft": draft_id, "maker": maker_key, "now": now})
    return Draft(*rows[0]) if rows else None


def drafts_of(connection: Connection, patient_key: int, *, maker_key: int, now: int) -> list[Draft]:
    """What that person prepares for that record, the oldest first."""
    rows = connection.execute(_OF_MAKER, {"patient": patient_key, "maker": maker_key, "now": now})
    return [Draft(*row) for row in rows]


def write_about(connection: Connection, patient_key: int, draft_id: str, sealed_about: bytes) -> None:
    """Writes what is said of it now."""
    connection.execute(_WRITE, {"patient": patient_key, "draft": draft_id, "about": sealed_about})


def drop(connection: Connection, patient_key: int, draft_id: str) -> None:
    """Removes it with its pieces."""
    connection.execute(_DROP_PIECES, {"patient": patient_key, "draft": draft_id})
    connection.execute(_DROP, {"patient": patient_key, "draft": draft_id})


def expired_drafts(connection: Connection, now: int) -> list[tuple[int, str]]:
    """Whose (internal key) and which are past their end, of everybody. Not for a path of care."""
    return [(int(key), str(name)) for key, name in connection.execute(_EXPIRED, {"now": now})]


def pieces(connection: Connection, patient_key: int, draft_id: str) -> list[Piece]:
    """Its pieces in their order, without their bytes."""
    rows = connection.execute(_PIECES, {"patient": patient_key, "draft": draft_id})
    return [
        Piece(piece_id, kind, position, turn, pages, size, bytes(shown))
        for piece_id, kind, position, turn, pages, size, shown in rows
    ]


def sealed_content(connection: Connection, patient_key: int, draft_id: str, piece_id: str) -> bytes | None:
    """The sealed bytes of a piece; None when there is none of that name."""
    rows = connection.execute(_CONTENT, {"patient": patient_key, "draft": draft_id, "piece": piece_id})
    return bytes(rows[0][0]) if rows else None


def put(connection: Connection, patient_key: int, draft_id: str, piece: Piece, sealed: bytes) -> None:
    """Adds a piece, in the place of one of the same name."""
    remove(connection, patient_key, draft_id, piece.piece_id)
    connection.execute(
        _PUT,
        {
            "patient_key": patient_key,
            "draft_id": draft_id,
            "piece_id": piece.piece_id,
            "kind": piece.kind,
            "position": piece.position,
            "turn": piece.turn,
            "pages": piece.pages,
            "size": piece.size,
            "sealed_content": sealed,
            "sealed_preview": piece.sealed_preview,
        },
    )


def arrange(connection: Connection, patient_key: int, draft_id: str, piece: Piece) -> None:
    """Writes a piece's position, its turn, and how it looks."""
    parameters = {"patient": patient_key, "draft": draft_id, "piece": piece.piece_id}
    changed = {"place": piece.position, "turned": piece.turn, "shown": piece.sealed_preview}
    connection.execute(_PLACE, {**parameters, **changed})


def remove(connection: Connection, patient_key: int, draft_id: str, piece_id: str) -> None:
    """Removes a piece; nothing happens when there is none of that name."""
    connection.execute(_REMOVE, {"patient": patient_key, "draft": draft_id, "piece": piece_id})


def held_bytes(connection: Connection, patient_key: int) -> int:
    """The bytes of all pieces that wait for a record, whoever prepares them."""
    return int(connection.execute(_HELD, {"patient": patient_key})[0][0])
