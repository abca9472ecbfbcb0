"""The summary that opens a record for a professional: what the documents that they may read state, each line with its source.

Every list of problems, allergies, medicines and vaccinations is read, whatever its age: an allergy does not fade. Of laboratory reports the
newest are decoded until no older one could change a line (`pro_last_results`). It is computed anew each time out of what was read of each document once (`document_extract`), in the order:
decision, then rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from carnet.authorization.facts import Function
from carnet.clock import to_datetime
from carnet.consent.care_links import medecin_traitant
from carnet.consent.professional_looks import look
from carnet.record.act import Act
from carnet.record.document_extracts import Extracts, Missing, extracts_of
from carnet.record.document_families import Family
from carnet.record.extractors import ExtractKind
from carnet.record.own_documents import Visible
from carnet.record.own_medicines import ReadMedication
from carnet.record.pro_last_results import LastResult, last_results
from carnet.record.pro_lines import Telling, is_new, telling
from carnet.record.pro_statements import StatedLists, stated_lists
from carnet.record.pro_treatments import Treatments, Vaccinations, treatments, vaccinations
from carnet.record.scope import Scope
from carnet.record.seen_documents import seen_documents
from carnet.record.structured_extracts import LABORATORY_TYPES, SYNTHESIS_TYPES, medication_in
from carnet.record.synthesis_reminder import is_overdue

LETTERS = 6
ARRIVALS = 5
_LETTERS = frozenset({Family.REPORT, Family.IMAGING})


@dataclass(frozen=True, slots=True)
class Synthesis:
    """The synthesis of a record that a person wrote (VSM, IPS-FR): `days` old; `by_attending`: the declared médecin traitant is an author."""

    unique_id: str
    by_attending: bool
    days: int | None


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What came since this professional last looked, their own deposits apart; `since` is None at the first look. The newest stand here."""

    since: int | None
    count: int
    newest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """`documents`: how many there are that this professional may read; `silent`: those of them that hold nothing that could be taken up.

    `missing` are those not read yet. `overdue`: this professional, the declared médecin traitant, should write the yearly synthesis now.
    `tellings` are the documents that stand beside lines, by uniqueId.
    """

    documents: int
    silent: int
    missing: Missing
    synthesis: Synthesis | None
    overdue: bool
    arrivals: Arrivals
    lists: StatedLists
    treatments: Treatments
    vaccinations: Vaccinations
    results: tuple[LastResult, ...]
    letters: tuple[str, ...]
    letter_count: int
    tellings: dict[str, Telling]


def summary() -> Act[Summary]:
    """The act of opening a record's summary."""
    return Act("pro/summary", _summary, Function.CONSULT)


def _summary(scope: Scope) -> Summary:
    shown = seen_documents(scope, Function.CONSULT)
    since = look(
        scope.connection,
        scope.platform.keyring,
        scope.key,
        scope.patient_key,
        scope.requester.identifier,
        now=scope.now,
    )
    synthesis = _synthesis(scope, shown)
    named = synthesis.unique_id if synthesis else ""
    stated = extracts_of(scope, ExtractKind.STATED, shown)
    taken = extracts_of(scope, ExtractKind.MEDICATION, shown)
    reported = extracts_of(scope, ExtractKind.REPORT, [one for one in shown if one.found.type_code in LABORATORY_TYPES])
    lists = stated_lists(stated, named)
    read = [ReadMedication(one.document, medication_in(one.content)) for one in taken.found if one.content]
    medicines, jabs = treatments(read, named, now=scope.now), vaccinations(read, named)
    results, reports = last_results(reported.found)
    letters = [one for one in shown if _is_letter(one)]
    arrivals = [one for one in shown if is_new(one, since) and not _own(scope, one)]
    parts = (lists.allergies, lists.active, lists.past, medicines, jabs)
    beside = [document for part in parts for document in part.documents()]
    beside += [*reports, *letters[:LETTERS], *arrivals[:ARRIVALS]]
    beside += [one for one in shown if one.found.unique_id == named]
    missing = _missing(scope, (stated, taken, reported))
    return Summary(
        documents=len(shown),
        silent=_silent(shown, (stated, taken, reported), missing),
        missing=missing,
        synthesis=synthesis,
        overdue=scope.record.medecin_traitant and is_overdue(scope),
        arrivals=Arrivals(since, len(arrivals), tuple(one.found.unique_id for one in arrivals[:ARRIVALS])),
        lists=lists,
        treatments=medicines,
        vaccinations=jabs,
        results=results,
        letters=tuple(one.found.unique_id for one in letters[:LETTERS]),
        letter_count=len(letters),
        tellings=telling(scope, beside, since=since),
    )


def _synthesis(scope: Scope, shown: Sequence[Visible]) -> Synthesis | None:
    """The newest of the attending doctor, else the newest of anybody; the page says which."""
    every = [one for one in shown if one.found.type_code in SYNTHESIS_TYPES]
    attending = medecin_traitant(scope.connection, scope.patient_key, now=scope.now)
    theirs = [one for one in every if attending and attending in one.facts.author_persons]
    found = next(iter(theirs or every), None)
    if found is None:
        return None
    return Synthesis(found.found.unique_id, bool(theirs), _age(found.time, scope.now))


def _age(time: str, now: int) -> int | None:
    """Whole days since a DTM, None for one that is no date."""
    try:
        written = dt.datetime.strptime(time[:8], "%Y%m%d").replace(tzinfo=dt.UTC)
    except ValueError:
        return None
    return max(0, (to_datetime(now) - written).days)


def _is_letter(one: Visible) -> bool:
    return one.family in _LETTERS and one.found.type_code not in SYNTHESIS_TYPES | LABORATORY_TYPES


def _own(scope: Scope, one: Visible) -> bool:
    return one.found.depositor == scope.requester.identifier


def _missing(scope: Scope, extracts: Sequence[Extracts]) -> Missing:
    names = dict.fromkeys(name for one in extracts for name in one.missing.unique_ids)
    return Missing(scope.patient_key, tuple(names))


def _silent(shown: Sequence[Visible], extracts: Sequence[Extracts], missing: Missing) -> int:
    telling_something = {one.document.found.unique_id for some in extracts for one in some.found if one.content}
    return len(shown) - len(telling_something | set(missing.unique_ids))
