"""What somebody prepares for a record, inside the gate: one document and its pieces, as rows that are opened and sealed here."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import msgspec

from carnet.errors import UnknownDocument
from carnet.record.draft_keeping import open_said, seal_said
from carnet.record.patient_room import PatientRoom
from carnet.repository import drafts
from carnet.repository.drafts import PART, SHOWN, TEXT, WHOLE
from carnet.viewing.taking_in import PieceKind


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said of a document so far. `dated` is yyyymmdd; `type` a code of `kind_suggestion.OFFERED`; `suggested` what its text seemed to be.

    Where it replaces a document, `replaces` is that one's uniqueId, and `set_id` and `version` are those of its CDA.
    """

    title: str = ""
    type: str = ""
    dated: str = ""
    masked: bool = False
    described: bool = False
    suggested: str = ""
    replaces: str = ""
    set_id: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece as it is shown. `kind`: picture, pdf or text; `preview` a WebP picture, or the beginning of a text in UTF-8."""

    piece_id: str
    kind: PieceKind
    turn: int
    pages: int
    size: int
    preview: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Preparation:
    """One document in preparation. `whole_id` names the file put together, '' while there is none or the pages changed since."""

    draft_id: str
    began_at: int
    expires_at: int
    about: About
    pieces: tuple[Piece, ...]
    whole_id: str = ""
    whole_size: int = 0
    whole_pages: int = 0

    @property
    def media_type(self) -> str:
        """Of the file put together."""
        return "text/plain" if any(one.kind == TEXT for one in self.pieces) else "application/pdf"


@dataclass(frozen=True, slots=True)
class NewPiece:
    """A piece that was made safe: `viewing.taking_in` made it and its preview."""

    kind: str
    pages: int
    content: bytes = field(repr=False)
    preview: bytes = field(repr=False)


def kept_draft(room: PatientRoom, draft_id: str) -> drafts.Draft:
    """The row of one that the person who acts made. Raises UnknownDocument."""
    kept = drafts.find_draft(
        room.connection, room.patient_key, draft_id, maker_key=room.acting.patient_key, now=room.now
    )
    if kept is None:
        raise UnknownDocument("No such document in preparation.")
    return kept


def find(room: PatientRoom, draft_id: str) -> Preparation:
    """One document in preparation. Raises UnknownDocument."""
    return _opened(room, kept_draft(room, draft_id))


def waiting(room: PatientRoom) -> tuple[Preparation, ...]:
    """What the person who acts prepares, the oldest first."""
    found = drafts.drafts_of(room.connection, room.patient_key, maker_key=room.acting.patient_key, now=room.now)
    return tuple(_opened(room, one) for one in found)


def _opened(room: PatientRoom, kept: drafts.Draft) -> Preparation:
    rows = drafts.pieces(room.connection, room.patient_key, kept.draft_id)
    shown = [one for one in rows if one.kind in SHOWN]
    whole = next((one for one in rows if one.kind == WHOLE), None)
    return Preparation(
        draft_id=kept.draft_id,
        began_at=kept.began_at,
        expires_at=kept.expires_at,
        about=about_of(room, kept),
        pieces=tuple(_seen(room, kept.draft_id, one) for one in shown),
        whole_id=whole.piece_id if whole else "",
        whole_size=whole.size if whole else 0,
        whole_pages=whole.pages if whole else 0,
    )


def _seen(room: PatientRoom, draft_id: str, row: drafts.Piece) -> Piece:
    preview = room.key.open(row.sealed_preview, context_of(draft_id, f"{row.piece_id}|preview"))
    return Piece(row.piece_id, cast("PieceKind", row.kind), row.turn, row.pages, row.size, preview)


def about_of(room: PatientRoom, kept: drafts.Draft) -> About:
    """What is said of one. Raises IntegrityFailure."""
    return open_said(room.key, kept.sealed_about, About, context_of(kept.draft_id, "about"))


def piece_of_file(file_id: str) -> str:
    """The name of the first piece of a file that came in parts: while it is there, the file is not taken in again."""
    return file_id[:16]


def is_taken_in(rows: Sequence[drafts.Piece], file_id: str) -> bool:
    """Whether a file that came in parts is among these pieces."""
    return any(one.piece_id == piece_of_file(file_id) for one in rows)


def parts_of(rows: Sequence[drafts.Piece], file_id: str) -> list[drafts.Piece]:
    """The parts of a file among pieces, in their order."""
    return [one for one in rows if one.kind == PART and one.piece_id.startswith(f"{file_id}-")]


def forget_parts(room: PatientRoom, draft_id: str, rows: Sequence[drafts.Piece], file_id: str) -> None:
    """Removes the parts of a file."""
    for one in parts_of(rows, file_id) if file_id else ():
        drafts.remove(room.connection, room.patient_key, draft_id, one.piece_id)


def put(room: PatientRoom, draft_id: str, new: NewPiece, *, position: int, piece_id: str = "") -> None:
    """Writes a piece, under a name of its own unless one is given."""
    piece_id = piece_id or secrets.token_hex(8)
    preview = room.key.seal(new.preview, context_of(draft_id, f"{piece_id}|preview"))
    row = drafts.Piece(piece_id, new.kind, position, 0, new.pages, len(new.content), preview)
    sealed = room.key.seal(new.content, context_of(draft_id, piece_id))
    drafts.put(room.connection, room.patient_key, draft_id, row, sealed)


def contents(room: PatientRoom, draft_id: str, only: str = "") -> tuple[tuple[Piece, bytes], ...]:
    """Its pieces with their bytes, in their order, or one of them. Raises UnknownDocument."""
    found = find(room, draft_id)
    wanted = [one for one in found.pieces if only in {"", one.piece_id}]
    if not wanted:
        raise UnknownDocument("No such page in preparation.")
    return tuple((one, open_content(room, draft_id, one.piece_id)) for one in wanted)


def open_content(room: PatientRoom, draft_id: str, piece_id: str) -> bytes:
    """The bytes of a piece. Raises UnknownDocument, IntegrityFailure."""
    sealed = drafts.sealed_content(room.connection, room.patient_key, draft_id, piece_id)
    if sealed is None:
        raise UnknownDocument("No such page in preparation.")
    return room.key.open(sealed, context_of(draft_id, piece_id))


def row_of(room: PatientRoom, draft_id: str, piece_id: str) -> drafts.Piece:
    """The row of a piece as it is shown. Raises UnknownDocument."""
    kept_draft(room, draft_id)
    rows = drafts.pieces(room.connection, room.patient_key, draft_id)
    found = next((one for one in rows if one.piece_id == piece_id and one.kind in SHOWN), None)
    if found is None:
        raise UnknownDocument("No such page in preparation.")
    return found


def forget_whole(room: PatientRoom, draft_id: str) -> None:
    """Removes the file put together: its pages changed."""
    for one in drafts.pieces(room.connection, room.patient_key, draft_id):
        if one.kind == WHOLE:
            drafts.remove(room.connection, room.patient_key, draft_id, one.piece_id)


def write(room: PatientRoom, draft_id: str, about: About) -> None:
    """Writes what is said of one."""
    drafts.write_about(
        room.connection, room.patient_key, draft_id, seal_said(room.key, about, context_of(draft_id, "about"))
    )


def context_of(draft_id: str, what: str) -> str:
    """The place for which something of a draft is sealed."""
    return f"draft|{draft_id}|{what}"
