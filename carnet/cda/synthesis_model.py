"""A synthesis (volet de synthèse médicale) as plain values: what a doctor states of a patient, part by part, and what is not stated."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from carnet.cda.participants import Organization, Participant, Patient
from carnet.metadata import Code

NO_CODE = Code("")
LOINC = "2.16.840.1.113883.6.1"


class Part(StrEnum):
    """A part of a synthesis, in the order in which it is read."""

    ALLERGIES = "allergies"
    PROBLEMS = "problems"
    TREATMENTS = "treatments"
    HISTORY = "history"
    PROCEDURES = "procedures"
    DEVICES = "devices"
    ALERTS = "alerts"
    VACCINATIONS = "vaccinations"
    MEASUREMENTS = "measurements"
    HABITS = "habits"
    WORK = "work"
    FAMILY = "family"
    FUNCTION = "function"


class Model(StrEnum):
    """The content model in which a synthesis is written (CI-SIS): IPS-FR 2024.01, template F.51, or the VSM 1.4 before it, F.13."""

    IPS_FR = "ips-fr"
    VSM = "vsm"


class Told(StrEnum):
    """What is said of a part: lines, that there is nothing as far as is known, or nothing at all. The last two are not the same."""

    LINES = "lines"
    NONE_KNOWN = "none-known"
    NOT_STATED = "not-stated"


@dataclass(frozen=True, slots=True)
class SynthesisLine:
    """One line. `label` is the problem, agent, product, act or text; of a measurement or a habit what it is about, its `value` beside it.

    `nature` is the sort of statement (of an allergy its type); `relative` who in the family has it. Times are HL7 time stamps as received, at
    any precision; `value` are digits as received with their UCUM `unit`, or a text without one, coded by `answer` where its source was.
    """

    label: str
    code: Code = NO_CODE
    nature: Code = NO_CODE
    relative: Code = NO_CODE
    start: str = ""
    end: str = ""
    value: str = ""
    unit: str = ""
    answer: Code = NO_CODE
    lot: str = ""
    rank: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Stated:
    """What is said of one part; `lines` are empty unless `told` is LINES."""

    part: Part
    told: Told = Told.NOT_STATED
    lines: tuple[SynthesisLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Synthesis:
    """What is written. `signed` is DTM in UTC (14 digits): when the doctor signed; `facility` of JDV_J02.

    The INS stands first among the patient's identifiers. A replacement names what it `replaces`, keeps `set_id` and has the next `version`.
    """

    unique_id: str
    set_id: str
    patient: Patient
    doctor: Participant
    custodian: Organization
    facility: Code
    signed: str
    parts: tuple[Stated, ...]
    version: int = 1
    replaces: str = ""
    model: Model = Model.IPS_FR
