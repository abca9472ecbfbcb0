"""What a professional says of a deposit, what of it waits, and what is told around it: plain values between the acts and the pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import msgspec

from carnet.identity.patients import Traits
from carnet.record.deposit_duties import Expected
from carnet.record.draft_keeping import unique_id_of
from carnet.record.retrieval import Located

Form = Literal["file", "cda"]


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
    """One deposit in preparation. `preview` is a WebP picture, or the beginning of a text in UTF-8; b'' for a CDA. `size` in bytes.

    `hidden_since`: from when the delay of its announcement runs (microseconds UTC) where it replaces a document that its patient does not see yet.
    """

    draft_id: str
    began_at: int
    expires_at: int
    size: int
    said: Said
    preview: bytes = field(repr=False)
    hidden_since: int = 0

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
class Done:
    """A document that was deposited, for an act of which day (yyyymmdd), and what the law asks for beside it.

    `told_at` and `shown_at` as those of `OwnDeposit`: when its patient is told of it and sees it, 0 where it is not hidden from them.
    """

    unique_id: str
    title: str
    told_at: int
    shown_at: int
    day: str
    expected: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class ToReplace:
    """One's own document that may be replaced: its title, type and first masks, and where its bytes are."""

    located: Located
    entry_uuid: str
    title: str
    type: str
    masks: frozenset[str]
