"""What an operator or a privacy officer does about emergency accesses: the queue, the review, the alarms, the figures. All of it is traced."""

from __future__ import annotations

from dataclasses import dataclass

from carnet.consent.acting_links import BY_DESTRUCTION
from carnet.errors import CarnetError, InvalidMetadata, RecordClosed, Refused, UnknownDocument, UnknownPatient
from carnet.exchange.alarms import Alarm, find_alarm, settle, sounding
from carnet.exchange.emergency_figures import Figures, figures
from carnet.exchange.emergency_reviews import (
    Finding,
    Review,
    Verdict,
    add_finding,
    awaiting_review,
    find_review,
    findings_of,
    lapse_all,
    waiting_and_overdue,
)
from carnet.exchange.notice_states import DELIVERED, STEPS
from carnet.exchange.notices import notice_counts, owe
from carnet.identity.directory import organization
from carnet.identity.patients import Patient
from carnet.platform import Connection
from carnet.record.gate import Gate
from carnet.record.operator_desk import OperatorDesk
from carnet.record.operator_line import given

SENTENCE_LETTERS = 10
UNKNOWN = "No such emergency access is in the queue."
LAPSED = "The person of this emergency access was destroyed: its reason can be read by nobody, and its review has ended without a verdict."


@dataclass(frozen=True, slots=True)
class OpenedReview:
    """A review with what is sealed of it: the reason stated, and what reviewers found so far."""

    review: Review
    reason: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class NamedFigures:
    """The figures of a structure, with its name in the directory ('' when it has none)."""

    name: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class EmergencyControl(OperatorDesk):
    """One operator at the command line (`operator:<login>`). What is not known by its id raises UnknownDocument."""

    def now(self) -> int:
        """The moment against which deadlines stand."""
        return self.gate.platform.clock()

    def waiting(self) -> list[Review]:
        """The queue, the most urgent first."""
        return self.of_nobody("emergency-list", awaiting_review)

    def show(self, review_id: str) -> OpenedReview:
        """One access with its reason, opened. Reading it is a line of the patient's trace.

        Raises RecordClosed for a person who was destroyed: nobody can read it any more, and the review has lapsed.
        """

        def work(connection: Connection) -> OpenedReview | CarnetError:
            review = find_review(connection, review_id)
            answer = self._unreadable(connection, review) or self._opened(connection, _not_none(review))
            self._note(connection, "emergency-show", review, review_id, answer=answer)
            return answer

        answer = self.gate.administer(work)
        given(answer)
        assert isinstance(answer, OpenedReview)
        return answer

    def review(self, review_id: str, verdict: Verdict, sentence: str) -> Review:
        """Adds what the operator found. An unjustified access is told to the patient.

        Raises Refused when the operator is who broke the glass, or a final verdict was given; InvalidMetadata without a sentence;
        RecordClosed for a person who was destroyed.
        """

        def work(connection: Connection) -> Review | CarnetError:
            review = find_review(connection, review_id)
            answer = self._unreadable(connection, review) or self._objection(_not_none(review), sentence) or review
            if isinstance(answer, Review):
                self._find(connection, answer, verdict, sentence)
            self._note(connection, "emergency-review", review, review_id, answer=answer, detail=verdict.value)
            assert answer is not None
            return answer

        answer = self.gate.administer(work)
        given(answer)
        assert isinstance(answer, Review)
        return answer

    def alarms(self) -> list[Alarm]:
        """The alarms that stand."""
        return self.of_nobody("alarm-list", sounding)

    def settle(self, alarm_id: str, note: str) -> Alarm:
        """Ends an alarm, with a note for the trace. Raises Refused when it is about the operator, InvalidMetadata without a note."""

        def work(connection: Connection) -> Alarm | CarnetError:
            found = find_alarm(connection, alarm_id)
            answer: Alarm | CarnetError = found or UnknownDocument("No such alarm stands.")
            if found is not None and self._is_me(found.subject):
                answer = Refused("Nobody settles an alarm about themselves.", rules=("own-access",))
            elif found is not None and not _says_something(note):
                answer = InvalidMetadata("Settling an alarm needs a note in a sentence.")
            if isinstance(answer, Alarm):
                settle(connection, alarm_id, by=self.operator, now=self.now())
            self.line(connection, "alarm-settle", answer=answer, reason=note, objects=(alarm_id,))
            return answer

        answer = self.gate.administer(work)
        given(answer)
        assert isinstance(answer, Alarm)
        return answer

    def figures(self, begin: int, end: int) -> list[NamedFigures]:
        """By structure, for [begin, end) in microseconds UTC, whole days."""

        def work(connection: Connection) -> list[NamedFigures]:
            found = figures(connection, begin=begin, end=end, now=self.now())
            return [NamedFigures(_name(connection, one.organization), one) for one in found]

        return self.of_nobody("emergency-figures", work)

    def _opened(self, connection: Connection, review: Review) -> OpenedReview:
        key = self.gate.platform.keyring.patient_key(review.pseudonym)
        return OpenedReview(review, review.reason(key), tuple(findings_of(connection, review, key=key)))

    def _find(self, connection: Connection, review: Review, verdict: Verdict, sentence: str) -> None:
        key, now = self.gate.platform.keyring.patient_key(review.pseudonym), self.now()
        add_finding(connection, review, verdict, sentence.strip(), key=key, reviewer=self.operator, now=now)
        if verdict is Verdict.UNJUSTIFIED:
            owe(
                connection,
                review.patient_key,
                kind="emergency-access-unjustified",
                recipient="patient",
                cause=review.review_id,
                now=now,
                secret=bool(review.secret),
            )

    def _objection(self, review: Review, sentence: str) -> CarnetError | None:
        if self._is_me(review.requester):
            return Refused("Nobody reviews their own emergency access.", rules=("own-access",))
        if review.reviewed_at is not None:
            return Refused("This emergency access was reviewed already.", rules=("reviewed",))
        if not _says_something(sentence):
            return InvalidMetadata("A review needs a sentence that says why.")
        return None

    def _is_me(self, requester: str) -> bool:
        """Whether the operator is who broke the glass: by the setting operator_identities, or by the same login in a structure."""
        login = self.operator.removeprefix("operator:")
        pairs = (pair.partition("=") for pair in self.gate.platform.settings.operator_identities)
        mine = {identifier for name, _, identifier in pairs if name == login}
        return requester in mine or requester.partition("/")[2].casefold() == login.casefold()

    def _unreadable(self, connection: Connection, review: Review | None) -> CarnetError | None:
        """Why a review can be neither shown nor given. One of a person whose key is gone ends here, if it has not ended yet."""
        if review is None:
            return UnknownDocument(UNKNOWN)
        try:
            self.gate.platform.keyring.patient_key(review.pseudonym)
        except UnknownPatient:
            lapse_all(connection, review.patient_key, why=BY_DESTRUCTION, now=self.now())
            return RecordClosed(LAPSED)
        return RecordClosed(LAPSED) if review.lapsed else None

    def _note(
        self,
        connection: Connection,
        action: str,
        review: Review | None,
        review_id: str,
        *,
        answer: object,
        detail: str = "",
    ) -> None:
        """In the patient's chain; in nobody's when the review is unknown, or its patient can be told nothing any more."""
        gone = review is None or isinstance(answer, RecordClosed)
        patient = None if review is None or gone else Patient(review.patient_key, review.pseudonym)
        secret = review is not None and bool(review.secret)
        self.line(
            connection, action, patient=patient, answer=answer, detail=detail, objects=(review_id,), secret=secret
        )


def _not_none(review: Review | None) -> Review:
    assert review is not None
    return review


def obligations(gate: Gate) -> dict[str, int]:
    """How much is owed, in numbers alone, for the figures of a server: reviews, overdue ones, alarms, notices in each state."""
    now = gate.platform.clock()

    def work(connection: Connection) -> dict[str, int]:
        waiting, overdue = waiting_and_overdue(connection, now)
        counts = notice_counts(connection)
        states = {f"notices_{state}": counts.get(state, 0) for state in STEPS if state not in DELIVERED}
        return {"reviews": waiting, "reviews_overdue": overdue, "alarms": len(sounding(connection)), **states}

    return gate.read(work)


def _says_something(sentence: str) -> bool:
    return len([letter for letter in sentence if letter.isalpha()]) >= SENTENCE_LETTERS and len(sentence.split()) > 1


def _name(connection: Connection, identifier: str) -> str:
    known = organization(connection, identifier)
    return known.name if known is not None else ""
