"""An exchange within this process: the gate and the acts on a home of one's own, callers without certificate, time as the test says.

`room` is one such exchange, `open_room` opens it with other settings, another gate or disk. Nothing here decides: helpers say what is asked,
and what stands in the database as another connection sees it, that is: what was committed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from carnet.audit.trail import read_trail
from carnet.client.feeding import Sent, from_cda, mask_update, status_update, submission_of
from carnet.clock import DAY, HOUR, SECOND, system_clock
from carnet.config import load
from carnet.database.connection import SqliteConnection
from carnet.database.opening import open_database
from carnet.database.postgres import PostgresConnection
from carnet.demo import documents
from carnet.demo.documents import Draft
from carnet.demo.people import LABORATORY, MEDECIN_TRAITANT, PAT_TROIS, DemoOrganization
from carnet.demo.stage import AUTOMATE
from carnet.document_query import FindDocuments, Get, GetAll, GetObjects, ReturnType
from carnet.metadata import MASQUE_PS, AvailabilityStatus
from carnet.platform import Platform, build
from carnet.record.gate import Gate
from carnet.record.notice_office import NoticeOffice
from carnet.record.retrieval import Wanted, read, retrieve
from carnet.record.rule_changes import RuleChanges
from carnet.record.search import search
from carnet.record.submission import prepare_submission, submit
from carnet.record.visibility import update
from carnet.repository.segments import SegmentStore
from carnet.requester import AccessMode, AssertionUse, Authentication, CardClass, Requester
from carnet.soap.ebrim_render import EbrimRenderer

sys.path.insert(0, str(Path(__file__).parent))

from notice_runs import DOCTOR, MINE, OPERATOR
from rule_meddling import CLOSED, PROPOSER

TRACE_TABLES = frozenset(
    {
        *("audit_event", "audit_checkpoint", "audit_place", "replay", "sqlite_sequence", "alembic_version"),
        *("record_visit", "sign_in_count"),
    }
)
"""What grows with a refused act, or with a reading: how the last two do is what test_harvest_budget is about."""


class Watching:
    """The gate's connection: notes each BEGIN, COMMIT …, and fails where a test says."""

    def prepare_to_watch(self) -> None:
        self.commands: list[str] = []
        self.failures: list[tuple[str, Exception]] = []

    def fail(self, at: str, error: Exception | None = None) -> None:
        """Fails once at the next command or statement whose text holds `at`."""
        self.failures.append((at, error or sqlite3.OperationalError("disk I/O error")))

    def control(self, command):
        self.commands.append(command)
        self._meet(command)
        super().control(command)

    def execute(self, statement, parameters=None):
        self._meet(statement.sqlite)
        return super().execute(statement, parameters)

    def _meet(self, text):
        for failure in self.failures:
            if failure[0] in text:
                self.failures.remove(failure)
                raise failure[1]

    @property
    def commits(self):
        return self.commands.count("COMMIT")


class Watched(Watching, SqliteConnection):
    """On the embedded database."""

    def __init__(self, path) -> None:
        self.prepare_to_watch()
        super().__init__(path, busy_timeout_ms=60_000)


class WatchedServer(Watching, PostgresConnection):
    """On PostgreSQL: beginning any turn is noted as BEGIN IMMEDIATE."""

    def __init__(self, url) -> None:
        self.prepare_to_watch()
        super().__init__(url)

    def begin(self, turn):
        self.commands.append("BEGIN IMMEDIATE")
        self._meet("BEGIN IMMEDIATE")
        super().begin(turn)


def watched(place):
    """A connection to the database of a home that tests can look at."""
    return WatchedServer(place) if isinstance(place, str) else Watched(place)


def as_another(place):
    """A connection that sees what was committed, nothing else: `execute(query, values)` with `?` for values."""
    if isinstance(place, str):
        return Other(place)
    return sqlite3.connect(f"file:{place}?mode=ro", uri=True)


class Other:
    """psycopg in the words of sqlite3."""

    def __init__(self, url) -> None:
        self._raw = psycopg.connect(url, autocommit=True)

    def execute(self, query, values=()):
        if "sqlite_master" in query:
            query = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        return self._raw.execute(query.replace("?", "%s"), tuple(values))

    def close(self):
        self._raw.close()


