"""Brings a database to the current schema with the numbered Alembic migrations of this package."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event, inspect, pool, text
from sqlalchemy.exc import DBAPIError

from carnet.database.steps import last_expanding
from carnet.errors import ConfigurationError, Unavailable


def _configuration(engine: Engine | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["engine"] = engine
    return config


def _engine(place: Path | str) -> Engine:
    if isinstance(place, Path):
        return create_engine(f"sqlite:///{place}", poolclass=pool.NullPool)
    return create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(place), poolclass=pool.NullPool)


def migrate(place: Path | str, *, revision: str = "head") -> None:
    """Applies every migration not yet applied, up to a revision; safe to call again. An SQLite file is made when absent, a database of a server is not.

    Not while older code serves, unless `expand` would do the same. Raises Unavailable when the server does not answer or refuses.
    """
    engine = _engine(place)
    try:
        command.upgrade(_configuration(engine), revision)
    except DBAPIError as error:
        if isinstance(place, Path):
            raise
        raise Unavailable(f"The database cannot be brought up to date: {_line(error.orig)}.") from error
    finally:
        engine.dispose()


def expand(place: Path | str) -> bool:
    """Applies the migrations that the code of the present schema can run beside, and stops before the first that it cannot.

    An empty or absent database has no code beside it. Returns whether nothing is left to apply. A database of a newer version is left alone.
    Raises Unavailable like `migrate`.
    """
    now = "" if isinstance(place, Path) and not place.exists() else current(place)
    if not now:
        migrate(place)
        return True
    steps = ScriptDirectory.from_config(_configuration())
    pending = [one for one in reversed(list(steps.walk_revisions())) if one.revision > now]
    reached = last_expanding(now, [(one.revision, getattr(one.module, "runs_with", one.revision)) for one in pending])
    if reached > now:
        migrate(place, revision=reached)
    return not pending or reached == pending[-1].revision


@cache
def head() -> str:
    """The newest migration's number."""
    found = ScriptDirectory.from_config(_configuration()).get_current_head()
    return found or ""


def current(place: Path | str) -> str:
    """The number of the last migration applied to a database, '' for one that has none.

    Raises ConfigurationError for a file of another kind, Unavailable when the server does not answer.
    """
    engine = _engine(place)
    if isinstance(place, Path):
        event.listen(engine, "connect", lambda raw, _record: raw.execute("PRAGMA query_only=ON"))
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return ""
            return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")
    except DBAPIError as error:
        if isinstance(place, str):
            raise Unavailable(f"The database cannot be reached: {_line(error.orig)}.") from error
        raise ConfigurationError(f"{place} cannot be read: {error.orig}.") from error
    finally:
        engine.dispose()


def _line(error: BaseException | None) -> str:
    """What the driver says, in one line."""
    return " ".join(str(error).split()).rstrip(".?")
