"""The rule data: versions that somebody proposed, who approved them, and which were withdrawn. Rows are added, never changed or deleted.

The three tables share one counting, `place`: 1, 2, 3 … without a gap, so that a row that is missing shows.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from carnet.database.tables.data_model import metadata

rule_version = Table(
    "rule_version",
    metadata,
    Column("kind", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("source", Text, nullable=False),
    Column("legal_basis", Text, nullable=False),
    Column("effective_from", BigInteger, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("kind", "version"),
    UniqueConstraint("place"),
    CheckConstraint("kind IN ('matrix')", name="kind"),
    comment="One row is a version of rule data as it was proposed: canonical bytes, their SHA-256, and the moment it is to take effect.",
)

rule_approval = Table(
    "rule_approval",
    metadata,
    Column("kind", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("approver", Text, nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    PrimaryKeyConstraint("kind", "version", "approver"),
    ForeignKeyConstraint(["kind", "version"], ["rule_version.kind", "rule_version.version"]),
    UniqueConstraint("place"),
    comment="One row is one person's signed approval of a version; key is the SHA-256 of the public key that verifies it.",
)

rule_withdrawal = Table(
    "rule_withdrawal",
    metadata,
    Column("kind", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("withdrawn_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    PrimaryKeyConstraint("kind", "version"),
    ForeignKeyConstraint(["kind", "version"], ["rule_version.kind", "rule_version.version"]),
    UniqueConstraint("place"),
    comment="One row is a version taken back before it took effect; key and signature are empty when it had not been approved.",
)
