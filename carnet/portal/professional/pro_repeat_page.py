"""Before prescribing an examination: which like it are in the record already, within a stated time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from starlette.responses import Response

from carnet.cda.comparability import is_final
from carnet.cda.repeated_examinations import Likeness, Order
from carnet.cda.result_model import LOINC
from carnet.metadata import Code
from carnet.portal.patient.result_words import ShownResult, shown_result
from carnet.portal.professional.pro_visit import ProVisit
from carnet.portal.professional.pro_waiting import filled
from carnet.record.done_examinations import LONGEST, DoneExaminations, Earlier, done_examinations

LONGEST_WORDS = 100
PERIODS = (30, 90, 180, 365, 730, 1_825)
"""Days that the page offers, beside those of the setting."""
MODALITIES = MappingProxyType(
    {
        # DICOM PS3.16 CID 29: what a prescriber orders by
        "DX": "Radiographie",
        "CT": "Scanner (TDM)",
        "MR": "IRM",
        "US": "Échographie",
        "MG": "Mammographie",
        "NM": "Scintigraphie",
        "PT": "TEP",
    }
)
_DCM = "1.2.840.10008.2.16.4"


@dataclass(frozen=True, slots=True)
class _Line:
    """One earlier examination in words; `result` of a laboratory alone."""

    earlier: Earlier
    result: ShownResult | None


async def show(visit: ProVisit) -> Response:
    """The question, and its answer where one was asked. Asking changes nothing, so it stands in the address."""
    asked = visit.request.query_params
    words = " ".join(asked.get("examen", "").split())[:LONGEST_WORDS]
    modality = asked.get("modalite", "") if asked.get("modalite", "") in MODALITIES else ""
    days = _days(asked.get("jours", ""), visit.space.gate.platform.settings.repeat_days)
    order = order_of(words, modality)
    found = await filled(visit, partial(done_examinations, (order,), days)) if order.says_something else None
    return visit.page(
        "pro_examinations_done.html",
        words=words,
        modality=modality,
        modalities=MODALITIES,
        days=days,
        periods=sorted({*PERIODS, days}),
        too_short=bool(words or asked.get("modalite")) and found is None,
        found=found,
        lines=_lines(found, visit.language) if found is not None else (),
        kinds=Likeness,
    )


def order_of(words: str, modality: str) -> Order:
    """What is asked for: a LOINC code typed as it is, or words, and a modality."""
    codes = (Code(words, LOINC),) if _is_loinc(words) else ()
    return Order("" if codes else words, codes, (Code(modality, _DCM),) if modality else ())


def _is_loinc(words: str) -> bool:
    """A number, a dash, a check digit."""
    number, dash, check = words.partition("-")
    return (
        bool(dash)
        and number.isdigit()
        and number.isascii()
        and len(number) <= 7
        and check.isdigit()
        and len(check) == 1
    )


def _days(text: str, usual: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:5]) <= LONGEST else usual


def _lines(found: DoneExaminations, language: str) -> list[_Line]:
    return [
        _Line(one, shown_result(one.result, language, final=is_final(one.result)) if one.result is not None else None)
        for _, earlier in found.orders
        for one in earlier
    ]
