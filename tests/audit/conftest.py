import shutil
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import bindparam, insert

from carnet.audit.event import AuditEvent
from carnet.audit.journal import SealedTree, append, seal
from carnet.audit.verification import verify
from carnet.crypto.envelope import PatientKey
from carnet.database.connection import SqliteConnection
from carnet.database.statements import Statement, prepare
from carnet.database.tables import patient

sys.path.insert(0, str(Path(__file__).parent))

ORIGIN = "carnet.test/trace"
NOW = 1_790_000_000_000_000
PATIENTS = {1: "2790168145", 2: "1551284073", 3: "2440663912"}


class Journal:
    """A migrated database with three patients and everything that the trace needs, in the tests' hands."""

    origin = ORIGIN

    def __init__(self, path):
        self.connection = SqliteConnection(path)
        self.private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
        self.public_key = self.private.public_key().public_bytes_raw()
        self.keys = {None: PatientKey("@audit", 1, b"a" * 32)}
        self.tree = SealedTree()
        self.now = NOW
        add = prepare(
            insert(patient).values(
                {name: bindparam(name) for name in ("patient_key", "pseudonym", "sealed_traits", "updated_at")}
            )
        )
        for key in PATIENTS:
            self.keys[key] = PatientKey(f"person-{key}", 1, bytes([key]) * 32)
            self.connection.execute(
                add, {"patient_key": key, "pseudonym": f"person-{key}", "sealed_traits": b"", "updated_at": 0}
            )

    def event(self, patient_key=1, **values):
        self.now += 1_000_000
        ins = f"{PATIENTS[patient_key]}^^^&1.2.250.1.213.1.4.10&ISO^NH" if patient_key else ""
        defaults = {
            "action": "iti18", "outcome": "done", "at": self.now, "mode": "normal", "requester_id": "899700218896",
            "requester_name": "Camille TESTARD", "requester_role": "G15_10/SM26", "organization_id": "1750000001",
            "software": "Logiciel d'essai 1.0", "address": "192.0.2.7", "certificate": "ab" * 32, "patient": ins,
            "objects": ("1.2.250.1.999.1.2", "1.2.250.1.999.1.1"), "rules": ("care-team",), "matrix_version": "2025-01", "detail": "2 of 2",
        }  # fmt: skip
        return AuditEvent(**(defaults | values))

    def append(self, patient_key=1, **values):
        key = self.keys[patient_key]
        append(self.connection, self.event(patient_key, **values), patient_key=patient_key, key=key)
        return self.connection.execute(Statement("SELECT max(ticket) FROM audit_event"))[0][0]

    def seal(self, limit=1_000, tree="own", sign=None):
        self.connection.control("BEGIN IMMEDIATE")
        try:
            found = seal(
                self.connection, sign or self.private.sign, ORIGIN, self.now, public_key=self.public_key, limit=limit,
                tree=self.tree if tree == "own" else tree,
            )  # fmt: skip
        except BaseException:
            self.connection.control("ROLLBACK")
            raise
        self.connection.control("COMMIT")
        return found

    def fill(self, count=12, batch=5):
        """Lines of three patients and of none, sealed in batches; the last ones stay unsealed when they do not fill a batch."""
        for number in range(1, count + 1):
            self.append((1, 2, None, 1, 3)[number % 5], detail=f"line {number}")
            if number % batch == 0:
                self.seal()

    def verify(self, **options):
        return verify(self.connection, self.public_key, ORIGIN, **options)

    def sql(self, text, **values):
        return self.connection.execute(Statement(text), values)

    def notes(self):
        return [row[0] for row in self.sql("SELECT note FROM audit_checkpoint ORDER BY size")]


@pytest.fixture
def journal(migrated, tmp_path):
    path = tmp_path / "carnet.db"
    shutil.copy(migrated, path)
    opened = Journal(path)
    yield opened
    opened.connection.close()
