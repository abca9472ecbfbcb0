"""What a professional prepares to deposit: one file made safe, or a CDA, and what is said of it, sealed for a while and its maker's alone.

Every act asks for the right to feed the record, and traces that a deposit was prepared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from msgspec import structs

from carnet.authorization.facts import Function
from carnet.authorization.functional_rights import feeding_function
from carnet.clock import HOUR
from carnet.consent.majority import majority_at
from carnet.errors import DuplicateIdentifier, StatusTransition, UnknownDocument
from carnet.identity.directory import organization, professional
from carnet.identity.patients import traits
from carnet.metadata import AvailabilityStatus
from carnet.record.act import Act
from carnet.record.announcement_rule import told_and_shown
from carnet.record.deposit_duties import expected
from carnet.record.deposit_said import DepositBasis, DepositPreparation, Desk, Done, Said, ToReplace
from carnet.record.draft_keeping import MAXIMUM_DRAFTS, MAXIMUM_HELD, Full, open_said, seal_said
from carnet.record.facts import document_facts
from carnet.record.retrieval import Located, Wanted, current_entries
from carnet.record.scope import Scope
from carnet.registry.found import FoundEntry
from carnet.registry.hidden_versions import hidden_since, is_hidden
from carnet.registry.queries import entry as whole_entry
from carnet.repository import deposit_rows
from carnet.repository.deposit_rows import DepositDraft
from carnet.repository.documents import find as find_documents
from carnet.requester import Requester

__all__ = ["DepositPreparation", "Done", "Full", "Said", "ToReplace"]

T = TypeVar("T")
PREPARE = "pro/prepare-deposit"


def desk(requester: Requester, activity: str, day: str) -> Act[Desk]:
    """What stands on the first page, for an act of a day (yyyymmdd)."""
    return _act(requester, "looked", partial(_desk, activity=activity, day=day))


def begin(requester: Requester, draft_id: str, said: Said, content: bytes, preview: bytes) -> Act[str]:
    """Begins one; its name. A second time changes nothing.

    Raises Full (drafts or bytes), Refused for a document that the professional may not replace, and DuplicateIdentifier for a CDA that is
    there; also, with the draft's name as its subject, where what was prepared under that name is deposited.
    """
    return _act(requester, "began", partial(_begin, draft_id=draft_id, said=said, content=content, preview=preview))


def show(requester: Requester, draft_id: str) -> Act[DepositPreparation]:
    """One of them. Raises UnknownDocument for what is not there, is another's, or has expired, as all the acts below."""
    return _act(requester, "looked", partial(_find, draft_id=draft_id))


def basis(requester: Requester, draft_id: str) -> Act[DepositBasis]:
    """Everything that the deposit is made of. Raises as `to_replace` too, where it replaces a document."""
    return _act(requester, "read", partial(_basis, draft_id=draft_id))


def describe(requester: Requester, draft_id: str, said: Said) -> Act[None]:
    """Writes what the professional says of it, or why it was refused."""
    return _act(requester, "described", partial(_describe, draft_id=draft_id, said=said))


def give_up(requester: Requester, draft_id: str) -> Act[None]:
    """Drops it."""
    return _act(requester, "gave up", partial(_give_up, draft_id=draft_id))


def deposited(requester: Requester, draft_id: str, activity: str, day: str) -> Act[Done | None]:
    """The document that a draft became, and what the law still asks for; None when it became none of the professional's own."""
    return _act(requester, "looked", partial(_deposited, draft_id=draft_id, activity=activity, day=day))


def to_replace(requester: Requester, unique_id: str) -> Act[ToReplace]:
    """One's own document, as a new version needs it.

    Raises Refused, StatusTransition for one that is not in use any more, and UnknownDocument for what the professional may not know of.
    """
    return _act(requester, "read", partial(_to_replace, unique_id=unique_id))


def is_minor(birth_date: str, now: int) -> bool:
    """Whether somebody is not of age at a moment; True where the date of birth says nothing: what is shown to representatives is asked then."""
    try:
        return now < majority_at(birth_date)
    except ValueError:
        return True


# --- inside the gate ------------------------------------------------------------------------------------------------


def _act(requester: Requester, detail: str, work: Callable[[Scope], T]) -> Act[T]:
    def run(scope: Scope) -> T:
        scope.detail = detail
        return work(scope)

    return Act(PREPARE, run, feeding_function(requester))


def maker_of(scope: Scope) -> bytes:
    """The keyed digest of who prepares or deposits, for one structure: drafts made for another are not shown there."""
    who = f"portal deposit|{scope.requester.identifier}|{scope.requester.organization_id}"
    return scope.platform.keyring.blind_index(who.encode())


def _desk(scope: Scope, *, activity: str, day: str) -> Desk:
    waiting = tuple(_opened(scope, one) for one in _mine(scope))
    born = traits(scope.connection, scope.patient_key, scope.key).birth_date
    return Desk(waiting, expected(scope, activity, day), is_minor(born, scope.now))


def _mine(scope: Scope) -> list[DepositDraft]:
    return deposit_rows.deposit_drafts_of(scope.connection, scope.patient_key, maker=maker_of(scope), now=scope.now)


