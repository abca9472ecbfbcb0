"""From the requests of the HL7 v3 patient services to what the acts take (protocols §1.2, §1.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lxml import etree

from carnet.errors import InvalidMetadata
from carnet.identity.patient_search import Criteria
from carnet.metadata import PatientIdentifier
from carnet.record.administrative_data import AdministrativeChange
from carnet.record.creation import OpeningRequest
from carnet.soap.hl7v3 import (
    PersonName,
    child,
    control_act,
    ins_of,
    name_of,
    observations_of,
    text_of,
    value_of,
    within,
)

OPPOSES_BRIS_DE_GLACE, OPPOSES_CENTRE_15 = "OPPOSITION_BRIS_DE_GLACE", "OPPOSITION_ACCES_URGENCE"
CONSENTS = {"td1.1": "CONSENTEMENT_OUVERTURE_DMP", "td1.2": "CONSENTEMENT_REACTIVATION_DMP"}
"""The observation that must be true for a record to be opened."""


def queried_patient(message: Any) -> PatientIdentifier:
    """Whom PRPA_IN201307UV02 asks about. Raises InvalidMetadata unless it is one INS."""
    asked = within(control_act(message), "patientIdentifier")
    return ins_of(value for parameter in asked for value in within(parameter, "value"))


@dataclass(frozen=True, slots=True)
class AskedQuery:
    """What an answer repeats of a query: its queryId (root, extension), and the whole queryByParameter as XML, '' for none."""

    identifier: tuple[str, str]
    echo: str


def asked_query(message: Any) -> AskedQuery:
    """The query of a message, to be repeated (PDQV3, ITI TF-2 §3.47.4.2.2)."""
    query = child(message, "controlActProcess", "queryByParameter")
    if query is None:
        return AskedQuery(("", ""), "")
    identifier = child(query, "queryId")
    echo = etree.tostring(query, method="c14n", exclusive=True).decode()
    return AskedQuery((value_of(identifier, "root"), value_of(identifier, "extension")), echo)


def searched_traits(message: Any) -> Criteria:
    """By what PRPA_IN201305UV02 looks for a person; parameters that no trait answers to (addresses …) are passed over."""
    act = control_act(message)
    name = name_of(_parameter(act, "livingSubjectName"))
    return Criteria(
        name=name.family("BR", "", "SP"),
        given_name=name.given("CL", "", "BR"),
        birth_date=value_of(_parameter(act, "livingSubjectBirthTime"))[:8],
        sex=value_of(_parameter(act, "livingSubjectAdministrativeGender"), "code"),
    )


def registered_patient(message: Any) -> PatientIdentifier:
    """Whose record PRPA_IN201311UV02 or PRPA_IN201314UV02 is about. Raises InvalidMetadata unless it is one INS."""
    return ins_of(one for one in _patient(message).iterchildren("{*}id"))


def opening_request(message: Any, transaction: str) -> OpeningRequest:
    """What TD1.1 or TD1.2 asks."""
    said = observations_of(_patient(message))
    author = _author(message)
    return OpeningRequest(
        patient=registered_patient(message),
        consent=said.get(CONSENTS[transaction], False),
        author_named=bool(author.families and author.givens),
        opposes_bris_de_glace=said.get(OPPOSES_BRIS_DE_GLACE, False),
        opposes_centre_15=said.get(OPPOSES_CENTRE_15, False),
    )


def administrative_change(message: Any) -> AdministrativeChange:
    """What TD1.3b says of the patient."""
    patient = _patient(message)
    person = child(patient, "patientPerson")
    name = name_of(child(person, "name"))
    said = observations_of(patient)
    return AdministrativeChange(
        birth_name=name.family("BR") or None,
        sex=value_of(child(person, "administrativeGenderCode"), "code") or None,
        birth_date=value_of(child(person, "birthTime")) or None,
        used_name=name.family("SP") or None,
        used_given_name=name.given("CL") or None,
        opposes_bris_de_glace=said.get(OPPOSES_BRIS_DE_GLACE),
        opposes_centre_15=said.get(OPPOSES_CENTRE_15),
    )


def closing_reason(message: Any) -> tuple[str, str]:
    """The code for which TD1.4 closes, and what is written beside it. Raises InvalidMetadata unless the patient becomes `terminated`."""
    if value_of(child(_patient(message), "statusCode"), "code") != "terminated":
        raise InvalidMetadata("Closing sets the patient's statusCode to terminated.", subject="statusCode")
    event = next(within(control_act(message), "detectedIssueEvent"), None)
    if event is None:
        raise InvalidMetadata("Closing states its reason in a detectedIssueEvent.", subject="detectedIssueEvent")
    return value_of(child(event, "code"), "code"), text_of(child(event, "text"))


def _parameter(act: Any, name: str) -> Any:
    found = next(within(act, name), None)
    return None if found is None else child(found, "value")


def _patient(message: Any) -> Any:
    found = next(within(control_act(message), "patient"), None)
    if found is None:
        raise InvalidMetadata("The message has no patient.", subject="patient")
    return found


def _author(message: Any) -> PersonName:
    for author in within(control_act(message), "author"):
        person = child(author, "assignedEntity", "assignedPerson")
        if person is not None:
            return name_of(child(person, "name"))
    return name_of(None)
