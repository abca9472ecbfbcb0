"""Where each version stands, proved again from its rows: digest, signatures, two different people, and everything before its moment."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from carnet.errors import CarnetError, IntegrityFailure
from carnet.rulebook.approvers import Approvers
from carnet.rulebook.ledger import Approval, Ledger, Version, Withdrawal
from carnet.rulebook.signed_text import approval_text, verify, withdrawal_text

NEEDED = 2
"""Approvals of different people, none of whom proposed the version."""


class State(StrEnum):
    """What the rows of a version say, proved or not."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Standing:
    """One version with its rows; `problem` is '' when everything was proved."""

    version: Version
    approvals: tuple[Approval, ...]
    withdrawal: Withdrawal | None
    problem: str

    @property
    def state(self) -> State:
        """A withdrawal that cannot be proved takes nothing back."""
        if self.withdrawal is not None and not self.problem:
            return State.WITHDRAWN
        return State.APPROVED if len(self.approvals) >= NEEDED else State.PROPOSED


def standings(ledger: Ledger, approvers: Approvers, installation: str) -> tuple[Standing, ...]:
    """Every version in the order in which they were proposed."""
    return tuple(_standing(version, ledger, approvers, installation) for version in ledger.versions)


def same_person(one: str, other: str) -> bool:
    """Whether two names are of one person, however they are written (`operator:name` for a login)."""
    return one.casefold().removeprefix("operator:") == other.casefold().removeprefix("operator:")


def _standing(version: Version, ledger: Ledger, approvers: Approvers, installation: str) -> Standing:
    about = version.kind, version.version
    approvals = tuple(row for row in ledger.approvals if (row.kind, row.version) == about)
    withdrawal = next((row for row in ledger.withdrawals if (row.kind, row.version) == about), None)

    def checks() -> None:
        _check_version(version)
        for approval in approvals:
            _check_approval(version, approval, approvers, installation)
        if len({row.key for row in approvals}) != len(approvals):
            raise IntegrityFailure("one person approved twice.")
        if withdrawal is not None:
            _check_withdrawal(version, approvals, withdrawal, approvers, installation)

    return Standing(version, approvals, withdrawal, _problem(version, checks))


def _problem(version: Version, checks: Callable[[], None]) -> str:
    try:
        checks()
    except CarnetError as error:
        return f"Version {version.version} of the {version.kind} cannot be proved: {error.message}"
    return ""


def _check_version(version: Version) -> None:
    if hashlib.sha256(version.content).hexdigest() != version.digest:
        raise IntegrityFailure("its content does not match its digest.")


def _check_approval(version: Version, approval: Approval, approvers: Approvers, installation: str) -> None:
    person = approvers.who_signed(approval.approver, approval.key)
    if person is None:
        raise IntegrityFailure(f"the key of the approver {approval.approver} is not registered.")
    if same_person(approval.approver, version.proposed_by):
        raise IntegrityFailure("who proposed it approved it.")
    if not (version.proposed_at <= approval.at < version.effective_from and version.place < approval.place):
        raise IntegrityFailure("it was approved out of its time.")
    verify(person.public_key, approval.signature, approval_text(installation, version, approval.approver))


def _check_withdrawal(
    version: Version,
    approvals: tuple[Approval, ...],
    withdrawal: Withdrawal,
    approvers: Approvers,
    installation: str,
) -> None:
    if not (version.proposed_at <= withdrawal.at < version.effective_from and version.place < withdrawal.place):
        raise IntegrityFailure("it was withdrawn out of its time.")
    if len(approvals) < NEEDED:
        return
    person = approvers.who_signed(withdrawal.withdrawn_by, withdrawal.key)
    if person is None:
        raise IntegrityFailure("it was approved, and withdrawn by nobody whose key is registered.")
    text = withdrawal_text(installation, version, withdrawal.withdrawn_by, withdrawal.reason)
    verify(person.public_key, withdrawal.signature, text)
