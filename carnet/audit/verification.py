"""Proving the trace again from its stored bytes: every line, the root at every checkpoint, every signature, every patient's chain.

That a later checkpoint continues an earlier one needs no proof apart: both roots are computed from one sequence of leaves. What nobody can
see from inside is a trace cut back to an older state, checkpoints included: give `verify` the checkpoints that others keep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import merge
from itertools import chain, islice

from carnet.audit import stored_lines
from carnet.audit.checkpoint import read_checkpoint, verify_note
from carnet.audit.cosignature import verify_cosignature
from carnet.audit.cosignatures import Kept, stored
from carnet.audit.event import decode_entry
from carnet.audit.findings import Finding, Report
from carnet.audit.merkle import leaf_hash
from carnet.audit.openings import OpeningKey, digest, encode_hash, reveal
from carnet.audit.recomputed_tree import Expected, RecomputedTree
from carnet.audit.signed_note import VerifierKey, read_signature_line
from carnet.audit.stored_lines import Line, with_places
from carnet.clock import SECOND
from carnet.database.connection import Connection
from carnet.errors import IntegrityFailure

__all__ = ["MAXIMUM_FINDINGS", "Finding", "Report", "verify"]

MAXIMUM_FINDINGS = 100
KeyOf = Callable[[int | None], OpeningKey | None]


def verify(
    connection: Connection,
    public_key: bytes,
    origin: str,
    *,
    known: Sequence[str] = (),
    key_of: KeyOf | None = None,
    witnesses: Sequence[VerifierKey] = (),
) -> Report:
    """Verifies the whole trace, reading it in pages.

    `public_key` is the raw Ed25519 key of the checkpoints. `known` are checkpoints (signed notes) kept elsewhere, which this trace must
    contain. `key_of` gives the key of a patient_key (None: of no patient), or None when it is destroyed: with it the sealed values are
    opened and compared too. `witnesses` are keys: what is stored as signed by them must be. The connection must show one state throughout (a read transaction), else lines sealed meanwhile look wrong.
    Stops at the 100th finding; the counts are then those so far. Raises IntegrityFailure when one of `known` is no checkpoint of this key.
    """
    report = Report()
    outside = [verify_note(note, origin, public_key) for note in known]
    expected = merge(
        _checkpoints(connection, public_key, origin, report),
        sorted(Expected(note.size, note.root, stored=False) for note in outside if note.size),
        key=lambda item: item.size,
    )
    findings = chain(
        _check_tree(connection, expected, key_of, report),
        _check_waiting(connection, key_of, report),
        _check_chains(connection, report),
        _check_cosignatures(connection, witnesses, report),
    )
    report.findings = tuple(islice(findings, MAXIMUM_FINDINGS))
    return report


# --- the tree ------------------------------------------------------------------------------------------------------


def _checkpoints(connection: Connection, public_key: bytes, origin: str, report: Report) -> Iterator[Expected]:
    for size, root, note in stored_lines.checkpoints(connection):
        report.checkpoints += 1
        problem = ""
        if (type(size), type(root), type(note)) != (int, bytes, str):
            yield Expected(0, b"", problem="its columns hold values of another kind")
            continue
        try:
            signed = verify_note(note, origin, public_key)
            # Our notes have one signature: further lines would be bytes that nothing protects.
            if (signed.size, signed.root) != (size, root) or note.count("\n") != 5:
                problem = "its note does not agree with the row that holds it"
        except IntegrityFailure as failure:
            problem = failure.message
        yield Expected(size, root, problem=problem)


def _check_tree(
    connection: Connection, expected: Iterator[Expected], key_of: KeyOf | None, report: Report
) -> Iterator[Finding]:
    tree, waiting = RecomputedTree(), next(expected, None)
    for line in stored_lines.sealed(connection):
        report.sealed += 1
        if isinstance(line.leaf_index, int):
            entry = None if line.misshapen else line.entry
            yield from tree.add(line.leaf_index, line.ticket, entry, line.leaf_hash)
        else:
            tree.refuse()
        yield from _check_line(line, key_of, report)
        while waiting is not None and waiting.size <= tree.size:
            yield from tree.meet(waiting)
            waiting = next(expected, None)
        report.proved = tree.proved
    while waiting is not None:
        yield from tree.meet(waiting)
        waiting = next(expected, None)
    yield from tree.end()


# --- lines ---------------------------------------------------------------------------------------------------------


def _check_waiting(connection: Connection, key_of: KeyOf | None, report: Report) -> Iterator[Finding]:
    for line, passed_over in stored_lines.waiting(connection):
        report.unsealed += 1
        if passed_over:
            yield Finding("later lines have a place in the tree, this one has none", ticket=line.ticket)
        yield from _check_line(line, key_of, report)


def _check_line(line: Line, key_of: KeyOf | None, report: Report) -> Iterator[Finding]:
    what = _problem(line)
    if not what and key_of is not None:
        key = key_of(line.patient_key)
        if key is None:
            report.unopened += 1
        else:
            what = _opening_problem(line, key)
    if what:
        index = line.leaf_index if isinstance(line.leaf_index, int) else None
        yield Finding(what, index, index, line.ticket)


def _problem(line: Line) -> str:
    if line.misshapen:
        return "the line's columns hold values of another kind"
    if leaf_hash(line.entry) != line.leaf_hash:
        return "the line does not match its hash"
    try:
        entry = decode_entry(line.entry)
    except IntegrityFailure as failure:
        return failure.message
    place = (None, None) if entry.link is None else (entry.link.patient_key, entry.link.seq)
    if (line.patient_key, line.patient_seq) != place or line.at != entry.at:
        return "the line's columns are not what its entry says"
    if digest(line.sealed_openings) != entry.openings:
        return "the line's sealed values are not those it was written with"
    return ""


def _opening_problem(line: Line, key: OpeningKey) -> str:
    try:
        reveal(decode_entry(line.entry).committed, line.sealed_openings, key)
    except IntegrityFailure as failure:
        return failure.message
    return ""


# --- patients' chains ----------------------------------------------------------------------------------------------


def _check_chains(connection: Connection, report: Report) -> Iterator[Finding]:
    """Every patient's lines count 1, 2, 3 … and each names the hash of the one before."""
    last: Line | None = None
    for line in stored_lines.by_patient(connection):
        if line.misshapen or line.patient_key is None or line.patient_seq is None:
            continue
        if last is None or line.patient_key != last.patient_key:
            report.patients += 1
            last = None
        expected = 1 if last is None else (last.patient_seq or 0) + 1
        if line.patient_seq < expected:
            yield _between(connection, "this patient has two lines of one number", last, line, report)
            continue
        if line.patient_seq > expected:
            yield _between(connection, f"this patient's line {expected} is missing", last, line, report)
        elif _previous(line) != (None if last is None else encode_hash(leaf_hash(last.entry))):
            what = "this patient's line before this one is not the one it continues"
            yield _between(connection, what, last, line, report)
        last = line


