"""Growth: what the database costs a patient's search as the registry grows, by the time of the statements inside the gate.

Each size has a home of its own. The same 200 records of fifty documents are searched in each, by the act that the door calls, with
nothing remembered from before: first when the database was just opened, then again and again.
"""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.growth_load import EACH, Load, fill, spread
from bench.growth_rows import Example
from bench.population import Population, settle
from carnet.clock import system_clock
from carnet.config import load as load_settings
from carnet.demo.people import LABORATORY, MEDECIN_TRAITANT
from carnet.document_query import FindDocuments, ReturnType
from carnet.identity.patients import find as find_patient
from carnet.metadata import AvailabilityStatus, PatientIdentifier
from carnet.platform import Platform, build
from carnet.record.gate import Gate
from carnet.record.search import search
from carnet.registry.holder import Holder
from carnet.requester import AssertionUse, Authentication, CardClass, Requester
from carnet.soap.ebrim_render import EbrimRenderer

ASKED = 200
"""Records that are searched; the smallest registry has no others."""
SMALLEST = ASKED * EACH
BYTES_EACH = 3_500
"""Of disk for a document as it is loaded here, with what sorting its indexes takes for a while."""
AGAIN = 10
"""Further times that each record is searched."""

Say = Callable[[str], None]


class Timed:
    """The gate's connection, with the time that its statements took."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.seconds = 0.0

    def execute(self, *arguments: Any) -> Any:
        """The statement, measured."""
        return self._measured(self._inner.execute, arguments)

    def execute_many(self, *arguments: Any) -> Any:
        """The statement, measured."""
        return self._measured(self._inner.execute_many, arguments)

    def _measured(self, run: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        began = time.perf_counter()
        try:
            return run(*arguments)
        finally:
            self.seconds += time.perf_counter() - began

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@dataclass(slots=True)
class Searches:
    """Times of the database part of each search, in milliseconds; how many documents each found."""

    times: list[float] = field(default_factory=list)
    found: set[int] = field(default_factory=set)

    def summary(self) -> dict[str, float]:
        """Middle and 99th percentile."""
        return {
            "p50_ms": round(statistics.median(self.times), 3),
            "p99_ms": round(percentile(self.times, 99), 3),
            "searches": len(self.times),
        }


def percentile(values: Sequence[float], share: int) -> float:
    """The smallest value that at least `share` % of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def measure(directory: Path, sizes: Iterable[int], say: Say) -> dict[str, Any]:
    """The figures of each size, in the order given; one that the disk has no room for says so instead."""
    found: list[dict[str, Any]] = []
    for documents in sizes:
        needed = documents * BYTES_EACH
        if shutil.disk_usage(directory).free < needed:
            found.append({"documents": documents, "skipped": f"needs {needed / 1e9:.0f} GB of free disk"})
            continue
        found.append(_one(directory / f"growth-{documents}", documents))
        say(f"growth: {documents:,} documents are measured")
    return {"each": EACH, "asked": ASKED, "sizes": found, **compared(found)}


def compared(found: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The largest size that was measured against the smallest: `growth` is the ratio of their 99th percentiles."""
    measured = [one for one in found if "warm" in one]
    if len(measured) < 2:
        return {}
    first, last = measured[0], measured[-1]
    return {
        "documents": last["documents"],
        "growth": round(last["warm"]["p99_ms"] / first["warm"]["p99_ms"], 3),
        "growth_first": round(last["first"]["p99_ms"] / first["first"]["p99_ms"], 3),
    }


def _one(home: Path, documents: int) -> dict[str, Any]:
    try:
        population = settle(home, port=1, people=ASKED)
        began = time.perf_counter()
        size = _filled(population, home, documents)
        loading = time.perf_counter() - began
        forget(home / "carnet.db")
        first, warm = _searched(population, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    if first.found != {EACH} or warm.found != {EACH}:
        raise RuntimeError(f"Searches found {first.found | warm.found} documents instead of {EACH}.")
    return {
        "documents": documents,
        "database_bytes": size,
        "loaded_per_second": round(documents / loading),
        "first": first.summary(),
        "warm": warm.summary(),
    }


def _filled(population: Population, home: Path, documents: int) -> int:
    patients = _patients(population)
    platform = build(load_settings(home), EbrimRenderer(), worker="growth")
    try:
        known = [known_holder(platform, one) for one in patients]
    finally:
        platform.close()
    new = spread(home / "carnet.db", [one.patient_key for one in known], documents // EACH)
    holders = tuple(replace(one, patient_key=new[one.patient_key]) for one in known)
    now = system_clock()
    example = Example.signed_by(population.stage.callers[LABORATORY.identifier], now)
    return fill(home / "carnet.db", Load(documents, holders, example, now))


def _patients(population: Population) -> tuple[PatientIdentifier, ...]:
    return (*population.readers, *population.writers)


def known_holder(platform: Platform, identifier: PatientIdentifier) -> Holder:
    """The registry of a person of the bench, fed by the laboratory."""
    patient = find_patient(platform.connection, platform.keyring, identifier)
    if patient is None:
        raise RuntimeError("A person of the bench is not registered.")
    return Holder(
        patient_key=patient.patient_key,
        key=platform.keyring.patient_key(patient.pseudonym),
        requester_id=f"{LABORATORY.identifier}/automate",
        organization_id=LABORATORY.identifier,
        now=platform.clock(),
        identifier=identifier.cx(),
    )


def forget(path: Path) -> None:
    """Lets the system drop what it holds of a file in memory."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def _searched(population: Population, home: Path) -> tuple[Searches, Searches]:
    settings = replace(load_settings(home), rendition_cache_bytes=0)
    platform = build(settings, EbrimRenderer(), worker="growth")
    try:
        timed: Any = Timed(platform.connection)
        gate = Gate(replace(platform, connection=timed))
        first = _asked(gate, timed, _patients(population), 1)
        return first, _asked(gate, timed, _patients(population), AGAIN)
    finally:
        platform.close()


def _asked(gate: Gate, timed: Timed, patients: Iterable[PatientIdentifier], times: int) -> Searches:
    searches = Searches()
    for patient in tuple(patients) * times:
        query = FindDocuments(patients=(patient,), statuses=(AvailabilityStatus.APPROVED,))
        timed.seconds = 0.0
        result = gate.perform_now(_doctor(patient, gate.platform.clock()), search(query, ReturnType.LEAF_CLASS))
        searches.times.append(timed.seconds * 1_000)
        searches.found.add(len(result.references))
    return searches


def _doctor(patient: PatientIdentifier, now: int) -> Requester:
    """The médecin traitant with a card, as the door would have it."""
    doctor = MEDECIN_TRAITANT
    return Requester(
        identifier=doctor.identifier,
        name=doctor.name,
        organization_id=doctor.organization.identifier,
        sector=doctor.organization.sector,
        authentication=Authentication.DIRECT,
        card=CardClass.PROFESSIONAL,
        profession=doctor.profession,
        specialty=doctor.specialty,
        patient=patient,
        assertion=AssertionUse(os.urandom(32), now + 10**9),
    )
