"""Updating metadata (ITI-57): `plan` says what would change, for the rules; `apply` does it, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from carnet.database.connection import Connection
from carnet.metadata import (
    Association,
    AssociationType,
    AvailabilityStatus,
    DocumentEntry,
    Folder,
    Submission,
    SubmissionSet,
)
from carnet.registry import association_table, entry_table, folder_table, submission_set_table
from carnet.registry.assignment import associations
from carnet.registry.changes import ChangeKind, PlannedChange
from carnet.registry.found import FoundEntry
from carnet.registry.holder import Holder, Renderer
from carnet.registry.planning import MODIFIABLE, plan
from carnet.registry.registered_identifiers import canonical, is_uuid, new_uuid, remember
from carnet.registry.relationships import touch_folders

__all__ = ["MODIFIABLE", "ChangeKind", "PlannedChange", "Updated", "apply", "plan"]

_PUT_AWAY = frozenset({AvailabilityStatus.ARCHIVED.value, AvailabilityStatus.DELETED.value})


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update became: its submission set, what changed, and the associations registered with it."""

    submission_set: SubmissionSet
    changes: tuple[PlannedChange, ...]
    associations: tuple[Association, ...]


def apply(
    connection: Connection,
    holder: Holder,
    submission: Submission,
    renderer: Renderer,
    changes: tuple[PlannedChange, ...],
) -> Updated:
    """Does what `plan` said in this same transaction, once the rules have allowed each change.

    The old version becomes Deprecated for good. Unless AssociationPropagation says no, the new version joins the folders and takes over
    the relationships of the old one (metadata update supplement §3.57.4.1.3.3.1); relationships with old versions of other objects are
    not taken over. A mask holds at once for all versions, and so does a deletion. A submission set whose entries are all archived is Archived.
    """
    assigned = _assigned_set(submission, holder.now)
    names = _names(submission, assigned, changes, holder.now)
    links = [*associations(submission, names, holder.now)]
    for change in changes:
        if change.after is not None and change.operation.propagate:
            links += _propagated(connection, holder, change.before.uuid, change.after.entry_uuid)
    versions = [change.after.entry_uuid for change in changes if change.after is not None]
    own = (assigned.unique_id, assigned.entry_uuid)
    remember(connection, holder, {*own, *versions, *(one.entry_uuid for one in links)})
    submission_set_table.add(connection, holder, renderer, assigned)
    for change in changes:
        _do(connection, holder, renderer, change)
    association_table.add(connection, holder, links)
    touch_folders(connection, holder, renderer, assigned.entry_uuid, links)
    _settle_submission_sets(connection, holder, renderer, (change.before.logical_id for change in changes))
    return Updated(assigned, changes, tuple(links))


def _assigned_set(submission: Submission, now: int) -> SubmissionSet:
    own = submission.submission_set
    uuid = canonical(own.entry_uuid) if is_uuid(own.entry_uuid) else new_uuid(now)
    return replace(own, entry_uuid=uuid, status=AvailabilityStatus.APPROVED)


def _names(
    submission: Submission, assigned: SubmissionSet, changes: tuple[PlannedChange, ...], now: int
) -> dict[str, str]:
    names = {canonical(submission.submission_set.entry_uuid): assigned.entry_uuid}
    for change in changes:
        if change.after is not None:
            names[canonical(change.operation.target)] = change.after.entry_uuid
    for one in submission.associations:
        names[canonical(one.entry_uuid)] = canonical(one.entry_uuid) if is_uuid(one.entry_uuid) else new_uuid(now)
    return names


