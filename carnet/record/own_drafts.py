"""Documents that somebody prepares for a record: their pages taken in, arranged and described, kept sealed on the server for a while.

What is prepared is its maker's alone: nobody else who may open the record is shown it. Every act asks for the right to add.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import cast

import msgspec

from carnet.authorization.patient_side import PatientRight
from carnet.clock import HOUR, to_dtm
from carnet.errors import IntegrityFailure, LocalPolicy, UnknownDocument
from carnet.identity.patients import traits
from carnet.metadata import PatientIdentifier
from carnet.record.kind_suggestion import date_for, type_for
from carnet.record.patient_documents import own_document
from carnet.record.patient_room import PatientDesk, PatientRoom
from carnet.repository import drafts
from carnet.repository.drafts import PART, SHOWN, TEXT, WHOLE
from carnet.viewing.taking_in import PieceKind

MAXIMUM_DRAFTS = 10
"""Documents that one person prepares for one record at a time."""
MAXIMUM_PIECES = 40
MAXIMUM_HELD = 96 * 1024 * 1024
"""Bytes of pieces that wait for one record."""
PREPARE = "prepare-document"


class Full(LocalPolicy):
    """One limit of what may be prepared or added is reached; `limit` names it."""

    def __init__(self, limit: str) -> None:
        super().__init__(f"A limit of what may be added is reached: {limit}.")
        self.limit = limit


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


@dataclass(frozen=True, slots=True)
class OwnDrafts(PatientDesk):
    """The acts. Each raises UnknownDocument for what is not there, is another's, or has expired."""

    def waiting(self, patient: PatientIdentifier) -> tuple[Preparation, ...]:
        """What the person who acts prepares for this record, the oldest first."""
        return self.perform(patient, PREPARE, PatientRight.ADD, _waiting, detail="looked", quiet=True)

    def begin(self, patient: PatientIdentifier, about: About) -> str:
        """Begins one; its name. Raises Full("drafts"), and Refused for a document that the person may not replace."""
        return self.perform(patient, PREPARE, PatientRight.ADD, lambda room: _begin(room, about), detail="began")

    def show(self, patient: PatientIdentifier, draft_id: str) -> Preparation:
        """One of them."""
        return self.perform(
            patient, PREPARE, PatientRight.ADD, lambda room: find(room, draft_id), detail="looked", quiet=True
        )

    def add(self, patient: PatientIdentifier, draft_id: str, new: Sequence[NewPiece], *, file_id: str = "") -> None:
        """Adds pages at the end; those of a file that came in parts (`file_id`) once, whatever is sent again. What was kept of its parts goes.

        Raises Full: "pieces", "bytes", or "text" where a text would not stand alone.
        """
        work = partial(_add, draft_id=draft_id, new=new, file_id=file_id)
        self.perform(patient, PREPARE, PatientRight.ADD, work, detail="added pages")

    def piece(self, patient: PatientIdentifier, draft_id: str, piece_id: str) -> tuple[Piece, bytes]:
        """A piece with its bytes."""

        def work(room: PatientRoom) -> tuple[Piece, bytes]:
            return next(one for one in _contents(room, draft_id, piece_id) if one[0].piece_id == piece_id)

        return self.perform(patient, PREPARE, PatientRight.ADD, work, detail="looked", quiet=True)

    def contents(self, patient: PatientIdentifier, draft_id: str) -> tuple[tuple[Piece, bytes], ...]:
        """All pieces with their bytes, in their order."""
        return self.perform(
            patient, PREPARE, PatientRight.ADD, lambda room: _contents(room, draft_id), detail="put together"
        )

    def turn(self, patient: PatientIdentifier, draft_id: str, turned: Piece) -> None:
        """Writes a piece's turn, with its new preview."""
        self.perform(
            patient, PREPARE, PatientRight.ADD, lambda room: _turn(room, draft_id, turned), detail="turned a page"
        )

    def move(self, patient: PatientIdentifier, draft_id: str, piece_id: str, steps: int) -> None:
        """Moves a piece by one place: -1 towards the beginning, 1 towards the end."""

        def work(room: PatientRoom) -> None:
            _move(room, draft_id, piece_id, steps)

        self.perform(patient, PREPARE, PatientRight.ADD, work, detail="moved a page")

    def remove(self, patient: PatientIdentifier, draft_id: str, piece_id: str) -> None:
        """Removes a piece."""

        def work(room: PatientRoom) -> None:
            kept_draft(room, draft_id)
            drafts.remove(room.connection, room.patient_key, draft_id, piece_id)
            _forget_whole(room, draft_id)

        self.perform(patient, PREPARE, PatientRight.ADD, work, detail="removed a page")

    def keep_whole(self, patient: PatientIdentifier, draft_id: str, whole: NewPiece, text: str) -> None:
        """Keeps the file put together, and what its text suggests for fields that nobody filled in."""

        def work(room: PatientRoom) -> None:
            kept = kept_draft(room, draft_id)
            _forget_whole(room, draft_id)
            _put(room, draft_id, replace(whole, kind=WHOLE), position=0)
            _write(room, draft_id, _suggested(room, _about(room, kept), text))

        self.perform(patient, PREPARE, PatientRight.ADD, work, detail="put together")

    def describe(self, patient: PatientIdentifier, draft_id: str, about: About) -> None:
        """Writes what the person says of it."""

        def work(room: PatientRoom) -> None:
            kept_draft(room, draft_id)
            _write(room, draft_id, about)

        self.perform(patient, PREPARE, PatientRight.ADD, work, detail="described")

    def give_up(self, patient: PatientIdentifier, draft_id: str) -> None:
        """Drops it with all its pages."""

        def work(room: PatientRoom) -> None:
            kept_draft(room, draft_id)
            drafts.drop(room.connection, room.patient_key, draft_id)

        self.perform(patient, PREPARE, PatientRight.ADD, work, detail="gave up")


