"""RTF as text (striprtf): objects, pictures and fields are dropped, nothing is followed. Inside the enclosure only."""

from __future__ import annotations

from striprtf.striprtf import rtf_to_text

from carnet.viewing.plain_text import cleaned
from carnet.viewing.refusals import Cause, NotShown
from carnet.viewing.shown import Text


def rich_text(content: bytes) -> Text:
    """The text of an RTF file. Raises NotShown(DAMAGED)."""
    try:
        text = rtf_to_text(content.decode("cp1252", "replace"), encoding="cp1252", errors="replace")
    except (ValueError, LookupError, OverflowError) as error:
        raise NotShown(Cause.DAMAGED) from error
    return Text(*cleaned(text), encoding="rtf")
