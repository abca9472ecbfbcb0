"""What a professional deposited by the portal, in whatever records: those that the rules still let them enter, each with its patient's name.

The lines are found by a keyed digest of who deposited; what each document is now is read in its own record, under that record's rules.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from carnet.authorization.facts import Function
from carnet.clock import DAY
from carnet.errors import Refused, UnknownDocument, UnknownPatient
from carnet.identity.patient_search import person_of
from carnet.identity.patients import Traits, identifiers, traits
from carnet.metadata import PatientIdentifier
from carnet.record.act import Act
from carnet.record.own_deposits import MINE, OwnDeposit, own_entry, told
from carnet.record.population import PopulationScope, open_population
from carnet.record.portal_deposit import KEPT_DAYS, depositor_of
from carnet.record.scope import Scope
from carnet.repository.deposit_rows import DepositLine, deposits_of

PAGE = 20
"""Lines that one page looks at: what is absent from it leaves no trace there but a shorter page."""


@dataclass(frozen=True, slots=True)
class DepositSomewhere:
    """One deposit, and in whose record."""

    patient: PatientIdentifier
    traits: Traits
    deposit: OwnDeposit
    deposited_at: int


@dataclass(frozen=True, slots=True)
class DepositPage:
    """One page, the newest first; `older` is what to ask the next one by (microseconds UTC), 0 where there is none."""

    deposits: tuple[DepositSomewhere, ...]
    older: int


def deposits_everywhere(before: int = 0) -> Act[DepositPage]:
    """The act that lists them, those up to `before` (microseconds UTC, 0 for now). Each patient's trace gets its line of it."""
    return Act(MINE, partial(_listed, before=before), Function.PATIENT_LIST, open_population, across=True)


def _listed(scope: PopulationScope, *, before: int) -> DepositPage:
    lines = deposits_of(
        scope.connection,
        depositor_of(scope),
        since=scope.now - KEPT_DAYS * DAY,
        before=before or scope.now,
        most=PAGE + 1,
    )
    shown = tuple(found for line in lines[:PAGE] if (found := _shown(scope, line)) is not None)
    scope.detail = f"across records {len(shown)}"
    return DepositPage(shown, lines[PAGE].deposited_at if len(lines) > PAGE else 0)


def _shown(scope: PopulationScope, line: DepositLine) -> DepositSomewhere | None:
    """A line as its record's rules let it be seen; None for a record that is closed, gone, or shut to the professional."""
    person = person_of(scope.connection, line.patient_key)
    if person is None:
        return None
    try:
        room = scope.enter(person)
        if room is None:
            return None
        identifier = identifiers(scope.connection, line.patient_key, room.key)[-1].identifier
        room = _about(room, identifier)
        room.require(Function.SEARCH_REFERENCES)
        deposit = told(room, [own_entry(room, line.unique_id)])
    except (UnknownPatient, UnknownDocument, Refused):
        return None
    scope.show(room, identifier)
    known = traits(scope.connection, line.patient_key, room.key)
    return DepositSomewhere(identifier, known, deposit, line.deposited_at)


def _about(room: Scope, identifier: PatientIdentifier) -> Scope:
    """The same room for a call that names its patient, as the rules of one record expect."""
    return replace(room, requester=replace(room.requester, patient=identifier))
