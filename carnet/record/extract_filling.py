"""Reading documents for what is kept of them: located at the gate, read outside of it, kept in a second step.

Nobody is shown anything here, so there is no line in the trace: whoever asks for an extract is decided and traced like any reader.
A document that was deleted, or whose key was erased, while it was read leaves nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar, cast

from carnet.document_query import FindDocuments
from carnet.errors import CarnetError, InvalidDocument, UnknownPatient
from carnet.identity.patients import by_key
from carnet.metadata import DocumentEntry, ObjectType
from carnet.platform import Connection, PatientKey, Platform
from carnet.record.document_extracts import Missing
from carnet.record.extractors import EXTRACTORS, ExtractKind, Extractor, Material, State, extractor_of
from carnet.record.gate import Gate
from carnet.record.groups import turn_of_people
from carnet.record.patient_documents import CURRENT
from carnet.record.patient_room import PATIENT_SIDE
from carnet.record.retrieval import Located, Wanted, fetch
from carnet.registry.found import FoundEntry
from carnet.registry.holder import Holder
from carnet.registry.queries import entry as whole_entry
from carnet.registry.queries import find
from carnet.repository.documents import find as find_documents
from carnet.repository.extract_rows import ExtractRow, documents_after, find_extracts, put_extracts, sealed_row

T = TypeVar("T")
_LOG = logging.getLogger("carnet.extracts")
AT_ONCE = 16
"""Documents that are located in one step."""
WALKED = 500
"""Documents that are looked through in one step of the walk over everybody."""


@dataclass(frozen=True, slots=True)
class _Job:
    """A document to read, by what. `key` seals what comes out."""

    located: Located
    entry: DocumentEntry
    own: bool
    wanted: tuple[Extractor, ...]
    key: PatientKey


async def fill(gate: Gate, missing: Missing, *, seconds: float | None = None, again: bool = False) -> int:
    """Reads what is missing and keeps it; returns how many documents were read. Begins none after `seconds`; `again`: also what was not wholly read.

    What cannot be fetched now is left for another time.
    """
    until = None if seconds is None else time.monotonic() + seconds
    done = 0
    for start in range(0, len(missing.unique_ids), AT_ONCE):
        part = missing.unique_ids[start : start + AT_ONCE]
        for job in gate.read(partial(_jobs, gate.platform, missing.patient_key, part, again=again)):
            if until is not None and time.monotonic() > until:
                return done
            done += await _read_and_keep(gate, missing.patient_key, job)
    return done


async def fill_fresh(gate: Gate, count: int) -> int:
    """The same for at most `count` of the documents that this process was told of."""
    done = 0
    for patient_key, unique_ids in gate.platform.fresh.take(count):
        done += await fill(gate, Missing(patient_key, tuple(unique_ids)))
    return done


@dataclass(slots=True)
class Walk:
    """How far a walk over everybody's documents came, and what it did."""

    place: tuple[int, str] = (0, "")
    looked_at: int = 0
    read: int = 0
    kinds: tuple[ExtractKind, ...] = field(default=tuple(one.gives[0] for one in EXTRACTORS))


async def fill_everything(gate: Gate, *, again: bool = False) -> Walk:
    """Walks over every stored document and reads what is missing; for a command, beside a server that serves."""
    total = Walk()
    for kind in total.kinds:
        total.place = (0, "")
        version = extractor_of(kind).version
        anew = again and kind is total.kinds[0]  # what is read anew is read for every kind
        while page := gate.read(
            partial(_page, kind=kind, version=version, after=total.place, again=anew),
        ):
            total.place = page[-1][:2]
            total.looked_at += len(page) if kind is total.kinds[0] else 0
            for patient_key, unique_ids in _by_patient(page):
                total.read += await fill(gate, Missing(patient_key, unique_ids), again=anew)
    return total


def _page(
    connection: Connection, *, kind: ExtractKind, version: int, after: tuple[int, str], again: bool
) -> list[tuple[int, str, bool]]:
    return documents_after(connection, kind, version, after, count=WALKED, again=again)


def _by_patient(page: Iterable[tuple[int, str, bool]]) -> list[tuple[int, tuple[str, ...]]]:
    found: dict[int, list[str]] = {}
    for patient_key, unique_id, lacks in page:
        if lacks:
            found.setdefault(patient_key, []).append(unique_id)
    return [(patient_key, tuple(names)) for patient_key, names in found.items()]


# --- what is to be read ---------------------------------------------------------------------------------------------


