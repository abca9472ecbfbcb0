"""Comparing what lies still: each segment's copies with its digest, again and again, and mending one copy from the other."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial

from carnet.platform import Connection
from carnet.record.gate import Gate
from carnet.repository.segment_files import Digested, SegmentFiles
from carnet.repository.segment_states import SegmentState, distrust, find_state, heal, mark, unchecked

DAY = 24 * 3600 * 1_000_000
_LOG = logging.getLogger("carnet.repository")


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found of one segment: whether the file here and the store's object are whole, None for one that is not there to be."""

    name: str
    here: bool | None
    far: bool | None

    @property
    def whole(self) -> bool:
        """Whether any copy is."""
        return bool(self.here or self.far)


@dataclass(frozen=True, slots=True)
class SegmentScrubber:
    """Compares one segment after the other. `next_one` and `note` belong to the thread of the gate, `compare` to any."""

    gate: Gate

    @property
    def files(self) -> SegmentFiles:
        """Where the bytes are."""
        return self.gate.platform.segment_files

    def next_one(self, before: int | None = None) -> SegmentState | None:
        """A segment that was last compared before a moment (microseconds UTC), else before the setting's days."""
        if before is None:
            before = self.gate.platform.clock() - self.gate.platform.settings.documents_scrub_days * DAY
        return self.gate.read(partial(self._next, before=before))

    def compare(self, state: SegmentState) -> Compared:
        """Reads every copy that is reached from here. A damaged file is removed when the store has a whole one. Raises OutOfResources."""
        known = Digested(state.size, state.sha256)
        found = self.files.digest(state.name)
        here = None if found is None else found == known
        in_store = state.verified_at is not None or state.damaged_at is not None
        far = self.files.stands(state.name, known) if in_store and self.files.sealed is not None else None
        if here is False and far:
            self.files.set_aside(state.name)
        return Compared(state.name, here, far)

    def note(self, compared: Compared) -> None:
        """Writes down what was found, raises the alarm, and has the store's copy put again when the one here is whole."""
        if compared.here is False or compared.far is False:
            about = {"segment": compared.name, "reason": f"here {compared.here}, in the store {compared.far}"}
            _LOG.critical("a copy of a segment is damaged", extra=about)
        self.gate.administer(partial(self._note, compared=compared))

    def _next(self, connection: Connection, before: int) -> SegmentState | None:
        for name in self.files.names():
            state = find_state(connection, name)
            if state is not None and state.verified_at is None and (state.scrubbed_at or state.closed_at) < before:
                return state
        return next(iter(unchecked(connection, before, 1)), None) if self.files.sealed is not None else None

    def _note(self, connection: Connection, compared: Compared) -> None:
        name, now = compared.name, self.gate.platform.clock()
        mark(connection, name, "scrubbed_at", now=now)
        if compared.far is False:
            distrust(connection, name)
        if compared.far:
            mark(connection, name, "uploaded_at", now=now)
            mark(connection, name, "verified_at", now=now)
        if compared.whole:
            heal(connection, name)
        elif compared.here is False or compared.far is False:
            mark(connection, name, "damaged_at", now=now)
