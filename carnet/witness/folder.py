"""A witness's own folder: its key, its name, its memory. Nobody else reads it."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from carnet.audit.signed_note import COSIGNATURE, VerifierKey, check_name, from_base64, to_base64
from carnet.clock import Clock, system_clock
from carnet.errors import ConfigurationError, IntegrityFailure
from carnet.witness.judgement import Witness
from carnet.witness.memory import WitnessMemory

KEY_FILE, MEMORY_FILE = "witness.key", "witness.db"


def create_witness(folder: Path, name: str) -> VerifierKey:
    """Makes a folder with a new key (mode 0600, `name` and base64) and an empty memory. Raises ConfigurationError when there is one."""
    check_name(name)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    private = Ed25519PrivateKey.generate()
    try:
        descriptor = os.open(folder / KEY_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigurationError(f"{folder} holds a witness already.") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{name}\n{to_base64(private.private_bytes_raw())}\n")
        file.flush()
        os.fsync(file.fileno())
    WitnessMemory(folder / MEMORY_FILE).close()
    return VerifierKey(name, private.public_key().public_bytes_raw(), COSIGNATURE)


def open_witness(folder: Path, *, clock: Clock = system_clock) -> Witness:
    """Opens a folder. Raises ConfigurationError when it holds no witness, or lost its memory: an empty one would sign anything."""
    try:
        name, encoded = (folder / KEY_FILE).read_text(encoding="utf-8").splitlines()
        private = Ed25519PrivateKey.from_private_bytes(from_base64(encoded))
    except (OSError, ValueError, IntegrityFailure) as error:
        raise ConfigurationError(f"{folder} holds no witness: make one with `carnet witness init`.") from error
    if not (folder / MEMORY_FILE).exists():
        raise ConfigurationError(
            f"{folder} has lost its memory: restore {MEMORY_FILE}, or begin anew under another name."
        )
    key = VerifierKey(check_name(name), private.public_key().public_bytes_raw(), COSIGNATURE)
    return Witness(key, private.sign, WitnessMemory(folder / MEMORY_FILE), clock)
