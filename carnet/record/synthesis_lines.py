"""A synthesis in writing: its lines, each with the documents that say it and those that say otherwise, as it is kept and shown."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import msgspec

from carnet.cda.synthesis_model import Part, Stated, SynthesisLine, Told


class LineSource(msgspec.Struct, frozen=True, array_like=True):
    """A document that says something: its uniqueId, title, DTM in UTC, and who wrote it.

    `hidden` is the mask that would not stand on the synthesis: what comes from such a document alone would be told to those from whom it is kept.
    """

    unique_id: str
    title: str
    time: str
    author: str
    hidden: str = ""


class Contradiction(msgspec.Struct, frozen=True, array_like=True):
    """What another document says: its words, and the document."""

    words: str
    source: LineSource


class DraftLine(msgspec.Struct, frozen=True, array_like=True):
    """A line. `sources` are the documents that say it, the newest first, () for what the doctor wrote; `kept`: it will be signed.

    `corrected`: the doctor's words stand in the place of the source's.
    """

    line_id: str
    part: Part
    line: SynthesisLine
    sources: tuple[LineSource, ...] = ()
    otherwise: tuple[Contradiction, ...] = ()
    kept: bool = True
    corrected: bool = False

    @property
    def only_hidden(self) -> bool:
        """Whether hidden documents alone say it."""
        return bool(self.sources) and all(one.hidden for one in self.sources)

    @property
    def mark(self) -> str:
        """16 hexadecimal digits that are others once the line says something else."""
        return hashlib.sha256(msgspec.json.encode((self.part, self.line))).hexdigest()[:16]


class DraftPart(msgspec.Struct, frozen=True, array_like=True):
    """What is said of a part while no line of it is kept, and what documents say of its absence."""

    part: Part
    told: Told = Told.NOT_STATED
    sources: tuple[LineSource, ...] = ()
    otherwise: tuple[Contradiction, ...] = ()


class SynthesisDraft(msgspec.Struct, frozen=True):
    """The whole. `name` is 32 hexadecimal digits, of which the document's identifiers are made; `former` the uniqueId of the doctor's own synthesis before.

    `read` documents gave what is drafted; `unread` have no parts that can be read; `waiting` were not read yet when it was made.
    """

    name: str
    began_at: int
    lines: tuple[DraftLine, ...] = ()
    parts: tuple[DraftPart, ...] = ()
    former: str = ""
    read: int = 0
    unread: int = 0
    waiting: int = 0

    def kept_in(self, part: Part) -> list[DraftLine]:
        """The lines of a part that will be signed."""
        return [one for one in self.lines if one.part is part and one.kept]

    def left_out_of(self, part: Part) -> list[DraftLine]:
        """The lines of a part that will not."""
        return [one for one in self.lines if one.part is part and not one.kept]

    @property
    def from_hidden(self) -> int:
        """How many lines that will be signed come from hidden documents alone."""
        return sum(one.kept and one.only_hidden for one in self.lines)

    def about(self, part: Part) -> DraftPart:
        """What is said of a part besides its lines."""
        return next((one for one in self.parts if one.part is part), DraftPart(part))

    def stated(self) -> tuple[Stated, ...]:
        """What would be signed: the kept lines; of a part without any, what is said of it."""
        return tuple(self._stated(part) for part in Part)

    def _stated(self, part: Part) -> Stated:
        lines = tuple(one.line for one in self.kept_in(part))
        return Stated(part, Told.LINES, lines) if lines else Stated(part, self.about(part).told)

    def with_line(self, changed: DraftLine) -> SynthesisDraft:
        """With a line in the place of the one of its name, or at the end."""
        known = any(one.line_id == changed.line_id for one in self.lines)
        lines = tuple(changed if one.line_id == changed.line_id else one for one in self.lines)
        return msgspec.structs.replace(self, lines=lines if known else (*lines, changed))

    def with_part(self, changed: DraftPart) -> SynthesisDraft:
        """With something else said of a part."""
        others = tuple(one for one in self.parts if one.part is not changed.part)
        return msgspec.structs.replace(self, parts=(*others, changed))

    def as_hidden_now(self, hidden: Mapping[str, str]) -> SynthesisDraft:
        """With the masks that its documents have now, by uniqueId; one that is not among them is not there for this doctor any more.

        What such documents alone say goes, unless the doctor put it in other words; what hidden ones alone say from now on is left out until it is taken.
        """
        lines = (_line_now(one, hidden) for one in self.lines)
        parts = tuple(_part_now(one, hidden) for one in self.parts)
        return msgspec.structs.replace(self, lines=tuple(one for one in lines if one is not None), parts=parts)

    def documents(self) -> Iterator[str]:
        """The uniqueIds of the documents that it shows, each once."""
        told = [
            *(one for line in self.lines for one in line.sources),
            *(one for part in self.parts for one in part.sources),
        ]
        told += [one.source for line in self.lines for one in line.otherwise]
        told += [one.source for part in self.parts for one in part.otherwise]
        yield from dict.fromkeys(one.unique_id for one in told)


def _line_now(line: DraftLine, hidden: Mapping[str, str]) -> DraftLine | None:
    sources = _sources_now(line.sources, hidden)
    if line.sources and not sources and not line.corrected:
        return None
    now = msgspec.structs.replace(line, sources=sources, otherwise=_otherwise_now(line.otherwise, hidden))
    return msgspec.structs.replace(now, kept=False) if now.only_hidden and not line.only_hidden else now


def _part_now(part: DraftPart, hidden: Mapping[str, str]) -> DraftPart:
    """That there is none is nobody's statement any more once no document that all may read says it."""
    sources = tuple(one for one in _sources_now(part.sources, hidden) if not one.hidden)
    told = part.told if sources or not part.sources else Told.NOT_STATED
    return msgspec.structs.replace(part, told=told, sources=sources, otherwise=_otherwise_now(part.otherwise, hidden))


def _sources_now(sources: tuple[LineSource, ...], hidden: Mapping[str, str]) -> tuple[LineSource, ...]:
    known = (one for one in sources if one.unique_id in hidden)
    return tuple(msgspec.structs.replace(one, hidden=hidden[one.unique_id]) for one in known)


def _otherwise_now(against: tuple[Contradiction, ...], hidden: Mapping[str, str]) -> tuple[Contradiction, ...]:
    return tuple(one for one in against if one.source.unique_id in hidden)


def words_of(line: SynthesisLine) -> str:
    """A line in a few words, for where it stands against another."""
    value = f"{line.value} {line.unit}".strip()
    about = " ".join(filter(None, (line.relative.display, line.label)))
    return " - ".join(filter(None, (about, value, line.note)))
