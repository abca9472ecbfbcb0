"""Checking an exported trail with nothing but the file and the keys: no home, no database, no network, no clock.

The statement is read first, for what it signs says where the rest is wrong: the header, an entry (named by its number in the patient's
trail), the checkpoint. What a file alone cannot show is a trace whose keeper wrote it anew and signed it: the signature of a witness, or an
export kept from before, shows that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from carnet.audit.checkpoint import Checkpoint, verify_note
from carnet.audit.cosignature import verify_cosignature
from carnet.audit.event import decode_entry
from carnet.audit.exported_trail import (
    FORMS,
    WITHHOLDABLE,
    ExportedCheckpoint,
    ExportedEntry,
    ExportedStatement,
    Header,
    Statement,
    digest_of,
    read_line,
    read_statement,
)
from carnet.audit.merkle import leaf_hash, verify_consistency, verify_inclusion
from carnet.audit.openings import digest, encode_hash, encode_opening
from carnet.audit.signed_note import ED25519, VerifierKey, from_base64, open_note, read_note, read_verifier_key
from carnet.errors import ConfigurationError, IntegrityFailure

_ENTRY, _CHECKPOINT, _STATEMENT = b'{"entry":', b'{"checkpoint":', b'{"statement":'


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong first: on which line of the file (1 for the header), and at which entry of the trail (None: not at an entry)."""

    what: str
    line: int
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class Witnessing:
    """That a witness signed the checkpoint, or an older one that it continues: of which size, at which second since 1970 UTC."""

    name: str
    size: int
    seconds: int


@dataclass(slots=True)
class ExportReport:
    """What a file says, believable only where `wrong` is None. `unchecked` are names of witnesses whose keys were not given.

    `withheld` counts the entries that keep closed which documents they name.
    """

    entries: int = 0
    withheld: int = 0
    patient: int = 0
    origin: str = ""
    at: int = 0
    size: int = 0
    witnessed: tuple[Witnessing, ...] = ()
    unchecked: tuple[str, ...] = ()
    wrong: Wrong | None = None
    leaves: list[bytes] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        """Whether nothing is wrong."""
        return self.wrong is None


class _Found(Exception):
    """Ends a verification."""

    def __init__(self, what: str, line: int, entry: int | None = None) -> None:
        super().__init__(what)
        self.wrong = Wrong(what, line, entry)


def verify_export(
    data: bytes, *, key: VerifierKey | None = None, witnesses: Sequence[VerifierKey] = (), earlier: bytes | None = None
) -> ExportReport:
    """Verifies a whole file. `key` is the trace's; without it the file's own is taken, which shows that the file is whole, not whose it is.

    `witnesses` must each have signed. `earlier` is an export of the same trail kept from before, which this one must continue.
    """
    report = ExportReport()
    try:
        _verify(data, key, witnesses, report)
        if earlier is not None:
            _continue(report, verify_export(earlier, key=key))
    except _Found as found:
        report.wrong = found.wrong
    return report


def _verify(data: bytes, key: VerifierKey | None, witnesses: Sequence[VerifierKey], report: ExportReport) -> None:
    lines = data.split(b"\n")
    if lines.pop() or not lines:
        raise _Found("the file ends within a line", len(lines) + 1)
    header, key = _header(lines[0], key)
    report.patient, report.origin = header.patient, key.name
    ends = _Ends(lines, key)
    if ends.statement is not None and (ends.statement.patient, ends.statement.last) != (header.patient, header.count):
        raise _Found("the header does not agree with the signed statement", 1)
    _entries(lines[1 : ends.first], header, ends, report)
    ends.check(report)
    _witnesses(ends, witnesses, report)
    ends.check_file()


