"""Depositing without software of one's own begins: a file is chosen, made safe or proved, and what can be known of it is filled in.

Each step is a page that works without a script: this one, `pro_deposit_description`, `pro_deposit_confirmation`.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from carnet.errors import DuplicateIdentifier, StatusTransition, TooLarge
from carnet.portal.file_forms import FileForm
from carnet.portal.professional import pro_deposit_files
from carnet.portal.professional.pro_deposit_files import Wrong
from carnet.portal.professional.pro_deposit_list import changed_meanwhile
from carnet.portal.professional.pro_deposit_steps import chosen_act, here, today
from carnet.portal.professional.pro_visit import ProVisit
from carnet.portal.visit import see_other
from carnet.record import deposit_drafts
from carnet.record.deposit_kinds import (
    ACTIVITIES,
    offered_types,
    suggested_type,
    type_code,
    usual_activity,
    usual_setting,
)
from carnet.record.deposit_making import refused_for
from carnet.record.deposit_said import Said, ToReplace
from carnet.record.draft_keeping import Full, new_draft_id
from carnet.record.kind_suggestion import date_for
from carnet.record.portal_deposit import MASKS, may_seal


async def choose(visit: ProVisit) -> Response:
    """Where a deposit begins: what the law asks for, what was begun before, and a file to choose."""
    try:
        return await _choosing(visit, replaces=visit.request.query_params.get("remplace", "")[:128])
    except StatusTransition:
        return await changed_meanwhile(visit)


async def _choosing(visit: ProVisit, *, replaces: str = "", wrong: Sequence[Wrong] = (), status: int = 200) -> Response:
    if not may_seal(visit.space.gate.platform):
        return visit.page("pro_deposit_closed.html")
    chosen = chosen_act(visit)
    found = await visit.perform(deposit_drafts.desk(visit.requester, chosen.activity, chosen.day))
    replaced: ToReplace | None = None
    if replaces:
        replaced = await visit.perform(deposit_drafts.to_replace(visit.requester, replaces))
    return visit.page(
        "pro_deposit.html",
        status=status,
        desk=found,
        replaced=replaced,
        replaces=replaces,
        chosen=chosen,
        activities=tuple(ACTIVITIES),
        draft_id=new_draft_id(),
        wrong=wrong,
        limit=pro_deposit_files.most_bytes(visit.space.gate.platform),
        today=today(visit),
    )


async def begin(visit: ProVisit) -> Response:
    """Takes the file in: pictures, PDF and text are made safe; a CDA is proved and kept as it came."""
    if not may_seal(visit.space.gate.platform):
        return visit.page("pro_deposit_closed.html", status=409)
    try:
        form = await visit.files()
    except TooLarge:
        return await _choosing(visit, wrong=(Wrong("FILE_SIZE"),), status=413)
    replaces = form.fields.get("remplace", "")[:128]
    said = Said(replaces=replaces)
    try:
        said = await _replacing(visit, said) if replaces else said
    except StatusTransition:
        return await changed_meanwhile(visit)
    draft_id = await asyncio.to_thread(_named, form)
    taken = await pro_deposit_files.taken(visit, form.files, said, draft_id)
    if taken.wrong:
        return await _choosing(visit, replaces=replaces, wrong=taken.wrong, status=422)
    filled = _filled_in(visit, taken.said, taken.text)
    try:
        act = deposit_drafts.begin(visit.requester, draft_id, filled, taken.content, taken.preview)
        return see_other(here(visit, await visit.perform(act), "description"))
    except StatusTransition:
        return await changed_meanwhile(visit)
    except DuplicateIdentifier as error:
        if error.subject == draft_id:
            return see_other(here(visit, draft_id, "fait"))
        return await _choosing(visit, replaces=replaces, wrong=(Wrong("cda", faults=refused_for(error)),), status=422)
    except Full as full:
        return await _choosing(visit, replaces=replaces, wrong=(Wrong(f"deposit-{full.limit}"),), status=422)


def _named(form: FileForm) -> str:
    """The name of the draft that a form begins: the same for the same form with the same files, so that sending it twice begins one.

    With other files it is another: who goes back to the page and chooses again, also after a deposit, deposits what they chose.
    """
    asked = form.fields.get("brouillon", "")
    if not (len(asked) == 32 and set(asked) <= set("0123456789abcdef")):
        return new_draft_id()
    said = [form.fields.get("remplace", "").encode(), *(one.content for one in form.files)]
    digest = hashlib.sha256(b"".join(hashlib.sha256(one).digest() for one in said))
    return uuid.uuid5(uuid.UUID(hex=asked), digest.hexdigest()).hex


async def _replacing(visit: ProVisit, said: Said) -> Said:
    """What a new version takes of the one whose place it takes; who sees it is filled in as it is now, and said again all the same."""
    known = await visit.perform(deposit_drafts.to_replace(visit.requester, said.replaces))
    versions = await pro_deposit_files.version_of(visit.space.gate.platform, known.located)
    masks = tuple(one for one in MASKS if one in known.masks)
    return msgspec.structs.replace(
        said,
        replaced_uuid=known.entry_uuid,
        title=known.title,
        type=known.type,
        masks=masks,
        set_id=versions[0],
        version=versions[1],
    )


def _filled_in(visit: ProVisit, said: Said, text: str) -> Said:
    """A description filled in from the content, the professional and the situation; the professional corrects it."""
    if said.form == "cda":
        return said
    platform, requester = visit.space.gate.platform, visit.requester
    offered = offered_types(platform, requester, platform.clock())
    seems = suggested_type(text, requester, offered)
    kind = said.type or seems
    day = date_for(text, birth_date=visit.opening.traits.birth_date, today=today(visit))
    return msgspec.structs.replace(
        said,
        suggested=seems,
        type=kind,
        title=said.title or type_code(kind).display,
        began=day or today(visit),
        setting=usual_setting(requester),
        activity=usual_activity(requester),
    )
