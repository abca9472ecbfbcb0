"""Depositing a document without software of one's own: choose, describe, check, deposit. Each step is a page that works without a script."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import msgspec
from starlette.responses import Response

from carnet.clock import to_datetime
from carnet.errors import CarnetError, DuplicateIdentifier, Refused, TooLarge, Unavailable, UnknownDocument
from carnet.metadata import INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX, MASQUE_PS
from carnet.portal.dates_in_words import PARIS
from carnet.portal.professional import pro_deposit_files
from carnet.portal.professional.pro_deposit_files import Wrong
from carnet.portal.professional.pro_visit import ProVisit
from carnet.portal.visit import see_other
from carnet.record import deposit_drafts
from carnet.record.announcement_rule import told_and_shown
from carnet.record.deposit_drafts import DepositPreparation, Done, DraftsFull, Said, ToReplace
from carnet.record.deposit_kinds import (
    ACTIVITIES,
    SETTINGS,
    offered_types,
    setting_code,
    type_code,
    usual_activity,
    usual_setting,
)
from carnet.record.deposit_making import VISIBILITIES, faults_of, making, mask_faults, refused_for
from carnet.record.portal_deposit import NoSeal, may_seal

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


# --- choosing -------------------------------------------------------------------------------------------------------


async def choose(visit: ProVisit) -> Response:
    """Where a deposit begins: what the law asks for, what was begun before, and a file to choose."""
    return await _choosing(visit, replaces=visit.request.query_params.get("remplace", "")[:128])


async def _choosing(visit: ProVisit, *, replaces: str = "", wrong: Sequence[Wrong] = (), status: int = 200) -> Response:
    if not may_seal(visit.space.gate.platform):
        return visit.page("pro_deposit_closed.html")
    chosen = _chosen(visit)
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
        draft_id=deposit_drafts.new_draft_id(),
        wrong=wrong,
        limit=pro_deposit_files.most_bytes(visit.space.gate.platform),
        today=today(visit),
    )


def _chosen(visit: ProVisit) -> Choice:
    asked = visit.request.query_params
    day = asked.get("jour", "")[:10].replace("-", "")
    activity = asked.get("activite", "")
    usual = Choice(today(visit), usual_activity(visit.requester))
    return Choice(
        day if _is_day(day) and day <= usual.day else usual.day, activity if activity in ACTIVITIES else usual.activity
    )


def _is_day(text: str) -> bool:
    try:
        return dt.date(int(text[:4]), int(text[4:6]), int(text[6:])).year > 1900 and len(text) == 8
    except ValueError:
        return False


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
    if replaces:
        said = await _replacing(visit, said)
    draft_id = _named(form.fields.get("brouillon", ""))
    taken = await pro_deposit_files.taken(visit, form.files, said, draft_id)
    if taken.wrong:
        return await _choosing(visit, replaces=replaces, wrong=taken.wrong, status=422)
    filled = _filled_in(visit, taken.said, taken.text)
    try:
        act = deposit_drafts.begin(visit.requester, draft_id, filled, taken.content, taken.preview)
        return see_other(here(visit, await visit.perform(act), "description"))
    except DuplicateIdentifier as error:
        return await _choosing(visit, replaces=replaces, wrong=(Wrong("cda", faults=refused_for(error)),), status=422)
    except DraftsFull as full:
        return await _choosing(visit, replaces=replaces, wrong=(Wrong(f"deposit-{full.limit}"),), status=422)


def _named(asked: str) -> str:
    """The draft's name that the form carries, so that a form sent twice begins one; a new one where it is none."""
    plain = len(asked) == 32 and set(asked) <= set("0123456789abcdef")
    return asked if plain else deposit_drafts.new_draft_id()


