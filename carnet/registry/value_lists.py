"""Lists of values in statements whose text depends only on how many values there are, rounded up to a power of two.

So a search by 200 identifiers compiles nothing: the few shapes of each statement stay in a cache, here and in the driver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, bindparam

from carnet.database.statements import Statement

LARGEST = 256
"""The most values in one statement; longer lists take several statements."""


def by_width(build: Callable[[int], Statement]) -> Callable[[int], Statement]:
    """Keeps the statements that a function builds for each width."""
    return lru_cache(maxsize=16)(build)


def width_of(count: int) -> int:
    """The power of two that holds `count` values, at least 1."""
    return 1 << max(count - 1, 0).bit_length()


def binds(name: str, width: int) -> list[BindParameter[Any]]:
    """The binds `name0`, `name1` … of a list of values."""
    return [bindparam(f"{name}{index}") for index in range(width)]


def fill(name: str, values: Sequence[Any]) -> dict[str, Any]:
    """The parameters of such a list; the last value is repeated up to the width, which changes nothing to an IN."""
    width = width_of(len(values))
    padded = [*values, *[values[-1]] * (width - len(values))]
    return {f"{name}{index}": value for index, value in enumerate(padded)}


def each_width(name: str, values: Iterable[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The width and parameters of each statement that the values take; nothing for no value. Values are taken once each."""
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), LARGEST):
        batch = distinct[start : start + LARGEST]
        yield width_of(len(batch)), fill(name, batch)
