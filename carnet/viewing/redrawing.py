"""Pictures made anew: decoded, turned as their EXIF says, made small enough, and written without any metadata. Inside the enclosure only."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable

import pi_heif
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from carnet.viewing.kinds import Kind
from carnet.viewing.refusals import Cause, NotShown
from carnet.viewing.shown import PLAIN, Bounds, Page, Pages, Picture

_DECODERS = {Kind.JPEG: "JPEG", Kind.PNG: "PNG", Kind.TIFF: "TIFF", Kind.HEIC: "HEIF", Kind.GIF: "GIF"}
_QUALITY = 80
LONGEST_SIDE = 16_000
"""WebP holds sides of 16 383 pixels."""
_NEARLY_GREY = 6
_PAPER_QUALITY = 72
"""Of a JPEG that is kept: text of a photographed page stays sharp, and a dozen of them fit into a document."""
Encode = Callable[[Image.Image], Picture]


def picture_pages(  # noqa: PLR0917 - the file, which of its pages, and how
    content: bytes, kind: Kind, first: int, most: int, bounds: Bounds, encode: Encode | None = None
) -> Pages:
    """The pictures of a file from number `first` on: one, or as many as a TIFF has pages; of an animation the first.

    They are written as WebP unless `encode` says otherwise. Raises NotShown: DAMAGED, TOO_LARGE, NO_SUCH_PAGE.
    """
    _prepare(bounds)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=[_DECODERS[kind]]) as source:
                return _pages(source, kind, first, most, bounds, encode or encoder_of(bounds))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NotShown(Cause.TOO_LARGE) from error
    except (
        UnidentifiedImageError,
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        TypeError,
        ArithmeticError,
        LookupError,
    ) as error:
        raise NotShown(Cause.DAMAGED) from error


def _prepare(bounds: Bounds) -> None:
    Image.MAX_IMAGE_PIXELS = bounds.source_pixels
    pi_heif.register_heif_opener(decode_threads=1, thumbnails=False)


def _pages(  # noqa: PLR0917 - what picture_pages was asked
    source: Image.Image, kind: Kind, first: int, most: int, bounds: Bounds, encode: Encode
) -> Pages:
    count = min(getattr(source, "n_frames", 1), bounds.pages) if kind is Kind.TIFF else 1
    if not 1 <= first <= count:
        raise NotShown(Cause.NO_SUCH_PAGE)
    pages = []
    for number, frame in enumerate(ImageSequence.Iterator(source), 1):
        if first <= number < first + most and number <= count:
            _refuse_bomb(frame, bounds)
            pages.append(Page(number, encode(_made_anew(frame, bounds))))
        if number >= min(count, first + most - 1):
            break
    return Pages(count, tuple(pages))


def _refuse_bomb(frame: Image.Image, bounds: Bounds) -> None:
    width, height = frame.size
    if width * height > bounds.source_pixels or max(width, height) > 200_000:
        raise NotShown(Cause.TOO_LARGE)


def _made_anew(frame: Image.Image, bounds: Bounds) -> Image.Image:
    turned = ImageOps.exif_transpose(frame)
    flat = _on_white(turned)
    width, height = flat.size
    shrink = min(1.0, math.sqrt(bounds.shown_pixels / (width * height)), LONGEST_SIDE / max(width, height))
    if shrink < 1.0:
        flat = flat.resize((max(1, int(width * shrink)), max(1, int(height * shrink))), Image.Resampling.LANCZOS)
    return flat


def _on_white(image: Image.Image) -> Image.Image:
    """Grey or RGB, what was transparent on white; sixteen bits of grey are brought to eight."""
    if image.mode.startswith("I"):
        return _eight_bits(image)
    if image.mode in ("L", "RGB"):
        return image.copy()
    if image.mode in ("LA", "PA", "RGBA", "RGBa", "La") or "transparency" in image.info:
        seen = image.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(white, seen).convert("RGB")
    return image.convert("L" if image.mode == "1" else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    wide = image.convert("I")
    return wide.point([value // 256 for value in range(65_536)], "L") if image.mode != "I" else wide.convert("L")


def encoded(image: Image.Image) -> Picture:
    """A picture as WebP, in grey when it has next to no colour; nothing but its pixels is written."""
    written, bare = io.BytesIO(), _bare(image)
    bare.save(written, "WEBP", quality=_QUALITY, method=2)
    return Picture("image/webp", written.getvalue(), *bare.size)


def as_plain(image: Image.Image) -> Picture:
    """The same as a grey PGM, which whoever reads it takes without a decoder."""
    grey = image.convert("L")
    return Picture(PLAIN, b"P5 %d %d 255\n" % grey.size + grey.tobytes(), *grey.size)


def encoder_of(bounds: Bounds) -> Encode:
    """How pages are written for whoever asked with these bounds."""
    return as_plain if bounds.plain else encoded


def as_jpeg(image: Image.Image) -> Picture:
    """The same as a JPEG, which a PDF can hold as it is."""
    written, bare = io.BytesIO(), _bare(image)
    bare.save(written, "JPEG", quality=_PAPER_QUALITY, optimize=True)
    return Picture("image/jpeg", written.getvalue(), *bare.size)


def _bare(image: Image.Image) -> Image.Image:
    plain = image.convert("RGB") if image.mode not in ("L", "RGB") else image
    if plain.mode == "RGB" and _is_grey(plain):
        plain = plain.convert("L")
    return Image.frombytes(plain.mode, plain.size, plain.tobytes())


def _is_grey(image: Image.Image) -> bool:
    small = image.resize((64, 64), Image.Resampling.BOX).tobytes()
    return all(max(dot) - min(dot) <= _NEARLY_GREY for dot in zip(small[::3], small[1::3], small[2::3], strict=True))
