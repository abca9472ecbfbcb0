"""Settings: one TOML file in the home directory, each overridden by an environment variable `CARNET_<NAME>` (upper case).

Every field below is documented in docs/operate/settings.md; a test holds the two together.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import msgspec

from carnet.errors import ConfigurationError

SETTINGS_FILE = "carnet.toml"
PREFIX = "CARNET_"
_ORIGIN = r"|https?://[a-z0-9.-]+(?::[0-9]{1,5})?"


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
    operation_addresses: tuple[str, ...] = ()
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
    maximum_waiting_seconds: float = 1.0
    maximum_requests_in_progress: int = 16
    maximum_bytes_in_progress: int = 256 * 1024 * 1024
    maximum_connections: int = 2_000
    maximum_head_seconds: float = 10.0
    maximum_body_seconds: float = 60.0
    maximum_listed_patients: int = 200
    maximum_candidates: int = 10
    maximum_searched_people: int = 500
    # rules
    rule_approvers: str = "approvers"
    make_invisible_by_update: bool = False
    masked_and_invisible_together: bool = False
    occupational_doctors: bool = False
    professions_by_role: bool = False
    medecin_traitant_can_be_blocked: bool = False
    deleted_readable: bool = False
    forbidden_structures: tuple[str, ...] = ()
    explicit_consent_days: int = 365
    care_team_days: int = 90
    carers: bool = False
    carer_invitation_days: int = 15
    emergency_review_hours: int = 72
    # the life of a record
    pilot_territories: tuple[str, ...] = ()
    delays_wait_for_notice: bool = True
    destruction_wait_days: int = 30
    destruction_warning_days: int = 14
    tombstones: str = "tombstones"
    # services on a record as a whole
    authorisation_days: int = 365
    medecin_traitant_by_software: bool = True
    attached_to_mon_espace_sante: str = "all"
    withdrawn_transactions: bool = False
    candidate_criteria: tuple[str, ...] = ()
    record_opening_minutes: int = 480
    record_opening_tries: int = 120
    identity_search_tries: int = 30
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
    # signing in of patients
    space_origin: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret_file: str = ""
    oidc_signing_key: str = ""
    oidc_decryption_keys: tuple[str, ...] = ()
    oidc_signature_algorithms: tuple[str, ...] = ()
    oidc_acr: str = "eidas2"
    oidc_maximum_age: int = 0
    oidc_authorities: str = ""
    one_time_codes: bool = True
    provisional_code_days: int = 60
    session_idle_minutes: int = 15
    session_hours: int = 8
    step_up_minutes: int = 15
    sign_in_tries_account: int = 10
    sign_in_tries_address: int = 100
    card_code_minutes: int = 15
    card_print_days: int = 90
    # signing in of professionals
    pro_cards: bool = True
    pro_oidc_issuer: str = ""
    pro_oidc_authorization_origin: str = ""
    pro_oidc_client_id: str = ""
    pro_oidc_client_secret_file: str = ""
    pro_oidc_signing_key: str = ""
    pro_oidc_signature_algorithms: tuple[str, ...] = ()
    pro_oidc_acr: str = "eidas1"
    pro_oidc_accepted_acr: tuple[str, ...] = ()
    pro_oidc_authorities: str = ""
    pro_session_idle_minutes: int = 15
    pro_session_hours: int = 8
    pro_step_up_minutes: int = 15
    pro_sign_in_tries_address: int = 2_000
    # what patients add, and take away
    upload_file_bytes: int = 20 * 1024 * 1024
    upload_document_bytes: int = 5 * 1024 * 1024
    upload_daily_documents: int = 50
    upload_draft_hours: int = 48
    export_minutes: int = 60
    # what professionals deposit without software of their own
    portal_seal_certificate: str = ""
    portal_seal_key: str = ""
    portal_draft_hours: int = 24
    # trace and storage
    audit_origin: str = "carnet.example/trace"
    audit_seal_interval: float = 1.0
    witness_url: str = ""
    witness_key: str = ""
    witness_interval: float = 60.0
    atna_collector: str = ""
    atna_authorities: str = "pki/collector.pem"
    atna_certificate: str = "pki/server.pem"
    atna_key: str = "pki/server.key"
    atna_source: str = "carnet"
    atna_enterprise_number: int = 32473
    database_url: str = ""
    database_timeout: float = 4.0
    segment_bytes: int = 128 * 1024 * 1024
    reserved_bytes: int = 64 * 1024 * 1024
    segment_seconds: int = 3_600
    documents_url: str = ""
    documents_key_id: str = ""
    documents_secret_file: str = ""
    documents_authorities: str = ""
    documents_timeout: float = 5.0
    documents_connections: int = 8
    documents_upload_interval: float = 10.0
    documents_local_bytes: int = 16 * 1024 * 1024 * 1024
    documents_cache_bytes: int = 1024 * 1024 * 1024
    documents_scrub_days: int = 30
    unsealed_documents: str = "local"
    documents_replica: str = ""
    rendition_cache_bytes: int = 64 * 1024 * 1024
    log_level: str = "INFO"
    kill_at_for_tests: str = ""
    # starting and stopping
    stop_notice_seconds: float = 0.0
    stop_seconds: float = 10.0

    def path(self, name: str) -> Path:
        """A setting that is a path, made absolute against the home directory."""
        return self.home / str(getattr(self, name))

    @property
    def database(self) -> Path:
        """The file of the embedded registry, used when `database_url` is empty."""
        return self.home / "carnet.db"

    @property
    def database_place(self) -> Path | str:
        """The registry: the address of a PostgreSQL database, or the file of the embedded one."""
        return self.database_url or self.database

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
    return parse(path.read_text(encoding="utf-8") if path.exists() else "", home, environ)


def parse(text: str, home: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings that a file of this text would give a home; see `load`."""
    try:
        values: dict[str, Any] = tomllib.loads(text)
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


