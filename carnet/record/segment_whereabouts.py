"""Telling what is lost from what is still on the machine that took it, of documents that are neither here nor in the object store."""

from __future__ import annotations

from carnet.clock import DAY
from carnet.platform import Platform
from carnet.repository.segment_states import find_state
from carnet.repository.segments import begun_at

LONGEST = 7 * DAY
"""How long a segment may be on its way before what is missing of it is an alarm."""


def is_on_its_way(platform: Platform, segment: str) -> bool:
    """Whether a segment that is not reached from here was not confirmed in the object store yet, and was begun within `LONGEST`.

    Never without an object store: then there is nowhere else where it could be.
    """
    if platform.segment_files.sealed is None or platform.clock() - begun_at(segment) > LONGEST:
        return False
    state = find_state(platform.connection, segment)
    return state is None or (state.verified_at, state.damaged_at, state.retired_at) == (None, None, None)
