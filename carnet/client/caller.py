"""Who the reference client is: certificates on disk and what its VIHF says, kept in one `caller.json`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from carnet.client.vihf import Signing, Vihf, build_vihf
from carnet.errors import ConfigurationError
from carnet.metadata import Code, PatientIdentifier
from carnet.requester import AccessMode, Authentication, Software

T = TypeVar("T")
FILE = "caller.json"
SOFTWARE = Software("Carnet", "1.0", "reference-client", "CARNET-REFERENCE")


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `caller.json` says. `roles` are (code, system, label): the profession, then the specialty. Paths are relative to the file.

    `connection` is the certificate of the TLS connection, `signing` the one that signs (card signature or seal); `.pem` and `.key` of each.
    """

    name_id: str
    name: str
    structure: str
    structure_name: str
    sector: str
    mode: str
    roles: tuple[tuple[str, str, str], ...]
    connection: str = "connection"
    signing: str = "signing"


@dataclass(frozen=True)
class Caller:
    """A caller with its keys."""

    directory: Path
    description: Description

    @classmethod
    def load(cls, directory: Path) -> Caller:
        """Reads `caller.json` of a directory. Raises ConfigurationError when it is missing or not readable."""
        try:
            description = msgspec.json.decode((directory / FILE).read_bytes(), type=Description)
        except (OSError, msgspec.DecodeError) as error:
            raise ConfigurationError(f"{directory / FILE} cannot be read: {error}.") from error
        return cls(directory, description)

    @property
    def connection_files(self) -> tuple[str, str]:
        """The PEM files of the TLS certificate (with its chain) and its key."""
        name = self.description.connection
        return str(self.directory / f"{name}.pem"), str(self.directory / f"{name}.key")

    @cached_property
    def signing_chain(self) -> list[x509.Certificate]:
        """The signing certificate and the authorities above it that are known here."""
        return self._signing_file("pem", x509.load_pem_x509_certificates)

    @cached_property
    def signing(self) -> Signing:
        """The signing certificate and key."""
        key = self._signing_file("key", lambda content: serialization.load_pem_private_key(content, None))
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ConfigurationError("The signing key is not an RSA key.")
        return Signing(self.signing_chain[0], key)

    def _signing_file(self, kind: str, load: Callable[[bytes], T]) -> T:
        """What stands in a file of the signing certificate. Raises ConfigurationError; a key under a passphrase is not read."""
        path = self.directory / f"{self.description.signing}.{kind}"
        try:
            return load(path.read_bytes())
        except (OSError, ValueError, TypeError) as error:
            raise ConfigurationError(f"{path} cannot be read: {error}.") from error

    def assertion(
        self,
        patient: PatientIdentifier | None,
        now: int,
        *,
        purpose: AccessMode = AccessMode.NORMAL,
        reason: str = "",
    ) -> bytes:
        """A fresh signed VIHF for one patient, or for none; `now` in microseconds UTC."""
        about = self.description
        vihf = Vihf(
            name_id=about.name_id,
            issuer=self.signing.certificate,
            structure=about.structure,
            sector=about.sector,
            roles=tuple(Code(*role) for role in about.roles),
            mode=Authentication(about.mode),
            name=about.name,
            patient=patient,
            purpose=purpose,
            reason=reason,
            software=SOFTWARE,
        )
        return build_vihf(vihf, now, self.signing)
