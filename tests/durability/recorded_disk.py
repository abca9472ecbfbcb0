"""Every write and sync of a home, in order, as its database and its document store make them; and the disks that a power cut leaves.

What is real: the gate, its group commit, the acts, the segment store, `SqliteConnection` with its own statements and pragmas, and, when an
image is opened again, the system's SQLite. What is a double: while recording, SQLite is the one that APSW brings (a VFS written in Python
cannot be given to the standard library's), reached through the same calls. Loaded by the tests.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import apsw

from carnet.repository.file_system import OperatingSystem

SECTOR = 512
_NUMBERS = itertools.count()


class Step(NamedTuple):
    """One thing that happened. `kind` is write, truncate, sync, create, unlink, names (a directory was synced) or answer."""

    kind: str
    name: str
    offset: int = 0
    data: bytes = b""


@dataclass
class Recorder:
    """The steps since a moment at which all that stands under `home` was durable. `fail` may raise at a step, before it is made."""

    home: Path
    before: dict = field(default_factory=dict)
    steps: list = field(default_factory=list)
    fail: object = None

    def __post_init__(self):
        folders = ("", "keys", "documents")
        paths = [path for folder in folders for path in (self.home / folder).glob("*") if path.is_file()]
        self.before = {self.named(path): path.read_bytes() for path in paths if self.is_kept(path)}

    def named(self, path):
        return str(Path(path).relative_to(self.home))

    @staticmethod
    def is_kept(path):
        """The index of the write-ahead log is memory: it is made again from the log."""
        return Path(path).suffix in {".db", ".db-wal", ".db-journal", ".seg", ".key"} or path.name == "tombstones"

    def note(self, kind, path, offset=0, data=b""):
        step = Step(kind, self.named(path), offset, bytes(data))
        if self.fail is not None:
            self.fail(step)
        self.steps.append(step)

    def answered(self, name):
        self.steps.append(Step("answer", name))


class RecordedFiles(OperatingSystem):
    """The file system of the segment store."""

    def __init__(self, recorder):
        self.recorder = recorder
        self.paths = {}

    def create(self, path):
        self.recorder.note("create", path)
        handle = super().create(path)
        self.paths[handle] = path
        return handle

    def open(self, path):
        self.recorder.note("open", path)
        return super().open(path)

    def write(self, handle, parts, offset):
        data = b"".join(parts)
        self.recorder.note("write", self.paths[handle], offset, data)
        super().write(handle, [data], offset)

    def read(self, handle, length, offset):
        self.recorder.note("read", self.recorder.home)
        return super().read(handle, length, offset)

    def truncate(self, handle, length):
        self.recorder.note("truncate", self.paths[handle], length)
        super().truncate(handle, length)

    def sync(self, handle):
        self.recorder.note("sync", self.paths[handle])

    def sync_directory(self, directory):
        self.recorder.note("names", directory)

    def unlink(self, path):
        self.recorder.note("unlink", path)
        super().unlink(path)


class _Vfs(apsw.VFS):
    def __init__(self, recorder):
        self.name = f"recorded-{os.getpid()}-{next(_NUMBERS)}"
        self.recorder = recorder
        super().__init__(self.name, "")

    def xOpen(self, name, flags):  # noqa: N802 - SQLite's names
        return _File(self.recorder, name, flags)

    def xDelete(self, name, sync_directory):  # noqa: N802
        self.recorder.note("unlink", name)
        return super().xDelete(name, sync_directory)


class _File(apsw.VFSFile):
    def __init__(self, recorder, name, flags):
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self.recorder = recorder
        self.path = Path(path) if path and recorder.is_kept(Path(path)) else None
        if self.path is not None and not self.path.exists():
            recorder.note("create", self.path)
        super().__init__("", name, flags)

    def _note(self, kind, *about):
        if self.path is not None:
            self.recorder.note(kind, self.path, *about)

    def xWrite(self, data, offset):  # noqa: N802
        self._note("write", offset, data)
        super().xWrite(data, offset)

    def xTruncate(self, length):  # noqa: N802
        self._note("truncate", length)
        super().xTruncate(length)

    def xRead(self, amount, offset):  # noqa: N802
        if self.path is not None and self.recorder.fail is not None:
            self.recorder.fail(Step("read", self.recorder.named(self.path)))
        return super().xRead(amount, offset)

    def xSync(self, flags):  # noqa: N802
        # SQLite's own unix layer syncs the directory with the first sync of a log that it made.
        self._note("sync")


class _Raw:
    """What `SqliteConnection` and the store of keys ask of the driver. `instead` replaces settings: a broken build."""

    def __init__(self, path, vfs, instead):
        self._database = apsw.Connection(str(path), vfs=vfs.name)
        self._vfs = vfs
        self._instead = instead

    def execute(self, sql, values=()):
        if self._instead and sql == "PRAGMA synchronous":
            sql = "SELECT 2"
        return self._run(self._database.execute, self._instead.get(sql, sql), values)

    def executemany(self, sql, rows):
        return self._run(self._database.executemany, sql, rows)

    @staticmethod
    def _run(call, *arguments):
        try:
            return call(*arguments)
        except apsw.Error as error:
            kind = sqlite3.IntegrityError if isinstance(error, apsw.ConstraintError) else sqlite3.OperationalError
            told = kind(str(error))
            told.sqlite_errorcode = _code(error)
            raise told from error

    @property
    def in_transaction(self):
        return self._database.in_transaction

    def close(self):
        self._database.close()


def _code(error):
    """SQLite's number of an error; one that a test raised in the file system has only its class."""
    known = getattr(error, "extendedresult", 0) & 0xFF
    return known or next(number for number in range(1, 29) if type(apsw.exceptionfor(number)) is type(error))


