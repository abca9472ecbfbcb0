"""The documents of a record as its space lists and shows them: filtered, in pages, in words, and the original as it was signed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from carnet.authorization.facts import DocumentFacts
from carnet.authorization.patient_side import PatientRight, decide
from carnet.errors import UnknownDocument
from carnet.identity.directory import organization, professional
from carnet.metadata import Author, DocumentEntry, PatientIdentifier
from carnet.record.document_families import Family, family_of, kind_in_words
from carnet.record.patient_acts import viewers_of
from carnet.record.patient_documents import CURRENT, facts_of_own, is_masked, masks_everything, own_document
from carnet.record.patient_room import PatientDesk, PatientRoom
from carnet.record.reading_room import ReadingRoom
from carnet.record.retrieval import Located, Wanted
from carnet.registry.dated_entries import Alike, dated_entries
from carnet.registry.found import FoundEntry
from carnet.registry.queries import entry as whole_entry
from carnet.repository.documents import find as find_documents

PAGE = 30
"""Documents of one page of a list."""
_NEWEST_FIRST = attrgetter("time", "found.registered_at", "found.unique_id")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What to list; empty means all. `year` has four digits, `author` is a Struct_IdNat, `offset` counts documents from the newest."""

    family: str = ""
    year: str = ""
    author: str = ""
    offset: int = 0


@dataclass(frozen=True, slots=True)
class SpaceDocument:
    """One document in words. `time` is `time_shown` (DTM, UTC), `registered_at` microseconds UTC, `kind` the label of its type."""

    unique_id: str
    title: str
    kind: str
    family: Family
    time: str
    registered_at: int
    author: str
    structure: str
    masked: bool


@dataclass(frozen=True, slots=True)
class Shelf:
    """One page of a list, and what can be chosen: counts by family, the years, structures (identifier, name, count)."""

    documents: tuple[SpaceDocument, ...]
    matching: int
    everything: int
    families: tuple[tuple[Family, int], ...]
    years: tuple[str, ...]
    authors: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """Who may see one document: `name` of a professional or structure, and the ground (a kind of link)."""

    name: str
    ground: str


@dataclass(frozen=True, slots=True)
class WholeDocument:
    """One document with all that its page says. `size` in bytes; `mine`: added by the patient's side, which may delete it."""

    about: SpaceDocument
    comments: str
    mime_type: str
    size: int | None
    version: int
    language: str
    service_time: str
    seen_by: tuple[Seen, ...]
    masked_by_default: bool
    deletable: bool
    replaceable: bool


class Visible(NamedTuple):
    """A document that the person may see, before its metadata are opened; a named tuple, for a record has thousands."""

    found: FoundEntry
    facts: DocumentFacts
    time: str
    family: Family


@dataclass(frozen=True, slots=True)
class OwnDocuments(PatientDesk):
    """The acts of reading documents in the space."""

    def shelf(self, patient: PatientIdentifier, chosen: Chosen) -> Shelf:
        """One page of the documents that match, newest first."""
        return self.perform(patient, "list-documents", PatientRight.SEE, lambda room: _shelf(room, chosen))

    def document(self, patient: PatientIdentifier, unique_id: str) -> WholeDocument:
        """Everything about one document but its content. Raises UnknownDocument, for what is hidden from the person too."""
        return self.perform(patient, "show-document", None, lambda room: _whole(room, unique_id), objects=(unique_id,))

    def original(self, patient: PatientIdentifier, unique_id: str) -> tuple[Located, SpaceDocument]:
        """Where the document's bytes are, for `retrieval.fetch`. Raises UnknownDocument, for what is hidden from the person too."""
        return self.perform(
            patient, "read-document", None, lambda room: _original(room, unique_id), objects=(unique_id,)
        )


def visible_documents(room: PatientRoom) -> list[Visible]:
    """The current documents that the person who acts may see, the newest first. What is hidden from them is not there in any way."""

    def judge(alike: Alike) -> tuple[DocumentFacts, Family] | None:
        facts = facts_of_own(room, alike)
        if not decide(room.facts, PatientRight.SEE, facts).allowed:
            return None
        return facts, family_of(alike.kind.type_code, alike.class_code, own=facts.patient_authored)

    return newest_first(dated_entries(room.connection, room.holder, CURRENT, judge))


def newest_first(seen: Iterable[tuple[tuple[DocumentFacts, Family], FoundEntry, str, str]]) -> list[Visible]:
    """Documents that somebody may see, in the order of lists: each with its facts and family, creation and start of service."""
    shown = [
        Visible(found, facts, time_shown(created, started, own=facts.patient_authored), family)
        for (facts, family), found, created, started in seen
    ]
    shown.sort(key=_NEWEST_FIRST, reverse=True)
    return shown


