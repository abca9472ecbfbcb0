"""Document metadata: submission sets, entries, folders, associations."""

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
    Table,
    Text,
    text,
)

from carnet.database.tables.data_model import Key, metadata, patient_key

submission_set = Table(
    "submission_set",
    metadata,
    patient_key(),
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
    patient_key(),
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
    Index(
        None, "patient_key", "logical_id", "registered_at", sqlite_where=text("instr(masks, 'INVISIBLE_PATIENT') > 0")
    ),
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
    patient_key(),
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
    patient_key(),
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
