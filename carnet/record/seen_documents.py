"""The current documents of a record that a professional may see or read, for pages: what is hidden is not there in any way."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from carnet.authorization.facts import Function
from carnet.document_query import FindDocuments
from carnet.metadata import AvailabilityStatus, ObjectType
from carnet.record.document_families import family_of
from carnet.record.facts import document_facts
from carnet.record.own_documents import Visible, time_shown
from carnet.record.scope import Scope
from carnet.registry.dated_entries import dates_and_classes
from carnet.registry.found import FoundEntry
from carnet.registry.queries import find

CURRENT = (AvailabilityStatus.APPROVED,)
_TYPES = (ObjectType.STABLE, ObjectType.ON_DEMAND)
_ALIKE = attrgetter(
    "type_code",
    "masks",
    "status",
    "author_persons",
    "author_institutions",
    "depositor",
    "depositor_organization",
    "is_signature",
)
"""The columns that `Viewer.sees` reads, in its order."""


def seen_documents(
    scope: Scope, function: Function = Function.CONSULT, statuses: tuple[AvailabilityStatus, ...] = CURRENT
) -> list[Visible]:
    """The newest version of each document of these statuses that the requester has the function on, the newest first.

    `Function.CONSULT` for pages that show what is in documents, `Function.SEARCH` for those that list them. It traces nothing: whoever
    shows something of a document adds it to `scope.touched`.
    """
    viewer = scope.platform.engine.viewer(scope.requester, scope.record, scope.now, function)
    query = FindDocuments((scope.identifier,), statuses, object_types=_TYPES)
    verdicts: dict[Any, bool] = {}
    shown = []
    dated = dates_and_classes(scope.connection, scope.holder)
    for one in find(scope.connection, scope.holder, query).entries:
        alike = _ALIKE(one)
        allowed = verdicts.get(alike)
        if allowed is None:
            allowed = verdicts[alike] = viewer.sees(*alike)
        if allowed:
            shown.append(_visible(scope, one, *dated[one.uuid]))
    shown.sort(key=lambda one: (one.time, one.found.registered_at, one.found.unique_id), reverse=True)
    return shown


def _visible(scope: Scope, one: FoundEntry, created: str, class_code: str, started: str) -> Visible:
    facts = document_facts(scope, one)
    family = family_of(one.type_code, class_code, own=facts.patient_authored)
    return Visible(one, facts, time_shown(created, started, own=facts.patient_authored), family)
