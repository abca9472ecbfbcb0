"""Access: who entered, who may, who may not, the general choices, and the export of the trail."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from starlette.responses import Response

from carnet.errors import MalformedMessage, UnknownDocument
from carnet.portal.dates_in_words import day
from carnet.portal.patient.report_pages import line_handle
from carnet.portal.visit import Visit, see_other
from carnet.record.own_circle import OwnCircle, Party
from carnet.record.own_trail import WHO, OwnTrail, ToldLine
from carnet.record.patient_acts import PatientActs

PAGE = 30
CHANGES = {
    # what the form says: the act, and what the page says afterwards
    "bloquer": (PatientActs.block, "bloque"),
    "debloquer": (PatientActs.unblock, "debloque"),
    "autoriser": (PatientActs.authorise, "autorise"),
    "retirer": (PatientActs.end_authorisation, "retire"),
    "quitter": (PatientActs.leave_team, "retire"),
}
CHOICES = ("opposes_bris_de_glace", "opposes_centre_15", "masked_in_emergency", "masks_everything")


async def trail(visit: Visit) -> Response:
    """Who entered: emergencies first, then everything, newest first."""
    asked = visit.request.query_params
    who = asked.get("qui", "others")
    who = who if who in WHO else "others"
    offset = asked.get("depuis", "0")
    start = int(offset) if offset.isascii() and offset.isdigit() and len(offset) < 9 else 0
    start -= start % PAGE
    told = visit.desk(OwnTrail).told(visit.patient, visit.language, who=who, offset=start, limit=PAGE)
    groups, named = episodes(told.lines), partial(line_handle, visit)
    return visit.page("trail.html", told=told, groups=groups, who=who, offset=start, page_size=PAGE, handle=named)


def episodes(lines: Iterable[ToldLine]) -> list[tuple[ToldLine, list[ToldLine]]]:
    """Lines of the same person on the same day (Paris) that follow each other: the newest, and the others."""
    found: list[tuple[ToldLine, list[ToldLine]]] = []
    for line in lines:
        before = found[-1][0] if found else None
        if (
            before is not None
            and line.actor
            and (line.actor, day(line.at, "fr")) == (before.actor, day(before.at, "fr"))
        ):
            found[-1][1].append(line)
        else:
            found.append((line, []))
    return found


async def circle(visit: Visit) -> Response:
    """Who may enter and who may not."""
    return visit.page("circle.html", circle=visit.desk(OwnCircle).circle(visit.patient), wrong="")


async def party(visit: Visit) -> Response:
    """One professional, by the number that was typed or followed; what may be changed, and what it would do."""
    number = visit.request.query_params.get("numero", "").replace(" ", "")[:64]
    try:
        found = _find(visit, number)
    except UnknownDocument:
        known = visit.desk(OwnCircle).circle(visit.patient)
        return visit.page("circle.html", status=404, circle=known, wrong=number or "-")
    return visit.page("party.html", party=found)


def _find(visit: Visit, number: str) -> Party:
    """By PS_IdNat, or by the RPPS number alone, which is what a prescription shows."""
    desk = visit.desk(OwnCircle)
    if number.isascii() and number.isdigit() and len(number) == 11:
        return desk.party(visit.patient, f"8{number}")
    return desk.party(visit.patient, number)


async def change_party(visit: Visit) -> Response:
    """Blocks, unblocks, lets in or takes back."""
    fields = await visit.form()
    act, said = CHANGES.get(fields.get("action", ""), (None, ""))
    number = fields.get("numero", "")[:64]
    if act is None or not number:
        raise MalformedMessage("This form names no act.")
    act(visit.desk(PatientActs), visit.patient, number)
    return see_other(f"/acces/qui?fait={said}")


async def choose(visit: Visit) -> Response:
    """Writes the general choices of the form: a box that is not ticked is a no."""
    fields = await visit.form()
    desk = visit.desk(OwnCircle)
    standing = desk.circle(visit.patient).choices
    for name in CHOICES:
        if standing[name] != (fields.get(name) == "oui"):
            desk.choose_by_name(visit.patient, name, value=not standing[name])
    return see_other("/acces/qui?fait=choix")


async def export_page(visit: Visit) -> Response:
    """What the export is, and how it is proved."""
    return visit.page("trail_export.html")


async def export(visit: Visit) -> Response:
    """The file."""
    await visit.form()
    data = visit.desk(OwnTrail).export(visit.patient)
    headers = {"content-disposition": 'attachment; filename="historique-carnet.jsonl"'}
    return Response(data, media_type="application/octet-stream", headers=headers)
