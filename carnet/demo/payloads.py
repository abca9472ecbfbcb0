"""Small valid files that a level 1 document wraps: PDF, JPEG, TIFF, RTF, plain text. Written by hand, about nobody."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence

MEDIA_TYPES = ("application/pdf", "image/jpeg", "image/tiff", "text/rtf", "text/plain")


def payload(media_type: str, text: str, *, size: int = 0) -> bytes:
    """A file of one of `MEDIA_TYPES` that shows `text` (images show a white dot), about `size` bytes long when that is more.

    The filling does not compress, as in scanned documents. KeyError for another media type.
    """
    return {"application/pdf": pdf, "image/jpeg": jpeg, "image/tiff": tiff, "text/rtf": rtf, "text/plain": plain}[
        media_type
    ](text, size)


def pdf(text: str, size: int = 0) -> bytes:
    """A one-page PDF with its cross-reference table; the filling is an object that no page shows."""
    return pdf_of_pages((text,), size)


def pdf_of_pages(texts: Sequence[str], size: int = 0) -> bytes:
    """The same with a line of text a page."""
    font = 2 * len(texts) + 3
    kids = b" ".join(b"%d 0 R" % number for number in range(3, font, 2))
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, len(texts))]
    for text in texts:
        shown = text.encode("latin-1", "replace").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
        page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R/Resources<</Font<</F1 %d 0 R>>>>>>"
        objects += [page % (len(objects) + 2, font), _stream(b"BT /F1 12 Tf 72 770 Td (" + shown + b") Tj ET")]
    objects += [
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        _stream(_filling("".join(texts), size - 700)),
    ]
    parts, offsets, place = [b"%PDF-1.4\n"], [], 9
    for number, body in enumerate(objects, 1):
        offsets.append(place)
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        place += len(parts[-1])
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(objects) + 1
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, table))
    parts.append(b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (count, place))
    return b"".join(parts)


def jpeg(text: str, size: int = 0) -> bytes:
    """A grey JPEG of one dot (ITU T.81, baseline); text and filling stand in comments."""
    comments = [text.encode()[:60_000]]
    filling = _filling(text, size - 200)
    comments += [filling[start : start + 60_000] for start in range(0, len(filling), 60_000)]
    one_code = bytes([1] + [0] * 15 + [0])
    return b"".join(
        [
            b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00",
            *(b"\xff\xfe" + struct.pack(">H", len(one) + 2) + one for one in comments),
            b"\xff\xdb\x00\x43\x00" + bytes([1]) * 64,
            b"\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00",
            b"\xff\xc4\x00\x14\x00" + one_code,
            b"\xff\xc4\x00\x14\x10" + one_code,
            b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x3f\xff\xd9",
        ]
    )


def tiff(text: str, size: int = 0) -> bytes:
    """A grey TIFF of one dot (TIFF 6.0, little endian); text and filling follow the image."""
    values = {256: 1, 257: 1, 258: 8, 259: 1, 262: 1, 273: 0, 277: 1, 278: 1, 279: 1}
    directory_bytes = 8 + 2 + 12 * len(values) + 4
    values[273] = directory_bytes
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in values.items())
    directory = struct.pack("<H", len(values)) + entries + b"\x00\x00\x00\x00"
    return b"II*\x00\x08\x00\x00\x00" + directory + b"\xff" + text.encode() + _filling(text, size - 200)


def rtf(text: str, size: int = 0) -> bytes:
    """An RTF page; the filling is an ignorable destination."""
    shown = "".join(char if 32 <= ord(char) < 127 and char not in "\\{}" else f"\\u{ord(char)}?" for char in text)
    filling = _filling(text, (size - 100) // 2).hex()
    return f"{{\\rtf1\\ansi{{\\*\\filling {filling}}}{{\\fonttbl\\f0 Helvetica;}}\\f0 {shown}\\par}}".encode("ascii")


def plain(text: str, size: int = 0) -> bytes:
    """Plain text in UTF-8, in lines."""
    filling = _filling(text, (size - len(text)) // 2).hex()
    return "\n".join([text, *(filling[start : start + 72] for start in range(0, len(filling), 72))]).encode()


def _stream(content: bytes) -> bytes:
    return b"<</Length %d>>\nstream\n%s\nendstream" % (len(content), content)


def _filling(seed: str, size: int) -> bytes:
    return hashlib.shake_128(seed.encode()).digest(max(size, 0))
