"""What an update of metadata (ITI-57) would change, so that the rules can be asked before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from carnet.clock import to_dtm
from carnet.database.connection import Connection
from carnet.errors import (
    CarnetError,
    DuplicateIdentifier,
    IdentifierChanged,
    ObjectTypeChanged,
    PatientChanged,
    StatusTransition,
    Unmodifiable,
    UnresolvedReference,
    UpdateInvalid,
    VersionMismatch,
)
from carnet.metadata import Association, AssociationType, Code, DocumentEntry, Folder, Submission
from carnet.registry import entry_table, folder_table
from carnet.registry.changes import TRANSITIONS, ChangeKind, PlannedChange, differences, kinds_of_entry_change
from carnet.registry.consistency import check_update, ids, refuse
from carnet.registry.found import FoundEntry, FoundFolder
from carnet.registry.holder import Holder, Visible
from carnet.registry.registered_identifiers import canonical, is_uuid, new_uuid, patients_of, taken
from carnet.registry.relationships import knows_folder

MODIFIABLE = frozenset({"confidentiality_codes"})
"""What DMP software may change of an entry (TD3.3a, TD3.3b)."""

MODIFIABLE_OF_FOLDERS = frozenset({"title", "comments", "codes"})

T = TypeVar("T", DocumentEntry, Folder)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request under examination."""

    connection: Connection
    holder: Holder
    submission: Submission
    visible: Visible
    modifiable: frozenset[str]


def plan(
    connection: Connection,
    holder: Holder,
    submission: Submission,
    *,
    visible: Visible,
    modifiable: frozenset[str] = MODIFIABLE,
) -> tuple[PlannedChange, ...]:
    """What an update would change, in the order of its associations; nothing is written.

    A new version of a DocumentEntry or Folder is asked for by HasMember with PreviousVersion and the object's logicalId (its VersionInfo
    is not read); a change of an entry's status by UpdateAvailabilityStatus. A new version keeps the status of the present one, so
    that what is archived or replaced can be masked too. `modifiable` names attributes of DocumentEntry.

    Raises, one or Several: what `check_update` raises; UnresolvedReference (absent, or not visible); PatientChanged, VersionMismatch,
    IdentifierChanged, ObjectTypeChanged, Unmodifiable, StatusTransition, DuplicateIdentifier, UpdateInvalid.
    """
    check_update(submission)
    asked = _Asked(connection, holder, submission, visible, modifiable)
    errors = list(_taken_errors(asked))
    changes: list[PlannedChange] = []
    for operation in submission.associations:
        try:
            changes.append(_change(asked, operation))
        except CarnetError as error:
            errors.append(error)
    times = Counter(change.before.logical_id for change in changes)
    errors += [
        UpdateInvalid("An object is updated twice in one request.", subject=name) for name, n in times.items() if n > 1
    ]
    refuse(errors)
    return tuple(changes)


def _taken_errors(asked: _Asked) -> Iterator[CarnetError]:
    names = {one for one in ids(asked.submission) if is_uuid(one)} | {asked.submission.submission_set.unique_id}
    for name in sorted(taken(asked.connection, asked.holder, names)):
        yield DuplicateIdentifier("An identifier of the update is registered already.", subject=name)


def _change(asked: _Asked, operation: Association) -> PlannedChange:
    if operation.type is AssociationType.UPDATE_AVAILABILITY_STATUS:
        return _status_change(asked, operation)
    target = canonical(operation.target)
    for entry in asked.submission.entries:
        if canonical(entry.entry_uuid) == target:
            return _entry_change(asked, operation, entry)
    folder = next(one for one in asked.submission.folders if canonical(one.entry_uuid) == target)
    return _folder_change(asked, operation, folder)


# --- new versions -------------------------------------------------------------------------------------------------


def _entry_change(asked: _Asked, operation: Association, submitted: DocumentEntry) -> PlannedChange:
    before = _known_entry(asked, _logical_id(submitted))
    registered = entry_table.whole(asked.connection, asked.holder, (before.uuid,))[before.uuid]
    if submitted.object_type is not registered.object_type:
        raise ObjectTypeChanged("An update may not change the objectType.", subject=submitted.unique_id)
    changed = differences(registered, submitted)
    after = _next(
        asked, operation, registered=registered, submitted=submitted, changed=changed, modifiable=asked.modifiable
    )
    return PlannedChange(before, kinds_of_entry_change(registered, after, changed), operation, after)


def _folder_change(asked: _Asked, operation: Association, submitted: Folder) -> PlannedChange:
    before = _known_folder(asked, _logical_id(submitted))
    registered = folder_table.whole(asked.connection, asked.holder, (before.uuid,))[before.uuid]
    changed = differences(registered, submitted)
    after = _next(
        asked,
        operation,
        registered=registered,
        submitted=submitted,
        changed=changed,
        modifiable=MODIFIABLE_OF_FOLDERS,
    )
    dated = replace(after, last_update_time=to_dtm(asked.holder.now))
    return PlannedChange(before, (ChangeKind.OTHER,) if changed else (ChangeKind.NOTHING,), operation, dated)


