"""Family and carers: who acts for the holder of the open record, for whom the person acts, and a child's space created or refused."""

from __future__ import annotations

import datetime as dt
import hmac
from functools import partial

from starlette.responses import Response

from carnet.clock import DAY, from_datetime
from carnet.errors import InvalidMetadata, MalformedMessage, RecordClosed, Refused, UnknownDocument
from carnet.portal.patient.activation_pages import birth_digits
from carnet.portal.visit import OPERATOR, Visit, handle_of, see_other
from carnet.record.delegations import Delegations
from carnet.record.own_circle import Whose
from carnet.record.own_family import ActedFor, Family, OwnFamily, Relative, people_acted_for
from carnet.record.own_settings import OwnSettings
from carnet.record.patient_room import PatientDesk

SPEAKS_BY_LAW = frozenset({"", "first_representative", "second_representative", "protection"})
"""Who may see and change who acts for the holder: the holder, and those who act by law."""


async def show(visit: Visit) -> Response:
    """Both sides of every link."""
    return _page(visit)


def _page(visit: Visit, *, status: int = 200, wrong: str = "", given: dict[str, str] | None = None) -> Response:
    return visit.page(
        "family.html",
        status=status,
        family=_family(visit),
        acted=_acted(visit),
        handle=partial(handle_of, visit.person),
        relative_handle=partial(_relative_handle, visit),
        wrong=wrong,
        given=given or {},
    )


def _family(visit: Visit) -> Family | None:
    """None where that is not for this person, or the record is not open: the page then says so."""
    if visit.open.kind not in SPEAKS_BY_LAW:
        return None
    try:
        return visit.desk(OwnFamily).family(visit.patient)
    except RecordClosed:
        return None


def _acted(visit: Visit) -> tuple[ActedFor, ...]:
    return people_acted_for(PatientDesk(visit.space.gate, OPERATOR), visit.person.identifier)


def _relative_handle(visit: Visit, relative: Relative) -> str:
    """What names a relative in a form of this session: their number is not sent back and forth."""
    assert relative.identifier is not None
    return handle_of(visit.person, Whose(relative.identifier, "", "relative"))


# --- who acts for the holder ----------------------------------------------------------------------------------------


async def invite(visit: Visit) -> Response:
    """Names a carer, or the second legal representative of a child."""
    fields = await visit.form()
    number, born = fields.get("numero", "")[:40], birth_digits(fields.get("naissance", ""))
    if not born:
        return _page(visit, status=422, wrong="birth", given=fields)
    desk = visit.desk(OwnFamily)
    try:
        if fields.get("qui") == "second":
            named = desk.name_second(visit.patient, number, born)
        else:
            named = desk.name_carer(visit.patient, number, born, ends_at=_end(visit, fields.get("fin", "")))
    except InvalidMetadata as error:
        return _page(visit, status=422, wrong="end" if error.subject == "end" else "nobody", given=fields)
    except Refused as error:
        if not set(error.rules) & {"maximum-carers", "maximum-cared-for", "second-representative"}:
            raise
        return _page(visit, status=422, wrong=error.rules[0], given=fields)
    return see_other("/proches?fait=invite" if named else "/proches?fait=deja")


def _end(visit: Visit, text: str) -> int | None:
    """The end of the last day of a delegation, None for no end. Raises InvalidMetadata for a day that is past, or none."""
    if not text.strip():
        return None
    digits = birth_digits(text) or text.replace("-", "")
    try:
        last = from_datetime(dt.datetime.strptime(digits, "%Y%m%d").replace(tzinfo=dt.UTC))
    except ValueError:
        raise InvalidMetadata("This is no day.", subject="end") from None
    if last < visit.space.gate.platform.clock():
        raise InvalidMetadata("This day is past.", subject="end")
    return last + DAY


async def revoke(visit: Visit) -> Response:
    """Takes back what a carer may do, an invitation, or a link that is over."""
    fields = await visit.form()
    family = visit.desk(OwnFamily).family(visit.patient)
    chosen = next((one for one in family.relatives if one.revocable and _is_named(visit, one, fields)), None)
    if chosen is None or chosen.identifier is None:
        raise UnknownDocument("Nobody of this record is named by the form.")
    visit.desk(Delegations).revoke(visit.patient, chosen.identifier)
    return see_other("/proches?fait=retire")


def _is_named(visit: Visit, relative: Relative, fields: dict[str, str]) -> bool:
    return hmac.compare_digest(_relative_handle(visit, relative).encode(), fields.get("proche", "").encode())


# --- for whom the person acts ---------------------------------------------------------------------------------------


def _chosen(visit: Visit, wanted: str) -> ActedFor:
    """Whom a form or an address names. Raises UnknownDocument, for those of others too."""
    for one in _acted(visit):
        if hmac.compare_digest(handle_of(visit.person, one.whose).encode(), wanted.encode()):
            return one
    raise UnknownDocument("The person acts for nobody of this name.")


async def answer(visit: Visit) -> Response:
    """Accepts or declines to act for somebody: two buttons of the same size."""
    fields = await visit.form()
    if fields.get("reponse") not in {"oui", "non"}:
        raise MalformedMessage("This form answers nothing.")
    accepted = fields["reponse"] == "oui"
    desk = _acting(visit)
    desk.answer(_chosen(visit, fields.get("dossier", "")).whose.identifier, accepted=accepted)
    return see_other("/proches?fait=accepte" if accepted else "/proches?fait=decline")


async def give_up(visit: Visit) -> Response:
    """Acts for somebody no longer."""
    fields = await visit.form()
    _acting(visit).give_up(_chosen(visit, fields.get("dossier", "")).whose.identifier)
    return see_other("/proches?fait=cesse")


def _acting(visit: Visit) -> Delegations:
    return Delegations(visit.space.gate, OPERATOR, visit.person.identifier)


# --- a child's space ------------------------------------------------------------------------------------------------


async def choice(visit: Visit) -> Response:
    """Yes or no to the space of somebody for whom the person acts by law, with equal weight."""
    return _choice(visit, _chosen(visit, visit.request.query_params.get("dossier", "")))


def _choice(visit: Visit, chosen: ActedFor, *, status: int = 200, wrong: bool = False) -> Response:
    handle = handle_of(visit.person, chosen.whose)
    return visit.page("child_choice.html", status=status, chosen=chosen, handle=handle, wrong=wrong)


async def create(visit: Visit) -> Response:
    """Creates it, once the person has certified that they represent the child."""
    fields = await visit.form()
    chosen = _chosen(visit, fields.get("dossier", ""))
    desk = OwnFamily(visit.space.gate, OPERATOR, visit.person.identifier)
    try:
        desk.accept_terms(chosen.whose.identifier, certified=fields.get("certifie") == "oui")
    except InvalidMetadata:
        return _choice(visit, chosen, status=422, wrong=True)
    return see_other("/proches?fait=cree")


async def refuse(visit: Visit) -> Response:
    """Objects within the delay; closes what was opened after it."""
    fields = await visit.form()
    chosen = _chosen(visit, fields.get("dossier", ""))
    desk = OwnSettings(visit.space.gate, OPERATOR, visit.person.identifier)
    if chosen.record == "informed":
        desk.oppose(chosen.whose.identifier)
    else:
        desk.close(chosen.whose.identifier)
    return see_other("/proches?fait=refuse")