def in_words(room: ReadingRoom, shown: Iterable[Visible]) -> tuple[SpaceDocument, ...]:
    """Documents with their titles: opens the metadata of these alone, and traces them."""
    by_default = masks_everything(room)
    words = tuple(
        words_of_entry(one, whole_entry(room.connection, room.holder, one.found.uuid), by_default=by_default)
        for one in shown
    )
    room.touched.extend(one.unique_id for one in words)
    return words


def _shelf(room: PatientRoom, chosen: Chosen) -> Shelf:
    shown = visible_documents(room)
    matching = [one for one in shown if _matches(one, chosen)]
    page = in_words(room, matching[chosen.offset : chosen.offset + PAGE])
    families = Counter(one.family for one in shown)
    authors = Counter(identifier for one in shown for identifier in one.facts.author_institutions)
    return Shelf(
        documents=page,
        matching=len(matching),
        everything=len(shown),
        families=tuple((family, families[family]) for family in Family if families[family]),
        years=tuple(sorted({one.time[:4] for one in shown if one.time}, reverse=True)),
        authors=tuple((one, structure_name(room, one), count) for one, count in authors.most_common(20)),
    )


def _matches(one: Visible, chosen: Chosen) -> bool:
    return (
        (not chosen.family or one.family == chosen.family)
        and (not chosen.year or one.time.startswith(chosen.year))
        and (not chosen.author or chosen.author in one.facts.author_institutions)
    )


def time_shown(created: str, started: str, *, own: bool) -> str:
    """The date by which a document is listed (DTM): its creation, or for what the patient's side added the date written on it (0034)."""
    return started if own and started else created


def words_of_entry(one: Visible, entry: DocumentEntry, *, by_default: bool) -> SpaceDocument:
    """A document in words, from its metadata; `by_default`: the holder masks everything."""
    kind = kind_in_words(entry.type_code)
    first = entry.authors[0] if entry.authors else Author()
    return SpaceDocument(
        unique_id=one.found.unique_id,
        title=entry.title.strip() or kind,
        kind=kind,
        family=one.family,
        time=one.time,
        registered_at=one.found.registered_at,
        author=_person_name(first.person),
        structure=_institution_name(first),
        masked=is_masked(one.found, by_default=by_default),
    )


def _person_name(xcn: str) -> str:
    """Given name and family name of an XCN, '' for none."""
    parts = [*xcn.split("^"), "", "", ""]
    return f"{parts[2].title()} {parts[1]}".strip()


def _institution_name(author: Author) -> str:
    return author.institutions[0].split("^")[0] if author.institutions else ""


def structure_name(room: ReadingRoom, identifier: str) -> str:
    """What the directory calls a structure, its identifier where it knows none."""
    found = organization(room.connection, identifier)
    return found.name if found is not None else identifier


def party_name(room: ReadingRoom, identifier: str) -> str:
    """What the directory calls a professional or a structure; the identifier for who left it."""
    person = professional(room.connection, identifier)
    if person is not None:
        return f"{person.given_name.title()} {person.family_name}".strip()
    return structure_name(room, identifier)


def _one(room: PatientRoom, unique_id: str) -> tuple[Visible, DocumentEntry]:
    found = own_document(room, PatientRight.SEE, unique_id)
    entry = whole_entry(room.connection, room.holder, found.uuid)
    facts = facts_of_own(room, found)
    family = family_of(found.type_code, entry.class_code.code, own=facts.patient_authored)
    time = time_shown(entry.creation_time, entry.service_start_time, own=facts.patient_authored)
    return Visible(found, facts, time, family), entry


def _whole(room: PatientRoom, unique_id: str) -> WholeDocument:
    one, entry = _one(room, unique_id)
    by_default = masks_everything(room)
    about = words_of_entry(one, entry, by_default=by_default)
    pairs = (line.split(" ", 1) for line in viewers_of(room, one.found))
    return WholeDocument(
        about=about,
        comments=entry.comments,
        mime_type=entry.mime_type,
        size=entry.size,
        version=entry.version,
        language=entry.language,
        service_time=entry.service_start_time,
        seen_by=tuple(Seen(party_name(room, party), ground) for party, ground in pairs),
        masked_by_default=by_default,
        deletable=decide(room.facts, PatientRight.DELETE, one.facts).allowed,
        replaceable=decide(room.facts, PatientRight.REPLACE, one.facts).allowed,
    )


def _original(room: PatientRoom, unique_id: str) -> tuple[Located, SpaceDocument]:
    one, entry = _one(room, unique_id)
    stored = find_documents(room.connection, room.patient_key, (unique_id,)).get(unique_id)
    if stored is None or stored.erased_at is not None:
        raise UnknownDocument("No such document in this record.", subject=unique_id)
    wanted = Wanted(room.platform.settings.repository_unique_id, unique_id)
    key = room.key.open_document_key(stored.wrapped_key, unique_id)
    about = words_of_entry(one, entry, by_default=masks_everything(room))
    return Located(wanted, stored.mime_type, stored, key), about