def _check_territory(item: str) -> None:
    territory, mark, day = item.partition("=")
    try:
        well_formed = bool(territory and mark) and dt.date.fromisoformat(day).isoformat() == day
    except ValueError:
        well_formed = False
    if not well_formed:
        raise ConfigurationError("pilot_territories: each is written TERRITORY=YYYY-MM-DD.")


def _check_patient_services(settings: Settings) -> None:
    if settings.attached_to_mon_espace_sante not in {"all", "activated", "none"}:
        raise ConfigurationError("attached_to_mon_espace_sante is all, activated or none.")
    if settings.authorisation_days < 1:
        raise ConfigurationError("authorisation_days is at least 1.")
    if not set(settings.candidate_criteria) <= {"given_name", "sex"}:
        raise ConfigurationError("candidate_criteria names given_name or sex: name and birth_date are always demanded.")
    if not 1 <= settings.record_opening_minutes <= 24 * 60:
        raise ConfigurationError("record_opening_minutes is between 1 and 1440.")
    if min(settings.record_opening_tries, settings.identity_search_tries) < 1:
        raise ConfigurationError("record_opening_tries and identity_search_tries are at least 1.")


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


def _document_faults(settings: Settings) -> tuple[tuple[bool, str], ...]:
    """The same of where documents are kept."""
    kept = settings.unsealed_documents
    in_clear = settings.documents_url.startswith("s3+http:") and settings.environment == "production"
    return (
        (
            kept not in {"local", "written_through", "replicated"},
            "unsealed_documents is local, written_through or replicated.",
        ),
        (
            kept == "written_through" and not settings.documents_url,
            "unsealed_documents: written_through needs documents_url.",
        ),
        (
            kept == "replicated" and not settings.documents_replica,
            "unsealed_documents: replicated needs documents_replica.",
        ),
        (in_clear, "documents_url begins with s3+https in production: what the store answers must come from it."),
        (
            min(settings.documents_timeout, settings.documents_upload_interval) < 0.1,
            "documents_timeout and documents_upload_interval are at least 0.1 seconds.",
        ),
        (
            min(settings.documents_connections, settings.documents_scrub_days) < 1,
            "documents_connections and documents_scrub_days are at least 1.",
        ),
        (
            min(settings.documents_local_bytes, settings.documents_cache_bytes, settings.segment_seconds) < 0,
            "documents_local_bytes, documents_cache_bytes and segment_seconds are not negative.",
        ),
    )


def _sign_in_faults(settings: Settings) -> tuple[tuple[bool, str], ...]:
    """The same of how patients sign in."""
    production, provider = settings.environment == "production", bool(settings.oidc_issuer)
    said_by = (settings.oidc_client_secret_file, settings.oidc_signing_key)
    return (
        (
            not re.fullmatch(_ORIGIN, settings.space_origin),
            "space_origin is written https://host, or with a port; no path follows it.",
        ),
        (
            production and settings.space_origin.startswith("http:"),
            "space_origin begins with https in production: sessions would travel in clear.",
        ),
        (
            provider and not (settings.oidc_client_id and settings.oidc_decryption_keys and settings.space_origin),
            "oidc_issuer needs oidc_client_id, oidc_decryption_keys and space_origin.",
        ),
        (provider and not any(said_by), "oidc_issuer needs oidc_client_secret_file or oidc_signing_key."),
        (
            provider and production and not settings.oidc_issuer.startswith("https://"),
            "oidc_issuer begins with https in production: whoever is between could sign in as anybody.",
        ),
        (
            settings.oidc_acr not in {"eidas2", "eidas3"},
            "oidc_acr is eidas2 or eidas3: a health record asks for two factors.",
        ),
        (
            not set(settings.oidc_signature_algorithms) <= {"ES256", "RS256"},
            "oidc_signature_algorithms names ES256 or RS256.",
        ),
        (not 0 <= settings.oidc_maximum_age <= 3_600, "oidc_maximum_age is between 0 and 3600 seconds."),
        (not 1 <= settings.session_idle_minutes <= 60, "session_idle_minutes is between 1 and 60."),
        (not 1 <= settings.session_hours <= 24, "session_hours is between 1 and 24."),
        (not 1 <= settings.step_up_minutes <= 1_440, "step_up_minutes is between 1 and 1440."),
        (not 1 <= settings.provisional_code_days <= 365, "provisional_code_days is between 1 and 365."),
        (not 1 <= settings.card_code_minutes <= 1_440, "card_code_minutes is between 1 and 1440."),
        (not 0 <= settings.card_print_days <= 366, "card_print_days is between 0 and 366."),
        (
            min(settings.sign_in_tries_account, settings.sign_in_tries_address) < 1,
            "sign_in_tries_account and sign_in_tries_address are at least 1.",
        ),
        (
            not 0 < settings.upload_document_bytes <= settings.upload_file_bytes <= 32 * 1024 * 1024,
            "upload_document_bytes is at most upload_file_bytes, which is at most 33554432.",
        ),
    )


