"""A broken build for a negative control: it answers first and commits a moment later.

python early_answers.py HOME
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from carnet.record.gate import Gate
from carnet.server.serving import serve

LATER = 1.0
"""Seconds."""


class PaysLater:
    """A connection whose COMMIT is owed for a moment; what is written meanwhile joins the same transaction."""

    def __init__(self, connection):
        self._connection = connection
        self._owes = self._looks = False

    def __getattr__(self, name):
        return getattr(self._connection, name)

    def control(self, command):
        if command == "ROLLBACK" and self._looks:
            self._looks = False
        elif command != "COMMIT":
            self._connection.control(command)
        elif not self._owes:
            self._owes = True
            asyncio.get_running_loop().call_later(LATER, self.pay)

    def begin(self, turn):
        if not self._owes:
            self._connection.begin(turn)

    def begin_reading(self):
        """What is read meanwhile is read in that transaction."""
        self._looks = self._owes
        if not self._owes:
            self._connection.begin_reading()

    def pay(self):
        if self._owes:
            self._owes = False
            self._connection.control("COMMIT")


def break_it():
    whole = Gate.__post_init__

    def broken(self):
        object.__setattr__(self.platform, "connection", PaysLater(self.platform.connection))
        whole(self)

    Gate.__post_init__ = broken


if __name__ == "__main__":
    break_it()
    serve(Path(sys.argv[1]))
