"""Whom a VIHF speaks for: person, structure, roles, patient, purpose, software (protocol notes §2.1 and §2.3).

An ordered table of named checks; each is necessary, and tests take them away one by one. Whether the person and the
structure exist, are active and linked is asked of the directory later, behind the gate.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from carnet.identity import vihf_claims as claim
from carnet.identity.vihf_binding import UNSPECIFIED
from carnet.identity.vihf_rules import Case
from carnet.identity.vihf_structure import deny
from carnet.metadata import INVISIBLE_REPRESENTANTS_LEGAUX, Code, PatientIdentifier
from carnet.requester import AccessMode, Authentication

G15, G16, R01, G05 = "1.2.250.1.71.1.2.7", "1.2.250.1.71.1.2.8", "1.2.250.1.71.4.2.5", "1.2.250.1.71.4.2.6"
DMP_ROLES = "1.2.250.1.213.1.1.4.6"
PROFESSIONS = frozenset(
    {G15, G16, DMP_ROLES, "1.2.250.1.213.1.6.1.4", "1.2.250.1.213.1.6.1.109", "1.2.250.1.213.1.6.1.140"}
)
"""Coding systems of a first subject role in JDV_J65: health professions, students, the DMP's own, other professions."""
SECOND_ROLES = {
    (G15, "10"): R01,  # médecin: spécialité
    (G15, "21"): G05,  # pharmacien: section de l'Ordre
    ("1.2.250.1.213.1.6.1.140", "99"): "1.2.250.1.213.1.6.1.107",  # acteur caractérisé par son rôle: TRE_R85
}
"""Professions whose second subject role is mandatory, and its coding system."""
MACHINES = frozenset({"AUTOMATE", "DISPOSITIF", "ALIM_AM"})
ACCESS_MODES = "1.2.250.1.213.1.1.4.248"
MAXIMUM_REASON = 1000

INS_AUTHORITIES = frozenset({"1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9"})
INS_TEST_AUTHORITIES = frozenset({"1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.11"})

_NATIONAL = re.compile(r"8[0-9]{11}|0[0-9A-Z]{9,11}")
_INTERNAL = re.compile(r"(?P<structure>[0-9A-Z]{6,21})/[!-~]{1,64}")
_STRUCTURE = re.compile(r"[0-9A-Z]{5,20}")
_OF_THE_STRUCTURE = {"1": "0", "3": "1", "4": "2", "5": "3", "6": "4"}
"""Prefix of an internal PS_IdNat (ADELI, FINESS, SIREN, SIRET, RPPS) to that of the same structure's Struct_IdNat."""
_SECTOR = re.compile(r"([A-Z0-9_]{2,20})\^([0-9]+(?:\.[0-9]+)+)")
_PATIENT = re.compile(r"([0-9]{6}[0-9AB][0-9]{8})\^\^\^&([0-9.]+)&ISO\^NH(?:\^[0-9^]*)?")
"""CX.1, CX.4, CX.5, then perhaps an effective date in CX.7, which samples carry and which means nothing here."""


def sector_of(case: Case) -> Code:
    """Secteur_Activite; an empty code when it is not `code^system`."""
    found = _SECTOR.fullmatch(case.claims.text(claim.SECTOR))
    return Code(found[1], found[2]) if found else Code("")


def patient_of(case: Case) -> PatientIdentifier | None:
    """The patient of resource-id, None when the assertion targets nobody or what it says cannot be read."""
    found = _PATIENT.fullmatch(case.claims.text(claim.RESOURCE_ID))
    return PatientIdentifier(found[1], found[2]) if found else None


def purpose_of(case: Case) -> AccessMode:
    """The mode of access; normal when none is stated."""
    stated = {code.code for code in case.claims.codes(claim.PURPOSE)}
    return next((mode for mode in AccessMode if mode.value in stated), AccessMode.NORMAL)


def is_secret(case: Case) -> bool:
    """Whether the caller asked for a secret connection, which legal representatives must not see."""
    return _confidentiality(case) == INVISIBLE_REPRESENTANTS_LEGAUX


def _confidentiality(case: Case) -> str:
    values = case.claims.attributes.get(claim.CONFIDENTIALITY, ())
    return " ".join(value.code if isinstance(value, Code) else value for value in values)