def _logical_id(submitted: DocumentEntry | Folder) -> str:
    logical_id = canonical(submitted.logical_id)
    if not logical_id or logical_id == canonical(submitted.entry_uuid):
        raise VersionMismatch("An update names the logicalId of a registered object.", subject=submitted.unique_id)
    return logical_id


def _next(
    asked: _Asked,
    operation: Association,
    *,
    registered: T,
    submitted: T,
    changed: frozenset[str],
    modifiable: frozenset[str],
) -> T:
    """The next version, once nothing forbids it: the registered one with the modifiable attributes of the submitted one."""
    patient = asked.submission.submission_set.patient_id
    if submitted.patient_id not in (registered.patient_id, patient):
        raise PatientChanged("An update may not change the patientId.", subject=submitted.unique_id)
    if submitted.unique_id != registered.unique_id:
        raise IdentifierChanged("An update may not change the uniqueId.", subject=submitted.unique_id)
    if operation.previous_version != registered.version:
        raise VersionMismatch("PreviousVersion is not the current version of the object.", subject=submitted.unique_id)
    if fixed := sorted(changed - modifiable):
        raise Unmodifiable(f"An update may not change {', '.join(fixed)}.", subject=submitted.unique_id)
    own = submitted.entry_uuid
    return replace(
        registered,
        entry_uuid=canonical(own) if is_uuid(own) else new_uuid(asked.holder.now),
        version=registered.version + 1,
        patient_id=patient,
        **{name: _once(getattr(submitted, name)) for name in changed},
    )


def _once(value: Any) -> Any:
    """A list of codes as sent, each code once: a client that adds the mask of a masked document sends it twice."""
    if isinstance(value, tuple) and all(isinstance(one, Code) for one in value):
        found: dict[tuple[str, str], Code] = {}
        for one in value:
            found.setdefault((one.code, one.system), one)
        return tuple(found.values())
    return value


def _known_entry(asked: _Asked, logical_id: str) -> FoundEntry:
    rows = entry_table.find_by_logical_id(asked.connection, asked.holder, (logical_id,))
    newest = entry_table.latest(rows).get(logical_id)
    if newest is not None and asked.visible(newest):
        return newest
    if folder_table.find_by_logical_id(asked.connection, asked.holder, (logical_id,)):
        raise ObjectTypeChanged("The logicalId is that of another kind of object.", subject=logical_id)
    raise _absent(asked, logical_id)


def _known_folder(asked: _Asked, logical_id: str) -> FoundFolder:
    rows = folder_table.find_by_logical_id(asked.connection, asked.holder, (logical_id,))
    newest = folder_table.latest(rows).get(logical_id)
    if newest is not None and knows_folder(asked.connection, asked.holder, newest.uuid, asked.visible):
        return newest
    entries = entry_table.find_by_logical_id(asked.connection, asked.holder, (logical_id,))
    if any(asked.visible(row) for row in entries):
        raise ObjectTypeChanged("The logicalId is that of another kind of object.", subject=logical_id)
    raise _absent(asked, logical_id)


def _absent(asked: _Asked, identifier: str) -> CarnetError:
    """A logicalId is the entryUUID of a first version, so both are found among the registered identifiers."""
    patient = patients_of(asked.connection, (identifier,)).get(identifier, asked.holder.patient_key)
    if patient != asked.holder.patient_key:
        return PatientChanged("The object is not of this patient.", subject=identifier)
    return UnresolvedReference("The object is not registered.", subject=identifier)


# --- status -------------------------------------------------------------------------------------------------------


def _status_change(asked: _Asked, operation: Association) -> PlannedChange:
    """A change of the table. Old versions are Deprecated, which nothing leaves: they keep their status for ever."""
    before = _visible_entry(asked, canonical(operation.target))
    original, new = operation.original_status, operation.new_status
    if original is None or original != before.status:
        raise StatusTransition("OriginalStatus is not the current status.", subject=operation.target)
    kind = TRANSITIONS.get((original, new)) if new is not None else None
    if kind is None:
        raise StatusTransition("This change of status is not allowed.", subject=operation.target)
    return PlannedChange(before, (kind,), operation, status=new)


def _visible_entry(asked: _Asked, uuid: str) -> FoundEntry:
    row = entry_table.find_by_uuid(asked.connection, asked.holder, (uuid,)).get(uuid)
    if row is None or not asked.visible(row):
        if folder_table.find_by_uuid(asked.connection, asked.holder, (uuid,)):
            raise UpdateInvalid("Only entries change status.", subject=uuid)
        raise _absent(asked, uuid)
    return row
