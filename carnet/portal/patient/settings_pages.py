"""Notices and settings: where the person is told, what they want to be told, closing and objecting."""

from __future__ import annotations

from starlette.responses import Response

from carnet.errors import InvalidMetadata, MalformedMessage
from carnet.portal.visit import Visit, see_other
from carnet.record.own_settings import OwnSettings
from carnet.record.own_trail import OwnTrail

TOPICS = ("emergency", "access", "document", "representation", "record", "other")


async def notices(visit: Visit) -> Response:
    """What the record has told the person."""
    return visit.page("notices.html", notices=visit.desk(OwnTrail).notices(visit.patient))


async def show(visit: Visit) -> Response:
    """The settings, for a record in any state."""
    return _settings(visit)


def _settings(visit: Visit, *, status: int = 200, wrong: str = "") -> Response:
    sheet = visit.desk(OwnSettings).sheet(visit.patient)
    may = {right.name.lower() for right in sheet.may}
    return visit.page("settings.html", status=status, sheet=sheet, may=may, wrong=wrong, topics=TOPICS)


async def address(visit: Visit) -> Response:
    """Writes the e-mail address, or says what is wrong with it beside the field."""
    fields = await visit.form()
    given = fields.get("adresse", "").strip()
    try:
        visit.desk(OwnSettings).set_address(visit.patient, given)
    except InvalidMetadata:
        return _settings(visit, status=422, wrong=given or "-")
    return see_other("/reglages?fait=adresse")


async def preferences(visit: Visit) -> Response:
    """Writes on which topics an e-mail goes out."""
    fields = await visit.form()
    desk = visit.desk(OwnSettings)
    for topic in TOPICS:
        desk.prefer(visit.patient, topic, email=fields.get(topic) == "oui")
    return see_other("/reglages?fait=avis")


async def closing(visit: Visit) -> Response:
    """What closing does, before it is done."""
    sheet = visit.desk(OwnSettings).sheet(visit.patient)
    return visit.page("closing.html", sheet=sheet, wrong=False)


async def close(visit: Visit) -> Response:
    """Closes the record, once the person has said that they read what that does."""
    fields = await visit.form()
    if fields.get("compris") != "oui":
        sheet = visit.desk(OwnSettings).sheet(visit.patient)
        return visit.page("closing.html", status=422, sheet=sheet, wrong=True)
    visit.desk(OwnSettings).close(visit.patient)
    return see_other("/reglages?fait=ferme")


async def oppose(visit: Visit) -> Response:
    """Objects to a record that was announced."""
    fields = await visit.form()
    if fields.get("choix") != "opposition":
        raise MalformedMessage("This form says nothing.")
    visit.desk(OwnSettings).oppose(visit.patient)
    return see_other("/reglages?fait=oppose")
