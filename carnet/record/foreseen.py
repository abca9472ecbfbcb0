"""What the acts of a group will ask first, told to the database together: a few messages for all instead of five for each (docs/decisions/0056-messages-to-postgresql.md).

It changes no answer. Who calls and whom they ask about is everybody's data, which nothing in a group changes. Of a record that one act alone is about
nothing changes before that act, for no other act of the group has its turn; a record that several are about is read by each in its place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from carnet.consent.standing import foresee as foresee_standing
from carnet.identity.directory import foresee as foresee_directory
from carnet.identity.patients import foresee as foresee_people
from carnet.identity.patients import keys_known
from carnet.identity.replay import foresee as foresee_use
from carnet.metadata import PatientIdentifier
from carnet.platform import Platform
from carnet.requester import Requester


def foresee_callers(platform: Platform, requesters: Sequence[Requester]) -> None:
    """Their assertions, their places in the directory, and the people whom they ask about."""
    connection = platform.connection
    for one in requesters:
        if one.assertion is not None:
            foresee_use(connection, one.assertion, one.certificate)
        if one.assertion is not None or one.portal:
            foresee_directory(connection, one)
    foresee_people(connection, platform.keyring, _people(requesters))


def foresee_records(platform: Platform, requesters: Sequence[Requester]) -> None:
    """Where each stands before the record, when nobody else of them asks about it."""
    connection = platform.connection
    keys = keys_known(connection, platform.keyring, list(dict.fromkeys(_people(requesters))))
    asked = [(one, keys[one.patient]) for one in requesters if one.patient in keys]
    times = Counter(key for _, key in asked)
    for one, key in asked:
        if times[key] == 1:
            foresee_standing(connection, key, professional=one.identifier, organization=one.organization_id)


def _people(requesters: Sequence[Requester]) -> list[PatientIdentifier]:
    return [one.patient for one in requesters if one.patient is not None]
