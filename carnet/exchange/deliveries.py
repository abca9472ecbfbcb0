"""Files that were delivered, known by their content, and how far each was taken in: so that none is taken in twice, and none half."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import delivery, delivery_line

_T = delivery.c


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a delivery was taken in: its last line done (the header is 1, 0 before it), and what became of the lines."""

    last_line: int = 0
    informed: int = 0
    waiting: int = 0
    unchanged: int = 0
    finished: bool = False


_BEGIN = prepare(
    insert(delivery)
    .values(
        delivery_id=bindparam("digest"),
        kind=bindparam("what"),
        received_at=bindparam("now"),
        last_line=0,
        informed=0,
        waiting=0,
        unchanged=0,
    )
    .on_conflict_do_nothing()
)
_FIND = prepare(
    select(_T.last_line, _T.informed, _T.waiting, _T.unchanged, _T.finished_at.is_not(None)).where(
        _T.delivery_id == bindparam("digest")
    )
)
_KEEP = prepare(
    update(delivery)
    .where(_T.delivery_id == bindparam("digest"))
    .values(
        last_line=bindparam("line"),
        informed=bindparam("n_informed"),
        waiting=bindparam("n_waiting"),
        unchanged=bindparam("n_unchanged"),
        finished_at=bindparam("ended"),
    )
)
_BAD = prepare(
    insert(delivery_line)
    .values(delivery_id=bindparam("digest"), number=bindparam("line"), reason=bindparam("why"))
    .on_conflict_do_nothing()
)
_BAD_LINES = prepare(
    select(delivery_line.c.number, delivery_line.c.reason)
    .where(delivery_line.c.delivery_id == bindparam("digest"))
    .order_by(delivery_line.c.number)
)


def begin(connection: Connection, digest: str, kind: str, *, now: int) -> Progress:
    """Where to begin with a file, by the SHA-256 of its content (hexadecimal): at its start, where it stopped, or nowhere any more."""
    connection.execute(_BEGIN, {"digest": digest, "what": kind, "now": now})
    row = connection.execute(_FIND, {"digest": digest})[0]
    last_line, informed, waiting, unchanged, finished = row
    return Progress(last_line, informed, waiting, unchanged, bool(finished))


def keep(connection: Connection, digest: str, progress: Progress, *, now: int) -> None:
    """Writes how far a file was taken in, in the transaction of what it brought."""
    connection.execute(
        _KEEP,
        {
            "digest": digest,
            "line": progress.last_line,
            "n_informed": progress.informed,
            "n_waiting": progress.waiting,
            "n_unchanged": progress.unchanged,
            "ended": now if progress.finished else None,
        },
    )


def leave_out(connection: Connection, digest: str, lines: Iterable[tuple[int, str]]) -> None:
    """Notes lines that are left out: number and reason."""
    connection.execute_many(_BAD, [{"digest": digest, "line": number, "why": reason} for number, reason in lines])


def left_out(connection: Connection, digest: str) -> list[tuple[int, str]]:
    """The lines of a file that were left out: number and reason."""
    return [(row[0], row[1]) for row in connection.execute(_BAD_LINES, {"digest": digest})]
