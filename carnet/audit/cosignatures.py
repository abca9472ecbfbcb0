"""What witnesses signed of this trace's checkpoints, as it is kept beside them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from carnet.audit.checkpoint import Checkpoint, read_checkpoint
from carnet.audit.cosignature import verify_cosignature
from carnet.audit.signed_note import VerifierKey
from carnet.clock import SECOND
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import audit_checkpoint, audit_cosignature

_CHECKPOINT = audit_checkpoint.c
_COSIGNATURE = audit_cosignature.c
_NEW = insert(audit_cosignature).values({name: bindparam(f"new_{name}") for name in ("size", "witness", "at", "line")})
_KEEP = prepare(
    _NEW.on_conflict_do_update(
        index_elements=["size", "witness"], set_={"at": _NEW.excluded.at, "line": _NEW.excluded.line}
    )
)
_LINES = prepare(
    select(_COSIGNATURE.line).where(_COSIGNATURE.size == bindparam("of_size")).order_by(_COSIGNATURE.witness)
)
_LAST_SIGNED = prepare(
    select(_CHECKPOINT.note)
    .join(audit_cosignature, _COSIGNATURE.size == _CHECKPOINT.size)
    .where(_CHECKPOINT.size <= bindparam("up_to"))
    .order_by(_CHECKPOINT.size.desc())
    .limit(1)
)
_LAST_SIGNED_BY = prepare(
    select(_CHECKPOINT.note)
    .join(audit_cosignature, _COSIGNATURE.size == _CHECKPOINT.size)
    .where(_COSIGNATURE.witness == bindparam("by_witness"))
    .order_by(_CHECKPOINT.size.desc())
    .limit(1)
)
_NOTE = prepare(select(_CHECKPOINT.note).where(_CHECKPOINT.size == bindparam("of_size")))
_LAST = prepare(select(_CHECKPOINT.note).order_by(_CHECKPOINT.size.desc()).limit(1))
_ALL = prepare(
    select(_COSIGNATURE.size, _COSIGNATURE.witness, _COSIGNATURE.at, _COSIGNATURE.line, _CHECKPOINT.note)
    .outerjoin(audit_checkpoint, _COSIGNATURE.size == _CHECKPOINT.size)
    .order_by(_COSIGNATURE.size, _COSIGNATURE.witness)
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored co-signature; `note` is that of the checkpoint of its size, None when there is none. Not verified."""

    size: int
    witness: str
    at: int
    line: str
    note: str | None


def keep(connection: Connection, checkpoint: Checkpoint, line: str, key: VerifierKey) -> int:
    """Verifies and stores a co-signature (a note line); returns the moment it states, in microseconds UTC. Raises IntegrityFailure."""
    at = verify_cosignature(checkpoint.text, line, key) * SECOND
    values = {"new_size": checkpoint.size, "new_witness": key.name, "new_at": at, "new_line": line}
    connection.execute(_KEEP, values)
    return at


def cosigned_note(connection: Connection, checkpoint: Checkpoint) -> tuple[str, int]:
    """The note of a checkpoint with the lines of all its witnesses, and how many there are."""
    lines = [row[0] for row in connection.execute(_LINES, {"of_size": checkpoint.size})]
    return checkpoint.note + "".join(lines), len(lines)


def last_cosigned(connection: Connection, *, up_to: int) -> Checkpoint | None:
    """The largest checkpoint, of at most that size, that any witness signed."""
    return _one(connection.execute(_LAST_SIGNED, {"up_to": up_to}))


def last_cosigned_by(connection: Connection, witness: str) -> Checkpoint | None:
    """The largest checkpoint that this witness signed, as far as is known here."""
    return _one(connection.execute(_LAST_SIGNED_BY, {"by_witness": witness}))


def last_checkpoint(connection: Connection) -> Checkpoint | None:
    """The newest checkpoint of the trace."""
    return _one(connection.execute(_LAST))


def checkpoint_of(connection: Connection, size: int) -> Checkpoint | None:
    """The checkpoint of that size."""
    return _one(connection.execute(_NOTE, {"of_size": size}))


def stored(connection: Connection) -> list[Kept]:
    """Every stored co-signature, by size. Values may be of any kind where somebody tampered."""
    return [Kept(*row) for row in connection.execute(_ALL)]


def _one(rows: list[tuple[object, ...]]) -> Checkpoint | None:
    return read_checkpoint(str(rows[0][0])) if rows else None
