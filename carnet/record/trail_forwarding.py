"""Handing the sealed trace over to an operator's collector, batch by batch: nothing is lost, and no request of care waits for it.

Lines are read in one read, sent with no transaction open, and the place is written down afterwards: a process that ends between the two
sends the batch again, under the same identifiers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from carnet.audit.atna_message import AuditSource, Told, audit_message
from carnet.audit.event import decode_entry
from carnet.audit.forwarding import move_on, next_index
from carnet.audit.stored_lines import Line, sealed_from
from carnet.audit.syslog_tls import Header, syslog_message
from carnet.audit.trail import opened
from carnet.errors import IntegrityFailure, UnknownPatient
from carnet.identity.patients import pseudonym_of
from carnet.kill_points import reached
from carnet.platform import Connection, PatientKey
from carnet.record.gate import Gate

BATCH = 500
HandOver = Callable[[Sequence[bytes]], None]
_IN_CLEAR = ("action", "outcome", "mode", "rules")


@dataclass(frozen=True, slots=True)
class Forwarder:
    """One collector by its name, and how it is handed a batch (raises Unavailable when it did not take all of it)."""

    gate: Gate
    collector: str
    hand_over: HandOver

    def forward(self, limit: int = BATCH) -> int:
        """Hands over the next lines, at most `limit`; returns how many. Raises what `hand_over` raises, and the place stays."""
        messages, following = self.gate.read(lambda connection: self._next(connection, limit))
        if not messages:
            return 0
        self.hand_over(messages)
        reached("lines-handed-over")
        now = self.gate.platform.clock()
        self.gate.administer(lambda connection: move_on(connection, self.collector, following, now=now))
        return len(messages)

    def _next(self, connection: Connection, limit: int) -> tuple[list[bytes], int]:
        """The messages of the lines from the collector's place on, and the place after them."""
        place = next_index(connection, self.collector)
        lines = sealed_from(connection, place, limit)
        return [self._message(connection, line) for line in lines], (lines[-1].leaf_index or 0) + 1 if lines else place

    def _message(self, connection: Connection, line: Line) -> bytes:
        settings = self.gate.platform.settings
        source = AuditSource(settings.atna_source, settings.audit_origin, settings.repository_unique_id)
        told = self._told(connection, line)
        header = Header(settings.atna_source, settings.atna_enterprise_number)
        identifier = f"{source.origin}/{told.index}-{_beginning(line.leaf_hash)}"
        return syslog_message(header, told.at, identifier, audit_message(told, source))

    def _told(self, connection: Connection, line: Line) -> Told:
        index = line.leaf_index or 0
        key, pseudonym = self._key(connection, line)
        if key is None:
            return _in_clear(line, index, pseudonym)
        found = opened(line, key)
        return Told(index, _moment(found["at"]), found, problem=found["problem"])

    def _key(self, connection: Connection, line: Line) -> tuple[PatientKey | None, str]:
        """The key that opens the line; None and the pseudonym when it is destroyed."""
        keyring = self.gate.platform.keyring
        if line.patient_key is None:
            return keyring.actor_key(), ""
        pseudonym = pseudonym_of(connection, line.patient_key) or f"patient {line.patient_key}"
        try:
            return keyring.patient_key(pseudonym), pseudonym
        except UnknownPatient:
            return None, pseudonym


def _in_clear(line: Line, index: int, pseudonym: str) -> Told:
    """What an entry says in clear, where nothing opens the rest any more."""
    try:
        entry = decode_entry(line.entry)
    except IntegrityFailure as failure:
        return Told(index, _moment(line.at), {}, pseudonym, failure.message)
    plain: dict[str, Any] = {name: getattr(entry, name) for name in _IN_CLEAR}
    return Told(index, entry.at, plain | {"requester_role": entry.role, "matrix_version": entry.matrix}, pseudonym)


def _moment(at: object) -> int:
    """A column's moment; 0 where somebody put something else there."""
    return at if isinstance(at, int) else 0


def _beginning(leaf: object) -> str:
    """So much of the leaf hash that a trace that was restored and grew otherwise never gives an identifier a second meaning."""
    return leaf.hex()[:16] if isinstance(leaf, bytes) else "none"
