"""Documents as the sources of what a page says: visible to the person and in use, each with who else sees it and whether it is new."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from carnet.consent.space_visits import visit_before
from carnet.record.own_documents import SpaceDocument, Visible, in_words
from carnet.record.patient_documents import is_masked, masks_everything
from carnet.record.patient_room import PatientRoom
from carnet.record.reading_room import ReadingRoom

SHOWN = 20
"""Documents of one list on a page that is about their content."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The document that something comes from. `new`: it came since the visit before; `time` is a DTM in UTC."""

    unique_id: str
    title: str
    time: str
    masked: bool
    new: bool


@dataclass(frozen=True, slots=True)
class Unread:
    """Documents that can be read by a person, but give nothing to compare: how many, and the newest of them."""

    count: int = 0
    documents: tuple[SpaceDocument, ...] = ()


def unread_among(room: ReadingRoom, documents: Sequence[Visible]) -> Unread:
    """How many there are, the newest in words."""
    return Unread(len(documents), in_words(room, documents[:SHOWN]))


class Origins:
    """Tells documents for one act, and notes in its trace those that it told."""

    def __init__(self, room: PatientRoom) -> None:
        self._room = room
        self._by_default = masks_everything(room)
        former = visit_before(room.connection, room.patient_key, room.acting.patient_key, now=room.now)
        self._since = room.now if former is None else former

    def tell(self, document: Visible, title: str) -> Origin:
        """One document under the title that it gives itself."""
        found = document.found
        return Origin(
            unique_id=found.unique_id,
            title=title,
            time=document.time,
            masked=is_masked(found, by_default=self._by_default),
            new=self.is_new(document),
        )

    def is_new(self, document: Visible) -> bool:
        """Whether it came since the visit before; at the first visit nothing is called new."""
        return document.found.registered_at > self._since

    def note(self, told: Iterable[Origin]) -> None:
        """Writes into the act's line which documents were shown, each once."""
        self._room.touched.extend(dict.fromkeys(one.unique_id for one in told))
