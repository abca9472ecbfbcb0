"""What a submission says about objects that are registered already: which they are, whether it may, and what follows for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from carnet.clock import to_dtm
from carnet.database.connection import Connection
from carnet.errors import CarnetError, DeprecatedTarget, InvalidMetadata, PatientMismatch, UnresolvedReference
from carnet.metadata import RELATIONSHIPS, Association, AssociationType, AvailabilityStatus, Submission
from carnet.registry import association_table, entry_table, folder_table
from carnet.registry.consistency import Kind, kind_of, kinds
from carnet.registry.found import FoundEntry, FoundFolder
from carnet.registry.holder import Holder, Renderer, Visible
from carnet.registry.registered_identifiers import canonical, new_uuid, patients_of

REPLACEMENTS = frozenset({AssociationType.RPLC, AssociationType.XFRM_RPLC})
"""Their target becomes Deprecated (ITI TF-3 §4.2.2.2)."""

DEPENDENT = frozenset({AssociationType.APND, AssociationType.XFRM})
"""Their source is an addition to its target, or another form of it, and falls with it (ITI TF-2 §3.42.4.1.3.3)."""

_FALLING = frozenset({AvailabilityStatus.APPROVED, AvailabilityStatus.ARCHIVED})
_GONE = frozenset({AvailabilityStatus.DEPRECATED, AvailabilityStatus.DELETED})


@dataclass(frozen=True, slots=True)
class RegisteredEnds:
    """The registered objects that a submission's associations name, as far as the caller may know of them, by entryUUID."""

    names: frozenset[str]
    """All the registered ends named, found or not."""
    entries: dict[str, FoundEntry]
    folders: dict[str, FoundFolder]


_NO_ENDS = RegisteredEnds(frozenset(), {}, {})


def registered_ends(connection: Connection, holder: Holder, submission: Submission, visible: Visible) -> RegisteredEnds:
    """Looks up the registered ends. A folder whose entries are all hidden from the caller is as absent as they are."""
    wanted = _registered_names(submission)
    if not wanted:
        return _NO_ENDS
    entries = entry_table.find_by_uuid(connection, holder, wanted)
    folders = folder_table.find_by_uuid(connection, holder, wanted - entries.keys())
    return RegisteredEnds(
        wanted,
        {uuid: row for uuid, row in entries.items() if visible(row)},
        {uuid: row for uuid, row in folders.items() if knows_folder(connection, holder, uuid, visible)},
    )


def _registered_names(submission: Submission) -> frozenset[str]:
    known = kinds(submission)
    ends = {canonical(end) for one in submission.associations for end in (one.source, one.target)}
    return frozenset(end for end in ends if kind_of(end, known) is Kind.REGISTERED)


def knows_folder(connection: Connection, holder: Holder, uuid: str, visible: Visible) -> bool:
    """Whether the caller may know of a registered folder: not when it holds entries that are all hidden."""
    held = association_table.find_by_source(connection, holder, (uuid,))
    members = entry_table.find_by_uuid(connection, holder, (one.target for one in held))
    return not members or any(visible(row) for row in members.values())


# --- whether it may -----------------------------------------------------------------------------------------------


def end_errors(
    connection: Connection, holder: Holder, submission: Submission, ends: RegisteredEnds
) -> Iterator[CarnetError]:
    """What is wrong with the registered ends: UnresolvedReference, PatientMismatch, DeprecatedTarget, InvalidMetadata."""
    if not ends.names:
        return
    patients = patients_of(connection, ends.names - ends.entries.keys() - ends.folders.keys())
    elsewhere = {name for name, patient in patients.items() if patient != holder.patient_key}
    for one in submission.associations:
        for end in (canonical(one.source), canonical(one.target)):
            if end in ends.names:
                yield from _end_errors(one, end, ends, elsewhere)
        if one.type is AssociationType.HAS_MEMBER and canonical(one.source) in ends.folders:
            yield from _already_member(connection, holder, one)


