"""Finding a patient by every trait of the INS, in the normal mode: one person or nobody (decision 0037).

TD0.5 and its candidates are for regulation centres. What the INSi service answers to whoever gives all traits exactly is one identity or
none; this gives no more, of people whose record is open to be asked for, counts each try, and leaves a line with the person it shows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from carnet.authorization.facts import Function
from carnet.clock import HOUR
from carnet.errors import InvalidMetadata, TooManyResults
from carnet.identity.patient_search import Criteria, people_with
from carnet.identity.patients import Traits, identifiers
from carnet.identity.sign_in_attempts import count_try
from carnet.identity.trait_index import folded
from carnet.record.act import Act
from carnet.record.candidates import SHORTEST_NAME, Candidate
from carnet.record.population import PopulationScope, open_population
from carnet.record.scope import NOBODY, Scope, read_facts

COUNTED = "identity search"
_DATE = re.compile(r"[0-9]{4}(?:[0-9]{2}(?:[0-9]{2})?)?", re.ASCII)
_PLACE = re.compile(r"(?:[0-9]{2}|2[AB])[0-9]{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class StrictTraits:
    """What is asked for: the first five as for the INSi service, all of them; `birth_place` (INSEE code) where several people have them.

    `birth_date` is of 8 digits, or 4 or 6 of somebody of whose birth no more is known: it must be exactly what is known.
    """

    birth_name: str
    given_name: str
    sex: str
    birth_date: str
    birth_place: str = ""


@dataclass(frozen=True, slots=True)
class StrictAnswer:
    """One person, or nobody. `several`: more people have these traits, and nobody is shown."""

    found: Candidate | None = None
    several: bool = False


def find_by_all_traits(asked: StrictTraits) -> Act[StrictAnswer]:
    """The search. Raises InvalidMetadata for a trait that is missing or of the wrong form, TooManyTries beyond `identity_search_tries`."""
    run = partial(_search, asked=asked)
    return Act("pro/identity-search", run, Function.EXISTENCE_TEST, open_population, across=True)


def _search(scope: PopulationScope, *, asked: StrictTraits) -> StrictAnswer:
    _check(asked)
    settings, platform = scope.platform.settings, scope.platform
    count_try(
        scope.connection,
        platform.keyring,
        COUNTED,
        scope.requester.identifier,
        maximum=settings.identity_search_tries,
        span=HOUR,
        now=scope.now,
    )
    try:
        found = _people(scope, asked)
    except TooManyResults:
        found = []
        several = True
    else:
        several = len(found) > 1
    scope.detail = f"every trait: {1 if len(found) == 1 else 0}"
    if several or not found:
        return StrictAnswer(several=several)
    room, known = found[0]
    identifier = identifiers(scope.connection, room.patient_key, room.key)[-1].identifier
    scope.show(room, identifier)
    return StrictAnswer(Candidate(identifier, known, room.record.opposes_centre_15))


def _people(scope: PopulationScope, asked: StrictTraits) -> list[tuple[Scope, Traits]]:
    """Those whose record their requester may ask for: who blocked them, or has none, is not there, and costs as much as nobody."""
    criteria = Criteria(name=asked.birth_name, birth_date=asked.birth_date, sex=asked.sex)
    most = scope.platform.settings.maximum_searched_people
    people = people_with(scope.connection, scope.platform.keyring, criteria, maximum=most)
    exactly = [(person, known) for person, known in people if _is(known, asked)]
    if not exactly:
        read_facts(scope.platform, scope.requester, NOBODY, scope.now)
    rooms = ((scope.enter(person), known) for person, known in exactly)
    return [(room, known) for room, known in rooms if room is not None]


def _is(known: Traits, asked: StrictTraits) -> bool:
    """Whether the birth name is theirs, the given name the first of those of birth, and the place, where it is given, theirs."""
    given, every = folded(asked.given_name), folded(known.birth_given_names)
    first = every == given or every.startswith(f"{given} ")
    same_place = not asked.birth_place or asked.birth_place == known.birth_place
    return folded(known.birth_name) == folded(asked.birth_name) and first and same_place


def _check(asked: StrictTraits) -> None:
    for name, value in (("birth_name", asked.birth_name), ("given_name", asked.given_name)):
        if len(folded(value)) < SHORTEST_NAME:
            raise InvalidMetadata("A name is missing or too short to search by.", subject=name)
    if asked.sex not in {"M", "F", "I"}:
        raise InvalidMetadata("The sex is M, F or I.", subject="sex")
    if not _DATE.fullmatch(asked.birth_date):
        raise InvalidMetadata("A birth date is of 4, 6 or 8 digits.", subject="birth_date")
    if asked.birth_place and not _PLACE.fullmatch(asked.birth_place):
        raise InvalidMetadata("A place of birth is an INSEE code of 5 characters.", subject="birth_place")
