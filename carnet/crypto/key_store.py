"""Where the development keyring keeps its keys: a root key in a file, everything else wrapped under it in an SQLite database of its own."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from carnet.crypto.envelope import KEY_BYTES, NONCE_BYTES, PatientKey
from carnet.errors import ConfigurationError, IntegrityFailure, Unavailable, UnknownPatient

ROOT_FILE = "root.key"
STORE_FILE = "keys.db"
_EPOCH = 1

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS patient_key (
        pseudonym TEXT NOT NULL, version INTEGER NOT NULL, epoch INTEGER NOT NULL, wrapped BLOB NOT NULL,
        PRIMARY KEY (pseudonym, version)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS service_key (
        name TEXT NOT NULL PRIMARY KEY, epoch INTEGER NOT NULL, wrapped BLOB NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS tombstone (
        pseudonym TEXT NOT NULL PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID""",
)
_CREATE = "INSERT INTO patient_key SELECT ?, 1, ?, ? WHERE NOT EXISTS (SELECT 1 FROM patient_key WHERE pseudonym = ?)"
_ADD = "INSERT INTO patient_key VALUES (?, 1, ?, ?)"
_TAKEN = "SELECT 1 FROM patient_key WHERE pseudonym = ? UNION ALL SELECT 1 FROM tombstone WHERE pseudonym = ?"
_NEWEST = "SELECT version, epoch, wrapped FROM patient_key WHERE pseudonym = ? ORDER BY version DESC LIMIT 1"


class KeyStore:
    """The keys of one directory. Used from one thread at a time; several processes may open the same directory.

    Every method raises Unavailable when the database cannot be read or written now.
    """

    def __init__(self, directory: Path) -> None:
        self._root = AESGCM(_read_root(directory / ROOT_FILE))
        self._raw = _open_database(directory)

    def __repr__(self) -> str:
        return "KeyStore()"

    def create(self, pseudonym: str) -> PatientKey:
        """Makes version 1 of a person's key, unless there is a key. Raises UnknownPatient when a tombstone stands."""
        fresh = PatientKey(pseudonym, 1, secrets.token_bytes(KEY_BYTES))
        wrapped = self._wrap(fresh.secret, f"pk|{pseudonym}|1|{_EPOCH}")
        with self._transaction():
            if self._raw.execute("SELECT 1 FROM tombstone WHERE pseudonym = ?", (pseudonym,)).fetchone():
                raise UnknownPatient("This person's key was destroyed; none is made again.")
            # Another worker may have been first: its key is then the one that counts.
            self._raw.execute(_CREATE, (pseudonym, _EPOCH, wrapped, pseudonym))
            return self.newest(pseudonym)

    def create_many(self, pseudonyms: Sequence[str]) -> dict[str, PatientKey]:
        """Makes version 1 of the keys of people who have none and never had, durably, in one transaction. Raises UnknownPatient otherwise."""
        fresh = {name: PatientKey(name, 1, secrets.token_bytes(KEY_BYTES)) for name in pseudonyms}
        rows = [(name, _EPOCH, self._wrap(key.secret, f"pk|{name}|1|{_EPOCH}")) for name, key in fresh.items()]
        with self._transaction():
            if any(self._raw.execute(_TAKEN, (name, name)).fetchone() for name in fresh):
                raise UnknownPatient("One of these people has a key already, or had one that was destroyed.")
            self._raw.executemany(_ADD, rows)
        return fresh

    def newest(self, pseudonym: str) -> PatientKey:
        """The newest version of a person's key. Raises UnknownPatient when there is none, IntegrityFailure when it is damaged."""
        with _available():
            row = self._raw.execute(_NEWEST, (pseudonym,)).fetchone()
        if row is None:
            raise UnknownPatient("No key is known for this person.")
        version, epoch, wrapped = row
        return PatientKey(pseudonym, version, self._unwrap(wrapped, f"pk|{pseudonym}|{version}|{epoch}"))

    def destroy(self, pseudonym: str, at: int) -> None:
        """Deletes every version, overwrites the pages and leaves a tombstone (the first one stays)."""
        with self._transaction():
            self._raw.execute("DELETE FROM patient_key WHERE pseudonym = ?", (pseudonym,))
            self._raw.execute("INSERT OR IGNORE INTO tombstone VALUES (?, ?)", (pseudonym, at))
        # The write-ahead log still holds the wrapped key until it is emptied.
        with _available():
            self._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def service_key(self, name: str) -> bytes:
        """32 random bytes under a name, made at the first call. Raises IntegrityFailure."""
        fresh = self._wrap(secrets.token_bytes(KEY_BYTES), f"service|{name}|{_EPOCH}")
        with self._transaction():
            self._raw.execute("INSERT OR IGNORE INTO service_key VALUES (?, ?, ?)", (name, _EPOCH, fresh))
            epoch, wrapped = self._raw.execute(
                "SELECT epoch, wrapped FROM service_key WHERE name = ?", (name,)
            ).fetchone()
        return self._unwrap(wrapped, f"service|{name}|{epoch}")

    def close(self) -> None:
        """Closes the database."""
        self._raw.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with _available():
            self._raw.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._raw.execute("COMMIT")
            finally:
                if self._raw.in_transaction:
                    self._raw.execute("ROLLBACK")

    def _wrap(self, secret: bytes, what: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._root.encrypt(nonce, secret, what.encode())

    def _unwrap(self, wrapped: bytes, what: str) -> bytes:
        try:
            return self._root.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], what.encode())
        except (InvalidTag, ValueError):
            raise IntegrityFailure("The root key does not open a stored key: one of them is damaged.") from None


@contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise Unavailable("The store of keys cannot be used now; try again later.") from error


def create_directory(directory: Path) -> None:
    """Makes the directory (mode 0700), a random root key (mode 0600) and an empty store.

    Raises ConfigurationError when there is a root key or a store already: a new root would make its keys unreadable.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (directory / STORE_FILE).exists():
        raise ConfigurationError("This directory has a store of keys already; its root key is not made anew.")
    _write_root(directory)
    _open_database(directory).close()


def _open_database(directory: Path) -> sqlite3.Connection:
    path = directory / STORE_FILE
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    raw = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        _set_up(raw)
    except BaseException:
        raw.close()
        raise
    _sync_directory(directory)
    return raw


def _set_up(raw: sqlite3.Connection) -> None:
    with _available():
        for setting in ("busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            raw.execute(f"PRAGMA {setting}")
        _check_settings(raw)
        for statement in _SCHEMA:
            raw.execute(statement)


def _check_settings(raw: sqlite3.Connection) -> None:
    names = ("journal_mode", "synchronous", "secure_delete")
    journal, synchronous, secure = (raw.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
    if (journal, synchronous, secure) != ("wal", 2, 1):
        raise ConfigurationError(
            f"{STORE_FILE} runs with journal_mode={journal}, synchronous={synchronous}, secure_delete={secure}; "
            "keys are only safe, and only destroyed, with wal, 2 and 1."
        )


def _read_root(path: Path) -> bytes:
    try:
        root = path.read_bytes()
        mode = path.stat().st_mode
    except OSError as error:
        raise ConfigurationError(f"{ROOT_FILE} cannot be read ({error.strerror}); `carnet init` makes one.") from error
    if mode & 0o077:
        raise ConfigurationError(f"{ROOT_FILE} may be read by others: give it mode 0600.")
    if len(root) != KEY_BYTES:
        raise ConfigurationError(f"{ROOT_FILE} has not the 32 bytes of a root key.")
    return root


def _write_root(directory: Path) -> None:
    """Writes the whole key under another name first, so that a crash leaves no half of a key and two creators make one."""
    draft = directory / f".{ROOT_FILE}.{secrets.token_hex(8)}"
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, secrets.token_bytes(KEY_BYTES))
        os.fsync(handle)
        os.link(draft, directory / ROOT_FILE)
    except FileExistsError as error:
        raise ConfigurationError("This directory has a root key already; it is not made anew.") from error
    finally:
        os.close(handle)
        draft.unlink()
    _sync_directory(directory)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
