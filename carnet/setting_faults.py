"""What is wrong with settings, each fault a sentence: asked before anything is opened by them."""

from __future__ import annotations

import datetime as dt
import re

from carnet.errors import ConfigurationError
from carnet.settings import ClientPolicy, Settings

_ORIGIN = r"|https?://[a-z0-9.-]+(?::[0-9]{1,5})?"


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
    budgets = (
        settings.candidate_searches_hour,
        settings.new_records_requester_hour,
        settings.new_records_structure_hour,
    )
    if min(budgets) < 0:
        raise ConfigurationError(
            "candidate_searches_hour, new_records_requester_hour and new_records_structure_hour are not negative."
        )


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
        (not 0 < settings.repeat_days <= 3_660, "repeat_days is between 1 and 3660."),
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
        (settings.synthesis_draft_days < 1, "synthesis_draft_days is at least 1."),
        (settings.synthesis_reminder_days < 0, "synthesis_reminder_days is at least 0."),
        (settings.pro_sign_in_tries_address < 1, "pro_sign_in_tries_address is at least 1."),
    )


def check_settings(settings: Settings) -> None:
    """Raises ConfigurationError for the first thing that is wrong, in a sentence that names the setting."""
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
