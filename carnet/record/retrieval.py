"""Reading documents (ITI-43, TD3.2; ITI-68 to come): decided and traced first, then read whole and checked before a byte leaves."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from carnet.authorization.facts import Function
from carnet.document_query import Get, GetObjects
from carnet.errors import CarnetError, IntegrityFailure, NotHereYet, Refused, UnknownDocument, UnknownRepository
from carnet.metadata import AvailabilityStatus, ObjectType
from carnet.platform import Platform
from carnet.record.act import Act
from carnet.record.facts import document_facts
from carnet.record.scope import Scope
from carnet.record.search import visible
from carnet.record.segment_whereabouts import is_on_its_way
from carnet.registry.found import FoundEntry
from carnet.registry.queries import find
from carnet.repository.documents import StoredDocument
from carnet.repository.documents import find as find_documents
from carnet.repository.documents import foresee as foresee_documents
from carnet.repository.frame_reading import Missing, Place

_DAMAGE = logging.getLogger("carnet.damage")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One DocumentRequest: which repository, which document (uniqueId)."""

    repository_unique_id: str
    document_unique_id: str


@dataclass(frozen=True, slots=True)
class Located:
    """A document that the caller may read: where its bytes are and the key that opens them."""

    wanted: Wanted
    mime_type: str
    stored: StoredDocument
    key: bytes


Answer = Located | CarnetError


def retrieve(wanted: tuple[Wanted, ...]) -> Act[tuple[Answer, ...]]:
    """The act of one retrieval: for each document wanted, in order, where it is or why it is not given."""
    return Act("iti43", partial(_retrieve, wanted=wanted), Function.CONSULT)


def _retrieve(scope: Scope, *, wanted: tuple[Wanted, ...]) -> tuple[Answer, ...]:
    ours = tuple(
        item.document_unique_id
        for item in wanted
        if item.repository_unique_id == scope.platform.settings.repository_unique_id
    )
    foresee_documents(scope.connection, scope.patient.patient_key, ours)
    entries = current_entries(scope, ours)
    known = tuple(unique_id for unique_id in ours if unique_id in entries)
    places = find_documents(scope.connection, scope.patient.patient_key, known)
    answers = tuple(_locate(scope, item, entries, places) for item in wanted)
    scope.touched.extend(item.wanted.document_unique_id for item in answers if isinstance(item, Located))
    scope.detail = f"{len(scope.touched)} of {len(wanted)}"
    return answers


def current_entries(scope: Scope, unique_ids: tuple[str, ...]) -> dict[str, FoundEntry]:
    """The newest version of each document that the caller may know of, by uniqueId."""
    types = (ObjectType.STABLE, ObjectType.ON_DEMAND)
    query = GetObjects(Get.DOCUMENTS, unique_ids=unique_ids, object_types=types)
    found = visible(scope, find(scope.connection, scope.holder, query)) if unique_ids else None
    newest: dict[str, FoundEntry] = {}
    for entry in found.entries if found is not None else ():
        known = newest.get(entry.unique_id)
        if known is None or _rank(entry) > _rank(known):
            newest[entry.unique_id] = entry
    return newest


def _rank(entry: FoundEntry) -> tuple[bool, int]:
    return entry.status != AvailabilityStatus.DEPRECATED, entry.version


def _locate(scope: Scope, wanted: Wanted, entries: dict[str, FoundEntry], places: dict[str, StoredDocument]) -> Answer:
    if wanted.repository_unique_id != scope.platform.settings.repository_unique_id:
        return UnknownRepository("This repository is not known here.", subject=wanted.repository_unique_id)
    entry = entries.get(wanted.document_unique_id)
    stored = places.get(wanted.document_unique_id)
    if entry is None or stored is None or stored.erased_at is not None:
        return UnknownDocument("No such document in this record.", subject=wanted.document_unique_id)
    try:
        scope.require(Function.CONSULT, document_facts(scope, entry), subject=wanted.document_unique_id)
    except Refused:
        return UnknownDocument("No such document in this record.", subject=wanted.document_unique_id)
    key = scope.key.open_document_key(stored.wrapped_key, wanted.document_unique_id)
    return Located(wanted, stored.mime_type, stored, key)


def read(platform: Platform, located: Located) -> bytes:
    """The document's bytes, whole and verified (AEAD and SHA-256).

    Raises IntegrityFailure, and then nothing of it is shown; NotHereYet while they are on another machine alone.
    """
    stored, unique_id = located.stored, located.wanted.document_unique_id
    with _damage_told(platform, stored.place):
        return platform.segments.read(stored.place, located.key, unique_id, size=stored.size, sha256=stored.sha256)


async def fetch(platform: Platform, located: Located) -> bytes:
    """The same without holding up the event loop when the object store has to be asked. Raises Busy and OutOfResources too."""
    stored, unique_id = located.stored, located.wanted.document_unique_id
    with _damage_told(platform, stored.place):
        return await platform.segments.fetch(
            stored.place, located.key, unique_id, size=stored.size, sha256=stored.sha256
        )


@contextmanager
def _damage_told(platform: Platform, place: Place) -> Iterator[None]:
    """That no copy of a document is whole is an error in the log; the log of the repository names each copy."""
    try:
        yield
    except Missing:
        if not is_on_its_way(platform, place.segment):
            _DAMAGE.error("a stored document is missing", extra={"reason": f"{place.segment} at {place.offset}"})
            raise
        _DAMAGE.warning("a stored document is on another machine alone", extra={"reason": place.segment})
        raise NotHereYet("The document is still on the machine that took it; try again later.") from None
    except IntegrityFailure:
        _DAMAGE.error("a stored document is damaged", extra={"reason": f"{place.segment} at {place.offset}"})
        raise
