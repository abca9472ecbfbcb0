"""Words as they are compared: accents and case folded, elisions taken off, French endings cut (Snowball), numbers kept as they are written.

A word has one or two keys: the cut of what is written, and the cut of it without accents, for those who type none. Two words are the same
when they share a key.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

LONGEST = 40
"""Letters of a word that count."""
_ELIDED = r"(?:(?<![^\W_])(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu)['\u2019\u02bc])?"
_WORD = re.compile(_ELIDED + r"(\d+(?:[.,]\d+)*|[^\W\d_][^\W_]*)", re.IGNORECASE)
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae"})
_UNCUT = 3
"""Words of so many letters, and those with a digit, are compared whole."""
EMPTY = frozenset(
    # words that say nothing by themselves, folded
    [
        "a",
        "ai",
        "as",
        "au",
        "aux",
        "avec",
        "ce",
        "ces",
        "cet",
        "cette",
        "ci",
        "d",
        "dans",
        "de",
        "des",
        "du",
        "elle",
        "elles",
        "en",
        "est",
        "et",
        "eu",
        "ete",
        "il",
        "ils",
        "je",
        "l",
        "la",
        "le",
        "les",
        "leur",
        "leurs",
        "lui",
        "ma",
        "mais",
        "me",
        "mes",
        "mon",
        "ne",
        "nos",
        "notre",
        "nous",
        "on",
        "ont",
        "ou",
        "par",
        "pas",
        "pour",
        "qu",
        "que",
        "qui",
        "sa",
        "se",
        "ses",
        "si",
        "son",
        "sont",
        "sur",
        "ta",
        "te",
        "tes",
        "ton",
        "tu",
        "un",
        "une",
        "vos",
        "votre",
        "vous",
        "y",
    ]
)


class Word(NamedTuple):
    """A word of a text, and where it stands in it (without its elision)."""

    text: str
    start: int
    end: int


def words_of(text: str) -> Iterator[Word]:
    """The words and numbers of a text, in its order: `10mg` is two of them, `HbA1c` and `6,5` one each."""
    for found in _WORD.finditer(text):
        yield Word(found[1], found.start(1), found.end(1))


@lru_cache(maxsize=20_000)
def folded(word: str) -> str:
    """A word in small letters, without accents, a decimal comma as a point."""
    plain = unicodedata.normalize("NFKD", word.casefold().translate(_LIGATURES))
    return "".join(one for one in plain if not unicodedata.combining(one)).replace(",", ".")[:LONGEST]


@lru_cache(maxsize=20_000)
def keys_of(word: str) -> frozenset[str]:
    """What a word is compared by; nothing for one that says nothing by itself."""
    plain = folded(word)
    if plain in EMPTY:
        return frozenset()
    if len(plain) <= _UNCUT or not plain.isalpha():
        return frozenset({plain})
    written = unicodedata.normalize("NFC", word.casefold())[:LONGEST]
    return frozenset({folded(_cut(written)), _cut(plain)})


class _Stemmer(threading.local):
    """Snowball's object keeps the word that it works on: each thread has its own."""

    @cached_property
    def french(self) -> Any:
        import snowballstemmer  # noqa: PLC0415 - it brings forty languages, and a worker that starts cuts no word

        return snowballstemmer.stemmer("french")


_STEMMER = _Stemmer()


def _cut(word: str) -> str:
    return str(_STEMMER.french.stemWord(word))
