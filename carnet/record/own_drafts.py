"""Documents that somebody prepares for a record: their pages taken in, arranged and described, kept sealed on the server for a while.

What is prepared is its maker's alone: nobody else who may open the record is shown it. Every act asks for the right to add.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import msgspec

from carnet.authorization.patient_side import PatientRight
from carnet.clock import HOUR, to_dtm
from carnet.identity.patients import traits
from carnet.metadata import PatientIdentifier
from carnet.record.draft_keeping import MAXIMUM_DRAFTS, MAXIMUM_HELD, Full, new_draft_id, seal_said
from carnet.record.kind_suggestion import date_for, type_for
from carnet.record.own_draft_rows import (
    About,
    NewPiece,
    Piece,
    Preparation,
    about_of,
    contents,
    context_of,
    find,
    forget_parts,
    forget_whole,
    is_taken_in,
    kept_draft,
    piece_of_file,
    put,
    row_of,
    waiting,
    write,
)
from carnet.record.patient_documents import own_document
from carnet.record.patient_room import PatientDesk, PatientRoom
from carnet.repository import drafts
from carnet.repository.drafts import SHOWN, TEXT, WHOLE

__all__ = ["MAXIMUM_PIECES", "PREPARE", "About", "Full", "NewPiece", "OwnDrafts", "Piece", "Preparation"]

MAXIMUM_PIECES = 40
PREPARE = "prepare-document"


@dataclass(frozen=True, slots=True)
class OwnDrafts(PatientDesk):
    """The acts. Each raises UnknownDocument for what is not there, is another's, or has expired."""

    def waiting(self, patient: PatientIdentifier) -> tuple[Preparation, ...]:
        """What the person who acts prepares for this record, the oldest first."""
        return self.perform(patient, PREPARE, PatientRight.ADD, waiting, detail="looked", quiet=True)

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
            return next(one for one in contents(room, draft_id, piece_id) if one[0].piece_id == piece_id)

        return self.perform(patient, PREPARE, PatientRight.ADD, work, detail="looked", quiet=True)

    def contents(self, patient: PatientIdentifier, draft_id: str) -> tuple[tuple[Piece, bytes], ...]:
        """All pieces with their bytes, in their order."""
        return self.perform(
            patient, PREPARE, PatientRight.ADD, lambda room: contents(room, draft_id), detail="put together"
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
            forget_whole(room, draft_id)

        self.perform(patient, PREPARE, PatientRight.ADD, work, detail="removed a page")

    def keep_whole(self, patient: PatientIdentifier, draft_id: str, whole: NewPiece, text: str) -> None:
        """Keeps the file put together, and what its text suggests for fields that nobody filled in."""

        def work(room: PatientRoom) -> None:
            kept = kept_draft(room, draft_id)
            forget_whole(room, draft_id)
            put(room, draft_id, replace(whole, kind=WHOLE), position=0)
            write(room, draft_id, _suggested(room, about_of(room, kept), text))

        self.perform(patient, PREPARE, PatientRight.ADD, work, detail="put together")

    def describe(self, patient: PatientIdentifier, draft_id: str, about: About) -> None:
        """Writes what the person says of it."""

        def work(room: PatientRoom) -> None:
            kept_draft(room, draft_id)
            write(room, draft_id, about)

        self.perform(patient, PREPARE, PatientRight.ADD, work, detail="described")

    def give_up(self, patient: PatientIdentifier, draft_id: str) -> None:
        """Drops it with all its pages."""

        def work(room: PatientRoom) -> None:
            kept_draft(room, draft_id)
            drafts.drop(room.connection, room.patient_key, draft_id)

        self.perform(patient, PREPARE, PatientRight.ADD, work, detail="gave up")


# --- inside the gate ------------------------------------------------------------------------------------------------


def _begin(room: PatientRoom, about: About) -> str:
    if about.replaces:
        own_document(room, PatientRight.REPLACE, about.replaces)
    mine = waiting(room)
    for one in mine:
        if not one.pieces and one.about == about:
            return one.draft_id
    if len(mine) >= MAXIMUM_DRAFTS:
        raise Full("drafts")
    draft_id = new_draft_id()
    ends = room.now + room.platform.settings.upload_draft_hours * HOUR
    kept = drafts.Draft(draft_id, room.now, ends, seal_said(room.key, about, context_of(draft_id, "about")))
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
        put(room, draft_id, one, position=number, piece_id=piece_of_file(file_id) if file_id and first else "")
    forget_whole(room, draft_id)


def _turn(room: PatientRoom, draft_id: str, turned: Piece) -> None:
    row = row_of(room, draft_id, turned.piece_id)
    preview = room.key.seal(turned.preview, context_of(draft_id, f"{turned.piece_id}|preview"))
    changed = replace(row, turn=turned.turn, sealed_preview=preview)
    drafts.arrange(room.connection, room.patient_key, draft_id, changed)
    forget_whole(room, draft_id)


def _move(room: PatientRoom, draft_id: str, piece_id: str, steps: int) -> None:
    row_of(room, draft_id, piece_id)
    rows = [one for one in drafts.pieces(room.connection, room.patient_key, draft_id) if one.kind in SHOWN]
    place = next(number for number, one in enumerate(rows) if one.piece_id == piece_id)
    other = place + steps
    if 0 <= other < len(rows):
        rows[place], rows[other] = rows[other], rows[place]
    for number, one in enumerate(rows, 1):
        drafts.arrange(room.connection, room.patient_key, draft_id, replace(one, position=number))
    forget_whole(room, draft_id)


def _suggested(room: PatientRoom, about: About, text: str) -> About:
    seems = type_for(text)
    if about.described:
        return msgspec.structs.replace(about, suggested=seems)
    born, today = traits(room.connection, room.patient_key, room.key).birth_date, to_dtm(room.now)[:8]
    dated = about.dated or date_for(text, birth_date=born, today=today)
    return msgspec.structs.replace(about, suggested=seems, type=about.type or seems, dated=dated)
