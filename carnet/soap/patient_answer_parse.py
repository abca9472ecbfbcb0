"""Reading the answers of the patient services, for the reference client (protocols §1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from carnet.errors import MalformedMessage
from carnet.metadata import PatientIdentifier
from carnet.soap.envelope import Envelope
from carnet.soap.hl7v3 import child, name_of, observations_of, text_of, value_of, within
from carnet.soap.namespaces import HL7
from carnet.soap.patient_codes import OK
from carnet.soap.plain_values import content, named, value


@dataclass(frozen=True, slots=True)
class PersonAnswer:
    """A person of an answer. Names are '' when masked; `observations` by code; `closed_at` is DTM text with the code beside it."""

    identifiers: tuple[PatientIdentifier, ...]
    status: str
    birth_name: str
    used_name: str
    given_name: str
    sex: str
    birth_date: str
    observations: Mapping[str, bool]
    closed_at: str
    closing_reason: str


@dataclass(frozen=True, slots=True)
class PatientAnswer:
    """Any answer of the HL7 v3 services: `acknowledgement` is AA or AE; `code` and `sentence` say why not.

    `response` is queryResponseCode, '' where there was no query; `authorisation` is the code of the attention line.
    """

    interaction: str
    acknowledgement: str
    code: str
    sentence: str
    response: str
    authorisation: str
    medecin_traitant: bool
    people: tuple[PersonAnswer, ...]

    @property
    def accepted(self) -> bool:
        """Whether the request was carried out."""
        return self.acknowledgement == "AA"


@dataclass(frozen=True, slots=True)
class SpecificAnswer:
    """An answer of the two proprietary services; `items` are the repeated elements, each a mapping of its texts by name."""

    status: str
    context: str
    items: tuple[Mapping[str, str], ...]

    @property
    def accepted(self) -> bool:
        """Whether the request was carried out."""
        return self.status == OK


def patient_answer(envelope: Envelope) -> PatientAnswer:
    """Reads PRPA_IN201306, 08, 12, 13, 15 or 16, wrapped or not. Raises MalformedMessage for anything else."""
    body = envelope.body_element
    message: Any = body if body.tag.startswith(f"{{{HL7}}}") else next(iter(body), None)
    acknowledgement = None if message is None else child(message, "acknowledgement")
    if acknowledgement is None:
        raise MalformedMessage("The answer is no message of the patient services.")
    detail = child(acknowledgement, "acknowledgementDetail")
    lines = {text_of(child(line, "keyWordText")): child(line, "value") for line in within(message, "attentionLine")}
    return PatientAnswer(
        interaction=message.tag.rpartition("}")[2],
        acknowledgement=acknowledgement.get("typeCode") or value_of(child(acknowledgement, "typeCode"), "code"),
        code=value_of(child(detail, "code"), "code"),
        sentence=text_of(child(detail, "text")),
        response=value_of(child(message, "controlActProcess", "queryAck", "queryResponseCode"), "code"),
        authorisation=value_of(lines.get("AUTORISATION"), "code"),
        medecin_traitant=value_of(lines.get("STATUT_MT")) == "true",
        people=tuple(_person(one) for one in within(message, "patient")),
    )


def specific_answer(envelope: Envelope) -> SpecificAnswer:
    """Reads a response of `habilitations` or `patientsSpecific`. Raises MalformedMessage for anything else."""
    body = envelope.body_element
    status = value(body, "status")
    if not status:
        raise MalformedMessage("The answer has no status.")
    items = [*named(body, "listOfAuthorizationByPatient"), *named(body, "patientlistData")]
    return SpecificAnswer(status, value(body, "context"), tuple(_texts(one) for one in items))


def _person(patient: Any) -> PersonAnswer:
    person = child(patient, "patientPerson")
    name = name_of(child(person, "name"))
    closing = next(
        (one for one in within(patient, "administrativeObservation") if child(one, "effectiveTime") is not None), None
    )
    return PersonAnswer(
        identifiers=tuple(
            PatientIdentifier(value_of(one, "extension"), value_of(one, "root"))
            for one in patient.iterchildren(f"{{{HL7}}}id")
        ),
        status=value_of(child(patient, "statusCode"), "code"),
        birth_name=name.family("BR"),
        used_name=name.family("SP"),
        given_name=name.given("CL", "", "BR"),
        sex=value_of(child(person, "administrativeGenderCode"), "code"),
        birth_date=value_of(child(person, "birthTime")),
        observations=observations_of(patient),
        closed_at=value_of(child(closing, "effectiveTime")),
        closing_reason=value_of(child(closing, "code"), "code"),
    )


def _texts(item: Any) -> dict[str, str]:
    """The texts of an element; those of an element in it under its own name too (patientIdentifier's nationalId)."""
    found: dict[str, str] = {}
    for one in item:
        for leaf in one if len(one) else (one,):
            found.setdefault(leaf.tag.rpartition("}")[2], content(leaf))
    return found