def _jobs(
    platform: Platform, patient_key: int, unique_ids: Sequence[str], connection: Connection, *, again: bool
) -> list[_Job]:
    """The documents among these that are in use and lack something; nothing of who is destroyed."""
    try:
        patient = by_key(connection, patient_key)
        key = platform.keyring.patient_key(patient.pseudonym)
    except UnknownPatient:
        return []
    holder = Holder(patient_key, key, PATIENT_SIDE, "", platform.clock(), "")
    entries = _current(connection, holder, unique_ids)
    stored = find_documents(connection, patient_key, entries)
    kept = _kept(connection, patient_key, tuple(entries))
    jobs = []
    for name, found in entries.items():
        wanted = tuple(one for one in EXTRACTORS if one.of(found.type_code) and _lacks(kept, one, name, again=again))
        place = stored.get(name)
        if wanted and place is not None and place.erased_at is None:
            about = Wanted(platform.settings.repository_unique_id, name)
            located = Located(about, place.mime_type, place, key.open_document_key(place.wrapped_key, name))
            own = found.depositor == PATIENT_SIDE
            jobs.append(_Job(located, whole_entry(connection, holder, found.uuid), own, wanted, key))
    return jobs


def _current(connection: Connection, holder: Holder, unique_ids: Sequence[str]) -> dict[str, FoundEntry]:
    types = (ObjectType.STABLE, ObjectType.ON_DEMAND)
    query = FindDocuments((), CURRENT, object_types=types, unique_ids=tuple(unique_ids))
    return {one.unique_id: one for one in find(connection, holder, query).entries}


def _kept(connection: Connection, patient_key: int, names: Sequence[str]) -> dict[tuple[str, str], str]:
    """The states of what is kept, by document and first kind of each extractor."""
    return {
        (name, one.gives[0]): row.state
        for one in EXTRACTORS
        for name, row in find_extracts(connection, patient_key, one.gives[0], one.version, names).items()
    }


def _lacks(kept: dict[tuple[str, str], str], one: Extractor, name: str, *, again: bool) -> bool:
    state = kept.get((name, one.gives[0]))
    return state is None or (again and state != State.MADE)


# --- reading and keeping --------------------------------------------------------------------------------------------


async def _read_and_keep(gate: Gate, patient_key: int, job: _Job) -> int:
    try:
        content = await fetch(gate.platform, job.located)
    except CarnetError as error:
        _LOG.warning("a document could not be fetched to be read", extra={"reason": type(error).__name__})
        return 0
    rows = await _in_own_thread(partial(_rows, job, content))
    try:
        turn, _ = gate.read(
            lambda connection: turn_of_people(gate.platform, connection, by_key(connection, patient_key))
        )
    except UnknownPatient:  # destroyed while it was read
        return 0
    return gate.administer(partial(_keep, gate.platform, patient_key, rows=rows), turn=turn)


async def _in_own_thread(work: Callable[[], T]) -> T:
    """Runs it in a thread that nobody waits for when the process ends: reading a scanned page takes seconds."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(cast("T", result))

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(tell, result, failure)

    threading.Thread(target=run, daemon=True, name="reading").start()
    return await answer


def _rows(job: _Job, content: bytes) -> list[ExtractRow]:
    """What the extractors read, sealed. What one of them stumbles over is unreadable: the next version tries again."""
    name, rows = job.located.wanted.document_unique_id, []
    for one in job.wanted:
        try:
            made = one.make(Material(content, job.entry, job.own))
            rows += [
                sealed_row(job.key, name, kind, one.version, part.state, part.content, packed=part.packed)
                for kind, part in made.items()
            ]
        except Exception as error:  # noqa: BLE001 - foreign bytes make a reader raise anything
            if not isinstance(error, InvalidDocument):
                _LOG.exception("an extractor failed")
            rows += [sealed_row(job.key, name, kind, one.version, State.UNREADABLE, b"") for kind in one.gives]
    return rows


def _keep(platform: Platform, patient_key: int, connection: Connection, *, rows: list[ExtractRow]) -> int:
    """Writes the rows, unless the person, the document or its key is gone meanwhile."""
    try:
        key = platform.keyring.patient_key(by_key(connection, patient_key).pseudonym)
    except UnknownPatient:
        return 0
    names = tuple({row.unique_id for row in rows})
    holder = Holder(patient_key, key, PATIENT_SIDE, "", platform.clock(), "")
    stored = find_documents(connection, patient_key, names)
    standing = {
        name for name in _current(connection, holder, names) if name in stored and stored[name].erased_at is None
    }
    put_extracts(connection, patient_key, [row for row in rows if row.unique_id in standing], now=platform.clock())
    return len(standing)
