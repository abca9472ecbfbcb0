"""Who may approve rule data: a folder with each person's Ed25519 public key, `NAME.pem`.

Keys that approved once and may approve no more are moved to `former/` (`NAME.pem`, or `NAME~anything.pem` for an earlier key of the same
person): what they signed stays proved.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from carnet.errors import ConfigurationError

FORMER = "former"
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Approver:
    """A person and the raw key (32 bytes) that verifies what he or she signs."""

    name: str
    public_key: bytes
    former: bool

    @property
    def key(self) -> str:
        """The SHA-256 of the key, hexadecimal."""
        return hashlib.sha256(self.public_key).hexdigest()


@dataclass(frozen=True, slots=True)
class Approvers:
    """The people of one folder; `problems` say which files were left out and why."""

    people: tuple[Approver, ...] = ()
    problems: tuple[str, ...] = ()

    def current(self, name: str) -> Approver | None:
        """Who may approve under this name now. Raises ConfigurationError when the folder holds anything that is not in order."""
        if self.problems:
            raise ConfigurationError(self.problems[0])
        return next((one for one in self.people if one.name == name and not one.former), None)

    def who_signed(self, name: str, key: str) -> Approver | None:
        """Who has or had this key under this name."""
        return next((one for one in self.people if (one.name, one.key) == (name, key)), None)


def read_approvers(directory: Path) -> Approvers:
    """Reads the folder; nobody when it is not there.

    Left out is a file that is no Ed25519 public key or is not named after a person, a second name of one key, and what others than its
    owner may write.
    """
    people: dict[str, Approver] = {}
    problems = []
    for file, former in (*_files(directory, former=False), *_files(directory / FORMER, former=True)):
        try:
            _owner_s_alone(file.parent)
            person = _person(file, former=former)
        except (ConfigurationError, OSError) as error:
            problems.append(str(error))
            continue
        known = people.setdefault(person.key, person)
        if known is not person:
            problems.append(f"The approvers {known.name} and {person.name} have one and the same key.")
    return Approvers(tuple(people.values()), tuple(problems))


def _files(directory: Path, *, former: bool) -> list[tuple[Path, bool]]:
    return [(file, former) for file in sorted(directory.glob("*.pem"))]


def _person(file: Path, *, former: bool) -> Approver:
    _owner_s_alone(file)
    name = file.stem.partition("~")[0] if former else file.stem
    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"{file.name} is not named after an approver (small letters, digits, dots, dashes).")
    return Approver(name, _public_key(file), former)


def _owner_s_alone(path: Path) -> None:
    if path.stat().st_mode & 0o022:
        raise ConfigurationError(f"{path.name} may be written by others than its owner: it says who may approve rules.")


def _public_key(file: Path) -> bytes:
    try:
        key = load_pem_public_key(file.read_bytes())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(f"{file.name} holds no public key in PEM.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigurationError(f"{file.name} does not hold an Ed25519 public key.")
    return key.public_bytes_raw()
