"""Draws the icons of the installed space, from the shapes of `mark.svg`: run it by hand when the mark changes (`python frontend/draw_icons.py`)."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

STATIC = Path(__file__).parents[1] / "carnet" / "portal" / "static"
PAPER, PINE = "#F4F6F5", "#0F5C5C"
SIDE = 28
"""Of the mark's own grid."""
FINER = 8
TICKS = ((6, 4), (10, 4), (14, 7), (18, 4), (22, 4))


def icon(size: int, *, whole: bool) -> Image.Image:
    """A square picture; `whole`: paper up to the edge and the mark within the middle four fifths, for systems that cut a shape out."""
    large = size * FINER
    unit = large / SIDE * (0.72 if whole else 1)
    start = (large - unit * SIDE) / 2
    drawn = Image.new("RGBA", (large, large), PAPER if whole else (0, 0, 0, 0))
    pen = ImageDraw.Draw(drawn)
    if not whole:
        pen.rounded_rectangle((0, 0, large - 1, large - 1), radius=6 * unit, fill=PAPER)

    def box(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        return (start + left * unit, start + top * unit, start + right * unit, start + bottom * unit)

    pen.rectangle(box(4, 19, 24, 21), fill=PINE)
    for across, height in TICKS:
        pen.rectangle(box(across - 1, 20 - height, across + 1, 20), fill=PINE)
    pen.ellipse(box(14, 6, 20, 12), fill=PINE)
    return drawn.resize((size, size), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    for name, size, whole in (
        ("icon-192", 192, False),
        ("icon-512", 512, False),
        ("icon-whole-512", 512, True),
        ("icon-whole-180", 180, True),
    ):
        icon(size, whole=whole).save(STATIC / f"{name}.png", optimize=True)
