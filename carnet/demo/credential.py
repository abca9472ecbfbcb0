"""A certificate with its private key, as a card, a structure's server or a demonstration program holds it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def new_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """A fresh RSA key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def in_pem(certificate: x509.Certificate) -> bytes:
    """The certificate in PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_in_pem(key: rsa.RSAPrivateKey) -> bytes:
    """The private key in PEM (PKCS#8), not encrypted: for demonstrations and tests only."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def write_private(path: Path, content: bytes) -> None:
    """Writes a file that its owner alone may read."""
    path.touch(mode=0o600, exist_ok=True)
    path.chmod(0o600)
    path.write_bytes(content)


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate, its private key, and the intermediate authority's certificate above it (not the root)."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey = field(repr=False)
    chain: tuple[x509.Certificate, ...]
    issuer: str

    @property
    def der(self) -> bytes:
        """The certificate in DER, as a TLS stack hands it over."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER, lower-case hexadecimal."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def certificate_pem(self) -> bytes:
        """The certificate alone, in PEM."""
        return in_pem(self.certificate)

    @property
    def chain_pem(self) -> bytes:
        """The certificate followed by its intermediate authority: what a TLS peer must send."""
        return b"".join(in_pem(one) for one in (self.certificate, *self.chain))

    @property
    def key_pem(self) -> bytes:
        """The private key, PKCS#8 PEM, not encrypted."""
        return key_in_pem(self.key)

    def write(self, directory: Path, name: str) -> tuple[Path, Path]:
        """Writes `name.pem` (certificate and chain) and `name.key` (mode 600); returns both paths."""
        directory.mkdir(parents=True, exist_ok=True)
        certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
        certificate.write_bytes(self.chain_pem)
        write_private(key, self.key_pem)
        return certificate, key


@dataclass(frozen=True, slots=True)
class CardPair:
    """The two certificates of a health professional's card (CPS)."""

    authentication: Credential
    signature: Credential


@dataclass(frozen=True, slots=True)
class OrganizationPair:
    """The two certificates of a structure: one for TLS (AUTH_CLI), one to seal (cachet)."""

    authentication: Credential
    seal: Credential