def _between(connection: Connection, what: str, last: Line | None, line: Line, report: Report) -> Finding:
    """Where it may be: between the two lines of the patient, but not where the tree is proved."""
    *before, place = [one.leaf_index for one in with_places(connection, [one for one in (last, line) if one])]
    if place is None:
        return Finding(what, ticket=line.ticket)
    low, high = sorted(((before or [0])[0] or 0, place))
    return Finding(what, min(max(low, report.proved), high), high, line.ticket)


def _previous(line: Line) -> str | None:
    try:
        link = decode_entry(line.entry).link
    except IntegrityFailure:
        return ""
    return None if link is None else link.previous


# --- witnesses -----------------------------------------------------------------------------------------------------


def _check_cosignatures(connection: Connection, witnesses: Sequence[VerifierKey], report: Report) -> Iterator[Finding]:
    for kept in stored(connection):
        report.cosignatures += 1
        try:
            verified = _cosigned(kept, witnesses)
        except IntegrityFailure as failure:
            yield Finding(f"the co-signature of the checkpoint of size {kept.size}: {failure.message}")
            continue
        report.witnessed = max(report.witnessed, kept.size if verified else 0)


def _cosigned(kept: Kept, witnesses: Sequence[VerifierKey]) -> bool:
    """Whether the co-signature verifies; False when its witness's key was not given. Raises IntegrityFailure when it does not."""
    if [type(value) for value in (kept.size, kept.witness, kept.at, kept.line, kept.note)] != [int, str, int, str, str]:
        raise IntegrityFailure("its columns hold values of another kind, or there is no such checkpoint.")
    line = read_signature_line(kept.line.removesuffix("\n"))
    if line.name != kept.witness or line.written() != kept.line:
        raise IntegrityFailure("its line does not agree with the row that holds it.")
    key = next((known for known in witnesses if line.is_of(known)), None)
    if key is None:
        if any(known.name == line.name for known in witnesses):
            raise IntegrityFailure("it is not of the witness's key.")
        return False
    checkpoint = read_checkpoint(str(kept.note))
    if verify_cosignature(checkpoint.text, kept.line, key) * SECOND != kept.at or checkpoint.size != kept.size:
        raise IntegrityFailure("its line does not agree with the row that holds it.")
    return True
