"""Looking at rule data: what holds, what is to come, what a version says and changes, and what happened, as the trace tells it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from carnet.audit.trail import read_trail
from carnet.authorization.matrix import Matrix
from carnet.authorization.matrix_comparison import Comparison, compare
from carnet.authorization.matrix_form import canonical, digest
from carnet.errors import IntegrityFailure, InvalidRuleData
from carnet.platform import Connection, Platform, packaged_matrices
from carnet.record.gate import Gate
from carnet.record.rules_in_force import known_standings, matrix_of, timeline
from carnet.rulebook.ledger import Row, Version, read_ledger
from carnet.rulebook.validity import Standing, State

TRACED = "rules/"
"""How the actions on rule data begin in the trace."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One version. `state` is a word for people; `standing` None for a version that comes with Carnet. `effective_at` microseconds UTC."""

    version: str
    state: str
    effective_at: int
    digest: str
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the trace about rule data, or, with a `problem`, what the trace and the rows do not agree on."""

    at: int
    action: str
    outcome: str
    operator: str
    objects: tuple[str, ...]
    detail: str
    problem: str = ""


def versions(gate: Gate) -> tuple[Listed, ...]:
    """Every version, by its moment. Raises IntegrityFailure when the rows are not whole."""
    return gate.read(lambda connection: tuple(_listed(gate.platform, connection)))


def matrix_named(gate: Gate, name: str) -> Matrix:
    """The matrix of a version, whatever its state. Raises InvalidRuleData for an unknown name, IntegrityFailure for one not proved."""
    return gate.read(lambda connection: _matrix_named(gate.platform, connection, name))


def in_force(gate: Gate) -> Matrix:
    """The version in force now. Raises IntegrityFailure when there is none."""
    platform = gate.platform
    matrix = gate.read(lambda connection: timeline(platform, connection)[0].in_force(platform.clock()))
    if matrix is None:
        raise IntegrityFailure("No version of the matrix is in force: nothing can be read.")
    return matrix


def changes(gate: Gate, name: str, against: str = "") -> Comparison:
    """What a version changes against another, or against what is in force now."""
    before = matrix_named(gate, against) if against else in_force(gate)
    return compare(before, matrix_named(gate, name))


def history(gate: Gate) -> tuple[Happened, ...]:
    """Everything that was done or tried on rule data, oldest first, then what rows and trace do not agree on."""

    def work(connection: Connection) -> tuple[Happened, ...]:
        told = tuple(_told(gate.platform, connection))
        return (*told, *_disagreements(connection, told))

    return gate.read(work)


def _listed(platform: Platform, connection: Connection) -> Iterator[Listed]:
    now = platform.clock()
    matrices = timeline(platform, connection)[0]
    holds = matrices.in_force(now)
    shown = [
        (matrix.effective_at, _shown(matrix, now, holds))
        for matrix in packaged_matrices()
        if matrices.in_force(matrix.effective_at) is matrix
    ]
    for standing in known_standings(platform, connection)[0]:
        version = standing.version
        state = _state(standing, now, holds)
        shown.append(
            (
                version.effective_from,
                Listed(version.version, state, version.effective_from, version.digest, standing),
            )
        )
    shown.sort(key=lambda one: one[0])
    yield from (one for _, one in shown)


def _shown(matrix: Matrix, now: int, holds: Matrix | None) -> Listed:
    state = _period(matrix.version, matrix.effective_at, now, holds)
    return Listed(matrix.version, state, matrix.effective_at, digest(canonical(matrix)))


def _state(standing: Standing, now: int, holds: Matrix | None) -> str:
    version = standing.version
    if standing.problem:
        return "cannot be proved"
    if standing.state is State.APPROVED:
        return _period(version.version, version.effective_from, now, holds)
    if standing.state is State.PROPOSED and now >= version.effective_from:
        return "never approved"
    return standing.state.value


def _period(name: str, begins: int, now: int, holds: Matrix | None) -> str:
    if holds is not None and holds.version == name:
        return "in force"
    return "to come" if begins > now else "was in force"


def _matrix_named(platform: Platform, connection: Connection, name: str) -> Matrix:
    for matrix in packaged_matrices():
        if matrix.version == name:
            return matrix
    for standing in known_standings(platform, connection)[0]:
        if standing.version.version == name:
            return matrix_of(standing)
    raise InvalidRuleData("No version of this name is known.")


def _told(platform: Platform, connection: Connection) -> Iterator[Happened]:
    for line in read_trail(connection, None, platform.keyring.actor_key()):
        if line["problem"] or not line["action"].startswith(TRACED):
            continue
        yield Happened(
            at=line["at"],
            action=line["action"].removeprefix(TRACED),
            outcome=line["outcome"],
            operator=line["requester_id"],
            objects=line["objects"],
            detail=line["detail"],
        )


def _disagreements(connection: Connection, told: tuple[Happened, ...]) -> Iterator[Happened]:
    """A row taken away leaves its line of the trace; a row put in beside the commands has none."""
    try:
        ledger = read_ledger(connection)
    except IntegrityFailure as failure:
        yield _problem(failure.message)
        return
    rows: tuple[Row, ...] = (*ledger.versions, *ledger.approvals, *ledger.withdrawals)
    kept = {row_proof(row) for row in rows}
    traced = {one.detail for one in told if one.outcome == "done"}
    yield from (_problem(f"The trace tells of a row that is not there: {one}.") for one in sorted(traced - kept))
    yield from (_problem(f"A row is there of which the trace does not tell: {one}.") for one in sorted(kept - traced))


def row_proof(row: Row) -> str:
    """What the trace says of a row that was written: its place, its version and its digest or the key of who signed."""
    proof = row.digest if isinstance(row, Version) else row.key
    return f"{row.place} {row.version} {proof}".strip()


def _problem(sentence: str) -> Happened:
    return Happened(0, "", "", "", (), "", sentence)
