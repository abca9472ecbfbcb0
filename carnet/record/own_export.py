"""Taking a whole record away: what the person may see, decided again for each handful of documents, so that nothing large is held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from carnet.authorization.patient_side import Actor, PatientRight, decide
from carnet.document_query import FindDocuments
from carnet.metadata import DocumentEntry, ObjectType, PatientIdentifier
from carnet.record.document_families import family_of
from carnet.record.own_documents import SpaceDocument, Visible, time_shown, visible_documents, words_of_entry
from carnet.record.patient_documents import CURRENT, facts_of_own, masks_everything
from carnet.record.patient_room import PatientDesk, PatientRoom
from carnet.record.retrieval import Located, Wanted
from carnet.registry.queries import entry as whole_entry
from carnet.registry.queries import find
from carnet.repository.documents import find as find_documents

TOGETHER = 25
"""Documents of one act."""
_AS_OPEN = "open"


@dataclass(frozen=True, slots=True)
class Overview:
    """What an export would hold. `size` in bytes; `whole_trail`: the trail with its proof is in it, which is the holder's alone."""

    documents: int
    size: int
    whole_trail: bool


@dataclass(frozen=True, slots=True)
class TakenAway:
    """One document of an export: in words, as registered, and where its bytes are; None when they are gone."""

    about: SpaceDocument
    entry: DocumentEntry
    located: Located | None


@dataclass(frozen=True, slots=True)
class OwnExport(PatientDesk):
    """The acts. A record that is not open any more can still be taken away (patient_side.STATES)."""

    def overview(self, patient: PatientIdentifier) -> Overview:
        """What it would hold."""
        return self.perform(patient, "look-at-export", PatientRight.EXPORT, _overview)

    def ask(self, patient: PatientIdentifier) -> Overview:
        """The same, of somebody who wants the file: raises StepUpNeeded here, before there is an address of it."""
        return self.perform(patient, "ask-for-export", PatientRight.EXPORT, _overview)

    def begin(self, patient: PatientIdentifier) -> tuple[str, ...]:
        """The uniqueIds of all that the person may see, the newest first; the trail says that the whole was exported."""

        def work(room: PatientRoom) -> tuple[str, ...]:
            return tuple(one.found.unique_id for one in visible_documents(_opened(room)))

        return self.perform(patient, "export-record", PatientRight.EXPORT, work)

    def documents(self, patient: PatientIdentifier, unique_ids: Sequence[str]) -> tuple[TakenAway, ...]:
        """These documents, in that order; what the person may not see any more is left out."""
        return self.perform(
            patient, "export-documents", PatientRight.EXPORT, lambda room: _documents(_opened(room), unique_ids)
        )


def _opened(room: PatientRoom) -> PatientRoom:
    """The room as if the record were open: what may be taken away is what could be seen while it was. Lines of the trace are shared."""
    return replace(room, facts=replace(room.facts, state=_AS_OPEN))


def _overview(room: PatientRoom) -> Overview:
    unique_ids = [one.found.unique_id for one in visible_documents(_opened(room))]
    stored = find_documents(room.connection, room.patient_key, unique_ids)
    return Overview(
        documents=len(unique_ids),
        size=sum(one.size for one in stored.values() if one.erased_at is None),
        whole_trail=room.facts.actor is Actor.HOLDER,
    )


def _documents(room: PatientRoom, unique_ids: Sequence[str]) -> tuple[TakenAway, ...]:
    types = (ObjectType.STABLE, ObjectType.ON_DEMAND)
    query = FindDocuments((room.identifier,), CURRENT, object_types=types, unique_ids=tuple(unique_ids))
    places = find_documents(room.connection, room.patient_key, unique_ids)
    by_default = masks_everything(room)
    taken: dict[str, TakenAway] = {}
    for found in find(room.connection, room.holder, query).entries:
        facts = facts_of_own(room, found)
        if not decide(room.facts, PatientRight.SEE, facts).allowed:
            continue
        entry = whole_entry(room.connection, room.holder, found.uuid)
        family = family_of(found.type_code, entry.class_code.code, own=facts.patient_authored)
        time = time_shown(entry.creation_time, entry.service_start_time, own=facts.patient_authored)
        about = words_of_entry(Visible(found, facts, time, family), entry, by_default=by_default)
        stored, located = places.get(found.unique_id), None
        if stored is not None and stored.erased_at is None:
            key = room.key.open_document_key(stored.wrapped_key, found.unique_id)
            wanted = Wanted(room.platform.settings.repository_unique_id, found.unique_id)
            located = Located(wanted, stored.mime_type, stored, key)
        taken[found.unique_id] = TakenAway(about, entry, located)
        room.touched.append(found.unique_id)
    return tuple(taken[one] for one in unique_ids if one in taken)
