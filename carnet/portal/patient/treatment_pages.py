"""Medicines and vaccinations, as documents tell them."""

from __future__ import annotations

from functools import partial

from starlette.responses import Response

from carnet.portal.patient.extract_waiting import filled
from carnet.portal.patient.result_words import decimal
from carnet.portal.visit import Visit
from carnet.record.own_medicines import OwnMedicines
from carnet.record.own_vaccinations import OwnVaccinations


async def medicines(visit: Visit) -> Response:
    """Prescribed, dispensed, stated and given, kept apart."""
    found = await filled(visit, partial(visit.desk(OwnMedicines).sheet, visit.patient))
    return visit.page("medicines.html", found=found, decimal=partial(decimal, language=visit.language))


async def vaccinations(visit: Visit) -> Response:
    """Done, due, unknown; made to be printed."""
    found = await filled(visit, partial(visit.desk(OwnVaccinations).card, visit.patient))
    return visit.page("vaccinations.html", found=found, printed_at=visit.space.gate.platform.clock())
