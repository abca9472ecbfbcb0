"""The text of a document by pages, as it is kept for the passages of a search."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from carnet.errors import IntegrityFailure

LONGEST = 500_000
"""Characters of one document that are kept and searched."""


@dataclass(frozen=True, slots=True)
class TextPage:
    """A part of a text: `number` is that of the page in our reading view, 0 where there are no pages; `heading` is its title, if it has one."""

    number: int
    text: str = field(repr=False)
    heading: str = ""


@dataclass(frozen=True, slots=True)
class PagedText:
    """A text. `unread` pages are pictures whose words could not be read here; `cut` when more followed than is kept."""

    pages: tuple[TextPage, ...] = ()
    unread: int = 0
    cut: bool = False


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(PagedText)


def written(text: PagedText) -> bytes:
    """A text as MessagePack, cut to LONGEST characters."""
    left, kept = LONGEST, []
    for page in text.pages:
        kept.append(TextPage(page.number, page.text[:left], page.heading))
        left -= len(kept[-1].text)
        if left <= 0:
            break
    cut = text.cut or len(kept) < len(text.pages) or sum(len(one.text) for one in text.pages) > LONGEST
    return _ENCODER.encode(PagedText(tuple(kept), text.unread, cut))


def read(kept: bytes) -> PagedText:
    """The text again. Raises IntegrityFailure."""
    try:
        return _DECODER.decode(kept)
    except msgspec.MsgspecError as error:
        raise IntegrityFailure("What is kept is no text of a document.") from error
