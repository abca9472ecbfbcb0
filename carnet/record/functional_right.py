"""Which cell of the matrices of functional rights is a requester's: for acts that the note of the cell bends, not only allows."""

from __future__ import annotations

from carnet.authorization.facts import Function, RecordFacts
from carnet.authorization.functional_rights import Right, column_of, right_of
from carnet.platform import Platform
from carnet.requester import Requester


def right(platform: Platform, requester: Requester, record: RecordFacts, function: Function) -> Right:
    """The cell of PDT-INF-526 or 606 for this requester before this record, under the operator's choices."""
    settings = platform.settings
    column = column_of(
        requester,
        record,
        occupational_doctors=settings.occupational_doctors,
        professions_by_role=settings.professions_by_role,
    )
    return right_of(requester, column, function)
