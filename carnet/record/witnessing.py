"""Asking a witness to sign the trace's newest checkpoint: what it is asked, and what it answered. No network here."""

from __future__ import annotations

from dataclasses import dataclass, field

from carnet.audit.checkpoint import Checkpoint
from carnet.audit.cosignatures import checkpoint_of, keep, last_checkpoint, last_cosigned_by
from carnet.audit.merkle import Frontier, ProofBuilder
from carnet.audit.signed_note import VerifierKey, read_signature_line
from carnet.audit.stored_lines import leaf_hashes
from carnet.audit.witness_protocol import Question
from carnet.errors import IntegrityFailure
from carnet.platform import Connection
from carnet.record.gate import Gate


@dataclass(frozen=True, slots=True)
class Pending:
    """A question, and the checkpoint that it is about."""

    question: Question
    checkpoint: Checkpoint


@dataclass(slots=True)
class WitnessDesk:
    """One witness, as this trace deals with it. It remembers the tree that was signed last, so that a proof needs the new lines alone."""

    gate: Gate
    witness: VerifierKey
    _signed: Frontier = field(default_factory=Frontier)

    def warm(self) -> None:
        """Reads the tree that the witness signed last, so that the first question does not: at start, before anybody is served."""
        self._signed = self.gate.read(self._signed_tree)

    def question(self, old: int | None = None) -> Pending | None:
        """The question about the newest checkpoint; None when the witness has signed it, or there is none.

        `old` is the size that the witness says it signed last; without it, what is known here is taken. Raises IntegrityFailure when the
        witness has signed more than there is, or the stored lines do not lead to the signed roots: the trace was cut back or changed.
        """
        return self.gate.read(lambda connection: self._question(connection, old))

    def keep(self, pending: Pending, answer: str) -> int:
        """Stores what the witness signed; returns the size. Raises IntegrityFailure when the answer holds no signature of its key."""
        lines = [line for line in answer.splitlines() if line and read_signature_line(line).is_of(self.witness)]
        if not lines:
            raise IntegrityFailure("The witness answered without a signature of its key.")
        self.gate.administer(lambda connection: keep(connection, pending.checkpoint, f"{lines[0]}\n", self.witness))
        return pending.checkpoint.size

    def _question(self, connection: Connection, old: int | None) -> Pending | None:
        newest = last_checkpoint(connection)
        if newest is None:
            return None
        if old is None:
            signed = last_cosigned_by(connection, self.witness.name)
            old = signed.size if signed is not None else 0
            if old == newest.size:
                return None
        if old > newest.size:
            raise IntegrityFailure(
                f"The witness {self.witness.name} has signed {old} lines and the trace has {newest.size}: it was cut back."
            )
        return Pending(Question(old, tuple(self._proof(connection, old, newest)), newest.note), newest)

    def _signed_tree(self, connection: Connection) -> Frontier:
        signed = last_cosigned_by(connection, self.witness.name)
        return Frontier(leaf_hashes(connection, 0, signed.size)) if signed is not None else Frontier()

    def _proof(self, connection: Connection, old: int, newest: Checkpoint) -> list[bytes]:
        if old in (0, newest.size):
            return []
        start = self._signed if self._signed.size == old else Frontier(leaf_hashes(connection, 0, old))
        signed = checkpoint_of(connection, old)
        builder = ProofBuilder(newest.size, start=start)
        for leaf in leaf_hashes(connection, old, newest.size):
            builder.append(leaf)
        if builder.root() != newest.root or (signed is not None and start.root() != signed.root):
            raise IntegrityFailure(
                "The lines of the trace are not those that were signed: `carnet verify-audit` says where."
            )
        self._signed = builder.grown()
        return builder.consistency()