def _pro_sign_in_faults(settings: Settings) -> tuple[tuple[bool, str], ...]:
    """The same of how professionals sign in."""
    production, provider = settings.environment == "production", bool(settings.pro_oidc_issuer)
    shown = settings.pro_oidc_client_secret_file or settings.pro_oidc_signing_key
    browsers = settings.pro_oidc_authorization_origin
    plain = [place for place in (settings.pro_oidc_issuer, browsers) if place and not place.startswith("https://")]
    wrong = set(settings.pro_oidc_signature_algorithms) - {"ES256", "RS256"}
    hours, minutes = settings.pro_session_hours, (settings.pro_session_idle_minutes, settings.pro_step_up_minutes)
    levels = (settings.pro_oidc_acr, *settings.pro_oidc_accepted_acr)
    return (
        (
            provider and not (settings.pro_oidc_client_id and settings.space_origin and shown),
            "pro_oidc_issuer needs pro_oidc_client_id, space_origin, and pro_oidc_client_secret_file or pro_oidc_signing_key.",
        ),
        (
            production and bool(plain),
            "pro_oidc_issuer and pro_oidc_authorization_origin begin with https in production.",
        ),
        (
            not re.fullmatch(_ORIGIN, browsers),
            "pro_oidc_authorization_origin is written https://host, no path follows.",
        ),
        (not all(levels), "pro_oidc_acr and pro_oidc_accepted_acr name levels."),
        (bool(wrong), "pro_oidc_signature_algorithms names ES256 or RS256."),
        (
            not (1 <= minutes[0] <= 60 and 1 <= hours <= 24),
            "pro_session_idle_minutes is at most 60, pro_session_hours 24.",
        ),
        (not 1 <= minutes[1] <= 1_440, "pro_step_up_minutes is between 1 and 1440."),
        (settings.pro_sign_in_tries_address < 1, "pro_sign_in_tries_address is at least 1."),
    )


def _check(settings: Settings) -> None:
    for item in settings.pilot_territories:
        _check_territory(item)
    for client in settings.clients:
        _check_client(client)
    _check_patient_services(settings)
    _check_emergencies(settings)
    for wrong, sentence in (
        *_faults(settings),
        *_document_faults(settings),
        *_sign_in_faults(settings),
        *_pro_sign_in_faults(settings),
    ):
        if wrong:
            raise ConfigurationError(sentence)


def _faults(settings: Settings) -> tuple[tuple[bool, str], ...]:
    """What may be wrong with a setting or with two together, and the sentence that says so."""
    production, strict = settings.environment == "production", settings.vihf_profile == "xua-strict"
    return (
        (
            not 0 <= settings.destruction_wait_days <= 80,
            "destruction_wait_days is between 0 and 80: a destruction is due within three months.",
        ),
        (
            settings.environment not in {"development", "test", "production"},
            "environment is development, test or production.",
        ),
        (
            production and bool(settings.kill_at_for_tests),
            "kill_at_for_tests must be empty in production: the server would end itself.",
        ),
        (settings.vihf_profile not in {"dmp-vihf", "xua-strict"}, "vihf_profile is dmp-vihf or xua-strict."),
        (not 1 <= settings.vihf_maximum_age <= 1_200, "vihf_maximum_age is between 1 and 1200 seconds."),
        (strict and not settings.vihf_audience, "The profile xua-strict needs vihf_audience."),
        (
            production and settings.test_identities,
            "test_identities must be false in production: test INS would be taken for real ones.",
        ),
        (
            settings.maximum_bytes_in_progress < settings.maximum_request_bytes,
            "maximum_bytes_in_progress is at least maximum_request_bytes: the largest request could never come in.",
        ),
        (settings.maximum_requests_in_progress < 1, "maximum_requests_in_progress is at least 1."),
        (
            bool(settings.database_url) and not settings.database_url.startswith(("postgresql://", "postgres://")),
            "database_url is empty or begins with postgresql://.",
        ),
        (
            not 0.5 <= settings.database_timeout <= 4.5,
            "database_timeout is between 0.5 and 4.5 seconds: a request that meets two of them in a row ends within ten.",
        ),
        (
            bool(settings.witness_url) and not settings.witness_key,
            "witness_url needs witness_key, the key that the witness signs with.",
        ),
        (
            not settings.tls_enabled and not settings.declared_proxies,
            "Without TLS the server needs declared_proxies: it would have no client certificate.",
        ),
    )
