"""The draft of a synthesis, inside the gate: made from the documents that this doctor may read, kept sealed, the doctor's alone."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from carnet.authorization.facts import Function
from carnet.authorization.functional_rights import feeding_function
from carnet.cda.medication import LineKind, MedicineLine
from carnet.cda.synthesis_fitting import fitted
from carnet.cda.synthesis_model import Part, Stated, SynthesisLine, Told
from carnet.cda.synthesis_reading import medicine_line
from carnet.clock import DAY, to_datetime
from carnet.errors import IntegrityFailure, Refused, UnknownDocument
from carnet.metadata import INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX, MASQUE_PS, AvailabilityStatus
from carnet.record.document_extracts import Missing, extracts_of, in_use
from carnet.record.extractors import ExtractKind
from carnet.record.own_documents import SpaceDocument, Visible, in_words
from carnet.record.own_medicines import medication_among
from carnet.record.scope import Scope
from carnet.record.seen_documents import seen_documents
from carnet.record.structured_extracts import has_medication, parts_in
from carnet.record.synthesis_lines import LineSource, SynthesisDraft
from carnet.record.synthesis_merging import Statements, merged
from carnet.repository import synthesis_drafts
from carnet.repository.synthesis_drafts import WrittenDraft
from carnet.requester import AccessMode

SYNTHESES = frozenset({"60591-5", "SYNTH"})
"""Types of a synthesis: the French patient summary and the VSM before it are one kind."""
PRESCRIBED_SINCE = 365
"""Days back to which prescriptions are drafted as treatments; older ones say little of what is taken now."""
_HIDING = (INVISIBLE_PATIENT, MASQUE_PS, INVISIBLE_REPRESENTANTS_LEGAUX)
_CONTEXT = "synthesis draft"
_READABLE = (AvailabilityStatus.APPROVED, AvailabilityStatus.DEPRECATED, AvailabilityStatus.ARCHIVED)
"""What a draft was made from may be replaced or archived since: its author took nothing back."""
_MEDICINES = {LineKind.PRESCRIBED: Part.TREATMENTS, LineKind.INJECTED: Part.VACCINATIONS}


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft, and the documents that were not read yet when it was made; `newer` have come to the record since."""

    draft: SynthesisDraft
    missing: Missing
    newer: int = 0


def require_writer(scope: Scope) -> None:
    """Raises Refused for anybody but the declared médecin traitant in normal access (L1111-15 CSP: A5 is theirs to write)."""
    scope.require(feeding_function(scope.requester))
    if not may_write(scope):
        raise Refused(
            "The synthesis is written by the declared médecin traitant.", rules=("synthesis-médecin-traitant",)
        )


def may_write(scope: Scope) -> bool:
    """Whether the requester is the declared médecin traitant of the record, in the normal mode: an emergency asks for no synthesis."""
    return scope.record.medecin_traitant and scope.requester.mode is AccessMode.NORMAL


def syntheses_among(documents: Sequence[Visible]) -> list[Visible]:
    """The syntheses in use among documents that the requester may see, the newest first."""
    return [one for one in in_use(documents) if one.found.type_code in SYNTHESES]


def make_draft(scope: Scope) -> Drafted:
    """A draft from all that the requester may read."""
    documents = in_use(seen_documents(scope, Function.CONSULT))
    told = extracts_of(scope, ExtractKind.STATED, documents)
    medicines, missing = medication_among(scope, documents)
    stated = {one.document.found.unique_id: parts_in(one.content) for one in told.found if one.content}
    recent = _recent(scope, documents)
    for one in medicines:
        name = one.document.found.unique_id
        stated[name] = (*stated.get(name, ()), *_medicines(one.said.lines, prescribed=name in recent))
    saying = [one for one in documents if stated.get(one.found.unique_id)]
    former = own_synthesis(scope, documents)
    hidden = hidden_now(scope, saying, former)
    sources = {one.unique_id: source_of(one, hidden[one.unique_id]) for one in in_words(scope, saying)}
    lines, parts = merged([_statements(one, sources, stated, former if former in saying else None) for one in saying])
    unread = sum(not one.content for one in told.found if one.document.found.unique_id not in stated)
    names = dict.fromkeys((*told.missing.unique_ids, *missing.unique_ids))
    draft = SynthesisDraft(
        name=uuid.uuid4().hex,
        began_at=scope.now,
        lines=lines,
        parts=parts,
        former=former.found.unique_id if former is not None else "",
        read=len(saying),
        unread=unread,
        waiting=len(names),
    )
    return Drafted(draft, Missing(scope.patient_key, tuple(names)))


def source_of(document: SpaceDocument, hidden: str) -> LineSource:
    """A document as the source of a line."""
    return LineSource(document.unique_id, document.title, document.time, document.author or document.structure, hidden)


