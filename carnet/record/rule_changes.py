"""Changing rule data: proposed by one, approved by two others, taken back before its moment or not at all. Each attempt is traced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from carnet.audit.event import AuditEvent, Outcome
from carnet.audit.journal import append as append_to_journal
from carnet.authorization.matrix_form import canonical, digest
from carnet.authorization.matrix_import import LONGEST, read_proposed
from carnet.errors import CarnetError, InvalidRuleData, Refused, SignatureInvalid
from carnet.platform import Connection, packaged_matrices
from carnet.record.gate import Gate
from carnet.record.rule_reading import row_proof
from carnet.record.rules_in_force import known_standings, matrix_of
from carnet.rulebook.approvers import Approver, read_approvers
from carnet.rulebook.ledger import MATRIX, Approval, Row, Version, Withdrawal, append, next_place
from carnet.rulebook.signed_text import approval_text, verify, withdrawal_text
from carnet.rulebook.validity import NEEDED, Standing, State, same_person

R = TypeVar("R", Version, Approval, Withdrawal)


@dataclass(frozen=True, slots=True)
class RuleChanges:
    """One operator at the command line, who hands in what others propose and sign; raises what is said for each, and traces it."""

    gate: Gate
    operator: str

    def propose(self, content: bytes, proposer: str) -> Version:
        """Keeps a file's matrix as a version that waits for approvals.

        Raises Several (InvalidRuleData each) or MalformedMessage for the file, InvalidRuleData for a version or a moment that is taken.
        """

        def work(connection: Connection, now: int) -> Version:
            matrix = read_proposed(content, now)
            form = canonical(matrix)
            version = Version(
                kind=MATRIX,
                version=matrix.version,
                place=next_place(connection),
                digest=digest(form),
                content=form,
                source=matrix.source,
                legal_basis=matrix.legal_basis,
                effective_from=matrix.effective_at,
                proposed_by=_name(proposer),
                proposed_at=now,
            )
            self._check_free(connection, version)
            append(connection, version)
            return version

        return self._traced("rules/import", work, said=(f"proposer:{proposer}",))

    def approve(self, name: str, approver: str, signature: bytes) -> Approval:
        """Keeps a person's signed approval; the second makes the version hold from its moment on.

        Raises Refused for who may not approve or for a version that may not be approved any more, SignatureInvalid,
        InvalidRuleData for an unknown version, IntegrityFailure for one that cannot be proved.
        """

        def work(connection: Connection, now: int) -> Approval:
            standing = self.standing(connection, name)
            person = self._approver(approver)
            matrix_of(standing)
            version = standing.version
            _check_may_approve(standing, person, now)
            verify(person.public_key, signature, approval_text(self._installation, version, person.name))
            place = next_place(connection)
            row = Approval(version.kind, version.version, person.name, place, now, person.key, signature)
            append(connection, row)
            return row

        return self._traced("rules/approve", work, said=(f"version:{name}", f"approver:{approver}"))

    def withdraw(self, name: str, reason: str, by: str, signature: bytes = b"") -> Withdrawal:
        """Takes a version back before its moment; once it is approved, an approver's signature is needed.

        Raises Refused when it has begun, is withdrawn already or lacks a signature, SignatureInvalid, InvalidRuleData.
        """

        def work(connection: Connection, now: int) -> Withdrawal:
            standing = self.standing(connection, name)
            version, key = standing.version, ""
            if standing.state is State.WITHDRAWN:
                raise Refused("This version was withdrawn already.")
            if now >= version.effective_from:
                raise Refused("The moment of this version has come: only another version can take its place.")
            if standing.state is State.APPROVED:
                person = self._approver(by)
                verify(person.public_key, signature, withdrawal_text(self._installation, version, by, _name(reason)))
                key = person.key
            row = Withdrawal(
                version.kind,
                version.version,
                next_place(connection),
                now,
                _name(by),
                _name(reason),
                key,
                signature if key else b"",
            )
            append(connection, row)
            return row

        return self._traced("rules/withdraw", work, said=(f"version:{name}", f"withdrawn-by:{by}"))

    def text_to_sign(self, name: str, approver: str, *, withdrawal_reason: str = "") -> bytes:
        """What the approver signs to approve the version, or to withdraw it for that reason."""
        version = self.gate.read(lambda connection: self.standing(connection, name)).version
        if withdrawal_reason:
            return withdrawal_text(self._installation, version, approver, _name(withdrawal_reason))
        return approval_text(self._installation, version, approver)

    def standing(self, connection: Connection, name: str) -> Standing:
        """A version of the rule data with its rows. Raises InvalidRuleData when there is none of that name, IntegrityFailure."""
        for standing in known_standings(self.gate.platform, connection)[0]:
            if standing.version.version == name:
                return standing
        raise InvalidRuleData("No version of this name was proposed.")

    @property
    def _installation(self) -> str:
        return self.gate.platform.settings.audit_origin

    def _approver(self, name: str) -> Approver:
        person = read_approvers(self.gate.platform.settings.path("rule_approvers")).current(name)
        if person is None:
            raise Refused("No approver of this name is registered.")
        return person

    def _check_free(self, connection: Connection, version: Version) -> None:
        standing = known_standings(self.gate.platform, connection)[0]
        names = {one.version.version for one in standing} | {matrix.version for matrix in packaged_matrices()}
        if version.version in names:
            raise InvalidRuleData("A version of this name is known already: give this one another.")
        for one in standing:
            if one.state is not State.WITHDRAWN and one.version.effective_from == version.effective_from:
                raise InvalidRuleData(
                    f"Version {one.version.version} begins at the same moment: withdraw it, or choose another."
                )

    def _traced(self, action: str, change: Callable[[Connection, int], R], *, said: tuple[str, ...]) -> R:
        platform = self.gate.platform

        def work(connection: Connection) -> R | CarnetError:
            now = platform.clock()
            try:
                answer: R | CarnetError = change(connection, now)
            except CarnetError as error:
                answer = error
            event = AuditEvent(
                action=action,
                outcome=_outcome(answer),
                at=now,
                requester_id=self.operator,
                requester_role="operator",
                objects=said,
                rules=answer.rules if isinstance(answer, Refused) else (),
                detail=_detail(answer),
            )
            append_to_journal(connection, event, patient_key=None, key=platform.keyring.actor_key())
            return answer

        answer = self.gate.administer(work)
        if isinstance(answer, CarnetError):
            raise answer
        return answer


def _outcome(answer: Row | CarnetError) -> Outcome:
    if isinstance(answer, CarnetError):
        return "refused" if isinstance(answer, Refused | SignatureInvalid) else "failed"
    return "done"


def _detail(answer: Row | CarnetError) -> str:
    return type(answer).__name__ if isinstance(answer, CarnetError) else row_proof(answer)


def _check_may_approve(standing: Standing, person: Approver, now: int) -> None:
    """Two people, neither the proposer, before the moment: for what was decided until then stays as it was decided."""
    version = standing.version
    if standing.state is State.WITHDRAWN:
        raise Refused("This version was withdrawn.")
    if now >= version.effective_from:
        raise Refused("The moment of this version has passed without enough approvals: propose it again for another.")
    if same_person(person.name, version.proposed_by):
        raise Refused("Who proposed a version does not approve it.")
    if any(row.approver == person.name or row.key == person.key for row in standing.approvals):
        raise Refused("This person has approved this version already; another must.")
    if len(standing.approvals) >= NEEDED:
        raise Refused("This version has its approvals already.")


def _name(text: str) -> str:
    """A name or a reason, in one printable line."""
    if not text.strip() or not text.isprintable() or len(text) > LONGEST:
        raise InvalidRuleData(f"A name or a reason is one line of at most {LONGEST} characters.")
    return text.strip()
