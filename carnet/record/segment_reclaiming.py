"""Giving back the room of destroyed documents: a segment in which nothing can be read any more is removed; one that is mostly so is emptied.

Living frames are copied as they are, encrypted: no key is needed. The order: copied and synced, then all places changed in one transaction
that finds each row as it was read, then, after some days, the old segment retired, and only then its bytes removed. So many days old may a
backup of the database be that still finds every document.
"""

from __future__ import annotations

from dataclasses import dataclass

from carnet.errors import IntegrityFailure
from carnet.platform import Connection
from carnet.record.gate import Gate
from carnet.record.segment_scrubbing import DAY
from carnet.repository.documents import move_document, standing
from carnet.repository.segment_files import Digested
from carnet.repository.segment_states import SegmentState, emptied, mark, mostly_erased, retired

BATCH = 100
LATE = 30 * DAY
"""How long the bytes of a retired segment are looked for again: an upload may come late."""


@dataclass(frozen=True, slots=True)
class SegmentReclaimer:
    """Works at the command line, beside a service that runs."""

    gate: Gate
    wait_days: int

    @property
    def before(self) -> int:
        """Segments that were closed and emptied before this moment may go."""
        return self.gate.platform.clock() - self.wait_days * DAY

    def empty(self, living_percent: int) -> int:
        """Copies the documents out of segments of which at most this part can still be read; returns how many.

        Raises IntegrityFailure when such a segment is damaged, OutOfResources.
        """
        a_day_ago = self.gate.platform.clock() - DAY
        worth_it = self.gate.read(lambda connection: mostly_erased(connection, a_day_ago, living_percent, BATCH))
        return sum(self._copy(state) for state in worth_it)

    def remove(self) -> int:
        """Removes segments in which nothing can be read; returns how many. Raises OutOfResources."""
        platform = self.gate.platform
        names = self.gate.administer(self._retire)
        for state in self.gate.read(lambda connection: retired(connection, platform.clock() - LATE)):
            platform.segment_files.destroy(state.name)
        return len(names)

    def _retire(self, connection: Connection) -> list[str]:
        names = [state.name for state in emptied(connection, self.before, BATCH)]
        for name in names:
            mark(connection, name, "retired_at", now=self.gate.platform.clock())
        return names

    def _copy(self, state: SegmentState) -> int:
        """Copies from a whole segment alone: a damaged frame is not to look like a fresh one."""
        platform = self.gate.platform
        known = Digested(state.size, state.sha256)
        if platform.segment_files.digest(state.name) != known and not platform.segment_files.stands(state.name, known):
            raise IntegrityFailure("A segment is damaged: `carnet documents scrub` tells more.")
        living = self.gate.read(lambda connection: standing(connection, state.name))
        moved = [(one, platform.segments.copy(one.place, one.unique_id)) for one in living]
        platform.segments.sync()

        def work(connection: Connection) -> None:
            mark(connection, state.name, "emptied_at", now=platform.clock())
            for one, place in moved:
                move_document(connection, one, place)

        self.gate.administer(work)
        return len(moved)
