"""Lawful entry: on what the record may be read, each choice with its effect in words; checking the identity; leaving."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from starlette.responses import Response

from carnet.authorization.roles import Kind, is_coordinating_doctor, is_occupational, kind_of
from carnet.errors import MalformedMessage, ReasonRequired, Refused
from carnet.portal.professional.pro_visit import ENTRY, ProVisit, aside
from carnet.portal.shell import file_of
from carnet.portal.visit import see_other
from carnet.record.care_team import Declaration, declare, join_care_team
from carnet.record.record_opening import enter_in_emergency, entry_terms, leave_record, make_secret, state_identity
from carnet.record.step_up import StepUpNeeded
from carnet.requester import AccessMode, Requester

LONGEST_REASON = 400
EMERGENCIES = (AccessMode.BRIS_DE_GLACE.value, AccessMode.CENTRE_15.value)
Choice = Callable[[ProVisit, Requester, Mapping[str, str]], Awaitable[None]]


async def show(visit: ProVisit) -> Response:
    """The choices; who may read already goes on to the record, to the page that was asked for."""
    if visit.opening.may_read:
        return see_other(visit.destination)
    return _choices(visit)


async def enter(visit: ProVisit) -> Response:
    """Does what was chosen, by the act that care software has for it, and goes on to the record."""
    fields = await visit.form()
    choice = CHOICES.get(fields.get("acces", ""))
    if choice is None:
        raise MalformedMessage("This form names no way in.")
    try:
        await choice(visit, await _asking(visit, fields), fields)
    except ReasonRequired:
        return _choices(visit, status=422, wrong="reason", asked=fields)
    except StepUpNeeded:
        file_of(visit.request, visit.path(aside(ENTRY, visit.wish)))
        raise  # the page of it leads to it and back
    except Refused:
        return _choices(visit, status=403, wrong="refused", asked=fields)
    return see_other(visit.path(aside(ENTRY, visit.wish)))


async def identity(visit: ProVisit) -> Response:
    """What checking the identity means, and the statement."""
    return visit.page("pro_identity.html")


async def check_identity(visit: ProVisit) -> Response:
    """Takes the statement, with the box ticked."""
    fields = await visit.form()
    if fields.get("controle") != "oui":
        return visit.page("pro_identity.html", status=422, wrong=True)
    await visit.perform(state_identity(visit.handle, visit.caller.session_id))
    return see_other(visit.destination if visit.wish or visit.opening.may_read else visit.path(ENTRY))


async def leave(visit: ProVisit) -> Response:
    """Ends the opening."""
    await visit.form()
    await visit.perform(leave_record(visit.handle, visit.caller.session_id))
    return see_other("/pro?fait=quitte")


def _choices(
    visit: ProVisit, *, status: int = 200, wrong: str = "", asked: Mapping[str, str] | None = None
) -> Response:
    terms = entry_terms(visit.space.gate.platform)
    return visit.page(
        "pro_entry.html", status=status, offers=_offers(visit), terms=terms, wrong=wrong, asked=asked or {}
    )


def _offers(visit: ProVisit) -> frozenset[str]:
    """What the rules would allow, without what would open nothing to this professional."""
    requester, offers = visit.caller.requester, set(visit.opening.offers)
    declares = visit.space.gate.platform.settings.medecin_traitant_by_software
    if kind_of(requester.profession) is not Kind.DOCTOR or is_occupational(requester) or not declares:
        offers.discard("medecin-traitant")
    if is_coordinating_doctor(requester):
        offers.discard("care-team")
    return frozenset(offers)


async def _asking(visit: ProVisit, fields: Mapping[str, str]) -> Requester:
    """Who asks, in a minor's secret connection from now on where that was chosen."""
    if fields.get("secret") != "oui" or visit.opening.secret:
        return visit.requester
    requester = replace(visit.requester, secret_connection=True)
    await visit.space.gate.perform(requester, make_secret(visit.handle, visit.caller.session_id))
    return requester


async def _consent(visit: ProVisit, requester: Requester, fields: Mapping[str, str]) -> None:
    _stated(fields)
    await visit.space.gate.perform(requester, declare(Declaration.AUTHORISE))


async def _team(visit: ProVisit, requester: Requester, fields: Mapping[str, str]) -> None:
    _stated(fields)
    await visit.space.gate.perform(requester, join_care_team())


async def _medecin_traitant(visit: ProVisit, requester: Requester, fields: Mapping[str, str]) -> None:
    _stated(fields)
    visit.space.require_shown(visit.caller)
    await visit.space.gate.perform(requester, declare(Declaration.DECLARE_MEDECIN_TRAITANT))


async def _emergency(visit: ProVisit, requester: Requester, fields: Mapping[str, str]) -> None:
    mode = AccessMode(fields["acces"])
    code, text = fields.get("motif", ""), " ".join(fields.get("phrase", "").split())[:LONGEST_REASON]
    if mode is AccessMode.BRIS_DE_GLACE and code not in entry_terms(visit.space.gate.platform).reasons:
        raise ReasonRequired("A coded reason is to be chosen.")
    reason = f"{code}: {text}" if mode is AccessMode.BRIS_DE_GLACE else text
    urgent = replace(requester, mode=mode, reason=reason)
    await visit.space.gate.perform(urgent, enter_in_emergency(visit.handle, visit.caller.session_id))


def _stated(fields: Mapping[str, str]) -> None:
    """Whether the professional ticked that it is so (EX_0.3-1010: always an explicit act of the user's)."""
    if fields.get("declare") != "oui":
        raise MalformedMessage("The statement of this form was not made.")


CHOICES: Mapping[str, Choice] = {
    "consentement": _consent,
    "equipe": _team,
    "medecin-traitant": _medecin_traitant,
    **dict.fromkeys(EMERGENCIES, _emergency),
}
