"""Pages about what documents hold: what was not read yet is read first, for as long as somebody waits; the rest is told in numbers."""

from __future__ import annotations

from collections.abc import Callable

from carnet.portal.patient.extract_waiting import PATIENCE, F
from carnet.portal.professional.pro_visit import ProVisit
from carnet.record.act import Act
from carnet.record.extract_filling import fill


async def filled(visit: ProVisit, act: Callable[[], Act[F]]) -> F:
    """What the act gives; where it lacked something that could be read meanwhile, what it gives then."""
    found = await visit.perform(act())
    if found.missing.unique_ids and await fill(visit.space.gate, found.missing, seconds=PATIENCE):
        return await visit.perform(act())
    return found
