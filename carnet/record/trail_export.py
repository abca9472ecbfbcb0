"""Handing a patient's trail over: a file that proves itself, with nothing left out up to the moment it names (security §4.3).

Which documents a line names stays closed where the patient may not know of one of them yet: the line and its proof are there all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from carnet.audit.checkpoint import Checkpoint
from carnet.audit.cosignatures import cosigned_note, last_cosigned
from carnet.audit.event import AuditEvent, decode_entry
from carnet.audit.exported_trail import (
    FORM,
    WITHHOLDABLE,
    ExportedCheckpoint,
    ExportedStatement,
    Header,
    Statement,
    Witnessed,
    digest_of,
    exported_entry,
    hashes,
    write_line,
)
from carnet.audit.journal import append as append_to_journal
from carnet.audit.merkle import ProofBuilder, leaf_hash
from carnet.audit.openings import unseal
from carnet.audit.sentences import Viewer
from carnet.audit.signed_note import VerifierKey, open_note, write_note
from carnet.audit.stored_lines import Line, leaf_hashes, of_patient
from carnet.errors import IntegrityFailure
from carnet.identity.patients import Patient
from carnet.metadata import PatientIdentifier
from carnet.platform import Connection, PatientKey
from carnet.record.gate import Gate
from carnet.record.operator_desk import administer_known
from carnet.record.operator_line import known_patient
from carnet.record.trail_view import hidden_documents

Ask = Callable[[], object]


@dataclass(frozen=True, slots=True)
class _Moment:
    """A patient's trail when nothing could be added to it: its last line, and the checkpoint that has it."""

    patient: Patient
    key: PatientKey
    checkpoint: Checkpoint
    at: int


def export_trail(
    gate: Gate, patient: PatientIdentifier, *, operator: str, by_holder: bool = False, ask_witness: Ask | None = None
) -> bytes:
    """The file of one patient's trail; the export is traced first and is its last entry, as the holder's own act where it is.

    `ask_witness` is called once the checkpoint stands and before it is written out; what it raises is raised. Raises UnknownPatient, also
    when the person's key is destroyed, IntegrityFailure when a line of the trail does not hold.
    """
    gate.warm()
    moment = _trace_and_seal(gate, patient, operator, by_holder=by_holder)
    if ask_witness is not None:
        ask_witness()

    def read(connection: Connection) -> _Written:
        hidden = hidden_documents(gate.platform, connection, patient, Viewer.HOLDER)
        return _lines(connection, moment, trace_key(gate), hidden)

    written = gate.read(read)
    return b"".join([*written.lines, write_line(_statement(gate, moment, written))])


def trace_key(gate: Gate) -> VerifierKey:
    """The verifier key of this trace's checkpoints and statements."""
    platform = gate.platform
    return VerifierKey(platform.settings.audit_origin, platform.keyring.checkpoint_public_key())


def _trace_and_seal(gate: Gate, patient: PatientIdentifier, operator: str, *, by_holder: bool) -> _Moment:
    platform = gate.platform
    action = "patient/export-trail" if by_holder else "administration/export-trail"

    def work(connection: Connection) -> _Moment:
        known = known_patient(platform, connection, patient)
        key, now = platform.keyring.patient_key(known.pseudonym), platform.clock()
        event = AuditEvent(
            action=action,
            outcome="done",
            at=now,
            requester_id=patient.value if by_holder else operator,
            requester_role="holder" if by_holder else "operator",
            software=operator if by_holder else "",
            patient=patient.cx(),
        )
        append_to_journal(connection, event, patient_key=known.patient_key, key=key)
        newest = None
        while (sealed := gate.seal_within(platform.connection)) is not None:
            newest = sealed
        assert newest is not None
        return _Moment(known, key, newest, now)

    return administer_known(gate, operator, action, (patient,), work)


@dataclass(frozen=True, slots=True)
class _Written:
    lines: list[bytes]
    last: int
    leaf: bytes


