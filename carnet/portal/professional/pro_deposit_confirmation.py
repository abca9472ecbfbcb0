"""The last page of a deposit: a look at the whole, the deposit, and what is said after."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import msgspec
from starlette.responses import Response

from carnet.errors import CarnetError, DuplicateIdentifier, Refused, StatusTransition, Unavailable, UnknownDocument
from carnet.metadata import INVISIBLE_REPRESENTANTS_LEGAUX
from carnet.portal.professional.pro_deposit_list import changed_meanwhile
from carnet.portal.professional.pro_deposit_steps import (
    chosen_act,
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
from carnet.record.deposit_kinds import setting_code, type_code
from carnet.record.deposit_making import making, refused_for
from carnet.record.deposit_said import DepositPreparation, Done
from carnet.record.portal_deposit import NoSeal


async def confirmation(visit: ProVisit) -> Response:
    """A last look before the document is deposited."""
    preparation = await preparation_of(visit)
    if not preparation.said.described:
        return see_other(here(visit, preparation.draft_id, "description"))
    return _confirming(visit, preparation)


def _confirming(visit: ProVisit, preparation: DepositPreparation, *, status: int = 200) -> Response:
    said = preparation.said
    return visit.page(
        "pro_deposit_check.html",
        status=status,
        preparation=preparation,
        said=said,
        picture=picture_of(preparation),
        kind=type_code(said.type),
        setting=setting_code(said.setting) if said.setting else None,
        visibility=visibility_of(said),
        hidden_from_representatives=INVISIBLE_REPRESENTANTS_LEGAUX in said.masks,
        release=release_of(visit, preparation),
        at=here(visit, preparation.draft_id),
    )


async def deposit(visit: ProVisit) -> Response:
    """Deposits it, and leads to what is said after; a second time leads to the same."""
    await visit.form()
    draft_id = visit.request.path_params["draft"]
    try:
        basis = await visit.perform(deposit_drafts.basis(visit.requester, draft_id))
    except StatusTransition:
        return await changed_meanwhile(visit)
    except UnknownDocument:
        if await _done(visit, draft_id) is None:
            raise
        return see_other(here(visit, draft_id, "fait"))
    if not basis.preparation.said.described:
        return see_other(here(visit, draft_id, "description"))
    try:
        act = await asyncio.to_thread(making, visit.space.gate.platform, visit.requester, basis)
        await visit.perform(act)
    except NoSeal:
        return visit.page("pro_deposit_closed.html", status=409)
    except (Refused, Unavailable):
        raise
    except CarnetError as error:
        if isinstance(error, DuplicateIdentifier) and await _done(visit, draft_id) is not None:
            return see_other(here(visit, draft_id, "fait"))
        return await _refused(visit, basis.preparation, error)
    return see_other(here(visit, draft_id, "fait"))


async def _refused(visit: ProVisit, preparation: DepositPreparation, error: CarnetError) -> Response:
    """Keeps why it was refused with what was prepared, and tells it."""
    said = msgspec.structs.replace(preparation.said, faults=refused_for(error))
    await visit.perform(deposit_drafts.describe(visit.requester, preparation.draft_id, said))
    return _confirming(visit, replace(preparation, said=said), status=422)


async def done(visit: ProVisit) -> Response:
    """What was deposited, and what the law still asks for."""
    found = await _done(visit, visit.request.path_params["draft"])
    if found is None:
        raise UnknownDocument("No such deposit.")
    return visit.page(
        "pro_deposit_done.html",
        deposit=found,
        chosen=chosen_act(visit),
        today=today(visit),
    )


async def _done(visit: ProVisit, draft_id: str) -> Done | None:
    chosen = chosen_act(visit)
    return await visit.perform(deposit_drafts.deposited(visit.requester, draft_id, chosen.activity, chosen.day))
