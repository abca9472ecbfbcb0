"""The form of a patient's exported trail: JSON lines, each canonical (RFC 8785), described in docs/operate/trail.md.

A header, the entries 1 … n with openings and inclusion proofs, the checkpoint they lead to with the signatures of witnesses, and a signed
statement that n is the last. The statement holds the digest of all that stands before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from carnet.audit.canonical_json import encode
from carnet.audit.signed_note import from_base64, to_base64
from carnet.clock import from_iso, to_iso
from carnet.errors import IntegrityFailure

T = TypeVar("T")
FORM = 2
FORMS = frozenset({1, 2})
"""Since form 2 an entry's openings may lack those of WITHHOLDABLE."""
WITHHOLDABLE = frozenset({"objects", "purpose"})
"""What may stay closed: which documents a line names, and how many, where the patient may not know of one of them yet (R1111-53 CSP)."""


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line. `key` is the verifier key of the trace, whose name is the trace's origin; `patient` as the links of entries say."""

    carnet: str
    count: int
    key: str
    patient: int
    v: int


class ExportedEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry's own bytes, its place in the tree, what it commits to ([salt, value] by name), and its inclusion proof in base64.

    Openings that are withheld are not there; their commitments stay in the entry, and can be opened by a later export.
    """

    entry: msgspec.Raw
    index: int
    openings: dict[str, tuple[str, Any]]
    proof: tuple[str, ...]


class Witnessed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An older checkpoint that witnesses signed, and the proof that the export's checkpoint continues it, in base64."""

    checkpoint: str
    consistency: tuple[str, ...]


class ExportedCheckpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The line before the last: a signed note with the lines of its witnesses. `witnessed` is needed where it has none yet."""

    checkpoint: str
    witnessed: Witnessed | None


class ExportedStatement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last line: a signed note whose text is a Statement."""

    statement: str


@dataclass(frozen=True, slots=True)
class Statement:
    """At `at` (microseconds UTC) the patient's trail had `last` entries, the last of this leaf hash, in the tree of that size and root.

    `file` is the SHA-256 of everything that stands before the statement.
    """

    origin: str
    patient: int
    last: int
    leaf: bytes
    size: int
    root: bytes
    at: int
    file: bytes

    def text(self) -> str:
        """What is signed; its first line keeps it apart from a checkpoint."""
        return (
            f"{self.origin}/statement\npatient {self.patient}\nlast {self.last} {to_base64(self.leaf)}\n"
            f"tree {self.size} {to_base64(self.root)}\nat {to_iso(self.at)}\nfile {to_base64(self.file)}\n"
        )


def read_statement(text: str, origin: str) -> Statement:
    """Reads a statement's text. Raises IntegrityFailure when it is not one of this trace in its one form."""
    try:
        _first, patient, last, tree, at, file = [line.split(" ") for line in text.removesuffix("\n").split("\n")]
        found = Statement(
            origin=origin,
            patient=int(patient[1]),
            last=int(last[1]),
            leaf=from_base64(last[2]),
            size=int(tree[1]),
            root=from_base64(tree[2]),
            at=from_iso(at[1]),
            file=from_base64(file[1]),
        )
    except (ValueError, IndexError) as error:
        raise IntegrityFailure("The statement is not of the form of one.") from error
    if found.text() != text:
        raise IntegrityFailure("The statement is of another trace, or not of the form of one.")
    return found


def exported_entry(entry: bytes, index: int, openings: Mapping[str, Any], proof: Iterable[bytes]) -> ExportedEntry:
    """An entry as it stands in an export; `openings` are [salt, value] by name."""
    opened = {name: (salt, value) for name, (salt, value) in openings.items()}
    return ExportedEntry(msgspec.Raw(entry), index, opened, hashes(proof))


def hashes(proof: Iterable[bytes]) -> tuple[str, ...]:
    """A proof as exports write it."""
    return tuple(map(to_base64, proof))


def write_line(line: msgspec.Struct) -> bytes:
    """The canonical bytes of a line, with its newline."""
    return encode(line) + b"\n"


def read_line(data: bytes, kind: type[T]) -> T:
    """Reads a line, without its newline, in its one canonical form. Raises IntegrityFailure for any other bytes."""
    try:
        found = msgspec.json.decode(data, type=kind)
        canonical = encode(found)
    except (msgspec.DecodeError, ValueError) as error:
        raise IntegrityFailure("the line cannot be read as what should stand here") from error
    if canonical != data:
        raise IntegrityFailure("the line is not in its one form")
    return found


def digest_of(lines: Iterable[bytes]) -> bytes:
    """The digest that a statement holds of the lines before it."""
    found = hashlib.sha256()
    for line in lines:
        found.update(line)
    return found.digest()
