"""One document as a professional reads it: what is said of it, its versions, who can see it, what may be done, and where its bytes are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from carnet.authorization.facts import DocumentFacts, Function
from carnet.document_query import Get, GetObjects
from carnet.errors import UnknownDocument
from carnet.metadata import AssociationType, Author, AvailabilityStatus, DocumentEntry, ObjectType
from carnet.record.act import Act
from carnet.record.announcement_rule import told_and_shown
from carnet.record.document_changes import Offer, offers
from carnet.record.document_families import family_of
from carnet.record.document_states import DocumentState, states_of
from carnet.record.facts import document_facts
from carnet.record.own_documents import SpaceDocument, Visible, party_name, time_shown, words_of_entry
from carnet.record.patient_documents import masks_everything
from carnet.record.retrieval import Located, Wanted, current_entries
from carnet.record.scope import Scope
from carnet.record.search import visible
from carnet.record.signature_findings import SignedParts
from carnet.registry.found import FoundEntry
from carnet.registry.hidden_versions import hidden_since, is_hidden
from carnet.registry.queries import entry as whole_entry
from carnet.registry.queries import find
from carnet.registry.set_signatures import set_of
from carnet.repository.documents import find as find_documents

MOST_VERSIONS = 60
"""Documents of one chain of replacements that are followed."""
_TYPES = (ObjectType.STABLE, ObjectType.ON_DEMAND)
_REPLACED = (AssociationType.RPLC, AssociationType.XFRM_RPLC)


@dataclass(frozen=True, slots=True)
class SeenAuthor:
    """An author in words: a person or a device, their structures, in what role and specialty; '' and () for what is not said."""

    name: str
    structures: tuple[str, ...]
    roles: tuple[str, ...]
    specialties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeenVersion:
    """A document of the chain of replacements; `registered_at` in microseconds UTC. `current`: the one in use."""

    unique_id: str
    title: str
    time: str
    registered_at: int
    current: bool
    archived: bool


@dataclass(frozen=True, slots=True)
class SeenDocument:
    """Everything that its page says. Moments are microseconds UTC, times DTM in UTC, `size` bytes.

    `versions` the newest first, this one among them; `current` is the uniqueId of the one in use when it is another that the reader may see.
    `shown_to_patient_at`: when a document hidden from its patient shows by itself. `registrations`: how often its metadata were written.
    """

    about: SpaceDocument
    states: tuple[DocumentState, ...]
    comments: str
    mime_type: str
    size: int | None
    language: str
    service_start: str
    service_stop: str
    authors: tuple[SeenAuthor, ...]
    responsible: str
    practice: str
    facility: str
    acts: tuple[str, ...]
    registrations: int
    registered_at: int
    registered_by: str
    versions: tuple[SeenVersion, ...]
    current: str
    shown_to_patient_at: int | None
    offers: tuple[Offer, ...]
    masked_by_default: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A document's page, and what verifying its signatures needs; `readable` is false for who may know of it and not read it."""

    document: SeenDocument
    readable: bool
    parts: SignedParts


def showing(unique_id: str) -> Act[Shown]:
    """The act of opening a document's page. Raises UnknownDocument, alike for what is hidden and what never was."""
    return Act("pro/show-document", partial(_shown, unique_id=unique_id), Function.SEARCH)


def reading(unique_id: str) -> Act[tuple[Located, SpaceDocument]]:
    """The act of reading a document: where its bytes are, for `retrieval.fetch`. Raises UnknownDocument, alike for hidden and never there."""
    return Act("pro/read-document", partial(_read, unique_id=unique_id), Function.CONSULT)


def _shown(scope: Scope, *, unique_id: str) -> Shown:
    one, entry = locate(scope, unique_id, Function.SEARCH)
    scope.touched.append(unique_id)
    readable = _may(scope, Function.CONSULT, one.facts)
    return Shown(_document(scope, one, entry), readable, _parts(scope, one))


def _read(scope: Scope, *, unique_id: str) -> tuple[Located, SpaceDocument]:
    one, entry = locate(scope, unique_id, Function.CONSULT)
    found = located(scope, unique_id)
    if found is None:
        raise _unknown(unique_id)
    scope.touched.append(unique_id)
    return found, words_of_entry(one, entry, by_default=masks_everything(scope))


def locate(scope: Scope, unique_id: str, function: Function) -> tuple[Visible, DocumentEntry]:
    """The newest version of a document on which the requester has the function. Raises UnknownDocument for any other, without a difference."""
    found = current_entries(scope, (unique_id,)).get(unique_id)
    if found is None or found.status == AvailabilityStatus.DELETED:
        raise _unknown(unique_id)
    facts = document_facts(scope, found)
    if not _may(scope, function, facts):
        raise _unknown(unique_id)
    entry = whole_entry(scope.connection, scope.holder, found.uuid)
    family = family_of(found.type_code, entry.class_code.code, own=facts.patient_authored)
    time = time_shown(entry.creation_time, entry.service_start_time, own=facts.patient_authored)
    return Visible(found, facts, time, family), entry


def located(scope: Scope, unique_id: str) -> Located | None:
    """Where the bytes of a document are that the requester was found to may read; None when they are gone."""
    stored = find_documents(scope.connection, scope.patient_key, (unique_id,)).get(unique_id)
    if stored is None or stored.erased_at is not None:
        return None
    wanted = Wanted(scope.platform.settings.repository_unique_id, unique_id)
    return Located(wanted, stored.mime_type, stored, scope.key.open_document_key(stored.wrapped_key, unique_id))


