"""Which documents the law asks for (order of 26 April 2022 as amended on 23 May 2024, L1111-15 CSP), of whom, and what is there already.

A table of facts with their sources; it tells and never blocks. Most duties hold only where the act was done, which the depositor knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from carnet.authorization.facts import DocumentFacts, Function
from carnet.clock import DAY
from carnet.record.deposit_kinds import type_code
from carnet.record.scope import Scope
from carnet.record.seen_documents import seen_documents
from carnet.requester import Requester

Sureness = Literal["read", "inferred"]
DOCTORS, DENTISTS, MIDWIVES, PHARMACISTS = "10", "40", "50", "21"
_PRESCRIBERS = frozenset({DOCTORS, DENTISTS, MIDWIVES})
_HOSPITALS = frozenset({"SA01", "SA02", "SA03", "SA04", "SA36"})
_LABORATORIES = frozenset({"SA25", "SA29"})
_SURGEONS = frozenset({"SM05", "SM06", "SM07", "SM08", "SM09", "SM10", "SM11", "SM12", "SM13", "SM14"})
_RADIOLOGISTS = frozenset({"SM44", "SM55", "SCH55"})
_BIOLOGISTS = frozenset({"SM03"})
STAY, OUT_OF_STAY = frozenset({"sejour", "urgences"}), frozenset({"consultation", "urgences"})
ALWAYS = STAY | OUT_OF_STAY
YEAR = 365
DECREE = "arrêté du 26 avril 2022 modifié le 23 mai 2024"


@dataclass(frozen=True, slots=True)
class Duty:
    """One line of the law. `key` names it for the pages, which have its condition in words.

    It is of who has one of the `professions`, or one of the `specialties`, or works in one of the `sectors`; of the médecin traitant alone
    where `attending` is true. `types` are codes of JDV_J66, one of which is enough. `within` is the days that it looks back: 0 for the act's own.
    `since` (yyyymmdd) is the day from which it holds.
    """

    key: str
    types: tuple[str, ...]
    activities: frozenset[str]
    source: str
    sure: Sureness
    since: str = ""
    professions: frozenset[str] = frozenset()
    specialties: frozenset[str] = frozenset()
    sectors: frozenset[str] = frozenset()
    attending: bool = False
    within: int = 0


DUTIES: tuple[Duty, ...] = (
    # spec/rules.md §3.1, A1 to B8, in its order
    Duty("admission-letter", ("18761-7",), OUT_OF_STAY, "L1112-1 CSP", "read", professions=frozenset({DOCTORS})),
    Duty("discharge-letter", ("11490-0",), STAY, "L1112-1 CSP", "read", sectors=_HOSPITALS),
    Duty("discharge-summary", ("34112-3", "34133-9"), STAY, "L1111-15 CSP", "inferred", sectors=_HOSPITALS),
    Duty("biology", ("11502-2",), ALWAYS, f"R6211-4 CSP, {DECREE}", "read", "20221231", specialties=_BIOLOGISTS, sectors=_LABORATORIES),
    Duty("synthesis", ("60591-5", "SYNTH"), ALWAYS, "L1111-15 CSP", "read", attending=True, within=YEAR),
    Duty("imaging", ("18748-4",), OUT_OF_STAY, DECREE, "read", "20221231", specialties=_RADIOLOGISTS),
    Duty("medicines", ("57833-6",), OUT_OF_STAY, DECREE, "read", "20221231", professions=_PRESCRIBERS),
    Duty("operation", ("34874-8",), ALWAYS, DECREE, "read", "20231231", specialties=_SURGEONS),
    Duty("biology-prescription", ("PRESC-BIO",), OUT_OF_STAY, DECREE, "read", "20231231", professions=_PRESCRIBERS),
    Duty("imaging-request", ("55115-0",), OUT_OF_STAY, DECREE, "inferred", "20241231", professions=_PRESCRIBERS),
    Duty("certificate", ("89601-9", "CERT_DECL"), OUT_OF_STAY, f"R4127-76 CSP, {DECREE}", "inferred", "20241231", professions=frozenset({DOCTORS})),
    Duty("letter", ("96349-6",), OUT_OF_STAY, DECREE, "inferred", "20241231", professions=frozenset({DOCTORS})),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expected:
    """A duty of this professional for this act. `there` are uniqueIds of theirs that fulfil it, the newest first; `label` is its type's."""

    duty: Duty
    label: str
    there: tuple[str, ...]


def duties_of(requester: Requester, activity: str, day: str, *, attending: bool) -> tuple[Duty, ...]:
    """The lines that hold for a professional in their situation, on a day (yyyymmdd), for an activity of `deposit_kinds.ACTIVITIES`."""
    return tuple(
        one
        for one in DUTIES
        if activity in one.activities and one.since <= day and _is_of(one, requester, attending=attending)
    )


def expected(scope: Scope, activity: str, day: str) -> tuple[Expected, ...]:
    """What the requester should deposit for an act of a day (yyyymmdd), with what is there since, of theirs or of their structure."""
    asked = duties_of(scope.requester, activity, day, attending=scope.record.medecin_traitant)
    there: dict[str, list[tuple[str, int, str]]] = {}
    for one in seen_documents(scope, Function.SEARCH_REFERENCES) if asked else ():
        if _is_theirs(scope, one.facts):
            there.setdefault(one.found.type_code, []).append(
                (one.time[:8], one.found.registered_at, one.found.unique_id)
            )
    return tuple(_found(scope, one, day, there) for one in asked)


def _found(scope: Scope, duty: Duty, day: str, there: dict[str, list[tuple[str, int, str]]]) -> Expected:
    known = [one for code in duty.types for one in there.get(code, ())]
    if duty.within:
        fulfils = tuple(name for _time, at, name in known if at > scope.now - duty.within * DAY)
    else:
        fulfils = tuple(name for time, _at, name in known if time >= day)
    return Expected(duty, type_code(duty.types[0]).display, fulfils)


def _is_theirs(scope: Scope, facts: DocumentFacts) -> bool:
    structure = scope.requester.organization_id
    of_structure = structure == facts.depositor_organization or structure in facts.author_institutions
    return of_structure or scope.platform.engine.own(scope.requester, facts)


def _is_of(duty: Duty, requester: Requester, *, attending: bool) -> bool:
    if duty.attending:
        return attending
    specialty = requester.specialty.code if requester.specialty is not None else ""
    return (
        requester.profession.code in duty.professions
        or specialty in duty.specialties
        or requester.sector.code in duty.sectors
    )
