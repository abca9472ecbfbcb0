"""The whole data model. Each table says what one row is. Times are microseconds UTC unless named `…_time` (DTM text as on the wire).

Every table of a patient's data has `patient_key` in its key: it is the distribution key. Columns named `sealed_…` are encrypted under
the patient's key (`crypto.envelope`); coded attributes that queries need stand in clear, tied only to `patient_key`.
"""

from __future__ import annotations

from carnet.database.tables.access import replay
from carnet.database.tables.audit import audit_checkpoint, audit_event
from carnet.database.tables.data_model import metadata
from carnet.database.tables.identity import (
    organization,
    patient,
    patient_contact,
    patient_identifier,
    professional,
    professional_contact,
    professional_role,
    professional_situation,
)
from carnet.database.tables.obligations import (
    access_figure,
    alarm,
    emergency_access,
    emergency_review,
    notice,
    notice_preference,
    review_finding,
    watch_cursor,
    watched_access,
    watched_miss,
)
from carnet.database.tables.record import care_link, health_record, patient_choice
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
from carnet.database.tables.repository import stored_document

__all__ = [
    "access_figure",
    "alarm",
    "association",
    "audit_checkpoint",
    "audit_event",
    "care_link",
    "document_entry",
    "emergency_access",
    "emergency_review",
    "entry_code",
    "entry_reference",
    "folder",
    "folder_code",
    "health_record",
    "metadata",
    "notice",
    "notice_preference",
    "organization",
    "patient",
    "patient_choice",
    "patient_contact",
    "patient_identifier",
    "professional",
    "professional_contact",
    "professional_role",
    "professional_situation",
    "registered_identifier",
    "replay",
    "review_finding",
    "stored_document",
    "submission_set",
    "watch_cursor",
    "watched_access",
    "watched_miss",
]
