"""Who acted, as the person whose record it is reads it: what kind of actor, and by what name."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from carnet.terminology.value_sets import value_set


class ActorType(StrEnum):
    """The kinds of actor of the holder's history (rules §2.7)."""

    PROFESSIONAL = "HEALTHCARE_PROFESSIONAL"
    FACILITY = "HEALTHCARE_FACILITY"
    SUPPORT = "SUPPORT"
    PATIENT = "PATIENT"
    THIRD_PARTY = "SERVICE_TIERS"
    SYSTEM = "SYSTEM"
    ENROLMENT = "ENROLMENT"


HOLDERS = frozenset({"patient", "holder", "minor"})
"""Roles under which the trace writes the person themselves."""

_TYPES: Mapping[str, ActorType] = MappingProxyType(
    dict.fromkeys(HOLDERS, ActorType.PATIENT)
    | dict.fromkeys(
        ("representative", "first_representative", "second_representative", "protection", "carer"), ActorType.PATIENT
    )
    | dict.fromkeys(("AUTOMATE", "DISPOSITIF"), ActorType.FACILITY)
    | {
        "EXP_PATIENT": ActorType.PATIENT,
        "ALIM_AM": ActorType.SYSTEM,
        "system": ActorType.SYSTEM,
        "finder": ActorType.THIRD_PARTY,
    }
    | {"operator": ActorType.SUPPORT, "enrolment": ActorType.ENROLMENT, "service": ActorType.THIRD_PARTY}
)

_ROLES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "representative": ("un représentant légal", "a legal representative"),
        "first_representative": ("le premier représentant légal", "the first legal representative"),
        "second_representative": ("le second représentant légal", "the second legal representative"),
        "protection": ("la personne chargée de la protection", "the person in charge of protection"),
        "carer": ("un aidant", "a carer"),
        "operator": ("l'assistance du service", "the service's support"),
        "system": ("le service, de lui-même", "the service, by itself"),
        "enrolment": ("l'Assurance Maladie (inscription)", "the health insurance (enrolment)"),
        "service": ("un service relié", "a connected service"),
        "finder": ("quelqu'un que le service ne connaît pas", "somebody whom the service does not know"),
        "SECRETARIAT_MEDICAL": ("un secrétariat médical", "a medical secretary"),
    }
)

_PROFESSIONS_EN: Mapping[str, str] = MappingProxyType(
    {
        "10": "doctor", "21": "pharmacist", "26": "hearing-aid specialist", "28": "optician", "31": "dental assistant",
        "35": "care assistant", "36": "ambulance worker", "37": "childcare assistant", "40": "dentist", "50": "midwife",
        "60": "nurse", "69": "psychiatric nurse", "70": "physiotherapist", "71": "osteopath", "72": "psychotherapist",
        "73": "chiropractor", "80": "podiatrist", "86": "laboratory technician", "91": "speech therapist", "92": "orthoptist",
        "93": "psychologist", "94": "occupational therapist", "95": "dietitian", "96": "psychomotor therapist",
        "98": "radiographer", "AUTOMATE": "automatic system", "DISPOSITIF": "medical device",
    }
)  # fmt: skip
"""Codes of JDV_J65; the French words are those of the value set."""


def actor_type(role: str) -> ActorType:
    """The kind of actor that a line's role says; '' is a caller who could not be told."""
    return _TYPES.get(role, ActorType.PROFESSIONAL if role else ActorType.SYSTEM)


def role_words(role: str, language: str) -> str:
    """What the role is called in a sentence, '' when nothing is known of it."""
    named = _ROLES.get(role)
    if named is not None:
        return named[language == "en"]
    french = next((concept.display for concept in value_set("J65").codes if concept.code == role), "")
    return _PROFESSIONS_EN.get(role, french) if language == "en" else french[:1].lower() + french[1:]
