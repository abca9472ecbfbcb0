"""The HL7 v3 services to software: `patients` (TD0.2, TD1.1 to TD1.4) and `patientsPDQ` (TD0.5)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from carnet.errors import CarnetError, Refused, UnknownPatient
from carnet.metadata import PatientIdentifier
from carnet.platform import Platform
from carnet.record.act import Act, barred, failed
from carnet.record.administrative_data import close, update_administrative_data
from carnet.record.candidates import find_candidates
from carnet.record.creation import create, reactivate
from carnet.record.existence import RecordSheet, administrative_data, existence_test
from carnet.record.gate import Gate
from carnet.soap.exchange import Reply, Request
from carnet.soap.hl7v3 import header_of
from carnet.soap.patient_answers import (
    Answering,
    candidates_answer,
    query_rejection,
    record_answer,
    registration_answer,
)
from carnet.soap.patient_codes import code_or_raise
from carnet.soap.patient_operations import CREATE, REVISE
from carnet.soap.patient_requests import (
    administrative_change,
    asked_query,
    closing_reason,
    opening_request,
    queried_patient,
    registered_patient,
    searched_traits,
)


async def test_existence(platform: Platform, gate: Gate, request: Request) -> Reply:
    """TD0.2."""
    return await _record(platform, gate, request, _asked("td0.2", request, _about(existence_test)))


async def read_administrative_data(platform: Platform, gate: Gate, request: Request) -> Reply:
    """TD1.3a."""
    return await _record(platform, gate, request, _asked("td1.3a", request, _about(administrative_data)))


async def find(platform: Platform, gate: Gate, request: Request) -> Reply:
    """TD0.5."""
    message = request.envelope.body_element
    answering, query = _answering(platform, request), asked_query(message)
    act = _asked("td0.5", request, lambda body: find_candidates(searched_traits(body)))
    try:
        found = await gate.perform(request.requester, act)
    except CarnetError as error:
        code = code_or_raise(error)
        answer = query_rejection(answering, "PRPA_IN201306UV02", query, code, error.message)
        return Reply(answer, outcome="failure")
    return Reply(candidates_answer(answering, query, found))


async def create_record(platform: Platform, gate: Gate, request: Request) -> Reply:
    """TD1.1, withdrawn."""
    act = _withdrawn("td1.1", platform, request, lambda body: create(opening_request(body, "td1.1")))
    return await _registration(platform, gate, request, CREATE, act)


async def reactivate_record(platform: Platform, gate: Gate, request: Request) -> Reply:
    """TD1.2, withdrawn."""
    act = _withdrawn("td1.2", platform, request, lambda body: reactivate(opening_request(body, "td1.2")))
    return await _registration(platform, gate, request, REVISE, act)


async def change_administrative_data(platform: Platform, gate: Gate, request: Request) -> Reply:
    """TD1.3b."""

    def change(body: Any) -> Act[bool]:
        return update_administrative_data(registered_patient(body), administrative_change(body))

    return await _registration(platform, gate, request, REVISE, _asked("td1.3b", request, change))


async def close_record(platform: Platform, gate: Gate, request: Request) -> Reply:
    """TD1.4."""
    act = _asked("td1.4", request, lambda body: close(registered_patient(body), *closing_reason(body)))
    return await _registration(platform, gate, request, REVISE, act)


def withdrawn(name: str) -> Act[Any]:
    """The act of a withdrawn transaction while the setting `withdrawn_transactions` is off."""
    sentence = "This transaction was withdrawn: records are opened with Mon espace santé."
    return barred(name, Refused(sentence, rules=("withdrawn-transaction",)))


def _about(act: Callable[[PatientIdentifier], Act[RecordSheet]]) -> Callable[[Any], Act[RecordSheet]]:
    return lambda body: act(queried_patient(body))


def _asked(name: str, request: Request, read: Callable[[Any], Act[Any]]) -> Act[Any]:
    """The act that the message asks for, or the one that fails as its reading did."""
    try:
        return read(request.envelope.body_element)
    except CarnetError as error:
        return barred(name, error) if name == "td0.5" else failed(name, error)


def _withdrawn(name: str, platform: Platform, request: Request, read: Callable[[Any], Act[Any]]) -> Act[Any]:
    return _asked(name, request, read) if platform.settings.withdrawn_transactions else withdrawn(name)


async def _record(platform: Platform, gate: Gate, request: Request, act: Act[RecordSheet]) -> Reply:
    """PRPA_IN201308UV02. That there is no record is an answer, not an error; but a call that names no patient is one."""
    answering = _answering(platform, request)
    query = asked_query(request.envelope.body_element)
    sheet: RecordSheet | None = None
    try:
        sheet = await gate.perform(request.requester, act)
    except CarnetError as error:
        if not isinstance(error, UnknownPatient) or request.requester.patient is None:
            code = code_or_raise(error)
            answer = query_rejection(answering, "PRPA_IN201308UV02", query, code, error.message)
            return Reply(answer, outcome="failure")
    return Reply(record_answer(answering, query, sheet))


async def _registration(platform: Platform, gate: Gate, request: Request, interaction: str, act: Act[bool]) -> Reply:
    answering = _answering(platform, request)
    try:
        await gate.perform(request.requester, act)
    except CarnetError as error:
        code = code_or_raise(error)
        answer = registration_answer(answering, interaction, None, (code, error.message))
        return Reply(answer, outcome="failure")
    return Reply(registration_answer(answering, interaction, request.requester.patient))


def _answering(platform: Platform, request: Request) -> Answering:
    header = header_of(request.envelope.body_element)
    return Answering(header, platform.settings.device_unique_id, str(uuid.uuid4()), platform.clock())
