"""Files that come in parts, so that a lost network costs one part and no more: each is kept sealed until the file is whole."""

from __future__ import annotations

from dataclasses import dataclass

from carnet.authorization.patient_side import PatientRight
from carnet.errors import UnknownDocument
from carnet.metadata import PatientIdentifier
from carnet.record.own_drafts import MAXIMUM_HELD, PREPARE, Full, context_of, kept_draft, open_content
from carnet.record.patient_room import PatientDesk, PatientRoom
from carnet.repository import drafts
from carnet.repository.drafts import PART


@dataclass(frozen=True, slots=True)
class OwnParts(PatientDesk):
    """The acts by which a file comes in parts, each tried again until it is there. `file_id` is the sender's name for the file."""

    def held(self, patient: PatientIdentifier, draft_id: str, file_id: str) -> tuple[int, ...]:
        """The numbers (from 0) of the parts that are there."""

        def work(room: PatientRoom) -> tuple[int, ...]:
            kept_draft(room, draft_id)
            return tuple(one.position for one in _parts(room, draft_id, file_id))

        return self.perform(patient, PREPARE, PatientRight.ADD, work, detail="looked")

    def take(self, patient: PatientIdentifier, draft_id: str, file_id: str, number: int, data: bytes) -> None:
        """Keeps one part, in the place of an earlier try. Raises Full("bytes")."""

        def work(room: PatientRoom) -> None:
            kept_draft(room, draft_id)
            limit = room.platform.settings.upload_file_bytes
            others = sum(one.size for one in _parts(room, draft_id, file_id) if one.position != number)
            if others + len(data) > limit:
                raise Full("file")
            if drafts.held_bytes(room.connection, room.patient_key) + len(data) > MAXIMUM_HELD:
                raise Full("bytes")
            name = _part_name(file_id, number)
            row = drafts.Piece(name, PART, number, 0, 1, len(data), b"")
            sealed = room.key.seal(data, context_of(draft_id, name))
            drafts.put(room.connection, room.patient_key, draft_id, row, sealed)

        self.perform(patient, PREPARE, PatientRight.ADD, work, detail="sent a part")

    def whole_file(self, patient: PatientIdentifier, draft_id: str, file_id: str, count: int) -> bytes:
        """The file of `count` parts. Raises UnknownDocument while one is missing."""

        def work(room: PatientRoom) -> bytes:
            kept_draft(room, draft_id)
            found = _parts(room, draft_id, file_id)
            if [one.position for one in found] != list(range(count)):
                raise UnknownDocument("A part of the file is missing.")
            return b"".join(open_content(room, draft_id, one.piece_id) for one in found)

        return self.perform(patient, PREPARE, PatientRight.ADD, work, detail="sent a file")

    def forget(self, patient: PatientIdentifier, draft_id: str, file_id: str) -> None:
        """Drops the parts of a file that was taken in, or refused."""

        def work(room: PatientRoom) -> None:
            kept_draft(room, draft_id)
            for one in _parts(room, draft_id, file_id):
                drafts.remove(room.connection, room.patient_key, draft_id, one.piece_id)

        self.perform(patient, PREPARE, PatientRight.ADD, work, detail="sent a file")


def _parts(room: PatientRoom, draft_id: str, file_id: str) -> list[drafts.Piece]:
    rows = drafts.pieces(room.connection, room.patient_key, draft_id)
    return [one for one in rows if one.kind == PART and one.piece_id.startswith(f"{file_id}-")]


def _part_name(file_id: str, number: int) -> str:
    return f"{file_id}-{number:04}"
