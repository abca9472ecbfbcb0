"""Budgets against bulk reading by somebody with valid rights (security §2, threat 9): new records an hour, for a requester and for a structure, and searches by traits.

Which acts read is one table, which `carnet watch` counts by too. A reading in an emergency is counted and told, never refused.
"""

from __future__ import annotations

from dataclasses import replace

from carnet.errors import OverBudget
from carnet.exchange.alarms import sound
from carnet.exchange.visit_budgets import Purse, first_in_hour, take, take_both
from carnet.platform import Platform
from carnet.requester import AccessMode, Requester

READINGS = frozenset(
    {
        *("iti18", "iti43", "td1.3a", "td1.6", "td0.5", "td0.9", "pro/identity-search"),
        *(
            "pro/list-documents",
            "pro/search-documents",
            "pro/show-document",
            "pro/read-document",
            "pro/export-documents",
            "pro/examinations-done",
        ),
    }
)
"""Acts that show something of a record; asking whether one exists (TD0.2) is what software does for each appointment.

A list of one's own patients (TD0.4) is left out too: software asks for it again and again, and it shows those who gave their authorisation.
"""
OF_REQUESTER, OF_STRUCTURE, SEARCHES = "budget-requester", "budget-structure", "budget-searches"
COME_BACK = "Too many records were asked for within this hour; try again in the next."


def count_reading(platform: Platform, requester: Requester, patient_key: int, now: int) -> None:
    """Counts a record that a reading act showed, the first time in the hour. Raises OverBudget where a budget is spent, except in an emergency.

    Nothing is asked of the database for a reading that this worker knows to be counted; for a new one two statements.
    """
    who, connection, settings = requester.identifier, platform.connection, platform.settings
    if platform.visits.knows(patient_key, who, now):
        return
    if first_in_hour(connection, patient_key, who, now):
        mine = Purse(OF_REQUESTER, who, settings.new_records_requester_hour)
        ours = Purse(OF_STRUCTURE, requester.organization_id, settings.new_records_structure_hour)
        given = take_both(connection, platform.keyring, _opened(requester, mine), _opened(requester, ours), now)
        for purse, number in zip((mine, ours), given, strict=True):
            _judge(platform, purse, number, now)
    platform.visits.note(patient_key, who, now)


def count_search(platform: Platform, requester: Requester, now: int) -> None:
    """Counts a search by traits (TD0.5), whatever it finds. Raises OverBudget beyond `candidate_searches_hour`, in every mode.

    The rules allow the search to regulation centres alone, in their emergency mode: not to refuse it there would be no limit. It opens no
    record, and whoever knows the INS goes on without it.
    """
    purse = Purse(SEARCHES, requester.identifier, platform.settings.candidate_searches_hour)
    _judge(platform, purse, take(platform.connection, platform.keyring, purse, now), now)


def _opened(requester: Requester, purse: Purse) -> Purse:
    """The purse as it gives to this requester: without end in an emergency."""
    return purse if requester.mode is AccessMode.NORMAL else replace(purse, maximum=0)


def _judge(platform: Platform, purse: Purse, number: int | None, now: int) -> None:
    """The alarm is raised by the act that takes the last: it is kept with it, and one that is refused keeps nothing."""
    if number is None:
        raise OverBudget(COME_BACK, rules=(purse.kind,))
    if purse.maximum:
        sound(platform.connection, purse.kind, purse.subject, counted=number, threshold=purse.maximum - 1, now=now)
