"""The stage of the demonstration: a fresh home with a test PKI, fictitious people and open records, and a folder for each caller."""

from __future__ import annotations

import io
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from carnet.cda.participants import Patient
from carnet.client.caller import FILE, Caller, Description
from carnet.clock import DAY, system_clock
from carnet.config import Settings
from carnet.demo.people import (
    COMMUNITY_NURSE,
    G15,
    HOSPITAL_DOCTOR,
    LABORATORY,
    MEDECIN_TRAITANT,
    PATIENTS,
    PROFESSIONALS,
    SAMU,
    SERVICE,
    DemoOrganization,
    DemoProfessional,
    directory_feed,
    identity_feed,
)
from carnet.demo.pki import Credential, TestAuthority
from carnet.demo.samples import Sample
from carnet.errors import ConfigurationError
from carnet.home import create_home
from carnet.metadata import Code, PatientIdentifier
from carnet.platform import build
from carnet.record.administration import Administration
from carnet.record.gate import Gate
from carnet.record.intake import import_directory, import_patients
from carnet.soap.ebrim_render import EbrimRenderer

MARKER = "DEMONSTRATION"
OPERATOR = "operator:demonstration"
SETTINGS = """\
# Made by `carnet demo`: fictitious people, a test PKI, keys that protect nothing. Not for real data.
environment = "development"
host = "127.0.0.1"
port = {port}
regulation_centres = ["{samu}"]
portal_seal_certificate = "pki/portal-seal.pem"
portal_seal_key = "pki/portal-seal.key"
"""
SPACE = """\
space_origin = "https://localhost:{port}"
oidc_issuer = "http://127.0.0.1:{provider}"
oidc_client_id = "carnet"
oidc_client_secret_file = "oidc-secret"
oidc_decryption_keys = ["oidc.pem"]
carers = true
"""
PROFESSIONALS_SPACE = """\
pro_oidc_issuer = "http://127.0.0.1:{provider}"
pro_oidc_client_id = "carnet"
pro_oidc_client_secret_file = "oidc-secret"
"""
AUTOMATE = Code("AUTOMATE", "1.2.250.1.213.1.1.4.6", "Automate")


@dataclass(frozen=True, slots=True)
class Stage:
    """A home made for the demonstration. `callers` are folders by the name of who calls."""

    home: Path
    settings: Settings
    callers: dict[str, Caller]
    patients: tuple[PatientIdentifier, ...]

    @property
    def authorities(self) -> Path:
        """The PEM file of the server's authority."""
        return self.home / "pki" / "trust" / "racine.pem"

    @property
    def address(self) -> str:
        """The address of the service."""
        return f"https://{self.settings.host}:{self.settings.port}"


def set_stage(
    home: Path,
    *,
    port: int,
    samples: tuple[Sample, ...] = (),
    extra_settings: str = "",
    provider: int = 0,
    professionals_provider: int = 0,
) -> Stage:
    """Makes the home afresh; one that an earlier demonstration left there is removed, any other is refused (ConfigurationError).

    The fictitious patients that `samples` name are registered too, with the identifiers that the documents give. With `provider`, the port of an
    identity provider on loopback, patients sign in there; nobody does otherwise. With `professionals_provider` too, professionals sign in at
    another one; by their cards they do in any case.
    """
    if home.exists() and any(home.iterdir()):
        if not (home / MARKER).exists():
            raise ConfigurationError(f"{home} is not empty and was not made by a demonstration.")
        shutil.rmtree(home)
    space = SPACE.format(port=port, provider=provider) if provider else ""
    if provider and professionals_provider:
        space += PROFESSIONALS_SPACE.format(provider=professionals_provider)
    settings = create_home(home, settings=SETTINGS.format(port=port, samu=SAMU.identifier) + space + extra_settings)
    if provider:
        _keys_for_provider(home)
    (home / MARKER).write_text("Everything here is fictitious.\n", encoding="utf-8")
    authority = TestAuthority.create(home / "pki", system_clock())
    authority.server().write(home / "pki", "server")
    authority.organization(SERVICE.identifier, SERVICE.name, service="PORTAIL").seal.write(home / "pki", "portal-seal")
    callers = _callers(home / "callers", authority)
    patients = _people(settings, samples)
    return Stage(home, settings, callers, patients)


