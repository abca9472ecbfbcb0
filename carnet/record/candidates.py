"""Finding a patient without INS (TD0.5): for regulation centres, by exact traits, few at a time, each shown one in the trace."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from carnet.authorization.facts import Function
from carnet.errors import InvalidMetadata, OverBudget, TooManyResults
from carnet.identity.patient_search import Criteria, people_with
from carnet.identity.patients import Traits, identifiers
from carnet.identity.trait_index import folded
from carnet.metadata import PatientIdentifier
from carnet.platform import Platform
from carnet.record.act import Act
from carnet.record.harvest_budget import count_search
from carnet.record.population import PopulationScope, open_population
from carnet.requester import Requester

_DATE = re.compile(r"[0-9]{4}(?:[0-9]{2}(?:[0-9]{2})?)?")
SHORTEST_NAME = 2
CRITERIA = ("name", "given_name", "birth_date", "sex")
"""The fields of Criteria."""
ALWAYS = ("name", "birth_date")
"""Without both, a search would be a way to harvest; the setting `candidate_criteria` may demand more."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person who may be the one looked for, with the opposition to being read by a regulation centre."""

    identifier: PatientIdentifier
    traits: Traits
    opposes_centre_15: bool


def find_candidates(criteria: Criteria) -> Act[tuple[Candidate, ...]]:
    """The act of TD0.5: those whose traits are exactly the criteria, who have an open record and have not blocked the requester.

    Raises InvalidMetadata for fewer criteria than name, birth date and what `candidate_criteria` adds, TooManyResults beyond `maximum_candidates`: nobody is
    shown then, so that a common name gives nothing away. Raises OverBudget beyond `candidate_searches_hour`.
    """
    return Act("td0.5", partial(_find, criteria=criteria), Function.FIND_PATIENT, _counted, across=True)


def _counted(platform: Platform, requester: Requester, action: str) -> PopulationScope:
    """The room of TD0.5. A search that the rules allow counts before it is known whether it finds anybody, and stays counted when it fails."""
    scope = open_population(platform, requester, action)
    if scope.decide(Function.FIND_PATIENT).allowed:
        try:
            count_search(platform, requester, scope.now)
        except OverBudget as error:
            scope.refusal = error
    return scope


def _find(scope: PopulationScope, *, criteria: Criteria) -> tuple[Candidate, ...]:
    settings = scope.platform.settings
    if scope.refusal is not None:
        raise scope.refusal
    _check(criteria, (*ALWAYS, *settings.candidate_criteria))
    people = people_with(scope.connection, scope.platform.keyring, criteria, maximum=settings.maximum_searched_people)
    found = []
    for person, known in people:
        room = scope.enter(person)
        if room is None:
            continue
        identifier = identifiers(scope.connection, person.patient_key, room.key)[-1].identifier
        scope.show(room, identifier)
        found.append(Candidate(identifier, known, room.record.opposes_centre_15))
        if len(found) > settings.maximum_candidates:
            raise TooManyResults("Too many people are found; give more traits.")
    scope.detail = f"{' '.join(name for name in CRITERIA if getattr(criteria, name))}: {len(found)}"
    return tuple(found)


def _check(criteria: Criteria, demanded: tuple[str, ...]) -> None:
    missing = [name for name in demanded if not getattr(criteria, name, "")]
    if missing:
        raise InvalidMetadata(f"A search by traits needs {', '.join(missing)} too.", subject=missing[0])
    if criteria.name and len(folded(criteria.name)) < SHORTEST_NAME:
        raise InvalidMetadata("The name is too short to search by, or is a pattern.", subject="name")
    if criteria.birth_date and not _DATE.fullmatch(criteria.birth_date):
        raise InvalidMetadata("A birth date is of 4, 6 or 8 digits.", subject="birth_date")
    if criteria.sex not in {"", "M", "F"}:
        raise InvalidMetadata("The sex is M or F.", subject="sex")
