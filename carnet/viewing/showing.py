"""Showing a file: its kind by its content, then pages or text. Everything that parses a format does so in the enclosed process."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from carnet.viewing.errand import pages_by_errand, text_by_errand
from carnet.viewing.kinds import PICTURES, Kind, kind_of
from carnet.viewing.plain_text import plain_text
from carnet.viewing.refusals import Cause, NotShown
from carnet.viewing.shown import Bounds, Pages, Picture, Text

DEFAULT = Bounds()
MOST_PICTURES, SECONDS = 40, 15.0
"""Pictures of one document that are drawn, and for how long at most new ones are begun."""


def shown(content: bytes, *, first: int = 1, most: int = 1, bounds: Bounds = DEFAULT) -> Pages | Text:
    """What a file shows: text, or at most `most` of its pages from number `first` (1 is the first) on.

    Raises NotShown with its cause, for whatever cannot or must not be shown.
    """
    if len(content) > bounds.file_bytes:
        raise NotShown(Cause.TOO_LARGE)
    kind = kind_of(content)
    if kind is Kind.TEXT:
        return plain_text(content)
    if kind is Kind.RTF:
        return text_by_errand(content, bounds)
    if not 1 <= first <= bounds.pages:
        raise NotShown(Cause.NO_SUCH_PAGE)
    return pages_by_errand(content, kind, first, max(1, min(most, bounds.pages_at_once)), bounds)


def redrawn(content: bytes, *, bounds: Bounds = DEFAULT) -> Picture | None:
    """A picture made anew for a page of ours; None for what is no picture that can be shown."""
    try:
        if len(content) > bounds.file_bytes or kind_of(content) not in PICTURES:
            return None
        found = shown(content, bounds=bounds)
    except NotShown:
        return None
    return found.pages[0].picture if isinstance(found, Pages) else None


class Drawing:
    """Draws the pictures of one document by `redrawn`, so many and for so long; those beyond are none that can be shown."""

    def __init__(
        self, most: int = MOST_PICTURES, seconds: float = SECONDS, clock: Callable[[], float] = monotonic
    ) -> None:
        self._left, self._until, self._clock = most, clock() + seconds, clock

    def __call__(self, content: bytes) -> Picture | None:
        """A picture made anew, or None."""
        if self._left <= 0 or self._clock() >= self._until:
            return None
        self._left -= 1
        return redrawn(content)
