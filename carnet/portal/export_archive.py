"""The archive of a whole record, written while it is sent: one document in memory at a time, each file's SHA-256 in a list at the end."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from carnet.clock import to_datetime

MANIFEST = "sha256.txt"
BUNDLE = "fhir/bundle.json"
_SMALL = 64 * 1024
"""Bytes from which a file is not compressed: most are compressed or base64 already, and the loop has others to serve."""


class _Sink:
    """What a ZipFile writes to: it can neither seek nor tell, so that what was taken is gone."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._chunks.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def take(self) -> bytes:
        taken = b"".join(self._chunks)
        self._chunks.clear()
        return taken


@dataclass(slots=True)
class Archive:
    """A zip that is being sent. `at` (microseconds UTC) is the time that its files bear."""

    at: int
    _sink: _Sink = field(default_factory=_Sink)
    _zip: zipfile.ZipFile = field(init=False)
    _digests: list[str] = field(default_factory=list)
    _resources: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_STORED)  # type: ignore[call-overload]

    def add(self, name: str, content: bytes) -> bytes:
        """Adds a file; the bytes of the archive that can be sent now."""
        self._write(name, content)
        self._digests.append(f"{hashlib.sha256(content).hexdigest()}  {name}")
        return self._sink.take()

    def keep_resource(self, resource: dict[str, Any]) -> None:
        """Keeps a FHIR resource, compressed, for the bundle."""
        self._resources.append(zlib.compress(json.dumps(resource, ensure_ascii=False).encode(), 1))

    def bundle(self) -> Iterator[bytes]:
        """Writes the Bundle (type collection) of the resources that were kept, one at a time."""
        stamp = to_datetime(self.at).strftime("%Y-%m-%dT%H:%M:%SZ")
        digest = hashlib.sha256()
        with self._zip.open(self._about(BUNDLE, zipfile.ZIP_DEFLATED), "w") as file:
            head = f'{{"resourceType":"Bundle","type":"collection","timestamp":"{stamp}","entry":['.encode()
            for number, chunk in enumerate((head, *self._resources, b"]}")):
                inside = 0 < number <= len(self._resources)
                data = self._entry(chunk, first=number == 1) if inside else chunk
                digest.update(data)
                file.write(data)
                yield self._sink.take()
        self._digests.append(f"{digest.hexdigest()}  {BUNDLE}")
        yield self._sink.take()

    def end(self) -> bytes:
        """Writes the list of digests and the archive's own table of contents."""
        self._write(MANIFEST, ("\n".join(self._digests) + "\n").encode())
        self._zip.close()
        return self._sink.take()

    def _entry(self, packed: bytes, *, first: bool) -> bytes:
        resource = zlib.decompress(packed)
        name = json.loads(resource)["id"]
        return b'%s{"fullUrl":"urn:uuid:%s","resource":%s}' % (b"" if first else b",", name.encode(), resource)

    def _write(self, name: str, content: bytes) -> None:
        kind = zipfile.ZIP_DEFLATED if len(content) < _SMALL else zipfile.ZIP_STORED
        self._zip.writestr(self._about(name, kind), content)

    def _about(self, name: str, kind: int) -> zipfile.ZipInfo:
        moment = to_datetime(self.at)
        about = zipfile.ZipInfo(
            name, (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
        )
        about.compress_type = kind
        about.external_attr = 0o600 << 16
        return about


Step = Callable[[Archive], AsyncIterator[bytes]]


async def sent(at: int, steps: Iterable[Step], under_way: AbstractContextManager[object]) -> AsyncIterator[bytes]:
    """The chunks of an archive, made by its steps in their order, within `under_way` from the first chunk to however it ends."""
    archive = Archive(at)
    with under_way:
        for step in steps:
            async for chunk in step(archive):
                if chunk:
                    yield chunk
        yield archive.end()
