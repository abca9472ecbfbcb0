"""My deposits: in one record, with what may be done to each, and among all records."""

from __future__ import annotations

from starlette.responses import Response

from carnet.errors import (
    CarnetError,
    MalformedMessage,
    Refused,
    StatusTransition,
    Unavailable,
    UnknownDocument,
    VersionMismatch,
)
from carnet.portal.professional.caller_visit import CallerVisit
from carnet.portal.professional.pro_visit import ProVisit
from carnet.portal.visit import see_other
from carnet.record.deposit_drafts import desk
from carnet.record.deposit_said import DepositPreparation
from carnet.record.deposits_everywhere import deposits_everywhere
from carnet.record.document_changes import changing
from carnet.record.own_deposits import CHANGES, own_deposit, own_deposits

PATH = "/depots"
CONFIRMED = frozenset({"supprimer"})
"""Changes that are asked twice: they cannot be undone here."""


async def in_record(visit: ProVisit) -> Response:
    """One's own deposits in the record that is open, and those that were refused and still wait."""
    return await _in_record(visit)


async def changed_meanwhile(visit: ProVisit) -> Response:
    """The same where a document is not any more what a page was made for."""
    return await _in_record(visit, wrong="changed", status=409)


async def _in_record(visit: ProVisit, *, wrong: str = "", status: int = 200) -> Response:
    return visit.page(
        "pro_deposits.html",
        status=status,
        deposits=await visit.perform(own_deposits()),
        waiting=await _waiting(visit),
        list_path=visit.path(PATH),
        deposit_path=visit.path("/deposer"),
        wrong=wrong,
    )


async def _waiting(visit: ProVisit) -> tuple[DepositPreparation, ...]:
    """What is being prepared, where the professional may feed this record at all."""
    try:
        return (await visit.perform(desk(visit.requester, "", ""))).waiting
    except Refused:
        return ()


async def confirm(visit: ProVisit) -> Response:
    """The question before a change that cannot be undone."""
    name = visit.request.path_params["change"]
    if name not in CONFIRMED:
        raise MalformedMessage("This form names no act.")
    one = await visit.perform(own_deposit(visit.request.path_params["document"]))
    return visit.page("pro_deposit_delete.html", deposit=one, list_path=visit.path(PATH))


async def correct(visit: ProVisit) -> Response:
    """Makes one change, and shows the list as it is then."""
    await visit.form()
    name, unique_id = visit.request.path_params["change"], visit.request.path_params["document"]
    if name not in CHANGES:
        raise MalformedMessage("This form names no act.")
    try:
        await visit.perform(changing(unique_id, CHANGES[name], own=True))
    except (Refused, Unavailable, UnknownDocument):
        raise
    except (StatusTransition, VersionMismatch):
        return await changed_meanwhile(visit)
    except CarnetError:
        return await _in_record(visit, wrong="refused", status=422)
    return see_other(f"{visit.path(PATH)}?fait={name}")


async def everywhere(visit: CallerVisit) -> Response:
    """One's own deposits by the portal, in whatever records."""
    asked = visit.request.query_params.get("avant", "")[:20]
    before = int(asked) if asked.isascii() and asked.isdigit() else 0
    page = await visit.perform(deposits_everywhere(before))
    return visit.page("pro_deposits_all.html", found=page)
