"""The service `habilitations`: setAuthorization (TD0.3) and listAuthorizationByPatient (TD1.6), protocols §1.2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from carnet.clock import to_dtm
from carnet.errors import CarnetError, InvalidMetadata
from carnet.platform import Platform
from carnet.record.act import Act, failed
from carnet.record.care_team import Declaration, ListedParty, ListMode, declare, list_parties
from carnet.record.gate import Gate
from carnet.soap.exchange import Reply, Request
from carnet.soap.namespaces import HABILITATIONS
from carnet.soap.patient_codes import OK, code_or_raise
from carnet.soap.plain_values import response, value, written
from carnet.terminology.value_sets import value_set

MEDECIN_TRAITANT = "MEDECIN_TRAITANT"
PERSONS, STRUCTURES = "1.2.250.1.71.4.2.1", "1.2.250.1.71.4.2.2"
SPECIALTIES = "1.2.250.1.213.1.1.4.5"
"""JDV_J01, whose codes are `G15_10/SM26`: profession and know-how in one."""


async def set_authorization(_platform: Platform, gate: Gate, request: Request) -> Reply:
    """TD0.3: the professional's own authorisation, or that of being médecin traitant."""
    act = _asked("td0.3", request, lambda body: declare(_declaration(body)))
    try:
        changed = await gate.perform(request.requester, act)
    except CarnetError as error:
        return _refusal("setAuthorization", error)
    context = "Done." if changed else "It was so already: nothing changed."
    return Reply(response("setAuthorization", HABILITATIONS, "", OK, context))


async def list_authorizations(_platform: Platform, gate: Gate, request: Request) -> Reply:
    """TD1.6: who is authorised or blocked."""
    act = _asked("td1.6", request, lambda body: list_parties(_mode(body)))
    try:
        found = await gate.perform(request.requester, act)
    except CarnetError as error:
        return _refusal("listAuthorizationByPatient", error)
    listed = "".join(f"<listOfAuthorizationByPatient>{_party(one)}</listOfAuthorizationByPatient>" for one in found)
    return Reply(response("listAuthorizationByPatient", HABILITATIONS, listed, OK, f"{len(found)} found."))


def _asked(name: str, request: Request, read: Callable[[Any], Act[Any]]) -> Act[Any]:
    try:
        return read(request.envelope.body_element)
    except CarnetError as error:
        return failed(name, error)


def _declaration(body: Any) -> Declaration:
    said = f"{value(body, 'action')} {value(body, 'role')}".strip()
    try:
        return Declaration(said)
    except ValueError as error:
        raise InvalidMetadata(
            f"action is AJOUT or SUPPRESSION, role is {MEDECIN_TRAITANT} or absent.", subject="action"
        ) from error


def _mode(body: Any) -> ListMode:
    try:
        return ListMode(value(body, "mode") or ListMode.ALL)
    except ValueError as error:
        raise InvalidMetadata("mode is ACTIVE, INTERDITE or TOUTE.", subject="mode") from error


def _refusal(name: str, error: CarnetError) -> Reply:
    code = code_or_raise(error)
    return Reply(response(name, HABILITATIONS, "", code, error.message), outcome="failure")


def _party(one: ListedParty) -> str:
    code = f"G15_{one.profession}" + (f"/{one.specialty}" if one.specialty else "") if one.profession else ""
    return written(
        (
            ("nationalId", one.identifier),
            ("nationalIdType", STRUCTURES if one.is_structure else PERSONS),
            ("firstName", one.given_name),
            ("lastName", one.family_name),
            ("codeSpeciality", code),
            ("libSpeciality", value_set("J01").display(code, SPECIALTIES) if code else ""),
            ("startOfAuthorization", to_dtm(one.since)),
            ("mode", ListMode.BLOCKED.value if one.blocked else ListMode.ACTIVE.value),
            ("specificRight", MEDECIN_TRAITANT if one.medecin_traitant else ""),
        )
    )
