"""The whole data model. Each table says what one row is. Times are microseconds UTC unless named `…_time` (DTM text as on the wire).

Every table of a patient's data has `patient_key` in its key: it is the distribution key. Columns named `sealed_…` are encrypted under
the patient's key (`crypto.envelope`); coded attributes that queries need stand in clear, tied only to `patient_key`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

Key = BigInteger().with_variant(Integer, "sqlite")


def _patient_key() -> Column[int]:
    return Column("patient_key", Key, ForeignKey("patient.patient_key"), primary_key=True)


# --- identity -----------------------------------------------------------------------------------------------------

patient = Table(
    "patient",
    metadata,
    Column("patient_key", Key, primary_key=True, autoincrement=True),
    Column("pseudonym", Text, nullable=False, unique=True),
    Column("sealed_traits", LargeBinary, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    comment="One row is a person known from an identity feed, under a random pseudonym that names the person's key.",
)

patient_identifier = Table(
    "patient_identifier",
    metadata,
    Column("blind_index", LargeBinary, primary_key=True),
    Column("patient_key", Key, ForeignKey("patient.patient_key"), nullable=False),
    Column("sealed_value", LargeBinary, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Index(None, "patient_key"),
    comment="One row is an INS (or former INS) of a person; blind_index = HMAC-SHA-256(index key, OID | value).",
)

professional = Table(
    "professional",
    metadata,
    Column("professional_id", Text, primary_key=True),
    Column("family_name", Text, nullable=False),
    Column("given_name", Text, nullable=False),
    Column("active", Integer, nullable=False),
    Column("source", Text, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    comment="One row is a professional of the directory, by PS_IdNat (8 + RPPS, 0 + ADELI …).",
)

professional_role = Table(
    "professional_role",
    metadata,
    Column("professional_id", Text, ForeignKey("professional.professional_id"), primary_key=True),
    Column("profession", Text, primary_key=True),
    Column("specialty", Text, primary_key=True),
    Column("category", Text, nullable=False),
    comment="One row is a profession that a professional exercises, with a know-how code ('' for none).",
)

organization = Table(
    "organization",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("sector", Text, nullable=False),
    Column("active", Integer, nullable=False),
    Column("source", Text, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    comment="One row is a structure of the directory, by Struct_IdNat (1 + FINESS, 3 + SIRET, 4 + RPPS + rank …).",
)

professional_situation = Table(
    "professional_situation",
    metadata,
    Column("professional_id", Text, ForeignKey("professional.professional_id"), primary_key=True),
    Column("organization_id", Text, ForeignKey("organization.organization_id"), primary_key=True),
    Column("active", Integer, nullable=False),
    comment="One row says that a professional works in a structure.",
)

# --- the record and the patient's choices --------------------------------------------------------------------------

health_record = Table(
    "health_record",
    metadata,
    Column("patient_key", Key, ForeignKey("patient.patient_key"), primary_key=True),
    Column("state", Text, nullable=False),
    Column("opened_at", BigInteger),
    Column("closed_at", BigInteger),
    Column("closing_reason", Text, nullable=False, server_default=""),
    Column("rights_version", BigInteger, nullable=False, server_default="0"),
    CheckConstraint(
        "state IN ('informed','opposed','open','activated','suspended','closed','destroyed')", name="state"
    ),
    comment="One row is a person's record and its state; rights_version grows with each change of who may see what.",
)

patient_choice = Table(
    "patient_choice",
    metadata,
    _patient_key(),
    Column("choice_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    comment="One row is a standing choice of the patient while it held (opposition to an emergency mode, masks in an emergency …).",
)

care_link = Table(
    "care_link",
    metadata,
    _patient_key(),
    Column("link_id", Text, primary_key=True),
    Column("party", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("expires_at", BigInteger),
    Column("source", Text, nullable=False),
    CheckConstraint("kind IN ('authorised','blocked','medecin_traitant','administrator')", name="kind"),
    Index(None, "patient_key", "party"),
    comment="One row links a professional (PS_IdNat) or a structure (Struct_IdNat) to a record, while it held.",
)

# --- registry ------------------------------------------------------------------------------------------------------

submission_set = Table(
    "submission_set",
    metadata,
    _patient_key(),
    Column("entry_uuid", Text, primary_key=True),
    Column("unique_id", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("submission_time", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("content_type_system", Text, nullable=False),
    Column("registered_at", BigInteger, nullable=False),
    Column("registered_by", Text, nullable=False),
    Column("sealed_metadata", LargeBinary, nullable=False),
    Column("sealed_rendition", LargeBinary, nullable=False),
    Index(None, "patient_key", "unique_id", unique=True),
    Index(None, "patient_key", "status", "submission_time"),
    comment="One row is a submission set as registered.",
)

document_entry = Table(
    "document_entry",
    metadata,
    _patient_key(),
    Column("entry_uuid", Text, primary_key=True),
    Column("logical_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("unique_id", Text, nullable=False),
    Column("object_type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("is_signature", Integer, nullable=False),
    Column("class_code", Text, nullable=False),
    Column("class_system", Text, nullable=False),
    Column("type_code", Text, nullable=False),
    Column("type_system", Text, nullable=False),
    Column("format_code", Text, nullable=False),
    Column("format_system", Text, nullable=False),
    Column("facility_type", Text, nullable=False),
    Column("facility_type_system", Text, nullable=False),
    Column("practice_setting", Text, nullable=False),
    Column("practice_setting_system", Text, nullable=False),
    Column("creation_time", Text, nullable=False),
    Column("service_start_time", Text, nullable=False),
    Column("service_stop_time", Text, nullable=False),
    Column("mime_type", Text, nullable=False),
    Column("masks", Text, nullable=False),
    Column("author_persons", Text, nullable=False),
    Column("author_institutions", Text, nullable=False),
    Column("depositor", Text, nullable=False),
    Column("depositor_organization", Text, nullable=False),
    Column("registered_at", BigInteger, nullable=False),
    Column("sealed_metadata", LargeBinary, nullable=False),
    Column("sealed_rendition", LargeBinary, nullable=False),
    Index(None, "patient_key", "status", "service_start_time"),
    Index(None, "patient_key", "unique_id"),
    Index(None, "patient_key", "logical_id", "version", unique=True),
    comment="One row is one version of a DocumentEntry. masks, author_persons, author_institutions are blank-separated codes and ids.",
)

entry_code = Table(
    "entry_code",
    metadata,
    Column("patient_key", Key, primary_key=True),
    Column("entry_uuid", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("system", Text, primary_key=True),
    ForeignKeyConstraint(["patient_key", "entry_uuid"], ["document_entry.patient_key", "document_entry.entry_uuid"]),
    CheckConstraint("kind IN ('event','confidentiality')", name="kind"),
    comment="One row is one repeatable code of an entry version.",
)

entry_reference = Table(
    "entry_reference",
    metadata,
    Column("patient_key", Key, primary_key=True),
    Column("entry_uuid", Text, primary_key=True),
    Column("reference", Text, primary_key=True),
    ForeignKeyConstraint(["patient_key", "entry_uuid"], ["document_entry.patient_key", "document_entry.entry_uuid"]),
    comment="One row is one referenceIdList value (CXi) of an entry version.",
)

folder = Table(
    "folder",
    metadata,
    _patient_key(),
    Column("entry_uuid", Text, primary_key=True),
    Column("logical_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("unique_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("last_update_time", Text, nullable=False),
    Column("registered_at", BigInteger, nullable=False),
    Column("depositor", Text, nullable=False),
    Column("depositor_organization", Text, nullable=False),
    Column("sealed_metadata", LargeBinary, nullable=False),
    Column("sealed_rendition", LargeBinary, nullable=False),
    Index(None, "patient_key", "unique_id"),
    Index(None, "patient_key", "logical_id", "version", unique=True),
    comment="One row is one version of a folder.",
)

folder_code = Table(
    "folder_code",
    metadata,
    Column("patient_key", Key, primary_key=True),
    Column("entry_uuid", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("system", Text, primary_key=True),
    ForeignKeyConstraint(["patient_key", "entry_uuid"], ["folder.patient_key", "folder.entry_uuid"]),
    comment="One row is one code of a folder version.",
)

association = Table(
    "association",
    metadata,
    _patient_key(),
    Column("entry_uuid", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("submission_set_status", Text, nullable=False),
    Column("previous_version", Integer),
    Column("original_status", Text),
    Column("new_status", Text),
    Column("documentation_code", Text, nullable=False),
    Column("documentation_system", Text, nullable=False),
    Column("documentation_display", Text, nullable=False),
    Column("registered_at", BigInteger, nullable=False),
    Index(None, "patient_key", "source"),
    Index(None, "patient_key", "target"),
    comment="One row is a registered association between two objects of one patient.",
)

registered_identifier = Table(
    "registered_identifier",
    metadata,
    Column("value", Text, primary_key=True),
    Column("patient_key", Key, ForeignKey("patient.patient_key"), nullable=False),
    comment="One row is a uniqueId or entryUUID that was ever registered, for any patient: none is used twice.",
)

# --- repository ----------------------------------------------------------------------------------------------------

stored_document = Table(
    "stored_document",
    metadata,
    _patient_key(),
    Column("unique_id", Text, primary_key=True),
    Column("segment", Text, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("sha1", LargeBinary, nullable=False),
    Column("mime_type", Text, nullable=False),
    Column("key_version", Integer, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("stored_at", BigInteger, nullable=False),
    Column("erased_at", BigInteger),
    comment="One row is the place, the wrapped key and the digests of a document's bytes.",
)

# --- audit ---------------------------------------------------------------------------------------------------------

audit_event = Table(
    "audit_event",
    metadata,
    Column("ticket", Key, primary_key=True, autoincrement=True),
    Column("patient_key", Key, ForeignKey("patient.patient_key")),
    Column("patient_seq", BigInteger),
    Column("at", BigInteger, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Column("sealed_openings", LargeBinary, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Column("leaf_index", BigInteger, unique=True),
    Index(None, "patient_key", "patient_seq", unique=True),
    comment="One row is a line of the trace: canonical bytes, their leaf hash, and its place in the tree once sealed.",
)

audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    comment="One row is a signed statement of the trace's size and root (C2SP signed note).",
)

# --- exchange and access -------------------------------------------------------------------------------------------

notice = Table(
    "notice",
    metadata,
    _patient_key(),
    Column("notice_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("delivered_at", BigInteger),
    comment="One row is something that the patient or the médecin traitant must be told, without health content.",
)

emergency_review = Table(
    "emergency_review",
    metadata,
    _patient_key(),
    Column("review_id", Text, primary_key=True),
    Column("requester", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("sealed_reason", LargeBinary, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("reviewed_at", BigInteger),
    comment="One row is a break-glass or regulation access that a person must review before due_at.",
)

replay = Table(
    "replay",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("certificate", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "expires_at"),
    comment="One row is an assertion that was used; it may not be used again before expires_at.",
)