def _begin(scope: Scope, *, draft_id: str, said: Said, content: bytes, preview: bytes) -> str:
    if said.replaces:
        _replaceable(scope, said.replaces)
    mine = _mine(scope)
    if any(one.draft_id == draft_id for one in mine):
        return draft_id
    if deposit_rows.deposit_named(scope.connection, scope.patient_key, draft_id):
        raise DuplicateIdentifier("This deposit was made already.", subject=draft_id)
    if said.unique_id and current_entries(scope, (said.unique_id,)):
        raise DuplicateIdentifier("uniqueId: this document is in the record already.", subject=said.unique_id)
    if len(mine) >= MAXIMUM_DRAFTS:
        raise Full("drafts")
    if sum(one.size for one in mine) + len(content) > MAXIMUM_HELD:
        raise Full("bytes")
    kept = DepositDraft(
        draft_id,
        scope.now,
        scope.now + scope.platform.settings.portal_draft_hours * HOUR,
        len(content),
        seal_said(scope.key, said, _context(draft_id, "about")),
        scope.key.seal(preview, _context(draft_id, "preview")),
    )
    sealed = scope.key.seal(content, _context(draft_id, "content"))
    deposit_rows.begin(scope.connection, scope.patient_key, kept, maker=maker_of(scope), sealed_content=sealed)
    return draft_id


def _find(scope: Scope, *, draft_id: str) -> DepositPreparation:
    kept = deposit_rows.find_deposit_draft(
        scope.connection, scope.patient_key, draft_id, maker=maker_of(scope), now=scope.now
    )
    if kept is None:
        raise UnknownDocument("No such deposit in preparation.")
    return _opened(scope, kept)


def _opened(scope: Scope, kept: DepositDraft) -> DepositPreparation:
    said = open_said(scope.key, kept.sealed_about, Said, _context(kept.draft_id, "about"))
    preview = scope.key.open(kept.sealed_preview, _context(kept.draft_id, "preview"))
    since = _replaced_hidden_since(scope, said.replaces) if said.replaces else 0
    return DepositPreparation(kept.draft_id, kept.began_at, kept.expires_at, kept.size, said, preview, since)


def _replaced_hidden_since(scope: Scope, unique_id: str) -> int:
    """From when the delay runs of a document that is replaced while its patient does not see it; 0 for any other."""
    found = current_entries(scope, (unique_id,)).get(unique_id)
    return hidden_since(scope.connection, scope.holder, found.logical_id) if found and is_hidden(found) else 0


def _basis(scope: Scope, *, draft_id: str) -> DepositBasis:
    preparation = _find(scope, draft_id=draft_id)
    if preparation.said.replaces:  # its metadata may have a new version since this began
        now = _replaceable(scope, preparation.said.replaces).uuid
        preparation = replace(preparation, said=structs.replace(preparation.said, replaced_uuid=now))
    sealed = deposit_rows.sealed_deposit(scope.connection, scope.patient_key, draft_id)
    if sealed is None:
        raise UnknownDocument("No such deposit in preparation.")
    known = traits(scope.connection, scope.patient_key, scope.key)
    person = professional(scope.connection, scope.requester.identifier)
    structure = organization(scope.connection, scope.requester.organization_id)
    return DepositBasis(
        preparation=preparation,
        traits=known,
        minor=is_minor(known.birth_date, scope.now),
        family=person.family_name if person is not None else "",
        given=person.given_name if person is not None else "",
        structure_name=structure.name if structure is not None else "",
        content=scope.key.open(sealed, _context(draft_id, "content")),
    )


def _describe(scope: Scope, *, draft_id: str, said: Said) -> None:
    _find(scope, draft_id=draft_id)
    deposit_rows.write_about(
        scope.connection, scope.patient_key, draft_id, seal_said(scope.key, said, _context(draft_id, "about"))
    )


def _give_up(scope: Scope, *, draft_id: str) -> None:
    _find(scope, draft_id=draft_id)
    deposit_rows.drop_deposit_draft(scope.connection, scope.patient_key, draft_id)


def _deposited(scope: Scope, *, draft_id: str, activity: str, day: str) -> Done | None:
    unique_id = deposit_rows.deposit_named(scope.connection, scope.patient_key, draft_id)
    found = current_entries(scope, (unique_id,)).get(unique_id) if unique_id else None
    if found is None or not scope.platform.engine.own(scope.requester, document_facts(scope, found)):
        return None
    entry = whole_entry(scope.connection, scope.holder, found.uuid)
    began = entry.service_start_time[:8] or day
    scope.touched.append(unique_id)
    told_at, shown_at = (0, 0)
    if is_hidden(found):
        told_at, shown_at = told_and_shown(hidden_since(scope.connection, scope.holder, found.logical_id))
    return Done(unique_id, entry.title, told_at, shown_at, began, expected(scope, activity, began))


def _replaceable(scope: Scope, unique_id: str) -> FoundEntry:
    found = current_entries(scope, (unique_id,)).get(unique_id)
    if found is None:
        raise UnknownDocument("No such document in this record.", subject=unique_id)
    scope.require(Function.REPLACE, document_facts(scope, found), subject=unique_id)
    if found.status != AvailabilityStatus.APPROVED:
        raise StatusTransition("Only a document in use is replaced.", subject=unique_id)
    return found


def _to_replace(scope: Scope, *, unique_id: str) -> ToReplace:
    found = _replaceable(scope, unique_id)
    stored = find_documents(scope.connection, scope.patient_key, (unique_id,)).get(unique_id)
    if stored is None or stored.erased_at is not None:
        raise UnknownDocument("No such document in this record.", subject=unique_id)
    entry = whole_entry(scope.connection, scope.holder, found.uuid)
    key = scope.key.open_document_key(stored.wrapped_key, unique_id)
    wanted = Wanted(scope.platform.settings.repository_unique_id, unique_id)
    scope.touched.append(unique_id)
    return ToReplace(
        Located(wanted, stored.mime_type, stored, key),
        found.uuid,
        entry.title,
        entry.type_code.code,
        frozenset(found.masks.split()),
    )


def _context(draft_id: str, what: str) -> str:
    """The place for which something of a draft is sealed."""
    return f"deposit|{draft_id}|{what}"
