"""The current documents of a record that a professional may see or read, for pages: what is hidden is not there in any way."""

from __future__ import annotations

from carnet.authorization.facts import DocumentFacts, Function
from carnet.metadata import AvailabilityStatus
from carnet.record.document_families import Family, family_of
from carnet.record.facts import document_facts
from carnet.record.own_documents import Visible, newest_first
from carnet.record.scope import Scope
from carnet.registry.dated_entries import Alike, dated_entries

CURRENT = (AvailabilityStatus.APPROVED,)


def seen_documents(
    scope: Scope, function: Function = Function.CONSULT, statuses: tuple[AvailabilityStatus, ...] = CURRENT
) -> list[Visible]:
    """The newest version of each document of these statuses that the requester has the function on, the newest first.

    `Function.CONSULT` for pages that show what is in documents, `Function.SEARCH` for those that list them. It traces nothing: whoever
    shows something of a document adds it to `scope.touched`.
    """
    viewer = scope.platform.engine.viewer(scope.requester, scope.record, scope.now, function)

    def judge(alike: Alike) -> tuple[DocumentFacts, Family] | None:
        seen = viewer.sees(
            alike.kind.type_code,
            alike.masks,
            alike.status,
            alike.kind.author_persons,
            alike.kind.author_institutions,
            alike.kind.depositor,
            alike.kind.depositor_organization,
            alike.kind.is_signature,
        )
        if not seen:
            return None
        facts = document_facts(scope, alike)
        return facts, family_of(alike.kind.type_code, alike.class_code, own=facts.patient_authored)

    return newest_first(dated_entries(scope.connection, scope.holder, statuses, judge))
