"""The service `patientsSpecific`: patientList (TD0.4), and the withdrawn operations on the patient's internet account (TD1.5)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from carnet.clock import from_datetime, to_dtm
from carnet.errors import CarnetError, InvalidMetadata, PatientSpaceMissing
from carnet.platform import Platform
from carnet.record.act import Act, barred
from carnet.record.gate import Gate
from carnet.record.patient_list import ListedBy, ListedRecord, patient_list
from carnet.soap.exchange import Reply, Request
from carnet.soap.namespaces import PATIENTS_SPECIFIC
from carnet.soap.patient_codes import OK, code_or_raise
from carnet.soap.patient_records import withdrawn
from carnet.soap.plain_values import response, value, written


async def list_patients(_platform: Platform, gate: Gate, request: Request) -> Reply:
    """TD0.4."""
    try:
        found = await gate.perform(request.requester, _asked(request.envelope.body_element))
    except CarnetError as error:
        code = code_or_raise(error)
        return Reply(response("patientList", PATIENTS_SPECIFIC, "", code, error.message), outcome="failure")
    listed = "".join(f"<patientlistData>{_record(one)}</patientlistData>" for one in found)
    return Reply(response("patientList", PATIENTS_SPECIFIC, listed, OK, f"{len(found)} found."))


async def create_patient_access(platform: Platform, gate: Gate, request: Request) -> Reply:
    """TD1.5a."""
    return await _no_account("td1.5a", "createPatientAccess", platform, gate, request)


async def update_one_time_password(platform: Platform, gate: Gate, request: Request) -> Reply:
    """TD1.5b."""
    return await _no_account("td1.5b", "patientOTPUpdate", platform, gate, request)


async def update_patient_access(platform: Platform, gate: Gate, request: Request) -> Reply:
    """TD1.5d."""
    return await _no_account("td1.5d", "updatePatientAccess", platform, gate, request)


async def _no_account(name: str, operation: str, platform: Platform, gate: Gate, request: Request) -> Reply:
    """Refused in any case: as withdrawn, or, where the setting opens what was withdrawn, because there is no account to act on."""
    act = withdrawn(name)
    if platform.settings.withdrawn_transactions:
        act = barred(name, PatientSpaceMissing("This service does not manage the patient's internet account."))
    try:
        await gate.perform(request.requester, act)
    except CarnetError as error:
        code = code_or_raise(error)
        return Reply(response(operation, PATIENTS_SPECIFIC, "", code, error.message), outcome="failure")
    raise AssertionError("a barred act ends with its error")


def _asked(body: Any) -> Act[Any]:
    try:
        by = _listed_by(value(body, "dateType"))
        return patient_list(by, _moment(value(body, "startDate")), value(body, "psOwnerId"))
    except CarnetError as error:
        return barred("td0.4", error)


def _listed_by(said: str) -> ListedBy:
    try:
        return ListedBy(said)
    except ValueError as error:
        raise InvalidMetadata("dateType is LASTAUTORIZATION or LASTDOC.", subject="dateType") from error


def _moment(said: str) -> int:
    """startDate, yyyyMMddHHmmss in UTC, or its first eight digits."""
    try:
        if not said.isascii() or not said.isdigit() or len(said) not in {8, 14}:
            raise ValueError  # noqa: TRY301 - strptime is more lenient than the form
        moment = dt.datetime.strptime(said.ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
    except ValueError as error:
        raise InvalidMetadata("startDate is of the form yyyyMMddHHmmss.", subject="startDate") from error
    return from_datetime(moment)


def _record(one: ListedRecord) -> str:
    """One patientlistData. `message` (secure messaging) is always false and `lastAccessDate` absent: nothing here knows them."""
    identifier = written(
        (("nationalId", one.identifier.value), ("nationalIdType", one.identifier.authority)),
    )
    given = one.traits.used_given_name or next(iter(one.traits.birth_given_names.split()), "")
    return f"<patientIdentifier>{identifier}</patientIdentifier>" + written(
        (
            ("lastName", one.traits.used_name or one.traits.birth_name),
            ("patronymicalName", one.traits.birth_name),
            ("firstName", given),
            ("dateOfBirth", one.traits.birth_date),
            ("MT", "true" if one.medecin_traitant else "false"),
            ("message", "false"),
            ("lastUpdateDate", to_dtm(one.last_update) if one.last_update is not None else ""),
            ("lastAddDate", to_dtm(one.last_addition) if one.last_addition is not None else ""),
        )
    )
