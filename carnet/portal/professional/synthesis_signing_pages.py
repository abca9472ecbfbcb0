"""The synthesis as it will be signed, in the content model that the doctor chooses, and its signature: what is signed is what this page showed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

from starlette.responses import HTMLResponse, Response

from carnet.cda.contents import contents_of
from carnet.cda.header import read_header
from carnet.cda.rendering import PAGE_POLICY, page_of
from carnet.cda.synthesis_layouts import LAYOUTS
from carnet.cda.synthesis_model import Model
from carnet.clock import to_dtm
from carnet.errors import DuplicateIdentifier, UnknownDocument
from carnet.portal.professional.pro_visit import ProVisit
from carnet.portal.visit import see_other
from carnet.record.deposit_drafts import deposited, to_replace
from carnet.record.deposit_kinds import usual_activity
from carnet.record.retrieval import fetch
from carnet.record.step_up import StepUpNeeded
from carnet.record.synthesis_acts import StandingSynthesis, standing
from carnet.record.synthesis_signing import (
    ChangedSince,
    Former,
    SigningBasis,
    basis,
    digest,
    signing,
    written,
)
from carnet.viewing.showing import Drawing
from carnet.viewing.side_room import ROOM


async def review(visit: ProVisit) -> Response:
    """The document as it will be signed, in our own view, and the form of the signature."""
    return await _review_page(visit, visit.request.query_params.get("modele", ""))


async def review_frame(visit: ProVisit) -> Response:
    """The document alone, for the frame of that page."""
    _content, made, former = await _written(visit, visit.request.query_params.get("modele", ""))
    content = written(visit.requester, made, former, signed=to_dtm(visit.space.gate.platform.clock()))
    text = await ROOM.look(partial(_framed, content, visit.language))
    return HTMLResponse(text, headers={"content-security-policy": PAGE_POLICY, "x-frame-options": "SAMEORIGIN"})


async def sign(visit: ProVisit) -> Response:
    """Signs and deposits what was shown, of a doctor who has just shown who they are. Sent twice, it is done once."""
    fields = await visit.form()
    model = fields.get("modele", "")
    try:
        visit.space.require_shown(visit.caller)
    except StepUpNeeded:
        return await _review_page(visit, model, status=403, wrong="step-up")
    with suppress(ChangedSince):
        if await _sign_now(visit, fields) or await _is_signed(visit, fields):
            return see_other(visit.path("/synthese?fait=signer"))
    return await _review_page(visit, model, status=409, wrong="changed")


async def _sign_now(visit: ProVisit, fields: Mapping[str, str]) -> bool:
    """Whether the draft that a form names is signed by it; not where it is signed or dropped already. Raises ChangedSince."""
    platform, shown = visit.space.gate.platform, fields.get("montre", "")
    try:
        _content, made, former = await _written(visit, fields.get("modele", ""))
        if made.draft.name != fields.get("brouillon", ""):
            return False
        act = await asyncio.to_thread(signing, platform, visit.requester, made, former, shown=shown)
        await visit.perform(act)
    except (DuplicateIdentifier, UnknownDocument):
        return False
    return True


async def _is_signed(visit: ProVisit, fields: Mapping[str, str]) -> bool:
    """Whether the draft of a form that is sent a second time has become a document."""
    requester = visit.requester
    act = deposited(requester, fields.get("brouillon", ""), usual_activity(requester), "")
    return await visit.perform(act) is not None


async def _review_page(visit: ProVisit, model: str, *, status: int = 200, wrong: str = "") -> Response:
    """Where nothing is being written, it is signed already or dropped: the page of what stands says which."""
    try:
        content, made, former = await _written(visit, model)
    except UnknownDocument:
        return see_other(visit.path("/synthese"))
    stands: StandingSynthesis = await visit.perform(standing())
    return visit.page(
        "pro_synthesis_review.html",
        status=status,
        draft=made.draft,
        model=made.model,
        added=tuple(part for part in LAYOUTS[made.model].added if made.draft.kept_in(part)),
        shown=digest(content),
        replaces=former is not None,
        another=made.replaces if made.follows_another else "",
        sealed=stands.sealed,
        wrong=wrong,
    )


async def _written(visit: ProVisit, model: str) -> tuple[bytes, SigningBasis, Former | None]:
    """The document but for the moment of its signature, with all that it is made of; `model` as an address or a form names it."""
    requester = visit.requester
    made = await visit.perform(basis(requester))
    made = replace(made, model=Model.VSM if model == Model.VSM else Model.IPS_FR)
    former = None
    if made.replaces:
        found = await visit.perform(to_replace(requester, made.replaces))
        content = await fetch(visit.space.gate.platform, found.located)
        former = Former(read_header(content), found.entry_uuid)
    return written(requester, made, former), made, former


def _framed(content: bytes, language: str) -> str:
    return page_of(contents_of(content, Drawing(), language=language), language=language)
