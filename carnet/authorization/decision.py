"""A verdict: allowed or not, by which rules, under which version of the matrix, and what must be done because of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Duty(StrEnum):
    """What an allowed act obliges the service to do, in the same transaction."""

    TELL_PATIENT = "tell-patient"
    TELL_MEDECIN_TRAITANT = "tell-medecin-traitant"
    EMERGENCY_REVIEW = "emergency-review"


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of the rules. `rules` names every rule that refused, or else the grounds on which the act is allowed.

    `matrix_version` is that of the matrix in force at the moment of the act, '' when none was.
    """

    allowed: bool
    rules: tuple[str, ...]
    duties: tuple[Duty, ...] = ()
    matrix_version: str = ""


def permit(grounds: tuple[str, ...], *, duties: tuple[Duty, ...] = (), matrix_version: str = "") -> Decision:
    """An allowed act and why."""
    return Decision(allowed=True, rules=grounds, duties=duties, matrix_version=matrix_version)


def refuse(rules: tuple[str, ...], *, matrix_version: str = "") -> Decision:
    """A refused act and the rules that refused it; a refusal carries no duty."""
    return Decision(allowed=False, rules=rules, matrix_version=matrix_version)
