"""A page as a scanner makes it: words that are nothing but dots, for the optical reader. About nobody."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

_SIZE = (1_240, 1_754)
"""A4 at 150 dots an inch, a scanner's usual choice."""


def scanned_page(lines: Sequence[str]) -> bytes:
    """A grey JPEG with these lines."""
    page = Image.new("L", _SIZE, 246)
    pen = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        pen.text((110, 160 + 60 * number), line, fill=30, font=ImageFont.load_default(34))
    written = io.BytesIO()
    page.save(written, "JPEG", quality=75)
    return written.getvalue()
