"""What an update would change, in the words of the rules."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from carnet.metadata import (
    INVISIBLE_PATIENT,
    INVISIBLE_REPRESENTANTS_LEGAUX,
    MASQUE_PS,
    VISIBILITY_SYSTEM,
    Association,
    Author,
    AvailabilityStatus,
    Code,
    DocumentEntry,
    Folder,
)
from carnet.registry.found import FoundEntry, FoundFolder


class ChangeKind(StrEnum):
    """The acts of TD3.3 (protocols §1.2), and two that are none of them."""

    MASK = "mask"
    UNMASK = "unmask"
    SHOW_TO_PATIENT = "show to patient"
    HIDE_FROM_PATIENT = "hide from patient"
    SHOW_TO_REPRESENTATIVES = "show to representatives"
    HIDE_FROM_REPRESENTATIVES = "hide from representatives"
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"
    DELETE = "delete"
    OTHER = "other"
    """Some other attribute, or a folder."""
    NOTHING = "nothing"
    """A new version that says what the registered one says."""


_ADDED = {
    MASQUE_PS: ChangeKind.MASK,
    INVISIBLE_PATIENT: ChangeKind.HIDE_FROM_PATIENT,
    INVISIBLE_REPRESENTANTS_LEGAUX: ChangeKind.HIDE_FROM_REPRESENTATIVES,
}
_REMOVED = {
    MASQUE_PS: ChangeKind.UNMASK,
    INVISIBLE_PATIENT: ChangeKind.SHOW_TO_PATIENT,
    INVISIBLE_REPRESENTANTS_LEGAUX: ChangeKind.SHOW_TO_REPRESENTATIVES,
}

TRANSITIONS: dict[tuple[AvailabilityStatus, AvailabilityStatus], ChangeKind] = {
    # from, to: TD3.3d and TD3.3c; nothing leaves Deprecated or Deleted                                     protocols §3.6
    (AvailabilityStatus.APPROVED, AvailabilityStatus.ARCHIVED): ChangeKind.ARCHIVE,
    (AvailabilityStatus.ARCHIVED, AvailabilityStatus.APPROVED): ChangeKind.UNARCHIVE,
    (AvailabilityStatus.APPROVED, AvailabilityStatus.DELETED): ChangeKind.DELETE,
    (AvailabilityStatus.ARCHIVED, AvailabilityStatus.DELETED): ChangeKind.DELETE,
}

ASSIGNED = frozenset({"entry_uuid", "logical_id", "version", "status", "last_update_time"})
"""Attributes that the registry sets: what an update says of them is read elsewhere or not at all."""

IDENTIFYING = frozenset({"unique_id", "object_type", "patient_id"})
"""Attributes whose change has an error of its own."""

COMPUTED = frozenset({"hash", "size", "repository_unique_id"})
"""Attributes that the repository set: an update may leave them out, not change them."""


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One object that an update would change; `kinds` is never empty, and the rules are asked for each.

    `before` is the newest version now. `after` is the next version, whole, its entryUUID assigned, for an update of metadata; None for a
    change of status, which `status` names. `operation` is the association that asks for it.
    """

    before: FoundEntry | FoundFolder
    kinds: tuple[ChangeKind, ...]
    operation: Association
    after: DocumentEntry | Folder | None = None
    status: AvailabilityStatus | None = None


def differences(registered: DocumentEntry | Folder, submitted: DocumentEntry | Folder) -> frozenset[str]:
    """The names of the attributes that a submitted version changes, out of those that an update may speak of.

    Labels of codes, repetitions and the order of repeated values do not count; nor do hash, size and repository when they are left out;
    nor the components that French profiles add to those of IHE (ITI TF-3 table 4.2.3.1.7-2), which some clients drop from what they read.
    """
    ignored = ASSIGNED | IDENTIFYING
    names = (one.name for one in fields(registered) if one.name not in ignored)
    return frozenset(
        name
        for name in names
        if _compared(name, submitted) != _compared(name, registered)
        and not (name in COMPUTED and not getattr(submitted, name))
    )


def _compared(name: str, one: DocumentEntry | Folder) -> Any:
    value = getattr(one, name)
    return _components(value, 1, 4) if name == "source_patient_id" else _normal(value)


def _normal(value: Any) -> Any:
    if isinstance(value, Code):
        return (value.code, value.system)
    if isinstance(value, Author):
        institutions = [_components(one, 1, 6, 10) for one in value.institutions]
        specialties = [_components(one, 1) for one in value.specialties]
        return value.person, institutions, value.roles, specialties, value.telecoms
    if isinstance(value, tuple):
        return sorted({repr(one): one for one in map(_normal, value)}.items())
    return value


def _components(text: str, *numbers: int) -> tuple[str, ...]:
    parts = text.split("^")
    return tuple(parts[number - 1] if number <= len(parts) else "" for number in numbers)


def kinds_of_entry_change(
    registered: DocumentEntry, submitted: DocumentEntry, changed: frozenset[str]
) -> tuple[ChangeKind, ...]:
    """Which acts of TD3.3 a new version of an entry amounts to."""
    before, after = registered.masks, submitted.masks
    found = [_ADDED.get(mask, ChangeKind.OTHER) for mask in sorted(after - before)]
    found += [_REMOVED.get(mask, ChangeKind.OTHER) for mask in sorted(before - after)]
    if changed - {"confidentiality_codes"} or _plain_codes(registered) != _plain_codes(submitted):
        found.append(ChangeKind.OTHER)
    return tuple(dict.fromkeys(found)) or (ChangeKind.NOTHING,)


def _plain_codes(entry: DocumentEntry) -> frozenset[tuple[str, str]]:
    return frozenset(
        (code.code, code.system) for code in entry.confidentiality_codes if code.system != VISIBILITY_SYSTEM
    )
