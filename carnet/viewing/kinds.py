"""What a file is, by its first bytes alone: what it is declared to be does not count.

The signature must stand at the very beginning, so that a file that is two things at once is the one that we open, or none.
"""

from __future__ import annotations

from enum import Enum

from carnet.viewing.refusals import Cause, NotShown


class Kind(Enum):
    """The kinds of file that are shown, with the media type that each has."""

    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"
    TIFF = "image/tiff"
    HEIC = "image/heic"
    GIF = "image/gif"
    RTF = "application/rtf"
    TEXT = "text/plain"


PICTURES = frozenset({Kind.JPEG, Kind.PNG, Kind.TIFF, Kind.HEIC, Kind.GIF})
EXTENSIONS = {
    Kind.PDF: "pdf",
    Kind.JPEG: "jpg",
    Kind.PNG: "png",
    Kind.TIFF: "tif",
    Kind.HEIC: "heic",
    Kind.GIF: "gif",
    Kind.RTF: "rtf",
    Kind.TEXT: "txt",
}

_SIGNATURES = (
    (b"%PDF-", Kind.PDF),
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"II*\x00", Kind.TIFF),
    (b"MM\x00*", Kind.TIFF),
    (b"GIF87a", Kind.GIF),
    (b"GIF89a", Kind.GIF),
    (b"{\\rtf", Kind.RTF),
)
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"})
_REFUSED = (
    (b"PK\x03\x04", Cause.ARCHIVE),
    (b"PK\x05\x06", Cause.ARCHIVE),
    (b"\x1f\x8b", Cause.ARCHIVE),
    (b"7z\xbc\xaf", Cause.ARCHIVE),
    (b"Rar!", Cause.ARCHIVE),
    (b"BZh", Cause.ARCHIVE),
    (b"\xfd7zXZ", Cause.ARCHIVE),
    (b"\x28\xb5\x2f\xfd", Cause.ARCHIVE),
    (b"\xd0\xcf\x11\xe0", Cause.UNKNOWN),
    (b"MZ", Cause.PROGRAM),
    (b"\x7fELF", Cause.PROGRAM),
    (b"\xca\xfe\xba\xbe", Cause.PROGRAM),
    (b"\xcf\xfa\xed\xfe", Cause.PROGRAM),
    (b"#!", Cause.PROGRAM),
)
_MARKUP = ("<!doctype", "<html", "<svg", "<?xml", "<script", "<head", "<body", "<iframe", "<!--", "<xsl", "<math")
_LOOKED_AT = 4096
_NO_CONTROLS = bytes(code for code in range(256) if code >= 32 or code in b"\t\n\r\f\x1a")


def kind_of(content: bytes) -> Kind:
    """The kind of a file. Raises NotShown for one of no kind that is shown, with the cause."""
    if not content:
        raise NotShown(Cause.EMPTY)
    for signature, kind in _SIGNATURES:
        if content.startswith(signature):
            return kind
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC_BRANDS:
        return Kind.HEIC
    for signature, cause in _REFUSED:
        if content.startswith(signature):
            raise NotShown(cause)
    if content[128:132] == b"DICM":
        raise NotShown(Cause.UNKNOWN)
    return _text_or_nothing(content)


def _text_or_nothing(content: bytes) -> Kind:
    """TEXT when nothing in it is binary, and it does not begin as markup does."""
    beginning = content[:_LOOKED_AT]
    if beginning.startswith((b"\xff\xfe", b"\xfe\xff")):
        shown = beginning[: len(beginning) // 2 * 2].decode("utf-16", "replace")
    else:
        if content.translate(None, _NO_CONTROLS):
            raise NotShown(Cause.UNKNOWN)
        shown = beginning.decode("utf-8-sig", "replace")
    if shown.lstrip().casefold().startswith(_MARKUP):
        raise NotShown(Cause.MARKUP)
    return Kind.TEXT
