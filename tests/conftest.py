"""What several rooms share: one stage of the demonstration, set once a session and only ever copied."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from carnet.clock import to_iso
from carnet.demo.stage import set_stage
from carnet.platform import packaged_matrices


@pytest.fixture(scope="session")
def first_stage(tmp_path_factory):
    """A home with people, certificates and open records. Nothing writes to it: see `home`."""
    return set_stage(tmp_path_factory.mktemp("first") / "home", port=1)


@pytest.fixture
def home(first_stage, tmp_path):
    """A home of the test's own: a copy of the first stage's, without the callers' folders."""
    return shutil.copytree(first_stage.home, tmp_path / "home", ignore=shutil.ignore_patterns("callers"))


@dataclass
class Ministry:
    """Those who may approve rule data in one home, with their keys, and the files that they propose."""

    home: Path
    keys: dict = field(default_factory=dict)

    def admit(self, *names, folder="approvers"):
        """Registers people, each with a fresh key."""
        for name in names:
            self.register(name, Ed25519PrivateKey.generate(), folder)
        return self

    def register(self, name, key, folder="approvers"):
        self.keys[name] = key
        (self.home / folder).mkdir(exist_ok=True)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (self.home / folder / f"{name}.pem").write_bytes(public)

    def key_file(self, name):
        """The person's private key, as a file."""
        file = self.home.parent / f"{name}.key"
        file.write_bytes(self.keys[name].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return file

    def sign(self, name, text):
        return self.keys[name].sign(text)

    def file(self, version, effective_at, *, cells=None, change=None, **about):
        """A CSV file: the matrix that comes with Carnet, some cells changed ((role, type): "Y" or "N"); `change` edits its lines."""
        (matrix,) = packaged_matrices()
        head = {
            "version": version,
            "status": "official",
            "source": "Annexe inventée",
            "legal_basis": "Arrêté inventé",
            "effective_from": effective_at if isinstance(effective_at, str) else to_iso(effective_at),
            "roles": str(len(matrix.readable)),
            "types": str(len(matrix.types)),
            **about,
        }
        lines = [f"# {key};{value}" for key, value in head.items()] + ["role;type;right;basis;clause"]
        for (role, one), basis in sorted(matrix.basis.items()):
            right = (cells or {}).get((role, one), "Y" if matrix.allows(role, one) else "N")
            lines.append(f"{role};{one};{right};{basis};annexe")
        lines = change(lines) if change else lines
        return ("\n".join(lines) + "\n").encode()


@pytest.fixture
def ministry(home):
    """The ministry of the test's home: Alice and Bob may approve."""
    return Ministry(home).admit("alice", "bob")


@pytest.fixture(scope="session")
def make_ministry():
    """The ministry of another home."""
    return Ministry
