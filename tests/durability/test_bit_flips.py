"""T3: one bit of what is at rest changes, in segments, pages of the database, lines and checkpoints of the trail (spec/security.md §3).

Whatever the bit, a caller gets what was stored or a typed error, never something else, and never something masked; what could not be proved
is told in the log. The controls serve without checking.
"""

from __future__ import annotations

import contextlib
import logging
import random
import shutil
import sqlite3
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from carnet.client.feeding import from_cda, mask_update, submission_of
from carnet.clock import HOUR, system_clock
from carnet.config import load
from carnet.database.connection import SqliteConnection
from carnet.demo import documents
from carnet.demo.documents import Draft
from carnet.demo.people import HOSPITAL_DOCTOR, MEDECIN_TRAITANT, NESSI, OTHER_GP, PAT_TROIS
from carnet.document_query import FindDocuments, ReturnType
from carnet.errors import CarnetError, Refused
from carnet.metadata import MASQUE_PS, AvailabilityStatus
from carnet.platform import build
from carnet.record.administration import verify_trace
from carnet.record.gate import Gate
from carnet.record.retrieval import Located, Wanted, read, retrieve
from carnet.record.search import search
from carnet.record.submission import prepare_submission, submit
from carnet.record.visibility import update
from carnet.registry.renditions import RenditionCache
from carnet.repository import frame_reading, frames
from carnet.repository.segments import SegmentStore
from carnet.requester import Authentication, CardClass, Requester
from carnet.soap.ebrim_render import EbrimRenderer

pytestmark = pytest.mark.timeout(3_600)
VIEWERS = (MEDECIN_TRAITANT, HOSPITAL_DOCTOR, OTHER_GP)
PEOPLE = (PAT_TROIS, NESSI)


def caller(who, patient):
    return Requester(
        identifier=who.identifier,
        name=who.name,
        patient=patient.identifier,
        certificate="c" * 64,
        organization_id=who.organization.identifier,
        sector=who.organization.sector,
        authentication=Authentication.DIRECT,
        card=CardClass.PROFESSIONAL,
        profession=who.profession,
        specialty=who.specialty,
    )


class Shelf:
    """A small home with documents, some of them masked; it can be put back as it was, and read with one bit changed."""

    def __init__(self, first_stage, home):
        self.home = home
        self.platform = build(
            replace(load(home, {}), submission_signature_required=False), EbrimRenderer(), worker="w0"
        )
        self.names = {patient.identifier: [] for patient in PEOPLE}
        self._put_in(first_stage)
        self.platform.segments.close()
        self.platform.connection.close()
        self.base = self.platform
        self.files = {
            path: path.read_bytes() for path in [home / "carnet.db", *sorted((home / "documents").glob("*.seg"))]
        }
        self.truth = self.seen()

    def _put_in(self, first_stage):
        gate = Gate(self.platform)
        sender = first_stage.callers[MEDECIN_TRAITANT.identifier]
        for number, patient in enumerate(PEOPLE * 4):
            draft = Draft(system_clock() - HOUR, patient=patient, title=f"Lettre {number}")
            sent = from_cda(documents.level_1(draft, media_type="text/plain"))
            requester = caller(MEDECIN_TRAITANT, patient)
            made = submission_of([sent], sender, system_clock(), signed=False)
            (entry,) = gate.perform_now(
                requester, submit(prepare_submission(self.platform, requester, made), requester)
            ).entries
            self.names[patient.identifier].append(entry.unique_id)
            if number % 3 == 0:
                gate.perform_now(requester, update(mask_update(entry, [MASQUE_PS], sender, system_clock())))
        while gate.seal():
            pass

    def put_back(self):
        for path, data in self.files.items():
            path.write_bytes(data)
        for log in ("carnet.db-wal", "carnet.db-shm"):
            (self.home / log).unlink(missing_ok=True)

    def opened(self):
        """A gate that remembers nothing."""
        return Gate(
            replace(
                self.base,
                connection=SqliteConnection(self.home / "carnet.db"),
                segments=SegmentStore(self.home / "documents", "w1"),
                renditions=RenditionCache(1 << 20),
            )
        )

    def seen(self):
        """What each viewer is given of each person: of the search its objects, of each document its bytes, or the error's name."""
        gate, found = self.opened(), {}
        try:
            for who in VIEWERS:
                for patient in PEOPLE:
                    self._see(gate, who, patient, found)
        finally:
            gate.platform.segments.close()
            gate.platform.connection.close()
        return found

    def _see(self, gate, who, patient, found):
        requester, about = caller(who, patient), (who.family_name, patient.traits.birth_name)
        asked = search(FindDocuments((patient.identifier,), (AvailabilityStatus.APPROVED,)), ReturnType.LEAF_CLASS)
        found[*about, "search"] = outcome(lambda: frozenset(gate.perform_now(requester, asked).objects))
        names = self.names[patient.identifier]
        wanted = retrieve(tuple(Wanted(gate.platform.settings.repository_unique_id, name) for name in names))
        answers = outcome(lambda: gate.perform_now(requester, wanted))
        for place, name in enumerate(names):
            answer = answers if not isinstance(answers, tuple) else answers[place]
            if isinstance(answer, Located):
                answer = outcome(lambda located=answer: read(gate.platform, located))
            found[*about, name] = type(answer).__name__ if isinstance(answer, CarnetError) else answer