def _may(scope: Scope, function: Function, facts: DocumentFacts) -> bool:
    return scope.platform.engine.decide_document(scope.requester, scope.record, facts, function, scope.now).allowed


def _unknown(unique_id: str) -> UnknownDocument:
    return UnknownDocument("No such document in this record.", subject=unique_id)


def _parts(scope: Scope, one: Visible) -> SignedParts:
    came_with = set_of(scope.connection, scope.holder, one.found)
    signature = located(scope, came_with.signature) if came_with is not None and came_with.signature else None
    return SignedParts(one.found.unique_id, came_with, signature)


def _document(scope: Scope, one: Visible, entry: DocumentEntry) -> SeenDocument:
    by_default = masks_everything(scope)
    states = states_of(one.found, by_default=by_default)
    versions = _versions(scope, one)
    current = next((each.unique_id for each in versions if each.current), "")
    came_at = _came_at(scope, one)
    return SeenDocument(
        about=words_of_entry(one, entry, by_default=by_default),
        states=states,
        comments=entry.comments,
        mime_type=entry.mime_type,
        size=entry.size,
        language=entry.language,
        service_start=entry.service_start_time,
        service_stop=entry.service_stop_time,
        authors=tuple(map(_author, entry.authors)),
        responsible=_person(entry.legal_authenticator),
        practice=entry.practice_setting.display,
        facility=entry.facility_type.display,
        acts=tuple(code.display for code in entry.event_codes if code.display),
        registrations=entry.version,
        registered_at=came_at,
        registered_by=_named(scope, one.found),
        versions=versions,
        current="" if current == one.found.unique_id else current,
        shown_to_patient_at=_shown_to_patient_at(scope, one.found),
        offers=offers(scope, one.found),
        masked_by_default=by_default,
    )


def _named(scope: Scope, found: FoundEntry) -> str:
    """Who registered it by the directory, '' for who it does not name."""
    for party in (found.depositor, found.depositor_organization):
        name = party_name(scope, party) if party else ""
        if name and name != party:
            return name
    return ""


def _came_at(scope: Scope, one: Visible) -> int:
    """When the first version was registered."""
    query = GetObjects(Get.DOCUMENTS, logical_ids=(one.found.logical_id,), object_types=_TYPES)
    rows = visible(scope, find(scope.connection, scope.holder, query)).entries
    return min((row.registered_at for row in rows), default=one.found.registered_at)


def _shown_to_patient_at(scope: Scope, found: FoundEntry) -> int | None:
    """When a document hidden from its patient shows by itself (R1111-53 CSP)."""
    if not is_hidden(found):
        return None
    return told_and_shown(hidden_since(scope.connection, scope.holder, found.logical_id))[1]


def _author(author: Author) -> SeenAuthor:
    return SeenAuthor(
        name=_person(author.person),
        structures=tuple(name for one in author.institutions if (name := one.split("^")[0])),
        roles=author.roles,
        specialties=tuple(label for one in author.specialties if (label := _label(one))),
    )


def _label(coded: str) -> str:
    """The words of `code^label^system`."""
    parts = coded.split("^")
    return parts[1] if len(parts) > 1 else ""


def _person(xcn: str) -> str:
    parts = [*xcn.split("^"), "", "", ""]
    return f"{parts[2].title()} {parts[1]}".strip()


# --- versions -------------------------------------------------------------------------------------------------------


def _versions(scope: Scope, one: Visible) -> tuple[SeenVersion, ...]:
    """The chain of replacements as far as the requester may see it, the newest first; what is hidden in it ends it."""
    chain: dict[str, FoundEntry] = {one.found.unique_id: one.found}
    waiting = [one.found.unique_id]
    while waiting and len(chain) < MOST_VERSIONS:
        beside = _linked(scope, waiting.pop())
        fresh = [name for name in beside if name not in chain]
        chain.update({name: beside[name] for name in fresh})
        waiting += fresh
    words = [_version(scope, found) for found in chain.values()]
    return tuple(sorted(words, key=lambda each: (each.registered_at, each.unique_id), reverse=True))


def _linked(scope: Scope, unique_id: str) -> dict[str, FoundEntry]:
    """The newest versions of the documents that replaced this one or that it replaced."""
    query = GetObjects(Get.RELATED_DOCUMENTS, unique_ids=(unique_id,), association_types=_REPLACED, object_types=_TYPES)
    names = {row.unique_id for row in visible(scope, find(scope.connection, scope.holder, query)).entries}
    names.discard(unique_id)
    found = current_entries(scope, tuple(sorted(names))) if names else {}
    return {name: row for name, row in found.items() if _listed(scope, row)}


def _listed(scope: Scope, row: FoundEntry) -> bool:
    return row.status != AvailabilityStatus.DELETED and _may(scope, Function.SEARCH, document_facts(scope, row))


def _version(scope: Scope, found: FoundEntry) -> SeenVersion:
    entry = whole_entry(scope.connection, scope.holder, found.uuid)
    return SeenVersion(
        unique_id=found.unique_id,
        title=entry.title,
        time=entry.creation_time,
        registered_at=found.registered_at,
        current=found.status != AvailabilityStatus.DEPRECATED,
        archived=found.status == AvailabilityStatus.ARCHIVED,
    )
