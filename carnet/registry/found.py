"""What a query finds: light rows that the rules read, and what must disappear with a hidden entry.

Rows are named tuples, not dataclasses: a search reads hundreds of them and building them is most of its cost outside the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

from carnet.database.stored_words import word
from carnet.errors import IntegrityFailure, InvalidMetadata
from carnet.metadata import Association, AvailabilityStatus


class Kind(NamedTuple):
    """What the rules read of an entry and never changes, as text as it stands in the table: the same for many entries.

    `author_persons` and `author_institutions` are blank-separated identifiers; the depositor is who registered version 1. `is_signature` is 0 or 1.
    """

    is_signature: int
    type_code: str
    author_persons: str
    author_institutions: str
    depositor: str
    depositor_organization: str


BETWEEN = "\x1f"
"""Stands between the values of a kind in its text. XML cannot carry it, so that no value that came in has it."""


def text_of(kind: Kind) -> str:
    """The text that stands in `document_entry.judged`. Raises InvalidMetadata for a value that could pose as two."""
    text = BETWEEN.join(map(str, kind))
    if text.count(BETWEEN) != len(kind) - 1:
        raise InvalidMetadata("A value holds a character that XML cannot carry.")
    return text


def kind_of(text: str) -> Kind:
    """The kind of a text. Raises IntegrityFailure for a text that was altered."""
    try:
        is_signature, type_code, persons, institutions, depositor, organization = text.split(BETWEEN)
        return Kind(int(is_signature), type_code, persons, institutions, depositor, organization)
    except (AttributeError, TypeError, ValueError) as error:
        raise IntegrityFailure("What is stored of a registered object is damaged.") from error


class FoundEntry(NamedTuple):
    """The columns in clear of one version of a DocumentEntry, as text as they stand in the table.

    `masks` are blank-separated codes: what hides the document now, whatever the confidentiality codes of this version were. `judged` is the text
    of its kind: whoever asks many entries takes it apart once for all that are alike.
    """

    uuid: str
    unique_id: str
    registered_at: int
    status: str
    masks: str
    judged: str
    logical_id: str
    version: int
    object_type: str

    @property
    def kind(self) -> Kind:
        """What the text says."""
        return kind_of(self.judged)

    @property
    def is_signature(self) -> int:
        """See Kind, as the others below."""
        return self.kind.is_signature

    @property
    def type_code(self) -> str:
        """The second value alone: lists ask it of thousands."""
        return self.judged.partition(BETWEEN)[2].partition(BETWEEN)[0]

    @property
    def author_persons(self) -> str:  # noqa: D102
        return self.kind.author_persons

    @property
    def author_institutions(self) -> str:  # noqa: D102
        return self.kind.author_institutions

    @property
    def depositor(self) -> str:  # noqa: D102
        return self.kind.depositor

    @property
    def depositor_organization(self) -> str:  # noqa: D102
        return self.kind.depositor_organization


found_entry: Callable[[Iterable[Any]], FoundEntry] = partial(tuple.__new__, FoundEntry)
"""A FoundEntry from a row; `_make` would run a function of Python's for each."""


status_in: Callable[[FoundEntry], str] = itemgetter(FoundEntry._fields.index("status"))
"""The status of an entry as it stands in its row, for hundreds of them."""


def status_of(status: str) -> AvailabilityStatus:
    """The status that stands in a row. Raises IntegrityFailure for one that there is not."""
    return word(AvailabilityStatus, status)


class FoundSubmissionSet(NamedTuple):
    """The columns in clear of a submission set."""

    uuid: str
    unique_id: str
    source_id: str
    status: str
    submission_time: str
    content_type: str
    registered_at: int
    registered_by: str


class FoundFolder(NamedTuple):
    """The columns in clear of one version of a folder."""

    uuid: str
    logical_id: str
    version: int
    unique_id: str
    status: str
    last_update_time: str
    registered_at: int
    depositor: str
    depositor_organization: str


