"""Which database a home has: the embedded file, or PostgreSQL at the address that the setting `database_url` gives."""

from __future__ import annotations

from pathlib import Path

from carnet.database.connection import OwnedConnection, SqliteConnection
from carnet.database.postgres import PostgresConnection

Place = Path | str
"""The file of the embedded database, or the address of one on a server (`postgresql://…`)."""


def open_database(place: Place, *, patience: float) -> OwnedConnection:
    """Opens it. Raises ConfigurationError when it would not keep what it commits, Unavailable when it is away. `patience` in seconds."""
    return PostgresConnection(place, patience=patience) if isinstance(place, str) else SqliteConnection(place)
