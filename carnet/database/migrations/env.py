"""Alembic's entry point: one connection, one transaction a migration, batch mode for SQLite."""

from __future__ import annotations

from alembic import context

from carnet.database.tables import metadata

with context.config.attributes["engine"].connect() as connection:
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=True, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()
