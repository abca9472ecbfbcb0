"""The one form in which a version of the matrix is kept, digested and approved: canonical JSON that says each cell by itself.

Members are sorted and every role has every type, so that one matrix has one form, whatever file it came from.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from carnet.authorization.matrix import Basis, Matrix, moment
from carnet.clock import to_iso
from carnet.errors import IntegrityFailure

_ENCODER = msgspec.json.Encoder(order="sorted")

_Cell = tuple[Literal["Y", "N"], Basis, str]
"""Right, basis and clause."""


class _Form(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    name: Literal["authorization-matrix"]
    form: Literal[1]
    right: Literal["read"]
    version: str
    status: str
    notice: str
    source: str
    legal_basis: str
    effective_from: str
    types: tuple[str, ...]
    cells: dict[str, dict[str, _Cell]]


_DECODER = msgspec.json.Decoder(_Form)


def canonical(matrix: Matrix) -> bytes:
    """The canonical bytes of a matrix. Raises ValueError for text that is not Unicode (half of a surrogate pair)."""
    return _ENCODER.encode(
        _Form(
            name="authorization-matrix",
            form=1,
            right="read",
            version=matrix.version,
            status=matrix.status,
            notice=matrix.notice,
            source=matrix.source,
            legal_basis=matrix.legal_basis,
            effective_from=to_iso(matrix.effective_at),
            types=tuple(sorted(matrix.types)),
            cells={role: {one: _cell(matrix, role, one) for one in matrix.types} for role in matrix.readable},
        )
    )


def digest(content: bytes) -> str:
    """SHA-256 of canonical bytes, hexadecimal: what approvers sign."""
    return hashlib.sha256(content).hexdigest()


def read(content: bytes) -> Matrix:
    """The matrix of canonical bytes. Raises IntegrityFailure when they are not the canonical form of one."""
    try:
        form = _DECODER.decode(content)
    except (msgspec.DecodeError, ValueError) as error:
        raise IntegrityFailure("The stored matrix cannot be read.") from error
    matrix = Matrix(
        version=form.version,
        status=form.status,
        notice=form.notice,
        source=form.source,
        effective_at=moment(form.effective_from),
        types=frozenset(form.types),
        readable={
            role: frozenset(one for one, cell in cells.items() if cell[0] == "Y") for role, cells in form.cells.items()
        },
        basis={(role, one): cell[1] for role, cells in form.cells.items() for one, cell in cells.items()},
        legal_basis=form.legal_basis,
        clauses={(role, one): cell[2] for role, cells in form.cells.items() for one, cell in cells.items() if cell[2]},
    )
    if any(cells.keys() != matrix.types for cells in form.cells.values()) or canonical(matrix) != content:
        raise IntegrityFailure("The stored matrix is not in its canonical form.")
    return matrix


def _cell(matrix: Matrix, role: str, type_code: str) -> _Cell:
    word: Literal["Y", "N"] = "Y" if matrix.allows(role, type_code) else "N"
    return word, matrix.basis[role, type_code], matrix.clauses.get((role, type_code), "")
