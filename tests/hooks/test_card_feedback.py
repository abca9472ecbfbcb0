"""What software tells of cards: read strictly, counted, and nothing else."""

import json

import pytest

from carnet.errors import MalformedMessage, TooLarge
from carnet.hooks.card_feedback import MOST, outcomes_in

OVERRIDDEN = {
    "card": "f6b95768-b1c8-40dc-8385-bf3504b82ffb",
    "outcome": "overridden",
    "outcomeTimestamp": "2020-12-11T00:00:00Z",
}
ACCEPTED = OVERRIDDEN | {"outcome": "accepted", "acceptedSuggestions": [{"id": "e56e1945-20b3-4393-8503-a1a20fd73152"}]}
REASON = {"reason": {"code": "d7ecf885", "system": "https://example.com"}, "userComment": "déjà fait ailleurs"}


def outcomes(*told):
    return dict(outcomes_in(json.dumps({"feedback": told}).encode()))


def test_the_examples_of_the_specification_are_counted():
    assert outcomes(ACCEPTED, OVERRIDDEN, OVERRIDDEN | {"overrideReason": REASON}) == {"accepted": 1, "overridden": 2}
    assert outcomes() == {}


@pytest.mark.parametrize(
    "told",
    [
        {**OVERRIDDEN, "outcome": "ignored"},
        {**OVERRIDDEN, "card": ""},
        {**OVERRIDDEN, "outcomeTimestamp": "2020-12-11"},
        {**OVERRIDDEN, "outcomeTimestamp": "2020-12-11T00:00:00"},
        {**OVERRIDDEN, "outcome": "accepted"},
        {**ACCEPTED, "outcome": "overridden"},
        {name: value for name, value in OVERRIDDEN.items() if name != "card"},
    ],
)
def test_what_is_no_feedback_is_refused(told):
    with pytest.raises(MalformedMessage):
        outcomes(told)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", b'{"feedback":' + b"[" * 100_000])
def test_bytes_that_are_none_are_refused(body):
    with pytest.raises(MalformedMessage):
        outcomes_in(body)


def test_more_than_a_hundred_are_refused():
    assert outcomes(*[OVERRIDDEN] * MOST) == {"overridden": MOST}
    with pytest.raises(TooLarge):
        outcomes(*[OVERRIDDEN] * (MOST + 1))
