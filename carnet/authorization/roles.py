"""The roles of an assertion (JDV_J65): what kind of caller each is, and under which name it stands in the matrix of document types."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from carnet.metadata import Code
from carnet.requester import Requester

G15 = "1.2.250.1.71.1.2.7"
"""Professions of the health code."""
PROTECTED_TITLES = "1.2.250.1.213.1.6.1.109"
SOCIAL_PROFESSIONS = "1.2.250.1.213.1.6.1.4"
ACTOR_BY_ROLE = "1.2.250.1.213.1.6.1.140"
ACTIVITY_KINDS = "1.2.250.1.213.1.6.1.19"
"""GENRxx, the second role of those whom their role defines."""
OTHER_ROLES = "1.2.250.1.213.1.1.4.6"


class Kind(StrEnum):
    """What a caller's first role makes of it."""

    DOCTOR = "doctor"
    PROFESSIONAL = "professional"
    BY_ROLE = "by role"
    SECRETARY = "secretary"
    MACHINE = "machine"


def _all(kind: Kind, system: str, codes: str) -> dict[tuple[str, str], Kind]:
    return {(system, code): kind for code in codes.split()}


KINDS: Mapping[tuple[str, str], Kind] = {
    **_all(Kind.DOCTOR, G15, "10"),
    **_all(
        Kind.PROFESSIONAL,
        G15,
        "21 26 28 31 32 35 36 37 38 39 40 50 60 69 70 80 81 82 83 84 85 86 91 92 94 95 96 98",
    ),
    **_all(Kind.BY_ROLE, PROTECTED_TITLES, "71 72 73 93 97"),
    **_all(Kind.BY_ROLE, SOCIAL_PROFESSIONS, "41 42 43 44 45 46 47 48 49 51 52 53"),
    **_all(Kind.BY_ROLE, ACTOR_BY_ROLE, "99"),
    **_all(Kind.SECRETARY, OTHER_ROLES, "SECRETARIAT_MEDICAL"),
    **_all(Kind.MACHINE, OTHER_ROLES, "AUTOMATE DISPOSITIF"),
}
"""By code system and code. What is absent is refused: students (G16) as long as no list of theirs was found, the insurer's own feed
(ALIM_AM) and the patient's side (EXP_PATIENT), which have doors of their own."""

OCCUPATIONAL_MEDICINE = frozenset({"SM25", "SCH35", "C41", "CAPA11", "FON-29"})
"""Second roles of JDV_J65 that say occupational medicine. INFERRED beyond SM25: an assertion carries one second role, so it is the
quality in which the doctor acts. Read without their code system, so that a wrong one opens nothing."""

SOCIAL_ACTIVITIES = frozenset({"GENR08", "GENR09", "GENR10", "GENR11", "GENR12"})
"""The functions that the order of 26 October 2023 gives columns to, beside the health professions."""

OCCUPATIONAL_SECTOR = "SA66"
"""Services de prévention et de santé au travail (JDV_J02). INFERRED: any doctor who calls for one acts in occupational medicine."""

FORBIDDEN_SECTORS = frozenset({"SA23", "SA24"})
"""Private insurers (L1111-18 CSP) and, INFERRED from R1111-41, the funds, whose agents do not read. Banks and employers have no sector."""

HOMES_FOR_THE_ELDERLY = "SA17"
"""INFERRED: no code says coordinating doctor, so a doctor who calls for an EHPAD is taken for one (L1111-16 CSP)."""

_TITLES_IN_MATRIX = frozenset({"93"})

MATRIX_ROLES = (
    frozenset(code for (_, code), kind in KINDS.items() if kind in {Kind.DOCTOR, Kind.PROFESSIONAL})
    | _TITLES_IN_MATRIX
    | SOCIAL_ACTIVITIES
)
"""Every row of the matrix of document types that `matrix_role` can lead to."""


def kind_of(profession: Code) -> Kind | None:
    """What the first role is; None for a role that the service does not know."""
    return KINDS.get((profession.system, profession.code))


def is_occupational(requester: Requester) -> bool:
    """Whether a doctor acts in occupational medicine."""
    if requester.sector.code == OCCUPATIONAL_SECTOR:
        return True
    return requester.specialty is not None and requester.specialty.code in OCCUPATIONAL_MEDICINE


def is_coordinating_doctor(requester: Requester) -> bool:
    """Whether a doctor acts as the coordinating doctor of a home for the elderly."""
    return kind_of(requester.profession) is Kind.DOCTOR and requester.sector.code == HOMES_FOR_THE_ELDERLY


def is_forbidden(requester: Requester, structures: frozenset[str]) -> bool:
    """Whether the caller is an insurer, a bank, an employer …: by its sector, or by its structure among those that the operator names."""
    return requester.sector.code in FORBIDDEN_SECTORS or requester.organization_id in structures


def matrix_role(requester: Requester) -> str:
    """The requester's row in the matrix of document types: a G15 code, `93` (psychologist) or GENRxx; '' for none, which reads nothing."""
    profession, specialty = requester.profession, requester.specialty
    kind = kind_of(profession)
    if kind in {Kind.DOCTOR, Kind.PROFESSIONAL}:
        return profession.code
    if kind is not Kind.BY_ROLE:
        return ""
    if profession.system == PROTECTED_TITLES and profession.code in _TITLES_IN_MATRIX:
        return profession.code
    if specialty is not None and specialty.system == ACTIVITY_KINDS and specialty.code in SOCIAL_ACTIVITIES:
        return specialty.code
    return ""
