"""Text files as text: the encoding found out, controls taken out, nothing interpreted."""

from __future__ import annotations

import unicodedata

from carnet.viewing.refusals import Cause, NotShown
from carnet.viewing.shown import Text

LONGEST = 1_000_000
"""Characters that are shown; a longer text says that it was cut."""


def plain_text(content: bytes) -> Text:
    """The text of a file: UTF-8, UTF-16 with a byte order mark, or else Windows-1252, which old French software writes.

    Raises NotShown when it is none of them.
    """
    encoding = _encoding_of(content)
    try:
        return Text(*cleaned(content.decode(encoding)), encoding=encoding)
    except UnicodeDecodeError as error:
        raise NotShown(Cause.DAMAGED) from error


def _encoding_of(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "cp1252" if _is_windows(content) else "latin-1"
    return "utf-8-sig"


def _is_windows(content: bytes) -> bool:
    try:
        content.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return True


def cleaned(text: str) -> tuple[str, bool]:
    """A text with one kind of line end and no control characters but tab and line end, and whether it was cut."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    kept = "".join(
        one for one in lines[: LONGEST * 2] if one in "\n\t" or unicodedata.category(one) not in ("Cc", "Cs")
    )
    return kept[:LONGEST], len(kept) > LONGEST or len(lines) > LONGEST * 2
