"""What a CDA document holds for a reader, as plain values: people and dates, sections with their text, files inside it."""

from __future__ import annotations

from dataclasses import dataclass, field

from carnet.cda.header_model import CdaHeader
from carnet.cda.participants import Identifier
from carnet.metadata import Code


@dataclass(frozen=True, slots=True)
class Medium:
    """A file inside a document: an observationMedia, or what a level 1 document wraps.

    `id` is what the narrative names it by ('' when nothing can); `media_type` is declared and not to be believed; `content` is b''
    when it is not base64.
    """

    id: str
    media_type: str
    content: bytes = field(repr=False)
    in_text: bool = False
    """Whether the narrative shows it in its place."""


@dataclass(frozen=True, slots=True)
class Section:
    """A section: `html` is safe as it is, inside a block element; `missing` is the nullFlavor of a text that is not there."""

    code: Code
    title: str
    html: str
    language: str = ""
    missing: str = ""
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody to whom a document is sent (informationRecipient: PRCP first in line, TRC a copy)."""

    type: str
    ids: tuple[Identifier, ...]
    family: str
    given: str
    organization: str


@dataclass(frozen=True, slots=True)
class Contents:
    """A document as it is read. Level 1: `wrapped` is the file and there are no sections."""

    header: CdaHeader
    recipients: tuple[Reader, ...]
    sections: tuple[Section, ...]
    media: tuple[Medium, ...]
    wrapped: Medium | None = None
    written: str = ""
    """effectiveTime as received: an HL7 time stamp with its own offset."""
    act_began: str = ""
    """When the main act began, as received."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture made anew from the bytes of another: WebP, PNG or JPEG without metadata, its sides in pixels."""

    media_type: str
    content: bytes = field(repr=False)
    width: int
    height: int
