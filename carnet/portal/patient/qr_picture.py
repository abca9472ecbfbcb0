"""A QR code as a drawing within a page."""

from __future__ import annotations

import segno
from markupsafe import Markup


def qr_svg(text: str) -> Markup:
    """The code of a text as inline SVG without any style, four modules of white around it, read even where a quarter of it is lost (level Q)."""
    drawn = segno.make(text, error="q", micro=False, boost_error=False)
    return Markup(drawn.svg_inline(border=4, omitsize=True, dark="#000", light="#fff", svgclass="qr", lineclass=None))  # noqa: S704 - numbers of modules, no text