def new_draft_id() -> str:
    """The name of a draft: 32 hexadecimal digits of a random UUID, of which the document's identifiers are made."""
    return uuid.uuid4().hex


def unique_id_of(draft_id: str) -> str:
    """The uniqueId of the document that a draft becomes: the same each time, so that it is added once. Raises UnknownDocument."""
    try:
        return f"2.25.{uuid.UUID(hex=draft_id).int}"
    except ValueError as error:
        raise UnknownDocument("No such document in preparation.") from error


# --- inside the gate ------------------------------------------------------------------------------------------------


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


def _waiting(room: PatientRoom) -> tuple[Preparation, ...]:
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
        about=_about(room, kept),
        pieces=tuple(_seen(room, kept.draft_id, one) for one in shown),
        whole_id=whole.piece_id if whole else "",
        whole_size=whole.size if whole else 0,
        whole_pages=whole.pages if whole else 0,
    )


def _about(room: PatientRoom, kept: drafts.Draft) -> About:
    try:
        return msgspec.json.decode(room.key.open(kept.sealed_about, context_of(kept.draft_id, "about")), type=About)
    except msgspec.DecodeError as error:
        raise IntegrityFailure("A document in preparation cannot be read.") from error


def _seen(room: PatientRoom, draft_id: str, row: drafts.Piece) -> Piece:
    preview = room.key.open(row.sealed_preview, context_of(draft_id, f"{row.piece_id}|preview"))
    return Piece(row.piece_id, cast("PieceKind", row.kind), row.turn, row.pages, row.size, preview)


def _begin(room: PatientRoom, about: About) -> str:
    if about.replaces:
        own_document(room, PatientRight.REPLACE, about.replaces)
    mine = _waiting(room)
    for one in mine:
        if not one.pieces and one.about == about:
            return one.draft_id
    if len(mine) >= MAXIMUM_DRAFTS:
        raise Full("drafts")
    draft_id = new_draft_id()
    ends = room.now + room.platform.settings.upload_draft_hours * HOUR
    kept = drafts.Draft(draft_id, room.now, ends, _sealed_about(room, draft_id, about))
    drafts.begin(room.connection, room.patient_key, kept, maker_key=room.acting.patient_key)
    return draft_id


