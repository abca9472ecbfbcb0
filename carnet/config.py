"""Settings: one TOML file in the home directory, each overridden by an environment variable `CARNET_<NAME>` (upper case).

Every field below is documented in docs/operate/settings.md; a test holds the two together.
"""

from __future__ import annotations

import datetime as dt
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import msgspec

from carnet.errors import ConfigurationError

SETTINGS_FILE = "carnet.toml"
PREFIX = "CARNET_"


@dataclass(frozen=True, slots=True)
class ClientPolicy:
    """What is opened for one calling software or structure, with an end date (YYYY-MM-DD, UTC, excluded).

    `structure` is the Struct_IdNat of its certificate. Nothing here applies to any other client.
    """

    structure: str
    sha1_until: str = ""
    inclusive_c14n_until: str = ""
    assertion_reusable: bool = False
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """All that an operator may set. Paths are relative to the home directory unless absolute; durations are in seconds."""

    home: Path = Path()
    environment: str = "development"
    host: str = "127.0.0.1"
    port: int = 8443
    workers: int = 1
    base_path: str = "/si-dmp-server/v2/services"
    # transport
    tls_certificate: str = "pki/server.pem"
    tls_key: str = "pki/server.key"
    tls_client_authorities: str = "pki/trust"
    tls_enabled: bool = True
    revocation_lists: str = "pki/crl"
    revocation_grace: int = 0
    declared_proxies: tuple[str, ...] = ()
    # the assertion
    vihf_profile: str = "dmp-vihf"
    vihf_audience: str = ""
    vihf_maximum_age: int = 300
    vihf_future_skew: int = 60
    vihf_session_maximum_age: int = 43_200
    approved_software: tuple[str, ...] = ()
    regulation_centres: tuple[str, ...] = ()
    clients: tuple[ClientPolicy, ...] = ()
    # identity of this service
    repository_unique_id: str = "1.2.250.1.213.4.1.1.1.2"
    device_unique_id: str = "1.2.250.1.213.4.1.1.1"
    test_identities: bool = True
    submission_signature_required: bool = True
    # limits
    maximum_request_bytes: int = 64 * 1024 * 1024
    maximum_document_bytes: int = 20 * 1024 * 1024
    maximum_parts: int = 64
    maximum_documents: int = 50
    maximum_leaf_results: int = 10_000
    maximum_waiting_requests: int = 512
    maximum_listed_patients: int = 200
    maximum_candidates: int = 10
    maximum_searched_people: int = 10_000
    # rules
    authorization_matrix: str = ""
    make_invisible_by_update: bool = False
    masked_and_invisible_together: bool = False
    occupational_doctors: bool = False
    professions_by_role: bool = False
    medecin_traitant_can_be_blocked: bool = False
    deleted_readable: bool = False
    emergency_review_hours: int = 72
    authorisation_days: int = 365
    medecin_traitant_by_software: bool = True
    attached_to_mon_espace_sante: str = "all"
    withdrawn_transactions: bool = False
    candidate_criteria: tuple[str, ...] = ()
    # trace and storage
    audit_origin: str = "carnet.example/trace"
    audit_seal_interval: float = 1.0
    segment_bytes: int = 128 * 1024 * 1024
    rendition_cache_bytes: int = 64 * 1024 * 1024
    log_level: str = "INFO"

    def path(self, name: str) -> Path:
        """A setting that is a path, made absolute against the home directory."""
        return self.home / str(getattr(self, name))

    @property
    def database(self) -> Path:
        """The embedded registry."""
        return self.home / "carnet.db"

    def client_policy(self, structure: str) -> ClientPolicy:
        """What is opened for this structure; nothing, when it is not listed."""
        for policy in self.clients:
            if policy.structure == structure:
                return policy
        return ClientPolicy(structure=structure)


_NOT_FROM_ENVIRONMENT = frozenset({"home", "clients"})


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    known = {item.name: item for item in fields(Settings) if item.name not in _NOT_FROM_ENVIRONMENT}
    for name, text in environ.items():
        if not name.startswith(PREFIX):
            continue
        key = name.removeprefix(PREFIX).lower()
        if key not in known:
            raise ConfigurationError(f"{name} is not a setting of Carnet.")
        values[key] = [part for part in text.split(",") if part] if known[key].type == "tuple[str, ...]" else text
    return values


def load(home: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Reads `home/carnet.toml` (may be absent), then the environment, which wins.

    Raises ConfigurationError naming the unknown or ill-typed setting.
    """
    path = home / SETTINGS_FILE
    values: dict[str, Any] = {}
    if path.exists():
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise ConfigurationError(f"{SETTINGS_FILE} cannot be read: {error}.") from error
    unknown = set(values) - {item.name for item in fields(Settings)} | ({"home"} & set(values))
    if unknown:
        raise ConfigurationError(f"{SETTINGS_FILE}: unknown setting {min(unknown)!r}.")
    values.update(_from_environment(os.environ if environ is None else environ))
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"A setting has the wrong type: {error}.") from error
    settings = replace(settings, home=home.absolute())
    _check(settings)
    return settings


def _check_client(client: ClientPolicy) -> None:
    if client.profile not in {"", "dmp-vihf", "xua-strict"}:
        raise ConfigurationError(f"clients: the profile of {client.structure} is dmp-vihf or xua-strict.")
    for end in (client.sha1_until, client.inclusive_c14n_until):
        try:
            well_formed = not end or dt.date.fromisoformat(end).isoformat() == end
        except ValueError:
            well_formed = False
        if not well_formed:
            raise ConfigurationError(f"clients: an end date of {client.structure} is not of the form YYYY-MM-DD.")


def _check_patient_services(settings: Settings) -> None:
    if settings.attached_to_mon_espace_sante not in {"all", "activated", "none"}:
        raise ConfigurationError("attached_to_mon_espace_sante is all, activated or none.")
    if settings.authorisation_days < 1:
        raise ConfigurationError("authorisation_days is at least 1.")
    if not set(settings.candidate_criteria) <= {"given_name", "sex"}:
        raise ConfigurationError("candidate_criteria names given_name or sex: name and birth_date are always demanded.")


def _check(settings: Settings) -> None:
    for client in settings.clients:
        _check_client(client)
    if settings.environment not in {"development", "test", "production"}:
        raise ConfigurationError("environment is development, test or production.")
    if settings.vihf_profile not in {"dmp-vihf", "xua-strict"}:
        raise ConfigurationError("vihf_profile is dmp-vihf or xua-strict.")
    if not 1 <= settings.vihf_maximum_age <= 1_200:
        raise ConfigurationError("vihf_maximum_age is between 1 and 1200 seconds.")
    _check_patient_services(settings)
    if settings.vihf_profile == "xua-strict" and not settings.vihf_audience:
        raise ConfigurationError("The profile xua-strict needs vihf_audience.")
    if settings.environment == "production" and settings.test_identities:
        raise ConfigurationError("test_identities must be false in production: test INS would be taken for real ones.")
    if not settings.tls_enabled and not settings.declared_proxies:
        raise ConfigurationError("Without TLS the server needs declared_proxies: it would have no client certificate.")
