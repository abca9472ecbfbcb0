"""The matrix of professions and document types (order of 26 October 2023): versioned data, in force from a date, replaced without redeploying."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from carnet.clock import from_datetime, from_iso, to_datetime
from carnet.errors import ConfigurationError

Basis = Literal["S", "I"]
"""Why a cell says what it says: S a public source states it, I it is inferred."""

_NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Matrix:
    """One version, in force from `effective_at` (microseconds UTC) until another begins.

    `readable` gives, by role, the types it may read; by role and type, `basis` says why each cell says so and `clauses` where.
    """

    version: str
    status: str
    notice: str
    source: str
    effective_at: int
    types: frozenset[str]
    readable: Mapping[str, frozenset[str]]
    basis: Mapping[tuple[str, str], Basis]
    legal_basis: str = ""
    clauses: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def allows(self, role: str, type_code: str) -> bool:
        """Whether the role (G15 code, `93`, GENRxx) may read the type; an unknown role or type may not."""
        return type_code in self.readable.get(role, _NOBODY)


class Matrices:
    """All the versions that the service knows, of which one is in force at a time.

    `unreadable` are the moments from which a version should hold that cannot be read or proved: nothing holds then, no older one either.
    Raises ConfigurationError when there is no version, or when two begin at the same moment.
    """

    def __init__(self, matrices: Iterable[Matrix], *, unreadable: Iterable[int] = ()) -> None:
        begins: list[tuple[int, Matrix | None]] = [(matrix.effective_at, matrix) for matrix in matrices]
        begins += [(moment, None) for moment in unreadable]
        begins.sort(key=lambda period: period[0])
        self._starts = [start for start, _ in begins]
        self._matrices = [matrix for _, matrix in begins]
        if not begins:
            raise ConfigurationError("No authorization matrix was given: nobody could read anything.")
        if len(set(self._starts)) != len(self._starts):
            raise ConfigurationError("Two authorization matrices begin on the same day, at the same moment.")

    def in_force(self, at: int) -> Matrix | None:
        """The version in force at a moment in microseconds UTC; None before the first, and while one holds that cannot be read."""
        place = bisect_right(self._starts, at)
        return self._matrices[place - 1] if place else None

    def holds_from(self, at: int) -> bool:
        """Whether the version in force at this moment, and each that comes after it, can be read."""
        place = bisect_right(self._starts, at)
        return place > 0 and None not in self._matrices[place - 1 :]


class _Role(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One row: all types have the default but the exceptions; cells at the default have `cell_basis` but `other_basis`."""

    code: str
    also: tuple[str, ...]
    label: str
    default: Literal["allow", "deny"]
    default_basis: Basis
    cell_basis: Basis
    other_basis: tuple[str, ...]
    except_sourced: tuple[str, ...]
    except_inferred: tuple[str, ...]


class _File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    name: Literal["authorization-matrix"]
    version: str
    status: Literal["draft", "official"]
    notice: str
    source: str
    effective_from: str
    right: Literal["read"]
    types: tuple[str, ...]
    roles: tuple[_Role, ...]
    legal_basis: str = ""


def moment(text: str) -> int:
    """Microseconds UTC of `2027-01-01` (its first moment in UTC) or of `2027-01-01T00:00:00+01:00`. Raises ConfigurationError."""
    try:
        if len(text) == len("2027-01-01"):
            found = from_datetime(dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), tzinfo=dt.UTC))
        else:
            found = from_iso(text)
        to_datetime(found)
    except (ValueError, OverflowError) as error:
        raise ConfigurationError(
            f"The effective date {text!r} is neither a day (YYYY-MM-DD) nor a moment with its zone (RFC 3339)."
        ) from error
    return found


def load(content: bytes) -> Matrix:
    """Reads a matrix in the JSON form of `data/`; raises ConfigurationError naming what is unknown, missing or said twice."""
    try:
        file = msgspec.json.decode(content, type=_File)
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"The authorization matrix cannot be read: {error}.") from error
    if not file.version.strip():
        raise ConfigurationError("The authorization matrix has no version.")
    _distinct("document type", file.types)
    _distinct("role", [code for role in file.roles for code in (role.code, *role.also)])
    types = frozenset(file.types)
    readable: dict[str, frozenset[str]] = {}
    basis: dict[tuple[str, str], Basis] = {}
    for role in file.roles:
        exceptions = _checked_exceptions(role, types)
        for code in (role.code, *role.also):
            readable[code] = types - exceptions if role.default == "allow" else exceptions
            basis.update(_bases(code, role, types))
    return Matrix(
        version=file.version,
        status=file.status,
        notice=file.notice,
        source=file.source,
        effective_at=moment(file.effective_from),
        types=types,
        readable=readable,
        basis=basis,
        legal_basis=file.legal_basis,
    )


def _distinct(what: str, values: Iterable[str]) -> None:
    counts = Counter(values)
    if not counts:
        raise ConfigurationError(f"The authorization matrix has no {what}.")
    for value, count in counts.items():
        if count > 1 or not value.strip():
            raise ConfigurationError(f"The authorization matrix names the {what} {value!r} twice, or leaves it blank.")


def _checked_exceptions(role: _Role, types: frozenset[str]) -> frozenset[str]:
    named = Counter((*role.except_sourced, *role.except_inferred, *role.other_basis))
    for type_code, count in named.items():
        if type_code not in types:
            raise ConfigurationError(f"Role {role.code} names {type_code!r}, which is not a type of this matrix.")
        if count > 1:
            raise ConfigurationError(f"Role {role.code} names {type_code!r} twice.")
    return frozenset(role.except_sourced) | frozenset(role.except_inferred)


def _bases(code: str, role: _Role, types: frozenset[str]) -> dict[tuple[str, str], Basis]:
    other: Basis = "I" if role.cell_basis == "S" else "S"
    bases: dict[tuple[str, str], Basis] = dict.fromkeys(((code, type_code) for type_code in types), role.cell_basis)
    bases.update(dict.fromkeys(((code, type_code) for type_code in role.other_basis), other))
    bases.update(dict.fromkeys(((code, type_code) for type_code in role.except_sourced), "S"))
    bases.update(dict.fromkeys(((code, type_code) for type_code in role.except_inferred), "I"))
    return bases
