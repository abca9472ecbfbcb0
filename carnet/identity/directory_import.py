"""Brings the directory up to date from the lines of a feed (`directory_feed`), in batches that the caller commits.

The same feed twice changes nothing but the moment of the last sight. Without `complete`, a feed only adds and corrects. With it, the feed is
the whole truth about those it speaks of: a person's situations and professions that it does not repeat end, and persons and structures known
from the same source that it does not name become inactive. All lines of one person stand in one batch when they follow each other in the
file, so nobody is half known between two batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import (
    ColumnElement,
    Table,
    Text,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from carnet.database.connection import Connection
from carnet.database.statements import Statement, prepare
from carnet.database.tables import organization, professional, professional_role, professional_situation
from carnet.errors import MalformedMessage
from carnet.identity.directory import STUDENT
from carnet.identity.directory_feed import DirectoryLine, Kind, SkippedLine
from carnet.identity.feed_file import BadLine, Report

LINES_A_TRANSACTION = 1_000
COLLAPSE_FROM = 100
"""Above so many persons or structures of a source, a complete feed that lacks more than a fifth of them is taken for a broken one."""

_PROFESSIONS_KEPT = 4


def _upsert(table: Table, key: tuple[str, ...], others: tuple[str, ...] = ()) -> Statement:
    """A row of the feed, which makes or keeps it active."""
    added = insert(table).values({name: bindparam(name) for name in (*key, *others)} | {"active": literal_column("1")})
    changed = {name: added.excluded[name] for name in (*others, "active")}
    return prepare(added.on_conflict_do_update(index_elements=key, set_=changed))


def _upsert_role() -> Statement:
    """A role of a person who is in the directory; who exercises a profession is no longer in training for it."""
    names = ("professional_id", "profession", "specialty", "category")
    known = exists().where(professional.c.professional_id == bindparam("professional_id"))
    added = insert(professional_role).from_select(
        names, select(*(bindparam(name, type_=Text) for name in names)).where(known)
    )
    return prepare(
        added.on_conflict_do_update(
            index_elements=names[:3],
            set_={"category": added.excluded.category},
            where=professional_role.c.category == STUDENT,
        )
    )


_PROFESSIONAL = _upsert(professional, ("professional_id",), ("family_name", "given_name", "source", "updated_at"))
_ORGANIZATION = _upsert(organization, ("organization_id",), ("name", "sector", "source", "updated_at"))
_SITUATION = _upsert(professional_situation, ("professional_id", "organization_id"))
_ROLE = _upsert_role()

_SEEN_BEFORE = exists().where(
    and_(professional.c.professional_id == bindparam("person"), professional.c.updated_at != bindparam("now"))
)
_END_SITUATIONS = prepare(
    update(professional_situation)
    .where(professional_situation.c.professional_id == bindparam("person"), _SEEN_BEFORE)
    .values(active=literal_column("0"))
)
_END_PROFESSIONS = prepare(
    delete(professional_role).where(
        professional_role.c.professional_id == bindparam("person"),
        professional_role.c.profession.not_in([bindparam(f"profession{n}") for n in range(_PROFESSIONS_KEPT)]),
        _SEEN_BEFORE,
    )
)
_END_KNOW_HOW = prepare(
    delete(professional_role).where(
        professional_role.c.professional_id == bindparam("person"),
        professional_role.c.specialty != literal_column("''"),
    )
)


def _active_of_source(table: Table) -> ColumnElement[bool]:
    return and_(table.c.source == bindparam("of_source"), table.c.active == literal_column("1"))


def _count(table: Table) -> Statement:
    """How many the source has, and how many of them this import did not see."""
    unseen = func.coalesce(func.sum(case((table.c.updated_at < bindparam("now"), 1), else_=0)), literal_column("0"))
    return prepare(select(func.count(), unseen).where(_active_of_source(table)))


def _deactivate(table: Table) -> Statement:
    unseen = and_(_active_of_source(table), table.c.updated_at < bindparam("now"))
    return prepare(update(table).where(unseen).values(active=literal_column("0")))


_COUNTS = (_count(professional), _count(organization))
_DEACTIVATE = (_deactivate(professional), _deactivate(organization))


@dataclass(slots=True)
class _Import:
    connection: Connection
    now: int
    source: str
    complete: bool
    taken: int = 0
    skipped: int = 0
    bad: list[BadLine] = field(default_factory=list)
    kinds: set[Kind] = field(default_factory=set)
    know_how_renewed: set[str] = field(default_factory=set)


def apply(
    connection: Connection,
    lines: Iterable[DirectoryLine | SkippedLine | BadLine],
    now: int,
    *,
    source: str,
    commit: Callable[[], None],
    complete: bool = False,
) -> Report:
    """Takes in one feed. `now` (microseconds UTC) names this import: it must be later than that of the import before.

    `source` is a short name of where the feed comes from. `commit` is called after each batch of about 1,000 lines and at the end; the
    caller began the transaction and goes on in a new one. A complete feed that would make more than a fifth of its source inactive raises
    MalformedMessage: what it says is in, nobody was made inactive.
    """
    work = _Import(connection, now, source, complete)
    for batch in _batches(lines, work):
        _write(work, batch)
        commit()
    deactivated = 0
    if complete and Kind.ACTIVITY in work.kinds:
        deactivated = _deactivate_missing(work)
        commit()
    return Report(taken=work.taken, skipped=work.skipped, bad=tuple(work.bad), deactivated=deactivated)


def _batches(lines: Iterable[DirectoryLine | SkippedLine | BadLine], work: _Import) -> Iterator[list[DirectoryLine]]:
    batch: list[DirectoryLine] = []
    for line in lines:
        if isinstance(line, BadLine):
            work.bad.append(line)
        elif isinstance(line, SkippedLine):
            work.skipped += 1
        else:
            if len(batch) >= LINES_A_TRANSACTION and line.person != batch[-1].person:
                yield batch
                batch = []
            batch.append(line)
    if batch:
        yield batch


def _write(work: _Import, batch: list[DirectoryLine]) -> None:
    work.taken += len(batch)
    work.kinds.update(line.kind for line in batch)
    activities = [line for line in batch if line.kind is Kind.ACTIVITY]
    if work.complete:
        _end_what_is_not_repeated(work, activities)
        _renew_know_how(work, [line.person for line in batch if line.kind is Kind.KNOW_HOW])
    seen = {"source": work.source, "updated_at": work.now}
    structures = {line.structure: line for line in activities if line.structure}
    persons = {line.person: line for line in activities if line.person}
    execute_many = work.connection.execute_many
    execute_many(
        _ORGANIZATION,
        [
            {"organization_id": structure, "name": line.structure_name, "sector": line.sector, **seen}
            for structure, line in structures.items()
        ],
    )
    execute_many(
        _PROFESSIONAL,
        [
            {"professional_id": person, "family_name": line.family_name, "given_name": line.given_name, **seen}
            for person, line in persons.items()
        ],
    )
    execute_many(_ROLE, list(_roles(batch)))
    situations = {(line.person, line.structure) for line in activities if line.person and line.structure}
    execute_many(
        _SITUATION,
        [{"professional_id": person, "organization_id": structure} for person, structure in sorted(situations)],
    )


def _roles(batch: list[DirectoryLine]) -> Iterator[dict[str, str]]:
    """The profession by itself, then with each know-how."""
    found = {
        (line.person, line.profession, specialty, line.category)
        for line in batch
        if line.person
        for specialty in ("", *line.specialties)
    }
    for person, profession, specialty, category in sorted(found):
        yield {"professional_id": person, "profession": profession, "specialty": specialty, "category": category}


def _end_what_is_not_repeated(work: _Import, activities: list[DirectoryLine]) -> None:
    """At the first sight of a person in this import; professional.updated_at tells whether it is."""
    professions: dict[str, set[str]] = {}
    for line in activities:
        if line.person:
            professions.setdefault(line.person, set()).add(line.profession)
    of_person = [{"person": person, "now": work.now} for person in professions]
    work.connection.execute_many(_END_SITUATIONS, of_person)
    kept = [
        {
            f"profession{n}": code
            for n, code in enumerate([*sorted(codes), *[""] * _PROFESSIONS_KEPT][:_PROFESSIONS_KEPT])
        }
        for codes in professions.values()
    ]
    work.connection.execute_many(_END_PROFESSIONS, [one | other for one, other in zip(of_person, kept, strict=True)])


def _renew_know_how(work: _Import, persons: list[str]) -> None:
    fresh = sorted(set(persons) - work.know_how_renewed)
    work.know_how_renewed.update(fresh)
    work.connection.execute_many(_END_KNOW_HOW, [{"person": person} for person in fresh])


def _deactivate_missing(work: _Import) -> int:
    values = {"of_source": work.source, "now": work.now}
    counts = [work.connection.execute(statement, values)[0] for statement in _COUNTS]
    for known, missing in counts:
        if known > COLLAPSE_FROM and missing * 5 > known:
            raise MalformedMessage(
                f"The feed calls itself complete and lacks {missing} of {known} entries of its source: nobody was made inactive."
            )
    for statement in _DEACTIVATE:
        work.connection.execute(statement, values)
    return int(sum(missing for _known, missing in counts))