def _keys_for_provider(home: Path) -> None:
    key = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for name, content in (("oidc.pem", key), ("oidc-secret", secrets.token_urlsafe(32).encode() + b"\n")):
        (home / name).touch(mode=0o600)
        (home / name).write_bytes(content)


def _callers(directory: Path, authority: TestAuthority) -> dict[str, Caller]:
    callers = {}
    for person in PROFESSIONALS:
        card = authority.professional(person.identifier, person.family_name, person.given_name, person.profession.code)
        callers[person.identifier] = _professional(directory, person, card.authentication, card.signature)
    pair = authority.organization(LABORATORY.identifier, LABORATORY.name)
    callers[LABORATORY.identifier] = _structure(directory, LABORATORY, pair.authentication, pair.seal)
    return callers


def _professional(directory: Path, person: DemoProfessional, connection: Credential, signing: Credential) -> Caller:
    roles = [(person.profession.code, person.profession.system or G15, person.profession.display)]
    if person.specialty is not None:
        roles.append((person.specialty.code, person.specialty.system, person.specialty.display))
    description = Description(
        name_id=person.identifier,
        name=person.name,
        structure=person.organization.identifier,
        structure_name=person.organization.name,
        sector=person.organization.sector.code,
        mode="DIRECTE",
        roles=tuple(roles),
    )
    return _written(directory / person.family_name.lower(), description, connection, signing)


def _structure(directory: Path, structure: DemoOrganization, connection: Credential, seal: Credential) -> Caller:
    description = Description(
        name_id=f"{structure.identifier}/automate",
        name="Carnet, reference client, feeding",
        structure=structure.identifier,
        structure_name=structure.name,
        sector=structure.sector.code,
        mode="INDIRECTE",
        roles=((AUTOMATE.code, AUTOMATE.system, AUTOMATE.display),),
    )
    return _written(directory / "laboratoire", description, connection, seal)


def _written(directory: Path, description: Description, connection: Credential, signing: Credential) -> Caller:
    connection.write(directory, description.connection)
    signing.write(directory, description.signing)
    (directory / FILE).write_bytes(msgspec.json.format(msgspec.json.encode(description)))
    return Caller(directory, description)


def _people(settings: Settings, samples: tuple[Sample, ...]) -> tuple[PatientIdentifier, ...]:
    platform = build(settings, EbrimRenderer(), worker="stage")
    try:
        gate = Gate(platform)
        import_directory(gate, directory_feed().splitlines(keepends=True), source="demonstration")
        known = {one.identifier for one in PATIENTS}
        others = {one.identifier: one.patient for one in samples if one.identifier not in known}
        feed = io.StringIO(identity_feed() + "".join(_feed_line(who, patient) for who, patient in others.items()))
        report = import_patients(gate, feed)
        if report.bad:
            raise ConfigurationError(f"The demonstration's identity feed has a bad line: {report.bad[0].reason}")
        patients = (*(one.identifier for one in PATIENTS), *others)
        _open_records(Administration(gate, OPERATOR), patients)
        gate.seal()
    finally:
        platform.close()
    return patients


def _open_records(administration: Administration, patients: tuple[PatientIdentifier, ...]) -> None:
    year = system_clock() + 365 * DAY
    for patient in patients:
        administration.open_record(patient)
        administration.declare_medecin_traitant(patient, MEDECIN_TRAITANT.identifier)
        for person in (HOSPITAL_DOCTOR, COMMUNITY_NURSE):
            administration.authorise(patient, person.identifier, year)


def _feed_line(identifier: PatientIdentifier, patient: Patient) -> str:
    cells = (
        identifier.value,
        identifier.authority,
        patient.birth_family,
        patient.birth_given_names or patient.first_birth_given,
        patient.used_family,
        patient.used_given,
        patient.gender,
        patient.birth_date,
        patient.birth_place or "99999",
    )
    return ";".join(cells) + "\n"
