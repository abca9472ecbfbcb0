"""The pictures that a narrative shows out of its own document, each drawn anew before it reaches a page."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import replace

from carnet.cda.narrative_markup import escaped
from carnet.cda.section_model import Drawn, Medium

_SHOWN = frozenset({"image/webp", "image/png", "image/jpeg"})
MOST_NAMED = 2_000
"""Files that a narrative may name; what it names beyond leaves nothing: a name is two bytes, and what we write for it many."""
MOST_WRITTEN = 24 * 1024 * 1024
"""Characters of pictures in one page: a picture that is named again is written again."""
_WORDS = {
    "fr": ("Image du document", "Fichier joint au document", "Fichier nommé par le texte et absent du document"),
    "en": (
        "Picture of the document",
        "File attached to the document",
        "File named by the text and absent from the document",
    ),
}


class Figures:
    """The files of one document by their ID, and which of them the narrative has shown so far."""

    def __init__(self, media: Sequence[Medium], redraw: Callable[[bytes], Drawn | None], language: str) -> None:
        self._media = media
        self._by_id = {medium.id: medium for medium in reversed(media) if medium.id}
        self._redraw = redraw
        self._picture, self._attached, self._absent = _WORDS[language]
        self._drawn: dict[str, str] = {}
        self._named = self._written = 0

    def html(self, name: str) -> str:
        """The picture called `name` as an image of the page itself; of another file, or of none, a word that says so."""
        self._named += 1
        if self._named > MOST_NAMED:
            return ""
        if name not in self._drawn:
            self._drawn[name] = self._html(self._by_id.get(name))
        self._written += len(self._drawn[name])
        return self._drawn[name] if self._written <= MOST_WRITTEN else self._attached_file(self._by_id.get(name))

    def told(self) -> tuple[Medium, ...]:
        """The files, each with whether the narrative named it."""
        return tuple(replace(medium, in_text=medium.id in self._drawn) for medium in self._media)

    def _html(self, medium: Medium | None) -> str:
        if medium is None:
            return f'<span class="ours">{self._absent}</span>'
        drawn = self._redraw(medium.content) if medium.media_type.startswith("image/") and medium.content else None
        if drawn is None or drawn.media_type not in _SHOWN:
            return self._attached_file(medium)
        data = base64.b64encode(drawn.content).decode()
        sides = f'width="{drawn.width}" height="{drawn.height}"'
        return f'<img src="data:{drawn.media_type};base64,{data}" alt="{self._picture}" {sides}>'

    def _attached_file(self, medium: Medium | None) -> str:
        kind = f" ({escaped(medium.media_type)})" if medium is not None and medium.media_type else ""
        return f'<span class="ours">{self._attached}{kind}</span>'
