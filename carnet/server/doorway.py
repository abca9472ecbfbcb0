"""How many TLS connections may come in while others wait for their turns (docs/decisions/0057-shares-of-the-processor.md).

A handshake costs about as much as a small request, and nothing that comes after it can be told before it. Were all accepted that come,
three times too many would leave nothing of the processor for those that were let in: handshakes, refusals and no answers. So while somebody
waits for a turn as many come in as turns are begun, and half as many more, so that the line stays full; the others wait in the kernel's queue.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from carnet.server.admission import Admission

FOR_EACH_TURN = 1.5
"""Connections that come in for each turn that is begun."""
SAVED_UP = 8.0
"""Connections that may come in at once for turns that were begun before."""
AT_LEAST_EACH = 0.02
"""Seconds after which one more comes in although no turn was begun: probes must be answered whatever those in progress wait for."""


class Doorway:
    """The measure of one worker."""

    def __init__(self, admission: Admission, clock: Callable[[], float] = time.monotonic) -> None:
        self._admission, self._clock = admission, clock
        self._left, self._seen, self._last = SAVED_UP, admission.begun, clock()

    @property
    def open(self) -> bool:
        """Whether one more may come in now."""
        begun = self._admission.begun
        self._left = min(SAVED_UP, self._left + FOR_EACH_TURN * (begun - self._seen))
        self._seen = begun
        return not len(self._admission.room) or self._left >= 1 or self._clock() - self._last >= AT_LEAST_EACH

    def passed(self) -> None:
        """One came in."""
        self._left = max(0.0, self._left - 1)
        self._last = self._clock()
