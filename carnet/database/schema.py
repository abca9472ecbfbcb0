"""Brings a database to the current schema with the numbered Alembic migrations of this package."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from carnet.database.schema_version import current, engine_of, head, one_line
from carnet.database.steps import last_expanding
from carnet.errors import Unavailable

__all__ = ["current", "expand", "head", "migrate"]


def _configuration(engine: Engine | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["engine"] = engine
    return config


def migrate(place: Path | str, *, revision: str = "head") -> None:
    """Applies every migration not yet applied, up to a revision; safe to call again. An SQLite file is made when absent, a database of a server is not.

    Not while older code serves, unless `expand` would do the same. Raises Unavailable when the server does not answer or refuses.
    """
    engine = engine_of(place)
    try:
        command.upgrade(_configuration(engine), revision)
    except DBAPIError as error:
        if isinstance(place, Path):
            raise
        raise Unavailable(f"The database cannot be brought up to date: {one_line(error.orig)}.") from error
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
