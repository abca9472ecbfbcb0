"""What a door hands to the gate: one thing to do to one patient's record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar

from carnet.authorization.facts import Function
from carnet.errors import CarnetError
from carnet.record.scope import Scope

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Act(Generic[T]):
    """One act. `name` is the action in the trace.

    `function` is the functional right that the caller must have before the act begins; None leaves every decision to the act, which
    then asks `scope.require` for each object.
    """

    name: str
    run: Callable[[Scope], T]
    function: Function | None = None


def failed(name: str, error: CarnetError) -> Act[Any]:
    """The act of a request that was found wrong before it came to the gate: it ends with its error, traced like any other."""

    def run(_scope: Scope) -> NoReturn:
        raise error

    return Act(name, run)
