"""What a professional prepares to deposit: one file made safe, or a CDA, and what is said of it, sealed for a while and its maker's alone.

Every act asks for the right to feed the record, and traces that a deposit was prepared.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, TypeVar

import msgspec

from carnet.authorization.facts import Function
from carnet.authorization.functional_rights import feeding_function
from carnet.clock import HOUR
from carnet.consent.majority import majority_at
from carnet.errors import IntegrityFailure, LocalPolicy, UnknownDocument
from carnet.identity.directory import organization, professional
from carnet.identity.patients import Traits, traits
from carnet.record.act import Act
from carnet.record.deposit_duties import Expected, expected
from carnet.record.facts import document_facts
from carnet.record.retrieval import Located, Wanted, current_entries
from carnet.record.scope import Scope
from carnet.registry.found import FoundEntry
from carnet.registry.queries import entry as whole_entry
from carnet.repository import deposit_rows
from carnet.repository.deposit_rows import DepositDraft
from carnet.repository.documents import find as find_documents
from carnet.requester import Requester

T = TypeVar("T")
PREPARE = "pro/prepare-deposit"
MAXIMUM_DRAFTS = 10
"""Deposits that one professional prepares for one record at a time."""
MAXIMUM_HELD = 96 * 1024 * 1024
"""Bytes that wait for one record."""
Form = Literal["file", "cda"]


class DraftsFull(LocalPolicy):
    """One limit of what may be prepared is reached; `limit` names it: drafts or bytes."""

    def __init__(self, limit: str) -> None:
        super().__init__(f"A limit of what may be prepared is reached: {limit}.")
        self.limit = limit


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said of a deposit so far. Days are yyyymmdd; `type` a code of JDV_J66, `setting` of JDV_J04, `activity` a name of `ACTIVITIES`.

    `form`: a file that we wrap, or a CDA that stays as it came. `masks` are codes of `portal_deposit.MASKS`, and were chosen once `described`
    is true. `faults` is why it was last refused: attribute and message. Where it replaces a document, `replaces` is that one's uniqueId and
    `replaced_uuid` its entryUUID, and `set_id` and `version` are those of its CDA.
    """

    form: Form = "file"
    media_type: str = ""
    pages: int = 1
    title: str = ""
    type: str = ""
    suggested: str = ""
    began: str = ""
    ended: str = ""
    setting: str = ""
    activity: str = ""
    masks: tuple[str, ...] = ()
    described: bool = False
    replaces: str = ""
    replaced_uuid: str = ""
    set_id: str = ""
    version: int = 0
    unique_id: str = ""
    faults: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DepositPreparation:
    """One deposit in preparation. `preview` is a WebP picture, or the beginning of a text in UTF-8; b'' for a CDA. `size` in bytes."""

    draft_id: str
    began_at: int
    expires_at: int
    size: int
    said: Said
    preview: bytes = field(repr=False)

    @property
    def unique_id(self) -> str:
        """The uniqueId of the document that it becomes: that of the CDA, or one made of the draft's name, the same each time."""
        return self.said.unique_id or unique_id_of(self.draft_id)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a deposit begins: what is being prepared, what the law asks for, and whether the patient is a minor."""

    waiting: tuple[DepositPreparation, ...]
    expected: tuple[Expected, ...]
    minor: bool


@dataclass(frozen=True, slots=True)
class DepositBasis:
    """All that a deposit is made of, read once at the gate. Names are the directory's, '' where it knows none."""

    preparation: DepositPreparation
    traits: Traits
    minor: bool
    family: str
    given: str
    structure_name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ToReplace:
    """One's own document that may be replaced: its title, type and first masks, and where its bytes are."""

    located: Located
    entry_uuid: str
    title: str
    type: str
    masks: frozenset[str]


def desk(requester: Requester, activity: str, day: str) -> Act[Desk]:
    """What stands on the first page, for an act of a day (yyyymmdd)."""
    return _act(requester, "looked", partial(_desk, activity=activity, day=day))


def begin(requester: Requester, draft_id: str, said: Said, content: bytes, preview: bytes) -> Act[str]:
    """Begins one; its name. Raises DraftsFull, and Refused for a document that the professional may not replace."""
    return _act(requester, "began", partial(_begin, draft_id=draft_id, said=said, content=content, preview=preview))


