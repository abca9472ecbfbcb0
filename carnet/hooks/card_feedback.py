"""What software tells of the cards that it showed (CDS Hooks 2.0, Feedback): read strictly, and counted.

Who it was, of which patient, why, and in what words is not taken: it would be health data of a record in a place that the patient does not see,
for a use that nobody stated.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Literal

import msgspec

from carnet.errors import MalformedMessage, TooLarge

MOST = 100
"""Entries of one request."""


class _Accepted(msgspec.Struct, frozen=True):
    id: str


class _Feedback(msgspec.Struct, frozen=True):
    card: str
    outcome: Literal["accepted", "overridden"]
    outcomeTimestamp: dt.datetime  # noqa: N815 - names of CDS Hooks
    acceptedSuggestions: tuple[_Accepted, ...] = ()  # noqa: N815


class _Told(msgspec.Struct, frozen=True):
    feedback: tuple[_Feedback, ...]


def outcomes_in(body: bytes) -> Counter[str]:
    """How many cards had which outcome. Raises MalformedMessage for what is no feedback, TooLarge for more than MOST."""
    try:
        told = msgspec.json.decode(body, type=_Told).feedback
    except (msgspec.MsgspecError, RecursionError) as error:
        raise MalformedMessage("The request is no CDS Hooks feedback.") from error
    if len(told) > MOST:
        raise TooLarge(f"At most {MOST} cards can be told of at once.")
    for one in told:
        if not one.card or one.outcomeTimestamp.tzinfo is None:
            raise MalformedMessage("A feedback names its card, and a moment with its offset from UTC.")
        if (one.outcome == "accepted") != bool(one.acceptedSuggestions):
            raise MalformedMessage("What was accepted names suggestions, and nothing else does.")
    return Counter(one.outcome for one in told)
