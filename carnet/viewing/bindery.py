"""The enclosed process that takes in what people send: pictures made anew as JPEG, PDFs made anew, RTF as text, and all bound together.

Like `workshop`: it reads its errand and the files, encloses itself, works, answers and ends, and is believed in nothing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from carnet.viewing.binding import bound_pdf, preview_of
from carnet.viewing.enclosure import NoEnclosure, enclose
from carnet.viewing.kinds import PICTURES, Kind
from carnet.viewing.pdf_cleaning import cleaned_pdf, warm
from carnet.viewing.redrawing import as_jpeg, picture_pages
from carnet.viewing.refusals import Cause, NotShown
from carnet.viewing.rich_text import rich_text
from carnet.viewing.shown import Bounds
from carnet.viewing.workshop import Answer, load_ahead, refused, write_answer


def main() -> None:
    """Does the errand on the standard input, and answers on the standard output."""
    line, _, content = sys.stdin.buffer.read().partition(b"\n")
    errand = json.loads(line)
    bounds = Bounds(**errand["bounds"])
    load_ahead()
    warm()
    try:
        enclose(bounds.memory, bounds.cpu_seconds)
        answer = _done(errand, content, bounds)
    except NoEnclosure:
        answer = refused(Cause.UNPROTECTED)
    except NotShown as refusal:
        answer = refused(refusal.cause)
    except (MemoryError, RecursionError):
        answer = refused(Cause.TOO_HARD)
    except Exception:  # noqa: BLE001 - foreign bytes make a library raise anything
        answer = refused(Cause.DAMAGED)
    write_answer(answer)


def _done(errand: dict[str, Any], content: bytes, bounds: Bounds) -> Answer:
    work, items = errand["work"], errand["items"]
    if work == "bind":
        bound, count = bound_pdf(_items(items, content))
        return _told([{"kind": "pdf", "pages": count, "width": 0, "height": 0, "size": len(bound)}], [bound])
    kind, turn = Kind[items[0]["kind"]], items[0]["turn"]
    if work == "preview":
        picture = preview_of(kind, turn, content, bounds)
        size = len(picture.content)
        about = {"kind": "picture", "pages": 1, "width": picture.width, "height": picture.height, "size": size}
        return _told([about], [picture.content])
    return _taken(kind, content, bounds)


def _items(items: list[dict[str, Any]], content: bytes) -> Iterator[tuple[Kind, int, bytes]]:
    place = 0
    for item in items:
        yield Kind[item["kind"]], item["turn"], content[place : place + item["size"]]
        place += item["size"]


def _taken(kind: Kind, content: bytes, bounds: Bounds) -> Answer:
    if kind is Kind.RTF:
        text = rich_text(content).text.encode()
        return _told([{"kind": "text", "pages": 1, "width": 0, "height": 0, "size": len(text)}], [text])
    if kind in PICTURES:
        pictures = [one.picture for one in picture_pages(content, kind, 1, bounds.pages_at_once, bounds, as_jpeg).pages]
        told = [
            {"kind": "picture", "pages": 1, "width": one.width, "height": one.height, "size": len(one.content)}
            for one in pictures
        ]
        return _told(told, [one.content for one in pictures])
    cleaned, count = cleaned_pdf(content, bounds.pages)
    return _told([{"kind": "pdf", "pages": count, "width": 0, "height": 0, "size": len(cleaned)}], [cleaned])


def _told(about: list[dict[str, Any]], contents: Sequence[bytes]) -> Answer:
    return {"made": about}, contents
