"""What a door hands to the gate: one thing to do to one patient's record, or to find across records."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar

from carnet.authorization.facts import Function
from carnet.errors import CarnetError
from carnet.platform import Platform
from carnet.record.population import PopulationScope
from carnet.record.scope import Scope, open_scope
from carnet.requester import Requester

T = TypeVar("T")
Room = Scope | PopulationScope
Opener = Callable[[Platform, Requester, str], Room]
"""(platform, requester, action) -> the room in which the act runs; it reads the facts, and may refuse by raising."""


@dataclass(frozen=True, slots=True)
class Act(Generic[T]):
    """One act. `name` is the action in the trace.

    `function` is the functional right that the caller must have before the act begins; None leaves every decision to the act, which
    then asks `scope.require` for each object. `opens` makes the room: that of the patient whom the assertion targets, unless the act
    says otherwise; `run` gets what it makes. `across` is true of an act that reads or traces on others than that patient. `registers` gives the
    identifiers that it will register for ever, as far as they are known before it runs.
    """

    name: str
    run: Callable[[Any], T]
    function: Function | None = None
    opens: Opener = open_scope
    across: bool = False
    registers: Callable[[], Iterable[str]] = tuple


def failed(name: str, error: CarnetError) -> Act[Any]:
    """The act of a request that was found wrong before it came to the gate: it ends with its error, traced like any other."""

    def run(_scope: Scope) -> NoReturn:
        raise error

    return Act(name, run)


def barred(name: str, error: CarnetError) -> Act[Any]:
    """The act of a transaction that is not offered: it ends with its error before any fact is read, traced like any other."""

    def run(_scope: Room) -> NoReturn:
        raise error

    def opens(_platform: Platform, _requester: Requester, _action: str) -> NoReturn:
        raise error

    return Act(name, run, opens=opens)
