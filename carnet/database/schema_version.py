"""Which schema a database has and which one this code is written for, read without the library that migrates: a server starts sooner."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import psycopg
from sqlalchemy import Engine, create_engine, event, inspect, pool, text
from sqlalchemy.exc import DBAPIError

from carnet.errors import ConfigurationError, Unavailable

_MIGRATIONS = Path(__file__).parent / "migrations" / "versions"


def engine_of(place: Path | str) -> Engine:
    """SQLAlchemy's engine for a database, which keeps no connection."""
    if isinstance(place, Path):
        return create_engine(f"sqlite:///{place}", poolclass=pool.NullPool)
    return create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(place), poolclass=pool.NullPool)


@cache
def head() -> str:
    """The newest migration's number: their files begin with it, in one line without branches."""
    return max((file.name[:4] for file in _MIGRATIONS.glob("[0-9]*.py")), default="")


def current(place: Path | str) -> str:
    """The number of the last migration applied to a database, '' for one that has none.

    Raises ConfigurationError for a file of another kind, Unavailable when the server does not answer.
    """
    engine = engine_of(place)
    if isinstance(place, Path):
        event.listen(engine, "connect", lambda raw, _record: raw.execute("PRAGMA query_only=ON"))
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return ""
            return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")
    except DBAPIError as error:
        if isinstance(place, str):
            raise Unavailable(f"The database cannot be reached: {one_line(error.orig)}.") from error
        raise ConfigurationError(f"{place} cannot be read: {error.orig}.") from error
    finally:
        engine.dispose()


def one_line(error: BaseException | None) -> str:
    """What the driver says, in one line."""
    return " ".join(str(error).split()).rstrip(".?")
