"""The words of a file, for searching: text as it is, the text that pages carry, and the words of pictures as an optical reader sees them.

Files are parsed by the enclosed process alone. The optical reader is fed with grey pictures of our own format that came out of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from carnet.viewing.errand import pages_by_errand, text_by_errand, words_by_errand
from carnet.viewing.kinds import PICTURES, Kind, kind_of
from carnet.viewing.plain_text import plain_text
from carnet.viewing.refusals import Cause, NotShown
from carnet.viewing.shown import Bounds

BEHIND = 10
"""No more than a tenth of a processor that requests have work for."""
FOR_WORDS = Bounds(pages=300, cpu_seconds=20, text_characters=500_000, behind=BEHIND)
FOR_READING = Bounds(
    pages=300, plain=True, pages_at_once=4, shown_width=2_000, shown_pixels=8_000_000, cpu_seconds=20, behind=BEHIND
)
"""A page of A4 at about 240 dots an inch: what an optical reader needs."""
_FEW = 12
"""Letters and digits under which a page with something drawn on it is taken for a picture of a page."""
MOST_READ = 30
"""Pages of one file that are read optically."""


class OpticalReader(Protocol):
    """Reads the words of a picture."""

    def read(self, picture: bytes) -> str | None:
        """The words of a grey picture (PGM), None when it cannot be read here."""
        ...


@dataclass(frozen=True, slots=True)
class WordedPage:
    """The words of a page, by its number in the file; 0 where the file has no pages."""

    number: int
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a file. `unread` pages are pictures that nothing here could read; `cut` when it goes on."""

    pages: tuple[WordedPage, ...]
    unread: int = 0
    cut: bool = False


def wording_of(content: bytes, reader: OpticalReader | None) -> Wording:
    """The words of a file; `reader` None where no optical reader is installed. Raises NotShown."""
    if len(content) > FOR_WORDS.file_bytes:
        raise NotShown(Cause.TOO_LARGE)
    kind = kind_of(content)
    if kind is Kind.TEXT or kind is Kind.RTF:
        text = plain_text(content) if kind is Kind.TEXT else text_by_errand(content, FOR_WORDS)
        return Wording((WordedPage(0, text.text),), cut=text.cut)
    if kind in PICTURES:
        return _read_pictures(content, kind, reader)
    told = words_by_errand(content, FOR_WORDS)
    pages = tuple(WordedPage(one.number, one.text) for one in told.pages)
    scanned = [one.number for one in told.pages if one.drawn and sum(map(str.isalnum, one.text)) < _FEW]
    read = _read_pages(content, kind, scanned[:MOST_READ], reader)
    joined = tuple(
        replace(one, text=f"{one.text}\n{read[one.number]}".strip()) if one.number in read else one for one in pages
    )
    return Wording(joined, len(scanned) - len(read), cut=told.count > len(told.pages))


def _read_pictures(content: bytes, kind: Kind, reader: OpticalReader | None) -> Wording:
    """Every picture of a picture file is a page; without a reader it is looked at all the same, to know how many there are."""
    first = pages_by_errand(content, kind, 1, 1, FOR_READING)
    count = min(first.count, MOST_READ)
    read = _read_pages(content, kind, list(range(1, count + 1)), reader)
    pages = tuple(WordedPage(number, read.get(number, "")) for number in range(1, count + 1))
    return Wording(pages, first.count - len(read), cut=first.count > count)


def _read_pages(content: bytes, kind: Kind, numbers: list[int], reader: OpticalReader | None) -> dict[int, str]:
    found: dict[int, str] = {}
    if reader is None:
        return found
    for number in numbers:
        drawn = pages_by_errand(content, kind, number, 1, FOR_READING)
        words = reader.read(drawn.pages[0].picture.content) if drawn.pages else None
        if words is not None:
            found[number] = words
    return found
