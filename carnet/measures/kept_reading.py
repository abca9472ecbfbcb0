"""A reading and a target as they are declared and kept. Moments are microseconds UTC; numbers texts with their digits and a decimal point."""

from __future__ import annotations

import msgspec


class Reading(msgspec.Struct, frozen=True):
    """What one version of a reading says. `values` has one text for each part of its kind; `unit` is UCUM; `zone` an IANA name.

    `days` is how many days a mean is of, 0 for a single reading, and `coverage` the percentage of them with data, -1 when it was not said.
    `actor` (as `authorization.patient_side` calls them) and `name` are who declared it.
    """

    values: tuple[str, ...]
    unit: str
    zone: str
    context: str = ""
    note: str = ""
    days: int = 0
    coverage: int = -1
    actor: str = ""
    name: str = ""


class Target(msgspec.Struct, frozen=True):
    """Ends of a range, one pair for each part of the kind, '' where open; `unit` is UCUM."""

    ends: tuple[tuple[str, str], ...]
    unit: str
    actor: str = ""
    name: str = ""


class KeptReading(msgspec.Struct, frozen=True):
    """A version of a reading with where it stands: `ended_by` is '' for the one that holds, else corrected or withdrawn."""

    reading_id: str
    version: int
    kind: str
    measured_at: int
    said: Reading
    since: int
    until: int | None = None
    ended_by: str = ""
