"""Brings a database to the current schema with the numbered Alembic migrations of this package."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError

from carnet.database.steps import last_expanding
from carnet.errors import ConfigurationError


def _configuration(database: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("sqlalchemy.url", f"sqlite:///{database}".replace("%", "%%"))
    return config


def migrate(database: Path) -> None:
    """Applies every migration not yet applied to the SQLite file, creating it when absent; safe to call again.

    Not while older code serves, unless `expand` would do the same.
    """
    command.upgrade(_configuration(database), "head")


def expand(database: Path) -> bool:
    """Applies the migrations that the code of the present schema can run beside, and stops before the first that it cannot.

    An empty or absent file has no code beside it. Returns whether nothing is left to apply. A database of a newer version is left alone.
    """
    now = current(database) if database.exists() else ""
    if not now:
        migrate(database)
        return True
    steps = ScriptDirectory.from_config(_configuration(database))
    pending = [one for one in reversed(list(steps.walk_revisions())) if one.revision > now]
    reached = last_expanding(now, [(one.revision, getattr(one.module, "runs_with", one.revision)) for one in pending])
    if reached > now:
        command.upgrade(_configuration(database), reached)
    return not pending or reached == pending[-1].revision


@cache
def head() -> str:
    """The newest migration's number."""
    found = ScriptDirectory.from_config(_configuration(Path("unused"))).get_current_head()
    return found or ""


def current(database: Path) -> str:
    """The number of the last migration applied to a database, '' for one that has none. Raises ConfigurationError for another file."""
    engine = create_engine(f"sqlite:///{database}")
    event.listen(engine, "connect", lambda raw, _record: raw.execute("PRAGMA query_only=ON"))
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return ""
            return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")
    except DatabaseError as error:
        raise ConfigurationError(f"{database} cannot be read: {error.orig}.") from error
    finally:
        engine.dispose()
