"""T4: the real server on a disk that fills up, and has room again (spec/security.md §3). The disk is a tmpfs: only root can mount one."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time

import pytest
from durable_homes import DATABASES, Server
from history_client import COME_BACK, History, made, what_it_holds
from judgement import judge

from carnet.client.exchange_service import CallFailed, ExchangeService
from carnet.demo.journey import FIND_DOCUMENTS
from carnet.demo.people import MEDECIN_TRAITANT
from carnet.soap.document_set import DocumentRequest
from carnet.soap.messages import quoted

pytestmark = pytest.mark.timeout(1_800)
SIZE = 48 * 1024 * 1024
RESERVED = 8 * 1024 * 1024
SETTINGS = f"submission_signature_required = false\nreserved_bytes = {RESERVED}\n"


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 48 MB."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip(
            "a disk that fills up is a tmpfs of 48 MB, which only root may mount; the n-th call that fails is tried everywhere (test_failing_calls)"
        )
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", place], check=False, capture_output=True
    )
    if done.returncode:
        pytest.skip(
            f"this kernel or container refuses the tmpfs of 48 MB that is to fill up: {done.stderr.decode().strip()}"
        )
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture(params=DATABASES)
def small_home(request, first_stage, small_disk):
    home = DATABASES[request.param](first_stage, small_disk, lambda: request.getfixturevalue("copies"), SETTINGS)
    yield home
    home.close()


class Caller:
    """One client and its history."""

    def __init__(self, home, service, path, dice):
        self.home, self.service, self.history, self.dice = home, service, History(path), dice
        self.caller = home.stage.callers[MEDECIN_TRAITANT.identifier]
        self.number = 0
        self.faults = []

    def put(self):
        """Submits something new: the submission when it was taken, None when the caller was told to come again."""
        self.number += 1
        submission = made(self.caller, self.dice)
        self.history.note("sent", self.number, **what_it_holds(submission))
        try:
            answer = self.service.submit(submission)
        except CallFailed as error:
            self.faults.append(error.message)
            self.history.note("unanswered", self.number)
            return None
        if answer.errors:
            assert {item.code for item in answer.errors} <= COME_BACK, answer.errors
            self.history.note("unanswered", self.number)
            return None
        self.history.note("acknowledged", self.number)
        return submission

    def reads(self, submission):
        """Whether a search and a retrieval are served, with the right bytes."""
        patient = submission.submission_set.patient_id
        slots = [
            ("$XDSDocumentEntryPatientId", [f"'{patient.cx()}'"]),
            ("$XDSDocumentEntryStatus", [quoted("urn:oasis:names:tc:ebxml-regrep:StatusType:Approved")]),
        ]
        wanted = DocumentRequest(self.home.stage.settings.repository_unique_id, submission.entries[0].unique_id)
        found = self.service.search(patient, FIND_DOCUMENTS, slots)
        answer, documents = self.service.retrieve(patient, [wanted])
        if found.errors or answer.errors:
            assert {item.code for item in (*found.errors, *answer.errors)} <= COME_BACK
            return False
        assert [one.content for one in documents] == [submission.documents[0].content]
        return True


def fill(place, leave):
    """Takes all the room of a disk but so many bytes."""
    found = os.statvfs(place)
    with (place / "filler").open("ab", buffering=0) as out, contextlib.suppress(OSError):
        left = found.f_bavail * found.f_frsize - leave
        while left > 0:
            left -= out.write(bytes(min(left, 1 << 20)))


def make_room(place):
    (place / "filler").unlink()


def served_again(caller, within=60):
    """Seconds until a submission is taken."""
    began = time.monotonic()
    while time.monotonic() < began + within:
        if caller.put() is not None:
            return time.monotonic() - began
        time.sleep(0.2)
    raise AssertionError("the service did not come back by itself")


def test_a_disk_that_fills_up_refuses_documents_serves_reading_and_recovers_by_itself(
    small_home, small_disk, tmp_path, dice, tell
):
    server = Server(small_home)
    pid = server.process.pid
    address, authorities = small_home.stage.address, str(small_home.stage.authorities)
    with ExchangeService(address, small_home.stage.callers[MEDECIN_TRAITANT.identifier], authorities) as service:
        caller = Caller(small_home, service, tmp_path / "history.jsonl", dice)
        known = caller.put()
        assert known is not None, caller.faults
        assert caller.reads(known)
        fill(small_disk, RESERVED - (1 << 20))
        refused = [caller.put() for _ in range(10)]
        assert refused == [None] * 10
        assert all(caller.reads(known) for _ in range(20)), "what is reserved is for the trace of reading"
        make_room(small_disk)
        first = served_again(caller)
        fill(small_disk, 0)
        outcomes = [caller.put() is not None or caller.reads(known) for _ in range(60)]
        if small_home.database_beside_documents:
            assert False in outcomes, "the disk must have been full to the last byte"
        make_room(small_disk)
        second = served_again(caller)
        assert caller.reads(known)
    assert server.process.pid == pid
    assert server.process.poll() is None
    server.stop()
    caller.history.close()
    findings, counts = judge(small_home, tmp_path / "history.jsonl")
    tell(
        back_after=[round(first, 2), round(second, 2)],
        refused_when_full=outcomes.count(False),
        **counts,
        **findings.all(),
    )
    assert findings.all() == {}
    assert all(one.startswith("Receiver") for one in caller.faults), caller.faults
