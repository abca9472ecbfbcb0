"""The question that a witness is asked (C2SP tlog-witness, add-checkpoint): both ends read and write it here.

old size ⏎ (one hash of the consistency proof in base64 ⏎) … ⏎ the checkpoint, a signed note
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from carnet.audit.signed_note import from_base64, to_base64
from carnet.errors import MalformedMessage

PATH = "/add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"
MAXIMUM_PROOF = 63
MAXIMUM_BYTES = 64 * 1024
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Question:
    """That the checkpoint `note` continues the tree of the first `old` lines, by this proof (empty for 0)."""

    old: int
    proof: tuple[bytes, ...]
    note: str

    def written(self) -> bytes:
        """The body of the request."""
        lines = [f"old {self.old}\n", *(f"{to_base64(one)}\n" for one in self.proof), "\n", self.note]
        return "".join(lines).encode()


def read_question(body: bytes) -> Question:
    """Reads the body of a request; the checkpoint itself is not read. Raises MalformedMessage or IntegrityFailure."""
    try:
        head, separator, note = body.decode().partition("\n\n")
    except UnicodeDecodeError as error:
        raise MalformedMessage("The request is not text.") from error
    first, *proof = head.split("\n")
    old = _OLD.fullmatch(first)
    if old is None or not separator or len(proof) > MAXIMUM_PROOF:
        raise MalformedMessage("The request is not of the form of add-checkpoint.")
    return Question(int(old[1]), tuple(from_base64(line) for line in proof), note)
