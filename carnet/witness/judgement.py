"""When a witness signs: only a checkpoint of a trace that it watches, signed by the trace, that continues the last one it signed.

What it signs is durable before the signature leaves, in one transaction with the comparison: a witness that is killed at any moment never
signs two histories. One that was killed after that and before it answered is asked again, and signs the same checkpoint again.
"""

from __future__ import annotations

from dataclasses import dataclass

from carnet.audit.checkpoint import Checkpoint, read_checkpoint, verify_note
from carnet.audit.cosignature import cosign
from carnet.audit.merkle import verify_consistency
from carnet.audit.signed_note import Sign, VerifierKey
from carnet.audit.witness_protocol import SIZE_TYPE, Question, read_question
from carnet.clock import SECOND, Clock
from carnet.errors import IntegrityFailure, MalformedMessage
from carnet.witness.memory import Remembered, WitnessMemory

PLAIN = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one question: HTTP status (C2SP tlog-witness), body and its type."""

    status: int
    body: str
    media_type: str = PLAIN


@dataclass(frozen=True, slots=True)
class Witness:
    """A name and a key, a memory and a clock."""

    key: VerifierKey
    sign: Sign
    memory: WitnessMemory
    clock: Clock

    def answer(self, body: bytes) -> Verdict:
        """Judges one request and, where it is right, remembers the checkpoint and signs it. Raises what the database raises."""
        try:
            question = read_question(body)
            checkpoint = read_checkpoint(question.note)
        except (MalformedMessage, IntegrityFailure) as error:
            return Verdict(400, f"{error.message}\n")
        self.memory.begin()
        try:
            return self._decide(question, checkpoint)
        finally:
            self.memory.forget()

    def _decide(self, question: Question, checkpoint: Checkpoint) -> Verdict:
        last = self.memory.last(checkpoint.origin)
        if last is None:
            return Verdict(404, "This trace is not watched here.\n")
        try:
            verify_note(question.note, checkpoint.origin, last.public_key)
        except IntegrityFailure as failure:
            return Verdict(403, f"{failure.message}\n")
        refusal = _refusal(question, checkpoint, last)
        if refusal is not None:
            return refusal
        seconds = max(self.clock() // SECOND, last.seconds)
        self.memory.move(checkpoint.origin, checkpoint.size, checkpoint.root, question.note, seconds)
        line = cosign(checkpoint.text, self.key, self.sign, seconds=seconds)
        self.memory.commit()
        return Verdict(200, line)


def _refusal(question: Question, checkpoint: Checkpoint, last: Remembered) -> Verdict | None:
    if question.old > checkpoint.size:
        return Verdict(400, "The old size is larger than the checkpoint's.\n")
    if question.old != last.size:
        return Verdict(409, f"{last.size}\n", SIZE_TYPE)
    if checkpoint.size == last.size and checkpoint.root != last.root:
        return Verdict(409, f"{last.size}\n", SIZE_TYPE)
    if not verify_consistency(last.size, checkpoint.size, last.root, checkpoint.root, question.proof):
        return Verdict(422, "The checkpoint does not continue the last one that was signed.\n")
    return None