def _header(line: bytes, key: VerifierKey | None) -> tuple[Header, VerifierKey]:
    try:
        header = read_line(line, Header)
        own = read_verifier_key(header.key, ED25519)
    except (IntegrityFailure, ConfigurationError) as failure:
        raise _Found(failure.message, 1) from failure
    if header.carnet != "trail" or header.v not in FORMS:
        raise _Found("this is not an exported trail of a form that this version knows", 1)
    if key is not None and key != own:
        raise _Found("the export is signed by another key than the one given", 1)
    return header, own


# --- the checkpoint and the statement ------------------------------------------------------------------------------


class _Ends:
    """The two last lines. What is wrong with them is told after the entries: a changed entry is the better answer."""

    def __init__(self, lines: list[bytes], key: VerifierKey) -> None:
        self._lines, self.key = lines, key
        self.statement: Statement | None = None
        self.checkpoint: Checkpoint | None = None
        self.note: ExportedCheckpoint | None = None
        self._wrong: list[_Found] = []
        before, last = lines[-2] if len(lines) > 1 else b"", lines[-1]
        if before.startswith(_CHECKPOINT) or (before and last.startswith(_STATEMENT)):
            self.first = len(lines) - 2 + before.startswith(_ENTRY)
            self._read(self._read_checkpoint, len(lines) - 1)
            self._read(self._read_statement, len(lines))
        else:
            self.first = len(lines)
            if last.startswith(_CHECKPOINT):
                self.first -= 1
                self._read(self._read_last, len(lines))
            self._wrong.append(_Found("the file ends before its statement", len(lines) + 1, self.first))

    def _read(self, reader: Callable[[], None], line: int) -> None:
        try:
            reader()
        except IntegrityFailure as failure:
            self._wrong.append(_Found(failure.message, line))

    def _read_last(self) -> None:
        read_line(self._lines[-1], ExportedCheckpoint)

    def _read_checkpoint(self) -> None:
        self.note = read_line(self._lines[-2], ExportedCheckpoint)
        self.checkpoint = verify_note(self.note.checkpoint, self.key.name, self.key.public_key)

    def _read_statement(self) -> None:
        note = read_line(self._lines[-1], ExportedStatement).statement
        text = open_note(note, self.key)
        if len(read_note(note)[1]) != 1:
            raise IntegrityFailure("the statement has another signature than the trace's")
        self.statement = read_statement(text, self.key.name)

    def check(self, report: ExportReport) -> None:
        """Raises what was wrong, and what the statement says otherwise than the file."""
        if self._wrong:
            raise self._wrong[0]
        statement, checkpoint = self.statement, self.checkpoint
        assert statement is not None
        assert checkpoint is not None
        last = len(self._lines)
        if (statement.size, statement.root) != (checkpoint.size, checkpoint.root):
            raise _Found("the statement is about another checkpoint", last - 1)
        if statement.last != report.entries:
            entry = min(statement.last, report.entries) + 1
            raise _Found(f"the statement says that entry {statement.last} is the last", entry + 1, entry)
        if not report.leaves or statement.leaf != report.leaves[-1]:
            raise _Found("the statement is about another last entry", last - 2, report.entries)
        report.at, report.size = statement.at, checkpoint.size

    def check_file(self) -> None:
        """Raises for what nothing else watches: the signatures of witnesses whose keys were not given."""
        assert self.statement is not None
        if self.statement.file != digest_of(line + b"\n" for line in self._lines[:-1]):
            raise _Found("the file is not the one that the statement was made for", len(self._lines))


# --- entries -------------------------------------------------------------------------------------------------------


def _entries(lines: list[bytes], header: Header, ends: _Ends, report: ExportReport) -> None:
    for number, line in enumerate(lines, 1):
        try:
            leaf, whole = _entry(line, number, header, ends.checkpoint, report.leaves)
        except IntegrityFailure as failure:
            raise _Found(failure.message, number + 1, number) from failure
        report.leaves.append(leaf)
        report.entries = number
        report.withheld += not whole


