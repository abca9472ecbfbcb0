"""Whether a code of an emergency card shows it: the only reading of a record by somebody who is not identified. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from carnet.authorization.decision import Decision, permit, refuse
from carnet.authorization.rules import OPEN_STATES


@dataclass(frozen=True, slots=True)
class CardFacts:
    """A code that exists, and its record. Moments in microseconds UTC; `ended`: somebody stopped the code; `ready`: the card says enough."""

    state: str
    now: int
    made_at: int
    expires_at: int
    ended: bool
    ready: bool


CARD_RULES: tuple[tuple[str, Callable[[CardFacts], bool]], ...] = (
    # name                what refuses
    ("record-not-open", lambda facts: facts.state not in OPEN_STATES),  # R1111-36 CSP
    ("code-stopped", lambda facts: facts.ended),
    ("code-expired", lambda facts: not facts.made_at <= facts.now < facts.expires_at),
    ("card-withdrawn", lambda facts: not facts.ready),
)


def decide_card(facts: CardFacts) -> Decision:
    """Whether whoever has the code reads the card, by the person's own choice (decision 0032)."""
    refusing = tuple(name for name, refuses in CARD_RULES if refuses(facts))
    return refuse(refusing) if refusing else permit(("card-code",))