def _name_id(case: Case) -> None:
    identifier = case.claims.name_id
    if case.direct:
        if identifier != case.holder.identifier:
            raise deny("NameID is not the PS_IdNat of the card")
        return
    internal = _INTERNAL.fullmatch(identifier)
    if internal is None and _NATIONAL.fullmatch(identifier) is None:
        raise deny("NameID is neither a national identifier nor one internal to a structure")
    if internal is not None and _of_another(internal["structure"], case.holder.organization_id):
        raise deny("NameID is internal to another structure")


def _of_another(written: str, structure: str) -> bool:
    """Whether the structure of an internal identifier is of the same kind as ours and another one."""
    same_kind = _OF_THE_STRUCTURE.get(written[0], "") == structure[:1] and len(written) == len(structure)
    return same_kind and written[1:] != structure[1:]


def _structure(case: Case) -> None:
    structure = case.claims.text(claim.STRUCTURE)
    if _STRUCTURE.fullmatch(structure) is None:
        raise deny("Identifiant_Structure is absent or malformed")
    if case.holder.organization_id not in {"", structure}:
        raise deny("Identifiant_Structure is not that of the certificate")


def _sector(case: Case) -> None:
    sector = sector_of(case)
    if not case.rules.sectors(sector.code, sector.system):
        raise deny("Secteur_Activite is absent or not in JDV_J61")


def _named(case: Case) -> None:
    if not case.direct and not case.claims.text(claim.SUBJECT_ID):
        raise deny("subject-id is absent")


def _known_roles(case: Case) -> None:
    roles = case.claims.codes(claim.ROLE)
    if not 1 <= len(roles) <= 2 or not all(case.rules.roles(role.code, role.system) for role in roles):
        raise deny("a subject role is absent, too many or not in JDV_J65")


def _roles_in_order(case: Case) -> None:
    first, *others = case.claims.codes(claim.ROLE)
    second = others[0] if others else None
    if first.system not in PROFESSIONS or (second is not None and second.system in PROFESSIONS):
        raise deny("the first subject role must be the profession, and only it")
    wanted = SECOND_ROLES.get((first.system, first.code))
    if wanted is not None and (second is None or second.system != wanted):
        raise deny("the second subject role is absent or of another kind than the profession needs")


def _a_person_in_reinforced_mode(case: Case) -> None:
    if case.mode is not Authentication.REINFORCED:
        return
    machine = case.claims.codes(claim.ROLE)[0].code in MACHINES
    if machine or case.claims.authentication_class == UNSPECIFIED:
        raise deny("INDIRECTE_RENFORCEE is for a person who logged in")


def _patient(case: Case) -> None:
    if not case.claims.text(claim.RESOURCE_ID):
        return
    patient = patient_of(case)
    allowed = INS_AUTHORITIES | (INS_TEST_AUTHORITIES if case.rules.settings.test_identities else frozenset())
    if patient is None or patient.authority not in allowed:
        raise deny("resource-id is not an INS")


def _purpose(case: Case) -> None:
    stated = case.claims.codes(claim.PURPOSE)
    if (
        len(stated) != 1
        or stated[0].system != ACCESS_MODES
        or stated[0].code not in {mode.value for mode in AccessMode}
    ):
        raise deny("purposeofuse is not one of normal, bris_de_glace, centre_15 of TRE_R248-ModeAcces")


def _reason(case: Case) -> None:
    if len(case.claims.text(claim.REASON)) > MAXIMUM_REASON:
        raise deny("Mode_Acces_Raison is too long")


def _software(case: Case) -> None:
    claims, approved = case.claims, case.rules.settings.approved_software
    if not all(map(claims.text, (claim.SOFTWARE_NAME, claim.SOFTWARE_VERSION, claim.SOFTWARE_APPROVAL))):
        raise deny("LPS_Nom, LPS_Version or LPS_ID_HOMOLOGATION_DMP is absent")
    if approved and claims.text(claim.SOFTWARE_APPROVAL) not in approved:
        raise deny("LPS_ID_HOMOLOGATION_DMP is not known")


def _secret_connection(case: Case) -> None:
    if _confidentiality(case) not in {"", "N", INVISIBLE_REPRESENTANTS_LEGAUX}:
        raise deny("confidentiality-code is unknown")


Check = Callable[[Case], None]
CHECKS: tuple[tuple[str, Check], ...] = (
    ("NameID", _name_id),
    ("structure", _structure),
    ("sector", _sector),
    ("name", _named),
    ("known roles", _known_roles),
    ("roles in order", _roles_in_order),
    ("a person in reinforced mode", _a_person_in_reinforced_mode),
    ("patient", _patient),
    ("purpose", _purpose),
    ("reason", _reason),
    ("software", _software),
    ("secret connection", _secret_connection),
)
