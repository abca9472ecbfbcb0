"""A PDF made anew with nothing but its pages: what could act, call, carry other files or tell where it was made stays behind.

qpdf (pikepdf) reads every object, also those in compressed streams, and writes a file of its own, so that nothing stands before, after or
between what a page shows. Fields and notes become part of the page, as they look. Runs inside the enclosure only.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable
from typing import Any

import pikepdf

from carnet.viewing.refusals import Cause, NotShown

KEPT_OF_A_PAGE = frozenset(
    {"/Type", "/Resources", "/MediaBox", "/CropBox", "/Rotate", "/Contents", "/UserUnit", "/Group"}
)
NEVER_KEPT = frozenset(
    {
        # what acts
        *("/A", "/AA", "/OpenAction", "/JS", "/JavaScript", "/Launch", "/URI", "/SubmitForm", "/XFA", "/AcroForm"),
        # what carries or calls other files
        *("/EF", "/EmbeddedFile", "/EmbeddedFiles", "/AF", "/Ref", "/OPI", "/RichMediaContent", "/RichMediaSettings"),
        # what tells of the person or the machine that made it
        *("/Metadata", "/PieceInfo", "/LastModified", "/StructParent", "/StructParents", "/Annots"),
    }
)
_OUTSIDE = ("/F", "/FFilter", "/FDecodeParms")
"""In the dictionary of a stream: its bytes are in another file."""
_DEEPEST = 50


def cleaned_pdf(content: bytes, most: int) -> tuple[bytes, int]:
    """The PDF made anew, and how many pages it has. Raises NotShown: LOCKED, DAMAGED, TOO_LARGE (more than `most` pages), ACTIVE."""
    try:
        with pikepdf.open(io.BytesIO(content)) as source, pikepdf.new() as made:
            count = len(source.pages)
            if not 1 <= count <= most:
                raise NotShown(Cause.TOO_LARGE if count else Cause.DAMAGED)
            _flatten(source)
            for page in source.pages:
                _strip(page.obj)
            made.pages.extend(source.pages)
            disarm(made)
            return written(made), count
    except pikepdf.PasswordError as error:
        raise NotShown(Cause.LOCKED) from error
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        raise NotShown(Cause.DAMAGED) from error


def warm() -> None:
    """Does once, before the enclosure, what makes the library load what it could not load any more: ciphers above all."""
    out = io.BytesIO()
    with pikepdf.new() as made:
        made.add_blank_page(page_size=(10, 10))
        made.save(out, encryption=pikepdf.Encryption(owner="", user=""), compress_streams=True)
    cleaned_pdf(out.getvalue(), 1)


def _flatten(source: pikepdf.Pdf) -> None:
    """What fields and notes look like becomes part of the page; what cannot be drawn goes with them."""
    with contextlib.suppress(pikepdf.PdfError, ValueError, RuntimeError):
        source.generate_appearance_streams()
    with contextlib.suppress(pikepdf.PdfError, ValueError, RuntimeError):
        source.flatten_annotations("screen")


def _strip(page: Any) -> None:
    for key in set(page.keys()) - KEPT_OF_A_PAGE - {"/Parent"}:
        del page[key]


def disarm(made: pikepdf.Pdf) -> None:
    """Takes the last of it out of what pages refer to. Raises NotShown(ACTIVE) for what can only be left whole."""
    for found in made.objects:
        _disarm(found, 0)


def _disarm(found: Any, depth: int) -> None:
    if depth > _DEEPEST:
        raise NotShown(Cause.ACTIVE)
    if isinstance(found, pikepdf.Array):
        _disarm_direct(found, depth)
        return
    if not isinstance(found, pikepdf.Dictionary | pikepdf.Stream):
        return
    if isinstance(found, pikepdf.Stream):
        _disarm_stream(found)
    for key in NEVER_KEPT & set(found.keys()):
        del found[key]
    _disarm_direct((found[key] for key in list(found.keys())), depth)


def _disarm_direct(items: Iterable[Any], depth: int) -> None:
    """What stands in an object itself; what it refers to is an object of its own, and is met as such."""
    for item in items:
        if isinstance(item, pikepdf.Object) and not item.is_indirect:
            _disarm(item, depth + 1)


def _disarm_stream(found: Any) -> None:
    if str(found.get("/Subtype", "")) == "/PS" or str(found.get("/Type", "")) == "/EmbeddedFile":
        raise NotShown(Cause.ACTIVE)
    for key in _OUTSIDE:
        if key in found:
            del found[key]
    if found.get("/Filter", None) == pikepdf.Name.DCTDecode:
        bare = without_remarks(found.read_raw_bytes())
        if bare is not None:
            found.write(bare, filter=pikepdf.Name.DCTDecode)


def without_remarks(jpeg: bytes) -> bytes | None:
    """A JPEG without comments and without the segments in which cameras write where and when; None where there are none, or it is damaged."""
    kept, place = [jpeg[:2]], 2
    while jpeg[place : place + 1] == b"\xff" and len(jpeg) >= place + 4:
        marker, length = jpeg[place + 1], int.from_bytes(jpeg[place + 2 : place + 4], "big")
        if marker == 0xDA:
            whole = b"".join([*kept, jpeg[place:]])
            return whole if len(whole) < len(jpeg) else None
        if not (marker == 0xE1 or 0xE3 <= marker <= 0xED or marker in (0xEF, 0xFE)):
            kept.append(jpeg[place : place + 2 + length])
        place += 2 + length
    return None


def written(made: pikepdf.Pdf) -> bytes:
    """The bytes of a PDF that was made here: the same for the same pages."""
    out = io.BytesIO()
    made.save(out, deterministic_id=True, compress_streams=True)
    return out.getvalue()
