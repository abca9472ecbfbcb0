"""What is asked of those alone who have just shown by two factors that it is they: whatever widens who sees a record, or takes from it.

A session lasts for hours, and a phone changes hands in a moment (security §2, row 26). Hiding and blocking are never held up.
"""

from __future__ import annotations

from dataclasses import dataclass

from carnet.errors import Refused
from carnet.identity.sessions import Level

ASKED = frozenset(
    {
        # names of acts of the patient's side
        "unmask",
        "delete",
        "authorise",
        "join-team",
        "unblock",
        "name-administrator",
        "allow-feeding",
        "contact",
        "notice-preference",
        "close-record",
        "oppose",
        "ask-for-trail",
        "ask-for-export",
        "accept-invitation",
    }
)
BEGINNINGS = ("choose-", "invite-", "export-")
"""Of names of acts, the same."""


class StepUpNeeded(Refused):
    """The person is to show again who they are, and then to ask again."""


@dataclass(frozen=True, slots=True)
class Assurance:
    """How well somebody in a session showed who they are, and when (microseconds UTC)."""

    level: Level
    shown_at: int

    def require(self, name: str, *, now: int, within: int) -> None:
        """Raises StepUpNeeded for an act of this name unless it was shown by two factors less than `within` microseconds ago."""
        if (name in ASKED or name.startswith(BEGINNINGS)) and not self._is_fresh(now - within):
            raise StepUpNeeded("This is asked of somebody who has just signed in by two factors.", rules=("step-up",))

    def _is_fresh(self, after: int) -> bool:
        return self.level is Level.STRONG and self.shown_at > after
