"""Who keeps the keys: one interface for a hardware module and for development, and the development one.

The keys' store is a database of its own, with backups of its own that are kept for a short time only: destroying a person's key makes
every copy of what it sealed unreadable, the main backups included. A destroyed pseudonym leaves a tombstone and never gets a key again.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from carnet.clock import MINUTE, Clock, system_clock
from carnet.crypto.envelope import PatientKey
from carnet.crypto.key_store import ROOT_FILE, STORE_FILE, KeyStore, create_directory
from carnet.errors import ConfigurationError, IntegrityFailure

ACTOR = "@audit"
"""The pseudonym of the key that seals what belongs to no patient."""

CACHE_ENTRIES = 1_000
CACHE_MICROSECONDS = 5 * MINUTE


class Keyring(Protocol):
    """What Carnet asks of its keeper of keys. Implementations are safe with several threads and worker processes."""

    def create_patient_key(self, pseudonym: str) -> PatientKey:
        """The first key of a person; the existing one when there is one. Raises UnknownPatient for a destroyed pseudonym."""
        ...

    def create_patient_keys(self, pseudonyms: Sequence[str]) -> dict[str, PatientKey]:
        """The first keys of people who never had one, made durable together. Raises UnknownPatient when one of them had."""
        ...

    def patient_key(self, pseudonym: str) -> PatientKey:
        """The current key of a person. Raises UnknownPatient when there is none, or none any more; IntegrityFailure when damaged."""
        ...

    def destroy_patient_key(self, pseudonym: str) -> None:
        """Destroys all versions of a person's key for ever and leaves a tombstone; doing it again changes nothing.

        Other worker processes let go of it when they are told to (`forget`), and in any case after five minutes.
        """
        ...

    def held(self) -> set[str]:
        """The pseudonyms whose keys this process keeps in memory."""
        ...

    def forget(self, pseudonym: str) -> None:
        """Lets go of a key in memory; the next `patient_key` reads it again, if it is there still."""
        ...

    def blind_index(self, data: bytes) -> bytes:
        """HMAC-SHA-256 of an identifier, to look it up without storing it in clear; 32 bytes."""
        ...

    def actor_key(self) -> PatientKey:
        """The key of pseudonym `@audit`, for trace lines of no patient."""
        ...

    def sign_checkpoint(self, data: bytes) -> bytes:
        """The Ed25519 signature (64 bytes) of the trace's keeper."""
        ...

    def checkpoint_public_key(self) -> bytes:
        """The raw Ed25519 public key (32 bytes) that verifies `sign_checkpoint`."""
        ...

    def close(self) -> None:
        """Gives back what it holds and forgets the keys in memory; nothing is asked of it afterwards. Doing it again does no harm."""
        ...


class DevelopmentKeyring:
    """Keys in files of one directory: not for real patients, for the root key lies beside what it wraps.

    Raises ConfigurationError in environment `production`, without `root.key`, with one that others may read, or one that does not open
    the store.
    """

    def __init__(self, directory: Path, environment: str, *, clock: Clock = system_clock) -> None:
        if environment == "production":
            raise ConfigurationError(
                "The development keyring keeps its root key in a plain file: whoever reads the disk or a backup reads every record. "
                "Production needs a keyring on a hardware security module."
            )
        self._clock = clock
        self._lock = threading.Lock()
        self._cache: dict[str, tuple[PatientKey, int]] = {}
        self._store = KeyStore(directory)
        try:
            self._checkpoint = Ed25519PrivateKey.from_private_bytes(self._store.service_key("checkpoint"))
            self._blind_index = hmac.new(self._store.service_key("blind-index"), digestmod=hashlib.sha256)
            self._actor = self._store.create(ACTOR)
        except BaseException as error:
            self._store.close()
            if not isinstance(error, IntegrityFailure):
                raise
            raise ConfigurationError(
                f"{ROOT_FILE} does not open {STORE_FILE}: the two are not of one installation, or one is damaged."
            ) from None

    @staticmethod
    def create(directory: Path) -> None:
        """Makes the directory (mode 0700), a random root key (mode 0600) and an empty store.

        Raises ConfigurationError when there is a root key or a store already: a new root would make its keys unreadable.
        """
        create_directory(directory)

    def __repr__(self) -> str:
        return "DevelopmentKeyring()"

    def create_patient_key(self, pseudonym: str) -> PatientKey:
        """See Keyring."""
        _of_a_person(pseudonym)
        with self._lock:
            return self._store.create(pseudonym)

    def create_patient_keys(self, pseudonyms: Sequence[str]) -> dict[str, PatientKey]:
        """See Keyring."""
        for pseudonym in pseudonyms:
            _of_a_person(pseudonym)
        with self._lock:
            return self._store.create_many(pseudonyms)

    def patient_key(self, pseudonym: str) -> PatientKey:
        """See Keyring. Held in memory for five minutes by the clock, 1,000 keys at most."""
        cached = self._cache.get(pseudonym)
        if cached is not None and 0 <= self._clock() - cached[1] <= CACHE_MICROSECONDS:
            return cached[0]
        _of_a_person(pseudonym)
        with self._lock:
            # Read and remembered under one lock: a key destroyed meanwhile is not put back.
            self._cache.pop(pseudonym, None)
            key = self._store.newest(pseudonym)
            while len(self._cache) >= CACHE_ENTRIES:
                del self._cache[next(iter(self._cache))]
            self._cache[pseudonym] = key, self._clock()
            return key

    def destroy_patient_key(self, pseudonym: str) -> None:
        """See Keyring. A pseudonym without key gets a tombstone too: so a restored store forgets again what was destroyed."""
        _of_a_person(pseudonym)
        with self._lock:
            self._cache.pop(pseudonym, None)
            self._store.destroy(pseudonym, self._clock())

    def held(self) -> set[str]:
        """See Keyring."""
        with self._lock:
            return set(self._cache)

    def forget(self, pseudonym: str) -> None:
        """See Keyring."""
        with self._lock:
            self._cache.pop(pseudonym, None)

    def blind_index(self, data: bytes) -> bytes:
        """See Keyring."""
        code = self._blind_index.copy()
        code.update(data)
        return code.digest()

    def actor_key(self) -> PatientKey:
        """See Keyring."""
        return self._actor

    def sign_checkpoint(self, data: bytes) -> bytes:
        """See Keyring."""
        return self._checkpoint.sign(data)

    def checkpoint_public_key(self) -> bytes:
        """See Keyring."""
        return self._checkpoint.public_key().public_bytes_raw()

    def close(self) -> None:
        """Closes the store and forgets the keys held in memory."""
        with self._lock:
            self._cache.clear()
            self._store.close()


def _of_a_person(pseudonym: str) -> None:
    if pseudonym.startswith("@"):
        raise ValueError("a pseudonym that starts with @ names no person")
