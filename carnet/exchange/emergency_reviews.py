"""Emergency accesses that a person must review before a deadline (CNIL's demand on break-glass: reviewed, not merely logged).

A finding is added, never changed. `justified` and `unjustified` end the review; `unclear` leaves it to somebody else, before the same
deadline. A review whose reason can be read by nobody any more, for the person was destroyed, lapses: it ends without a verdict, and says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sqlalchemy import bindparam, case, func, insert, select, update

from carnet.clock import HOUR
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import emergency_access, emergency_review, patient, review_finding

_REVIEW = emergency_review.c
_FINDING = review_finding.c


class Verdict(StrEnum):
    """What a reviewer found."""

    JUSTIFIED = "justified"
    UNJUSTIFIED = "unjustified"
    UNCLEAR = "unclear"


FINAL = frozenset({Verdict.JUSTIFIED, Verdict.UNJUSTIFIED})

_INSERT = prepare(
    insert(emergency_review).values(
        {
            name: bindparam(name)
            for name in ("patient_key", "review_id", "requester", "mode", "sealed_reason", "opened_at", "due_at")
        }
    )
)
_FINDINGS = (
    select(func.count())
    .where(_FINDING.patient_key == _REVIEW.patient_key, _FINDING.review_id == _REVIEW.review_id)
    .scalar_subquery()
)
_COLUMNS = (
    _REVIEW.patient_key,
    _REVIEW.review_id,
    _REVIEW.requester,
    _REVIEW.mode,
    func.coalesce(emergency_access.c.organization, ""),
    _REVIEW.opened_at,
    _REVIEW.due_at,
    _REVIEW.reviewed_at,
    _FINDINGS,
    _REVIEW.sealed_reason,
    patient.c.pseudonym,
    func.coalesce(emergency_access.c.secret, 1),
    _REVIEW.lapsed,
)
_FROM = (
    select(*_COLUMNS)
    .join(patient, patient.c.patient_key == _REVIEW.patient_key)
    .outerjoin(
        emergency_access,
        (emergency_access.c.patient_key == _REVIEW.patient_key) & (emergency_access.c.access_id == _REVIEW.review_id),
    )
)
_OPEN = prepare(_FROM.where(_REVIEW.reviewed_at.is_(None)).order_by(_REVIEW.due_at, _REVIEW.review_id))
_ONE = prepare(_FROM.where(_REVIEW.review_id == bindparam("name")))
_WAITING = prepare(
    select(func.count(), func.coalesce(func.sum(case((_REVIEW.due_at < bindparam("now"), 1), else_=0)), 0))
    .select_from(emergency_review)
    .where(_REVIEW.reviewed_at.is_(None))
)
_ADD_FINDING = prepare(
    insert(review_finding).values({column.name: bindparam(column.name) for column in review_finding.c})
)
_FOUND = prepare(
    select(_FINDING.verdict, _FINDING.reviewer, _FINDING.sealed_sentence, _FINDING.at, _FINDING.number)
    .where(_FINDING.patient_key == bindparam("patient"), _FINDING.review_id == bindparam("name"))
    .order_by(_FINDING.number)
)
_END = prepare(
    update(emergency_review)
    .where(_REVIEW.patient_key == bindparam("patient"), _REVIEW.review_id == bindparam("name"))
    .values(reviewed_at=bindparam("moment"))
)
_LAPSE_ALL = prepare(
    update(emergency_review)
    .where(_REVIEW.patient_key == bindparam("patient"), _REVIEW.reviewed_at.is_(None))
    .values(reviewed_at=bindparam("moment"), lapsed=bindparam("why"))
)


class Sealing(Protocol):
    """The part of a patient's key that is used here."""

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypts under the patient's key, bound to the context."""
        ...


class Opening(Protocol):
    """The same, for reading."""

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypts. Raises IntegrityFailure."""
        ...


@dataclass(frozen=True, slots=True)
class Review:
    """A review and how many findings it has; moments in microseconds UTC, `reviewed_at` None while it waits.

    `secret` is 1 for an access in a connexion secrète, and where it is not known any more whether it was one;
    `lapsed` why it ended without a verdict, '' when it did not.
    """

    patient_key: int
    review_id: str
    requester: str
    mode: str
    organization: str
    opened_at: int
    due_at: int
    reviewed_at: int | None
    findings: int
    sealed_reason: bytes
    pseudonym: str
    secret: int
    lapsed: str

    def overdue(self, now: int) -> bool:
        """Whether it waits beyond its deadline."""
        return self.reviewed_at is None and now > self.due_at

    def reason(self, key: Opening) -> str:
        """`CODE: sentence`, as whoever broke the glass stated it."""
        return key.open(self.sealed_reason, f"emergency|{self.review_id}").decode()


@dataclass(frozen=True, slots=True)
class Finding:
    """What one reviewer found, opened."""

    verdict: Verdict
    reviewer: str
    sentence: str
    at: int


def request_review(
    connection: Connection,
    patient_key: int,
    review_id: str,
    *,
    key: Sealing,
    requester: str,
    mode: str,
    reason: str,
    now: int,
    within_hours: int,
) -> None:
    """Enters an emergency access, which gives the review its id, in the review queue."""
    connection.execute(
        _INSERT,
        {
            "patient_key": patient_key,
            "review_id": review_id,
            "requester": requester,
            "mode": mode,
            "sealed_reason": key.seal(reason.encode(), f"emergency|{review_id}"),
            "opened_at": now,
            "due_at": now + within_hours * HOUR,
        },
    )


def awaiting_review(connection: Connection) -> list[Review]:
    """Reviews without a final verdict, the most urgent first."""
    return [Review(*row) for row in connection.execute(_OPEN)]


def waiting_and_overdue(connection: Connection, now: int) -> tuple[int, int]:
    """How many reviews wait, and how many of these beyond their deadline."""
    waiting, overdue = connection.execute(_WAITING, {"now": now})[0]
    return int(waiting), int(overdue)


def find_review(connection: Connection, review_id: str) -> Review | None:
    """A review by its id, ended or not."""
    rows = connection.execute(_ONE, {"name": review_id})
    return Review(*rows[0]) if rows else None


def add_finding(
    connection: Connection, review: Review, verdict: Verdict, sentence: str, *, key: Sealing, reviewer: str, now: int
) -> None:
    """Adds a finding to a review, and ends the review when the verdict is final."""
    number = review.findings + 1
    connection.execute(
        _ADD_FINDING,
        {
            "patient_key": review.patient_key,
            "review_id": review.review_id,
            "number": number,
            "verdict": verdict.value,
            "reviewer": reviewer,
            "sealed_sentence": key.seal(sentence.encode(), f"finding|{review.review_id}|{number}"),
            "at": now,
        },
    )
    if verdict in FINAL:
        connection.execute(_END, {"patient": review.patient_key, "name": review.review_id, "moment": now})


def lapse_all(connection: Connection, patient_key: int, *, why: str, now: int) -> None:
    """Ends every review of a patient that waits, without a verdict; `why` is a word."""
    connection.execute(_LAPSE_ALL, {"patient": patient_key, "why": why, "moment": now})


def findings_of(connection: Connection, review: Review, *, key: Opening) -> list[Finding]:
    """The findings of a review, the first one first."""
    rows = connection.execute(_FOUND, {"patient": review.patient_key, "name": review.review_id})
    return [
        Finding(Verdict(verdict), reviewer, key.open(sealed, f"finding|{review.review_id}|{number}").decode(), int(at))
        for verdict, reviewer, sealed, at, number in rows
    ]
