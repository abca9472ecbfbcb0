"""Reading new documents for the search while the service runs: in a thread of its own, a few at a time, and when little else is to be done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from carnet.record.extract_filling import fill_fresh
from carnet.record.gate import Gate

_LOG = logging.getLogger("carnet.extracts")
BETWEEN = 1.0
"""Seconds between two rounds."""
AT_ONCE = 16
"""Documents of one round."""
CALM = 2
"""Requests in progress up to which a round is begun."""
PATIENCE = 20
"""Rounds that are left out for others in a row, before one document is read all the same."""


async def keep_reading(gate: Gate, in_progress: Callable[[], int]) -> None:
    """Reads what this worker was told of, again and again; what fails is logged, and found by the next who asks for it."""
    waited = 0
    while True:
        await asyncio.sleep(BETWEEN)
        waited = waited + 1 if in_progress() > CALM else 0
        if 0 < waited < PATIENCE:
            continue
        try:
            await fill_fresh(gate, 1 if waited else AT_ONCE)
        except Exception:  # noqa: BLE001 - the log tells it
            _LOG.exception("new documents could not be read")
        waited = 0
