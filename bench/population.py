"""The people and documents of the bench: fictitious patients, their records, what stands in them before the first measure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from carnet.cda.header import read_header
from carnet.clock import MINUTE, system_clock
from carnet.demo import documents
from carnet.demo.documents import Draft
from carnet.demo.people import DemoPatient
from carnet.demo.samples import Sample
from carnet.demo.stage import Stage, set_stage
from carnet.identity.ins import NIR_TEST, key_of
from carnet.identity.patients import Traits
from carnet.metadata import PatientIdentifier

SETTINGS = """\
tls_enabled = false
declared_proxies = ["127.0.0.1"]
log_level = "WARNING"
"""
"""A declared proxy ends TLS: the figures can then be compared with those published for others, which know no TLS."""
READERS, WRITERS = 8, 40
"""How many records are searched, and how many others take the submissions."""
FOUND = 200
"""Documents of a record that is searched."""


@dataclass(frozen=True, slots=True)
class Population:
    """A stage, the patients whose records are searched, and those who get documents."""

    stage: Stage
    readers: tuple[PatientIdentifier, ...]
    writers: tuple[PatientIdentifier, ...]


def settle(home: Path, port: int, *, people: int = READERS + WRITERS, settings: str = "") -> Population:
    """A fresh home with all the records open, at most 1,000, none of them with a document; the first eight are to be searched.

    `settings` are further lines of carnet.toml.
    """
    persons = [person(number) for number in range(people)]
    stage = set_stage(home, port=port, samples=tuple(map(_as_sample, persons)), extra_settings=SETTINGS + settings)
    identifiers = tuple(one.identifier for one in persons)
    return Population(stage, identifiers[:READERS], identifiers[READERS:])


def person(number: int) -> DemoPatient:
    """A fictitious patient: born in a commune that does not exist, INS under the OID of tests."""
    body = f"2700199999{number:03}"
    traits = Traits("BANC", "ESSAI", "F", "19700101", "99999")
    return DemoPatient(PatientIdentifier(f"{body}{key_of(body)}", NIR_TEST), traits, "for the bench")


def small_document(patient: DemoPatient) -> bytes:
    """A level 1 document of a few kilobytes."""
    return documents.level_1(Draft(system_clock() - 90 * MINUTE, patient=patient))


def _as_sample(patient: DemoPatient) -> Sample:
    """A patient as the stage registers those of sample documents."""
    content = small_document(patient)
    return Sample("bench", content, patient.identifier, read_header(content).patient, corrected=False)