def _entry(
    line: bytes, number: int, header: Header, checkpoint: Checkpoint | None, leaves: list[bytes]
) -> tuple[bytes, bool]:
    """The leaf hash of the entry that must be `number` of the trail, and whether it is opened whole. Raises IntegrityFailure."""
    found = read_line(line, ExportedEntry)
    data = bytes(found.entry)
    entry, leaf = decode_entry(data), leaf_hash(data)
    if entry.link is None or (entry.link.patient_key, entry.link.seq) != (header.patient, number):
        raise IntegrityFailure(f"entry {number} of the trail is missing here, or stands elsewhere")
    if entry.link.previous != (encode_hash(leaves[-1]) if leaves else None):
        raise IntegrityFailure("the entry does not continue the one before")
    closed = entry.committed.keys() - found.openings.keys()
    opened = {name: digest(encode_opening(opening)) for name, opening in found.openings.items()}
    if opened != {name: value for name, value in entry.committed.items() if name not in closed}:
        raise IntegrityFailure("the values are not those that the entry commits to")
    if closed and (header.v == 1 or not closed <= WITHHOLDABLE):
        raise IntegrityFailure("a value is left out that is not one of those that may stay closed")
    proof = [from_base64(sibling) for sibling in found.proof]
    if checkpoint is not None and not verify_inclusion(leaf, found.index, checkpoint.size, proof, checkpoint.root):
        raise IntegrityFailure("the entry is not in the tree of the checkpoint")
    return leaf, not closed


# --- witnesses, and what was kept from before ----------------------------------------------------------------------


def _witnesses(ends: _Ends, witnesses: Sequence[VerifierKey], report: ExportReport) -> None:
    assert ends.note is not None
    assert ends.checkpoint is not None
    place = ends.first + 1
    checkpoints = [ends.checkpoint]
    if ends.note.witnessed is not None:
        checkpoints.append(_older(ends, place))
    found: dict[str, Witnessing] = {}
    unchecked: set[str] = set()
    for checkpoint in checkpoints:
        for line in read_note(checkpoint.note)[1]:
            known = next((key for key in witnesses if line.is_of(key)), None)
            if known is None:
                unchecked.update({line.name} - {report.origin})
                continue
            try:
                seconds = verify_cosignature(checkpoint.text, line.written(), known)
            except IntegrityFailure as failure:
                raise _Found(failure.message, place) from failure
            found.setdefault(known.name, Witnessing(known.name, checkpoint.size, seconds))
    missing = [key.name for key in witnesses if key.name not in found]
    if missing:
        raise _Found(f"the witness {missing[0]} has not signed the checkpoint, nor one that it continues", place)
    report.witnessed, report.unchecked = tuple(found.values()), tuple(sorted(unchecked))


def _older(ends: _Ends, place: int) -> Checkpoint:
    """The older checkpoint, once it is proved that the export's own continues it."""
    assert ends.note is not None
    assert ends.note.witnessed is not None
    assert ends.checkpoint is not None
    newer, key = ends.checkpoint, ends.key
    try:
        older = verify_note(ends.note.witnessed.checkpoint, key.name, key.public_key)
        proof = [from_base64(sibling) for sibling in ends.note.witnessed.consistency]
    except IntegrityFailure as failure:
        raise _Found(failure.message, place) from failure
    if not verify_consistency(older.size, newer.size, older.root, newer.root, proof):
        raise _Found("the checkpoint does not continue the one that the witnesses signed", place)
    return older


def _continue(report: ExportReport, earlier: ExportReport) -> None:
    """The entries of the earlier export must be the first ones of this."""
    if earlier.wrong is not None:
        raise _Found(f"the earlier export does not hold itself: {earlier.wrong.what}", earlier.wrong.line)
    if (earlier.patient, earlier.origin) != (report.patient, report.origin):
        raise _Found("the earlier export is of another trail", 1)
    for number, leaf in enumerate(earlier.leaves, 1):
        if number > report.entries or report.leaves[number - 1] != leaf:
            what = "is missing" if number > report.entries else "was another"
            raise _Found(f"entry {number} {what}: the earlier export has it", number + 1, number)