async def _replacing(visit: ProVisit, said: Said) -> Said:
    """What a new version takes of the one whose place it takes."""
    known = await visit.perform(deposit_drafts.to_replace(visit.requester, said.replaces))
    versions = await pro_deposit_files.version_of(visit.space.gate.platform, known.located)
    masks = tuple(one for one in (MASQUE_PS, INVISIBLE_REPRESENTANTS_LEGAUX) if one in known.masks)
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
    seems = pro_deposit_files.suggested_type(text, requester, offered)
    kind = said.type or seems
    day = pro_deposit_files.date_for(text, birth_date=visit.opening.traits.birth_date, today=today(visit))
    return msgspec.structs.replace(
        said,
        suggested=seems,
        type=kind,
        title=said.title or type_code(kind).display,
        began=day or today(visit),
        setting=usual_setting(requester),
        activity=usual_activity(requester),
    )


# --- describing -----------------------------------------------------------------------------------------------------


async def description(visit: ProVisit) -> Response:
    """What the document is and who sees it, filled in."""
    preparation = await _preparation(visit)
    return await _describing(visit, preparation, preparation.said)


async def _preparation(visit: ProVisit) -> DepositPreparation:
    return await visit.perform(deposit_drafts.show(visit.requester, visit.request.path_params["draft"]))


async def _describing(
    visit: ProVisit, preparation: DepositPreparation, said: Said, *, wrong: tuple[str, ...] = ()
) -> Response:
    platform = visit.space.gate.platform
    return visit.page(
        "pro_deposit_description.html",
        status=422 if wrong else 200,
        preparation=preparation,
        said=said,
        picture=_picture(preparation),
        types=offered_types(platform, visit.requester, platform.clock()),
        settings_offered=[setting_code(one) for one in SETTINGS],
        activities=tuple(ACTIVITIES),
        visibility=_visibility(said) if said.described or said.replaces else "",
        minor=deposit_drafts.is_minor(visit.opening.traits.birth_date, platform.clock()),
        release=told_and_shown(platform.clock()),
        at=here(visit, preparation.draft_id),
        today=today(visit),
        wrong=wrong,
    )


def _visibility(said: Said) -> str:
    if MASQUE_PS in said.masks:
        return "masque"
    return "invisible" if INVISIBLE_PATIENT in said.masks else "normale"


def _picture(preparation: DepositPreparation) -> str:
    """A preview as the page shows it: a picture in the page itself, or the beginning of a text."""
    if preparation.said.media_type == "text/plain":
        return preparation.preview.decode()
    if not preparation.preview:
        return ""
    return f"data:image/webp;base64,{base64.b64encode(preparation.preview).decode()}"


async def describe(visit: ProVisit) -> Response:
    """Writes what the professional says; what is wrong is told beside its field, and what was typed stays."""
    fields = await visit.form()
    preparation = await _preparation(visit)
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


# --- depositing -----------------------------------------------------------------------------------------------------


async def confirmation(visit: ProVisit) -> Response:
    """A last look before the document is deposited."""
    preparation = await _preparation(visit)
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
        picture=_picture(preparation),
        kind=type_code(said.type),
        setting=setting_code(said.setting) if said.setting else None,
        visibility=_visibility(said),
        hidden_from_representatives=INVISIBLE_REPRESENTANTS_LEGAUX in said.masks,
        release=told_and_shown(visit.space.gate.platform.clock()),
        at=here(visit, preparation.draft_id),
    )


async def deposit(visit: ProVisit) -> Response:
    """Deposits it, and leads to what is said after; a second time leads to the same."""
    await visit.form()
    draft_id = visit.request.path_params["draft"]
    try:
        basis = await visit.perform(deposit_drafts.basis(visit.requester, draft_id))
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
        hidden=INVISIBLE_PATIENT in found.masks,
        release=told_and_shown(found.deposited_at),
        chosen=_chosen(visit),
        today=today(visit),
    )


async def _done(visit: ProVisit, draft_id: str) -> Done | None:
    chosen = _chosen(visit)
    looked = partial(deposit_drafts.deposited, visit.requester, draft_id)
    return await visit.perform(looked(chosen.activity, chosen.day))
