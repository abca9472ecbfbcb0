"""Who asks, in what role, in what mode, with what stated reason: the outcome of authentication, and all that rules see of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from carnet.metadata import Code, PatientIdentifier


class Authentication(StrEnum):
    """Authentification_Mode of the VIHF."""

    DIRECT = "DIRECTE"
    INDIRECT = "INDIRECTE"
    REINFORCED = "INDIRECTE_RENFORCEE"


class AccessMode(StrEnum):
    """TRE_R248-ModeAcces (1.2.250.1.213.1.1.4.248)."""

    NORMAL = "normal"
    BRIS_DE_GLACE = "bris_de_glace"
    CENTRE_15 = "centre_15"


class CardClass(StrEnum):
    """What kind of certificate opened the TLS connection."""

    PROFESSIONAL = "CPS"
    EMPLOYEE = "CPE"
    ORGANIZATION = "ORG"


@dataclass(frozen=True, slots=True)
class Software:
    """The calling software (LPS_Nom, LPS_Version, LPS_ID, LPS_ID_HOMOLOGATION_DMP)."""

    name: str
    version: str
    instance: str = ""
    approval: str = ""


@dataclass(frozen=True, slots=True)
class AssertionUse:
    """What must be remembered so that an assertion is not used again.

    `key` is SHA-256(issuer || 0x00 || assertion ID); `expires_at` in microseconds UTC is when the memory may be dropped.
    `reusable` is true for a client class that may send one assertion several times over the same TLS certificate.
    """

    key: bytes
    expires_at: int
    reusable: bool = False


@dataclass(frozen=True, slots=True)
class Requester:
    """An authenticated caller.

    `identifier` is the VIHF's NameID: PS_IdNat of a professional, or `structure/internal id`. `organization_id` is a Struct_IdNat.
    `profession` is the first subject role (G15, G16 or TRE_R85/1.2.250.1.213.1.1.4.6 system), `specialty` the second (R01 or G05).
    `sector` is `SAxx`. `patient` is the VIHF's resource-id, None for calls that target no patient.
    """

    identifier: str
    name: str
    organization_id: str
    sector: Code
    authentication: Authentication
    card: CardClass
    profession: Code
    specialty: Code | None = None
    mode: AccessMode = AccessMode.NORMAL
    reason: str = ""
    patient: PatientIdentifier | None = None
    secret_connection: bool = False
    software: Software = Software("", "")
    certificate: str = ""
    """SHA-256 of the TLS client certificate's DER, lower-case hexadecimal."""
    assertion: AssertionUse | None = None
    address: str = ""
    portal: bool = False
    """An act of the professional's portal: a session stands for the assertion, and the directory is asked at each act all the same."""
