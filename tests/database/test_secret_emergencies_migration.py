"""Emergency accesses of before it was kept whether they were secret: their notices say it, and what nothing tells of is kept secret."""

from __future__ import annotations

import contextlib
import sqlite3

from carnet.database.schema import migrate


def test_accesses_of_before_are_as_secret_as_what_told_of_them(tmp_path):
    path = tmp_path / "carnet.db"
    migrate(path, revision="0006")
    with contextlib.closing(sqlite3.connect(path)) as raw, raw:
        raw.execute(
            "INSERT INTO patient (patient_key, pseudonym, sealed_traits, updated_at) VALUES (1, 'one', x'00', 0)"
        )
        for number, secret in enumerate((0, 1, None)):
            raw.execute(
                "INSERT INTO emergency_access VALUES (1, ?, 'who', 'where', 'bris_de_glace', ?, ?)",
                (f"access-{number}", number, number + 9),
            )
            if secret is not None:
                raw.execute(
                    "INSERT INTO notice (patient_key, notice_id, kind, recipient, due_at, secret) "
                    "VALUES (1, ?, 'emergency-access-bris_de_glace', 'patient', ?, ?)",
                    (f"notice-{number}", number, secret),
                )
    migrate(path)
    with contextlib.closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT secret FROM emergency_access ORDER BY began_at").fetchall() == [(0,), (1,), (1,)]
