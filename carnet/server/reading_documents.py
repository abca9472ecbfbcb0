"""Reading new documents for the search while the service runs: in a thread of its own, one after another, and when little else is to be done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from carnet.record.extract_filling import fill_fresh
from carnet.record.gate import Gate

_LOG = logging.getLogger("carnet.extracts")
BETWEEN = 1.0
"""Seconds between two rounds."""
IN_A_ROUND = 16
"""Documents of one round."""
CALM = 2
"""Requests in progress up to which a document is begun."""
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
            await _read_some(gate, in_progress)
        except Exception:  # noqa: BLE001 - the log tells it
            _LOG.exception("new documents could not be read")
        waited = 0


async def _read_some(gate: Gate, in_progress: Callable[[], int]) -> None:
    """One document, then others as long as it stays calm: each costs more processor time than many requests."""
    for _ in range(IN_A_ROUND):
        await fill_fresh(gate, 1)
        if not len(gate.platform.fresh) or in_progress() > CALM:
            return
