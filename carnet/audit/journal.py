"""Writing the trace: lines in the transaction of the act they tell of, then their place in the tree under a signed checkpoint.

A line gets a ticket when it is written and a place in the tree (a row of `audit_place`) when it is sealed, in the order of tickets: the line itself
is never touched again. Before anything is signed, hashes are computed again from the bytes read back: one bit that changed between writing and signing would make the trace unprovable for ever.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, bindparam, func, insert, select

from carnet.audit.checkpoint import Checkpoint, Sign, sign_checkpoint
from carnet.audit.event import AuditEvent, Link, encode_entry
from carnet.audit.merkle import EMPTY_ROOT, Frontier, leaf_hash
from carnet.audit.openings import CONTEXT, SealingKey, commit, digest, encode_hash
from carnet.database.connection import NOBODYS_LINES, Connection
from carnet.database.statements import prepare
from carnet.database.tables import audit_checkpoint, audit_event, audit_place
from carnet.errors import IntegrityFailure
from carnet.kill_points import reached

SEAL_LIMIT = 1_000
_PAGE = 1_000
_LINE, _PLACE = audit_event.c, audit_place.c

_INSERT = prepare(
    insert(audit_event)
    .values(
        {
            name: bindparam(name)
            for name in ("patient_key", "patient_seq", "at", "entry", "sealed_openings", "leaf_hash")
        }
    )
    .inline()  # or PostgreSQL would be asked for the ticket, which nobody needs
)
_LAST_OF_PATIENT = prepare(
    select(_LINE.patient_seq, _LINE.leaf_hash)
    .where(_LINE.patient_key == bindparam("patient"))
    .order_by(_LINE.patient_seq.desc())
    .limit(1)
)
_ENDS = prepare(select(func.max(_PLACE.leaf_index), func.max(_PLACE.ticket)))
_GIVE_PLACES = prepare(
    insert(audit_place).from_select(
        ["leaf_index", "ticket"],
        select(bindparam("last", type_=BigInteger) + func.row_number().over(order_by=_LINE.ticket), _LINE.ticket)
        .where(
            _LINE.ticket > bindparam("after", type_=BigInteger), _LINE.ticket <= bindparam("settled", type_=BigInteger)
        )
        .order_by(_LINE.ticket)
        .limit(bindparam("count", type_=BigInteger)),
    )
)
_LEAVES = prepare(
    select(_PLACE.leaf_index, _LINE.entry, _LINE.leaf_hash)
    .join(audit_event, _LINE.ticket == _PLACE.ticket)
    .where(_PLACE.leaf_index >= bindparam("first"), _PLACE.leaf_index < bindparam("end"))
    .order_by(_PLACE.leaf_index)
)
_LAST_CHECKPOINT = prepare(
    select(audit_checkpoint.c.size, audit_checkpoint.c.root).order_by(audit_checkpoint.c.size.desc()).limit(1)
)
_KEEP_CHECKPOINT = prepare(insert(audit_checkpoint))


def append(connection: Connection, event: AuditEvent, *, patient_key: int | None, key: SealingKey) -> None:
    """Writes one line; it is part of the transaction that is open on the connection.

    `patient_key` and `key` are those of the person whose record was asked for; None and the trace's own key for an event of no patient.
    Two transactions that write for one patient at once cannot both commit: the database refuses the second.
    """
    committed, openings = commit(event.identifying())
    sealed = key.seal(openings, CONTEXT)
    link = None if patient_key is None else _link(connection, patient_key)
    entry = encode_entry(event, committed, digest(sealed), link)
    connection.execute(
        _INSERT,
        {
            "patient_key": NOBODYS_LINES if patient_key is None and connection.spread else patient_key,
            "patient_seq": None if link is None else link.seq,
            "at": event.at,
            "entry": entry,
            "sealed_openings": sealed,
            "leaf_hash": leaf_hash(entry),
        },
    )


def _link(connection: Connection, patient_key: int) -> Link:
    rows = connection.execute(_LAST_OF_PATIENT, {"patient": patient_key})
    if not rows:
        return Link(patient_key=patient_key, previous=None, seq=1)
    seq, leaf = rows[0]
    return Link(patient_key=patient_key, previous=encode_hash(leaf), seq=seq + 1)


class SealedTree:
    """What a process remembers of the tree between two seals, so that each reads only the new lines.

    It is memory, never a source of truth: used only where it leads to the root that was last signed. One for each database, used from one
    thread at a time.
    """

    def __init__(self) -> None:
        self._known = [Frontier()]

    def at(self, connection: Connection, size: int, root: bytes) -> Frontier:
        """The tree of the first `size` leaves. Raises IntegrityFailure when the stored lines do not lead to `root`.

        The first call reads the whole trace: make it before a transaction that others wait for (`warm`).
        """
        for known in self._known:
            if known.size <= size:
                frontier = known.copy()
                _grow(connection, frontier, size)
                if frontier.root() == root:
                    return frontier
        raise IntegrityFailure(f"The first {size} lines of the trace are not those that were signed.")

    def remember(self, *frontiers: Frontier) -> None:
        """Keeps trees to start from, the likeliest first; the empty one always stays."""
        self._known = [*frontiers, Frontier()]

    def warm(self, connection: Connection) -> int:
        """Reads the trace up to its last checkpoint and returns the size of that. Raises IntegrityFailure as `at` does."""
        size, root = _last_checkpoint(connection)
        self.remember(self.at(connection, size, root))
        return size


def seal(
    connection: Connection,
    sign: Sign,
    origin: str,
    now: int,
    *,
    public_key: bytes,
    limit: int = SEAL_LIMIT,
    tree: SealedTree | None = None,
) -> Checkpoint | None:
    """Gives the oldest waiting lines (at most `limit`) their place in the tree and signs its new root; None when none waits.

    Runs inside the caller's transaction, whose turn excludes other sealers (`turns.SEALING`, or alone). `public_key` is the raw key of `sign`.
    Without `tree` the whole trace is read each time. Raises IntegrityFailure, and signs nothing, when a stored line, new or old, does not
    match its hash or the last signed root: then `carnet verify-audit` says where.
    """
    tree = tree or SealedTree()
    size, root = _last_checkpoint(connection)
    placed, end = _give_places(connection, limit)
    if placed != size:
        raise IntegrityFailure(f"The trace has lines from index {size} on that no checkpoint covers.")
    if placed == end:
        return None
    before = tree.at(connection, size, root)
    reached("lines-placed")
    after = before.copy()
    _grow(connection, after, end)
    checkpoint = sign_checkpoint(origin, after.size, after.root(), sign, public_key)
    connection.execute(
        _KEEP_CHECKPOINT, {"size": checkpoint.size, "root": checkpoint.root, "at": now, "note": checkpoint.note}
    )
    # The caller may yet roll back: the tree before stays known too.
    tree.remember(after, before)
    return checkpoint


def _give_places(connection: Connection, limit: int) -> tuple[int, int]:
    """Places the oldest settled lines behind those that have a place; how many had one before, and how many have one now.

    No line comes late: none appears any more up to the settled ticket, so what waits is what comes after the last that has a place.
    """
    settled = connection.settled_tickets()
    highest, last = connection.execute(_ENDS)[0]
    before = -1 if highest is None else highest
    connection.execute(_GIVE_PLACES, {"last": before, "after": last or 0, "settled": settled, "count": limit})
    now = connection.execute(_ENDS)[0][0]
    return before + 1, (-1 if now is None else now) + 1


def _last_checkpoint(connection: Connection) -> tuple[int, bytes]:
    rows = connection.execute(_LAST_CHECKPOINT)
    return (rows[0][0], rows[0][1]) if rows else (0, EMPTY_ROOT)


def _grow(connection: Connection, frontier: Frontier, size: int) -> None:
    """Adds the stored leaves up to `size`, hashed again from their entries."""
    while frontier.size < size:
        end = min(frontier.size + _PAGE, size)
        for index, entry, stored in connection.execute(_LEAVES, {"first": frontier.size, "end": end}):
            leaf = leaf_hash(entry)
            if index != frontier.size or leaf != stored:
                raise IntegrityFailure(f"Line {frontier.size} of the trace is missing or does not match its hash.")
            frontier.append(leaf)
        if frontier.size != end:
            raise IntegrityFailure(f"Line {frontier.size} of the trace is missing.")
