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
    test_identities: bool = True
    submission_signature_required: bool = True
    # limits
    maximum_request_bytes: int = 64 * 1024 * 1024
    maximum_document_bytes: int = 20 * 1024 * 1024
    maximum_parts: int = 64
    maximum_documents: int = 50
    maximum_leaf_results: int = 10_000
    maximum_waiting_requests: int = 512
    # rules
    authorization_matrix: str = ""
    make_invisible_by_update: bool = False
    masked_and_invisible_together: bool = False
    occupational_doctors: bool = False
    professions_by_role: bool = False
    medecin_traitant_can_be_blocked: bool = False
    deleted_readable: bool = False
    emergency_review_hours: int = 72
    # emergencies
    emergency_window_minutes: int = 30
    emergency_reason_letters: int = 10
    emergency_reason_code_required: bool = False
    emergency_alarm_requester_hour: int = 5
    emergency_alarm_requester_day: int = 15
    emergency_alarm_structure_hour: int = 30
    emergency_alarm_structure_day: int = 150
    emergency_cut_off_day: int = 0
    harvest_alarm_hour: int = 60
    harvest_alarm_day: int = 250
    enumeration_alarm_hour: int = 20
    operator_identities: tuple[str, ...] = ()
    # notices by e-mail
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_security: str = "starttls"
    smtp_authorities: str = ""
    smtp_user: str = ""
    smtp_password_file: str = ""
    smtp_timeout: int = 120
    notice_sender: str = ""
    notice_service_name: str = "Carnet"
    notice_space_address: str = ""
    notice_claim_seconds: int = 900
    notice_uncertain_hours: int = 24
    notice_give_up_hours: int = 72
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


def _check_emergencies(settings: Settings) -> None:
    if not 1 <= settings.emergency_window_minutes <= 24 * 60:
        raise ConfigurationError("emergency_window_minutes is between 1 and 1440.")
    if any("=" not in pair.strip("=") for pair in settings.operator_identities):
        raise ConfigurationError("operator_identities holds pairs of the form login=PS_IdNat.")
    if settings.smtp_security not in {"starttls", "tls", "none"}:
        raise ConfigurationError("smtp_security is starttls, tls or none.")
    if settings.smtp_host and settings.smtp_security == "none" and settings.environment == "production":
        raise ConfigurationError("smtp_security must not be none in production: notices would travel in clear.")
    if settings.smtp_user and settings.smtp_security == "none":
        raise ConfigurationError("smtp_user needs smtp_security starttls or tls: the password would travel in clear.")
    if settings.smtp_host and not (settings.notice_sender and settings.notice_space_address):
        raise ConfigurationError("smtp_host needs notice_sender and notice_space_address.")
    if settings.notice_claim_seconds < 4 * settings.smtp_timeout:
        raise ConfigurationError("notice_claim_seconds is at least four times smtp_timeout.")


def _check(settings: Settings) -> None:
    for client in settings.clients:
        _check_client(client)
    if settings.environment not in {"development", "test", "production"}:
        raise ConfigurationError("environment is development, test or production.")
    if settings.vihf_profile not in {"dmp-vihf", "xua-strict"}:
        raise ConfigurationError("vihf_profile is dmp-vihf or xua-strict.")
    if not 1 <= settings.vihf_maximum_age <= 1_200:
        raise ConfigurationError("vihf_maximum_age is between 1 and 1200 seconds.")
    if settings.vihf_profile == "xua-strict" and not settings.vihf_audience:
        raise ConfigurationError("The profile xua-strict needs vihf_audience.")
    if settings.environment == "production" and settings.test_identities:
        raise ConfigurationError("test_identities must be false in production: test INS would be taken for real ones.")
    _check_emergencies(settings)
    if not settings.tls_enabled and not settings.declared_proxies:
        raise ConfigurationError("Without TLS the server needs declared_proxies: it would have no client certificate.")
