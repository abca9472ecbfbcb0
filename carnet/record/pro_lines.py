"""Lines of a professional's pages: what documents that they may read state, the same statement once, each with the documents that tell it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from carnet.metadata import UNMASKED_BY_NAME
from carnet.record.own_documents import SpaceDocument, Visible, in_words
from carnet.record.reading_room import ReadingRoom

S = TypeVar("S")
NAMED = 3
"""Documents that are named beside one line; of the others it is said how many they are."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A document that tells something. `masks`: the visibility codes that it has; `new`: it came since this professional last looked."""

    document: SpaceDocument
    masks: frozenset[str]
    new: bool


@dataclass(frozen=True, slots=True)
class Line(Generic[S]):
    """A statement, as the newest document that makes it words it; `documents` are all that make it, that of the synthesis first, then the newest."""

    said: S
    documents: tuple[Visible, ...]

    @property
    def named(self) -> tuple[str, ...]:
        """The uniqueIds of the documents that stand beside it."""
        return tuple(one.found.unique_id for one in self.documents[:NAMED])

    @property
    def more(self) -> int:
        """How many further documents make it."""
        return max(0, len(self.documents) - NAMED)

    def comes_from(self, unique_id: str) -> bool:
        """Whether a document is among those that make it."""
        return any(one.found.unique_id == unique_id for one in self.documents)


def lines_of(
    told: Iterable[tuple[Visible, S]], alike: Callable[[S], Hashable], *, synthesis: str = ""
) -> tuple[Line[S], ...]:
    """What documents (the newest first) state: statements that are alike are one line. Those of the synthesis (uniqueId) come first."""
    found: dict[Hashable, tuple[S, dict[str, Visible]]] = {}
    for document, said in told:
        found.setdefault(alike(said), (said, {}))[1].setdefault(document.found.unique_id, document)
    lines = [Line(said, _first(documents, synthesis)) for said, documents in found.values()]
    return tuple(sorted(lines, key=lambda one: not one.comes_from(synthesis)))


def _first(documents: dict[str, Visible], synthesis: str) -> tuple[Visible, ...]:
    return tuple(sorted(documents.values(), key=lambda one: one.found.unique_id != synthesis))


def telling(room: ReadingRoom, documents: Iterable[Visible], *, since: int | None) -> dict[str, Telling]:
    """Documents in words by uniqueId, each once, and traced. `since`: when the professional last looked; None at the first time, when nothing is new."""
    once = {one.found.unique_id: one for one in documents}
    words = in_words(room, once.values())
    return {
        one.unique_id: Telling(one, masks_of(once[one.unique_id]), is_new(once[one.unique_id], since)) for one in words
    }


def is_new(document: Visible, since: int | None) -> bool:
    """Whether a document came after a moment."""
    return since is not None and document.found.registered_at > since


def masks_of(document: Visible) -> frozenset[str]:
    """The visibility codes that a document has now, for a professional who may read it all the same."""
    return frozenset(document.found.masks.split()) - {UNMASKED_BY_NAME}


def shown_documents(lines: Iterable[Line[S]]) -> list[Visible]:
    """The documents that stand beside lines."""
    return [document for line in lines for document in line.documents[:NAMED]]
