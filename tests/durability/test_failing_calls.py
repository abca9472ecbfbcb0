"""T4: each call that the gate's work makes on a disk fails once, through the real door (spec/security.md §3).

The n-th call fails, for every n: of the database (a VFS of APSW, so that SQLite itself meets the error), of its log, of the store of keys and
of the document store; with a full disk, an I/O error, no file handle left, no memory left. The caller is told to come again, what was
answered is kept, what was not is absent, and once the fault is over the same process serves again.
"""

from __future__ import annotations

import asyncio
import errno
from collections import Counter
from pathlib import Path

import apsw
import pytest
from crash_images import Judge
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from recorded_disk import RecordedFiles
from recorded_room import RecordedRoom

from carnet.client.exchange_service import ExchangeService
from carnet.demo.journey import FIND_DOCUMENTS
from carnet.demo.people import MEDECIN_TRAITANT, PAT_TROIS
from carnet.document_query import ReturnType
from carnet.repository.segments import LONGEST_PAUSE
from carnet.soap import mtom
from carnet.soap.answer_parse import query_answer, registry_answer, soap_fault
from carnet.soap.document_set import DocumentRequest, retrieve_request, retrieved_documents
from carnet.soap.door import Call, SoapDoor
from carnet.soap.envelope import parse
from carnet.soap.messages import adhoc_query_request, provide_and_register_request, quoted
from carnet.soap.operations import BY_TRANSACTION

pytestmark = pytest.mark.timeout(3_600)
FAULTS = {
    "full": (errno.ENOSPC, apsw.FullError),
    "input/output error": (errno.EIO, apsw.IOError),
    "too many files": (errno.EMFILE, apsw.CantOpenError),
    "no memory": (errno.ENOMEM, apsw.NoMemError),
}
COME_AGAIN = {"NotAvailable", "OutOfResources", "Busy"}


class Door:
    """One caller at the SOAP door of a recorded room."""

    def __init__(self, room):
        self.room = room
        self.door = SoapDoor(room.platform, room.gate)
        caller = room.stage.callers[MEDECIN_TRAITANT.identifier]
        self.service = ExchangeService("https://localhost", caller, "")
        pem = Path(caller.connection_files[0]).read_bytes()
        self.certificate = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
        self.outcomes = Counter()

    def call(self, transaction, body, parts=(), patient=PAT_TROIS):
        """The envelope and parts of the answer, None when the caller was told to come again. Anything else fails the test."""
        content_type, content = self.service.request(transaction, patient.identifier, body, parts)
        call = Call(BY_TRANSACTION[transaction].service, content_type, content, self.certificate, "127.0.0.1")
        answer = asyncio.run(self.door.handle(call))
        message = mtom.split(answer.content_type, b"".join(answer.chunks), maximum_parts=100)
        envelope = parse(message.root, addressing=False)
        fault = soap_fault(envelope)
        if fault is not None:
            assert (answer.status, fault.code) == (503, "Receiver"), (transaction, answer.status, fault)
            assert answer.retry_after > 0
            self.outcomes["fault"] += 1
            return None
        errors = (
            [] if transaction == "iti18" and query_answer(envelope).errors == () else registry_answer(envelope).errors
        )
        if errors:
            told = {item.code.removeprefix("XDSRegistry").removeprefix("XDSRepository") for item in errors}
            assert told <= COME_AGAIN, (transaction, told)
            self.outcomes["error"] += 1
            return None
        self.outcomes["done"] += 1
        return envelope, message

    def put(self, count=2):
        _patient, made = self.room.submission(count, patient=PAT_TROIS)
        body, parts = provide_and_register_request(made)
        if self.call("iti41", body, parts) is None:
            return None
        self.room.recorder.answered(made.submission_set.unique_id)
        return made

    def find(self):
        slots = [
            ("$XDSDocumentEntryPatientId", [f"'{PAT_TROIS.identifier.cx()}'"]),
            ("$XDSDocumentEntryStatus", [quoted("urn:oasis:names:tc:ebxml-regrep:StatusType:Approved")]),
        ]
        found = self.call("iti18", adhoc_query_request(FIND_DOCUMENTS, ReturnType.OBJECT_REF, slots))
        return found is not None

    def read(self, made):
        """Reads the first document of a submission that was answered; what comes must be its bytes."""
        wanted = DocumentRequest(self.room.platform.settings.repository_unique_id, made.entries[0].unique_id)
        found = self.call("iti43", retrieve_request([wanted]))
        if found is not None:
            (document,) = retrieved_documents(found[0], found[1].parts)
            assert document.content == made.documents[0].content
        return found is not None

    def seal(self):
        try:
            self.room.gate.seal()
        except Exception as failure:  # noqa: BLE001 - the server counts and logs it, and tries again
            self.outcomes[type(failure).__name__] += 1


