"""Forms with files (multipart/form-data), read within bounds and in memory alone: what nobody has sealed yet never touches a disk."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from carnet.errors import Busy, MalformedMessage, TooLarge
from carnet.portal.form_protection import MAXIMUM_FORM

MAXIMUM_FILES = 20
AT_ONCE = 4
"""Files that are received at the same moment in one worker."""
PATIENCE = 4
"""How many times the bound is read and thrown away, so that a browser hears why its file is refused."""
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as it came. `name` is what the person's machine calls it, for telling them which one is meant, and for nothing else."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FileForm:
    """The fields of a form, each by its last value, and its files in their order; empty ones are left out."""

    fields: dict[str, str]
    files: tuple[SentFile, ...]


@dataclass(slots=True)
class Landing:
    """The room for large files that come or go at the same moment in one worker."""

    most: int = AT_ONCE
    held: int = 0

    def check(self) -> None:
        """Raises Busy where as many as may are under way."""
        if self.held >= self.most:
            raise Busy("Too many files are under way; try again in a moment.")

    @contextmanager
    def berth(self) -> Iterator[None]:
        """One more under way. Raises Busy."""
        self.check()
        with self.counted():
            yield

    @contextmanager
    def counted(self) -> Iterator[None]:
        """The same without asking: what began cannot be refused any more."""
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1


class _InMemory(MultiPartParser):
    spool_max_size = 1 << 40


async def read_file_form(request: Request, limit: int) -> FileForm:
    """The fields and files of a form. `limit` bounds its files together, in bytes. Raises TooLarge, MalformedMessage."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "multipart/form-data":
        raise MalformedMessage("This is no form with files.")
    stream = bounded(request, limit + MAXIMUM_FORM)
    parser = _InMemory(
        request.headers,
        stream,  # type: ignore[arg-type]
        max_files=MAXIMUM_FILES,
        max_fields=50,
        max_part_size=MAXIMUM_FORM,
    )
    try:
        form = await parser.parse()
    except (MultiPartException, ClientDisconnect, UnicodeError, ValueError) as error:
        raise MalformedMessage("This form cannot be read.") from error
    fields: dict[str, str] = {}
    files: list[SentFile] = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            content = await value.read()
            await value.close()
            if content:
                files.append(SentFile(_shown(value.filename or ""), content))
        else:
            fields[name] = value
    return FileForm(fields, tuple(files))


async def read_part(request: Request, limit: int) -> bytes:
    """A body that is one part of a file. Raises TooLarge, MalformedMessage."""
    if request.headers.get("content-type", "") != "application/octet-stream":
        raise MalformedMessage("This is no part of a file.")
    try:
        return b"".join([chunk async for chunk in bounded(request, limit)])
    except ClientDisconnect as error:
        raise MalformedMessage("The part did not come whole.") from error


async def bounded(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The chunks of a body, none of them kept beyond the limit; the rest is read for a while, then TooLarge is raised."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            yield chunk
        elif size > PATIENCE * limit:
            break
    if size > limit:
        raise TooLarge(f"This is larger than {limit} bytes.")


def _shown(name: str) -> str:
    """A file's name as it may be shown: without controls and marks of direction, the end kept when it is long."""
    plain = "".join(one for one in name if unicodedata.category(one)[0] != "C")
    return plain if len(plain) <= LONGEST_NAME else "…" + plain[-LONGEST_NAME:]
