"""Figures of emergency accesses by structure, for those who answer for them: how many, how many reviewed, how many not justified."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, case, func, select

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import access_figure, emergency_access, emergency_review, review_finding

_ACCESS, _REVIEW, _FINDING = emergency_access.c, emergency_review.c, review_finding.c
_WITHIN = (_ACCESS.began_at >= bindparam("begin"), _ACCESS.began_at < bindparam("end"))
_BEGUN = prepare(
    select(_ACCESS.organization, _ACCESS.mode, func.count())
    .where(*_WITHIN)
    .group_by(_ACCESS.organization, _ACCESS.mode)
)
_UNJUSTIFIED = (
    select(func.count())
    .where(
        _FINDING.patient_key == _REVIEW.patient_key,
        _FINDING.review_id == _REVIEW.review_id,
        _FINDING.verdict == "unjustified",
    )
    .scalar_subquery()
)
_REVIEWED = prepare(
    select(
        _ACCESS.organization,
        func.sum(case((_REVIEW.reviewed_at.is_not(None) & (_REVIEW.lapsed == ""), 1), else_=0)),
        func.sum(_UNJUSTIFIED),
        func.sum(case((_REVIEW.reviewed_at.is_(None) & (_REVIEW.due_at < bindparam("now")), 1), else_=0)),
    )
    .join(emergency_review, (_REVIEW.patient_key == _ACCESS.patient_key) & (_REVIEW.review_id == _ACCESS.access_id))
    .where(*_WITHIN)
    .group_by(_ACCESS.organization)
)
_VISITS = prepare(
    select(access_figure.c.organization, func.sum(access_figure.c.visits))
    .where(access_figure.c.day >= bindparam("begin"), access_figure.c.day < bindparam("end"))
    .group_by(access_figure.c.organization)
)


@dataclass(frozen=True, slots=True)
class Figures:
    """One structure's. `visits` are those of the normal mode (a requester, a record, an hour), as far as the trace was watched."""

    organization: str
    bris_de_glace: int = 0
    centre_15: int = 0
    reviewed: int = 0
    unjustified: int = 0
    overdue: int = 0
    visits: int = 0

    @property
    def per_thousand(self) -> float | None:
        """Break-glass accesses for a thousand visits of the normal mode; None when there was none of these."""
        return self.bris_de_glace * 1_000 / self.visits if self.visits else None


def figures(connection: Connection, *, begin: int, end: int, now: int) -> list[Figures]:
    """Of each structure with any figure in [begin, end), the most break-glass accesses first. Whole days UTC, in microseconds."""
    found: dict[str, dict[str, int]] = {}
    period = {"begin": begin, "end": end}
    for organization, mode, count in connection.execute(_BEGUN, period):
        found.setdefault(organization, {})[mode] = count
    for organization, reviewed, unjustified, overdue in connection.execute(_REVIEWED, {**period, "now": now}):
        found.setdefault(organization, {}).update(reviewed=reviewed, unjustified=unjustified, overdue=overdue)
    for organization, visits in connection.execute(_VISITS, period):
        found.setdefault(organization, {})["visits"] = visits
    rows = [Figures(organization, **columns) for organization, columns in found.items()]
    return sorted(rows, key=lambda row: (-row.bris_de_glace, -row.centre_15, row.organization))
