"""Find a patient: by the INS, typed or scanned; by identity traits; among the recent ones. Nobody is ever picked for the professional."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from starlette.responses import HTMLResponse, Response

from carnet.errors import InvalidMetadata, RecordClosed, TooManyResults, TooManyTries, UnknownPatient
from carnet.identity.ins_scanning import ScannedIdentity, possible_identifiers, read_ins
from carnet.identity.patient_search import Criteria
from carnet.metadata import PatientIdentifier
from carnet.portal.professional.caller_visit import CallerVisit
from carnet.portal.professional.pro_visit import ROOT
from carnet.portal.visit import see_other
from carnet.record.candidates import Candidate, find_candidates
from carnet.record.open_records import known_identifier, recalled_patient
from carnet.record.recent_records import recent_records
from carnet.record.record_opening import Opened, empty_recent, open_record
from carnet.record.strict_search import StrictTraits, find_by_all_traits
from carnet.requester import AccessMode

LONGEST_NAME = 100
_DATE = re.compile(r"(?:(?:(?P<day>[0-9]{1,2})[/.\- ])?(?P<month>[0-9]{1,2})[/.\- ])?(?P<year>[0-9]{4})", re.ASCII)
TRAITS = ("birth_name", "given_name", "sex", "birth_date", "birth_place")


async def show(visit: CallerVisit) -> Response:
    """The ways to find somebody."""
    return await _shown(visit)


async def by_number(visit: CallerVisit) -> Response:
    """Asks for the record of an INS, and leads to it; what is not to be opened is told in one way."""
    fields = await visit.form()
    try:
        scanned = read_ins(fields.get("ins", ""))
        patient = _identifier(visit, scanned, fields.get("oid", ""))
    except InvalidMetadata:
        return await _shown(visit, status=422, wrong="ins")
    return await _opened(visit, patient, scanned)


async def again(visit: CallerVisit) -> Response:
    """Asks anew for the record of one of the recent people."""
    fields = await visit.form()
    patient = recalled_patient(visit.space.gate, visit.caller.requester, fields.get("dossier", "")[:64])
    if patient is None:
        return await _shown(visit, status=404, told="nobody")
    return await _opened(visit, patient, None)


async def empty(visit: CallerVisit) -> Response:
    """Empties the list of recent people."""
    await visit.form()
    await visit.perform(empty_recent())
    return see_other("/pro?fait=vide")


async def by_traits(visit: CallerVisit) -> Response:
    """By every trait: one person, shown with all of theirs, or nobody. In a regulation centre, the candidates of TD0.5."""
    fields = await visit.form()
    asked = {name: fields.get(name, "").strip()[:LONGEST_NAME] for name in TRAITS}
    try:
        asked["birth_date"] = _digits(asked["birth_date"])
        found, told = await _candidates(visit, asked)
    except InvalidMetadata as error:
        return await _shown(visit, status=422, wrong=error.subject, asked=fields)
    except TooManyTries:
        return await _shown(visit, status=429, told="too-often", asked=fields)
    except TooManyResults:
        found, told = (), "several"
    return await _shown(visit, told=told, asked=fields, candidates=found)


async def _candidates(visit: CallerVisit, asked: dict[str, str]) -> tuple[tuple[Candidate, ...], str]:
    if _regulates(visit):
        centre = replace(visit.caller.requester, mode=AccessMode.CENTRE_15)
        criteria = Criteria(asked["birth_name"], asked["given_name"], asked["birth_date"], asked["sex"])
        found = await visit.space.gate.perform(centre, find_candidates(criteria))
        return found, "candidates" if found else "nobody-by-traits"
    answer = await visit.perform(find_by_all_traits(StrictTraits(**asked)))
    if answer.found is not None:
        return (answer.found,), "candidates"
    return (), "several" if answer.several else "nobody-by-traits"


def _regulates(visit: CallerVisit) -> bool:
    settings = visit.space.gate.platform.settings
    return visit.caller.requester.organization_id in settings.regulation_centres


def _identifier(visit: CallerVisit, scanned: ScannedIdentity, authority: str) -> PatientIdentifier:
    """The INS that was meant. Raises InvalidMetadata for an authority that is not admitted here."""
    meant = replace(scanned, authority=authority) if authority and not scanned.authority else scanned
    admitted = possible_identifiers(meant, test_identities=visit.space.gate.platform.settings.test_identities)
    return known_identifier(visit.space.gate, admitted)


async def _opened(visit: CallerVisit, patient: PatientIdentifier, scanned: ScannedIdentity | None) -> Response:
    caller = visit.caller
    requester = replace(caller.requester, patient=patient)
    try:
        found = await visit.space.gate.perform(requester, open_record(patient, requester, caller.session_id, scanned))
    except (UnknownPatient, RecordClosed):
        found = Opened()
    except TooManyTries:
        return await _shown(visit, status=429, told="too-often")
    if found.differs:
        return await _shown(visit, status=409, told="differs")
    if not found.handle:
        return await _shown(visit, status=404, told="nobody")
    return see_other(f"{ROOT}/{found.handle}/entree")


async def _shown(visit: CallerVisit, *, status: int = 200, **values: Any) -> HTMLResponse:
    recent = await visit.perform(recent_records())
    told: dict[str, Any] = {"told": "", "wrong": "", "asked": {}, "candidates": ()}
    return visit.page("pro_find.html", status=status, recent=recent, regulates=_regulates(visit), **{**told, **values})


def _digits(text: str) -> str:
    """A date as it is typed (28/03/1979, 03/1979, 1979) as 8, 6 or 4 digits. Raises InvalidMetadata."""
    if text.isascii() and text.isdigit() and len(text) == 8:
        return f"{text[4:]}{text[2:4]}{text[:2]}"
    found = _DATE.fullmatch(text)
    if found is None:
        raise InvalidMetadata("This is no date of birth.", subject="birth_date")
    month, day = found["month"], found["day"]
    return f"{found['year']}{month.zfill(2) if month else ''}{day.zfill(2) if day else ''}"
