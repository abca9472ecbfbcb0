"""What the pages of a deposit share: their addresses, the act that is spoken of, and what waits."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from carnet.clock import to_datetime
from carnet.metadata import INVISIBLE_PATIENT, MASQUE_PS
from carnet.portal.dates_in_words import PARIS
from carnet.portal.professional.pro_visit import ProVisit
from carnet.record import deposit_drafts
from carnet.record.announcement_rule import told_and_shown
from carnet.record.deposit_kinds import ACTIVITIES, usual_activity
from carnet.record.deposit_making import is_day
from carnet.record.deposit_said import DepositPreparation, Said

PATH = "/deposer"


@dataclass(frozen=True, slots=True)
class Choice:
    """The act or stay that a page speaks of: its day (yyyymmdd) and an activity of `ACTIVITIES`."""

    day: str
    activity: str


def here(visit: ProVisit, draft_id: str = "", step: str = "") -> str:
    """The address of the first page, of one deposit in preparation, or of one of its steps."""
    return visit.path("/".join(one for one in (PATH, draft_id, step) if one))


def today(visit: ProVisit) -> str:
    """The day in Paris, yyyymmdd."""
    return to_datetime(visit.space.gate.platform.clock()).astimezone(PARIS).strftime("%Y%m%d")


def chosen_act(visit: ProVisit) -> Choice:
    """That of the address, up to today; today and what is usual for who asks where it says nothing that can be read."""
    asked = visit.request.query_params
    day = asked.get("jour", "")[:10].replace("-", "")
    activity = asked.get("activite", "")
    usual = Choice(today(visit), usual_activity(visit.requester))
    return Choice(
        day if is_day(day) and day <= usual.day else usual.day, activity if activity in ACTIVITIES else usual.activity
    )


async def preparation_of(visit: ProVisit) -> DepositPreparation:
    """What the address names. Raises UnknownDocument for what is not there, is another's, or has expired."""
    return await visit.perform(deposit_drafts.show(visit.requester, visit.request.path_params["draft"]))


def picture_of(preparation: DepositPreparation) -> str:
    """A preview as the page shows it: a picture in the page itself, or the beginning of a text."""
    if preparation.said.media_type == "text/plain":
        return preparation.preview.decode()
    if not preparation.preview:
        return ""
    return f"data:image/webp;base64,{base64.b64encode(preparation.preview).decode()}"


def visibility_of(said: Said) -> str:
    """The choice of the form that the masks come of."""
    if MASQUE_PS in said.masks:
        return "masque"
    return "invisible" if INVISIBLE_PATIENT in said.masks else "normale"


def release_of(visit: ProVisit, preparation: DepositPreparation) -> tuple[int, int]:
    """When the patient would be told of it and see it, were it hidden from them and deposited now (microseconds UTC)."""
    return told_and_shown(preparation.hidden_since or visit.space.gate.platform.clock())
