"""Words of a closed list as they stand in a table: one that is not of the list was altered by another hand than ours."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

from carnet.errors import IntegrityFailure

E = TypeVar("E", bound=Enum)


def word(kind: type[E], written: object) -> E:
    """The member of an enumeration that a cell holds. Raises IntegrityFailure when there is none."""
    try:
        return kind(written)
    except ValueError:
        raise IntegrityFailure(f"A stored {kind.__name__} is none that there is.") from None
