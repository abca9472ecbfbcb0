"""Bringing closed segments on their way while the service runs: the network in a thread, the database between two batches of the gate."""

from __future__ import annotations

import asyncio
import logging

from carnet.errors import IntegrityFailure, OutOfResources
from carnet.record.gate import Gate
from carnet.record.segment_keeping import SegmentKeeper
from carnet.record.segment_scrubbing import SegmentScrubber

_LOG = logging.getLogger("carnet.repository")


async def keep_closing(gate: Gate, interval: float) -> None:
    """Closes the file that this worker writes when it is old, so that it goes to the store although few documents come."""
    while True:
        await asyncio.sleep(interval)
        gate.platform.segments.close_old()


async def keep_moving(gate: Gate, interval: float) -> None:
    """All steps that can be done, and one segment's scrubbing, again and again; what fails is logged and tried again."""
    keeper, scrubber = SegmentKeeper(gate), SegmentScrubber(gate)
    while True:
        await asyncio.sleep(interval)
        try:
            await move_once(keeper)
            await scrub_once(scrubber)
        except Exception:  # noqa: BLE001 - the log tells it
            _LOG.exception("segments could not be kept")


async def move_once(keeper: SegmentKeeper) -> None:
    """One round: every segment until its next step fails or nothing is left."""
    keeper.failing.clear()
    while (task := keeper.next_step()) is not None:
        try:
            keeper.note(await asyncio.to_thread(keeper.carry_out, task))
        except (OutOfResources, IntegrityFailure) as error:
            keeper.failed(task, error)


async def scrub_once(scrubber: SegmentScrubber) -> None:
    """Compares one segment that was not compared for long."""
    state = scrubber.next_one()
    if state is not None:
        scrubber.note(await asyncio.to_thread(scrubber.compare, state))
