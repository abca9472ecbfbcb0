"""An object store in memory, for tests that need no network."""

from __future__ import annotations

from carnet.repository.object_store import Absent


class Objects(dict):
    """ObjectStore in memory."""

    def put(self, name, content):
        self[name] = bytes(content)

    def put_pieces(self, name, pieces):
        self[name] = b"".join(pieces)

    def read(self, name, offset, length):
        part = self.get(name, b"")[offset : offset + length]
        if len(part) != length:
            raise Absent(name)
        return part

    def size(self, name):
        if name not in self:
            raise Absent(name)
        return len(self[name])

    def names(self, folder):
        return iter([name for name in self if name.startswith(folder + "/")])

    def first_from(self, folder, name):
        below = sorted(one.removeprefix(folder + "/") for one in self if one.startswith(folder + "/"))
        return next(((one, len(self[f"{folder}/{one}"])) for one in below if one >= name), None)

    def remove(self, names):
        for name in names:
            self.pop(name, None)
