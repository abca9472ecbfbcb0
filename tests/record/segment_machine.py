"""One machine with its segments and its object store, which the power cut and the store's failures may meet at every step."""

from __future__ import annotations

import random
from dataclasses import replace

from carnet.config import load
from carnet.errors import CarnetError, OutOfResources
from carnet.platform import build
from carnet.record.gate import Gate
from carnet.record.segment_keeping import SegmentKeeper
from carnet.repository.document_store import open_places
from carnet.repository.file_system import OperatingSystem
from carnet.repository.object_store import Absent
from carnet.repository.segment_states import find_state
from carnet.repository.segments import prepare
from carnet.soap.ebrim_render import EbrimRenderer


class Killed(BaseException):
    """The process ended here."""


class Fate:
    """Counts the calls that change or read something outside, and ends the process at one of them: before it, or after it was done."""

    def __init__(self):
        self.at, self.count, self.kinds = None, 0, []

    def around(self, kind, work):
        self.count += 1
        self.kinds.append(kind)
        if self.at == (self.count, "before"):
            raise Killed(kind)
        result = work()
        if self.at == (self.count, "after"):
            raise Killed(kind)
        return result

    def set(self, at=None):
        self.at, self.count, self.kinds = at, 0, []


class Shelf:
    """ObjectStore in memory. `spoil` may change what a put keeps (None: nothing), although it is answered as done."""

    def __init__(self, fate):
        self.objects, self.fate, self.away = {}, fate, False
        self.spoil = lambda content: content

    def _do(self, kind, work):
        if self.away:
            raise OutOfResources("away")
        return self.fate.around(kind, work)

    def _keep(self, name, content):
        kept = self.spoil(content)
        if kept is not None:
            self.objects[name] = kept

    def put(self, name, content):
        self._do("put", lambda: self._keep(name, content))

    def put_pieces(self, name, pieces):
        content = b"".join(pieces)
        self._do("put", lambda: self._keep(name, content))

    def read(self, name, offset, length):
        part = self._do("get", lambda: self.objects.get(name, b"")[offset : offset + length])
        if len(part) != length:
            raise Absent(name)
        return part

    def size(self, name):
        found = self._do("head", lambda: self.objects.get(name))
        if found is None:
            raise Absent(name)
        return len(found)

    def first_from(self, folder, name):
        below = sorted(key.removeprefix(folder + "/") for key in self.objects if key.startswith(folder + "/"))
        return self._do(
            "list", lambda: next(((n, len(self.objects[f"{folder}/{n}"])) for n in below if n >= name), None)
        )

    def names(self, folder):
        return iter(self._do("list", lambda: [key for key in self.objects if key.startswith(folder + "/")]))

    def remove(self, names):
        self._do("delete", lambda: [self.objects.pop(name, None) for name in names])


class FatefulFiles(OperatingSystem):
    def __init__(self, fate):
        self.fate = fate

    def read(self, handle, length, offset):
        return self.fate.around("read", lambda: super(FatefulFiles, self).read(handle, length, offset))

    def sync(self, handle):
        return self.fate.around("sync", lambda: super(FatefulFiles, self).sync(handle))

    def unlink(self, path):
        return self.fate.around("unlink", lambda: super(FatefulFiles, self).unlink(path))


class Machine:
    """One machine over a home, with a store in memory."""

    def __init__(self, home, **settings):
        self.fate = Fate()
        self.shelf = Shelf(self.fate)
        self.dice = random.Random(3)
        chosen = {"segment_bytes": 20_000, "documents_local_bytes": 0, "documents_cache_bytes": 0, **settings}
        self.platform = build(load(home, {}), EbrimRenderer())
        self.platform.segments.close()
        self.settings = replace(self.platform.settings, **chosen)
        self.opened = []
        self.restart()

    def restart(self):
        """As a process that begins: nothing in memory is left."""
        places = open_places(self.settings, "w0", self.platform.clock, store=self.shelf)
        self.opened.append(places.segments)
        files = replace(places.files, files=FatefulFiles(self.fate))
        platform = replace(self.platform, settings=self.settings, segments=places.segments, segment_files=files)
        self.gate = Gate(platform)
        self.keeper = Kept(self.gate, self.fate)

    def write(self, count=3):
        """Documents in a segment that is then closed, as by the end of the process that wrote it."""
        store = open_places(self.settings, "w1", self.platform.clock, store=self.shelf).segments
        documents = {}
        for _ in range(count):
            name, content, key = f"1.2.{self.dice.random()}", self.dice.randbytes(1_500), self.dice.randbytes(32)
            ready = prepare(content)
            documents[name] = (store.append(ready, key, name), key, ready, content)
        store.sync()
        store.close()
        return documents

    def lost(self, documents):
        """What cannot be read by a process that starts now."""
        fate, self.fate.at = self.fate.at, None
        store = open_places(self.settings, "w2", self.platform.clock, store=self.shelf).segments
        missing = []
        for name, (place, key, ready, content) in documents.items():
            try:
                assert store.read(place, key, name, size=ready.size, sha256=ready.sha256) == content
            except CarnetError:
                missing.append(name)
        store.close()
        self.fate.at = fate
        return missing

    def state(self, documents):
        (segment,) = {place.segment for place, *_ in documents.values()}
        return self.gate.read(lambda connection: find_state(connection, segment))

    def is_here(self, documents):
        return {place.segment for place, *_ in documents.values()} <= set(self.gate.platform.segment_files.names())

    def close(self):
        for store in self.opened:
            store.close()
        self.platform.close()


class Kept(SegmentKeeper):
    """A keeper that may be ended around each note."""

    __slots__ = ("fate",)

    def __init__(self, gate, fate):
        super().__init__(gate)
        self.fate = fate

    def note(self, done):
        self.fate.around("note", lambda: super(Kept, self).note(done))