def _lines(connection: Connection, moment: _Moment, key: VerifierKey, hidden: frozenset[str]) -> _Written:
    """Everything before the statement: the lines of the trail that the checkpoint has, in one read of the tree."""
    checkpoint = moment.checkpoint
    of_trail = [line for line in of_patient(connection, moment.patient.patient_key) if _in_tree(line, checkpoint)]
    proofs = ProofBuilder(checkpoint.size, [line.leaf_index or 0 for line in of_trail])
    older = last_cosigned(connection, up_to=checkpoint.size)
    continued = _read_tree(connection, checkpoint, proofs, older)
    header = Header(carnet="trail", count=len(of_trail), key=key.encoded(), patient=moment.patient.patient_key, v=FORM)
    entries = [_entry(line, number, moment.key, proofs, hidden) for number, line in enumerate(of_trail, 1)]
    note, _ = cosigned_note(connection, checkpoint)
    witnessed = None
    if older is not None and older.size != checkpoint.size:
        witnessed = Witnessed(cosigned_note(connection, older)[0], hashes(continued))
    end = write_line(ExportedCheckpoint(note, witnessed))
    return _Written([write_line(header), *entries, end], len(of_trail), leaf_hash(of_trail[-1].entry))


def _in_tree(line: Line, checkpoint: Checkpoint) -> bool:
    return line.leaf_index is not None and line.leaf_index < checkpoint.size


def _read_tree(
    connection: Connection, checkpoint: Checkpoint, proofs: ProofBuilder, older: Checkpoint | None
) -> list[bytes]:
    """Reads all leaves once, and proves that the checkpoint continues the older one (nothing to prove without)."""
    continuation: ProofBuilder | None = None
    for index, leaf in enumerate(leaf_hashes(connection, 0, checkpoint.size)):
        if older is not None and index == older.size:
            continuation = proofs.continuing()
        proofs.append(leaf)
        if continuation is not None:
            continuation.append(leaf)
    if proofs.root() != checkpoint.root:
        raise IntegrityFailure(
            "The lines of the trace are not those that were signed: `carnet verify-audit` says where."
        )
    return continuation.consistency() if continuation is not None else []


def _entry(line: Line, number: int, key: PatientKey, proofs: ProofBuilder, hidden: frozenset[str]) -> bytes:
    if line.misshapen:
        raise IntegrityFailure(f"Line {number} of this trail does not hold: `carnet verify-audit` says where.")
    entry = decode_entry(line.entry)
    if line.patient_seq != number or entry.link is None or entry.link.seq != number:
        raise IntegrityFailure(f"Line {number} of this trail is missing: `carnet verify-audit` says where.")
    index = line.leaf_index or 0
    openings = _told(unseal(entry.committed, line.sealed_openings, key), hidden)
    return write_line(exported_entry(line.entry, index, openings, proofs.inclusion(index)))


def _told(openings: Mapping[str, tuple[str, Any]], hidden: frozenset[str]) -> Mapping[str, tuple[str, Any]]:
    """The openings without those that would tell of a hidden document: which ones, and how many, unless a reason stands beside the number."""
    if hidden.isdisjoint(openings["objects"][1]):
        return openings
    reason = openings["purpose"][1][0]
    closed = WITHHOLDABLE if not reason else WITHHOLDABLE - {"purpose"}
    return {name: opening for name, opening in openings.items() if name not in closed}


def _statement(gate: Gate, moment: _Moment, written: _Written) -> ExportedStatement:
    key = trace_key(gate)
    statement = Statement(
        origin=key.name,
        patient=moment.patient.patient_key,
        last=written.last,
        leaf=written.leaf,
        size=moment.checkpoint.size,
        root=moment.checkpoint.root,
        at=moment.at,
        file=digest_of(written.lines),
    )
    note = write_note(statement.text(), key, gate.platform.keyring.sign_checkpoint)
    open_note(note, key)
    return ExportedStatement(note)
