import contextlib
import errno
import random
import shutil
from pathlib import Path

import pytest
from sqlalchemy import bindparam, insert

from carnet.database.connection import SqliteConnection
from carnet.database.statements import prepare
from carnet.database.tables import patient

SECTOR = 512


class Disk:
    """A disk in memory that keeps apart what a power cut would leave, and can be cut after any call.

    Per file: `durable` is what was synced; `pending` the writes and cuts since. Names of new files are pending until their directory is
    synced. `states` holds the disk after each changing call. `fail` may be a function (call name, count) that raises OSError.
    """

    def __init__(self):
        self.current = {}
        self.durable = {}
        self.pending = {}
        self.names = set()
        self.handles = {}
        self.states = []
        self.calls = 0
        self.fail = lambda call, count: None
        self._next = 3
        self._record()

    def _record(self):
        self.states.append(
            (dict(self.durable), {name: tuple(ops) for name, ops in self.pending.items()}, frozenset(self.names))
        )

    def _enter(self, call):
        self.calls += 1
        self.fail(call, self.calls)

    def _handle(self, name):
        self._next += 1
        self.handles[self._next] = name
        return self._next

    def make_directory(self, directory):
        pass

    def create(self, path):
        self._enter("create")
        if path.name in self.current:
            raise FileExistsError(errno.EEXIST, "exists")
        self.current[path.name], self.durable[path.name], self.pending[path.name] = b"", b"", []
        self._record()
        return self._handle(path.name)

    def open(self, path):
        self._enter("open")
        if path.name not in self.current:
            raise FileNotFoundError(errno.ENOENT, "missing")
        return self._handle(path.name)

    def write(self, handle, parts, offset):
        data, name = b"".join(parts), self.handles[handle]
        try:
            self._enter("write")
        except OSError:
            self._apply(name, ("write", offset, data[: len(data) // 2]))
            raise
        self._apply(name, ("write", offset, data))

    def truncate(self, handle, length):
        self._enter("truncate")
        self._apply(self.handles[handle], ("truncate", length, b""))

    def _apply(self, name, operation):
        self.current[name] = done(self.current[name], operation)
        self.pending[name].append(operation)
        self._record()

    def read(self, handle, length, offset):
        self._enter("read")
        return bytes(self.current[self.handles[handle]][offset : offset + length])

    def sync(self, handle):
        self._enter("sync")
        name = self.handles[handle]
        self.durable[name], self.pending[name] = self.current[name], []
        self._record()

    def sync_directory(self, directory):
        self._enter("sync_directory")
        self.names = set(self.current)
        self._record()

    def close(self, handle):
        self._enter("close")
        del self.handles[handle]

    def unlink(self, path):
        self._enter("unlink")
        for files in (self.current, self.durable, self.pending):
            files.pop(path.name)
        self.names.discard(path.name)
        self._record()

    def list(self, directory):
        return sorted(self.current)


class NoSync(Disk):
    """Says that it synced."""

    def sync(self, handle):
        self._record()


class NoDirectorySync(Disk):
    """Says that it synced the directory."""

    def sync_directory(self, directory):
        self._record()


class Forgets(Disk):
    """Fails one sync when told, and has then forgotten what waited, as an operating system does: the next sync says that all is well."""

    sync_fails = False

    def sync(self, handle):
        name = self.handles[handle]
        if self.sync_fails:
            self.sync_fails, self.pending[name] = False, []
            raise OSError(errno.EIO, "sync")
        for operation in self.pending[name]:
            self.durable[name] = done(self.durable[name], operation)
        self.pending[name] = []
        self._record()


class SwallowsErrors(Disk):
    """Goes on as if a failed write had been whole."""

    def write(self, handle, parts, offset):
        with contextlib.suppress(OSError):
            super().write(handle, parts, offset)


def done(data, operation):
    kind, offset, new = operation
    if kind == "truncate":
        return data[:offset].ljust(offset, b"\0")
    return data[:offset].ljust(offset, b"\0") + new + data[offset + len(new) :]


def image(state, choose):
    """The disk that is found after a power cut: `choose()` says of each 512 bytes, cut and name whether it had got through."""
    durable, pending, names = state
    disk = Disk()
    for name, data in durable.items():
        if name not in names and not choose():
            continue
        found = data
        for kind, offset, new in pending[name]:
            steps = [(kind, offset, new)] if kind == "truncate" else sectors(offset, new)
            for step in steps:
                if choose():
                    found = done(found, step)
        disk.current[name] = disk.durable[name] = found
        disk.pending[name] = []
        disk.names.add(name)
    return disk


def sectors(offset, new):
    return [("write", offset + start, new[start : start + SECTOR]) for start in range(0, len(new), SECTOR)]


def images(state, random_ones, seed):
    """Nothing got through, everything did, and random parts."""
    yield image(state, lambda: False)
    yield image(state, lambda: True)
    dice = random.Random(seed)
    for _ in range(random_ones):
        yield image(state, lambda: dice.random() < 0.5)


@pytest.fixture
def disks():
    """The simulated disks and their images, by name."""
    return {
        "honest": Disk,
        "no sync": NoSync,
        "no directory sync": NoDirectorySync,
        "swallows": SwallowsErrors,
        "forgets": Forgets,
        "images": images,
    }


@pytest.fixture
def connection(migrated, tmp_path):
    path = Path(shutil.copy(migrated, tmp_path / "carnet.db"))
    opened = SqliteConnection(path)
    add = prepare(
        insert(patient).values(
            {name: bindparam(name) for name in ("patient_key", "pseudonym", "sealed_traits", "updated_at")}
        )
    )
    for key in (1, 2):
        opened.execute(add, {"patient_key": key, "pseudonym": f"person-{key}", "sealed_traits": b"", "updated_at": 0})
    yield opened
    opened.close()