def _end_errors(one: Association, end: str, ends: RegisteredEnds, elsewhere: set[str]) -> Iterator[CarnetError]:
    if end in elsewhere:
        yield PatientMismatch("An association names an object of another patient.", subject=end)
    elif end not in ends.entries and end not in ends.folders:
        yield UnresolvedReference("An association names an object that is not registered.", subject=end)
    elif end == canonical(one.source):
        if end not in ends.folders:
            yield InvalidMetadata("Of registered objects, only a folder can receive members.", subject=end)
        elif ends.folders[end].status != AvailabilityStatus.APPROVED:
            yield DeprecatedTarget("The folder is not in status Approved.", subject=end)
    else:
        yield from _target_errors(one, end, ends)


def _target_errors(one: Association, target: str, ends: RegisteredEnds) -> Iterator[CarnetError]:
    if target in ends.folders:
        if one.type is not AssociationType.HAS_MEMBER or not one.submission_set_status:
            yield InvalidMetadata("A folder can only be a member of a submission set.", subject=target)
        return
    status = ends.entries[target].status
    if one.type in RELATIONSHIPS and status != AvailabilityStatus.APPROVED:
        yield DeprecatedTarget("The target of a relationship is not in status Approved.", subject=target)
    elif one.type is AssociationType.HAS_MEMBER and canonical(one.source) in ends.folders and status in _GONE:
        yield DeprecatedTarget("An entry put into a folder is neither an old version nor deleted.", subject=target)


def _already_member(connection: Connection, holder: Holder, one: Association) -> Iterator[CarnetError]:
    held = association_table.find_by_source(connection, holder, (canonical(one.source),))
    if any(known.target == canonical(one.target) for known in held):
        yield InvalidMetadata("The entry is in the folder already.", subject=one.target)


# --- what follows -------------------------------------------------------------------------------------------------


def deprecate(connection: Connection, holder: Holder, renderer: Renderer, targets: Iterable[str]) -> tuple[str, ...]:
    """Deprecates replaced entries, and with each its additions and transformations, theirs too, unless deleted.

    Returns the entryUUIDs that became Deprecated.
    """
    fallen: list[str] = []
    rows = entry_table.find_by_uuid(connection, holder, targets)
    while rows := {uuid: row for uuid, row in rows.items() if row.status in _FALLING}:
        for entry in entry_table.whole(connection, holder, rows).values():
            entry_table.set_status(connection, holder, renderer, entry, AvailabilityStatus.DEPRECATED)
        fallen.extend(rows)
        links = association_table.find_by_target(connection, holder, rows)
        rows = entry_table.find_by_uuid(connection, holder, (one.source for one in links if one.type in DEPENDENT))
    return tuple(fallen)


def joined_folders(connection: Connection, holder: Holder, assigned: Submission) -> list[Association]:
    """The memberships that replacements take over: a replacement joins the folders of its target (ITI TF-2 §3.42.4.1.3.3).

    Each comes with the HasMember by which the submission set holds it. Folders that the submission itself names for the
    replacement are left out.
    """
    replaced = {one.target: one.source for one in assigned.associations if one.type in REPLACEMENTS}
    if not replaced:
        return []
    said = {(one.source, one.target) for one in assigned.associations if one.type is AssociationType.HAS_MEMBER}
    links = association_table.find_by_target(connection, holder, replaced)
    held = [one for one in links if one.type is AssociationType.HAS_MEMBER]
    folders = folder_table.find_by_uuid(connection, holder, (one.source for one in held))
    current = {uuid for uuid, row in folders.items() if row.status == AvailabilityStatus.APPROVED}
    found: list[Association] = []
    for folder, entry in dict.fromkeys((one.source, replaced[one.target]) for one in held if one.source in current):
        if (folder, entry) not in said:
            member = Association(new_uuid(holder.now), AssociationType.HAS_MEMBER, folder, entry)
            own = Association(
                new_uuid(holder.now), AssociationType.HAS_MEMBER, assigned.submission_set.entry_uuid, member.entry_uuid
            )
            found += [member, own]
    return found


def touch_folders(
    connection: Connection, holder: Holder, renderer: Renderer, own: str, links: Iterable[Association]
) -> None:
    """Dates now the registered folders that receive a member by these associations; `own` is the submission set that makes them."""
    sources = {one.source for one in links if one.type is AssociationType.HAS_MEMBER} - {own}
    if not sources:
        return
    now = to_dtm(holder.now)
    for uuid, row in folder_table.find_by_uuid(connection, holder, sources).items():
        if row.last_update_time != now:
            folder_table.set_state(connection, holder, renderer, uuid, last_update_time=now)
