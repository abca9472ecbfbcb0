"""What comes out of a file: pictures made by us, and text."""

from __future__ import annotations

from dataclasses import dataclass, field

PLAIN = "image/x-portable-graymap"
"""The media type of a picture as bare grey dots, for an optical reader."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture made anew (WebP, without metadata); sides in pixels."""

    media_type: str
    content: bytes = field(repr=False)
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a file: how it looks, and the text that it carries ('' where there is none, as on scanned pages)."""

    number: int
    picture: Picture
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Pages:
    """Some pages of a file of `count` pages, numbered from 1; `attached` files inside it are not shown."""

    count: int
    pages: tuple[Page, ...]
    attached: int = 0


@dataclass(frozen=True, slots=True)
class WrittenPage:
    """The text that a page carries; `drawn` when there is anything on it, a picture or lines if not letters."""

    number: int
    text: str = field(repr=False)
    drawn: bool = False


@dataclass(frozen=True, slots=True)
class WrittenPages:
    """The texts of the first pages of a file of `count` pages."""

    count: int
    pages: tuple[WrittenPage, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A text, without controls; `cut` when more of it followed. `encoding` is Python's name of the one it came in."""

    text: str = field(repr=False)
    cut: bool = False
    encoding: str = ""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one file may take. Memory and sizes in bytes, times in seconds, areas in pixels."""

    file_bytes: int = 100 * 1024 * 1024
    memory: int = 1024 * 1024 * 1024
    cpu_seconds: int = 10
    wall_seconds: int = 60
    pages: int = 1000
    pages_at_once: int = 10
    source_pixels: int = 100_000_000
    shown_pixels: int = 4_000_000
    shown_width: int = 1240
    text_characters: int = 200_000
    answer_bytes: int = 64 * 1024 * 1024
    plain: bool = False
    """Whether pictures come out as bare grey dots (PGM) instead of WebP."""
    behind: int = 0
    """How far the process stands back behind others where processors are scarce (nice, 0 to 19)."""
