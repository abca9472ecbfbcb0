"""Named places where a test ends the process at once, as the kernel or a power cut would. Nothing happens at them unless one is armed.

The setting `kill_at_for_tests` arms one, `name` or `name:count` for its count-th time; production refuses it (`config`).
"""

from __future__ import annotations

import logging
import os
import signal

from carnet.errors import ConfigurationError

POINTS = {
    "request-read": "a request was read, and nothing of it checked",
    "transaction-begun": "a batch has the database",
    "segment-created": "a new segment file has its name, and no byte",
    "document-appended": "a document's bytes are with the operating system",
    "act-run": "an act wrote all its rows, its savepoint is open",
    "line-written": "an act's line of the trace is written",
    "segments-synced": "segment files are durable, names of new ones are not",
    "documents-synced": "documents are durable, no row names them",
    "committed": "a batch is durable, nobody knows",
    "answers-given": "the doors know, no byte has left",
    "answer-begun": "the head of an answer was sent",
    "answer-sent": "an answer was sent whole",
    "lines-placed": "waiting lines have their places in the tree, no checkpoint stands over them",
    "work-ready": "a sealing or an operator's command is about to be committed",
    "work-committed": "it is durable, nobody knows",
    "lines-handed-over": "the collector has a batch of the trace, the place is not written down",
}
"""What is true at each point."""

_LOG = logging.getLogger("carnet.danger")


class _Armed:
    """The point that is armed in this process, and how often it may still be passed."""

    point = ""
    passes = 0


def arm(order: str) -> None:
    """Arms `name` or `name:count`; '' disarms. Raises ConfigurationError for a point that there is not."""
    point, _, count = order.partition(":")
    if order and (point not in POINTS or not (count or "1").isdecimal() or int(count or 1) < 1):
        raise ConfigurationError("kill_at_for_tests is the name of a point of carnet.kill_points, or name:count.")
    _Armed.point, _Armed.passes = point, int(count or 1) - 1
    if order:
        _LOG.warning("kill_at_for_tests is set: this process will end itself")


def reached(point: str) -> None:
    """Says that a point is passed; ends the process with SIGKILL when it is the armed one and its time has come."""
    if point == _Armed.point:
        if not _Armed.passes:
            os.kill(os.getpid(), signal.SIGKILL)
        _Armed.passes -= 1
