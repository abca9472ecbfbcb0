"""Other ways of saying the same, read from `data/synonyms.tsv`: what patients say, what documents say, and the families that both mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from carnet.searching.words import keys_of, words_of


@dataclass(frozen=True, slots=True)
class Expression:
    """Some words in their order, each by its keys; or a family of documents (`#biology`), which has no words."""

    keys: tuple[frozenset[str], ...]
    family: str = ""


def expressions_at(words: Sequence[frozenset[str]], place: int) -> tuple[tuple[Expression, ...], int]:
    """What is also meant by the words from `place` on, each given by its keys, and how many of them it takes: the longest known expression, or one word."""
    found: tuple[Expression, ...] = ()
    longest = 1
    for key in words[place]:
        for said, others in _table().get(key, ()):
            length = len(said.keys)
            fits = length >= longest and all(
                said.keys[step] & words[place + step] if place + step < len(words) else False for step in range(length)
            )
            if fits:
                found = others if length > longest else (*found, *(one for one in others if one not in found))
                longest = length
    return found, longest


@cache
def _table() -> dict[str, tuple[tuple[Expression, tuple[Expression, ...]], ...]]:
    """By each key of its first word: an expression, and what it also means."""
    found: dict[str, list[tuple[Expression, tuple[Expression, ...]]]] = {}
    for said, others in _pairs():
        for key in said.keys[0]:
            found.setdefault(key, []).append((said, others))
    return {key: tuple(pairs) for key, pairs in found.items()}


def _pairs() -> Iterator[tuple[Expression, tuple[Expression, ...]]]:
    for line in files("carnet.searching").joinpath("data/synonyms.tsv").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("//"):
            continue
        said, _, meant = line.partition(">")
        group = [_expression(part) for part in said.split("|")]
        more = [_expression(part) for part in meant.split("|") if part.strip()]
        for one in group:
            if not one.family:
                yield one, tuple(other for other in (*group, *more) if other != one)


def _expression(text: str) -> Expression:
    name = text.strip()
    if name.startswith("#"):
        return Expression((), name[1:])
    return Expression(tuple(keys for word in words_of(name) if (keys := keys_of(word.text))))
