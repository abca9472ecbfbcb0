"""What an operator does about the reports of patients: the queues, one report, its answer, its end. All of it is traced.

A structure's queue is read for it here until it has a door of its own: what a report says is sealed under the patient's key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from carnet.errors import CarnetError, InvalidMetadata, RecordClosed, Refused, UnknownDocument, UnknownPatient
from carnet.exchange.notices import owe
from carnet.exchange.reports import (
    ANSWERED,
    WAITING,
    Progress,
    Report,
    Told,
    close_report,
    find_report,
    mark_seen,
    waiting_reports,
    write_answer,
)
from carnet.identity.patients import Patient
from carnet.platform import Connection, PatientKey, Platform
from carnet.record.operator_desk import OperatorDesk
from carnet.record.operator_line import given

T = TypeVar("T")
UNKNOWN = "No such report is known."
GONE = "The person of this report was destroyed: nobody can read it any more."
LETTERS = 10
"""Of an answer, at least."""


@dataclass(frozen=True, slots=True)
class OpenedReport:
    """A report with what is sealed of it."""

    report: Report
    told: Told
    answer: str


@dataclass(frozen=True, slots=True)
class ReportOffice(OperatorDesk):
    """One operator at the command line. What is not known by its id raises UnknownDocument; a destroyed person's, RecordClosed."""

    def now(self) -> int:
        """The moment against which the month stands."""
        return self.gate.platform.clock()

    def waiting(self, structure: str | None = None) -> list[Report]:
        """The reports that wait for an answer, the oldest first: of every queue, or of one (Struct_IdNat, '' the operator's)."""
        found = self.of_nobody("report-list", waiting_reports)
        return [one for one in found if structure is None or one.structure == structure]

    def show(self, report_id: str) -> OpenedReport:
        """One report, opened; it counts as seen from then on. Reading it is a line of the patient's trace."""

        def work(connection: Connection, report: Report, key: PatientKey) -> OpenedReport:
            mark_seen(connection, report, now=self.now())
            return OpenedReport(report, report.told(key), report.answer(key))

        return self._on(report_id, "report-show", work)

    def answer(self, report_id: str, sentence: str) -> Report:
        """Answers a report, which tells the patient. Raises InvalidMetadata without a sentence, Refused for one that waits no more."""

        def work(connection: Connection, report: Report, key: PatientKey) -> Report:
            if report.state not in WAITING:
                raise Refused("This report waits for no answer.", rules=("state",))
            if sum(map(str.isalpha, sentence)) < LETTERS:
                raise InvalidMetadata("An answer is a sentence.")
            now = self.now()
            write_answer(connection, report, sentence.strip(), key=key, by=self.operator, now=now)
            owe(connection, report.patient_key, kind=ANSWERED, recipient="patient", cause=report_id, now=now)
            return report

        return self._on(report_id, "report-answer", work)

    def close(self, report_id: str) -> Report:
        """Ends a report. Raises Refused for one that was closed, or was not answered."""

        def work(connection: Connection, report: Report, _key: PatientKey) -> Report:
            if report.state is not Progress.ANSWERED:
                raise Refused("Only a report that was answered is closed: answer it first.", rules=("state",))
            close_report(connection, report, now=self.now())
            return report

        return self._on(report_id, "report-close", work)

    def _on(self, report_id: str, action: str, work: Callable[[Connection, Report, PatientKey], T]) -> T:
        """Does one thing to a report and traces it in the patient's chain; in nobody's when it is unknown or its patient can be told nothing more."""
        platform = self.gate.platform

        def run(connection: Connection) -> T | CarnetError:
            report = find_report(connection, report_id)
            patient: Patient | None = None
            answer: T | CarnetError
            try:
                if report is None:
                    raise UnknownDocument(UNKNOWN)
                key = _key_of(platform, report)
                patient = Patient(report.patient_key, report.pseudonym)
                answer = work(connection, report, key)
            except CarnetError as error:
                answer = error
            self.line(connection, action, patient=patient, answer=answer, objects=(report_id,))
            return answer

        answer = self.gate.administer(run)
        given(answer)
        assert not isinstance(answer, CarnetError)
        return answer


def _key_of(platform: Platform, report: Report) -> PatientKey:
    try:
        return platform.keyring.patient_key(report.pseudonym)
    except UnknownPatient:
        raise RecordClosed(GONE) from None