@dataclass
class Room:
    """One exchange, with the people of the demonstration; documents need no signature unless the room was opened so."""

    stage: Any
    home: Any
    platform: Platform | None = None
    gate: Gate | None = None
    now: int = field(default_factory=system_clock)

    # --- who ----------------------------------------------------------------------------------------------------

    def caller(self, who=MEDECIN_TRAITANT, patient=PAT_TROIS, **changes):
        """A requester as authentication would give it; a structure comes by its software."""
        identifier = patient.identifier if patient is not None else None
        if isinstance(who, DemoOrganization):
            about = {
                "identifier": f"{who.identifier}/automate",
                "organization_id": who.identifier,
                "sector": who.sector,
                "authentication": Authentication.INDIRECT,
                "card": CardClass.ORGANIZATION,
                "profession": AUTOMATE,
            }
        else:
            about = {
                "identifier": who.identifier,
                "organization_id": who.organization.identifier,
                "sector": who.organization.sector,
                "authentication": Authentication.DIRECT,
                "card": CardClass.PROFESSIONAL,
                "profession": who.profession,
                "specialty": who.specialty,
            }
        return Requester(**{"name": who.name, "patient": identifier, "certificate": "c" * 64, **about, **changes})

    def laboratory(self, patient=PAT_TROIS, **changes):
        return self.caller(LABORATORY, patient, **changes)

    def glass_breaker(self, who, reason="Patient inconscient aux urgences", **changes):
        return self.caller(who, mode=AccessMode.BRIS_DE_GLACE, reason=reason, **changes)

    def assertion(self):
        """An assertion never used before."""
        return AssertionUse(os.urandom(32), self.now + HOUR)

    # --- what ---------------------------------------------------------------------------------------------------

    def document(self, *, masks=(), number=1, **about):
        """A text in a CDA with its metadata."""
        about = {"created": self.now - DAY, **about}
        return from_cda(documents.level_1(Draft(**about), media_type="text/plain"), masks=masks, number=number)

    def submission(self, *sent: Sent, by=MEDECIN_TRAITANT, replaces=None, signed=False):
        found = self.stage.callers[by.identifier]
        return submission_of(sent, found, self.now, replaces=replaces, signed=signed)

    def submitting(self, submission, requester):
        """The act of ITI-41, prepared."""
        return submit(prepare_submission(self.platform, requester, submission), requester)

    def mask(self, entry, masks=(MASQUE_PS,), by=MEDECIN_TRAITANT):
        """The act of ITI-57 that gives an entry these masks."""
        return update(mask_update(entry, masks, self.stage.callers[by.identifier], self.now))

    def status(self, entry, status, by=MEDECIN_TRAITANT):
        """The act of ITI-57 that gives an entry another status."""
        return update(status_update(entry, status, self.stage.callers[by.identifier], self.now))

    def finding(self, *statuses, patient=PAT_TROIS, return_type=ReturnType.LEAF_CLASS, **filters):
        """The act of ITI-18 FindDocuments."""
        wanted = statuses or (AvailabilityStatus.APPROVED,)
        return search(FindDocuments((patient.identifier,), wanted, **filters), return_type)

    def getting(self, what=Get.DOCUMENTS, return_type=ReturnType.LEAF_CLASS, **by):
        """The act of ITI-18 GetDocuments and its like."""
        return search(GetObjects(what, **by), return_type)

    def getting_all(self, patient=PAT_TROIS, return_type=ReturnType.LEAF_CLASS):
        """The act of ITI-18 GetAll, in every status."""
        every = tuple(AvailabilityStatus)
        return search(GetAll((patient.identifier,), every, every, every), return_type)

    def retrieving(self, *unique_ids, repository=""):
        """The act of ITI-43."""
        repository = repository or self.platform.settings.repository_unique_id
        return retrieve(tuple(Wanted(repository, unique_id) for unique_id in unique_ids))

    # --- doing --------------------------------------------------------------------------------------------------

    def do(self, requester, act):
        """One act by itself, a second later than what was done before."""
        self.now += SECOND
        return self.gate.perform_now(requester, act)

    def together(self, *calls):
        """Acts that are ready at the same moment; results and errors in their order."""
        self.now += SECOND

        async def all_of_them():
            waiting = (self.gate.perform(requester, act) for requester, act in calls)
            return await asyncio.gather(*waiting, return_exceptions=True)

        return asyncio.run(all_of_them())

    def put(self, *sent, by=MEDECIN_TRAITANT, replaces=None, requester=None):
        """Puts documents in and returns their entries as registered."""
        requester = requester or self.caller(by)
        act = self.submitting(self.submission(*sent, by=by, replaces=replaces), requester)
        return self.do(requester, act).entries

    def give(self, located):
        """The bytes of what a retrieval located."""
        return read(self.platform, located)

    # --- what stands --------------------------------------------------------------------------------------------

    @property
    def connection(self) -> Watching:
        return self.platform.connection

    def rows(self, query, *values):
        """Rows as another process sees them: what was committed, nothing else."""
        with contextlib.closing(as_another(self.platform.settings.database_place)) as connection:
            return connection.execute(query, values).fetchall()

    def kept(self):
        """How many rows each table holds beside the trace, and how many bytes the documents take."""
        tables = [name for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        counts = {name: self.rows(f"SELECT count(*) FROM {name}")[0][0] for name in tables if name not in TRACE_TABLES}
        files = (self.home / "documents").glob("*.seg")
        return counts | {"bytes": sum(max(file.stat().st_size, 16) - 16 for file in files)}

    def last_ticket(self):
        return self.rows("SELECT coalesce(max(ticket), 0) FROM audit_event")[0][0]

    def lines_since(self, ticket):
        """The committed lines of the trace after a ticket, opened, in the order of tickets."""
        found = []
        for (patient_key,) in self.rows("SELECT DISTINCT patient_key FROM audit_event WHERE ticket > ?", ticket):
            keyring = self.platform.keyring
            key = keyring.actor_key()
            if patient_key is not None:
                names = self.rows("SELECT pseudonym FROM patient WHERE patient_key = ?", patient_key)
                key = keyring.patient_key(names[0][0])
            with contextlib.closing(open_database(self.platform.settings.database_place, patience=60.0)) as connection:
                found += [line for line in read_trail(connection, patient_key, key) if line["ticket"] > ticket]
        assert not [line for line in found if line["problem"]]
        return sorted(found, key=lambda line: line["ticket"])


@pytest.fixture
def open_room(first_stage, home):
    """Opens the test's home: `open_room(gate=…, file_system=…, setting=…)`; a second call opens it anew, as after a restart.

    Nobody is reminded of the yearly synthesis there unless a test asks for it: years pass in many.
    """
    room = Room(first_stage, home)

    def open_it(*, gate=Gate, file_system=None, **settings):
        if room.platform is not None:
            room.platform.close()
        chosen = replace(
            load(home, {}), **{"submission_signature_required": False, "synthesis_reminder_days": 0, **settings}
        )
        platform = build(chosen, EbrimRenderer(), clock=lambda: room.now)
        platform.connection.close()
        changes: dict[str, Any] = {"connection": watched(chosen.database_place)}
        if file_system is not None:
            platform.segments.close()
            changes["segments"] = SegmentStore(home / "documents", "w0", file_system=file_system)
        room.platform = replace(platform, **changes)
        room.gate = gate(room.platform)
        return room

    yield open_it
    if room.platform is not None:
        room.platform.close()


@pytest.fixture
def room(open_room):
    return open_room()


@pytest.fixture
def post(open_room, mail_server):
    """A room whose first patient and whose médecin traitant have addresses."""
    room = open_room(**mail_server.settings())
    office = NoticeOffice(room.gate, OPERATOR)
    office.set_address(PAT_TROIS.identifier, MINE)
    lines = ["identifiant;adresse\n", f"{MEDECIN_TRAITANT.identifier};{DOCTOR}\n"]
    office.import_addresses(lines, source="test")
    return room


@pytest.fixture
def changes(room, ministry):
    return RuleChanges(room.gate, "operator:tests")


@pytest.fixture
def proposed(room, ministry, changes):
    """A version that begins in a day."""

    def propose(name="second", after=DAY, cells=CLOSED):
        return changes.propose(ministry.file(name, room.now + after, cells=cells), PROPOSER)

    return propose


@pytest.fixture
def approve(ministry, changes):
    """Approves a version as each of these people."""

    def by(name, *people):
        for person in people:
            changes.approve(name, person, ministry.sign(person, changes.text_to_sign(name, person)))

    return by
