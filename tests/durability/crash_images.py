"""Opens what a power cut left, with the system's own SQLite and the product's own reading, and says what is wrong with it."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import sqlite3
from collections import Counter
from pathlib import Path

from judgement import digest_of

from carnet.audit.verification import verify
from carnet.crypto.keyring import DevelopmentKeyring
from carnet.database.connection import SqliteConnection
from carnet.errors import CarnetError
from carnet.repository.documents import find
from carnet.repository.segments import SegmentStore


class Judge:
    """Looks at images; one that was seen before, with the same answers given, is not looked at twice.

    `sent` maps a submission set's uniqueId to its documents' SHA-256 (hex) by uniqueId.
    """

    def __init__(self, folder, origin, sent):
        self.folder = Path(folder)
        self.origin = origin
        self.sent = sent
        self.seen = {}
        self.images = 0
        self.found = Counter()
        self.examples = []

    def look(self, files, answered):
        """What is wrong with an image, as a set of words: corrupt, lost, half, trail."""
        self.images += 1
        key = (frozenset((name, hash(data)) for name, data in files.items()), len(answered))
        if key not in self.seen:
            self.seen[key] = self._look(files, answered)
            self.examples += [(word, len(answered)) for word in self.seen[key]][: 10 - len(self.examples)]
        self.found.update(self.seen[key])
        return self.seen[key]

    def _look(self, files, answered):
        home = self.folder / "image"
        shutil.rmtree(home, ignore_errors=True)
        for name, data in files.items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            path.chmod(0o600)
        (home / "documents").mkdir(exist_ok=True)
        try:
            return self._judged(home, answered)
        except (sqlite3.Error, CarnetError):
            return frozenset({"corrupt"})

    def _judged(self, home, answered):
        wrong = set()
        with contextlib.ExitStack() as stack:
            connection = stack.enter_context(contextlib.closing(SqliteConnection(home / "carnet.db")))
            raw = connection._raw
            if raw.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                return frozenset({"corrupt"})
            if raw.execute("PRAGMA foreign_key_check").fetchall():
                wrong.add("corrupt")
            keyring = stack.enter_context(contextlib.closing(DevelopmentKeyring(home / "keys", "test")))
            store = stack.enter_context(contextlib.closing(SegmentStore(home / "documents", "w9")))
            stored = _stored(connection, raw, keyring, store)
            sets = {name for (name,) in raw.execute("SELECT unique_id FROM submission_set")}
            entries = {name for (name,) in raw.execute("SELECT unique_id FROM document_entry")}
            for name, documents in self.sent.items():
                whole = all(one in entries and stored.get(one) == digest for one, digest in documents.items())
                nothing = name not in sets and not entries & documents.keys() and not stored.keys() & documents.keys()
                if not nothing and not (whole and name in sets):
                    wrong.add("half")
                if name in answered and not (whole and name in sets):
                    wrong.add("lost")
            connection.control("BEGIN")
            if not verify(connection, keyring.checkpoint_public_key(), self.origin).intact:
                wrong.add("trail")
            ((lines,),) = raw.execute("SELECT count(*) FROM audit_event").fetchall()
            if lines < len(answered):
                wrong.add("trail")
        return frozenset(wrong)


def _stored(connection, raw, keyring, store):
    """SHA-256 of every document that a row names, or why it cannot be read."""

    class Platform:
        segments = store

    found = {}
    for patient_key, pseudonym in raw.execute("SELECT patient_key, pseudonym FROM patient").fetchall():
        names = raw.execute("SELECT unique_id FROM stored_document WHERE patient_key = ?", (patient_key,)).fetchall()
        if names:
            key = keyring.patient_key(pseudonym)
            places = find(connection, patient_key, [name for (name,) in names])
            found |= {name: digest_of(Platform, key, document) for name, document in places.items()}
    return found


def digests(submission):
    """What `Judge.sent` wants of a submission."""
    contents = {document.entry_id: document.content for document in submission.documents}
    return {entry.unique_id: hashlib.sha256(contents[entry.entry_uuid]).hexdigest() for entry in submission.entries}
