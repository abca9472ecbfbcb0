"""The health profile: the whole on one page, and a page for each section, where items are added, corrected, withdrawn, or said to be none."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from carnet.errors import InvalidMetadata, UnknownDocument
from carnet.portal.visit import Visit, see_other
from carnet.record.own_profile import OwnProfile, ShownSection, WrongField, section_named


async def show(visit: Visit) -> Response:
    """All sections with what they hold."""
    return visit.page("profile.html", profile=visit.desk(OwnProfile).profile(visit.patient))


async def section(visit: Visit) -> Response:
    """One section, with its forms."""
    return _section(visit, visit.request.path_params["section"])


def _section(
    visit: Visit,
    name: str,
    *,
    given: Mapping[str, str] | None = None,
    wrong: tuple[str, str] = ("", ""),
    item: str = "",
) -> Response:
    """`given` and `wrong` (field, why) are of the form that came back, that of an item or, with '', that which adds one."""
    profile = visit.desk(OwnProfile).profile(visit.patient)
    return visit.page(
        "profile_section.html",
        status=422 if wrong[1] else 200,
        profile=profile,
        one=_shown(profile.sections, name),
        given=given or {},
        wrong=wrong,
        wrong_item=item,
    )


def _shown(sections: tuple[ShownSection, ...], name: str) -> ShownSection:
    found = next((one for one in sections if one.name == name), None)
    if found is None:
        raise UnknownDocument("This profile has no such section.", subject=name)
    return found


async def add(visit: Visit) -> Response:
    """Adds an item, or says beside the field why not."""
    name, fields = visit.request.path_params["section"], await visit.form()
    try:
        visit.desk(OwnProfile).declare(visit.patient, name, fields)
    except WrongField as error:
        return _section(visit, name, given=fields, wrong=(error.subject, error.why))
    except InvalidMetadata:
        return _section(visit, name, given=fields, wrong=("", "full"))
    return see_other(f"/profil/{section_named(name).name}?fait=ajoute")


async def correct(visit: Visit) -> Response:
    """Corrects an item; what it said before stays in the profile's history."""
    name, fields = visit.request.path_params["section"], await visit.form()
    item = fields.get("element", "")
    try:
        visit.desk(OwnProfile).correct(visit.patient, name, item, fields)
    except WrongField as error:
        return _section(visit, name, given=fields, wrong=(error.subject, error.why), item=item)
    return see_other(f"/profil/{section_named(name).name}?fait=corrige")


async def withdraw(visit: Visit) -> Response:
    """Withdraws an item."""
    name, fields = visit.request.path_params["section"], await visit.form()
    visit.desk(OwnProfile).withdraw(visit.patient, name, fields.get("element", ""))
    return see_other(f"/profil/{section_named(name).name}?fait=retire")


async def nothing(visit: Visit) -> Response:
    """States that there is nothing to report."""
    name = visit.request.path_params["section"]
    await visit.form()
    try:
        visit.desk(OwnProfile).nothing(visit.patient, name)
    except InvalidMetadata:
        return _section(visit, name, wrong=("", "stated"))
    return see_other(f"/profil/{section_named(name).name}?fait=rien")
