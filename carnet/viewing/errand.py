"""Sends a file into the enclosed process and reads its answer, which is believed in nothing: lengths, numbers and formats are checked."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from carnet.viewing.kinds import Kind
from carnet.viewing.refusals import Cause, NotShown
from carnet.viewing.shown import PLAIN, Bounds, Page, Pages, Picture, Text, WrittenPage, WrittenPages

_PACKAGE = str(Path(__file__).resolve().parents[2])


def program_of(module: str) -> str:
    """The text of Python that runs the `main` of a module of this package."""
    return f"import sys; sys.path.insert(0, {_PACKAGE!r}); from carnet.viewing.{module} import main; main()"


_PROGRAM = program_of("workshop")
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent", "OPENBLAS_NUM_THREADS": "1"}


class _ToldPage(msgspec.Struct, forbid_unknown_fields=True):
    number: int
    width: int
    height: int
    size: int
    text: str


class _ToldWords(msgspec.Struct, forbid_unknown_fields=True):
    number: int
    text: str
    drawn: bool


class _Told(msgspec.Struct, forbid_unknown_fields=True):
    refused: str = ""
    count: int = 0
    attached: int = 0
    pages: list[_ToldPage] = []
    words: list[_ToldWords] = []
    text: str | None = None
    cut: bool = False


def pages_by_errand(content: bytes, kind: Kind, first: int, most: int, bounds: Bounds) -> Pages:
    """Pages of a PDF or pictures of a picture file, from number `first` on. Raises NotShown."""
    told, rest = _answer(content, kind, first, most, bounds)
    if not told.count > 0 or len(told.pages) > most or sum(page.size for page in told.pages) != len(rest):
        raise NotShown(Cause.DAMAGED)
    pages, place = [], 0
    for page in told.pages:
        pages.append(_page(page, rest[place : place + page.size], bounds))
        place += page.size
    return Pages(told.count, tuple(pages), max(0, told.attached))


def text_by_errand(content: bytes, bounds: Bounds) -> Text:
    """The text of an RTF file. Raises NotShown."""
    told, _ = _answer(content, Kind.RTF, 1, 1, bounds)
    if told.text is None:
        raise NotShown(Cause.DAMAGED)
    return Text(told.text, told.cut, "rtf")


def words_by_errand(content: bytes, bounds: Bounds) -> WrittenPages:
    """The text that each page of a PDF carries, without its picture. Raises NotShown."""
    told, rest = _answer(content, Kind.PDF, 1, bounds.pages, bounds, purpose="words")
    if rest or not told.count >= len(told.words) > 0 or len(told.words) > bounds.pages:
        raise NotShown(Cause.DAMAGED)
    most = bounds.text_characters
    pages = (WrittenPage(place, one.text[:most], one.drawn) for place, one in enumerate(told.words, 1))
    return WrittenPages(told.count, tuple(pages))


def _page(told: _ToldPage, content: bytes, bounds: Bounds) -> Page:
    if min(told.width, told.height) < 1 or told.width * told.height > bounds.shown_pixels * 2:
        raise NotShown(Cause.DAMAGED)
    if not (_is_plain(told, content) if bounds.plain else content[:4] == b"RIFF" and content[8:12] == b"WEBP"):
        raise NotShown(Cause.DAMAGED)
    picture = Picture(PLAIN if bounds.plain else "image/webp", content, told.width, told.height)
    return Page(told.number, picture, told.text[: bounds.text_characters])


def _is_plain(told: _ToldPage, content: bytes) -> bool:
    head = b"P5 %d %d 255\n" % (told.width, told.height)
    return content.startswith(head) and len(content) == len(head) + told.width * told.height


def _answer(  # noqa: PLR0917 - the errand, in the order of its parts
    content: bytes, kind: Kind, first: int, most: int, bounds: Bounds, purpose: str = "pages"
) -> tuple[_Told, bytes]:
    errand = {"kind": kind.name, "first": first, "most": most, "bounds": asdict(bounds), "purpose": purpose}
    written = run_enclosed(msgspec.json.encode(errand) + b"\n" + content, bounds)
    line, newline, rest = written.partition(b"\n")
    if not newline:
        raise NotShown(Cause.DAMAGED)
    try:
        told = msgspec.json.decode(line, type=_Told)
    except msgspec.DecodeError as error:
        raise NotShown(Cause.DAMAGED) from error
    if told.refused:
        raise NotShown(_CAUSES.get(told.refused, Cause.DAMAGED))
    return told, rest


_CAUSES: Mapping[str, Cause] = Cause.__members__


def run_enclosed(errand: bytes, bounds: Bounds, program: str = "") -> bytes:
    """What the process writes; `program` is what it runs, a text of ours. Raises NotShown when it was ended (time, memory, an answer without end) or ended badly."""
    if sys.platform != "linux":
        raise NotShown(Cause.UNPROTECTED)
    handed = os.memfd_create("errand", os.MFD_CLOEXEC)
    try:
        _fill(handed, errand)
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and program, nothing of the file in its arguments
            [sys.executable, "-I", "-c", f"import os; os.nice({bounds.behind:d}); {program or _PROGRAM}"],
            stdin=handed,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            cwd="/",
        )
    finally:
        os.close(handed)
    return _heard(process, bounds)


def _fill(handed: int, errand: bytes) -> None:
    with os.fdopen(os.dup(handed), "wb") as file:
        file.write(errand)
    os.lseek(handed, 0, os.SEEK_SET)


def _heard(process: subprocess.Popen[bytes], bounds: Bounds) -> bytes:
    alarm = threading.Timer(bounds.wall_seconds, process.kill)
    alarm.start()
    out: Any = process.stdout
    try:
        written: bytes = out.read(bounds.answer_bytes + 1)
        if len(written) > bounds.answer_bytes:
            process.kill()
        ended = process.wait()
    finally:
        alarm.cancel()
        process.kill()
        out.close()
        process.wait()
    if ended != 0:
        raise NotShown(Cause.TOO_HARD if ended < 0 else Cause.DAMAGED)
    return written
