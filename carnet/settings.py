"""Every setting of an installation, with its default; each stands in docs/operate/settings.md."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


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
    repeat_days: int = 365
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
    candidate_searches_hour: int = 120
    new_records_requester_hour: int = 600
    new_records_structure_hour: int = 20_000
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
    synthesis_draft_days: int = 14
    synthesis_reminder_days: int = 365
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
