"""All places of one machine's documents, opened by the settings: its disk, a second one, the cache, the object store."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from carnet.clock import Clock
from carnet.config import Settings
from carnet.errors import ConfigurationError
from carnet.repository.far_frames import FarFrames
from carnet.repository.file_system import FileSystem, OperatingSystem
from carnet.repository.frame_cache import FrameCache
from carnet.repository.frame_reading import Source
from carnet.repository.mirrored import Mirrored
from carnet.repository.object_store import ObjectStore
from carnet.repository.readers import Readers
from carnet.repository.s3_objects import Credentials, S3Objects
from carnet.repository.sealed_objects import SealedObjects
from carnet.repository.segment_files import SegmentFiles
from carnet.repository.segments import SegmentStore
from carnet.repository.store_address import read_address
from carnet.repository.unsealed_objects import UnsealedObjects


@dataclass(frozen=True, slots=True)
class DocumentPlaces:
    """What a platform needs of them: the store that acts write to, and what moves closed segments about."""

    segments: SegmentStore
    files: SegmentFiles


def open_places(settings: Settings, worker: str, clock: Clock, *, store: ObjectStore | None = None) -> DocumentPlaces:
    """Opens them. `store` stands in for the one of the settings. Raises ConfigurationError."""
    directory = settings.home / "documents"
    replica = _replica(settings, directory)
    plain = OperatingSystem()
    files: FileSystem = plain if replica is None else Mirrored(plain, directory, replica)
    if store is None and settings.documents_url:
        store = _s3(settings)
    sealed = SealedObjects(store) if store is not None else None
    unsealed = UnsealedObjects(store) if store is not None else None
    beside = [_beside(Readers(plain, replica))] if replica is not None else []
    segments = SegmentStore(
        directory,
        worker,
        settings.segment_bytes,
        segment_seconds=settings.segment_seconds,
        reserved_bytes=settings.reserved_bytes,
        file_system=files,
        clock=clock,
        beside=beside,
        far=_far(settings, sealed, unsealed) if sealed is not None and unsealed is not None else None,
        through=unsealed if settings.unsealed_documents == "written_through" else None,
    )
    return DocumentPlaces(segments, SegmentFiles(plain, directory, replica=replica, sealed=sealed, unsealed=unsealed))


def _beside(readers: Readers) -> Source:
    return Source("replica", readers.read, readers)


def _far(settings: Settings, sealed: SealedObjects, unsealed: UnsealedObjects) -> FarFrames:
    cache = FrameCache(settings.home / "cache", settings.documents_cache_bytes, workers=settings.workers)
    return FarFrames(sealed, unsealed, cache, connections=settings.documents_connections)


def _replica(settings: Settings, directory: Path) -> Path | None:
    if settings.unsealed_documents != "replicated":
        return None
    replica = settings.path("documents_replica")
    if not replica.is_dir():
        raise ConfigurationError("documents_replica is no directory: is its disk mounted?")
    same = replica.stat().st_dev == (directory if directory.exists() else settings.home).stat().st_dev
    if same and settings.environment == "production":
        raise ConfigurationError("documents_replica is on the same disk as the home: it would be lost with it.")
    return replica


def _s3(settings: Settings) -> S3Objects:
    address = read_address(settings.documents_url)
    authorities = settings.path("documents_authorities").read_bytes() if settings.documents_authorities else b""
    return S3Objects(
        address, read_credentials(settings, os.environ), timeout=settings.documents_timeout, authorities=authorities
    )


def read_credentials(settings: Settings, environ: Mapping[str, str]) -> Credentials:
    """The settings', or what every S3 tool reads from the environment. Raises ConfigurationError when there is none."""
    if settings.documents_key_id and settings.documents_secret_file:
        lines = settings.path("documents_secret_file").read_text(encoding="utf-8").splitlines()
        found = Credentials(settings.documents_key_id, lines[0].strip() if lines else "")
    else:
        found = Credentials(environ.get("AWS_ACCESS_KEY_ID", ""), environ.get("AWS_SECRET_ACCESS_KEY", ""))
    if not found.key_id or not found.secret:
        raise ConfigurationError(
            "documents_url needs documents_key_id and documents_secret_file, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    return found
