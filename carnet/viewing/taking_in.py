"""Taking in a file that a person sends: what is kept is never what came, but what the enclosed process made of it.

Pictures become JPEGs without any remark of the camera, a PDF becomes one with nothing but its pages, RTF and text become plain text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from carnet.viewing.errand import program_of, run_enclosed
from carnet.viewing.kinds import Kind, kind_of
from carnet.viewing.plain_text import plain_text
from carnet.viewing.refusals import Cause, NotShown
from carnet.viewing.shown import Bounds, Picture

PieceKind = Literal["picture", "pdf", "text"]
ACCEPTED = frozenset({Kind.PDF, Kind.TEXT, Kind.RTF, Kind.JPEG, Kind.PNG, Kind.TIFF, Kind.HEIC})
"""rules §2.8, and HEIC, which telephones make."""
BOUNDS = Bounds(
    file_bytes=32 * 1024 * 1024,
    cpu_seconds=20,
    pages=200,
    pages_at_once=30,
    shown_pixels=3_000_000,
    shown_width=620,
    answer_bytes=32 * 1024 * 1024,
)
_PROGRAM = program_of("bindery")
_CAUSES: Mapping[str, Cause] = Cause.__members__
_FORMS: Mapping[str, Kind] = MappingProxyType({"picture": Kind.JPEG, "pdf": Kind.PDF})
_BEGINNINGS: Mapping[str, tuple[bytes, ...]] = MappingProxyType(
    {"picture": (b"\xff\xd8\xff", b"RIFF"), "pdf": (b"%PDF-",), "text": (b"",)}
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a file became: a JPEG, a PDF or a text in UTF-8. Sides in pixels, 0 where it is no picture."""

    kind: PieceKind
    content: bytes = field(repr=False)
    pages: int = 1
    width: int = 0
    height: int = 0


class _Made(msgspec.Struct, forbid_unknown_fields=True):
    kind: PieceKind
    pages: int
    width: int
    height: int
    size: int


class _Told(msgspec.Struct, forbid_unknown_fields=True):
    refused: str = ""
    made: list[_Made] = []


def taken_in(content: bytes, *, bounds: Bounds = BOUNDS) -> tuple[Taken, ...]:
    """The pieces of a file: one, or as many as a TIFF has pages. Its kind is what its first bytes say.

    Raises NotShown: UNKNOWN for a kind that is not accepted, and every other cause.
    """
    if len(content) > bounds.file_bytes:
        raise NotShown(Cause.TOO_LARGE)
    kind = kind_of(content)
    if kind not in ACCEPTED:
        raise NotShown(Cause.UNKNOWN)
    if kind is Kind.TEXT:
        text = plain_text(content)
        if text.cut:
            raise NotShown(Cause.TOO_LARGE)
        return (Taken("text", text.text.encode()),)
    return _asked("take", [(kind, 0, content)], bounds)


def preview(kind: PieceKind, turn: int, content: bytes, *, bounds: Bounds = BOUNDS) -> Picture:
    """A picture, or the first page of a PDF, small and turned (`turn`: 90, 180 or 270 clockwise), as WebP. Raises NotShown."""
    (made,) = _asked("preview", [(_FORMS[kind], turn, content)], bounds)
    if made.kind != "picture" or not made.content.startswith(b"RIFF"):
        raise NotShown(Cause.DAMAGED)
    return Picture("image/webp", made.content, made.width, made.height)


def bound_together(items: Iterable[tuple[PieceKind, int, bytes]], *, bounds: Bounds = BOUNDS) -> Taken:
    """One PDF of pictures and PDFs, each with its turn, in their order. Raises NotShown."""
    (made,) = _asked("bind", [(_FORMS[kind], turn, content) for kind, turn, content in items], bounds)
    if made.kind != "pdf":
        raise NotShown(Cause.DAMAGED)
    return made


def _asked(work: str, items: list[tuple[Kind, int, bytes]], bounds: Bounds) -> tuple[Taken, ...]:
    about: list[dict[str, Any]] = [
        {"kind": kind.name, "turn": turn, "size": len(content)} for kind, turn, content in items
    ]
    errand = {"work": work, "items": about, "bounds": asdict(bounds)}
    handed = b"".join([msgspec.json.encode(errand), b"\n", *(content for _kind, _turn, content in items)])
    line, newline, rest = run_enclosed(handed, bounds, _PROGRAM).partition(b"\n")
    try:
        told = msgspec.json.decode(line, type=_Told)
    except msgspec.DecodeError as error:
        raise NotShown(Cause.DAMAGED) from error
    if told.refused:
        raise NotShown(_CAUSES.get(told.refused, Cause.DAMAGED))
    if not newline or not told.made or sum(one.size for one in told.made) != len(rest):
        raise NotShown(Cause.DAMAGED)
    return tuple(_checked(told.made, rest))


def _checked(made: list[_Made], rest: bytes) -> Iterable[Taken]:
    place = 0
    for one in made:
        content = rest[place : place + one.size]
        if one.size < 1 or one.pages < 1 or not content.startswith(_BEGINNINGS[one.kind]):
            raise NotShown(Cause.DAMAGED)
        yield Taken(one.kind, content, one.pages, one.width, one.height)
        place += one.size
