"""The situations in which a professional practises: a profession, its specialty, a structure and its sector of activity.

Pro Santé Connect states them in its claims (protocols §8.5), a card leaves them to the directory. What a claim says is read strictly: what
cannot be read is no situation. Which of them the directory knows is asked of it later, inside the gate.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from carnet.errors import SignInFailed
from carnet.identity.directory import G15, G16, KNOW_HOW, PHARMACISTS_SECTION, STUDENT, Organization, Professional, Role
from carnet.metadata import Code

SECTORS = "1.2.250.1.71.4.2.4"
"""Sectors of activity, SAxx (R02)."""
SECOND_ROLE: Mapping[str, tuple[str, str]] = {
    "10": (KNOW_HOW, "codeSavoirFaire"),  # médecin
    "21": (
        PHARMACISTS_SECTION,
        "codeSectionPharmacien",
    ),  # pharmacien. INFERRED: the name of the claim is that of the directory's column
}
"""Professions whose specialty a requester states, its coding system, and the claim that holds it."""
MOST = 32
"""Situations that are read of one person, at most."""
_PERSON = re.compile(r"8[0-9]{11}|0[0-9A-Z]{9,11}", re.ASCII)
_CODE = re.compile(r"[0-9A-Za-z._-]{1,20}", re.ASCII)
_SECTOR = re.compile(r"SA[0-9]{2}", re.ASCII)
_FINESS, _SIRET = re.compile(r"[0-9]{2}[0-9AB][0-9]{6}", re.ASCII), re.compile(r"[0-9]{14}", re.ASCII)
_STRUCTURE = re.compile(r"[0-9A-Z]{5,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Situation:
    """One practice situation. `structure` is a Struct_IdNat; `specialty` is None for a profession that states none."""

    profession: Code
    specialty: Code | None
    structure: str
    structure_name: str
    sector: Code

    @property
    def key(self) -> str:
        """What names it among the situations of one person, the same at each sign-in."""
        second = self.specialty.code if self.specialty is not None else ""
        parts = (self.profession.system, self.profession.code, second, self.structure, self.sector.code)
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class StatedSituation:
    """A situation as claims state it: of the structure any of its identifiers (Struct_IdNat), the surest first; '' for what is not stated."""

    profession: str
    student: bool
    specialty: str
    structures: tuple[str, ...]
    sector: str


@dataclass(frozen=True, slots=True)
class StatedPerson:
    """Whom Pro Santé Connect says signed in. `identifier` is a PS_IdNat."""

    identifier: str
    family_name: str
    given_name: str
    situations: tuple[StatedSituation, ...]


def read_person(claims: Mapping[str, Any]) -> StatedPerson:
    """Reads verified claims. Raises SignInFailed where they name nobody, or two different persons."""
    identifier = _text(claims, "SubjectNameID")
    if not _PERSON.fullmatch(identifier):
        raise SignInFailed("SubjectNameID is not the national identifier of a professional")
    if any(one != identifier for one in _other_identifiers(claims)):
        raise SignInFailed("otherIds names another person than SubjectNameID")
    family, given = _text(claims, "family_name"), _text(claims, "given_name")
    if not family:
        raise SignInFailed("family_name is absent")
    return StatedPerson(identifier, family, given, tuple(_situations(claims))[:MOST])


def _other_identifiers(claims: Mapping[str, Any]) -> Iterator[str]:
    """Those of the RPPS, which name a person for the whole country. Raises SignInFailed for what cannot be read."""
    for one in _objects(claims, "otherIds"):
        if _text(one, "origine") == "RPPS":
            yield _text(one, "identifiant")


def _situations(claims: Mapping[str, Any]) -> Iterator[StatedSituation]:
    """Those of SubjectRefPro whose profession is among the subject roles, where roles are stated."""
    roles = {role.partition("^")[0] for role in _texts(claims, "SubjectRole")}
    overall = _text(claims, "Secteur_Activite").partition("^")
    sector = overall[0] if overall[2] == SECTORS else ""
    reference = claims.get("SubjectRefPro")
    for practice in _objects(reference if isinstance(reference, dict) else {}, "exercices"):
        profession = _text(practice, "codeProfession")
        if not _CODE.fullmatch(profession) or (roles and profession not in roles):
            continue
        for activity in _objects(practice, "activities"):
            structures = tuple(_structures(activity))
            if structures:
                stated = _text(activity, "codeSecteurDactivite") or sector
                student = _text(practice, "codeCategorieProfessionnelle") == STUDENT
                yield StatedSituation(
                    profession, student, _specialty(profession, practice, activity), structures, stated
                )


def _specialty(profession: str, practice: Mapping[str, Any], activity: Mapping[str, Any]) -> str:
    name = SECOND_ROLE.get(profession, ("", ""))[1]
    found = (_text(practice, name) or _text(activity, name)) if name else ""
    return found if _CODE.fullmatch(found) else ""


def _structures(activity: Mapping[str, Any]) -> Iterator[str]:
    """The structure's identifiers by the prefixes of Struct_IdNat (protocols §8.3): FINESS 1, SIRET 3, then as they are."""
    finess, siret = _text(activity, "numeroFinessSite"), _text(activity, "numeroSiretSite")
    if _FINESS.fullmatch(finess):
        yield f"1{finess}"
    if _SIRET.fullmatch(siret):
        yield f"3{siret}"
    for name in ("ancienIdentifiantDeLaStructure", "identifiantTechniqueDeLaStructure"):
        if _STRUCTURE.fullmatch(_text(activity, name)):
            yield _text(activity, name)


def of_claims(stated: StatedSituation, known: Professional, structure: Organization) -> Iterator[Situation]:
    """The situations that a stated one stands for, at one structure of the directory: what the claims do not say is what the directory says."""
    sector = stated.sector if _SECTOR.fullmatch(stated.sector) else structure.sector
    for role in _whole_roles(known):
        fits = role.profession == stated.profession and (role.category == STUDENT) == stated.student
        if fits and (not stated.specialty or role.specialty == stated.specialty):
            yield _situation(role.profession, role.specialty, structure, sector, student=stated.student)


def of_directory(known: Professional, structure: Organization) -> Iterator[Situation]:
    """All situations of a person at one structure, as the directory says."""
    for role in _whole_roles(known):
        student = role.category == STUDENT
        yield _situation(role.profession, role.specialty, structure, structure.sector, student=student)


def _whole_roles(known: Professional) -> Iterator[Role]:
    """Those that can be stated: a doctor's and a pharmacist's with their specialty, without which nobody knows in what quality they act (VIHF, JDV_J65)."""
    for role in known.roles:
        if role.specialty or role.category == STUDENT or role.profession not in SECOND_ROLE:
            yield role


def _situation(profession: str, second: str, structure: Organization, sector: str, *, student: bool) -> Situation:
    system = SECOND_ROLE.get(profession, ("", ""))[0]
    specialty = Code(second, system) if second and system and not student else None
    return Situation(
        Code(profession, G16 if student else G15),
        specialty,
        structure.identifier,
        structure.name,
        Code(sector, SECTORS),
    )


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _texts(values: Mapping[str, Any], name: str) -> list[str]:
    value = values.get(name)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _objects(values: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of a list. Raises SignInFailed where it is something else."""
    value = values.get(name, [])
    if not isinstance(value, list) or len(value) > MOST or not all(isinstance(one, dict) for one in value):
        raise SignInFailed(f"{name} cannot be read")
    return value