def _do(connection: Connection, holder: Holder, renderer: Renderer, change: PlannedChange) -> None:
    by = (change.before.depositor, change.before.depositor_organization)
    deprecated = AvailabilityStatus.DEPRECATED
    if isinstance(change.after, Folder):
        folder_table.add(connection, holder, renderer, change.after, depositor=by)
        folder_table.set_state(connection, holder, renderer, change.before.uuid, status=deprecated)
        return
    registered = entry_table.whole(connection, holder, (change.before.uuid,))[change.before.uuid]
    if isinstance(change.after, DocumentEntry):
        entry_table.add(connection, holder, renderer, (change.after,), depositor=by)
        entry_table.set_status(connection, holder, renderer, registered, deprecated)
        entry_table.settle_masks(connection, holder, registered.unique_id)
    elif change.status is AvailabilityStatus.DELETED:
        rows = entry_table.find_by_logical_id(connection, holder, (change.before.logical_id,))
        for version in entry_table.whole(connection, holder, (row.uuid for row in rows)).values():
            entry_table.set_status(connection, holder, renderer, version, change.status)
    elif change.status is not None:
        entry_table.set_status(connection, holder, renderer, registered, change.status)


def _propagated(connection: Connection, holder: Holder, old: str, new: str) -> list[Association]:
    """Copies of the old version's memberships of folders and relationships, for the new one."""
    links = [
        one
        for one in association_table.touching(connection, holder, (old,))
        if one.type is not AssociationType.UPDATE_AVAILABILITY_STATUS
    ]
    others = {one.target if one.source == old else one.source for one in links}
    newest = _newest(connection, holder, others)
    return [
        replace(
            one,
            entry_uuid=new_uuid(holder.now),
            source=new if one.source == old else one.source,
            target=new if one.target == old else one.target,
        )
        for one in links
        if (one.target if one.source == old else one.source) in newest
    ]


def _newest(connection: Connection, holder: Holder, uuids: Iterable[str]) -> set[str]:
    """Those of some objects that are the newest versions of entries or folders; submission sets are neither."""
    wanted = set(uuids)
    entries = entry_table.find_by_uuid(connection, holder, wanted)
    folders = folder_table.find_by_uuid(connection, holder, wanted)
    versions = entry_table.find_by_logical_id(connection, holder, (row.logical_id for row in entries.values()))
    editions = folder_table.find_by_logical_id(connection, holder, (row.logical_id for row in folders.values()))
    newest = {row.uuid for row in entry_table.latest(versions).values()}
    return wanted & (newest | {row.uuid for row in folder_table.latest(editions).values()})


# --- submission sets ----------------------------------------------------------------------------------------------


def _settle_submission_sets(
    connection: Connection, holder: Holder, renderer: Renderer, logical_ids: Iterable[str]
) -> None:
    """Archives, or brings back, the submission sets that hold some version of these entries (protocols §3.2).

    A set is Archived when, of its documents, none is left that is neither archived nor deleted and one at least is archived. The
    signature of the set does not count.
    """
    versions = entry_table.find_by_logical_id(connection, holder, logical_ids)
    links = association_table.find_by_target(connection, holder, (row.uuid for row in versions))
    sets = submission_set_table.find_by_uuid(connection, holder, (one.source for one in links))
    held = association_table.find_by_source(connection, holder, sets)
    members = entry_table.find_by_uuid(connection, holder, (one.target for one in held if _is_member(one)))
    newest = _newest_rows(connection, holder, members)
    for uuid, row in sets.items():
        rows = (members.get(one.target) for one in held if one.source == uuid and _is_member(one))
        statuses = {newest[one.logical_id].status for one in rows if one is not None and not one.is_signature}
        archived = AvailabilityStatus.ARCHIVED in statuses and statuses <= _PUT_AWAY
        status = AvailabilityStatus.ARCHIVED if archived else AvailabilityStatus.APPROVED
        if row.status != status:
            submission_set_table.set_status(connection, holder, renderer, uuid, status)


def _is_member(one: Association) -> bool:
    return one.type is AssociationType.HAS_MEMBER


def _newest_rows(connection: Connection, holder: Holder, members: dict[str, FoundEntry]) -> dict[str, FoundEntry]:
    rows = entry_table.find_by_logical_id(connection, holder, (row.logical_id for row in members.values()))
    return entry_table.latest(rows)
