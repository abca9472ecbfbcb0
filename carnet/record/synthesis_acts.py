"""The synthesis of a record on the professional's pages: what stands, the draft of the médecin traitant, every change of it. Decided and traced."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import msgspec

from carnet.authorization.facts import Function
from carnet.authorization.functional_rights import feeding_function
from carnet.cda.synthesis_model import Part, SynthesisLine, Told
from carnet.cda.synthesis_templates import ABSENCES
from carnet.errors import LocalPolicy, UnknownDocument
from carnet.record.act import Act
from carnet.record.own_documents import SpaceDocument, in_words
from carnet.record.portal_deposit import may_seal
from carnet.record.scope import Scope
from carnet.record.seen_documents import seen_documents
from carnet.record.synthesis_draft import (
    Drafted,
    drop_draft,
    is_writing,
    keep_draft,
    kept_draft,
    make_draft,
    may_write,
    own_draft,
    require_writer,
    syntheses_among,
)
from carnet.record.synthesis_lines import DraftLine, SynthesisDraft
from carnet.record.synthesis_reminder import is_overdue
from carnet.requester import Requester

MOST_LINES = 400
"""Lines of one synthesis: what nobody reads is no summary."""
DRAFT = "pro/draft-synthesis"
_MOVES = {Part.PROBLEMS: Part.HISTORY, Part.HISTORY: Part.PROBLEMS}


class TooManyLines(LocalPolicy):
    """A synthesis has as many lines as it may."""


class ChangedLine(LocalPolicy):
    """A line says something else than when it was shown to be corrected."""


@dataclass(frozen=True, slots=True)
class StandingSynthesis:
    """What stands: the syntheses in use that the requester may read, the newest first; whether they may write the next, and whether it is due.

    `writing`: they have one in writing. `sealed`: the portal has a seal to deposit it with.
    """

    syntheses: tuple[SpaceDocument, ...]
    may_write: bool
    writing: bool
    overdue: bool
    sealed: bool


def standing() -> Act[StandingSynthesis]:
    """The act of looking at what stands."""
    return Act("pro/see-synthesis", _standing, Function.CONSULT)


def drafting(requester: Requester, *, final: bool) -> Act[Drafted]:
    """What this doctor is writing, drafted where there is nothing yet; what is drafted is kept once nothing is missing, or when `final`."""
    return Act(DRAFT, partial(_drafting, final=final), feeding_function(requester))


def changing(
    requester: Requester, name: str, change: Callable[[SynthesisDraft], SynthesisDraft]
) -> Act[SynthesisDraft]:
    """One change of it. `name` is that of the draft that the page showed: UnknownDocument where another stands there. Raises TooManyLines."""
    return Act(DRAFT, partial(_changing, name=name, change=change), feeding_function(requester))


def giving_up(requester: Requester) -> Act[None]:
    """Drops what this doctor is writing, so that the next page drafts it anew."""
    return Act(DRAFT, _giving_up, feeding_function(requester))


# --- changes, pure ---------------------------------------------------------------------------------------------------


def keeping(line_id: str, *, kept: bool) -> Callable[[SynthesisDraft], SynthesisDraft]:
    """Keeps a line, or leaves it out."""
    return lambda draft: draft.with_line(msgspec.structs.replace(_line(draft, line_id), kept=kept))


def correcting(line_id: str, corrected: SynthesisLine, shown: str) -> Callable[[SynthesisDraft], SynthesisDraft]:
    """Puts the doctor's words in the place of a line's; other words for what it is about lose the code, which may not fit them any more.

    `shown` is the mark of the line that the words correct: a second page that is older takes nothing back unseen, and raises ChangedLine.
    """

    def change(draft: SynthesisDraft) -> SynthesisDraft:
        known = _line(draft, line_id)
        if known.mark != shown:
            raise ChangedLine("The line was changed since it was shown.")
        line = corrected if corrected.label == known.line.label else replace(corrected, code=type(corrected.code)(""))
        changed = line != known.line
        return draft.with_line(
            msgspec.structs.replace(known, line=line, kept=True, corrected=known.corrected or changed)
        )

    return change


def moving(line_id: str, to: Part) -> Callable[[SynthesisDraft], SynthesisDraft]:
    """Makes history of a problem, or a problem of history; what is there already, or of another part, stays where it is."""

    def change(draft: SynthesisDraft) -> SynthesisDraft:
        known = _line(draft, line_id)
        if _MOVES.get(known.part) is not to:
            return draft
        return draft.with_line(msgspec.structs.replace(known, part=to, kept=True))

    return change


def adding(part: Part, line: SynthesisLine) -> Callable[[SynthesisDraft], SynthesisDraft]:
    """Adds a line of the doctor's own; one that says the same already is kept instead, so that a form sent twice adds once."""

    def change(draft: SynthesisDraft) -> SynthesisDraft:
        same = next((one for one in draft.lines if (one.part, one.line) == (part, line)), None)
        added = same if same is not None else DraftLine(secrets.token_hex(8), part, line, corrected=True)
        return draft.with_line(msgspec.structs.replace(added, kept=True))

    return change


def saying(part: Part, told: Told) -> Callable[[SynthesisDraft], SynthesisDraft]:
    """Says of a part without lines that there is nothing as far as is known, or nothing at all."""

    def change(draft: SynthesisDraft) -> SynthesisDraft:
        if draft.kept_in(part) or told is Told.LINES or (told is Told.NONE_KNOWN and part not in ABSENCES):
            return draft
        return draft.with_part(msgspec.structs.replace(draft.about(part), told=told))

    return change


def _line(draft: SynthesisDraft, line_id: str) -> DraftLine:
    found = next((one for one in draft.lines if one.line_id == line_id), None)
    if found is None:
        raise UnknownDocument("No such line in this synthesis.")
    return found


# --- inside the gate -------------------------------------------------------------------------------------------------


def _standing(scope: Scope) -> StandingSynthesis:
    found = in_words(scope, syntheses_among(seen_documents(scope, Function.CONSULT)))
    writes = may_write(scope)
    return StandingSynthesis(
        syntheses=found,
        may_write=writes,
        writing=writes and is_writing(scope),
        overdue=writes and is_overdue(scope),
        sealed=may_seal(scope.platform),
    )


def _drafting(scope: Scope, *, final: bool) -> Drafted:
    require_writer(scope)
    kept = kept_draft(scope)
    if kept is not None:
        scope.touched.extend(kept.draft.documents())
        return kept
    made = make_draft(scope)
    if final or not made.missing.unique_ids:
        keep_draft(scope, made.draft)
    return made


def _changing(scope: Scope, *, name: str, change: Callable[[SynthesisDraft], SynthesisDraft]) -> SynthesisDraft:
    require_writer(scope)
    draft = own_draft(scope)
    if draft.name != name:
        raise UnknownDocument("This synthesis was drafted anew.")
    changed = change(draft)
    if len(changed.lines) > max(MOST_LINES, len(draft.lines)):
        raise TooManyLines(f"A synthesis has at most {MOST_LINES} lines.")
    keep_draft(scope, changed)
    scope.detail = "changed"
    return changed


def _giving_up(scope: Scope) -> None:
    require_writer(scope)
    drop_draft(scope)
    scope.detail = "dropped"
