"""Pages of several files made one PDF, each turned as its person turned it. Runs inside the enclosure only."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import pikepdf
from PIL import Image

from carnet.viewing.kinds import Kind
from carnet.viewing.pdf_cleaning import disarm, written
from carnet.viewing.pdf_pages import pdf_pages
from carnet.viewing.redrawing import encoded
from carnet.viewing.refusals import Cause, NotShown
from carnet.viewing.shown import Bounds, Picture

LONGER_SIDE = 842.0
"""Points: the longer side of A4, which a picture's longer side is given."""
_TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
"""Pillow turns the other way round."""


def bound_pdf(items: Iterable[tuple[Kind, int, bytes]]) -> tuple[bytes, int]:
    """One PDF of JPEG pictures and of PDFs that were cleaned, in their order, with its number of pages. Raises NotShown(DAMAGED)."""
    try:
        with pikepdf.new() as made:
            for kind, turn, content in items:
                if kind is Kind.JPEG:
                    _add_picture(made, turn, content)
                else:
                    _add_pages(made, turn, content)
            disarm(made)
            return written(made), len(made.pages)
    except (pikepdf.PdfError, ValueError, TypeError, OSError, RuntimeError) as error:
        raise NotShown(Cause.DAMAGED) from error


def _add_picture(made: pikepdf.Pdf, turn: int, jpeg: bytes) -> None:
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
        (width, height), grey = image.size, image.mode == "L"
    scale = LONGER_SIDE / max(width, height)
    box = [0, 0, round(width * scale, 2), round(height * scale, 2)]
    picture = pikepdf.Stream(
        made,
        jpeg,
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=width,
        Height=height,
        ColorSpace=pikepdf.Name.DeviceGray if grey else pikepdf.Name.DeviceRGB,
        BitsPerComponent=8,
        Filter=pikepdf.Name.DCTDecode,
    )
    page = pikepdf.Dictionary(
        Type=pikepdf.Name.Page,
        MediaBox=box,
        Rotate=turn,
        Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=made.make_indirect(picture))),
        Contents=made.make_stream(f"q {box[2]} 0 0 {box[3]} 0 0 cm /Im0 Do Q".encode()),
    )
    made.pages.append(pikepdf.Page(made.make_indirect(page)))


def _add_pages(made: pikepdf.Pdf, turn: int, content: bytes) -> None:
    with pikepdf.open(io.BytesIO(content)) as source:
        first = len(made.pages)
        made.pages.extend(source.pages)
        for number in range(first, len(made.pages)):
            page: Any = made.pages[number].obj
            page.Rotate = (_quarter(page.get("/Rotate", 0)) + turn) % 360


def _quarter(value: Any) -> int:
    try:
        return int(value) // 90 * 90
    except (TypeError, ValueError):
        return 0


def preview_of(kind: Kind, turn: int, content: bytes, bounds: Bounds) -> Picture:
    """A picture, or the first page of a PDF, as it will stand when it is turned. Raises NotShown."""
    if kind is Kind.PDF:
        content = pdf_pages(content, 1, 1, bounds).pages[0].picture.content
    with Image.open(io.BytesIO(content), formats=["JPEG", "WEBP"]) as image:
        image.load()
        turned = image.transpose(_TURNS[turn]) if turn in _TURNS else image
        turned.thumbnail((bounds.shown_width, bounds.shown_width * 2))
        return encoded(turned)
