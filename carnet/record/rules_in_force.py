"""Which versions of the matrix a worker decides by: what comes with Carnet, and what two people approved, proved again from its rows.

A worker asks at the beginning of each transaction for the place of the newest row of rule data, and reads all of them again when it is another
than before. Approvals are written before the moment that they approve, in a transaction that excludes those of acts: an act that
begins at or after that moment begins after the approval was kept, and sees it. From then on the moment alone decides.
"""

from __future__ import annotations

import logging

from carnet.authorization.engine import Engine
from carnet.authorization.matrix import Matrices, Matrix
from carnet.authorization.matrix_form import read as read_matrix
from carnet.errors import CarnetError, ConfigurationError, IntegrityFailure
from carnet.platform import Connection, Platform, packaged_matrices
from carnet.rulebook.approvers import Approvers, read_approvers
from carnet.rulebook.ledger import newest, read_ledger
from carnet.rulebook.validity import Standing, State, standings

_LOG = logging.getLogger("carnet.rules")


class RulesInForce:
    """What one worker knows of the rule data; `refresh` at the beginning of each transaction keeps it true."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._engine: Engine = platform.engine
        self._known: tuple[int, ...] = ()
        self._shrunk = False
        self.matrices = Matrices((), unreadable=(0,))
        self.problems: tuple[str, ...] = ()

    def refresh(self, connection: Connection) -> None:
        """Reads the rule data again if a row was added since; one small statement when none was."""
        places = newest(connection)
        if places != self._known:
            self._shrunk |= any(now < before for now, before in zip(places, self._known, strict=False))
            self.load(connection)
            self._known = places

    def load(self, connection: Connection) -> None:
        """Reads and proves all of the rule data. What cannot be proved opens nothing, and is told in the log."""
        matrices, problems = timeline(self._platform, connection)
        if self._shrunk:
            matrices, problems = (
                Matrices((), unreadable=(0,)),
                ("Rows of the rule data were taken away while this ran.",),
            )
        if problems != self.problems:
            for problem in problems:
                _LOG.error("the rules: %s", problem)
        self.matrices, self.problems = matrices, problems
        self._engine.take(matrices)

    def check(self, connection: Connection) -> None:
        """Loads, and raises IntegrityFailure unless the version in force and each that is to come can be read."""
        self.load(connection)
        if not self.matrices.holds_from(self._platform.clock()):
            raise IntegrityFailure(self.problems[0] if self.problems else "No matrix is in force.")


def timeline(platform: Platform, connection: Connection) -> tuple[Matrices, tuple[str, ...]]:
    """The versions with their moments as far as they can be proved, and a sentence for each that cannot.

    What comes with Carnet, now or with a later release, holds until the first approved version and never again.
    """
    try:
        found, problems = known_standings(platform, connection)
    except CarnetError as error:
        return Matrices((), unreadable=(0,)), (error.message,)
    approved: list[Matrix] = []
    unreadable = []
    for standing in found:
        if standing.state is not State.APPROVED:
            continue
        try:
            approved.append(matrix_of(standing))
        except CarnetError as error:
            problems = (*problems, error.message)
            unreadable.append(standing.version.effective_from)
    first = min([*unreadable, *(matrix.effective_at for matrix in approved)], default=None)
    before = [matrix for matrix in packaged_matrices() if first is None or matrix.effective_at < first]
    try:
        return Matrices([*before, *approved], unreadable=unreadable), problems
    except ConfigurationError as error:
        return Matrices((), unreadable=(0,)), (*problems, error.message)


def known_standings(platform: Platform, connection: Connection) -> tuple[tuple[Standing, ...], tuple[str, ...]]:
    """Every version with what was proved of it, and what is wrong with the folder of approvers: keys left out prove nothing.

    Raises IntegrityFailure when a row is missing or is not of its form.
    """
    ledger = read_ledger(connection)
    approvers = read_approvers(platform.settings.path("rule_approvers")) if ledger.approvals else Approvers()
    return standings(ledger, approvers, platform.settings.audit_origin), approvers.problems


def matrix_of(standing: Standing) -> Matrix:
    """The matrix of a version's content. Raises IntegrityFailure when it was not proved, or its row says something else than its content."""
    if standing.problem:
        raise IntegrityFailure(standing.problem)
    version = standing.version
    matrix = read_matrix(version.content)
    told = (version.version, version.source, version.legal_basis, version.effective_from)
    if told != (matrix.version, matrix.source, matrix.legal_basis, matrix.effective_at):
        raise IntegrityFailure(f"Version {version.version} of the {version.kind} says something else than its content.")
    return matrix
