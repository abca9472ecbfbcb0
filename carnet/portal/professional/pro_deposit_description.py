"""The second page of a deposit: what the document is, and who sees it."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from carnet.metadata import INVISIBLE_REPRESENTANTS_LEGAUX
from carnet.portal.professional.pro_deposit_steps import (
    here,
    picture_of,
    preparation_of,
    release_of,
    today,
    visibility_of,
)
from carnet.portal.professional.pro_visit import ProVisit
from carnet.portal.visit import see_other
from carnet.record import deposit_drafts
from carnet.record.deposit_kinds import ACTIVITIES, SETTINGS, offered_types, setting_code
from carnet.record.deposit_making import VISIBILITIES, faults_of, mask_faults
from carnet.record.deposit_said import DepositPreparation, Said


async def description(visit: ProVisit) -> Response:
    """What the document is and who sees it, filled in."""
    preparation = await preparation_of(visit)
    return await _describing(visit, preparation, preparation.said)


async def _describing(
    visit: ProVisit, preparation: DepositPreparation, said: Said, *, wrong: tuple[str, ...] = ()
) -> Response:
    platform = visit.space.gate.platform
    return visit.page(
        "pro_deposit_description.html",
        status=422 if wrong else 200,
        preparation=preparation,
        said=said,
        picture=picture_of(preparation),
        types=offered_types(platform, visit.requester, platform.clock()),
        settings_offered=[setting_code(one) for one in SETTINGS],
        activities=tuple(ACTIVITIES),
        visibility=visibility_of(said) if said.described or said.replaces else "",
        minor=deposit_drafts.is_minor(visit.opening.traits.birth_date, platform.clock()),
        release=release_of(visit, preparation),
        at=here(visit, preparation.draft_id),
        today=today(visit),
        wrong=wrong,
    )


async def describe(visit: ProVisit) -> Response:
    """Writes what the professional says; what is wrong is told beside its field, and what was typed stays."""
    fields = await visit.form()
    preparation = await preparation_of(visit)
    said, wrong = _typed(visit, preparation.said, fields)
    if wrong:
        return await _describing(visit, preparation, said, wrong=wrong)
    described = msgspec.structs.replace(said, described=True, faults=())
    await visit.perform(deposit_drafts.describe(visit.requester, preparation.draft_id, described))
    return see_other(here(visit, preparation.draft_id, "verification"))


def _typed(visit: ProVisit, known: Said, fields: dict[str, str]) -> tuple[Said, tuple[str, ...]]:
    """What a form says, and what is wrong with it. That something is said of who sees the document is asked every time (EX-2.1-1050)."""
    platform = visit.space.gate.platform
    minor = deposit_drafts.is_minor(visit.opening.traits.birth_date, platform.clock())
    visibility, representatives = fields.get("visibilite", ""), fields.get("representants", "")
    hidden = (INVISIBLE_REPRESENTANTS_LEGAUX,) if representatives == "invisible" else ()
    unsaid = ["visibility"] * (visibility not in VISIBILITIES)
    unsaid += ["representatives"] * (minor and representatives not in {"visible", "invisible"})
    said = msgspec.structs.replace(known, masks=(*VISIBILITIES.get(visibility, ()), *hidden), described=not unsaid)
    if known.form == "cda":
        return said, (*unsaid, *mask_faults(said, minor=minor))
    said = msgspec.structs.replace(
        said,
        title=fields.get("titre", "")[:256],
        type=fields.get("type", ""),
        began=fields.get("debut", "")[:10].replace("-", ""),
        ended=fields.get("fin", "")[:10].replace("-", ""),
        setting=fields.get("cadre", ""),
        activity=fields.get("activite", ""),
    )
    return said, (*unsaid, *faults_of(platform, visit.requester, said, minor=minor, today=today(visit)))


async def give_up(visit: ProVisit) -> Response:
    """Drops what was prepared."""
    await visit.form()
    await visit.perform(deposit_drafts.give_up(visit.requester, visit.request.path_params["draft"]))
    return see_other(f"{here(visit)}?fait=abandonne")