class FailsOnce:
    """The n-th call from now on fails."""

    def __init__(self, number, fault):
        self.left, self.fault, self.met = number, fault, None

    def __call__(self, step):
        self.left -= 1
        if self.left == 0:
            self.met = step.kind, step.name.rpartition(".")[2]
            number, error = FAULTS[self.fault]
            raise (
                OSError(number, "injected")
                if step.name.startswith("documents") or step.name == "."
                else error("injected")
            )


def session(door, known):
    """What callers do: put in, find, read back, put in again; then the trail is sealed."""
    door.put()
    door.find()
    door.read(known)
    door.put(1)
    door.seal()


def calls_of_a_session(room, door, known):
    count = FailsOnce(10**9, "full")
    room.recorder.fail = count
    session(door, known)
    room.recorder.fail = None
    return 10**9 - count.left


@pytest.fixture
def opened(first_stage, home, seed):
    rooms = []

    def open_it(files=RecordedFiles):
        rooms.append(RecordedRoom(first_stage, home, seed=seed, files=files))
        return rooms[-1], Door(rooms[-1])

    yield open_it
    for room in rooms:
        room.close()


def every_call_fails(room, door, faults, known):
    """Each call of a session fails once, with each of the faults; after each failure all is well again. Which calls were met."""
    number, met = 0, Counter()
    most = calls_of_a_session(room, door, known)
    while number < most + 20:
        number += 1
        for fault in faults(number):
            room.recorder.fail = failure = FailsOnce(number, fault)
            session(door, known)
            room.recorder.fail = None
            if failure.met is not None:
                met[failure.met] += 1
            room.store_clock += LONGEST_PAUSE
            assert door.put(1) is not None, (number, fault, failure.met)
            assert door.find()
            assert door.read(known)
    return met


def what_is_wrong(room, folder):
    room.close()
    files = {
        room.recorder.named(path): path.read_bytes() for path in room.home.rglob("*") if room.recorder.is_kept(path)
    }
    answered = [step.name for step in room.recorder.steps if step.kind == "answer"]
    judge = Judge(folder / "found", room.platform.settings.audit_origin, room.sent)
    return judge.look(files, answered)


def one_of_them(number):
    return [list(FAULTS)[number % len(FAULTS)]]


def test_every_failing_call_is_told_and_leaves_nothing_and_the_service_goes_on(opened, tmp_path, tell, deep):
    room, door = opened()
    room.platform.segments._segment_bytes = 1  # every document begins a file
    room.platform.connection._raw.execute("PRAGMA wal_autocheckpoint=40").fetchall()
    known = door.put(1)
    met = every_call_fails(room, door, deep(one_of_them, lambda _number: list(FAULTS)), known)
    tell(
        failures=sum(met.values()),
        places=len(met),
        met={" ".join(place): n for place, n in met.items()},
        **door.outcomes,
    )
    wrong = what_is_wrong(room, tmp_path)
    assert wrong == frozenset()
    kinds = {"db-wal": ("write", "sync"), "seg": ("create", "write", "sync"), "db": ("write",), "documents": ("names",)}
    assert {(kind, name) for name, each in kinds.items() for kind in each} <= met.keys()
    assert sum(met.values()) > 100
    assert door.outcomes["fault"] + door.outcomes["error"] > 50


class SwallowsASync(RecordedFiles):
    """A broken build: a write that failed is taken for done."""

    def write(self, handle, parts, offset):
        try:
            super().write(handle, parts, offset)
        except OSError:
            return


def test_control_a_failure_that_is_swallowed_is_caught(opened, tmp_path):
    room, door = opened(SwallowsASync)
    known = door.put(1)
    wrong = set()
    try:
        every_call_fails(room, door, one_of_them, known)
    except AssertionError:
        wrong.add("caught")
    assert wrong | what_is_wrong(room, tmp_path)
