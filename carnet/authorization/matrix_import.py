"""Reading a matrix that somebody proposes, from JSON (the form of `data/`) or CSV, and saying everything that is wrong with it.

The CSV form begins with lines `# key;value` (version, status, source, legal_basis, effective_from, notice; roles and types give the
counts that the file must have, so that a file cut short is noticed), then the header `role;type;right;basis;clause`, then a line a cell.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from carnet.authorization.matrix import Basis, Matrix, load, moment
from carnet.authorization.roles import MATRIX_ROLES
from carnet.errors import CarnetError, InvalidRuleData, MalformedMessage, Several
from carnet.terminology.value_sets import value_set

COLUMNS = ["role", "type", "right", "basis", "clause"]
REQUIRED = ("version", "status", "source", "legal_basis", "effective_from", "roles", "types")
OPTIONAL = ("notice",)
RIGHTS = {"Y": True, "N": False}
BASES: dict[str, Basis] = {"S": "S", "I": "I"}
LONGEST = 500
"""Characters of a clause or a value."""
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_STATUSES = frozenset({"draft", "official"})


def read_proposed(content: bytes, now: int) -> Matrix:
    """The matrix of a file in either form, fit to be proposed at `now` (microseconds UTC).

    Raises Several with one InvalidRuleData for each thing that is wrong, MalformedMessage for bytes that are not UTF-8.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedMessage("The file of rule data is not written in UTF-8.") from error
    if text.lstrip().startswith("{"):
        matrix, faults = _from_json(text)
    else:
        matrix, faults = _CsvReader().read(text)
    if matrix is not None:
        faults += list(_unfit(matrix, now))
    if matrix is None or faults:
        raise Several(tuple(InvalidRuleData(fault) for fault in faults))
    return matrix


@cache
def known_types() -> Mapping[str, str]:
    """Labels by the code of every document type that the terminology knows (JDV_J07, JDV_J66), retired ones included."""
    return {concept.code: concept.display for name in ("J07", "J66") for concept in value_set(name).codes}


@cache
def known_roles() -> Mapping[str, str]:
    """Labels by the code of every role that may have a row in the matrix (JDV_J65); a row of any other would open nothing."""
    return {concept.code: concept.display for concept in value_set("J65").codes if concept.code in MATRIX_ROLES}


def _from_json(text: str) -> tuple[Matrix | None, list[str]]:
    try:
        return load(text.encode()), []
    except CarnetError as error:
        return None, [error.message]


def _unfit(matrix: Matrix, now: int) -> Iterator[str]:
    """What is wrong with a well-formed matrix as a proposal."""
    if not _VERSION.fullmatch(matrix.version):
        yield "The version is a name of letters, digits, dots, dashes and underscores, at most 64."
    for name in ("source", "legal_basis"):
        if not getattr(matrix, name).strip():
            yield f"The file does not say its {name}."
    if matrix.effective_at <= now:
        yield "The effective date is not in the future: what was decided until now stays as it was decided."
    roles, types = known_roles(), known_types()
    yield from (f"No role {role!r} is known." for role in sorted(matrix.readable.keys() - roles.keys()))
    yield from (f"No document type {one!r} is known." for one in sorted(matrix.types - types.keys()))


@dataclass(slots=True)
class _CsvReader:
    """What has been read of a CSV file so far: cells by role and type with the line of each, and a sentence for each bad line."""

    about: dict[str, str] = field(default_factory=dict)
    cells: dict[tuple[str, str], tuple[bool, Basis, str]] = field(default_factory=dict)
    lines: dict[tuple[str, str], int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def read(self, text: str) -> tuple[Matrix | None, list[str]]:
        header = False
        for number, line in enumerate((line.rstrip("\r") for line in text.split("\n")), start=1):
            if not line.strip():
                continue
            if line.startswith("#"):
                fault = self._about(line)
            elif not header:
                header, fault = True, self._header(line)
            else:
                fault = self._cell(number, line)
            if fault:
                self.faults.append(f"Line {number}: {fault}")
        self.faults += self._incomplete()
        return (self._matrix() if not self.faults else None), self.faults

    def _about(self, line: str) -> str:
        key, _, value = (part.strip() for part in line[1:].rstrip(";").partition(";"))
        if key not in REQUIRED + OPTIONAL:
            return f"{key!r} is nothing that the head of the file says."
        if key in self.about:
            return f"{key} is said twice."
        if not value or len(value) > LONGEST:
            return f"{key} has no value, or one of more than {LONGEST} characters."
        self.about[key] = value
        return ""

    def _header(self, line: str) -> str:
        names = [cell.strip().casefold() for cell in line.split(";")]
        return "" if names == COLUMNS else f"The header is not {';'.join(COLUMNS)}."

    def _cell(self, number: int, line: str) -> str:
        try:
            parts = [cell.strip() for cell in next(csv.reader([line], delimiter=";", strict=True))]
        except csv.Error:
            return "a quotation mark is not closed."
        if len(parts) != len(COLUMNS):
            return f"it has {len(parts)} columns, not {len(COLUMNS)}."
        role, one, right, basis, clause = parts
        if right not in RIGHTS:
            return f"the right is Y or N, not {right!r}."
        if basis not in BASES:
            return f"the basis is S (sourced) or I (inferred), not {basis!r}."
        if (role, one) in self.cells:
            return f"role {role} and type {one} stand on line {self.lines[role, one]} already."
        self.lines[role, one] = number
        self.cells[role, one] = RIGHTS[right], BASES[basis], clause
        if role not in known_roles():
            return f"no role {role!r} is known."
        if one not in known_types():
            return f"no document type {one!r} is known."
        return f"the clause has more than {LONGEST} characters." if len(clause) > LONGEST else ""

    def _incomplete(self) -> Iterator[str]:
        yield from (f"The head of the file does not say its {key}." for key in REQUIRED if key not in self.about)
        roles, types = self._roles_and_types()
        if not self.cells:
            yield "The file has no line of the matrix."
        for key, found in (("roles", roles), ("types", types)):
            if key in self.about and self.about[key] != str(len(found)):
                yield f"The head of the file says {self.about[key]} {key}; its lines have {len(found)}."
        for role in sorted(roles):
            missing = sorted(one for one in types if (role, one) not in self.cells)
            if missing:
                shown = ", ".join(missing[:10]) + (f" and {len(missing) - 10} more" if len(missing) > 10 else "")
                yield f"Role {role} has no line for {shown}."
        if self.about.get("status", "draft") not in _STATUSES:
            yield "The status is draft or official."
        if "effective_from" in self.about:
            yield from _faults_of_moment(self.about["effective_from"])

    def _roles_and_types(self) -> tuple[set[str], set[str]]:
        return {role for role, _ in self.cells}, {one for _, one in self.cells}

    def _matrix(self) -> Matrix:
        roles, types = self._roles_and_types()
        return Matrix(
            version=self.about["version"],
            status=self.about["status"],
            notice=self.about.get("notice", ""),
            source=self.about["source"],
            effective_at=moment(self.about["effective_from"]),
            types=frozenset(types),
            readable={role: frozenset(one for one in types if self.cells[role, one][0]) for role in roles},
            basis={key: basis for key, (_, basis, _) in self.cells.items()},
            legal_basis=self.about["legal_basis"],
            clauses={key: clause for key, (_, _, clause) in self.cells.items() if clause},
        )


def _faults_of_moment(text: str) -> list[str]:
    try:
        moment(text)
    except CarnetError as error:
        return [error.message]
    return []
