"""Alembic's entry point: one connection, one transaction a migration, batch mode for SQLite."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import insert

from carnet.database.steps import FIRST_STEP
from carnet.database.tables import metadata, schema_step


def keep_step(*, ctx: Any, step: Any, **_: Any) -> None:
    """Writes down which code may run on after this migration; before 0009 there is nowhere to write it, and none may."""
    revision = step.up_revision
    if revision.revision >= FIRST_STEP:
        row = {"revision": revision.revision, "runs_with": revision.module.runs_with}
        ctx.connection.execute(insert(schema_step).values(row))


with context.config.attributes["engine"].connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        transaction_per_migration=True,
        on_version_apply=keep_step,
    )
    with context.begin_transaction():
        context.run_migrations()
