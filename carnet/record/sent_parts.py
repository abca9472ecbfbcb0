"""Files that come in parts, so that a lost network costs one part and no more: each is kept sealed until the file is whole.

A part leaves no line in the trail: the file does, when it is taken in or refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from carnet.authorization.patient_side import PatientRight
from carnet.metadata import PatientIdentifier
from carnet.record.draft_keeping import MAXIMUM_HELD, Full
from carnet.record.own_draft_rows import context_of, forget_parts, is_taken_in, kept_draft, open_content, parts_of
from carnet.record.own_drafts import PREPARE
from carnet.record.patient_room import PatientDesk, PatientRoom
from carnet.repository import drafts
from carnet.repository.drafts import PART


@dataclass(frozen=True, slots=True)
class Arrived:
    """What is there of a file: the numbers (from 0) of its parts; `content` once all are; `done` when it was taken in before."""

    held: tuple[int, ...] = ()
    content: bytes | None = field(default=None, repr=False)
    done: bool = False


@dataclass(frozen=True, slots=True)
class OwnParts(PatientDesk):
    """The acts by which a file comes in parts, each tried again until it is there. `file_id` is the sender's name for the file, out of its content."""

    def held(self, patient: PatientIdentifier, draft_id: str, file_id: str) -> Arrived:
        """What is there."""

        def work(room: PatientRoom) -> Arrived:
            kept_draft(room, draft_id)
            rows = drafts.pieces(room.connection, room.patient_key, draft_id)
            return Arrived(_numbers(parts_of(rows, file_id)), done=is_taken_in(rows, file_id))

        return self.perform(patient, PREPARE, PatientRight.ADD, work, detail="looked", quiet=True)

    def take(
        self, patient: PatientIdentifier, draft_id: str, file_id: str, number: int, data: bytes, *, count: int
    ) -> Arrived:
        """Keeps one part of `count`, in the place of an earlier try, and gives the file when it is the last to come. Raises Full("bytes"), Full("file").

        Keeping and looking are one act: of two parts that come at once, one is the last.
        """

        def work(room: PatientRoom) -> Arrived:
            kept_draft(room, draft_id)
            rows = drafts.pieces(room.connection, room.patient_key, draft_id)
            if is_taken_in(rows, file_id):
                return Arrived(done=True)
            _keep(room, draft_id, file_id, number, data)
            there = parts_of(drafts.pieces(room.connection, room.patient_key, draft_id), file_id)
            if _numbers(there) != tuple(range(count)):
                return Arrived(_numbers(there))
            return Arrived(_numbers(there), b"".join(open_content(room, draft_id, one.piece_id) for one in there))

        return self.perform(patient, PREPARE, PatientRight.ADD, work, detail="sent a part", quiet=True)

    def forget(self, patient: PatientIdentifier, draft_id: str, file_id: str) -> None:
        """Drops the parts of a file that was refused."""

        def work(room: PatientRoom) -> None:
            kept_draft(room, draft_id)
            rows = drafts.pieces(room.connection, room.patient_key, draft_id)
            forget_parts(room, draft_id, rows, file_id)

        self.perform(patient, PREPARE, PatientRight.ADD, work, detail="a file was refused")


def _keep(room: PatientRoom, draft_id: str, file_id: str, number: int, data: bytes) -> None:
    rows = parts_of(drafts.pieces(room.connection, room.patient_key, draft_id), file_id)
    others = sum(one.size for one in rows if one.position != number)
    if others + len(data) > room.platform.settings.upload_file_bytes:
        raise Full("file")
    former = sum(one.size for one in rows if one.position == number)
    if drafts.held_bytes(room.connection, room.patient_key) - former + len(data) > MAXIMUM_HELD:
        raise Full("bytes")
    name = f"{file_id}-{number:04}"
    row = drafts.Piece(name, PART, number, 0, 1, len(data), b"")
    drafts.put(room.connection, room.patient_key, draft_id, row, room.key.seal(data, context_of(draft_id, name)))


def _numbers(parts: list[drafts.Piece]) -> tuple[int, ...]:
    return tuple(one.position for one in parts)
