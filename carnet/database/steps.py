"""Two steps to change a schema under running code (docs/decisions/0023-overload.md): expand while the old version serves, contract once it is gone.

A migration says in `runs_with` the oldest schema whose code may go on running after it: the schema before, when it only adds; its own, when it takes
something away. Revisions are numbers of four digits in one line, so that they can be compared as text.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import bindparam, column, select, table

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import schema_step

FIRST_STEP = "0009"
"""The first migration that says so; code before it runs on its own schema alone."""
_VERSION = prepare(select(column("version_num")).select_from(table("alembic_version")))
_TOLD = prepare(select(schema_step.c.revision).order_by(schema_step.c.revision.desc()).limit(1))
_NOT_FOR_US = prepare(
    select(schema_step.c.revision).where(
        schema_step.c.revision > bindparam("mine"), schema_step.c.runs_with > bindparam("mine")
    )
)


def runs_on(connection: Connection, mine: str) -> bool:
    """Whether code of the schema `mine` may run on this database: it is at that schema, or at a newer one that says so."""
    versions = [row[0] for row in connection.execute(_VERSION)]
    if versions == [mine]:
        return True
    told = connection.execute(_TOLD)
    return bool(told) and [told[0][0]] == versions and not connection.execute(_NOT_FOR_US, {"mine": mine})


def last_expanding(now: str, steps: Iterable[tuple[str, str]]) -> str:
    """How far a database at `now` may be brought while the code of `now` serves; `steps` are the next (revision, runs_with), oldest first."""
    reached = now
    for revision, runs_with in steps:
        if runs_with > now:
            break
        reached = revision
    return reached
