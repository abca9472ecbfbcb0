"""What every operator's desk shares: the line that a command leaves, in a patient's chain or in nobody's, found or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from carnet.errors import CarnetError, UnknownPatient, UnresolvedReference
from carnet.identity.patients import Patient
from carnet.metadata import PatientIdentifier
from carnet.platform import Connection
from carnet.record.gate import Gate
from carnet.record.groups import OF_EVERYBODY, OF_NOBODY, Turn
from carnet.record.operator_line import write_operator_line

T = TypeVar("T")


def administer_known(
    gate: Gate,
    operator: str,
    action: str,
    named: tuple[PatientIdentifier, ...],
    work: Callable[[Connection], T],
    *,
    turn: Turn = OF_EVERYBODY,
) -> T:
    """Runs a command about people named by their INS, which traces itself. When one is unknown, its line is nobody's, and names them.

    `named` is whose record it is, then who else takes part; `turn` is theirs, where the work touches nobody else. Raises UnknownPatient, or UnresolvedReference for another whom the command
    names and nobody knows, after that line; and what the command raises.
    """
    answer: CarnetError
    try:
        return gate.administer(work, turn=turn)
    except (UnknownPatient, UnresolvedReference) as error:
        answer = error

    def missed(connection: Connection) -> None:
        others = tuple(one.cx() for one in named[1:])
        cx = named[0].cx()
        write_operator_line(gate.platform, connection, action, operator=operator, answer=answer, objects=others, cx=cx)

    gate.administer(missed, turn=OF_NOBODY)
    raise answer


@dataclass(frozen=True, slots=True)
class OperatorDesk:
    """One operator at the command line (`operator:<login>`)."""

    gate: Gate
    operator: str

    def of_nobody(self, action: str, work: Callable[[Connection], T]) -> T:
        """Runs what concerns no patient, and traces it as `administration/<action>`."""

        def traced(connection: Connection) -> T:
            answer = work(connection)
            self.line(connection, action)
            return answer

        return self.gate.administer(traced)

    def line(
        self,
        connection: Connection,
        action: str,
        *,
        patient: Patient | None = None,
        answer: object = None,
        reason: str = "",
        detail: str = "",
        objects: tuple[str, ...] = (),
        secret: bool = False,
    ) -> None:
        """Appends the line `administration/<action>`, in the patient's chain or in nobody's (`write_operator_line`)."""
        write_operator_line(
            self.gate.platform,
            connection,
            f"administration/{action}",
            operator=self.operator,
            patient=patient,
            answer=answer,
            reason=reason,
            detail=detail,
            objects=objects,
            secret=secret,
        )
