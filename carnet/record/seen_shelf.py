"""The documents of a record as a professional lists them: filtered, in pages, with their states (EX-3.1-1030, EX-3.1-1080)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from carnet.authorization.facts import Function
from carnet.clock import DAY, to_dtm
from carnet.identity.directory import professional
from carnet.metadata import AvailabilityStatus
from carnet.record.act import Act
from carnet.record.document_families import Family
from carnet.record.document_states import DocumentState, states_of
from carnet.record.own_documents import SpaceDocument, Visible, in_words, party_name, structure_name
from carnet.record.patient_documents import masks_everything
from carnet.record.scope import Scope
from carnet.record.seen_documents import seen_documents
from carnet.terminology.value_sets import value_set

PAGE = 50
"""Documents of one page of the table."""
_MOST_CHOICES = 30
_A_YEAR = 365 * DAY


@dataclass(frozen=True, slots=True)
class Sieve:
    """What is in the table, whoever's record it is: what a professional may keep from one visit to the next.

    `own_specialty`: documents one of whose authors has the reader's specialty in the directory; `recent`: of the last twelve months.
    """

    own_specialty: bool = False
    recent: bool = False
    archived: bool = False
    obsolete: bool = False
    masked: bool = True
    invisible: bool = True


@dataclass(frozen=True, slots=True)
class Wish:
    """What to list: a sieve, and choices in this record; empty ones choose nothing. `offset` counts documents from the newest."""

    sieve: Sieve = Sieve()
    family: str = ""
    type_code: str = ""
    author: str = ""
    structure: str = ""
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A document of the table, and its states."""

    document: SpaceDocument
    states: tuple[DocumentState, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One page of the table, and what can be chosen among all that the reader may see: value, words, count.

    `specialty`: whether the reader has one to choose by; `masked`: whether masked documents are offered to be left out (the médecin traitant).
    """

    rows: tuple[Row, ...]
    matching: int
    everything: int
    families: tuple[tuple[Family, int], ...]
    types: tuple[tuple[str, str, int], ...]
    authors: tuple[tuple[str, str, int], ...]
    structures: tuple[tuple[str, str, int], ...]
    specialty: bool
    masked: bool


def listing(wish: Wish) -> Act[Table]:
    """The act of listing."""
    return Act("pro/list-documents", partial(_table, wish=wish), Function.SEARCH)


def _table(scope: Scope, *, wish: Wish) -> Table:
    by_default = masks_everything(scope)
    shown = _through(scope, _standing(scope, wish.sieve), wish.sieve, by_default=by_default)
    matching = [one for one in shown if _chosen(one, wish)]
    page = matching[wish.offset : wish.offset + PAGE]
    rows = zip(in_words(scope, page), page, strict=True)
    authors = Counter(name for one in shown for name in one.facts.author_persons)
    structures = Counter(name for one in shown for name in one.facts.author_institutions)
    scope.detail = f"{len(page)} of {len(matching)}"
    return Table(
        rows=tuple(Row(words, states_of(one.found, by_default=by_default)) for words, one in rows),
        matching=len(matching),
        everything=len(shown),
        families=_families(shown),
        types=_types(shown),
        authors=_named(scope, authors, party=True),
        structures=_named(scope, structures, party=False),
        specialty=bool(scope.requester.specialty),
        masked=scope.record.medecin_traitant,
    )


def _standing(scope: Scope, sieve: Sieve) -> list[Visible]:
    """The newest version of each document in the statuses that the sieve lets through."""
    wanted = [AvailabilityStatus.APPROVED]
    wanted += [AvailabilityStatus.ARCHIVED] if sieve.archived or sieve.obsolete else []
    wanted += [AvailabilityStatus.DEPRECATED] if sieve.obsolete else []
    newest: dict[str, Visible] = {}
    for one in seen_documents(scope, Function.SEARCH, tuple(wanted)):
        known = newest.get(one.found.unique_id)
        if known is None or _rank(one) > _rank(known):
            newest[one.found.unique_id] = one
    archived = AvailabilityStatus.ARCHIVED
    return [one for one in newest.values() if sieve.archived or one.found.status != archived]


def _rank(one: Visible) -> tuple[bool, int]:
    return one.found.status != AvailabilityStatus.DEPRECATED, one.found.version


def _through(scope: Scope, shown: Iterable[Visible], sieve: Sieve, *, by_default: bool) -> list[Visible]:
    since = to_dtm(scope.now - _A_YEAR)[:8] if sieve.recent else ""
    barred = set() if sieve.masked else {DocumentState.MASKED}
    barred |= set() if sieve.invisible else {DocumentState.HIDDEN_FROM_PATIENT}
    found = [one for one in shown if one.time[:8].ljust(8, "9") >= since]
    if barred:
        found = [one for one in found if not barred & set(states_of(one.found, by_default=by_default))]
    if sieve.own_specialty and scope.requester.specialty is not None:
        found = _of_specialty(scope, found, scope.requester.specialty.code)
    return found


def _of_specialty(scope: Scope, shown: Sequence[Visible], specialty: str) -> list[Visible]:
    people = {person for one in shown for person in one.facts.author_persons}
    theirs = {person for person in people if specialty in _specialties(scope, person)}
    return [one for one in shown if theirs & one.facts.author_persons]


def _specialties(scope: Scope, person: str) -> set[str]:
    known = professional(scope.connection, person)
    return {role.specialty for role in known.roles} if known is not None else set()


def _chosen(one: Visible, wish: Wish) -> bool:
    return (
        (not wish.family or one.family == wish.family)
        and (not wish.type_code or one.found.type_code == wish.type_code)
        and (not wish.author or wish.author in one.facts.author_persons)
        and (not wish.structure or wish.structure in one.facts.author_institutions)
    )


def _families(shown: Sequence[Visible]) -> tuple[tuple[Family, int], ...]:
    counts = Counter(one.family for one in shown)
    return tuple((family, counts[family]) for family in Family if counts[family])


def _types(shown: Sequence[Visible]) -> tuple[tuple[str, str, int], ...]:
    counts = Counter(one.found.type_code for one in shown)
    labels = _labels()
    return tuple((code, labels[code], count) for code, count in counts.most_common(_MOST_CHOICES) if code in labels)


@lru_cache(maxsize=1)
def _labels() -> dict[str, str]:
    """The published labels of types by their codes alone: no code of JDV_J07 stands in two of its systems."""
    return {one.code: one.display for one in value_set("J07").codes}


def _named(scope: Scope, counts: Counter[str], *, party: bool) -> tuple[tuple[str, str, int], ...]:
    """Those whom the directory names: an identifier says nothing to anybody."""
    name = party_name if party else structure_name
    found = ((one, name(scope, one), count) for one, count in counts.most_common(_MOST_CHOICES))
    return tuple(one for one in found if one[0] != one[1])
