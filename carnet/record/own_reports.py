"""What the patient's side reports as wrong in its space: a document in error, an access that it does not recognise; and what became of it.

A report is told to whoever made it, and to the holder; what it is about is named only as long as the person may see that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from carnet.audit.sentences import Filter, Language, sentence
from carnet.audit.trail import opened, outlines
from carnet.authorization.patient_side import Actor, PatientRight, decide
from carnet.clock import DAY
from carnet.errors import InvalidMetadata, Refused, UnknownDocument
from carnet.exchange.reports import (
    OPERATOR,
    REASONS,
    Progress,
    Reason,
    Report,
    ReportKind,
    Told,
    close_report,
    made_since,
    reports_of,
    write_report,
)
from carnet.metadata import PatientIdentifier
from carnet.record.own_documents import party_name
from carnet.record.own_trail import visible_lines
from carnet.record.patient_documents import current_entries_of, facts_of_own, own_document
from carnet.record.patient_room import PatientDesk, PatientRoom
from carnet.registry.queries import entry as whole_entry

LONGEST = 2_000
"""Characters of the words of a report."""
A_DAY = 20
"""Reports about one record within a day."""
MISSING = "No such line in this record."


@dataclass(frozen=True, slots=True)
class ShownReport:
    """A report as its space shows it. `document` is '' for an access, and where the document cannot be seen by this person any more.

    `about` says what it is about, '' where that is not for this person; `queue` who answers, '' the service. Moments in microseconds UTC.
    """

    report_id: str
    kind: ReportKind
    state: Progress
    reason: str
    words: str
    about: str
    document: str
    queue: str
    mine: bool
    made_at: int
    seen_at: int | None
    answered_at: int | None
    closed_at: int | None
    answer: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """What the person says is wrong: one of REASONS, and their own words, which may be ''."""

    reason: str
    words: str

    def checked(self, kind: ReportKind) -> Wrong:
        """The same without blanks around. Raises InvalidMetadata: no reason, `other` without words, or too many words."""
        words = self.words.strip()
        if self.reason not in {one.value for one in REASONS[kind]}:
            raise InvalidMetadata("A report says what is wrong.", subject="reason")
        if self.reason == Reason.OTHER.value and not words:
            raise InvalidMetadata("A report of another kind says it in words.", subject="words")
        if len(words) > LONGEST:
            raise InvalidMetadata(f"A report has at most {LONGEST} characters.", subject="words")
        return Wrong(self.reason, words)


def reasons_of(kind: ReportKind) -> tuple[str, ...]:
    """The reasons that are offered for a kind of report."""
    return tuple(one.value for one in REASONS[kind])


@dataclass(frozen=True, slots=True)
class OwnReports(PatientDesk):
    """The acts. What the person may not see is as unknown as what never was: UnknownDocument."""

    def report_document(self, patient: PatientIdentifier, unique_id: str, wrong: Wrong) -> str:
        """Reports an error in a document to its author's structure; returns the report's id. Raises InvalidMetadata, Refused for one's own."""
        said = wrong.checked(ReportKind.DOCUMENT)
        work = partial(_report_document, unique_id=unique_id, said=said)
        return self.perform(patient, "report-document", None, work, objects=(unique_id,))

    def line_in_words(self, patient: PatientIdentifier, language: Language, chosen: Callable[[int], bool]) -> str:
        """The line of the trail that `chosen` recognises by its ticket, in words: what the form shows before it is sent."""

        def work(room: PatientRoom) -> str:
            return _chosen_one(room, language, chosen).about

        return self.perform(patient, "read-trail", PatientRight.TRAIL, work)

    def report_access(self, patient: PatientIdentifier, chosen: Callable[[int], bool], wrong: Wrong) -> str:
        """Reports a line of the trail to the operator; returns the report's id. Raises InvalidMetadata."""
        said = wrong.checked(ReportKind.ACCESS)
        work = partial(_report_access, chosen=chosen, said=said)
        return self.perform(patient, "report-access", PatientRight.TRAIL, work)

    def reports(self, patient: PatientIdentifier) -> tuple[ShownReport, ...]:
        """The reports about the record that the person may see, the newest first."""
        return self.perform(patient, "list-reports", PatientRight.TRAIL, _listed)

    def close(self, patient: PatientIdentifier, report_id: str) -> bool:
        """Says that nothing more is expected of a report that the person may see; False when it was closed."""
        work = partial(_close, report_id=report_id)
        return self.perform(patient, "close-report", PatientRight.TRAIL, work, objects=(report_id,))


