"""Reports of the patient's side: kept sealed, in somebody's queue, with a state that whoever reported can see. Moments: microseconds UTC.

Whoever may rectify a document is its author (rules §2.8), so a report about one is in the queue of the author's structure. One about an access is in
the operator's.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from sqlalchemy import bindparam, func, insert, select, update

from carnet.clock import DAY
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.stored_words import word
from carnet.database.tables import anomaly_report, patient
from carnet.exchange.emergency_reviews import Opening, Sealing

ANSWER_WITHIN = 30 * DAY
"""One month (article 12.3 GDPR); INFERRED: the same for an access."""
ANSWERED = "report-answered"
"""Kind of the notice that a report was answered."""
OPERATOR = ""
"""The queue of the operator."""


class ReportKind(StrEnum):
    """What a report is about."""

    DOCUMENT = "document"
    ACCESS = "access"


class Progress(StrEnum):
    """Where a report stands; it only goes forward."""

    SENT = "sent"
    SEEN = "seen"
    ANSWERED = "answered"
    CLOSED = "closed"


class Reason(StrEnum):
    """What is wrong, in the words that the pages offer."""

    NOT_MINE = "not-mine"
    WRONG = "wrong"
    MISSING = "missing"
    UNKNOWN_PERSON = "unknown-person"
    NO_CARE = "no-care"
    OTHER = "other"


REASONS = {
    ReportKind.DOCUMENT: (Reason.NOT_MINE, Reason.WRONG, Reason.MISSING, Reason.OTHER),
    ReportKind.ACCESS: (Reason.UNKNOWN_PERSON, Reason.NO_CARE, Reason.OTHER),
}


class Told(msgspec.Struct, frozen=True):
    """What is sealed of a report: the reason, the reporter's own words, what it is about as it was shown, and for an access who and when."""

    reason: str
    words: str
    about: str
    requester: str = ""
    structure: str = ""
    at: int = 0
    ticket: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """A row. `structure` is whose queue (Struct_IdNat, '' the operator's); `document` a uniqueId, '' for an access."""

    patient_key: int
    report_id: str
    kind: ReportKind
    reporter_key: int
    structure: str
    document: str
    state: Progress
    made_at: int
    seen_at: int | None
    answered_at: int | None
    closed_at: int | None
    sealed_words: bytes
    sealed_answer: bytes
    pseudonym: str

    def told(self, key: Opening) -> Told:
        """What was reported. Raises IntegrityFailure."""
        return msgspec.json.decode(key.open(self.sealed_words, _context(self.report_id)), type=Told)

    def answer(self, key: Opening) -> str:
        """What was answered, '' while there is none. Raises IntegrityFailure."""
        sealed = self.sealed_answer
        return key.open(sealed, _answer_context(self.report_id)).decode() if sealed else ""

    def overdue(self, now: int) -> bool:
        """Whether it waits for its answer beyond the month."""
        return self.state in WAITING and now > self.made_at + ANSWER_WITHIN


