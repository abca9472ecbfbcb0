"""The process that parses one foreign file: reads the errand and the file, encloses itself, does the work, writes the answer, ends.

Never imported by the server's own processes; `errand` starts it. All that it will need of Python is loaded before it encloses itself.
The answer is one line of JSON, then the pictures' bytes one after another. It is read as that of a stranger.
"""

from __future__ import annotations

import codecs
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from PIL import Image

from carnet.viewing.enclosure import NoEnclosure, enclose
from carnet.viewing.kinds import PICTURES, Kind
from carnet.viewing.pdf_pages import pdf_pages
from carnet.viewing.pdf_words import pdf_words
from carnet.viewing.redrawing import picture_pages
from carnet.viewing.refusals import Cause, NotShown
from carnet.viewing.rich_text import rich_text
from carnet.viewing.shown import Bounds, Pages, Text, WrittenPages

_ENCODINGS = (
    *(
        "ascii",
        "latin-1",
        "utf-8",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32-le",
        "mac_roman",
        "cp437",
        "cp850",
        "cp852",
        "cp874",
    ),
    *(f"cp{page}" for page in (932, 936, 949, 950, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258)),
)
Answer = tuple[dict[str, Any], Sequence[bytes]]


def main() -> None:
    """Does the errand on the standard input, and answers on the standard output."""
    line, _, content = sys.stdin.buffer.read().partition(b"\n")
    errand = json.loads(line)
    bounds = Bounds(**errand["bounds"])
    load_ahead()
    try:
        enclose(bounds.memory, bounds.cpu_seconds)
        if errand["purpose"] == "words":
            answer = _told_words(pdf_words(content, bounds))
        else:
            answer = _done(Kind[errand["kind"]], content, errand["first"], errand["most"], bounds)
    except NoEnclosure:
        answer = refused(Cause.UNPROTECTED)
    except NotShown as refusal:
        answer = refused(refusal.cause)
    except (MemoryError, RecursionError):
        answer = refused(Cause.TOO_HARD)
    except Exception:  # noqa: BLE001 - foreign bytes make a decoder raise anything
        answer = refused(Cause.DAMAGED)
    write_answer(answer)


def load_ahead() -> None:
    """What Python would load only when it needs it, and could not any more."""
    Image.init()
    for encoding in _ENCODINGS:
        codecs.lookup(encoding)


def refused(cause: Cause) -> Answer:
    """The answer that says why there is none."""
    return {"refused": cause.name}, ()


def _done(kind: Kind, content: bytes, first: int, most: int, bounds: Bounds) -> Answer:
    if kind is Kind.RTF:
        return _told_text(rich_text(content))
    if kind in PICTURES:
        return _told_pages(picture_pages(content, kind, first, most, bounds))
    return _told_pages(pdf_pages(content, first, most, bounds))


def _told_text(text: Text) -> Answer:
    return {"text": text.text, "cut": text.cut}, ()


def _told_words(found: WrittenPages) -> Answer:
    words = [{"number": page.number, "text": page.text, "drawn": page.drawn} for page in found.pages]
    return {"count": found.count, "words": words}, ()


def _told_pages(found: Pages) -> Answer:
    pages = [
        {
            "number": page.number,
            "text": page.text,
            "width": page.picture.width,
            "height": page.picture.height,
            "size": len(page.picture.content),
        }
        for page in found.pages
    ]
    return {"count": found.count, "attached": found.attached, "pages": pages}, [p.picture.content for p in found.pages]


def write_answer(answer: Answer) -> None:
    """Writes the answer, and ends the process."""
    head, parts = answer
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n")
    for part in parts:
        sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()
    os._exit(0)