# --- making a report ------------------------------------------------------------------------------------------------


def _report_document(room: PatientRoom, *, unique_id: str, said: Wrong) -> str:
    found = own_document(room, PatientRight.SEE, unique_id)
    if facts_of_own(room, found).patient_authored:
        raise Refused("What the patient's side added it corrects itself.", rules=("added-by-the-patient-side",))
    entry = whole_entry(room.connection, room.holder, found.uuid)
    structure = next(iter(found.author_institutions.split()), found.depositor_organization)
    told = Told(said.reason, said.words, entry.title)
    return _write(room, ReportKind.DOCUMENT, told, structure=structure, document=unique_id)


def _report_access(room: PatientRoom, *, chosen: Callable[[int], bool], said: Wrong) -> str:
    line = _chosen_one(room, "fr", chosen)
    told = Told(said.reason, said.words, line.about, line.requester, line.structure, line.at, line.ticket)
    return _write(room, ReportKind.ACCESS, told, structure=OPERATOR, document="")


def _write(room: PatientRoom, kind: ReportKind, told: Told, *, structure: str, document: str) -> str:
    if made_since(room.connection, room.patient_key, room.now - DAY) >= A_DAY:
        raise Refused(f"At most {A_DAY} reports a day are taken about a record.", rules=("reports-a-day",))
    report_id = write_report(
        room.connection,
        room.patient_key,
        kind,
        told,
        key=room.key,
        reporter_key=room.acting.patient_key,
        structure=structure,
        document=document,
        now=room.now,
    )
    room.touched.append(report_id)
    return report_id


def _chosen_one(room: PatientRoom, language: Language, chosen: Callable[[int], bool]) -> Told:
    found = [
        opened(line, room.key) for line, _clear in outlines(room.connection, room.patient_key) if chosen(line.ticket)
    ]
    lines, reader = visible_lines(room, language, Filter(), found)
    for line in lines:
        if not line["problem"]:
            about = sentence(line, reader)
            who, where = line["requester_id"], line["organization_id"]
            return Told("", "", about, requester=who, structure=where, at=line["at"], ticket=line["ticket"])
    raise UnknownDocument(MISSING)


# --- what became of it ----------------------------------------------------------------------------------------------


def _listed(room: PatientRoom) -> tuple[ShownReport, ...]:
    return tuple(_shown(room, one) for one in _of_person(room))


def _of_person(room: PatientRoom) -> list[Report]:
    """Their own; to the holder also what those who act for them reported, unless it is about a document that is hidden from the holder."""
    found = reports_of(room.connection, room.patient_key)
    return [one for one in found if _is_mine(room, one) or (room.facts.actor is Actor.HOLDER and _is_named(room, one))]


def _is_mine(room: PatientRoom, report: Report) -> bool:
    return report.reporter_key == room.acting.patient_key


def _is_named(room: PatientRoom, report: Report) -> bool:
    """Whether the person may be told what it is about: the document is there for them now, or it is about an access."""
    if report.kind is ReportKind.ACCESS:
        return True
    found = (facts_of_own(room, one) for one in current_entries_of(room, report.document))
    return any(decide(room.facts, PatientRight.SEE, facts).allowed for facts in found)


def _shown(room: PatientRoom, report: Report) -> ShownReport:
    told, named = report.told(room.key), _is_named(room, report)
    room.touched.append(report.report_id)
    return ShownReport(
        report_id=report.report_id,
        kind=report.kind,
        state=report.state,
        reason=told.reason,
        words=told.words,
        about=told.about if named else "",
        document=report.document if named else "",
        queue=party_name(room, report.structure) if report.structure and named else "",
        mine=_is_mine(room, report),
        made_at=report.made_at,
        seen_at=report.seen_at,
        answered_at=report.answered_at,
        closed_at=report.closed_at,
        answer=report.answer(room.key) if named else "",
    )


def _close(room: PatientRoom, *, report_id: str) -> bool:
    report = next((one for one in _of_person(room) if one.report_id == report_id), None)
    if report is None:
        raise UnknownDocument("No such report in this record.", subject=report_id)
    if report.state is Progress.CLOSED:
        return False
    close_report(room.connection, report, now=room.now)
    return True


__all__ = ["LONGEST", "OwnReports", "ReportKind", "ShownReport", "Wrong", "reasons_of"]
