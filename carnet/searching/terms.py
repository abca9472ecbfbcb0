"""What a document is found by: its keys with the places where they stand, one a line, in bytes that are searched as they are.

Lines begin with `=` (a key, a tab, its places), `#` (a family) or `!` (the name of a medicine, for suggestions). Letters of places: t title,
k kind of document, a author or structure, d date, b body.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from carnet.searching.words import keys_of, words_of

MOST = 20_000
"""Keys of one document that are kept."""
_NAMES = 20


class Place(StrEnum):
    """Where a word of a document stands."""

    TITLE = "t"
    KIND = "k"
    AUTHOR = "a"
    DATE = "d"
    BODY = "b"


def terms_of(
    texts: Mapping[Place, Iterable[str]], *, families: Iterable[str] = (), medicines: Iterable[str] = ()
) -> bytes:
    """The terms of a document from its texts by place."""
    places: dict[str, set[Place]] = {}
    for place, parts in texts.items():
        for text in parts:
            for word in words_of(text):
                for key in keys_of(word.text):
                    if key in places or len(places) < MOST:
                        places.setdefault(key, set()).add(place)
    lines = [f"={key}\t{''.join(place.value for place in Place if place in found)}" for key, found in places.items()]
    lines += [f"#{family}" for family in families]
    lines += [f"!{' '.join(name.split())[:80]}" for name in list(dict.fromkeys(medicines))[:_NAMES]]
    return f"\n{chr(10).join(sorted(lines))}\n".encode()


def medicines_of(terms: bytes) -> Iterator[str]:
    """The names of medicines among the terms of a document."""
    start = terms.find(b"\n!")
    while start >= 0:
        end = terms.index(b"\n", start + 1)
        yield terms[start + 2 : end].decode()
        start = end if terms.startswith(b"\n!", end) else -1