def outcome(call):
    """The result, or an error by name: `!` marks one that says that something is wrong here."""
    try:
        return call()
    except Refused as error:
        return type(error).__name__
    except Exception as error:  # noqa: BLE001 - the door answers any with a fault, and the log tells it
        return f"!{type(error).__name__}" if isinstance(error, CarnetError) else f"!untyped {type(error).__name__}"


@pytest.fixture
def shelf(first_stage):
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        home = shutil.copytree(first_stage.home, Path(folder) / "home", ignore=shutil.ignore_patterns("callers"))
        made = Shelf(first_stage, home)
        yield made
        made.base.keyring.close()


def flip(path, place):
    """Changes one bit: `place` counts bits."""
    with path.open("r+b") as file:
        file.seek(place // 8)
        (byte,) = file.read(1)
        file.seek(place // 8)
        file.write(bytes([byte ^ (1 << place % 8)]))


def difference(truth, found):
    """What is wrong with what was seen: answers that are neither the truth nor a told failure."""
    wrong = []
    for about, right in truth.items():
        got = found[about]
        if got == right or (isinstance(got, str) and got.startswith("!")):
            continue
        wrong.append((*about, kind_of(right, got)))
    return wrong


def kind_of(right, got):
    """Less than the truth, more than it, or something else in its place."""
    if isinstance(got, frozenset) and isinstance(right, frozenset):
        return "more" if got - right else "less"
    if isinstance(got, bytes):
        return "other bytes" if isinstance(right, bytes) else "more"
    return "less" if isinstance(got, str) else "more"


def places(shelf, dice, count):
    """Bits of segments, of pages of the database, and of the rows that decide who sees what."""
    segments = [path for path in shelf.files if path.suffix == ".seg"]
    database = shelf.home / "carnet.db"
    data = shelf.files[database]
    telling = [
        place
        for word in (b"MASQUE_PS", b"urn:oasis:names:tc:ebxml-regrep:StatusType:Approved")
        for place in every(data, word)
    ]
    for number in range(count):
        if number % 3 == 0:
            path = dice.choice(segments)
            yield "segment", path, dice.randrange(8 * len(shelf.files[path]))
        elif number % 3 == 1:
            yield "page", database, dice.randrange(8 * len(data))
        else:
            yield "telling cell", database, 8 * (dice.choice(telling) + dice.randrange(9)) + dice.randrange(8)


def every(data, word):
    start = data.find(word)
    while start >= 0:
        yield start
        start = data.find(word, start + 1)


def try_it(shelf, path, place, caplog):
    """What a flipped bit leads to: what it was, and the first thing that was served wrong and found by no check of the whole database."""
    shelf.put_back()
    flip(path, place)
    caplog.clear()
    try:
        found = shelf.seen()
    except Exception as error:  # noqa: BLE001 - a connection or a first read that fails serves nobody
        told = str(error)
        return f"does not open: {told}" if "locked" in told or "unable to open" in told else "does not open", None
    bad = difference(shelf.truth, found)
    if any(isinstance(got, str) and got.startswith("!") for got in found.values()):
        assert caplog.records, "what could not be proved must be told in the log"
        untyped = [got for got in found.values() if isinstance(got, str) and got.startswith("!untyped")]
        if untyped:
            return untyped[0], next(iter(bad), None)
        return "refused", next(iter(bad), None)
    return ("served wrong" if bad else "no difference"), next(iter(bad), None)


def found_by_the_scrub(shelf, path, place):
    """Whether `carnet verify-database` finds the flipped bit."""
    shelf.put_back()
    flip(path, place)
    with contextlib.closing(SqliteConnection(shelf.home / "carnet.db")) as connection:
        return bool(connection.find_damage())


def flip_many(shelf, dice, count, caplog):
    caplog.set_level(logging.ERROR)
    outcomes, wrong, left_out = Counter(), [], Counter()
    for kind, path, place in places(shelf, dice, count):
        outcome, bad = try_it(shelf, path, place, caplog)
        if bad is not None and bad[-1] == "less" and kind != "segment":
            left_out["found by verify-database" if found_by_the_scrub(shelf, path, place) else "not found"] += 1
            outcome = "left out"
        elif bad is not None:
            wrong.append((kind, *bad))
        outcomes[f"{kind}: {outcome}"] += 1
    shelf.put_back()
    return outcomes, wrong, left_out


def test_a_flipped_bit_is_never_served(shelf, seed, tell, deep, caplog):
    """SQLite's pages carry no checksum. A bit of an index may hide a document from a search: that much is told by the scrub alone."""
    flips = deep(1_000, 20_000)
    outcomes, wrong, left_out = flip_many(shelf, random.Random(seed), flips, caplog)
    tell(flips=flips, outcomes=dict(sorted(outcomes.items())), wrong=len(wrong), left_out=dict(left_out))
    assert wrong == []
    assert not [what for what in outcomes if "!untyped" in what], "damage is told by its name"
    assert sum(outcomes.values()) == flips
    assert outcomes["segment: refused"] > flips / 10
    assert not [what for what in outcomes if what.startswith(("segment: left out", "segment: does not open"))]
    assert not [what for what in outcomes if "locked" in what or "unable to open" in what]


def test_control_a_store_that_does_not_check_seals_is_caught(shelf, seed, monkeypatch, caplog):
    class NoTag:
        def __init__(self, key):
            self.key = key

        def decrypt(self, nonce, body, _bound):
            cipher = Cipher(algorithms.AES(self.key), modes.CTR(nonce + bytes([0, 0, 0, 2])))
            return cipher.decryptor().update(bytes(body)[:-16])

    monkeypatch.setattr(frames, "AESGCM", NoTag)
    monkeypatch.setattr(frame_reading.hmac, "compare_digest", lambda *_: True)
    _outcomes, wrong, _left_out = flip_many(shelf, random.Random(seed), 90, caplog)
    assert ("segment", "other bytes") in {(one[0], one[-1]) for one in wrong}


def test_a_flipped_bit_in_the_trail_is_found(shelf, seed, tell, deep):
    """Lines and checkpoints: `verify-audit` finds each, wherever in the file the bit stands."""
    dice, flips, found = random.Random(seed), deep(150, 5_000), Counter()
    database = shelf.home / "carnet.db"
    data = shelf.files[database]
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as raw:
        parts = [("checkpoint", note.encode()) for (note,) in raw.execute("SELECT note FROM audit_checkpoint")]
        parts += [("line", entry) for (entry,) in raw.execute("SELECT entry FROM audit_event ORDER BY ticket")]
    # What stands in the file once: of two, one is left over from before a row was written anew, and nobody reads it.
    standing = [(kind, data.find(part), len(part)) for kind, part in parts if data.count(part) == 1]
    for _ in range(flips):
        kind, start, length = dice.choice(standing)
        shelf.put_back()
        flip(database, 8 * (start + dice.randrange(length)) + dice.randrange(8))
        gate = shelf.opened()
        try:
            whole = outcome(lambda gate=gate: verify_trace(gate).intact)
        finally:
            gate.platform.segments.close()
            gate.platform.connection.close()
        found[kind, whole is True] += 1
    shelf.put_back()
    tell(flips=flips, found={f"{kind} {'missed' if missed else 'found'}": n for (kind, missed), n in found.items()})
    assert not [key for key in found if key[1]]
    assert {kind for kind, _ in found} == {"checkpoint", "line"}
