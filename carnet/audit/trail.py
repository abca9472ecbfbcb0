"""Reading a person's trace: who did what to the record, in plain values, each proved by the line it stands in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from carnet.audit.event import Entry, decode_entry, disclose
from carnet.audit.merkle import leaf_hash
from carnet.audit.openings import OpeningKey, reveal
from carnet.audit.stored_lines import Line, of_patient, of_patient_back, of_patient_since
from carnet.database.connection import Connection
from carnet.errors import IntegrityFailure

_EVER = -(1 << 63)


def read_trail(connection: Connection, patient_key: int | None, key: OpeningKey) -> list[dict[str, Any]]:
    """All lines of a patient (None: of no patient), oldest first, opened with the patient's key (the trace's own).

    Each has `ticket`, `at`, `seq`, `index` (None: not sealed yet) and `problem`, '' unless the line does not hold: then nothing else of it is
    shown. Otherwise it has every field of AuditEvent by its name.
    """
    return [opened(line, key) for line in of_patient(connection, patient_key)]


def read_trail_since(connection: Connection, patient_key: int, key: OpeningKey, since: int) -> list[dict[str, Any]]:
    """The same of the lines that are of a moment (microseconds UTC) or later, without their places: for what is new, not for proving."""
    return [opened(line, key) for line in of_patient_since(connection, patient_key, since)]


def outlines(connection: Connection, patient_key: int) -> list[tuple[Line, dict[str, Any]]]:
    """Every line of a patient, oldest first, with what stands in clear of it, as `read_trail` names that: for choosing which ones to open.

    What is in clear is proved by the line's hash alone; `opened` proves the rest. Places in the tree are not told.
    """
    return [(line, _outline(line)) for line in of_patient_since(connection, patient_key, _EVER)]


def outlines_back(
    connection: Connection, patient_key: int, *, seq: int | None = None
) -> Iterator[tuple[Line, dict[str, Any]]]:
    """The same, the newest first, of all lines or of those up to a place in the patient's trace."""
    lines = (
        of_patient_back(connection, patient_key) if seq is None else of_patient_back(connection, patient_key, seq + 1)
    )
    return ((line, _outline(line)) for line in lines)


def _outline(line: Line) -> dict[str, Any]:
    shown: dict[str, Any] = {"ticket": line.ticket, "at": line.at, "seq": line.patient_seq, "problem": ""}
    try:
        entry = _proved(line)
    except IntegrityFailure as failure:
        return shown | {"problem": failure.message}
    return shown | {"at": entry.at, "mode": entry.mode, "requester_role": entry.role}


def opened(line: Line, key: OpeningKey) -> dict[str, Any]:
    """One line, as `read_trail` gives them."""
    shown: dict[str, Any] = {
        "ticket": line.ticket,
        "at": line.at,
        "seq": line.patient_seq,
        "index": line.leaf_index,
        "problem": "",
    }
    try:
        return shown | _plain(line, key)
    except IntegrityFailure as failure:
        return shown | {"problem": failure.message}


def _plain(line: Line, key: OpeningKey) -> dict[str, Any]:
    entry = _proved(line)
    return disclose(reveal(entry.committed, line.sealed_openings, key)) | {
        "at": entry.at,
        "action": entry.action,
        "outcome": entry.outcome,
        "mode": entry.mode,
        "requester_role": entry.role,
        "rules": entry.rules,
        "matrix_version": entry.matrix,
    }


def _proved(line: Line) -> Entry:
    if line.misshapen or leaf_hash(line.entry) != line.leaf_hash:
        raise IntegrityFailure("A line of the trace does not match its hash.")
    return decode_entry(line.entry)
