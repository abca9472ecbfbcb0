"""The signature that came with a document: which submission set brought it, and the entry that carries the set's signature."""

from __future__ import annotations

from dataclasses import dataclass

from carnet.database.connection import Connection
from carnet.metadata import AssociationType
from carnet.registry import association_table, entry_table, submission_set_table
from carnet.registry.found import FoundEntry
from carnet.registry.holder import Holder


@dataclass(frozen=True, slots=True)
class SignedSet:
    """A submission set (uniqueId) and the uniqueId of the document that is its signature, '' where it carries none."""

    unique_id: str
    signature: str
    depositor_organization: str
    registered_at: int


def set_of(connection: Connection, holder: Holder, entry: FoundEntry) -> SignedSet | None:
    """The submission set that brought the first version of an entry; None when it cannot be found."""
    versions = entry_table.find_by_logical_id(connection, holder, (entry.logical_id,))
    first = min(versions, key=lambda one: one.version, default=entry)
    links = association_table.find_by_target(connection, holder, (first.uuid,))
    held = [one.source for one in links if one.type is AssociationType.HAS_MEMBER]
    sets = submission_set_table.find_by_uuid(connection, holder, held)
    came_with = [one for one in sets.values() if one.registered_at == first.registered_at] or list(sets.values())
    if not came_with:
        return None
    own = min(came_with, key=lambda one: one.registered_at)
    members = association_table.find_by_source(connection, holder, (own.uuid,))
    targets = [one.target for one in members if one.type is AssociationType.HAS_MEMBER]
    signatures = [one for one in entry_table.find_by_uuid(connection, holder, targets).values() if one.is_signature]
    signature = signatures[0].unique_id if len(signatures) == 1 else ""
    return SignedSet(own.unique_id, signature, first.depositor_organization, first.registered_at)