WAITING = frozenset({Progress.SENT, Progress.SEEN})
_ROW = anomaly_report.c
_COLUMNS = (
    _ROW.patient_key,
    _ROW.report_id,
    _ROW.kind,
    _ROW.reporter_key,
    _ROW.structure,
    _ROW.document,
    _ROW.state,
    _ROW.made_at,
    _ROW.seen_at,
    _ROW.answered_at,
    _ROW.closed_at,
    _ROW.sealed_words,
    _ROW.sealed_answer,
    patient.c.pseudonym,
)
_WITH_PERSON = select(*_COLUMNS).join(patient, patient.c.patient_key == _ROW.patient_key)
_NAMES = ("patient_key", "report_id", "kind", "reporter_key", "structure", "document", "sealed_words", "made_at")
_ADD = prepare(insert(anomaly_report).values({name: bindparam(name) for name in _NAMES} | {"sealed_answer": b""}))
_OF_PATIENT = prepare(
    _WITH_PERSON.where(_ROW.patient_key == bindparam("person")).order_by(_ROW.made_at.desc(), _ROW.report_id)
)
_ONE = prepare(_WITH_PERSON.where(_ROW.report_id == bindparam("name")))
_WAITS = prepare(
    _WITH_PERSON.where(_ROW.state.in_(sorted(one.value for one in WAITING))).order_by(_ROW.made_at, _ROW.report_id)
)
_COUNT = prepare(
    select(func.count())
    .select_from(anomaly_report)
    .where(_ROW.patient_key == bindparam("person"), _ROW.made_at > bindparam("since"))
)
_MINE = (_ROW.patient_key == bindparam("person"), _ROW.report_id == bindparam("name"))
_SEEN = prepare(
    update(anomaly_report).where(*_MINE, _ROW.state == "sent").values(state="seen", seen_at=bindparam("moment"))
)
_ANSWER = prepare(
    update(anomaly_report)
    .where(*_MINE)
    .values(
        state="answered",
        sealed_answer=bindparam("sealed"),
        answered_at=bindparam("moment"),
        answered_by=bindparam("whom"),
    )
)
_CLOSE = prepare(update(anomaly_report).where(*_MINE).values(state="closed", closed_at=bindparam("moment")))


def write_report(
    connection: Connection,
    patient_key: int,
    kind: ReportKind,
    told: Told,
    *,
    key: Sealing,
    reporter_key: int,
    structure: str,
    document: str,
    now: int,
) -> str:
    """Keeps a report, sealed under the key of the patient whose record it is about, and returns its id."""
    report_id = secrets.token_hex(12)
    row = {
        "patient_key": patient_key,
        "report_id": report_id,
        "kind": kind.value,
        "reporter_key": reporter_key,
        "structure": structure,
        "document": document,
        "sealed_words": key.seal(msgspec.json.encode(told), _context(report_id)),
        "made_at": now,
    }
    connection.execute(_ADD, row)
    return report_id


def reports_of(connection: Connection, patient_key: int) -> list[Report]:
    """Every report about a record, the newest first."""
    return [_read(row) for row in connection.execute(_OF_PATIENT, {"person": patient_key})]


def made_since(connection: Connection, patient_key: int, since: int) -> int:
    """How many reports were made about a record since a moment."""
    return int(connection.execute(_COUNT, {"person": patient_key, "since": since})[0][0])


def find_report(connection: Connection, report_id: str) -> Report | None:
    """A report by its id, None when there is none."""
    rows = connection.execute(_ONE, {"name": report_id})
    return _read(rows[0]) if rows else None


def waiting_reports(connection: Connection) -> list[Report]:
    """The reports of every queue that wait for an answer, the oldest first."""
    return [_read(row) for row in connection.execute(_WAITS)]


def mark_seen(connection: Connection, report: Report, *, now: int) -> None:
    """Says that whoever answers has read it."""
    connection.execute(_SEEN, {"person": report.patient_key, "name": report.report_id, "moment": now})


def write_answer(connection: Connection, report: Report, sentence: str, *, key: Sealing, by: str, now: int) -> None:
    """Keeps the answer, sealed like the report."""
    sealed = key.seal(sentence.encode(), _answer_context(report.report_id))
    values = {"person": report.patient_key, "name": report.report_id, "sealed": sealed, "whom": by, "moment": now}
    connection.execute(_ANSWER, values)


def close_report(connection: Connection, report: Report, *, now: int) -> None:
    """Says that nothing more comes of it."""
    connection.execute(_CLOSE, {"person": report.patient_key, "name": report.report_id, "moment": now})


def _read(row: tuple[object, ...]) -> Report:
    values = dict(zip(Report.__slots__, row, strict=True))
    values["kind"], values["state"] = word(ReportKind, values["kind"]), word(Progress, values["state"])
    return Report(**values)  # type: ignore[arg-type]


def _context(report_id: str) -> str:
    return f"report|{report_id}"


def _answer_context(report_id: str) -> str:
    return f"report answer|{report_id}"
