"""A real gate on a recorded disk, and somebody who puts documents in. Loaded by the tests."""

from __future__ import annotations

import asyncio
import random
import sys
from dataclasses import replace

import pytest
from crash_images import digests
from recorded_disk import RecordedFiles, RecordedSqlite, Recorder

from carnet.client.feeding import from_cda, submission_of
from carnet.clock import HOUR, system_clock
from carnet.config import load
from carnet.crypto.key_store import KeyStore
from carnet.database.connection import SqliteConnection
from carnet.demo import documents
from carnet.demo.documents import Draft
from carnet.demo.people import MEDECIN_TRAITANT, PATIENTS
from carnet.document_query import FindDocuments, ReturnType
from carnet.errors import DuplicateIdentifier
from carnet.metadata import AvailabilityStatus
from carnet.platform import build
from carnet.record.gate import Gate
from carnet.record.search import search
from carnet.record.submission import prepare_submission, submit
from carnet.repository.segments import SegmentStore
from carnet.requester import Authentication, CardClass, Requester
from carnet.soap.ebrim_render import EbrimRenderer

CHECKPOINT_PAGES = 120
"""The log is emptied into the database after so many pages, not 1,000: so that short histories have checkpoints."""
SEGMENT_BYTES = 40_000


class RecordedRoom:
    """One exchange whose every write and sync is recorded from its opening on. `synchronous` other than None is a broken build."""

    def __init__(self, first_stage, home, *, seed, gate=Gate, synchronous=None, files=RecordedFiles):
        self.stage, self.home, self.dice = first_stage, home, random.Random(seed)
        self.recorder = Recorder(home)
        self.sent = {}
        changed = {} if synchronous is None else {"synchronous": synchronous}
        double = RecordedSqlite(self.recorder, **changed)
        self._patch = pytest.MonkeyPatch()
        for module in (SqliteConnection.__module__, KeyStore.__module__):
            self._patch.setattr(sys.modules[module], "sqlite3", double)
        settings = replace(load(home, {}), submission_signature_required=False)
        platform = build(settings, EbrimRenderer())
        platform.segments.close()
        self.store_clock = system_clock()
        disk = files(self.recorder)
        store = SegmentStore(home / "documents", "w0", SEGMENT_BYTES, file_system=disk, clock=lambda: self.store_clock)
        self.platform = replace(platform, segments=store)
        self.platform.connection._raw.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}").fetchall()
        self.gate = gate(self.platform)

    def caller(self, patient):
        return Requester(
            identifier=MEDECIN_TRAITANT.identifier,
            name=MEDECIN_TRAITANT.name,
            patient=patient.identifier,
            certificate="c" * 64,
            organization_id=MEDECIN_TRAITANT.organization.identifier,
            sector=MEDECIN_TRAITANT.organization.sector,
            authentication=Authentication.DIRECT,
            card=CardClass.PROFESSIONAL,
            profession=MEDECIN_TRAITANT.profession,
            specialty=MEDECIN_TRAITANT.specialty,
        )

    def submission(self, count, patient=None):
        """A submission of so many documents of one patient, remembered as sent."""
        patient = patient or self.dice.choice(PATIENTS)
        created, sent = system_clock() - HOUR, []
        for number in range(1, count + 1):
            draft = Draft(created, patient=patient, title=f"Essai {self.dice.random()}")
            size = self.dice.choice((0, 0, 6_000))
            sent.append(from_cda(documents.level_1(draft, media_type="text/plain", size=size), number=number))
        made = submission_of(sent, self.stage.callers[MEDECIN_TRAITANT.identifier], system_clock(), signed=False)
        self.sent[made.submission_set.unique_id] = digests(made)
        return patient, made

    async def put(self, count, *, fails=False):
        """Puts documents in; `fails` is an act that writes everything and fails at its end. Notes the answer, returns the error."""
        patient, made = self.submission(count)
        requester = self.caller(patient)
        act = submit(prepare_submission(self.platform, requester, made), requester)
        if fails:
            act = failing(act)
        try:
            await self.gate.perform(requester, act)
        except Exception as error:  # noqa: BLE001 - the test judges
            return error
        self.recorder.answered(made.submission_set.unique_id)
        return None

    async def find(self):
        """A search, which writes its line of the trail."""
        patient = self.dice.choice(PATIENTS)
        asked = FindDocuments((patient.identifier,), (AvailabilityStatus.APPROVED,))
        await self.gate.perform(self.caller(patient), search(asked, ReturnType.OBJECT_REF))

    def rounds(self, count):
        """So many group commits of one to five acts, some of them failing, some searches; the trail is sealed now and then."""

        async def one():
            acts = [
                self.put(self.dice.randint(1, 3), fails=self.dice.random() < 0.1)
                for _ in range(self.dice.randint(1, 5))
            ]
            await asyncio.gather(*acts, *([self.find()] if self.dice.random() < 0.3 else []))

        for _ in range(count):
            asyncio.run(one())
            if self.dice.random() < 0.2:
                self.gate.seal()

    def close(self):
        """Ends the recording, and gives Carnet the system's SQLite back; steps of the closing are not kept."""
        if self._patch is not None:
            steps = len(self.recorder.steps)
            self.recorder.fail = None
            self.platform.close()
            self.platform.keyring.close()
            del self.recorder.steps[steps:]
            self._patch.undo()
            self._patch = None


def failing(act):
    def run(scope):
        act.run(scope)
        raise DuplicateIdentifier("an act that fails at its end")

    return replace(act, run=run)