def show(requester: Requester, draft_id: str) -> Act[DepositPreparation]:
    """One of them. Raises UnknownDocument for what is not there, is another's, or has expired, as all the acts below."""
    return _act(requester, "looked", partial(_find, draft_id=draft_id))


def basis(requester: Requester, draft_id: str) -> Act[DepositBasis]:
    """Everything that the deposit is made of."""
    return _act(requester, "read", partial(_basis, draft_id=draft_id))


def describe(requester: Requester, draft_id: str, said: Said) -> Act[None]:
    """Writes what the professional says of it, or why it was refused."""
    return _act(requester, "described", partial(_describe, draft_id=draft_id, said=said))


def give_up(requester: Requester, draft_id: str) -> Act[None]:
    """Drops it."""
    return _act(requester, "gave up", partial(_give_up, draft_id=draft_id))


def deposited(requester: Requester, unique_id: str) -> Act[str]:
    """The title of the document that a draft became; '' when there is none that the professional may know of."""
    return _act(requester, "looked", partial(_deposited, unique_id=unique_id))


def to_replace(requester: Requester, unique_id: str) -> Act[ToReplace]:
    """One's own document, as a new version needs it. Raises Refused, and UnknownDocument for what the professional may not know of."""
    return _act(requester, "read", partial(_to_replace, unique_id=unique_id))


def new_draft_id() -> str:
    """32 hexadecimal digits of a random UUID."""
    return uuid.uuid4().hex


def unique_id_of(draft_id: str) -> str:
    """The uniqueId of the document that a draft of a file becomes. Raises UnknownDocument."""
    try:
        return f"2.25.{uuid.UUID(hex=draft_id).int}"
    except ValueError as error:
        raise UnknownDocument("No such deposit in preparation.") from error


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
    if len(_mine(scope)) >= MAXIMUM_DRAFTS:
        raise DraftsFull("drafts")
    if deposit_rows.held_in_drafts(scope.connection, scope.patient_key) + len(content) > MAXIMUM_HELD:
        raise DraftsFull("bytes")
    kept = DepositDraft(
        draft_id,
        scope.now,
        scope.now + scope.platform.settings.portal_draft_hours * HOUR,
        len(content),
        _sealed(scope, draft_id, said),
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
    try:
        said = msgspec.json.decode(scope.key.open(kept.sealed_about, _context(kept.draft_id, "about")), type=Said)
    except msgspec.DecodeError as error:
        raise IntegrityFailure("A deposit in preparation cannot be read.") from error
    preview = scope.key.open(kept.sealed_preview, _context(kept.draft_id, "preview"))
    return DepositPreparation(kept.draft_id, kept.began_at, kept.expires_at, kept.size, said, preview)


def _basis(scope: Scope, *, draft_id: str) -> DepositBasis:
    preparation = _find(scope, draft_id=draft_id)
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
    deposit_rows.write_about(scope.connection, scope.patient_key, draft_id, _sealed(scope, draft_id, said))


def _give_up(scope: Scope, *, draft_id: str) -> None:
    _find(scope, draft_id=draft_id)
    deposit_rows.drop_deposit_draft(scope.connection, scope.patient_key, draft_id)


def _deposited(scope: Scope, *, unique_id: str) -> str:
    found = current_entries(scope, (unique_id,)).get(unique_id)
    if found is None or not scope.platform.engine.own(scope.requester, document_facts(scope, found)):
        return ""
    title = whole_entry(scope.connection, scope.holder, found.uuid).title
    scope.touched.append(unique_id)
    return title


def _replaceable(scope: Scope, unique_id: str) -> FoundEntry:
    found = current_entries(scope, (unique_id,)).get(unique_id)
    if found is None:
        raise UnknownDocument("No such document in this record.", subject=unique_id)
    scope.require(Function.REPLACE, document_facts(scope, found), subject=unique_id)
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


def _sealed(scope: Scope, draft_id: str, said: Said) -> bytes:
    return scope.key.seal(msgspec.json.encode(said), _context(draft_id, "about"))


def _context(draft_id: str, what: str) -> str:
    """The place for which something of a draft is sealed."""
    return f"deposit|{draft_id}|{what}"
