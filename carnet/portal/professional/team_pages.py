"""The care team: who may enter the record and until when (TD1.6); declaring oneself, and leaving (TD0.3)."""

from __future__ import annotations

from starlette.responses import Response

from carnet.errors import MalformedMessage, Refused
from carnet.portal.professional.pro_visit import ProVisit
from carnet.portal.visit import see_other
from carnet.record.care_team import (
    Declaration,
    ListedParty,
    ListMode,
    declare,
    join_care_team,
    leave_care,
    list_parties,
)
from carnet.terminology.value_sets import value_set

G15 = "1.2.250.1.71.1.2.7"


async def show(visit: ProVisit) -> Response:
    """Members and the end of what lets them in; to whom the list is not open, their own place alone."""
    listed = await _listed(visit)
    mine = {visit.caller.requester.identifier, visit.caller.requester.organization_id}
    words = {one.identifier: _profession(one) for one in listed or ()}
    return visit.page("pro_team.html", listed=listed, mine=mine, professions=words, offers=visit.opening.offers)


async def change(visit: ProVisit) -> Response:
    """Declares the professional in the team anew, or ends their place and their authorisation, or their being médecin traitant."""
    fields = await visit.form()
    action = fields.get("action", "")
    if action == "rejoindre" and fields.get("declare") == "oui":
        await visit.perform(join_care_team())
    elif action == "quitter":
        await visit.perform(leave_care())
    elif action == "cesser":
        await visit.perform(declare(Declaration.STOP_BEING_MEDECIN_TRAITANT))
    else:
        raise MalformedMessage("This form names no act.")
    return see_other(visit.path(f"/equipe?fait={action}"))


async def _listed(visit: ProVisit) -> tuple[ListedParty, ...] | None:
    """None for who may not see the list: without a ground to read, and in an emergency (526)."""
    try:
        return await visit.perform(list_parties(ListMode.ACTIVE))
    except Refused:
        return None


def _profession(one: ListedParty) -> str:
    return value_set("J65").display(one.profession, G15) if one.profession else ""
