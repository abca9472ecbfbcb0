"""Pages of a PDF as pictures with their text, by PDFium built without JavaScript. Runs inside the enclosure only."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import pypdfium2
from PIL.Image import Image

from carnet.viewing.plain_text import cleaned
from carnet.viewing.redrawing import LONGEST_SIDE, encoder_of
from carnet.viewing.refusals import Cause, NotShown
from carnet.viewing.shown import Bounds, Page, Pages

_PASSWORD = 4
"""FPDF_ERR_PASSWORD."""
_LEAST, _MOST = 1.0, 20_000.0
"""Sides of a page in points that are believed; others are taken as the nearest of these."""


def pdf_pages(content: bytes, first: int, most: int, bounds: Bounds) -> Pages:
    """At most `most` pages from number `first` on. Fields are drawn as filled in, notes as they appear; nothing is run.

    Raises NotShown: LOCKED, DAMAGED, NO_SUCH_PAGE.
    """
    document = opened(content)
    count = len(document)
    if not 1 <= first <= count:
        raise NotShown(Cause.DAMAGED if count == 0 else Cause.NO_SUCH_PAGE)
    with contextlib.suppress(pypdfium2.PdfiumError):
        document.init_forms()
    numbers = range(first, min(count, first + most - 1) + 1)
    return Pages(count, tuple(_page(document, number, bounds) for number in numbers), document.count_attachments())


def opened(content: bytes) -> Any:
    """A document of pypdfium2. Raises NotShown: LOCKED, DAMAGED."""
    try:
        return pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        locked = getattr(error, "err_code", None) == _PASSWORD or "password" in str(error).casefold()
        raise NotShown(Cause.LOCKED if locked else Cause.DAMAGED) from error


def _page(document: Any, number: int, bounds: Bounds) -> Page:
    try:
        page = document[number - 1]
        image = _drawn(page, bounds)
        text, _ = cleaned(page.get_textpage().get_text_bounded()[: bounds.text_characters])
    except pypdfium2.PdfiumError as error:
        raise NotShown(Cause.DAMAGED) from error
    return Page(number, encoder_of(bounds)(image), text)


def _drawn(page: Any, bounds: Bounds) -> Image:
    width, height = (min(max(side if math.isfinite(side) else _LEAST, _LEAST), _MOST) for side in page.get_size())
    scale = min(
        bounds.shown_width / width, math.sqrt(bounds.shown_pixels / (width * height)), LONGEST_SIDE / max(width, height)
    )
    image: Image = page.render(scale=scale).to_pil()
    return image
