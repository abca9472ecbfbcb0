"""A code shows its card to whoever has it, in an open record, while it lives; each of the rules alone refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carnet.authorization.card_rules import CARD_RULES, CardFacts, decide_card

SHOWN = CardFacts(state="activated", now=50, made_at=0, expires_at=100, ended=False, ready=True)


def test_a_living_code_of_an_open_record_shows_the_card():
    assert decide_card(SHOWN).allowed
    assert decide_card(replace(SHOWN, state="open", now=0)).allowed


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"state": "closed"}, "record-not-open"),
        ({"state": "suspended"}, "record-not-open"),
        ({"state": "destroyed"}, "record-not-open"),
        ({"state": ""}, "record-not-open"),
        ({"ended": True}, "code-stopped"),
        ({"now": 100}, "code-expired"),
        ({"now": -1}, "code-expired"),
        ({"ready": False}, "card-withdrawn"),
    ],
)
def test_each_rule_refuses_by_itself(changes, rule):
    assert decide_card(replace(SHOWN, **changes)).rules == (rule,)
    assert not decide_card(replace(SHOWN, **changes)).allowed


def test_every_rule_has_its_case():
    assert [name for name, _ in CARD_RULES] == ["record-not-open", "code-stopped", "code-expired", "card-withdrawn"]