class RecordedSqlite:
    """Stands for the module sqlite3 in a module of Carnet: `connect` opens a recorded database."""

    def __init__(self, recorder, **instead):
        self._vfs = _Vfs(recorder)
        self._instead = {"PRAGMA synchronous=FULL": f"PRAGMA synchronous={instead['synchronous']}"} if instead else {}

    def __getattr__(self, name):
        return getattr(sqlite3, name)

    def connect(self, path, **_options):
        return _Raw(path, self._vfs, self._instead)


# --- what a power cut leaves ---------------------------------------------------------------------------------------


class Disk:
    """Follows the steps one by one: what is durable of each file, and what is on its way."""

    def __init__(self, before):
        self.durable = {name: bytearray(data) for name, data in before.items()}
        self.pending = {name: [] for name in before}
        self.named = set(before)
        self.answered = []

    def follow(self, step):
        kind, name = step.kind, step.name
        if kind == "create":
            self.durable[name], self.pending[name] = bytearray(), []
            self.named.discard(name)
        elif kind in {"write", "truncate"}:
            self.pending[name].append(step)
        elif kind == "sync":
            for one in self.pending[name]:
                _apply(self.durable[name], one.kind, one.offset, one.data)
            self.pending[name] = []
            if not name.endswith(".seg"):
                self.named.add(name)
        elif kind == "names":
            self.named |= {one for one in self.durable if one.startswith(f"{name}/")}
        elif kind == "unlink":
            for files in (self.durable, self.pending):
                files.pop(name, None)
        elif kind == "answer":
            self.answered.append(name)

    def image(self, choose):
        """The files that are found: `choose()` says of each name, cut and 512 bytes on the way whether it got through."""
        files = {}
        for name, data in self.durable.items():
            if name not in self.named and not choose():
                continue
            pending = self.pending[name]
            found = bytearray(data) if pending else data
            for step in pending:
                if step.kind == "truncate":
                    if choose():
                        _apply(found, *step[:1], *step[2:])
                    continue
                for start in range(0, len(step.data), SECTOR):
                    if choose():
                        _apply(found, "write", step.offset + start, step.data[start : start + SECTOR])
            files[name] = bytes(found)
        return files


def _apply(found, kind, offset, data):
    if kind == "truncate":
        del found[offset:]
        found.extend(bytes(offset - len(found)))
        return
    if len(found) < offset:
        found.extend(bytes(offset - len(found)))
    found[offset : offset + len(data)] = data
