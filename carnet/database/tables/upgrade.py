"""Which versions of the code may run on this schema: what code that is older than a migration cannot know, the migration says here."""

from __future__ import annotations

from sqlalchemy import Column, PrimaryKeyConstraint, Table, Text

from carnet.database.tables.data_model import metadata

schema_step = Table(
    "schema_step",
    metadata,
    Column("revision", Text, nullable=False),
    Column("runs_with", Text, nullable=False),
    PrimaryKeyConstraint("revision"),
    comment="One row is a migration that was applied, and the oldest schema whose code may go on running after it.",
)
