"""The text that the pages of a PDF carry, without drawing them. Runs inside the enclosure only."""

from __future__ import annotations

import pypdfium2

from carnet.viewing.pdf_pages import opened
from carnet.viewing.plain_text import cleaned
from carnet.viewing.refusals import Cause, NotShown
from carnet.viewing.shown import Bounds, WrittenPage, WrittenPages


def pdf_words(content: bytes, bounds: Bounds) -> WrittenPages:
    """The text of each page, the first `bounds.pages` of them, until `bounds.text_characters` in all are found, and whether anything is on it.

    A page that cannot be read has no text. Raises NotShown: LOCKED, DAMAGED.
    """
    document = opened(content)
    count = len(document)
    if count == 0:
        raise NotShown(Cause.DAMAGED)
    pages: list[WrittenPage] = []
    left = bounds.text_characters
    for number in range(1, min(count, bounds.pages) + 1):
        pages.append(_page(document, number, left))
        left -= len(pages[-1].text)
        if left <= 0:
            break
    return WrittenPages(count, tuple(pages))


def _page(document: object, number: int, left: int) -> WrittenPage:
    try:
        page = document[number - 1]  # type: ignore[index]
        text, _ = cleaned(page.get_textpage().get_text_bounded()[:left])
        drawn = next(iter(page.get_objects(max_depth=2)), None) is not None
    except pypdfium2.PdfiumError:
        return WrittenPage(number, "", drawn=False)
    return WrittenPage(number, text, drawn=drawn)
