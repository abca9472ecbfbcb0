"""What the tests of rule data share: a version that closes a type, a search under it, a hand on the disk."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from carnet.demo.people import HOSPITAL_DOCTOR
from carnet.platform import packaged_matrices

DRAFT = packaged_matrices()[0].version


PROPOSER = "operator:carole"


CLOSED = {("10", "11488-4"): "N"}
"""A doctor no longer reads the type of the documents that these tests put in."""


def sees(room, who=HOSPITAL_DOCTOR):
    """(how many documents a search by another doctor finds, the version that decided)."""
    ticket = room.last_ticket()
    found = room.gate.perform_now(room.caller(who), room.finding())
    (line,) = room.lines_since(ticket)
    return len(found.objects), line["matrix_version"]


@contextlib.contextmanager
def meddling(room):
    """Writes to the database as whoever holds the disk would."""
    with contextlib.closing(sqlite3.connect(room.platform.settings.database)) as raw, raw:
        yield raw


def refused(room, expected, work, said):
    """The work is refused with this sentence, writes no row and leaves one line in the trace."""
    rows, ticket = room.kept(), room.last_ticket()
    with pytest.raises(expected, match=said):
        work()
    assert room.kept() == rows
    (line,) = room.lines_since(ticket)
    assert line["outcome"] in {"refused", "failed"}
    assert line["detail"] == expected.__name__
    return line