_UUID: Callable[[FoundEntry | FoundSubmissionSet | FoundFolder], str] = itemgetter(0)
assert FoundEntry._fields[0] == FoundSubmissionSet._fields[0] == FoundFolder._fields[0] == "uuid"


@dataclass(frozen=True, slots=True)
class Found:
    """The answer of a query before and after the rules.

    `ends` are entries that associations, submission sets or folders of the answer touch: never answered, but judged with the rest, since
    what they touch may tell that they exist. `links` are associations and `contents` holdings (submission set or folder → what it
    holds) kept for the same purpose. `reasons` says through which objects something was found: asked which folders hold a hidden
    document, the answer is none, even if one also holds a visible one. `without` leaves all four empty; `uuids` is silent before.
    """

    entries: tuple[FoundEntry, ...] = ()
    submission_sets: tuple[FoundSubmissionSet, ...] = ()
    folders: tuple[FoundFolder, ...] = ()
    associations: tuple[Association, ...] = ()
    ends: tuple[FoundEntry, ...] = ()
    links: tuple[Association, ...] = ()
    contents: Mapping[str, frozenset[str]] = field(default_factory=dict)
    reasons: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def judged(self) -> tuple[FoundEntry, ...]:
        """Every entry that the rules must be asked about before anything is answered."""
        return self.entries + self.ends

    @property
    def uuids(self) -> tuple[str, ...]:
        """The entryUUIDs in the answer's order: submission sets, folders, entries, associations.

        Raises RuntimeError while entries outside the answer wait to be judged: call `without` or `seen_by` first.
        """
        if self.ends:
            raise RuntimeError("entries that the answer touches were not judged: call without() or seen_by() first")
        return (
            *map(_UUID, self.submission_sets),
            *map(_UUID, self.folders),
            *map(_UUID, self.entries),
            *(association.entry_uuid for association in self.associations),
        )

    def seen_by(self, sees: Callable[[FoundEntry], bool]) -> Found:
        """What remains for a caller, asked once for each judged entry."""
        return self.without({entry.uuid for entry in self.judged if not sees(entry)})

    def without(self, hidden: AbstractSet[str]) -> Found:
        """The answer as if the hidden entries (entryUUIDs, out of `judged`) had never been registered.

        Gone with a hidden entry: every association that touches it; every submission set and every folder that holds something and
        holds nothing else than what is gone; what was found through nothing else; and so on until nothing changes. A submission set or
        folder that also holds something visible, or never held anything, stays, without its associations to what is gone; its own
        attributes (title, date of last update) stay as they are.
        """
        gone = self._gone(set(hidden))
        if not gone and not (self.ends or self.links or self.contents or self.reasons):
            return self
        if not gone:
            return replace(self, ends=(), links=(), contents={}, reasons={})
        return replace(
            self,
            entries=tuple(row for row in self.entries if row.uuid not in gone),
            submission_sets=tuple(row for row in self.submission_sets if row.uuid not in gone),
            folders=tuple(row for row in self.folders if row.uuid not in gone),
            associations=tuple(one for one in self.associations if one.entry_uuid not in gone),
            ends=(),
            links=(),
            contents={},
            reasons={},
        )

    def _gone(self, gone: set[str]) -> set[str]:
        while gone:
            touching = {
                one.entry_uuid
                for one in chain(self.associations, self.links)
                if one.source in gone or one.target in gone
            }
            rests_on = chain(self.contents.items(), self.reasons.items())
            fallen = touching | {uuid for uuid, grounds in rests_on if grounds and grounds <= gone}
            if fallen <= gone:
                break
            gone |= fallen
        return gone


def grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """The second parts of the pairs by their first parts."""
    found: dict[str, set[str]] = {}
    for first, second in pairs:
        found.setdefault(first, set()).add(second)
    return {first: frozenset(seconds) for first, seconds in found.items()}