def own_synthesis(scope: Scope, documents: Sequence[Visible]) -> Visible | None:
    """The newest synthesis in use that this doctor wrote, by whatever software, and may replace: another's stays beside the new one.

    What they left out of it stays out of the next; what another doctor left out says nothing.
    """
    engine, requester, record = scope.platform.engine, scope.requester, scope.record
    for one in syntheses_among(documents):
        may = engine.decide_document(requester, record, one.facts, Function.REPLACE, scope.now).allowed
        if may and engine.own(requester, one.facts):
            return one
    return None


def hidden_now(scope: Scope, documents: Sequence[Visible], former: Visible | None) -> dict[str, str]:
    """By uniqueId, the mask of each document that a synthesis beside it would not have, '' for none.

    Where everything is masked by default the synthesis is too; a mask to professionals stays on what replaces `former`, no other does (0008).
    """
    by_default = scope.record.masks_everything

    def hiding(one: Visible) -> str:
        stays = by_default or one is former
        masks = one.found.masks.split()
        return next((mask for mask in _HIDING if mask in masks and not (mask == MASQUE_PS and stays)), "")

    return {one.found.unique_id: hiding(one) for one in documents}


def _statements(
    one: Visible, sources: dict[str, LineSource], stated: dict[str, tuple[Stated, ...]], former: Visible | None
) -> Statements:
    name = one.found.unique_id
    is_former = former is not None and name == former.found.unique_id
    older = former is not None and not is_former and one.found.registered_at < former.found.registered_at
    return Statements(sources[name], fitted(stated[name]), former=is_former, before_former=older)


def _recent(scope: Scope, documents: Sequence[Visible]) -> frozenset[str]:
    since = (to_datetime(scope.now) - dt.timedelta(days=PRESCRIBED_SINCE)).strftime("%Y%m%d")
    return frozenset(one.found.unique_id for one in documents if one.time[:8] >= since)


def _medicines(lines: Sequence[MedicineLine], *, prescribed: bool) -> list[Stated]:
    """What prescriptions and vaccination notes say beside sections of a synthesis: medicines prescribed lately, injections."""
    found: dict[Part, list[SynthesisLine]] = {}
    for line in lines:
        part = _MEDICINES.get(line.kind)
        if part is not None and not line.refused and (prescribed or line.kind is not LineKind.PRESCRIBED):
            found.setdefault(part, []).append(medicine_line(line))
    return [Stated(part, Told.LINES, tuple(some)) for part, some in found.items()]


# --- kept between two pages ------------------------------------------------------------------------------------------


def maker_of(scope: Scope) -> bytes:
    """Whose draft it is, as a row names them."""
    return scope.platform.keyring.blind_index(f"synthesis|{scope.requester.identifier}".encode())


def is_writing(scope: Scope) -> bool:
    """Whether this doctor is writing one for this patient."""
    return _find(scope) is not None


def kept_draft(scope: Scope) -> Drafted | None:
    """What this doctor is writing for this patient, None for nothing: as it stands with the masks that its documents have now, which is kept.

    Raises IntegrityFailure.
    """
    kept = _find(scope)
    if kept is None:
        return None
    try:
        draft = msgspec.json.decode(scope.key.open(kept.sealed_content, _CONTEXT), type=SynthesisDraft)
    except msgspec.DecodeError as error:
        raise IntegrityFailure("A synthesis in writing cannot be read.") from error
    documents = seen_documents(scope, Function.CONSULT, _READABLE)
    now = draft.as_hidden_now(hidden_now(scope, documents, own_synthesis(scope, documents)))
    if now != draft:
        keep_draft(scope, now)
    return Drafted(now, Missing(), sum(_came_since(draft, one) for one in in_use(documents)))


def _came_since(draft: SynthesisDraft, one: Visible) -> bool:
    return one.found.registered_at > draft.began_at and has_medication(one.found.type_code)


def own_draft(scope: Scope) -> SynthesisDraft:
    """The same draft alone. Raises UnknownDocument where there is none."""
    found = kept_draft(scope)
    if found is None:
        raise UnknownDocument("No synthesis is being written.")
    return found.draft


def _find(scope: Scope) -> WrittenDraft | None:
    return synthesis_drafts.find_synthesis_draft(scope.connection, scope.patient_key, maker_of(scope), now=scope.now)


def keep_draft(scope: Scope, draft: SynthesisDraft) -> None:
    """Keeps it for `synthesis_draft_days` from now."""
    ends = scope.now + scope.platform.settings.synthesis_draft_days * DAY
    sealed = scope.key.seal(msgspec.json.encode(draft), _CONTEXT)
    kept = WrittenDraft(draft.began_at, ends, sealed)
    synthesis_drafts.write_synthesis_draft(scope.connection, scope.patient_key, maker_of(scope), kept)


def drop_draft(scope: Scope) -> None:
    """Drops it; nothing happens where there is none."""
    synthesis_drafts.drop_synthesis_draft(scope.connection, scope.patient_key, maker_of(scope))