def _add(room: PatientRoom, draft_id: str, new: Sequence[NewPiece], file_id: str = "") -> None:
    kept_draft(room, draft_id)
    rows = drafts.pieces(room.connection, room.patient_key, draft_id)
    if file_id and is_taken_in(rows, file_id):
        return
    before = [one for one in rows if one.kind in SHOWN]
    kinds = [*(one.kind for one in before), *(one.kind for one in new)]
    if len(kinds) > MAXIMUM_PIECES:
        raise Full("pieces")
    if TEXT in kinds and len(kinds) > 1:
        raise Full("text")
    forget_parts(room, draft_id, rows, file_id)
    if drafts.held_bytes(room.connection, room.patient_key) + sum(len(one.content) for one in new) > MAXIMUM_HELD:
        raise Full("bytes")
    last = max((one.position for one in before), default=0)
    for number, one in enumerate(new, last + 1):
        first = number == last + 1
        _put(room, draft_id, one, position=number, piece_id=piece_of_file(file_id) if file_id and first else "")
    _forget_whole(room, draft_id)


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


def _put(room: PatientRoom, draft_id: str, new: NewPiece, *, position: int, piece_id: str = "") -> None:
    piece_id = piece_id or secrets.token_hex(8)
    preview = room.key.seal(new.preview, context_of(draft_id, f"{piece_id}|preview"))
    row = drafts.Piece(piece_id, new.kind, position, 0, new.pages, len(new.content), preview)
    sealed = room.key.seal(new.content, context_of(draft_id, piece_id))
    drafts.put(room.connection, room.patient_key, draft_id, row, sealed)


def _contents(room: PatientRoom, draft_id: str, only: str = "") -> tuple[tuple[Piece, bytes], ...]:
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


def _turn(room: PatientRoom, draft_id: str, turned: Piece) -> None:
    row = _row(room, draft_id, turned.piece_id)
    preview = room.key.seal(turned.preview, context_of(draft_id, f"{turned.piece_id}|preview"))
    changed = replace(row, turn=turned.turn, sealed_preview=preview)
    drafts.arrange(room.connection, room.patient_key, draft_id, changed)
    _forget_whole(room, draft_id)


def _move(room: PatientRoom, draft_id: str, piece_id: str, steps: int) -> None:
    _row(room, draft_id, piece_id)
    rows = [one for one in drafts.pieces(room.connection, room.patient_key, draft_id) if one.kind in SHOWN]
    place = next(number for number, one in enumerate(rows) if one.piece_id == piece_id)
    other = place + steps
    if 0 <= other < len(rows):
        rows[place], rows[other] = rows[other], rows[place]
    for number, one in enumerate(rows, 1):
        drafts.arrange(room.connection, room.patient_key, draft_id, replace(one, position=number))
    _forget_whole(room, draft_id)


def _row(room: PatientRoom, draft_id: str, piece_id: str) -> drafts.Piece:
    kept_draft(room, draft_id)
    rows = drafts.pieces(room.connection, room.patient_key, draft_id)
    found = next((one for one in rows if one.piece_id == piece_id and one.kind in SHOWN), None)
    if found is None:
        raise UnknownDocument("No such page in preparation.")
    return found


def _suggested(room: PatientRoom, about: About, text: str) -> About:
    seems = type_for(text)
    if about.described:
        return msgspec.structs.replace(about, suggested=seems)
    born, today = traits(room.connection, room.patient_key, room.key).birth_date, to_dtm(room.now)[:8]
    dated = about.dated or date_for(text, birth_date=born, today=today)
    return msgspec.structs.replace(about, suggested=seems, type=about.type or seems, dated=dated)


def _forget_whole(room: PatientRoom, draft_id: str) -> None:
    for one in drafts.pieces(room.connection, room.patient_key, draft_id):
        if one.kind == WHOLE:
            drafts.remove(room.connection, room.patient_key, draft_id, one.piece_id)


def _write(room: PatientRoom, draft_id: str, about: About) -> None:
    drafts.write_about(room.connection, room.patient_key, draft_id, _sealed_about(room, draft_id, about))


def _sealed_about(room: PatientRoom, draft_id: str, about: About) -> bytes:
    return room.key.seal(msgspec.json.encode(about), context_of(draft_id, "about"))


def context_of(draft_id: str, what: str) -> str:
    """The place for which something of a draft is sealed."""
    return f"draft|{draft_id}|{what}"
