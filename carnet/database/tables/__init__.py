"""The whole data model. Each table says what one row is. Times are microseconds UTC unless named `…_time` (DTM text as on the wire).

Every table of a patient's data has `patient_key` in its key: it is the distribution key. Columns named `sealed_…` are encrypted under
the patient's key (`crypto.envelope`); coded attributes that queries need stand in clear, tied only to `patient_key`.
"""

from __future__ import annotations

from carnet.database.tables.access import replay
from carnet.database.tables.audit import (
    audit_checkpoint,
    audit_cosignature,
    audit_event,
    audit_forwarding,
    audit_place,
)
from carnet.database.tables.data_model import metadata
from carnet.database.tables.depositing import deposit_draft, portal_deposit
from carnet.database.tables.entering import own_lines, record_opening
from carnet.database.tables.extracts import document_extract
from carnet.database.tables.health_profile import card_code, profile_item
from carnet.database.tables.identity import (
    organization,
    patient,
    patient_contact,
    patient_identifier,
    professional,
    professional_contact,
    professional_role,
    professional_situation,
    trait_index,
)
from carnet.database.tables.lifecycle import (
    announcement,
    delivery,
    delivery_line,
    destruction_order,
    enrolment,
    opposition_proof,
    record_transition,
    tombstone,
)
from carnet.database.tables.looking import professional_look
from carnet.database.tables.measuring import measure_reading, measure_target
from carnet.database.tables.obligations import (
    access_figure,
    alarm,
    emergency_access,
    emergency_review,
    notice,
    notice_preference,
    record_visit,
    review_finding,
    watch_cursor,
    watched_access,
    watched_miss,
)
from carnet.database.tables.professional_access import practice_choice, professional_session
from carnet.database.tables.record import care_link, health_record, patient_choice, unmasked_document
from carnet.database.tables.registry import (
    association,
    document_entry,
    entry_code,
    entry_reference,
    folder,
    folder_code,
    registered_identifier,
    submission_set,
)
from carnet.database.tables.reporting import anomaly_report
from carnet.database.tables.repository import document_segment, stored_document
from carnet.database.tables.representation import representation
from carnet.database.tables.rule_data import rule_approval, rule_version, rule_withdrawal
from carnet.database.tables.sign_in import (
    one_time_code,
    passkey,
    provisional_code,
    sign_in_attempt,
    sign_in_count,
    space_session,
    subject_link,
)
from carnet.database.tables.synthesising import synthesis_draft
from carnet.database.tables.upgrade import schema_step
from carnet.database.tables.uploading import upload_draft, upload_piece
from carnet.database.tables.visiting import kept_sieve, space_visit

__all__ = [
    "access_figure",
    "alarm",
    "announcement",
    "anomaly_report",
    "association",
    "audit_checkpoint",
    "audit_cosignature",
    "audit_event",
    "audit_forwarding",
    "audit_place",
    "card_code",
    "care_link",
    "delivery",
    "delivery_line",
    "deposit_draft",
    "destruction_order",
    "document_entry",
    "document_extract",
    "document_segment",
    "emergency_access",
    "emergency_review",
    "enrolment",
    "entry_code",
    "entry_reference",
    "folder",
    "folder_code",
    "health_record",
    "kept_sieve",
    "measure_reading",
    "measure_target",
    "metadata",
    "notice",
    "notice_preference",
    "one_time_code",
    "opposition_proof",
    "organization",
    "own_lines",
    "passkey",
    "patient",
    "patient_choice",
    "patient_contact",
    "patient_identifier",
    "portal_deposit",
    "practice_choice",
    "professional",
    "professional_contact",
    "professional_look",
    "professional_role",
    "professional_session",
    "professional_situation",
    "profile_item",
    "provisional_code",
    "record_opening",
    "record_transition",
    "record_visit",
    "registered_identifier",
    "replay",
    "representation",
    "review_finding",
    "rule_approval",
    "rule_version",
    "rule_withdrawal",
    "schema_step",
    "sign_in_attempt",
    "sign_in_count",
    "space_session",
    "space_visit",
    "stored_document",
    "subject_link",
    "submission_set",
    "synthesis_draft",
    "tombstone",
    "trait_index",
    "unmasked_document",
    "upload_draft",
    "upload_piece",
    "watch_cursor",
    "watched_access",
    "watched_miss",
]
