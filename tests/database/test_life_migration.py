"""Records of before their history: the migration gives each its first row, and closed ones their ten years."""

from __future__ import annotations

import contextlib
import sqlite3

from carnet.clock import DAY, from_iso
from carnet.consent.delays import years_after
from carnet.consent.lifecycle import Event, State, history, life, move
from carnet.database.connection import SqliteConnection
from carnet.database.schema import migrate

CLOSED = from_iso("2026-11-01T00:00:00Z")


def test_records_of_before_their_history_live_on(tmp_path):
    path = tmp_path / "carnet.db"
    migrate(path, revision="0001")
    with contextlib.closing(sqlite3.connect(path)) as raw, raw:
        for key, state, closed in ((1, "open", None), (2, "closed", CLOSED), (3, "suspended", None)):
            raw.execute("INSERT INTO patient VALUES (?, ?, x'00', 0)", (key, f"p{key}"))
            raw.execute(
                "INSERT INTO health_record VALUES (?, ?, 1000, ?, ?, 1)",
                (key, state, closed, "FERMETURE_DEMANDE_PATIENT" if closed else ""),
            )
    migrate(path)
    with contextlib.closing(SqliteConnection(path)) as connection:
        rows = [history(connection, key)[0] for key in (1, 2, 3)]
        assert [(row.number, row.before, row.after, row.event) for row in rows] == [
            (1, State.NONE, State.OPEN, "migrate"),
            (1, State.NONE, State.CLOSED, "migrate"),
            (1, State.NONE, State.SUSPENDED, "migrate"),
        ]
        assert abs(life(connection, 2).due_at - years_after(CLOSED, 10)) <= DAY
        assert move(connection, 1, Event.CLOSE, now=CLOSED).number == 2
        assert move(connection, 3, Event.RESUME, now=CLOSED).after is State.OPEN
